#!/usr/bin/env python3
"""Stores that are missing, foreign, damaged or cut, and indexings that are interrupted, killed, refused or out of
space: one line of explanation, exit status 1, and never a wrong answer."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, as_user, code, code_json, firn  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
FLIPS = int(os.environ.get("FIRN_FLIPS", 60))
QUERIES = [("find", "number_3"), ("refs", "number_3"), ("outline", "some/file3.c"), ("at", "some/file3.c:2:5"),
           ("tree", "some/file3.c"), ("cat", "some/file3.c"), ("stats",), ("verify",)]


class Stores(Case):
    def setUp(self):
        super().setUp()
        for number in range(40):
            content = f"int number_{number};\n" * (number + 1) + "void f(void) { number_3++; }\n"
            self.write(f"some/file{number}.c", content)
        self.write("other.py", "def number_3():\n    pass\n")

    def answers(self):
        return [code(query[0], self.store, *query[1:]).stdout for query in QUERIES[:6]]

    def test_a_store_that_is_missing_or_foreign_is_refused(self):
        (self.folder / "file").write_text("no store")
        (self.folder / "folder").mkdir()
        (self.folder / "folder" / "manifest").write_text("no store")
        for store in (self.folder / "none", self.folder / "file", self.folder / "folder", self.tree, "/dev/null", ""):
            for query in QUERIES:
                self.assert_fails_with_one_line(code(query[0], store, *query[1:]), store)
        for store in (self.folder / "file", self.tree, self.folder / "none/below", "/dev/null"):
            self.assert_fails_with_one_line(code("index", store, self.tree), store)
        self.assertEqual((self.folder / "file").read_text(), "no store")
        self.assertEqual(len(list(self.tree.iterdir())), 2)

    def test_a_store_without_permission_is_refused(self):
        self.index()
        for path, mode in ((self.store, 0), (self.store / "manifest", 0)):
            user = as_user(self.folder)
            before = path.stat().st_mode
            path.chmod(mode)
            for query in QUERIES:
                self.assert_fails_with_one_line(code(query[0], self.store, *query[1:], **user), self.store)
            path.chmod(before)
        self.store.chmod(0o500)
        self.assert_fails_with_one_line(code("index", self.store, self.tree, **user), self.store)
        self.assertEqual(code("find", self.store, "number_5", **user).returncode, 0)
        self.store.chmod(0o700)

    def test_a_store_of_a_later_version_is_refused(self):
        self.index()
        for name in ("manifest", "manifest-copy"):
            manifest = self.store / name
            content = bytearray(manifest.read_bytes())
            content[8] += 1
            manifest.write_bytes(content)
        for query in QUERIES:
            self.assert_fails_with_one_line(code(query[0], self.store, *query[1:]), self.store)

    def check_damaged(self, right, what):
        """All commands on a damaged store: right answers, or one line and exit status 1. Returns whether verify found
        the damage; it compares all content, so what it does not find has changed nothing."""
        wrong = 0
        for query, answer in zip(QUERIES, right):
            run = code(query[0], self.store, *query[1:])
            if run.returncode == 0:
                self.assertEqual(run.stdout, answer, (what, query))
            else:
                self.assert_fails_with_one_line(run)
                wrong += 1
        self.assertIn(code("stats", self.store).returncode, (0, 1), what)
        run = code("verify", self.store)
        self.assertIn(run.returncode, (0, 1), (what, run))
        self.assertTrue(run.stdout or run.stderr)
        self.assertNotIn(b"AddressSanitizer", run.stderr)
        if run.returncode == 0:
            self.assertEqual(wrong, 0, (what, run))
        return run.returncode == 1

    def test_a_byte_flipped_anywhere_is_found(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        self.index()
        right = self.answers()
        files = [path for path in sorted(self.store.iterdir()) if path.name != "lock"]
        found = 0
        for number in range(FLIPS):
            path = files[number % len(files)]
            content = path.read_bytes()
            at = chance.randrange(len(content))
            path.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1:])
            found += self.check_damaged(right, (path.name, at))
            path.write_bytes(content)
        # A packed block has a few bits that mean nothing: what it unpacks to is what the checksum is of.
        self.assertGreaterEqual(found, FLIPS * 0.95)
        self.verify()

    def test_a_file_that_is_cut_or_missing_is_found(self):
        chance = random.Random(SEED)
        self.index()
        right = self.answers()
        for path in sorted(self.store.iterdir()):
            if path.name == "lock":
                continue
            content = path.read_bytes()
            for size in (0, 1, len(content) - 1, chance.randrange(len(content)), chance.randrange(len(content))):
                path.write_bytes(content[:size])
                self.assertTrue(self.check_damaged(right, (path.name, size)), (path.name, size))
            path.write_bytes(content + b"\0")
            self.assertIn(code("verify", self.store).returncode, (0, 1))
            path.unlink()
            self.assertTrue(self.check_damaged(right, (path.name, None)), path.name)
            path.write_bytes(content)
        self.verify()

    def test_a_damaged_store_is_indexed_anew(self):
        self.index()
        for path in self.store.iterdir():
            if path.name.startswith("data-"):
                path.write_bytes(b"damaged")
        self.index()
        self.verify()


class Interrupted(Case):
    """The old store stands, whatever happens to an indexing; the new one is complete when there is one."""

    def setUp(self):
        super().setUp()
        for number in range(400):
            content = f"int number_{number}(int argument) {{ return argument + {number}; }}\n" * 60
            self.write(f"some/file{number}.c", content)
        self.old = self.folder / "old"
        self.old.mkdir()
        (self.old / "old.c").write_text("int old_one;\n")
        self.assertEqual(code("index", self.store, self.old).returncode, 0)

    def start(self, **options):
        words = [FIRN, "code", "index", self.tree, "--store", self.store, "--json"]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def assert_old_store(self):
        self.assertEqual(code("find", self.store, "old_one").stdout, b"old.c:1:5: variable old_one\n")
        self.assertEqual(self.verify()["files"], 1)

    def assert_no_scratch(self):
        left = [path.name for path in self.store.iterdir() if path.name.endswith(".tmp")]
        self.assertEqual(left, [])

    def test_an_interrupt_leaves_the_old_store(self):
        for number, sent in enumerate((signal.SIGINT, signal.SIGTERM) * 3):
            process = self.start()
            time.sleep(0.01 + 0.03 * number)
            process.send_signal(sent)
            output, errors = process.communicate(timeout=60)
            if process.returncode == 0:
                self.assertEqual(self.verify()["files"], 400)
                self.assertEqual(code("index", self.store, self.old).returncode, 0)
                continue
            # Before the handlers are set, a signal ends the process in its usual way.
            self.assertIn(process.returncode, (1, -sent), errors)
            if process.returncode == 1:
                self.assertRegex(errors.decode(), r"\Afirn: interrupted[^\n]*\n\Z")
                self.assert_no_scratch()
            self.assert_old_store()

    def test_a_kill_at_any_moment_leaves_the_old_store_or_the_new_one(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        start = time.monotonic()
        process = self.start()
        process.communicate()
        self.assertEqual(process.returncode, 0)
        took = time.monotonic() - start
        self.assertEqual(code("index", self.store, self.old).returncode, 0)
        for _ in range(10):
            process = self.start()
            time.sleep(chance.random() * took)
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
            if code("find", self.store, "old_one").returncode == 0:
                self.assert_old_store()
            else:
                self.assertEqual(self.verify()["files"], 400)
            self.assertEqual(code("index", self.store, self.old).returncode, 0)
            self.assert_no_scratch()
            self.assert_old_store()

    def test_a_second_indexer_is_refused_at_once_and_told_who_holds_the_store(self):
        process = self.start()
        time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        try:
            if process.poll() is None:
                start = time.monotonic()
                run = code("index", self.store, self.old, timeout=60)
                self.assertLess(time.monotonic() - start, 20)
                self.assert_fails_with_one_line(run, self.store, process.pid, "firn code index")
                self.assert_old_store()
        finally:
            process.send_signal(signal.SIGCONT)
            process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.verify()["files"], 400)

    def test_no_space_for_a_file_leaves_the_old_store(self):
        for limit in (0, 100, 4096, 20_000):
            def bound():
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            run = code("index", self.store, self.tree, preexec_fn=bound, restore_signals=False)
            if run.returncode != 0:
                self.assert_fails_with_one_line(run, self.store)
                self.assert_no_scratch()
                self.assert_old_store()

    def test_a_full_disk_leaves_the_old_store(self):
        if os.geteuid() != 0 or shutil.which("mount") is None:
            self.skipTest("only root can mount a small file system")
        place = self.folder / "small"
        place.mkdir()
        if firn_mount(place) != 0:
            self.skipTest("no small file system can be mounted here")
        try:
            self.store = place / "store"
            self.assertEqual(code("index", self.store, self.old).returncode, 0)
            for left in (0, 4096, 8192, 12_288):
                filler = place / "filler"
                free = os.statvfs(place)
                filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))
                run = code("index", self.store, self.tree)
                self.assert_fails_with_one_line(run, self.store)
                self.assert_old_store()
                self.assert_no_scratch()
                filler.unlink()
            self.assertEqual(code("index", self.store, self.tree).returncode, 0)
        finally:
            subprocess.run(["umount", place], check=True)


def firn_mount(place):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], stderr=subprocess.DEVNULL,
                          check=False).returncode


class Output(Case):
    def test_an_output_that_cannot_be_written_is_an_error(self):
        self.write("a.c", "int a;\n")
        self.index()
        for query in (("find", "a"), ("cat", "a.c"), ("tree", "a.c"), ("stats",), ("verify",)):
            with open("/dev/full", "wb") as full:
                run = firn("code", *query, "--store", self.store, stdout=full)
            self.assert_fails_with_one_line(run)
        self.assertEqual(code_json("stats", self.store)["files"], 1)


if __name__ == "__main__":
    unittest.main()
