#!/usr/bin/env python3
"""Allocations and reads of `firn code lsp` made to fail in turn, in a session with all requests: each is answered, with
a result or with an error, and nothing crashes or leaks. Needs a build that can inject faults (FIRN_FAULTS); elsewhere
there is nothing to test. FIRN_FAULT_SAMPLES many are tried of each kind, by chance: others at each run."""

import io
import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, firn  # noqa: E402
from lsp import address, frame, read_message  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SAMPLES = int(os.environ.get("FIRN_FAULT_SAMPLES", 40))
METHODS = ("definition", "declaration", "references", "documentHighlight", "hover")


class Faults(Case):
    def setUp(self):
        super().setUp()
        print(f"FIRN_SEED={SEED}, FIRN_FAULT_SAMPLES={SAMPLES}", flush=True)
        self.chance = random.Random(f"{SEED} {self.id()}")
        self.first = self.write("a.c", "/* One. */\nint one(int a)\n{\n    int b = a;\n    return b;\n}\n")
        self.second = self.write("b.c", '#include "a.h"\nint two(void) { return one(1); }\n')
        self.changed = self.write("c.py", "def three():\n    pass\n")
        self.index()
        self.changed.write_text("def four():\n    three()\n")
        self.asked = 0
        self.session = self.make_session()

    def request(self, method, **params):
        self.asked += 1
        return frame({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params})

    def make_session(self):
        note = lambda method, **params: frame({"jsonrpc": "2.0", "method": method, "params": params})  # noqa: E731
        capabilities = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}},
                        "textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}
        parts = [self.request("initialize", rootUri=address(self.tree), capabilities=capabilities), note("initialized")]
        first = {"uri": address(self.first)}
        document = {**first, "languageId": "c", "version": 1, "text": self.first.read_text()}
        change = {"range": {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 4}}, "text": "é\r\n"}
        for turn in range(2):
            for path, line, character in ((self.first, 1, 5), (self.first, 4, 11), (self.second, 1, 24)):
                at = {"textDocument": {"uri": address(path)}, "position": {"line": line, "character": character}}
                parts += [self.request("textDocument/" + method, **at, context={"includeDeclaration": True})
                          for method in METHODS]
            parts += [self.request("textDocument/" + method, textDocument=first,
                                   positions=[{"line": 4, "character": 11}])
                      for method in ("documentSymbol", "foldingRange", "selectionRange")]
            parts.append(self.request("workspace/symbol", query="o"))
            if turn == 0:
                parts.append(note("textDocument/didOpen", textDocument=document))
                parts.append(note("textDocument/didChange", textDocument=first, contentChanges=[change]))
                parts.append(note("workspace/didChangeWatchedFiles", changes=[{"uri": address(self.changed)}]))
        parts.append(note("textDocument/didClose", textDocument=first))
        parts.append(self.request("shutdown"))
        return b"".join(parts)

    def run_with(self, **faults):
        environment = {**os.environ, **{f"FIRN_FAULT_{name.upper()}": str(value) for name, value in faults.items()}}
        path = self.folder / "session"
        path.write_bytes(self.session)
        with open(path, "rb") as session:
            return firn("code", "lsp", "--store", self.store, env=environment, stdin=session, timeout=120)

    def check(self, run, all_answered):
        """Without exit a session ends with 1; a crash or a leak ends otherwise or says more."""
        self.assertEqual(run.returncode, 1, run.stderr[-2000:])
        self.assertLessEqual(run.stderr.count(b"\n"), 1, run.stderr[-2000:])
        stream = io.BytesIO(run.stdout)
        answered, unread = set(), 0
        while (message := read_message(stream)) is not None:
            if "method" not in message:
                self.assertTrue(("result" in message) != ("error" in message), message)
                answered.add(message["id"])
                unread += message["id"] is None
        missing = set(range(1, self.asked + 1)) - answered
        self.assertLessEqual(len(missing), 0 if all_answered else unread)

    def count(self):
        counts = self.folder / "counts"
        run = self.run_with(count=counts)
        self.check(run, True)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        return {name: int(number) for name, number in map(str.split, counts.read_text().splitlines())}

    def moments(self, count):
        moments = range(1, count + 2)
        return moments if len(moments) <= SAMPLES else sorted(self.chance.sample(moments, SAMPLES))

    def test_every_failing_allocation_costs_an_answer_at_most(self):
        for moment in self.moments(self.count()["alloc"]):
            with self.subTest(alloc=moment):
                self.check(self.run_with(alloc=moment), False)

    def test_every_failing_call_of_the_system_costs_an_answer_at_most(self):
        counts = self.count()
        for name in ("open", "stat", "read", "mmap", "close"):
            for moment in self.moments(counts.get(name, 0))[:SAMPLES // 2]:
                with self.subTest(**{name: moment}):
                    self.check(self.run_with(io=f"{name}:{moment}:EIO"), True)


if __name__ == "__main__":
    unittest.main()
