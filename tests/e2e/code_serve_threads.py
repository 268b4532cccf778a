#!/usr/bin/env python3
"""Many clients of `firn code serve` at once while the store is indexed again and again: each answer is that of one of
the commits, never older than the last one before it was asked for. Under ThreadSanitizer, too."""

import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case  # noqa: E402
from serving import Server  # noqa: E402

ROUNDS = 6
CLIENTS = 6


class Threads(Case):
    def write_round(self, number):
        self.write("round.c", f"int round_number_{number};\n" + "".join(
            f"int function_{number}_{i}(void) {{ return {i}; }}\n" for i in range(50)))
        self.write("same.py", "def same():\n    pass\n" * 100)
        self.committed = number - 1
        self.index()
        self.committed = number

    def work(self, server, wrong):
        with server.connect() as client:
            while self.committed < ROUNDS:
                before = self.committed
                outline = client.ask("outline", file="round.c")["result"]
                after = self.committed + 1
                number = int(outline[0]["name"].split("_")[-1])
                names = {item["name"] for item in outline[1:]}
                if not before <= number <= after or names != {f"function_{number}_{i}" for i in range(50)}:
                    wrong.append((before, after, outline))
                if len(client.ask("find", name="same")["result"]) != 100:
                    wrong.append("same")
                client.ask("query", pattern="(function_definition) @f")
                client.ask("health")

    def test_answers_are_those_of_a_commit_however_many_ask(self):
        self.write_round(1)
        for words in (("--ram", "4K"), ("--resident",)):
            self.write_round(1)
            server = Server(self, self.store, *words)
            wrong = []
            threads = [threading.Thread(target=self.work, args=(server, wrong)) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            try:
                for number in range(2, ROUNDS + 1):
                    self.write_round(number)
            finally:
                self.committed = ROUNDS
                for thread in threads:
                    thread.join()
            self.assertEqual(wrong, [])
            self.assertEqual(server.end(), (0, ""))


if __name__ == "__main__":
    unittest.main()
