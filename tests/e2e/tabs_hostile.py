#!/usr/bin/env python3
"""Hostile pages in `firn tabs`: each of tests/tabs/hostile in a tab of its own, with others beside it that go on; and
servers that never answer.

The first line of a page says what becomes of its tab: `lives`, `lost`, `either` (the engine or the kernel may stop it
first), `error` (it shows no document, and lives), `lost on COMMAND`. Whatever it is, each command has one line as its
answer, and the host holds no more than it did.

FIRN_TABS_HOSTILE pages are visited, by chance, as each may take all the time that it is given; tabs_hostile_stress.py
visits all. FIRN_SEED chooses."""

import glob
import http.server
import os
import random
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from tabs import Refused, Tabs, run_tests  # noqa: E402

PAGES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tabs", "hostile")
HOST_MAX_BYTES = 400 << 20  # under AddressSanitizer, which keeps what was freed
HOSTS = 3
SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
VISITS = int(os.environ.get("FIRN_TABS_HOSTILE", "24"))
BESIDE = "data = { n: 0, all: new Map([[1, 'one']]) }; setInterval(() => data.n++, 10); 0"


def expected(path):
    with open(path, "rb") as file:
        text = file.read(200)
    text = text.decode("utf-16", "replace") if text[:2] == b"\xff\xfe" else text.decode("latin1")
    return re.match(r"<!-- ([a-z ]+) -->", text).group(1)


def resident_bytes(process):
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


class Hostile(unittest.TestCase):
    def ask(self, host, command):
        """None, or why it was refused."""
        try:
            host.ask(command)
            return None
        except Refused as error:
            self.assertNotEqual(str(error), "", command)
            self.assertNotIn("\n", str(error), command)
            return str(error)

    def state(self, host, tab):
        states = [each["state"] for each in host.ask("list")["tabs"] if each["tab"] == tab]
        return states[0] if states else None

    def visit(self, host, path):
        """Opens a page, asks it for all that can be asked, and closes it; the command by which it was lost, or what
        became of it."""
        refused = self.ask(host, f"open {path}")
        tab = host.ask("list")["tabs"][-1]["tab"]
        self.assertGreater(tab, 2, refused)
        came_to = "lost" if self.state(host, tab) == "lost" else "error" if refused else "lives"
        for command in ("text", "html", "query p", "click button", "console", "state cold", "eval 1"):
            if self.state(host, tab) == "lost":
                self.assertIsNotNone(refused, path)
                break
            word, _, rest = command.partition(" ")
            refused = self.ask(host, f"{word} {tab} {rest}")
            if self.state(host, tab) == "lost":
                came_to = f"lost on {word}"
        self.ask(host, f"close {tab}")
        return came_to

    def visit_all(self, paths, problems):
        try:
            with Tabs("--tab-seconds", "1", "--tab-memory", "64M") as host:
                beside = host.open("about:blank")
                asleep = host.open("about:blank")
                host.eval(beside, BESIDE)
                host.eval(asleep, BESIDE)
                for number, path in enumerate(paths):
                    host.state(asleep, ["cold", "frozen", "warm"][number % 3])
                    count, came_to = int(host.eval(beside, "data.n")), self.visit(host, path)
                    wanted = expected(path)
                    if came_to != wanted and wanted != "either":
                        problems.append(f"{os.path.basename(path)}: {came_to}, not {wanted}")
                    begun = time.monotonic()
                    self.assertEqual(host.eval(beside, "data.all.get(1)"), "one", path)
                    self.assertLess(time.monotonic() - begun, 5, path)
                    self.assertGreaterEqual(int(host.eval(beside, "data.n")), count, path)
                    self.assertEqual(host.eval(asleep, "data.all.get(1)"), "one", path)
                self.assertEqual([tab["state"] for tab in host.ask("list")["tabs"]], ["active"] * 2)
                self.assertLess(resident_bytes(host.process.pid), HOST_MAX_BYTES)
                status, said = host.end()
                self.assertEqual((status, said), (1, ""))
        except (AssertionError, EOFError, Refused) as error:
            problems.append(f"{type(error).__name__}: {error}")

    def test_each_page_harms_its_own_tab_at_most(self):
        paths, problems = sorted(glob.glob(os.path.join(PAGES, "*.html"))), []
        self.assertGreater(len(paths), 60)
        print(f"{self.id()}: FIRN_SEED={SEED}, FIRN_TABS_HOSTILE={VISITS}", flush=True)
        paths = random.Random(SEED).sample(paths, min(VISITS, len(paths)))
        hosts = [threading.Thread(target=self.visit_all, args=(paths[i::HOSTS], problems)) for i in range(HOSTS)]
        for host in hosts:
            host.start()
        for host in hosts:
            host.join()
        self.assertEqual(problems, [])


class Silent(http.server.BaseHTTPRequestHandler):
    """A server whose /never does not answer, and whose /endless does not stop."""

    over = threading.Event()

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/never"):
            self.over.wait(60)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.path != "/endless":
            self.send_header("Content-Length", "15")
        self.end_headers()
        if self.path != "/endless":
            self.wfile.write(b"<title>t</title"[:15])
            return
        try:
            while not self.over.is_set():
                self.wfile.write(b"<p>x" * 4096)
        except OSError:
            pass


class Servers(unittest.TestCase):
    def setUp(self):
        Silent.over.clear()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(Silent.over.set)

    def test_a_tab_that_waits_for_many_answers_leaves_the_others_theirs(self):
        with Tabs() as host:
            waiting = [host.open(self.url + "/") for _ in range(3)]
            for tab in waiting:
                host.eval(tab, "for (let i = 0; i < 200; i++) fetch('/never' + i); 0")
            begun = time.monotonic()
            host.open(self.url + "/")
            self.assertLess(time.monotonic() - begun, 5)
            for tab in waiting:
                host.ask(f"close {tab}")

    def test_a_page_that_fetches_without_end_is_refused_at_some_point(self):
        with Tabs() as host:
            tab = host.open(self.url + "/")
            host.eval(tab, "var no = 0; for (let i = 0; i < 3000; i++) fetch('/never' + i).catch(() => no++); 0")
            host.ask("sleep 200")
            self.assertEqual(host.eval(tab, "no"), "2000")

    def test_a_page_that_leaves_for_another_without_end_waits_for_the_last_one_alone(self):
        with Tabs() as host:
            tab = host.open(self.url + "/")
            host.eval(tab, "setInterval(() => location.href = '/never' + Math.random(), 1); 0")
            host.ask("sleep 300")
            begun = time.monotonic()
            host.open(self.url + "/")
            self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    run_tests()
