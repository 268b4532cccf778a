#!/usr/bin/env python3
"""The threads of `firn code lsp`: cancelling what waits and what is at work, clients that do not read, ends of all
kinds in the middle of work, an indexing beside the answers."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case  # noqa: E402
from lsp import Client, Failure, address, frame  # noqa: E402

FILES = 80
BODY = "int hot(int a) { return a; }\n" + "".join(f"int use_{at}(void) {{ return hot({at}); }}\n" for at in range(60))


class Threads(Case):
    def setUp(self):
        super().setUp()
        for number in range(FILES):
            self.path = self.write(f"{number}.c", BODY)
        self.index()

    def client(self, **options):
        client = Client("--store", self.store, **options)
        self.addCleanup(client.process.kill)
        return client

    def ask_references(self, client):
        return client.ask("textDocument/references", textDocument={"uri": address(self.path)},
                          position={"line": 0, "character": 5}, context={"includeDeclaration": True})

    def test_requests_are_cancelled_while_they_wait_and_at_work(self):
        client = self.client()
        client.initialize(self.tree)
        numbers = [self.ask_references(client) for _ in range(20)]
        time.sleep(0.005)
        for number in numbers:
            client.notify("$/cancelRequest", id=number)
        client.notify("$/cancelRequest", id="none")
        cancelled = 0
        for number in numbers:
            try:
                self.assertEqual(len(client.answer(number)), FILES * 61)
            except Failure as failure:
                self.assertEqual(failure.code, -32800)
                cancelled += 1
        self.assertGreater(cancelled, 10)
        self.assertEqual(len(client.of("documentSymbol", self.path)), 61)
        self.assertEqual(client.end(), (0, b""))

    def test_a_client_that_does_not_read_is_not_read_from_and_takes_no_memory(self):
        client = self.client(reads=False)
        client.next_id += 1
        os.set_blocking(client.process.stdin.fileno(), False)
        start = frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
        request = frame({"jsonrpc": "2.0", "id": 2, "method": "textDocument/references",
                         "params": {"textDocument": {"uri": address(self.path)}, "padding": "x" * 4000,
                                    "position": {"line": 0, "character": 5}, "context": {"includeDeclaration": True}}})
        data, sent, idle = start + request * 20_000, 0, 0
        while idle < 20:
            try:
                sent += os.write(client.process.stdin.fileno(), data[sent:sent + 65536])
                idle = 0
            except BlockingIOError:
                idle += 1
                time.sleep(0.05)
        # It stopped to take some time ago; what it holds is what fits into the queue, the answer at hand and the pipes.
        self.assertLess(sent, 8 << 20)
        self.assertLess(client.pss_bytes(), 600 << 20 if "san" in os.environ["FIRN"] else 64 << 20)
        client.read()
        self.assertTrue(client.take())
        client.process.kill()
        client.leave()

    def test_a_client_that_ends_without_reading_is_left_in_time(self):
        client = self.client(reads=False)
        client.send_bytes(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
        for _ in range(10):
            self.ask_references(client)
        client.process.stdin.close()
        started = time.monotonic()
        self.assertEqual(client.process.wait(timeout=60), 1)
        self.assertLess(time.monotonic() - started, 40)
        client.process.stdout.close()
        client.process.stderr.close()

    def test_a_client_that_is_gone_ends_the_session(self):
        client = self.client(reads=False)
        client.send_bytes(frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
        client.process.stdout.close()
        for _ in range(3):
            self.ask_references(client)
        self.assertEqual(client.process.wait(timeout=60), 1)
        client.process.stdin.close()
        client.process.stderr.close()

    def test_exit_ends_the_work_at_once(self):
        client = self.client()
        client.initialize(self.tree)
        for _ in range(50):
            self.ask_references(client)
        client.ask("shutdown")
        client.notify("exit")
        status, errors = client.leave()
        self.assertEqual((status, errors), (0, b""))

    def test_the_index_is_built_beside_the_answers(self):
        client = self.client()
        client.initialize(self.tree)
        client.open(self.path)
        client.request("workspace/executeCommand", command="firn.index")
        with self.assertRaises(Failure):
            client.request("workspace/executeCommand", command="firn.index")
        for _ in range(5):
            self.assertEqual(len(client.of("documentSymbol", self.path)), 61)
            self.assertEqual(len(client.answer(self.ask_references(client))), FILES * 61)
        client.wait_for("window/showMessage", lambda params: f"Indexed {FILES}" in params["message"])
        self.assertEqual(len(client.answer(self.ask_references(client))), FILES * 61)
        self.assertEqual(client.end(), (0, b""))


if __name__ == "__main__":
    unittest.main()
