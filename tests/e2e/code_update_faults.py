#!/usr/bin/env python3
"""Allocations and system calls of `firn code update` made to fail, and the process killed before changes that it makes
on disk: a clear error each time, and the store answers all of the old sources or all of the new ones; the next update
brings the new ones. Needs a build that can inject faults (FIRN_FAULTS), but for the random kills.

FIRN_UPDATE_SAMPLES of each kind are tried, by chance: others at each run; the stress test tries many more."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, code, code_json  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SAMPLES = int(os.environ.get("FIRN_UPDATE_SAMPLES", 4))
ANSWERS = os.path.join(os.environ.get("FIRN_TOOLS", "build/release/tests/tools"), "all_answers")
CALLS = ("open", "close", "stat", "read", "write", "fsync", "rename", "unlink", "opendir", "readdir", "flock", "mmap",
         "truncate")


class Faults(Case):
    def setUp(self):
        super().setUp()
        print(f"{self.id()}: FIRN_SEED={SEED}, FIRN_UPDATE_SAMPLES={SAMPLES}", flush=True)
        self.chance = random.Random(f"{SEED} {self.id()}")
        for i in range(12):
            self.write(f"a{i}.c", f"int one{i}(void) {{ return {i}; }}\n" * 9)
            self.write(f"b/b{i}.py", f"class Two{i}:\n    def three(self):\n        return {i}\n" * 9)
        self.index()
        for i in range(3):  # several layers, some of which the next update absorbs
            self.write(f"a{i}.c", f"int changed{i}(void) {{ return one{i}; }}\n" * 9)
            self.assertEqual(code("update", self.store).returncode, 0)
        self.former = self.folder / "former"
        shutil.copytree(self.store, self.former)
        self.old = self.answers()
        for i in range(1, 4):
            self.write(f"a{i}.c", f"int changed_again{i}(void) {{ return one{i}; }}\n" * 9)
        self.write("new.go", "package fresh\n\nfunc Four() {}\n")
        (self.tree / "b" / "b0.py").unlink()
        (self.tree / "b" / "b1.py").rename(self.tree / "moved.py")
        run = self.run_with()
        self.assertEqual(run.returncode, 0, run)
        self.new = self.answers()
        self.assertNotEqual(self.old, self.new)

    def answers(self):
        return subprocess.run([ANSWERS, self.store], stdout=subprocess.PIPE, check=True).stdout

    def restore(self):
        shutil.rmtree(self.store)
        shutil.copytree(self.former, self.store)

    def run_with(self, **faults):
        environment = {**os.environ, **{f"FIRN_FAULT_{name.upper()}": str(value) for name, value in faults.items()}}
        return code("update", self.store, "--jobs", "1", env=environment, timeout=120)

    def counts(self):
        self.restore()
        counts = self.folder / "counts"
        self.assertEqual(self.run_with(count=counts).returncode, 0)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        return {name: int(number) for name, number in map(str.split, counts.read_text().splitlines())}

    def moments(self, count):
        moments = range(1, count + 2)
        return moments if len(moments) <= SAMPLES else sorted(self.chance.sample(moments, SAMPLES))

    def check(self, what, fewer=False):
        """The store is good and old or new; the next update makes it new. fewer: files whose reading failed may have
        been skipped."""
        result = code_json("verify", self.store)
        self.assertEqual((result["differences"], result["damaged_segments"]), (0, 0), (what, result))
        answers = self.answers()
        if not fewer:
            self.assertTrue(answers in (self.old, self.new), what)
        run = self.run_with()
        self.assertEqual(run.returncode, 0, (what, run))
        self.assertTrue(self.answers() == self.new, what)
        self.assertEqual([path.name for path in self.store.iterdir() if path.name.endswith(".tmp")], [], what)

    def assert_clean(self, run, what):
        errors = run.stderr.decode(errors="replace")
        for word in ("Sanitizer", "runtime error", "Assertion"):
            self.assertNotIn(word, errors, what)
        self.assertIn(run.returncode, (0, 1), (what, run))
        if run.returncode == 1:
            self.assertRegex(errors, r"\Afirn: [^\n]+\n\Z", what)

    def test_every_allocation_that_fails(self):
        for number in self.moments(self.counts()["alloc"]):
            for value in (number, f"{number}+"):
                self.restore()
                self.assert_clean(self.run_with(alloc=value), f"allocation {value}")
                self.check(f"allocation {value}")

    def test_every_system_call_that_fails(self):
        counts = self.counts()
        for call in CALLS:
            for number in self.moments(counts.get(call, 0))[:max(2, SAMPLES // 3)]:
                for how in ("EIO", "ENOSPC") if call in ("write", "fsync") else ("EIO",):
                    what = f"{call} {number} {how}"
                    self.restore()
                    self.assert_clean(self.run_with(io=f"{call}:{number}:{how}"), what)
                    self.check(what, fewer=True)

    def test_a_kill_before_any_change_on_disk(self):
        for number in self.moments(self.counts()["mutating"]):
            self.restore()
            self.assertIn(self.run_with(kill=number).returncode, (0, -9))
            self.check(f"killed before change {number}")

    def test_a_kill_at_any_time(self):
        for _ in range(SAMPLES):
            self.restore()
            wait = self.chance.random() * 0.06
            with subprocess.Popen([FIRN, "code", "update", "-q", "-s", self.store], stdout=subprocess.DEVNULL) as run:
                time.sleep(wait)
                run.send_signal(signal.SIGKILL)
            self.check(f"killed after {wait} s")


if __name__ == "__main__":
    unittest.main()
