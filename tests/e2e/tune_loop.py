#!/usr/bin/env python3
"""The advice of `firn tune recommend`, taken: five workloads are tracked or benched, run as advised, and must save what
was promised within a fifth."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, firn  # noqa: E402

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


def peak_and_time(words):
    """Peak RSS in bytes, as the program tells it, and seconds of the processor."""
    before = os.times()
    run = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    after = os.times()
    return int(run.stdout.split()[0]) * 1024, after[2] + after[3] - before[2] - before[3]


class Loop(Case):
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
        self.assertEqual(advice["options"], f"firn run --mode runtime -- {work}")
        before, slow = min(peak_and_time(words) for _ in range(2))
        after, fast = min(peak_and_time([FIRN, *advice["options"].split()[1:4], "--", *words]) for _ in range(2))
        promised, saved = advice["saved_bytes"], before - after
        print(f"{least} to {most} bytes: promised {promised / 1e6:.2f} MB of {advice['now_bytes'] / 1e6:.2f}, "
              f"saved {saved / 1e6:.2f}; {slow:.2f} s, then {fast:.2f} s", file=sys.stderr)
        self.assertLess(abs(saved - promised), 0.2 * promised)

    def test_nodes_of_one_size(self):
        self.check_program(48, 48, 500000)

    def test_small_blocks(self):
        self.check_program(16, 16, 1200000)

    def test_blocks_of_many_sizes(self):
        self.check_program(8, 56, 900000)

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

    @unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
    def test_entries_of_a_map(self):
        self.check_bench("scenario map\ncount 200000\nkey text\ninsert sorted\n", 5 << 20)

    @unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
    def test_entries_that_come_in_no_order(self):
        self.check_bench("scenario map\ncount 300000\nkey u64\ngets 100000\n", 5 << 20)


class Evidence(Case):
    """What is damaged is refused with its place, and what saves nothing is no advice."""

    def recommend(self, content, status=0):
        path = self.folder / "evidence.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        run = firn("tune", "recommend", "--json", path)
        self.assertEqual(run.returncode, status, run)
        return json.loads(run.stdout)["advice"] if status == 0 else run

    def test_what_saves_little_stays(self):
        site = {"stack": ["f"], "calls": 1000, "bytes": 4000000, "peak_bytes": 4000000}
        profile = {"kind": "firn-profile", "version": 1, "command": "x", "peak_bytes": 4000000, "sites": [site]}
        self.assertEqual(self.recommend(profile)[0]["setting"], "malloc, as it is")
        self.assertEqual(self.recommend({**profile, "peak_bytes": 1000})[0]["setting"], "mode compiler")

    def test_a_process_that_is_quiet_may_sleep(self):
        memory = {"untouched_share": 0.75, "interval_seconds": 60, "asleep": {"own_bytes": 1000, "zstd_bytes": 200}}
        advice = self.recommend(memory)[0]
        self.assertEqual((advice["setting"], advice["saved_bytes"]), ("asleep after 60 s", 600))
        self.assertIn("{60000}", advice["options"])
        self.assertEqual(self.recommend({**memory, "untouched_share": 0.2})[0]["setting"], "awake, as it is")

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
        for content, place in (("{", ":1:"), ({"kind": "firn-profile", "version": 1}, "peak_bytes"),
                               ({"kind": "firn-profile", "version": 2, "peak_bytes": 1}, "version"),
                               ({"kind": "firn-profile", "version": 1, "peak_bytes": 1}, "sites"),
                               ({"kind": "firn-profile", "version": 1, "peak_bytes": 1, "sites": [{}]}, "calls"),
                               ({"kind": "firn-tune-bench"}, "strategies"),
                               ({"kind": "firn-tune-bench", "strategies": []}, "none that could"),
                               ({"kind": "firn-tune-bench", "strategies": [5]}, "without a name"),
                               ({"asleep": {}}, "own_bytes"), ({"kind": "other"}, "profile"), ([], "profile")):
            self.assert_fails_with_one_line(self.recommend(content, status=1), self.folder, place)


if __name__ == "__main__":
    unittest.main()
