"""Neovim, headless, with its own language client on `firn code lsp`: opens files of a tree, asks, edits, asks again.
Everything that it is told is checked against the files' texts."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess

from firn import FIRN
from lsp import path_of

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "neovim.lua")
# Typed and undone: what an editor's own operations send.
KEYS = ["ggO/* é😀 */<Esc>", "yyp", "dd", "Goint ñ;<Esc>", "u", "gg2J", "u"]


def units(text):
    return len(text.encode("utf-16-le")) // 2


def slice_units(line, start, end):
    return line.encode("utf-16-le")[2 * start:2 * end].decode("utf-16-le", errors="replace")


class Plan:
    def __init__(self, root, store, seed):
        self.root, self.store = pathlib.Path(root), store
        self.chance = random.Random(seed)
        self.files = []
        self.words = {}

    def add(self, path, count):
        """Looks at count names of a file, then puts multi-byte text before and behind its lines."""
        lines = path.read_text().split("\n")
        names = [(row, len(line[:match.start()].encode()), match.group()) for row, line in enumerate(lines)
                 for match in re.finditer(r"\b[A-Za-z_]\w{3,}", line)]
        places = self.chance.sample(names, min(count, len(names)))
        self.words[str(path)] = [word for _, _, word in places]
        edits = [[0, 0, 0, 0, ["/* é😀 */ int firn_before;", ""]],
                 [0, len("/* é😀 */ int ".encode()), 0, len("/* é😀 */ int firn_before".encode()), ["firn_later"]],
                 [0, 0, 0, len("/* é".encode()), ["/* ü"]]]
        self.files.append({"path": str(path), "places": [place[:2] for place in places], "edits": edits,
                           "keys": KEYS})

    def run(self, folder, query, timeout=120):
        folder = pathlib.Path(folder)
        plan = {"root": str(self.root), "command": [FIRN, "code", "lsp", "--store", os.fspath(self.store)],
                "files": self.files, "query": query, "pid": os.path.basename(FIRN)}
        (folder / "plan.json").write_text(json.dumps(plan))
        record = folder / "record.json"
        environment = {**os.environ, "FIRN_PLAN": str(folder / "plan.json"), "FIRN_RECORD": str(record),
                       "XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
        run = subprocess.run(["nvim", "--headless", "-u", "NONE", "-n", "-i", "NONE", "-S", SCRIPT],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=environment, timeout=timeout, check=False, cwd=folder)
        if not record.exists():
            raise AssertionError(run)
        return json.loads(record.read_text())


def is_there():
    return shutil.which("nvim") is not None


def check_locations(case, locations, word, texts):
    """Each location's text is the word, in the file as the editor has it or else as it is on disk."""
    for location in locations or []:
        path = str(path_of(location["uri"]))
        lines = texts.get(path)
        if lines is None:
            lines = pathlib.Path(path).read_text().split("\n")
        start, end = location["range"]["start"], location["range"]["end"]
        case.assertEqual(start["line"], end["line"])
        case.assertEqual(slice_units(lines[start["line"]], start["character"], end["character"]), word, location)


def names(symbols):
    return [name for symbol in symbols for name in (symbol["name"], *names(symbol["children"]))]


def check(case, plan, record):
    """Checks a record; gives how many definitions and references were told."""
    case.assertIsNone(record.get("problem"))
    definitions = references = 0
    edited = {}
    for file, seen in zip(plan.files, record["files"]):
        path = file["path"]
        for word, look in zip(plan.words[path], seen["looks"]):
            check_locations(case, look.get("definition"), word, edited)
            check_locations(case, look.get("references"), word, edited)
            definitions += len(look.get("definition") or [])
            references += len(look.get("references") or [])
            if look.get("definition"):
                case.assertTrue(look.get("hover") or len(look["definition"]) > 0)
        first = names(seen["symbols"])
        case.assertEqual(names(seen["after"][0]), ["firn_before", *first])
        case.assertEqual(names(seen["after"][1]), ["firn_later", *first])
        case.assertEqual(names(seen["after"][2]), ["firn_later", *first])
        start = seen["after"][2][0]["selectionRange"]["start"]
        case.assertEqual(start, {"line": 0, "character": units("/* ü😀 */ int ")})
        edited[path] = seen["lines"]
    return definitions, references
