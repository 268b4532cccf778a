#!/usr/bin/env python3
"""Neovim's own client on many files of a large tree, as lsp_neovim.py does on few of a small one, with the times that
it waits and the memory that the server then has.

FIRN_LSP_TREE    the tree, of C; Firn's own sources when not given
FIRN_LSP_STORE   its index, when it is there already
FIRN_LSP_FILES   how many files; 30"""

import os
import pathlib
import statistics
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import neovim  # noqa: E402
from firn import Case, code  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", os.getcwd()))
SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
TREE = pathlib.Path(os.environ.get("FIRN_LSP_TREE", SOURCE / "src"))
FILES = int(os.environ.get("FIRN_LSP_FILES", 30))


def is_usable(path):
    """Of UTF-8 with LF alone, so that what Neovim shows is what the file has."""
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return 2000 < len(data) < 200_000 and b"\r" not in data and b"\0" not in data


class Neovim(Case):
    def test_many_files_of_a_large_tree(self):
        if not neovim.is_there():
            self.skipTest("there is no Neovim")
        print(f"FIRN_SEED={SEED}", flush=True)
        store = os.environ.get("FIRN_LSP_STORE")
        if store is None:
            store = self.store
            self.assertEqual(code("index", store, TREE).returncode, 0)
        plan = neovim.Plan(TREE, store, SEED)
        files = [path for path in plan.chance.sample(sorted(TREE.rglob("*.c")), min(2 * FILES, 400)) if is_usable(path)]
        for path in files[:FILES]:
            plan.add(path, 8)
        record = plan.run(self.folder, "kmalloc", timeout=1200)
        definitions, references = neovim.check(self, plan, record)
        print(f"{len(plan.files)} files of {TREE.name}: {definitions} definitions and {references} references told",
              flush=True)
        times = {}
        for method, micros in record["times"]:
            times.setdefault(method, []).append(micros)
        for method, waits in sorted(times.items()):
            waits.sort()
            print(f"{method:<32} {len(waits):>5} p50 {statistics.median(waits) / 1e3:>8.2f} ms "
                  f"p99 {waits[int(len(waits) * 0.99)] / 1e3:>8.2f} ms")
        for line in record.get("memory") or []:
            if line.startswith("Pss:"):
                print(f"PSS {int(line.split()[1]) * 1024 / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    unittest.main()
