#!/usr/bin/env python3
"""find, refs and at against a full scan of the trees: 100 random identifiers and 100 random places of a store must give
what reading `tree --format lines`, `outline` and `cat` of all its files gives.

    FIRN=build/release/firn tests/e2e/check_queries.py [STORE]

Without STORE, some of firn's own sources are indexed for the check."""

import collections
import concurrent.futures
import json
import os
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import code, code_json  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
NAMES = int(os.environ.get("FIRN_NAMES", 100))
PLACES = int(os.environ.get("FIRN_PLACES", 100))
# Folders of firn's own that are left out of the check without STORE: much of the same.
LEFT_OUT = [".git", "build", "node_modules", "src", "include", "unit", "model", "fault", "fuzz", "tabs", "tune"]


class Scan:
    """What all files of a store hold, read from its trees."""

    def __init__(self, store, left_out):
        self.store = store
        self.left_out = left_out
        self.root = pathlib.Path(code_json("stats", store)["root"])
        runs = ((path, code("cat", store, "--", path)) for path in self.all_paths())
        self.sources = {path: run.stdout for path, run in runs if run.returncode == 0}
        self.paths = sorted(self.sources)

    def all_paths(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in self.left_out]
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self.root)

    def nodes(self, path):
        """(depth, kind, start, end, row, column) of each node, in preorder."""
        run = code("tree", self.store, "--format", "lines", "--", path)
        assert run.returncode == 0, run
        for line in run.stdout.splitlines():
            depth, kind, _, _, start, end, row, column, *_ = line.split(b" ")
            yield int(depth), kind, int(start), int(end), int(row), int(column)

    def identifiers(self, path):
        """(text, row, column) of each leaf that is an identifier of some kind."""
        source = self.sources[path]
        before = None
        for node in [*self.nodes(path), (0, b"", 0, 0, 0, 0)]:
            if before is not None and node[0] <= before[0] and b"identifier" in before[1] and before[2] < before[3]:
                yield source[before[2]:before[3]], before[4], before[5]
            before = node

    def definitions(self, path):
        """(text, kind, line, column) of each definition."""
        for item in code_json("outline", self.store, "--", path):
            yield item["name"], item["kind"], item["line"], item["column"]


def choose_names(scan, chance):
    names = set()
    for path in chance.sample(scan.paths, min(len(scan.paths), 60)):
        found = sorted({text for text, _, _ in scan.identifiers(path)})
        names.update(chance.sample(found, min(len(found), 4)))
    return chance.sample(sorted(names), min(len(names), NAMES))


def read_file(scan, names, path):
    """Where the names occur in a file and where it defines them."""
    places = [(text, row + 1, column + 1) for text, row, column in scan.identifiers(path) if text in names]
    texts = {name.decode(errors="replace") for name in names}
    defined = [definition for definition in scan.definitions(path) if definition[0] in texts]
    return path, places, defined


def check_names(scan, chance):
    names = choose_names(scan, chance)
    occurrences = collections.defaultdict(set)
    definitions = collections.defaultdict(set)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for path, places, defined in pool.map(lambda path: read_file(scan, set(names), path), scan.paths):
            for text, line, column in places:
                occurrences[text.decode(errors="replace")].add((path, line, column))
            for text, kind, line, column in defined:
                definitions[text].add((path, line, column, kind))
    sources = {}
    for name in names:
        text = name.decode(errors="replace")
        refs = code_json("refs", scan.store, "--", name)
        found = {(ref["path"], ref["line"], ref["column"]) for ref in refs}
        assert len(found) == len(refs), (text, "an occurrence is given twice")
        missing = occurrences[text] - found
        assert not missing, (text, "refs misses", sorted(missing)[:5])
        for path, line, column in found - occurrences[text]:
            # A name that is no identifier to the grammar, such as a key or a word.
            if path not in sources:
                sources[path] = scan.sources[path].split(b"\n")
            assert sources[path][line - 1][column - 1:].startswith(name), (text, path, line, column)
        find = code_json("find", scan.store, "--", name)
        places = {(entry["path"], entry["line"], entry["column"], entry["kind"]) for entry in find}
        assert places == definitions[text], (text, "find", places ^ definitions[text])
        marked = {(ref["path"], ref["line"], ref["column"], ref["kind"]) for ref in refs if ref["definition"]}
        assert marked == places, (text, "definitions among refs", marked ^ places)
    total = sum(map(len, occurrences.values()))
    print(f"{len(names)} names: {total} occurrences, {sum(map(len, definitions.values()))} definitions agree")


def check_places(scan, chance):
    """Random offsets: the smallest node and those around it."""
    paths = [path for path, source in scan.sources.items() if source]
    agreed = 0
    for _ in range(PLACES if paths else 0):
        path = chance.choice(paths)
        source = scan.sources[path]
        offset = chance.randrange(len(source))
        line = source.count(b"\n", 0, offset) + 1
        column = offset - (source.rfind(b"\n", 0, offset) + 1) + 1
        around = []
        for depth, kind, start, end, _, _ in scan.nodes(path):
            if start <= offset < end and depth == len(around):
                around.append((kind.decode(), start, end))
        run = code("at", scan.store, "--json", "--", f"{path}:{line}:{column}")
        if not around:
            assert run.returncode == 1, run
            continue
        result = json.loads(run.stdout)
        nodes = [*reversed(result["ancestors"]), result["node"]]
        words = [(node["kind"].translate({32: "\\s", 10: "\\n", 9: "\\t", 92: "\\\\"}), node["start_byte"],
                  node["end_byte"]) for node in nodes]
        assert words == around, (path, line, column, words, around)
        agreed += 1
    print(f"{agreed} places agree")


def check(store, left_out=()):
    print(f"FIRN_SEED={SEED}", flush=True)
    chance = random.Random(SEED)
    scan = Scan(store, left_out)
    check_names(scan, chance)
    check_places(scan, chance)


def main():
    if len(sys.argv) > 1:
        check(sys.argv[1])
        return
    root = os.environ.get("FIRN_SOURCE") or pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory(prefix="firn-test-") as folder:
        store = os.path.join(folder, "store")
        run = code("index", store, root, *(f"--exclude={name}/" for name in LEFT_OUT))
        assert run.returncode == 0, run
        check(store, LEFT_OUT)


if __name__ == "__main__":
    main()
