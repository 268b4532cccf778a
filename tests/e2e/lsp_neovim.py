#!/usr/bin/env python3
"""Neovim's own client on the sources of Firn and of what npm brought: symbols, definitions, references and hovers of
names taken by chance, and again after edits, all checked against the texts."""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import neovim  # noqa: E402
from firn import Case, code  # noqa: E402
from lsp import Client  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", os.getcwd()))
SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))


class Neovim(Case):
    def setUp(self):
        super().setUp()
        if not neovim.is_there():
            self.skipTest("there is no Neovim")
        print(f"FIRN_SEED={SEED}", flush=True)

    def test_everything_that_neovim_is_told_stands_in_the_texts(self):
        root = SOURCE / "src"
        run = code("index", self.store, root)
        self.assertEqual(run.returncode, 0, run)
        plan = neovim.Plan(root, self.store, SEED)
        files = sorted(path for path in root.rglob("*.c") if path.stat().st_size > 2000)
        for path in plan.chance.sample(files, 6):
            plan.add(path, 8)
        record = plan.run(self.folder, "firn_arena_alloc")
        definitions, references = neovim.check(self, plan, record)
        self.assertGreater(definitions, 5)
        self.assertGreater(references, 50)
        self.assertTrue(record["found"])
        self.assertTrue(all("firn_arena_alloc" in item["name"] for item in record["found"]), record["found"])
        self.check_last(record, root)

    def check_last(self, record, root):
        """What Neovim got after all its edits is what a session gets that opens the texts as they then are."""
        client = Client("--store", self.store)
        client.initialize(root)
        for seen in record["files"]:
            client.open(seen["path"], "\n".join(seen["lines"]) + "\n")
            self.assertEqual(client.of("documentSymbol", seen["path"]), seen["last"])
        self.assertEqual(client.end(), (0, b""))


if __name__ == "__main__":
    unittest.main()
