#!/usr/bin/env python3
"""`firn code watch`: each change below the folder is in the store soon after, whatever its kind; signals end it."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, code  # noqa: E402

SECONDS = 30  # that a line may take on a busy machine


class Watches(Case):
    def setUp(self):
        super().setUp()
        self.write("a/b/one.c", "int one;\n")
        self.index()

    def watch(self, *words, before=()):
        run = subprocess.Popen([*before, FIRN, "code", "watch", "--store", self.store, *words],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line) for line in run.stdout], daemon=True).start()
        return run

    def next(self):
        return json.loads(self.lines.get(timeout=SECONDS))

    def find(self, name):
        return code("find", self.store, name).stdout.decode()

    def until(self, **wanted):
        """Reads lines until their sums are as wanted; a change may come in several of them."""
        sums = {"changed": 0, "added": 0, "removed": 0}
        while sums != {**sums, **wanted}:
            line = self.next()
            for key in sums:
                sums[key] += line[key]
            for key, value in wanted.items():
                self.assertLessEqual(sums[key], value, sums)

    def end(self, run, number=signal.SIGTERM):
        run.send_signal(number)
        self.assertEqual(run.wait(SECONDS), 0)
        self.assertEqual(run.stderr.read(), "")

    def test_changes_of_all_kinds(self):
        run = self.watch("--json")
        self.assertEqual(self.next()["unchanged"], 1)
        self.write("a/b/one.c", "int two;\n")
        self.until(changed=1)
        self.assertIn("a/b/one.c", self.find("two"))
        self.write("new/folder/three.c", "int three;\n")  # its folders come with it
        self.until(added=1)
        (self.tree / "new").rename(self.tree / "moved")
        self.until(added=1, removed=1)
        self.write("moved/folder/three.c", "int four;\n")  # in a folder that has moved
        self.until(changed=1)
        self.assertIn("moved/folder/three.c", self.find("four"))
        shutil.move(self.tree / "moved", self.folder / "away")
        self.until(removed=1)
        shutil.move(self.folder / "away", self.tree / "back")
        self.until(added=1)
        shutil.rmtree(self.tree / "back")
        self.until(removed=1)
        self.write("notes.txt", "of no known language\n")
        self.write("last.c", "int last;\n")
        self.until(added=1)
        self.verify()
        self.end(run)

    def test_both_signals_end_it_and_plain_lines_tell(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            run = self.watch()
            self.assertRegex(self.lines.get(timeout=SECONDS),
                             r"\A1 files: 0 changed, 0 added, 0 removed in [0-9.]+ s\n\Z")
            self.end(run, number)

    def test_another_writer_is_waited_for(self):
        import fcntl
        with open(self.store / "lock", "r+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate()
            lock.write("12345 (somebody)")
            lock.flush()
            run = self.watch("--json")
            self.assertIn("12345", run.stderr.readline())
        self.assertEqual(self.next()["unchanged"], 1)
        self.end(run)

    def test_many_changes_at_once_are_gathered(self):
        run = self.watch("--json")
        self.next()
        for i in range(300):
            self.write(f"many/m{i}.c", f"int m{i};\n")
        seen = 0
        lines = 0
        while seen < 300:
            seen += self.next()["added"]
            lines += 1
        self.assertLess(lines, 30)
        self.end(run)

    def test_a_limit_of_watches_is_told(self):
        # This file is the new namespace's own; the one below fs/inotify is the whole machine's.
        limit = "echo 2 >/proc/sys/user/max_inotify_watches 2>/dev/null || exit 77; exec \"$@\""
        if shutil.which("unshare") is None:
            self.skipTest("no unshare here")
        run = self.watch(before=["unshare", "-Ur", "sh", "-c", limit, "sh"])
        status = run.wait(SECONDS)
        error = run.stderr.read()
        if status == 77 or "unshare" in error:
            self.skipTest("the limit cannot be lowered here")
        self.assertEqual(status, 1)
        self.assertRegex(error, r"\Afirn: [^\n]+sysctl fs.inotify.max_user_watches\n\Z")

    def test_a_folder_that_goes_away_ends_it(self):
        run = self.watch("--json")
        self.next()
        shutil.rmtree(self.tree)
        time.sleep(0.1)
        self.assertEqual(run.wait(SECONDS), 1)
        self.assertRegex(run.stderr.read(), r"\Afirn: [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
