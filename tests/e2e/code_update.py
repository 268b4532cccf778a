#!/usr/bin/env python3
"""`firn code update`: after any edits a store answers as a fresh index of the same sources does, `verify` finds no
difference, and whatever stops an update leaves the store as it was."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from edits import Editor  # noqa: E402
from firn import Case, code  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", "."))
ANSWERS = os.path.join(os.environ.get("FIRN_TOOLS", "build/release/tests/tools"), "all_answers")


class Updates(Case):
    def setUp(self):
        super().setUp()
        print(f"{self.id()}: FIRN_SEED={SEED}", flush=True)
        self.chance = random.Random(f"{SEED} {self.id()}")

    def update(self, *words, **options):
        run = code("update", self.store, "--json", *words, **options)
        self.assertEqual(run.returncode, 0, run)
        return json.loads(run.stdout)

    def counts(self, result):
        return tuple(result[key] for key in ("files", "changed", "added", "removed", "unchanged"))

    def answers(self, store):
        run = subprocess.run([ANSWERS, store], stdout=subprocess.PIPE, check=True)
        return run.stdout

    def check(self):
        """The store must answer as a fresh one, and verify."""
        result = self.verify()
        self.assertEqual(result["changed"], 0, result)
        fresh = self.folder / "fresh"
        run = code("index", fresh, self.tree, "--quiet")
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual(self.answers(self.store), self.answers(fresh))

    def lay_out(self, *folders):
        for folder in folders:
            shutil.copytree(SOURCE / folder, self.tree / folder)

    def copy(self, source):
        shutil.rmtree(self.tree)
        shutil.copytree(source, self.tree)

    def test_what_is_told(self):
        self.write("a.c", "int one;\n")
        self.write("b/b.py", "def two():\n    pass\n")
        self.index()
        self.assertEqual(self.counts(self.update()), (2, 0, 0, 0, 2))
        self.write("a.c", "int three;\n")
        self.write("c.go", "package c\n\nfunc four() {}\n")  # a language that is new to the store
        (self.tree / "b" / "b.py").rename(self.tree / "e.py")
        self.assertEqual(self.counts(self.update()), (3, 1, 2, 1, 0))
        self.check()
        self.assertEqual(code("find", self.store, "one").returncode, 1)
        for name in ("two", "three", "four"):
            self.assertEqual(code("find", self.store, name).returncode, 0, name)
        self.assertEqual(code("cat", self.store, "a.c").stdout, b"int three;\n")
        shutil.rmtree(self.tree)
        self.tree.mkdir()
        self.assertEqual(self.counts(self.update()), (0, 0, 0, 3, 0))
        self.check()
        self.write("a.c", "int one;\n")
        self.assertEqual(self.counts(self.update()), (1, 0, 1, 0, 0))
        self.check()

    def test_the_same_size_and_time_is_read_when_it_is_fresh(self):
        path = self.write("a.c", "int one;\n")
        self.index()
        before = path.stat()
        path.write_text("int two;\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.counts(self.update()), (1, 1, 0, 0, 0))
        self.check()

    def test_only_another_time_is_no_change_and_is_noted(self):
        path = self.write("a.c", "int one;\n")
        self.write("b.c", "int two;\n")
        self.index()
        os.utime(path, ns=(1, 1_000_000_000_000_000_000))
        self.assertEqual(self.counts(self.update()), (2, 0, 0, 0, 2))
        self.assertEqual(self.verify()["changed"], 0)
        data = sum(file.stat().st_size for file in self.store.iterdir())
        self.assertEqual(self.counts(self.update()), (2, 0, 0, 0, 2))
        self.assertEqual(sum(file.stat().st_size for file in self.store.iterdir()), data, "nothing was written")

    def test_patterns_are_kept_and_may_be_changed(self):
        self.write("a.c", "int one;\n")
        self.write("b.min.js", "let two;\n")
        self.write("c.py", "three = 3\n")
        self.index("-x", "*.min.js")
        self.assertEqual(self.counts(self.update()), (2, 0, 0, 0, 2))
        self.assertEqual(self.counts(self.update("-x", "*.py")), (2, 0, 1, 1, 1))
        self.assertEqual(self.counts(self.update()), (2, 0, 0, 0, 2))

    def test_a_folder_that_moved(self):
        self.write("a.c", "int one;\n")
        self.index()
        self.tree = self.tree.rename(self.folder / "elsewhere")
        self.assert_fails_with_one_line(code("update", self.store), "tree", "folder")
        self.assertEqual(self.counts(self.update(self.tree)), (1, 0, 0, 0, 1))
        self.assertEqual(self.counts(self.update()), (1, 0, 0, 0, 1))
        self.check()

    def test_what_cannot_be_read_goes_and_is_told(self):
        self.write("a.c", "int one;\n")
        self.write("b.c", "int two;\n")
        self.index()
        self.write("b.c", b"int\0two;\n")
        result = self.update()
        self.assertEqual(self.counts(result), (1, 0, 0, 1, 1))
        self.assertIn("binary", self.skipped(result)["b.c"])
        self.check()

    def test_wrong_stores(self):
        self.assert_fails_with_one_line(code("update", self.store), "store")
        self.assertFalse(self.store.exists())
        self.write("a.c", "int one;\n")
        self.assert_fails_with_one_line(code("update", self.tree), "tree")
        self.index()
        shutil.rmtree(self.store)
        shutil.copytree(SOURCE / "tests" / "golden" / "store-2", self.store)
        self.assert_fails_with_one_line(code("update", self.store, self.tree), "not one of")

    def test_a_store_of_the_first_version(self):
        shutil.copytree(SOURCE / "tests" / "golden" / "code-1", self.store)
        self.assertEqual(code("find", self.store, "list_sum").stdout.count(b"\n"), 3)
        self.verify()
        self.write("lib/list.c", "int list_sum(void);\n")
        self.assertEqual(self.counts(self.update(self.tree)), (1, 1, 0, 4, 0))
        self.check()

    def test_a_store_whose_tables_have_groups_of_16(self):
        shutil.copytree(SOURCE / "tests" / "golden" / "code-2", self.store)
        for i in range(1, 4):
            for j in range(1, 16):
                self.assertEqual(code("find", self.store, f"of_{i}_{j}").stdout.decode(),
                                 f"f{i}.c:{j}:5: function of_{i}_{j}\n")
        self.verify()
        self.write("f1.c", "int of_1_1(void);\n")
        self.assertEqual(self.counts(self.update(self.tree)), (1, 1, 0, 2, 0))
        self.check()

    def test_who_writes_is_told(self):
        self.write("a.c", "int one;\n")
        self.index()
        with open(self.store / "lock", "r+", encoding="ascii") as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate()
            lock.write("12345 (somebody)")
            lock.flush()
            self.assert_fails_with_one_line(code("update", self.store), "12345", "somebody")

    def test_edits_through_many_updates(self):
        self.lay_out("src", "tests/e2e", "tests/code")
        self.index()
        editor = Editor(self.tree, self.chance)
        for _ in range(20):
            editor.apply(self.chance.choice([1, 1, 2, 5, 20]))
            self.update()
        for count in (15, 4, 1):  # each a layer of its own
            editor.apply(count)
            self.update()
        self.check()
        editor.apply(200)  # which absorb all of them
        self.update()
        self.check()

    def test_readers_meanwhile(self):
        self.lay_out("src/tree", "src/core")
        self.index()
        readers = [subprocess.Popen([ANSWERS, self.store, "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                   for _ in range(2)]
        editor = Editor(self.tree, self.chance)
        while any(reader.poll() is None for reader in readers):
            editor.apply(3)
            self.update()
        for reader in readers:
            out, error = reader.communicate()
            self.assertEqual((reader.returncode, error), (0, b""), out)
            self.assertGreater(int(out.split()[2]), 2, out)
        self.check()


if __name__ == "__main__":
    unittest.main()
