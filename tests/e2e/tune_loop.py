#!/usr/bin/env python3
"""The advice of `firn tune recommend`, taken: programs, a server and scenarios are tracked, asked or benched, run as
advised, and must save what was promised within a fifth; where nothing was promised there must be nothing to save."""

import contextlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from firn import FIRN, Case, firn  # noqa: E402
from serve import Server  # noqa: E402

with open(FIRN, "rb") as program:  # whose own memory is then the sanitizer's, too
    SANITIZED = b"__asan_init" in program.read()

# Blocks of the sizes from LEAST to MOST that all live at the end, after some that came and went.
WORK = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **words)
{
    size_t least = strtoul(words[1], 0, 10), most = strtoul(words[2], 0, 10), blocks = strtoul(words[3], 0, 10);
    void **kept = malloc(blocks * sizeof *kept);
    unsigned random = 1;
    for (size_t i = 0; i < blocks; i++) {
        random = random * 1664525u + 1013904223u;
        size_t size = least + (random >> 8) % (most - least + 1);
        void *passing = malloc(size);
        memset(passing, 1, size);
        free(passing);
        kept[i] = malloc(size);
        memset(kept[i], 2, size);
    }
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            printf("%s", line + 6);
    return count != 4 || kept[blocks / 2] == NULL;
}
"""

# Blocks that stay amid others that go: all of those together, as a collector's do ("all"), or nine in ten ("most").
# Then come more, of a size for which malloc finds room in the holes after "most" only, and slabs after "all" only.
HOLES = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *made(size_t size)
{
    return memset(malloc(size), 1, size);
}
int main(int count, char **words)
{
    enum { FIRST = 400000 };
    static void *kept[FIRST], *going[FIRST];
    int most = strcmp(words[1], "most") == 0;
    size_t more = 0;
    for (int i = 0; i < FIRST; i++) {
        going[i] = made(most ? 40 : 20);
        if (!most)
            kept[i] = made(40);
    }
    for (int i = 0; i < FIRST; i++)
        if (!most || i % 10 != 0)
            free(going[i]);
    for (int i = 0; i < FIRST; i++)
        more += made(96) != NULL;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            printf("%s", line + 6);
    return count != 2 || more != FIRST;
}
"""


def peak_and_time(words):
    """Peak RSS in bytes, as the program tells it, and seconds of the processor."""
    before = os.times()
    run = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    after = os.times()
    return int(run.stdout.split()[0]) * 1024, after[2] + after[3] - before[2] - before[3]


class Loop(Case):
    """What the tests of this kind share, here and in tune_loop_stress.py."""

    def recommend(self, *paths):
        run = firn("tune", "recommend", "--json", *paths)
        self.assertEqual(run.returncode, 0, run)
        return json.loads(run.stdout)["advice"]

    def check_program(self, least, most, blocks):
        source, work, profile = (self.folder / name for name in ("work.c", "work", "profile.json"))
        source.write_text(WORK)
        subprocess.run(["cc", "-g", "-O1", "-fno-builtin", source, "-o", work], check=True)
        words = [os.fspath(work), str(least), str(most), str(blocks)]
        self.assertEqual(firn("tune", "track", "--exact", "-o", profile, "--", *words).returncode, 0)
        advice = self.recommend(profile)[0]
        self.assertEqual(advice["setting"], "mode runtime", advice)
        self.assertEqual(advice["options"], f"firn run --mode runtime -- {shlex.join(words)}")
        before, slow = min(peak_and_time(words) for _ in range(2))
        after, fast = min(peak_and_time([FIRN, *advice["options"].split()[1:4], "--", *words]) for _ in range(2))
        promised, saved = advice["saved_bytes"], before - after
        print(f"{least} to {most} bytes: promised {promised / 1e6:.2f} MB of {advice['now_bytes'] / 1e6:.2f}, "
              f"saved {saved / 1e6:.2f}; {slow:.2f} s, then {fast:.2f} s", file=sys.stderr)
        self.assertLess(abs(saved - promised), 0.2 * promised)

    def check_holes(self, which):
        """What was promised and what is saved, of what the program takes."""
        source, work, profile = (self.folder / name for name in ("holes.c", "holes", "profile.json"))
        source.write_text(HOLES)
        subprocess.run(["cc", "-O1", "-fno-builtin", source, "-o", work], check=True)
        self.assertEqual(firn("tune", "track", "--exact", "-o", profile, "--", work, which).returncode, 0)
        advice = self.recommend(profile)[0]
        before = peak_and_time([work, which])[0]
        saved = before - peak_and_time([FIRN, "run", "--mode", "runtime", "--", work, which])[0]
        print(f"holes of {which}: {advice['setting']}: promised {advice['saved_bytes'] / 1e6:.2f} MB of "
              f"{before / 1e6:.2f}, mode runtime saves {saved / 1e6:.2f}", file=sys.stderr)
        return advice, saved, before

    def check_bench(self, text, worth):
        scenario, result = self.folder / "scenario.txt", self.folder / "bench.json"

        def bench():
            run = firn("tune", "bench", "--json", scenario)
            self.assertEqual(run.returncode, 0, run)
            return run.stdout

        scenario.write_text(text)
        result.write_bytes(bench())
        advice = self.recommend(result)[0]
        self.assertGreater(advice["saved_bytes"], worth, advice)
        again = {each["strategy"]: each for each in json.loads(bench())["strategies"]}
        saved = advice["now_bytes"] - again[advice["setting"]]["peak_bytes"]
        print(f"{advice['setting']}: promised {advice['saved_bytes'] / 1e6:.2f} MB of "
              f"{advice['now_bytes'] / 1e6:.2f}, saved {saved / 1e6:.2f}", file=sys.stderr)
        self.assertLess(abs(saved - advice["saved_bytes"]), 0.2 * advice["saved_bytes"])


