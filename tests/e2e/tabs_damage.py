#!/usr/bin/env python3
"""Images of `firn tabs` that are damaged, on disk and in memory: their tab is lost and can be loaded again, the others
live. And hosts that are killed, at any moment and before any change that they make on disk: the next one has the list
of tabs, each of which can be loaded again.

FIRN_TABS_SAMPLES kills of each kind are tried, by chance; tabs_damage_stress.py tries many more. FIRN_SEED chooses."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN  # noqa: E402
from tabs import Refused, Tabs, run_tests  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SAMPLES = int(os.environ.get("FIRN_TABS_SAMPLES", "3"))
MAGIC = b"FPRC"  # of an image


class Damage(unittest.TestCase):
    def setUp(self):
        print(f"{self.id()}: FIRN_SEED={SEED}, FIRN_TABS_SAMPLES={SAMPLES}", flush=True)
        self.chance = random.Random(f"{SEED} {self.id()}")
        self.folder = tempfile.mkdtemp(prefix="firn-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = os.path.join(self.folder, "store")
        self.pages = [self.page(f"page {number}", f"page{number}.html") for number in range(4)]

    def page(self, title, name):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"<title>{title}</title><script>let count = 0; setInterval(() => count++, 50);"
                       f"localStorage.setItem('{title}', 'kept')</script>")
        return path

    def open_all(self, host):
        for page in self.pages:
            host.open(page)
        host.eval(1, "var mine = 'all there'; 0")
        host.eval(2, "var mine = 'all there'; 0")

    def check_lost(self, host, tab, others):
        with self.assertRaises(Refused) as told:
            host.eval(tab, "mine")
        self.assertNotIn("\n", str(told.exception))
        self.assertEqual(host.state(tab), "lost")
        for other in others:
            self.assertEqual(host.eval(other, "mine"), "all there")
        self.assertEqual(host.ask(f"reload {tab}")["title"], f"page {tab - 1}")
        self.assertEqual(host.eval(tab, "typeof mine"), "undefined")

    # --- images ---

    def damage_memory(self, process):
        """Changes a byte of each image in the memory of a process; how many there were."""
        count = 0
        with open(f"/proc/{process}/maps", encoding="ascii") as file:
            ranges = [line.split()[0].split("-") for line in file if " rw-p " in line and "[stack]" not in line]
        with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
            for start, end in ((int(word, 16) for word in pair) for pair in ranges):
                if end - start > 1 << 30:
                    continue  # of AddressSanitizer
                try:
                    memory.seek(start)
                    data = memory.read(end - start)
                except OSError:
                    continue
                at = data.find(MAGIC)
                while at >= 0:
                    size = int.from_bytes(data[at + 32:at + 40], "little")
                    if 144 < size <= len(data) - at:
                        place = start + at + self.chance.randrange(size)
                        memory.seek(place)
                        byte = memory.read(1)
                        memory.seek(place)
                        memory.write(bytes([byte[0] ^ 1 << self.chance.randrange(8)]))
                        count += 1
                    at = data.find(MAGIC, at + 1)
        return count

    def test_images_damaged_in_memory(self):
        with Tabs() as host:
            self.open_all(host)
            host.state(2, "frozen")
            for level in ("cold", "warm"):
                host.eval(1, "var mine = 'all there'; 0")
                host.state(1, level)
                try:
                    count = self.damage_memory(host.process.pid)
                except PermissionError:
                    self.skipTest("the memory of a child cannot be written here")
                self.assertGreater(count, 0)
                self.check_lost(host, 1, [2])
                host.state(2, "frozen")

    def test_images_damaged_on_disk(self):
        with Tabs("--store", self.store) as host:
            self.open_all(host)
            for state in range(SAMPLES):
                host.state(2, "cold")
                host.eval(1, "var mine = 'all there'; 0")
                host.state(1, "frozen")
                for name in os.listdir(os.path.join(self.store, "images")):
                    path = os.path.join(self.store, "images", name)
                    if "data" not in name or os.path.getsize(path) < 1000:
                        continue
                    with open(path, "r+b") as file:
                        if state % 3 == 2:
                            file.truncate(100)
                            continue
                        # all of it, so that the image is met wherever it lies
                        data = bytearray(file.read())
                        for at in range(self.chance.randrange(2000), len(data), 2000):
                            data[at] ^= 1 << self.chance.randrange(8)
                        file.seek(0)
                        file.write(data)
                self.check_lost(host, 1, [2])

    # --- hosts ---

    def check_next(self, wanted, what):
        """The next host lists tabs that were open, those that are wanted among them, and can load them all."""
        with Tabs("--store", self.store) as host:
            tabs = host.ask("list")["tabs"]
            urls = [tab["url"] for tab in tabs]
            known = {"file://" + page for page in self.pages} | {"about:blank"}
            self.assertLessEqual(set(urls), known, what)
            self.assertLessEqual({"file://" + page for page in wanted}, set(urls), what)
            for tab in tabs:
                self.assertEqual(tab["state"], "lost", what)
                self.assertEqual(host.ask(f"reload {tab['tab']}")["state"], "active", what)
            status, said = host.end()
            self.assertEqual((status, said), (0, ""), what)

    def test_a_kill_at_any_moment(self):
        for number in range(SAMPLES):
            shutil.rmtree(self.store, ignore_errors=True)
            host = Tabs("--store", self.store)
            self.addCleanup(host.__exit__)
            self.open_all(host)
            host.state(1, "frozen")
            host.state(2, "frozen")
            timer = subprocess.Popen(["sh", "-c", f"sleep {self.chance.random()}; kill -9 {host.process.pid}"])
            try:
                while True:
                    tab = self.chance.randrange(1, 5)
                    what = self.chance.choice([f"state {tab} frozen", f"state {tab} cold", f"eval {tab} count",
                                               f"reload {tab}", f"eval {tab} localStorage.setItem(count, 1)"])
                    host.ask(what)
            except (EOFError, OSError, ValueError):
                pass
            timer.wait()
            host.process.wait()
            self.check_next(self.pages, f"kill {number}")

    def run_with(self, **faults):
        shutil.rmtree(self.store, ignore_errors=True)
        lines = [f"open {page}" for page in self.pages]
        lines += ["state 1 frozen", "state 2 frozen", "sleep 10", "eval 1 localStorage.setItem('a', 'b')", "sleep 10",
                  "eval 2 count", "state 1 frozen", "close 3", "state 2 frozen", "sleep 10", "history page"]
        script = os.path.join(self.folder, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        environment = {**os.environ, **{f"FIRN_FAULT_{name.upper()}": str(value) for name, value in faults.items()}}
        return subprocess.run([FIRN, "tabs", "--json", "--quiet", "--store", self.store, script], env=environment,
                              capture_output=True, text=True, timeout=120, check=False)

    def test_a_kill_before_any_change_on_disk(self):
        counts = os.path.join(self.folder, "counts")
        run = self.run_with(count=counts)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run.stdout)
        if not os.path.exists(counts):
            self.skipTest("this build injects no faults")
        with open(counts, encoding="ascii") as file:
            moments = range(1, int(dict(map(str.split, file))["mutating"]) + 1)
        self.assertGreater(len(moments), 20)
        killed = 0
        for moment in sorted(self.chance.sample(moments, min(SAMPLES, len(moments)))):
            run = self.run_with(kill=moment)
            self.assertIn((run.returncode, run.stderr), ((-signal.SIGKILL, ""), (0, "")), moment)
            if run.returncode == 0:
                continue  # lists are saved by the clock: there were fewer changes this time
            killed += 1
            # told to be frozen, and not yet closed with the others as the script is over
            is_frozen = '"state": "frozen"' in run.stdout and '"visits"' not in run.stdout
            self.check_next(self.pages[:2] if is_frozen else [], f"killed before change {moment}")
        self.assertGreater(killed, 0)


if __name__ == "__main__":
    run_tests()
