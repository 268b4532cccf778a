#!/usr/bin/env python3
"""`firn tune memory`: figures of a program whose memory is known, what it used meanwhile, what it
would hold asleep and beside a sibling; what cannot be looked at is one line."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from support.firn import FIRN, as_user, firn

MB = 1 << 20
SOURCE = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
enum { MB = 1 << 20 };
static unsigned long state = 88172645463325252ul;
static unsigned long next(void) { state ^= state << 13; state ^= state >> 7; return state ^= state << 17; }
static char *map(size_t size, int flags) {
    return mmap(0, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}
int main(int count, char **words) {
    char *zeros = map(20 * MB, MAP_PRIVATE), *noise = map(8 * MB, MAP_PRIVATE), *text = map(12 * MB, MAP_PRIVATE);
    char *shared = map(4 * MB, MAP_SHARED), *small = sbrk(3 * MB);
    memset(zeros, 0, 20 * MB);
    memset(shared, 1, 4 * MB);
    memset(small, 2, 3 * MB);
    for (int i = 0; i < 8 * MB; i += 8) *(unsigned long *)(noise + i) = next();
    for (int i = 0; i + 32 <= 12 * MB; i += 32) snprintf(text + i, 32, "line %d of a text: %d", i, i * 7 % 1000);
    if (count > 1) {
        pid_t child = fork();
        if (child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); noise[5] ^= 1; pause(); }
        printf("%d\n", child);
    } else {
        puts("0");
    }
    fflush(stdout);
    for (;;) { for (int i = 0; i < 2 * MB; i += 4096) noise[i]++; usleep(50000); }
}
"""


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keep = tempfile.TemporaryDirectory(prefix="firn-memory-test-")
        cls.addClassCleanup(keep.cleanup)
        cls.folder = pathlib.Path(keep.name)
        os.chmod(cls.folder, 0o755)
        cls.program = cls.folder / "known"
        subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", cls.program], check=True, input=SOURCE.encode())

    def start(self, *words):
        process = subprocess.Popen([self.program, *words], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, int(process.stdout.readline())

    def memory(self, *words, **options):
        done = firn("tune", "memory", "--json", *map(str, words), text=True, **options)
        self.assertEqual(done.returncode, 0, done)
        return json.loads(done.stdout)

    def near(self, value, wanted, within):
        self.assertLessEqual(abs(value - wanted), within, (value, wanted))

    def test_kinds_and_what_was_used(self):
        process, _ = self.start()
        look = self.memory(process.pid, "--interval", "1")
        kinds = {row["kind"]: row for row in look["kinds"]}
        self.assertEqual(set(kinds), {"heap", "anonymous", "file", "stack", "other"})
        self.near(kinds["heap"]["private_bytes"], 3 * MB, MB // 2)
        self.near(kinds["anonymous"]["private_bytes"], 40 * MB, MB)
        self.assertEqual(kinds["anonymous"]["dirty_bytes"], kinds["anonymous"]["private_bytes"])
        for key in ("rss_bytes", "private_bytes", "shared_bytes", "dirty_bytes", "touched_bytes"):
            self.assertEqual(look[key], sum(row[key] for row in kinds.values()))
            self.assertEqual(look[key], sum(row[key] for row in look["mappings"]))
        self.near(kinds["anonymous"]["touched_bytes"], 2 * MB, MB // 2)
        self.assertGreater(look["untouched_share"], 0.85)
        self.assertLess(look["clear_seconds"], 1)
        self.assertEqual(look["interval_seconds"], 1)
        self.assertRegex(look["summary"], r"\A[\d.]+ MB, \d+ % untouched for 1\.00 s, asleep [\d.]+ MB\Z")

    def test_asleep(self):
        process, _ = self.start()
        look = self.memory(process.pid, "--interval", "0", "--sample", "0")
        self.assertNotIn("touched_bytes", look)
        asleep = look["asleep"]
        self.near(asleep["own_bytes"], 43 * MB, MB)
        self.assertEqual(asleep["sampled_bytes"], asleep["own_bytes"])
        self.near(asleep["zero_bytes"], 20 * MB, MB // 2)
        # noise stays, the text shrinks, repeated bytes vanish
        self.assertGreater(asleep["zstd_bytes"], 8 * MB)
        self.assertLess(asleep["zstd_bytes"], 8 * MB + 12 * MB / 3)
        self.assertLess(asleep["zstd_bytes"], asleep["lz4_bytes"])
        self.assertEqual(asleep["zstd_error_bytes"], 0)
        misses = 0
        for _ in range(5):
            part = self.memory(process.pid, "--interval", "0", "--sample", "16M")["asleep"]
            self.assertLess(part["sampled_bytes"], 17 * MB)
            self.assertLess(part["zstd_error_bytes"], asleep["zstd_bytes"] / 4)
            misses += abs(part["zstd_bytes"] - asleep["zstd_bytes"]) > 3 * part["zstd_error_bytes"]
        self.assertLessEqual(misses, 1)

    def test_beside_a_sibling(self):
        process, child = self.start("fork")
        time.sleep(0.2)
        asleep = self.memory(process.pid, "--interval", "0", "--sample", "0", "--sibling", child)["asleep"]
        # only what the parent goes on to change, of which a block keeps most
        self.assertLess(asleep["sibling_bytes"], asleep["zstd_bytes"] / 20)

    def test_a_program_from_its_start(self):
        script = "import time\na = bytes(30 << 20).replace(b'\\0', b'x')\ntime.sleep(2.5)\nprint('done')"
        done = firn("tune", "memory", "--json", "--", sys.executable, "-c", script, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, "done\n"), done)
        look = json.loads(done.stdout)
        self.assertGreater(look["private_bytes"], 30 * MB)
        self.assertIn("python", look["command"])

    def test_firn_itself_and_as_text(self):
        done = firn("tune", "memory", "--self", "--interval", "0", text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertRegex(done.stdout, r"\Asummary +[\d.]+ MB, asleep [\d.]+ [kM]?B\n")
        self.assertRegex(done.stdout, r"\n  heap +\d+ +[\d.]+ [kM]?B ")

    def test_watching(self):
        process, _ = self.start()
        watching = subprocess.Popen([FIRN, "tune", "memory", str(process.pid), "--watch", "--json"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = [watching.stdout.readline() for _ in range(2)]
        process.kill()
        process.wait()
        rest, errors = watching.communicate(timeout=30)
        self.assertEqual(watching.returncode, 0)
        self.assertRegex(errors, rf"\Afirn: process {process.pid}: [^\n]+\n\Z")
        for line in lines + rest.splitlines():
            self.assertGreater(json.loads(line)["private_bytes"], 40 * MB)

    def refused(self, *words, status=1, **options):
        done = firn("tune", "memory", *map(str, words), text=True, **options)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done)
        self.assertRegex(done.stderr, r"\Afirn: [^\n]+\n\Z")
        return done.stderr

    def test_what_cannot_be_looked_at_is_one_line(self):
        for number in (4194304, 0, "99999999999999999999"):
            self.assertIn("there is none", self.refused(number))
        ended = subprocess.Popen(["true"])
        time.sleep(0.3)
        self.assertIn("ending", self.refused(ended.pid))
        ended.wait()
        self.assertIn("there is none", self.refused(ended.pid))
        if pathlib.Path("/proc/2/comm").exists() and pathlib.Path("/proc/2/comm").read_text() == "kthreadd\n":
            self.assertIn("kernel", self.refused(2))
        self.assertIn("before it could be looked at", self.refused("--", "true"))
        self.refused("--", "none-such", status=127)
        process, _ = self.start()
        self.assertIn("there is none", self.refused(process.pid, "--sibling", 4194304))
        for words in ((), ("--self", "5"), ("--interval", "x", "5"), ("--sample", "x", "5")):
            self.refused(*words, status=2)

    @unittest.skipIf(os.geteuid() != 0, "needs root to become another user")
    def test_a_process_of_another_user(self):
        process, _ = self.start()
        self.assertIn("another user", self.refused(process.pid, **as_user(self.folder)))


if __name__ == "__main__":
    unittest.main()