class Small(Loop):
    def test_nodes_of_one_size(self):
        self.check_program(48, 48, 500000)

    def test_small_blocks(self):
        self.check_program(16, 16, 1200000)

    def test_blocks_of_many_sizes(self):
        self.check_program(8, 56, 900000)

    def test_holes_that_only_malloc_has(self):
        advice, saved, _ = self.check_holes("all")
        self.assertEqual(advice["setting"], "mode runtime")
        self.assertIn("holes", advice["because"])
        self.assertLess(abs(saved - advice["saved_bytes"]), 0.2 * advice["saved_bytes"])

    def test_holes_that_only_slabs_have(self):
        advice, saved, before = self.check_holes("most")
        self.assertEqual(advice["setting"], "malloc, as it is")
        self.assertLess(saved, 0.05 * before)

    @unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
    def test_entries_of_a_map(self):
        self.check_bench("scenario map\ncount 200000\nkey text\ninsert sorted\n", 5 << 20)

    @unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
    def test_entries_that_come_in_no_order(self):
        self.check_bench("scenario map\ncount 300000\nkey u64\ngets 100000\n", 5 << 20)


LUA = """
local rows = {}
for i = 1, 250000 do rows[i] = {id = i, name = "name " .. i} end
local sum = 0
for i, row in ipairs(rows) do sum = sum + row.id + #row.name end
print(sum)
"""
PERL = """
my %rows;
for my $i (1 .. 100000) { $rows{"key$i"} = [$i, "value $i", {id => $i}]; }
my $sum = 0;
for my $key (sort keys %rows) { $sum += $rows{$key}[0]; }
print "$sum\\n";
"""
PYTHON = """
import json
rows = [{'id': i, 'name': 'name %d' % i, 'text': 'snow ' * (i % 200)} for i in range(10000)]
assert json.loads(json.dumps(rows)) == rows
"""
SQL = """
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO t SELECT i, printf('name %d', i * 7919 % 50021), i / 7.0 FROM n;
CREATE INDEX b ON t(b);
SELECT count(*), sum(c) FROM t GROUP BY a % 100;
"""
# Starts a program, says what the kernel counted: an interpreter as its parent would be counted, too.
LAUNCH = """
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words)
{
    struct rusage usage;
    int status;
    pid_t child = count > 1 ? fork() : -1;
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL)
            execvp(words[1], words + 1);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        return 1;
    printf("%ld %f\\n", usage.ru_maxrss * 1024, (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    return 0;
}
"""


def need(*names):
    missing = [name for name in names if shutil.which(name) is None]
    return unittest.skipIf(missing, f"{', '.join(missing)}: not installed")


