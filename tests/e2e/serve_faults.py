#!/usr/bin/env python3
"""`firn serve` with each kind of system call and allocation failing in turn: whoever is hit is refused or cut off so
that he sees it, the next are served, nothing is leaked. Needs a build that can inject faults (FIRN_FAULTS); elsewhere
there is nothing to test. FIRN_FAULT_SAMPLES of the moments are tried, by chance: others at each run."""

import http.client
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SAMPLES = int(os.environ.get("FIRN_FAULT_SAMPLES", 40))
FAULTS = [f"{call}:{n}:{how}" for call, hows in (
    ("socket", ("EMFILE", "ENOMEM")), ("accept", ("EMFILE", "ENOMEM", "EINTR")),
    ("recv", ("ECONNRESET", "EAGAIN", "EINTR", "short")), ("send", ("EPIPE", "EAGAIN", "EINTR", "short")),
    ("sendfile", ("EIO", "EAGAIN", "EINTR", "short")), ("read", ("EIO", "short")), ("close", ("EIO",)),
    ("epoll", ("ENOMEM", "EINTR"))) for how in hows for n in range(1, 9)]
SMALL, LARGE = b"small" * 10, random.Random(3).randbytes(400_000)


class Faults(Case):
    def setUp(self):
        super().setUp()
        print(f"{self.id()}: FIRN_SEED={SEED}, FIRN_FAULT_SAMPLES={SAMPLES}", flush=True)
        self.write("small", SMALL)
        self.write("large", LARGE)

    def begin(self, **faults):
        """Starts a server; its port, or None when it has not started."""
        environment = {**os.environ, **{f"FIRN_FAULT_{name.upper()}": str(value) for name, value in faults.items()}}
        self.process = subprocess.Popen([FIRN, "serve", self.tree, "--port", "0", "--json", "--loops", "1"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        line = self.process.stdout.readline()
        return int(json.loads(line)["url"].rstrip("/").rsplit(":", 1)[1]) if line else None

    def end(self, what):
        """Ends it; whether it had failed, with one line."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=120)
        errors = errors.decode(errors="replace")
        for word in ("Sanitizer", "runtime error", "Assertion"):
            self.assertNotIn(word, errors, what)
        self.assertIn(self.process.returncode, (0, 1), (what, errors))
        if self.process.returncode == 1:
            self.assertRegex(errors, r"\Afirn: [^\n]+\n\Z", what)
        return self.process.returncode == 1

    def get(self, port, path, wanted, what):
        """Whether the file came; not whole is seen to be so, and never wrong."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        self.assertTrue(answer.status >= 400 or body == wanted, what)
        return answer.status == 200

    def check(self, what, **faults):
        port = self.begin(**faults)
        if port is None:
            self.assertTrue(self.end(what), what)
            return
        for path, content in (("/small", SMALL), ("/large", LARGE), ("/small", SMALL)) * 2:
            self.get(port, path, content, what)
        came = [any(self.get(port, path, content, what) for _ in range(3))
                for path, content in (("/small", SMALL), ("/large", LARGE))]
        failed = self.end(what)
        self.assertTrue(all(came) or failed, what)

    def test_each_call_fails_in_turn(self):
        counts = self.folder / "counts"
        self.check("none", count=counts)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        chance = random.Random(f"{SEED} {self.id()}")
        for fault in FAULTS if SAMPLES >= len(FAULTS) else chance.sample(FAULTS, SAMPLES):
            self.check(fault, io=fault)

    def test_each_allocation_fails_in_turn(self):
        counts = self.folder / "counts"
        self.check("none", count=counts)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        made = {name: int(number) for name, number in map(str.split, counts.read_text().splitlines())}
        for n in range(1, made["alloc"] + 1):
            self.check(f"allocation {n}", alloc=n)

    def test_a_file_that_shrinks_is_seen_not_to_be_whole(self):
        large = self.write("shrinking", b"x" * 50_000_000)
        port = self.begin()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/shrinking")
        answer = connection.getresponse()
        self.assertEqual((int(answer.getheader("Content-Length")), len(answer.read(1000))), (50_000_000, 1000))
        os.truncate(large, 20_000_000)
        size = 1000
        try:
            while part := answer.read(1 << 20):
                size += len(part)
        except (http.client.IncompleteRead, ConnectionError):
            pass
        connection.close()
        self.assertLess(size, 50_000_000)
        self.assertTrue(self.get(port, "/small", SMALL, "after a file that shrank"))
        self.assertFalse(self.end("a file that shrank"))

    def test_those_beyond_the_limit_of_descriptors_wait(self):
        self.process = subprocess.Popen(
            [FIRN, "serve", self.tree, "--port", "0", "--json", "--loops", "1"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24)))
        port = int(json.loads(self.process.stdout.readline())["url"].rstrip("/").rsplit(":", 1)[1])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(60)]
        for client in clients:
            client.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        statuses = []
        for client in clients:
            answer = http.client.HTTPResponse(client)
            answer.begin()
            statuses.append(answer.status)
            self.assertEqual(answer.status == 200, answer.read() == SMALL)
            client.close()
        self.assertLessEqual(set(statuses), {200, 503})  # there may be none left for the file
        self.assertTrue(self.get(port, "/small", SMALL, "after the limit"))
        self.assertFalse(self.end("the limit of descriptors"))


if __name__ == "__main__":
    unittest.main()
