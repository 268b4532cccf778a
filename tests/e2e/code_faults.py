#!/usr/bin/env python3
"""Every allocation and every system call of `firn code` made to fail in turn, and the process killed before every
change it makes on disk: a clear error each time, no leak, no crash, and the store as it was or complete. Needs a
build that can inject faults (FIRN_FAULTS); elsewhere there is nothing to test.

Where a call is made more often than FIRN_FAULT_SAMPLES times, that many of them are tried, by chance: others at each
run. `make test-full` tries all."""

import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, code  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SAMPLES = int(os.environ.get("FIRN_FAULT_SAMPLES", 40))
NEW = {"a.c": "int one(void) { return 1; }\n#define TWO 2\n",
       "b/b.py": "class Three:\n    def four(self):\n        pass\n",
       "c.json": '{"five": [6]}\n'}
CALLS = ("open", "close", "stat", "read", "write", "truncate", "fsync", "rename", "unlink", "mkdir", "opendir",
         "readdir", "flock", "mmap")


class Faults(Case):
    def setUp(self):
        super().setUp()
        print(f"{self.id()}: FIRN_SEED={SEED}, FIRN_FAULT_SAMPLES={SAMPLES}", flush=True)
        self.chance = random.Random(f"{SEED} {self.id()}")
        self.old = self.folder / "old"
        self.old.mkdir()
        (self.old / "old.c").write_text("int old_one;\n")
        for path, content in NEW.items():
            self.write(path, content)
        self.index_old()

    def index_old(self):
        run = code("index", self.store, self.old)
        self.assertEqual(run.returncode, 0, run)

    def run_with(self, command, *words, **faults):
        environment = {**os.environ, **{f"FIRN_FAULT_{name.upper()}": str(value) for name, value in faults.items()}}
        return code(command, self.store, *words, env=environment, timeout=120)

    def count(self, command, *words):
        """How often each kind of call is made; skips the test where faults cannot be injected."""
        counts = self.folder / "counts"
        counts.unlink(missing_ok=True)
        run = self.run_with(command, *words, count=counts)
        self.assertEqual(run.returncode, 0, run)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        return {name: int(number) for name, number in map(str.split, counts.read_text().splitlines())}

    def moments(self, count, step=1):
        """1 to one more than count, at which nothing fails, by step, or as many of them as are wanted, by chance."""
        moments = range(1, count + 2, step)
        return moments if len(moments) <= SAMPLES else sorted(self.chance.sample(moments, SAMPLES))

    def assert_clean(self, run, what):
        errors = run.stderr.decode(errors="replace")
        for word in ("Sanitizer", "runtime error", "Assertion"):
            self.assertNotIn(word, errors, what)
        self.assertIn(run.returncode, (0, 1), (what, run))
        if run.returncode == 1:
            self.assertRegex(errors, r"\Afirn: [^\n]+\n\Z", what)

    def assert_old_or_new(self, what):
        """The store is good: the old content or the new."""
        if code("find", self.store, "old_one").returncode == 0:
            self.assertEqual(code("verify", self.store).returncode, 0, what)
            return
        for name in ("one", "TWO", "Three", "four"):
            self.assertEqual(code("find", self.store, name).returncode, 0, what)
        self.assertEqual(code("verify", self.store).returncode, 0, what)
        self.index_old()

    def fail_all_allocations(self, command, *words):
        for number in self.moments(self.count(command, *words)["alloc"]):
            what = f"{command}: allocation {number}"
            run = self.run_with(command, *words, alloc=number)
            self.assert_clean(run, what)
            if command == "index":
                self.assert_old_or_new(what)

    def test_index_copes_with_every_allocation_that_fails(self):
        self.fail_all_allocations("index", self.tree, "--jobs", "1")

    def test_queries_cope_with_every_allocation_that_fails(self):
        self.assertEqual(code("index", self.store, self.tree).returncode, 0)
        self.count("stats")
        for query in (("find", "one"), ("verify", "--jobs", "1"), ("refs", "four"), ("outline", "b/b.py"),
                      ("at", "a.c:1:5"), ("tree", "a.c"), ("cat", "a.c"), ("stats",)):
            self.fail_all_allocations(*query)

    def test_no_memory_at_all_is_a_clear_error(self):
        for number in self.moments(self.count("index", self.tree, "--jobs", "1")["alloc"], step=7):
            run = self.run_with("index", self.tree, "--jobs", "1", alloc=f"{number}+")
            self.assert_clean(run, f"index: allocations from {number} on")
            if run.returncode == 0:
                self.index_old()

    def test_index_copes_with_every_system_call_that_fails(self):
        counts = self.count("index", self.tree, "--jobs", "1")
        for call in CALLS:
            for number in self.moments(counts.get(call, 0)):
                for how in ("EIO", "ENOSPC") if call in ("write", "fsync", "open") else ("EIO",):
                    what = f"index: {call} {number} {how}"
                    run = self.run_with("index", self.tree, "--jobs", "1", io=f"{call}:{number}:{how}")
                    self.assert_clean(run, what)
                    self.assert_old_or_new_or_fewer(what)

    def assert_old_or_new_or_fewer(self, what):
        """As assert_old_or_new; a file whose reading failed may have been skipped."""
        if code("find", self.store, "old_one").returncode == 0:
            return
        self.assertEqual(code("verify", self.store).returncode, 0, what)
        self.index_old()

    def test_queries_cope_with_every_system_call_that_fails(self):
        self.assertEqual(code("index", self.store, self.tree).returncode, 0)
        for query in (("find", "one"), ("refs", "four"), ("verify", "--jobs", "1")):
            counts = self.count(*query)
            for call in CALLS:
                for number in self.moments(counts.get(call, 0)):
                    self.assert_clean(self.run_with(*query, io=f"{call}:{number}"), f"{query}: {call} {number}")

    def test_a_kill_before_any_change_on_disk_leaves_the_old_store_or_the_new_one(self):
        for number in self.moments(self.count("index", self.tree, "--jobs", "1")["mutating"]):
            run = self.run_with("index", self.tree, "--jobs", "1", kill=number)
            self.assertIn(run.returncode, (0, -9), run)
            self.assert_old_or_new(f"killed before change {number}")
            self.index_old()
            left = [path.name for path in self.store.iterdir() if path.name.endswith(".tmp")]
            self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
