#!/usr/bin/env python3
"""Ten thousand requests of a recorded session, with the times of each method and the memory at the end; and, where
there is a clangd, the same requests to it.

FIRN_LSP_TREE       the tree, of C; Firn's own sources when not given
FIRN_LSP_STORE      its index, when it is there already
FIRN_LSP_REQUESTS   how many; 10,000
FIRN_LSP_FLAGS      flags for clangd, which reads no build: -I and the like
FIRN_LSP_CLANGD     seconds that the session may take it; 0: it is not asked; 600"""

import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import replay  # noqa: E402
from firn import Case, code  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", os.getcwd()))
SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
TREE = pathlib.Path(os.environ.get("FIRN_LSP_TREE", SOURCE / "src"))
REQUESTS = int(os.environ.get("FIRN_LSP_REQUESTS", 10_000))
PSS_MAX_BYTES = 60_000_000


class Replay(Case):
    def test_ten_thousand_requests_are_answered_within_the_memory(self):
        print(f"FIRN_SEED={SEED}", flush=True)
        store = os.environ.get("FIRN_LSP_STORE")
        if store is None:
            store = self.store
            self.assertEqual(code("index", store, TREE).returncode, 0)
        session = replay.record(TREE, {".c", ".h"}, REQUESTS, SEED, self.folder)
        played = replay.play(session, TREE, words=("--store", store))
        print(f"firn code lsp, {REQUESTS} requests over {TREE.name}\n{played.table()}", flush=True)
        self.assertEqual(played.failed, {})
        self.assertEqual(sum(map(len, played.times.values())), REQUESTS)
        if "san" not in os.environ.get("FIRN", ""):
            self.assertLess(played.pss_bytes, PSS_MAX_BYTES)
        self.play_clangd(session)

    def play_clangd(self, session):
        seconds = float(os.environ.get("FIRN_LSP_CLANGD", 600))
        if shutil.which("clangd") is None or seconds == 0:
            return
        flags = os.environ.get("FIRN_LSP_FLAGS", f"-I{SOURCE / 'include'} -I{SOURCE / 'src'}").split()
        played = replay.play(session, TREE, program=["clangd", "--log=error"], timeout=120, budget_seconds=seconds,
                             fallbackFlags=["-xc", *flags])
        print(f"clangd\n{played.table()}", flush=True)


if __name__ == "__main__":
    unittest.main()
