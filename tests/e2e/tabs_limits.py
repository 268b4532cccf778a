#!/usr/bin/env python3
"""Limits of `firn tabs`, and input that is not as it should be: who sleeps first when memory is short, pages that have
little, timers of sleeping tabs, encodings, lines without end, pages that store without end, servers that hang up."""

import contextlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN  # noqa: E402
from tabs import Refused, Tabs, run_tests  # noqa: E402

MUCH = "<script>var much = new Array(200000).fill(1.5), count = 0</script>"


def children(process):
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
        return [int(number) for number in file.read().split()]


def own_memory(process):
    with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


class Site(http.server.BaseHTTPRequestHandler):
    """Answers in ways that are wrong: /TYPE/BYTES in hexadecimal, with %2F for a slash in a type; /cut; /nothing."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        what = self.path.split("/")[1:]
        if what[0] == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\n<title>cut")
        elif what[0] == "broken":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\nContent-Length: 3\r\n\r\nabc")
        elif what[0] == "odd":
            kind = what[1].replace("%2F", "/").encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + kind + b"\r\n\r\n"
                             + bytes.fromhex(what[2]))
        self.close_connection = True


class Limits(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="firn-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = os.path.join(self.folder, "store")

    def page(self, text, name="page.html"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def serve(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def test_what_was_touched_longest_ago_sleeps_first(self):
        page = self.page(MUCH)
        with Tabs("--memory", "3M") as host:
            for _ in range(5):
                host.open(page)
            for tab in (3, 1, 5, 2, 4):
                host.eval(tab, "count++")
            seen, end = [], time.monotonic() + 30
            while len(seen) < 3 and time.monotonic() < end:
                states = {tab["tab"]: tab["state"] for tab in host.ask("list")["tabs"]}
                seen += [tab for tab in (3, 1, 5, 2, 4) if states[tab] != "active" and tab not in seen]
                self.assertEqual(states[4], "active")  # the last one never
                host.ask("sleep 20")
            self.assertEqual(seen[:3], [3, 1, 5])
            self.assertEqual([host.eval(tab, "[count, much.length].join()") for tab in range(1, 6)], ["1,200000"] * 5)

    def test_a_tab_with_little_memory_sleeps_and_wakes(self):
        with Tabs("--tab-memory", "48M") as host:
            tab = host.open(self.page("<p>x<script>var bytes = crypto.getRandomValues(new Uint8Array(65536)), all = [];"
                                      "for (let i = 0; i < 200; i++) all.push(bytes.slice().fill(i, 9))</script>"))
            for level in ("warm", "cold", "frozen", "cold"):
                self.assertEqual(host.state(tab, level), level)
                self.assertEqual(host.eval(tab, "all.length + ' ' + all[150][9]"), "200 150")
            with self.assertRaises(Refused):
                host.eval(tab, "for (;;) all.push(bytes.slice().fill(1))")

    def test_a_page_gives_back_what_its_scripts_let_go_of(self):
        much = "Array.from({length: 300000}, (_, i) => ({i, a: [i], s: 'text' + i}))"
        page = self.page(f"<script>const make = () => {much}; let big = make(), n = 0;"
                         "setInterval(() => { if (++n < 4) big = make() }, 100)</script>")
        with Tabs() as host:
            tab = host.open(page)

            def own_bytes():  # the zygote is the host's child, pages are the zygote's
                return max(own_memory(page) for zygote in children(host.process.pid) for page in children(zygote))

            def wait_for(wanted, seconds=20):
                end = time.time() + seconds
                while not wanted() and time.time() < end:
                    time.sleep(0.1)
                return wanted()

            self.assertTrue(wait_for(lambda: host.eval(tab, "n > 4") == "true"))
            self.assertTrue(wait_for(lambda: own_bytes() < 90 << 20), own_bytes())  # one of four
            self.assertGreater(own_bytes(), 36 << 20)
            host.eval(tab, "big = null")
            self.assertTrue(wait_for(lambda: own_bytes() < 16 << 20), own_bytes())

    def test_threads_that_fetch_end_where_nothing_is_left_to_fetch(self):
        def threads(host):
            return len(os.listdir(f"/proc/{host.process.pid}/task"))

        with Tabs() as host:
            tab = host.open(self.page("<title>page</title>"))
            self.assertEqual(threads(host), 2)
            until = time.monotonic() + 20
            while threads(host) > 1 and time.monotonic() < until:
                time.sleep(0.1)
            self.assertEqual(threads(host), 1)
            self.assertEqual(host.ask(f"reload {tab}")["title"], "page")

    def test_a_limit_of_time_is_for_each_piece_of_work(self):
        with Tabs("--tab-seconds", "1") as host:
            tab = host.open("about:blank")
            work = "var n = 0; const end = performance.now() + 600; while (performance.now() < end) n++; 1"
            for _ in range(3):  # more than a second together
                self.assertEqual(host.eval(tab, "{ " + work + " }"), "1")

    def test_timers_of_sleeping_tabs_fire_once_they_wake_in_their_order(self):
        page = self.page("<script>const seen = []; for (const ms of [300, 100, 200, 60000])"
                         "setTimeout(() => seen.push(ms), ms)</script>")
        with Tabs() as host:
            tabs = [(host.open(page), state) for state in ("warm", "cold", "frozen")]
            for tab, state in tabs:
                host.state(tab, state)
            host.ask("sleep 400")
            for tab, state in tabs:
                self.assertEqual(host.state(tab), state)
                host.eval(tab, "0")
            host.ask("sleep 50")
            self.assertEqual([host.eval(tab, "seen.join()") for tab, _ in tabs], ["100,200,300"] * 3)

    def test_a_line_that_is_too_long_is_an_error_of_its_own(self):
        script = self.page(b"help\neval 1 " + b"x" * (17 << 20) + b"\nlist\n" + b"y" * (17 << 20), "script")
        run = subprocess.run([FIRN, "tabs", "--json", script], capture_output=True, check=False)
        lines = run.stdout.decode().splitlines()
        self.assertEqual(["longer than 16 MiB" in line for line in lines], [False, True, False, True])
        self.assertEqual((run.returncode, run.stderr), (1, b""))

    def test_a_page_that_stores_without_end_has_the_host_write_now_and_then(self):
        writes = os.path.join(self.store, "local-1")
        with Tabs("--store", self.store) as host:
            tab = host.open(self.page("<script>let n = 0; localStorage.setItem('much', 'x'.repeat(1e6));"
                                      "setInterval(() => localStorage.setItem('n', ++n))</script>"))
            seen = set()
            for _ in range(40):
                host.ask("sleep 25")
                with contextlib.suppress(OSError):
                    seen.add(os.stat(writes).st_ino)
            self.assertLess(len(seen), 5)
            before = int(host.eval(tab, "n"))
            self.assertEqual(host.end(), (0, ""))
        with Tabs("--store", self.store) as host:
            tab = host.open(self.page("<p>"))
            self.assertGreaterEqual(int(host.eval(tab, "localStorage.getItem('n')")), before)

    def test_encodings_that_are_wrong_are_read_as_far_as_they_go(self):
        url = self.serve()
        with Tabs() as host:
            for kind, data, text in (("text%2Fhtml;charset=no-such", b"caf\xe9", "caf\xe9"),
                                     ("text%2Fhtml;charset=utf-8", b"caf\xe9!", "caf\ufffd!"),
                                     ("text%2Fhtml;charset=utf-16", b"a\0b\0\x00\xd8", "ab\ufffd"),
                                     ("text%2Fhtml;charset=shift_jis", b"\x82\xa0\x82", "\u3042\ufffd"),
                                     ("text%2Fplain", b"\xef\xbb\xbf<b>\xff", "<b>\ufffd"),
                                     ("text%2Fhtml;charset=;", b"x\x00y", "xy")):
                tab = host.open(f"{url}/odd/{kind}/{data.hex()}")
                self.assertEqual(host.ask(f"text {tab}")["value"], text, kind)

    def test_servers_that_hang_up_or_lie_are_an_error_each(self):
        url = self.serve()
        with Tabs() as host:
            tab = host.open("about:blank")
            for path in ("cut", "broken", "nothing", "odd/image%2Fpng/00", "odd/application%2Foctet-stream/00"):
                with self.assertRaises(Refused) as told:
                    host.open(f"{url}/{path}")
                self.assertIn(url, str(told.exception))
                self.assertNotIn("\n", str(told.exception))
            self.assertEqual(host.eval(tab, "1"), "1")
            self.assertEqual([each["tab"] for each in host.ask("list")["tabs"]], [1])
            self.assertEqual(host.end()[0], 1)

    def test_commands_that_fail_are_told_by_the_exit_status_at_the_end(self):
        script = self.page("nothing\neval 1 1\nopen about:blank\neval 1 1+1\nstate 1 asleep\nhelp\n", "script")
        run = subprocess.run([FIRN, "tabs", script], capture_output=True, text=True, check=False)
        lines = run.stdout.splitlines()
        self.assertEqual([line.startswith("error: ") for line in lines], [True, True, False, False, True, False])
        self.assertEqual((lines[3], run.returncode), ("2", 1))


if __name__ == "__main__":
    run_tests()