class Large(Case):
    """What the tests of programs share."""

    RUNS = 2

    def launch(self, *words):
        """Peak RSS and seconds of the processor, the least of some runs."""
        launcher = self.folder / "launch"
        if not launcher.exists():
            source = self.folder / "launch.c"
            source.write_text(LAUNCH)
            subprocess.run(["cc", "-O1", source, "-o", launcher], check=True)
        runs = [subprocess.run([launcher, *words], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
                for _ in range(self.RUNS)]
        return min(int(run[0]) for run in runs), min(float(run[1]) for run in runs)

    def check(self, settings, *words, slower=1.3):
        profile = self.folder / "profile.json"
        run = firn("tune", "track", "--exact", "--quiet", "-o", profile, "--", *words)
        self.assertEqual(run.returncode, 0, run)
        advice = json.loads(firn("tune", "recommend", "--json", profile).stdout)["advice"][0]
        self.assertIn(advice["setting"], settings, advice)
        mode = advice["setting"].split()[1] if advice["options"] else "runtime"
        before, slow = self.launch(*words)
        after, fast = self.launch(FIRN, "run", "--mode", mode, "--", *words)
        saved, promised = before - after, advice["saved_bytes"] - advice.get("cost_bytes", 0)
        print(f"{words[0]}: {advice['setting']}: promised {promised / 1e6:.2f} MB of {before / 1e6:.2f}, mode {mode} "
              f"saves {saved / 1e6:.2f}, takes {fast / slow:.2f} of the time", file=sys.stderr)
        if advice["options"]:
            self.assertEqual(shlex.split(advice["options"]), ["firn", "run", "--mode", mode, "--", os.path.realpath(
                shutil.which(words[0])), *map(str, words[1:])])
            self.assertLess(fast, slow * slower)
        if promised > 0:
            self.assertLess(promised - saved, 0.2 * promised)
            self.assertLess(saved - promised, 0.2 * promised)
        else:  # it is right that there is nothing to save, and what it costs was said
            self.assertLess(saved, 0.05 * before)
            self.assertTrue(not advice["options"] or saved > promised - 0.02 * before, (saved, promised))
        return advice

    def script(self, text):
        path = self.folder / "script"
        path.write_text(text)
        return path

    def compiler(self, functions):
        program = subprocess.run(["gcc", "-print-prog-name=cc1"], stdout=subprocess.PIPE, text=True).stdout.strip()
        source = self.script("double sin(double);\nint printf(const char *, ...);\n" + "\n".join(
            f"double f{i}(double x) {{ double y = x; for (int i = 0; i < {i}; i++) y += sin(x * i) / (i + {i}.5); "
            f'if (y > {i}) printf("%g", y); return y * {i}; }}' for i in range(functions)))
        return program, "-quiet", "-O2", source, "-o", "/dev/null"


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Programs(Large):
    """Programs of others, as they are installed."""

    @need("lua5.4")
    def test_lua(self):
        self.check({"mode runtime"}, "lua5.4", self.script(LUA))

    @need("perl")
    def test_perl(self):
        self.check({"mode runtime"}, "perl", self.script(PERL))

    @need("python3")
    def test_python(self):
        self.check({"malloc, as it is"}, "/usr/bin/python3", self.script(PYTHON))

    @need("sqlite3")
    def test_sqlite(self):
        self.check({"malloc, as it is"}, "sqlite3", ":memory:", f".read {self.script(SQL)}")

    def test_a_compiler(self):
        self.check({"mode compiler", "malloc, as it is"}, *self.compiler(150))

    def test_one_that_allocates_little(self):
        advice = self.check({"malloc, as it is"}, "sh", "-c", "for i in 1 2 3; do echo $i; done")
        self.assertIn("nothing to save", advice["because"])


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Connections(Case):
    """A server, many of whose connections are amid a request."""

    COUNT = 2500

    def load(self, profile):
        """What --stats answers under load, and anonymous memory then."""
        self.write("a", "x")
        with Server(self.tree, "--stats", "/stats", "--profile", profile) as server, contextlib.ExitStack() as stack:
            for _ in range(self.COUNT):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
                connection.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a test\r\n\r\n")
                self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))
                connection.sendall(b"GET /a HTTP/1.1\r\nHost: loc")
            for _ in range(100):
                page = json.loads(server.get("/stats")[2])
                if page["connections"]["reading"] >= self.COUNT:
                    break
                time.sleep(0.05)
            rollup = pathlib.Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
            return page, int(re.search(r"Anonymous: +(\d+) kB", rollup)[1]) * 1024

    def test_profile(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limits[1] < self.COUNT + 100:
            self.skipTest("too few descriptors are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], self.COUNT + 100), limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        page, before = self.load("balanced")
        path = self.folder / "stats.json"
        path.write_text(json.dumps(page))
        advice = json.loads(firn("tune", "recommend", "--json", path).stdout)["advice"][0]
        self.assertEqual((advice["setting"], advice["options"]), ("profile low", "firn serve DIR --profile low"))
        _, after = self.load("low")
        saved, promised = before - after, advice["saved_bytes"]
        print(f"profile low: promised {promised / 1e6:.2f} MB of {advice['now_bytes'] / 1e6:.2f}, saved "
              f"{saved / 1e6:.2f}", file=sys.stderr)
        self.assertLess(abs(saved - promised), 0.2 * promised)


class Evidence(Case):
    """What is damaged is refused with its place, and what saves nothing is no advice."""

    def recommend(self, content, status=0):
        path = self.folder / "evidence.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        run = firn("tune", "recommend", "--json", path)
        self.assertEqual(run.returncode, status, run)
        return json.loads(run.stdout)["advice"] if status == 0 else run

    def test_what_saves_little_stays(self):
        profile = self.profile(4000, 1000)
        self.assertEqual(len(self.recommend(profile)), 1)
        self.assertEqual(self.recommend(profile)[0]["setting"], "malloc, as it is")
        self.assertIn("nothing to save", self.recommend(self.profile(48, 100))[0]["because"])

    def profile(self, size, blocks, calls=None, **others):
        calls = blocks if calls is None else calls
        site = {"stack": ["make_node (a.c:7)", "main"], "calls": calls, "bytes": calls * size,
                "peak_bytes": blocks * size, "malloc_bytes": calls * max(32, (size + 23) // 16 * 16),
                "arena_bytes": calls * ((size + 15) // 16 * 16)}
        return {"kind": "firn-profile", "version": 3, "command": "/bin/x", "sampled": False, "cpu_seconds": 1,
                "samples": 0, "calls": calls, "peak_bytes": blocks * size, "kept_peak_bytes": blocks * size,
                "malloc_peak_bytes": 0, "slab_peak_bytes": 0,
                "sites": [site], "sizes": [
                    {"bytes": size, "calls": calls, "peak_calls": blocks, "peak_bytes": blocks * size}], **others}

    def test_a_program_of_many_small_blocks(self):
        mode, pool, arena = self.recommend(self.profile(48, 500000))
        self.assertEqual((mode["setting"], mode["options"]), ("mode runtime", "firn run --mode runtime -- /bin/x"))
        self.assertEqual(mode["now_bytes"], 500000 * 64)
        self.assertLess(abs(mode["saved_bytes"] - 500000 * 16), 400000)
        self.assertAlmostEqual(mode["time_percent"], 0.2)
        self.assertEqual(pool["setting"], "a pool for 48 bytes")
        self.assertIn(".object_bytes = 48, .alignment = 16", pool["options"])
        self.assertIn("make_node (a.c:7)", pool["because"])
        self.assertLess(abs(pool["saved_bytes"] - 500000 * 16), 100000)
        self.assertIn(".first_chunk_bytes = 1048576", arena["options"])
        self.assertEqual(arena["saved_bytes"], 500000 * 16)
        # 40 bytes are 48 in either, but for a pool; what is freed before the peak is for no arena
        settings = [each["setting"] for each in self.recommend(self.profile(40, 500000, 900000))]
        self.assertEqual(settings, ["malloc, as it is", "a pool for 40 bytes"])

    def test_arguments_are_quoted(self):
        words = ["a b", "", "it's", "$x", "--flag=1", "*"]
        advice = self.recommend(self.profile(48, 500000, arguments=words, arguments_cut=True))[0]
        self.assertEqual(shlex.split(advice["options"])[4:], ["--", "/bin/x", *words, "ARGS"])
        words = ["a b", "'" * 2000, "c"]
        advice = self.recommend(self.profile(48, 500000, arguments=words))[0]
        self.assertEqual(shlex.split(advice["options"])[4:], ["--", "/bin/x", "a b", "ARGS"])

    def test_large_blocks_that_would_be_kept(self):
        profile = self.profile(48, 500000)
        profile["kept_peak_bytes"] += 12 << 20
        self.assertEqual(self.recommend(profile)[0]["setting"], "malloc, as it is")

    def test_a_compiler_is_one_that_frees_what_it_allocates(self):
        profile = self.profile(40, 90000, 2000000, cpu_seconds=2)
        self.assertEqual(self.recommend(profile)[0]["setting"], "mode compiler")
        for key, value in (("cpu_seconds", 20), ("calls", 200000)):
            self.assertEqual(self.recommend({**profile, key: value})[0]["setting"], "malloc, as it is", key)

    def test_a_process_that_is_quiet_may_sleep(self):
        memory = {"pid": 7, "untouched_share": 0.75, "interval_seconds": 60,
                  "asleep": {"own_bytes": 1000, "zstd_bytes": 200}}
        advice = self.recommend(memory)[0]
        self.assertEqual((advice["setting"], advice["saved_bytes"]), ("asleep after 60 s", 600))
        self.assertIn("{60000}", advice["options"])
        self.assertEqual(self.recommend({**memory, "untouched_share": 0.2})[0]["setting"], "awake, as it is")

    def test_the_age_is_where_little_is_woken(self):
        def look(seconds, untouched, process=7):
            return {"pid": process, "untouched_share": untouched, "interval_seconds": seconds,
                    "asleep": {"own_bytes": 1000000, "zstd_bytes": 100000}}

        # 0.2 % a minute are 0.001 in 30 s
        looks = [look(300, 0.88), look(60, 0.883), look(30, 0.8835), look(1, 0.98), look(1, 0.1, 8)]
        advice = self.recommend_all(looks)
        self.assertEqual([each["setting"] for each in advice], ["asleep after 30 s", "awake, as it is"])
        self.assertEqual(advice[0]["saved_bytes"], 795150)
        self.assertIn("0.10 % of it a minute", advice[0]["because"])
        advice = self.recommend_all([look(1, 0.98), look(60, 0.9)])
        self.assertEqual(advice[0]["setting"], "asleep after 60 s")
        self.assertIn("longer intervals", advice[0]["because"])

    def recommend_all(self, documents):
        paths = [self.folder / f"{i}.json" for i in range(len(documents))]
        for path, document in zip(paths, documents):
            path.write_text(json.dumps(document))
        run = firn("tune", "recommend", "--json", *paths)
        self.assertEqual(run.returncode, 0, run)
        return json.loads(run.stdout)["advice"]

    def test_of_budgets_the_smallest_that_is_not_slower_is_named(self):
        def cache(name, size, seconds, done=True):
            return {"strategy": f"cache of {name}", "how": f"limit {name}", "peak_bytes": size, "cpu_seconds": seconds,
                    "done": done}

        bench = {"kind": "firn-tune-bench", "strategies": [
            cache("a", 100, 2), cache("b", 200, 1.04), cache("c", 300, 1), cache("d", 50, 1, False)]}
        advice = self.recommend(bench)[0]
        self.assertEqual((advice["setting"], advice["saved_bytes"]), ("cache of b", 100))
        self.assertAlmostEqual(advice["time_percent"], 4)

    def test_what_is_damaged_is_refused(self):
        good = self.profile(48, 500000)
        size = good["sizes"][0]
        for content, place in (("{", ":1:"), ({**good, "version": 2}, "another version"),
                               ({**good, "version": "2"}, "version"), ({**good, "sizes": {}}, "sizes"),
                               ({**good, "sizes": [size, size]}, "not ascending"),
                               ({**good, "sizes": [{**size, "peak_calls": -1}]}, "peak_calls"),
                               ({**good, "sizes": [5]}, "bytes"), ({**good, "sites": 5}, "sites"),
                               ({**good, "sites": [{}]}, "calls"), ({**good, "samples": None}, "samples"),
                               ({**good, "malloc_peak_bytes": -1}, "malloc_peak_bytes"),
                               ({key: value for key, value in good.items() if key != "cpu_seconds"}, "cpu_seconds"),
                               ({"asleep": {"own_bytes": 1, "zstd_bytes": 1}, "untouched_share": 2,
                                 "interval_seconds": 1}, "untouched_share"),
                               ({"kind": "firn-tune-bench"}, "strategies"),
                               ({"kind": "firn-tune-bench", "strategies": []}, "none that could"),
                               ({"kind": "firn-tune-bench", "strategies": [5]}, "without a name"),
                               ({"asleep": {}}, "own_bytes"), ({"kind": "other"}, "profile"), ([], "profile")):
            self.assert_fails_with_one_line(self.recommend(content, status=1), self.folder, place)


if __name__ == "__main__":
    unittest.main()
