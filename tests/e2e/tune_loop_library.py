#!/usr/bin/env python3
"""What `firn tune recommend` says for a program's own source, pasted into it: pools, arenas, a cache's budget, and the
age after which heaps sleep. It must save what was promised within a fifth, and take no more time than was said."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from firn import FIRN, firn  # noqa: E402
from tune_loop import SANITIZED, Loop  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", ".")).resolve()
LIBRARIES = "liblz4 libzstd libisal libpcre2-8"


class Library(Loop):
    RUNS = 2
    SLOWER = 2  # on a loaded machine; tune_loop_stress.py holds it to 5 %

    def build(self, name, **definitions):
        """The program, with these options in it; returns its path."""
        program = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        flags = subprocess.run(["pkg-config", "--libs", *LIBRARIES.split()], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.split()
        subprocess.run(["cc", "-O2", "-g", "-std=gnu11", f"-I{SOURCE}/include",
                        *(f"-D{key}={value}" for key, value in definitions.items()),
                        SOURCE / "tests/e2e/loop" / f"{name}.c", "-o", program,
                        pathlib.Path(FIRN).parent / "src/libfirn.a", *flags, "-pthread", "-lm"], check=True)
        return program

    def measure(self, program, *words):
        """By how much its memory grew, and its time: the least of some runs."""
        runs = [subprocess.run([program, *words], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
                for _ in range(self.RUNS)]
        return min(int(run[0]) for run in runs), min(float(run[1]) for run in runs)

    def advised(self, advice, start):
        return next(each for each in advice if each["setting"].startswith(start))

    def options(self, advice, struct):
        """What stands between the struct's name and its header."""
        found = re.fullmatch(rf"{struct}: (\..*) \(firn/\w+\.h\)", advice["options"])
        self.assertIsNotNone(found, advice)
        return found[1]

    def compare(self, what, advice, before, after):
        (bytes_before, slow), (bytes_after, fast) = before, after
        saved, promised = bytes_before - bytes_after, advice["saved_bytes"]
        said = 1 + max(0, advice.get("time_percent", 0)) / 100
        print(f"{what}: promised {promised / 1e6:.2f} MB of {bytes_before / 1e6:.2f}, saved {saved / 1e6:.2f}; takes "
              f"{fast / slow:.2f} of the time, {said:.2f} was said", file=sys.stderr)
        self.assertLess(abs(saved - promised), 0.2 * promised)
        self.assertLess(fast, slow * said * self.SLOWER)

    def check_nodes(self, **sizes):
        profile = self.folder / "profile.json"
        program = self.build("nodes", **sizes)
        self.assertEqual(firn("tune", "track", "--exact", "--quiet", "-o", profile, "--", program).returncode, 0)
        advice = self.recommend(profile)
        before = self.measure(program)
        pool = self.advised(advice, f"a pool for {sizes['NODE_BYTES']} bytes")
        self.assertIn("nodes.c", pool["because"])
        after = self.measure(self.build("nodes", POOL=self.options(pool, "firn_pool_options"), **sizes))
        self.compare(pool["setting"], pool, before, after)
        arena = self.advised(advice, "an arena in chunks")
        self.assertIn("nodes.c", arena["because"])
        after = self.measure(self.build("nodes", ARENA=self.options(arena, "firn_arena_options"), **sizes))
        self.compare(arena["setting"], arena, before, after)

    def check_orders(self, orders, gets, work, budgets):
        """A program whose work is that of a scenario, with the budget that is fastest and with that advised."""
        scenario, result = self.folder / "scenario.txt", self.folder / "bench.json"
        scenario.write_text(f"scenario cache\ncount {orders}\nsizes 300-700\nbudget {budgets}\ngets {gets}\n"
                            f"pattern skewed\nwork {work}\n")
        run = firn("tune", "bench", "--json", scenario)
        self.assertEqual(run.returncode, 0, run)
        result.write_bytes(run.stdout)
        advice = self.recommend(result)[0]
        self.assertGreater(advice["saved_bytes"], 1 << 20, advice)
        base = min((each for each in json.loads(run.stdout)["strategies"] if each["done"]),
                   key=lambda each: each["cpu_seconds"])
        measured = []
        for number, options in enumerate((base["how"], advice["options"])):
            options = self.options({"options": options}, "firn_cache_options")
            store = self.folder / f"values{number}"
            program = self.build("orders", CACHE=options, ORDERS=orders, GETS=gets, WORK_NS=work)
            measured.append(self.measure(program, store))
        self.compare(advice["setting"], advice, *measured)


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Small(Library):
    def test_a_pool_and_an_arena(self):
        self.check_nodes(NODE_BYTES=56, NODES=200000, TEXTS=200000)


class Ages(Library):
    """Of heaps a fourth is in use: the age is that from which on the others sleep."""

    INTERVALS = (1, 2)

    def run_heaps(self, program, look):
        """What it says in the end; look is called meanwhile."""
        with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as heaps:
            self.assertEqual(heaps.stdout.readline(), "ready\n")
            look(heaps.pid)
            heaps.stdin.write("?\n")
            size, seconds = heaps.stdout.readline().split()
            heaps.stdin.close()
        return int(size), float(seconds)

    def check_ages(self):
        paths = []

        def look(process):
            for interval in self.INTERVALS:
                run = firn("tune", "memory", str(process), "--interval", str(interval), "--json")
                self.assertEqual(run.returncode, 0, run)
                paths.append(self.folder / f"look{interval}.json")
                paths[-1].write_bytes(run.stdout)

        before = self.run_heaps(self.build("heaps"), look)
        advice = self.recommend(*paths)[0]
        age = int(re.fullmatch(r"asleep after (\d+) s", advice["setting"])[1])
        self.assertIn(age, self.INTERVALS)
        program = self.build("heaps", SWAPPER=self.options(advice, "firn_swapper_options"))
        after = self.run_heaps(program, lambda process: time.sleep(age + 4))
        self.compare(advice["setting"], advice, before, after)


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Quiet(Ages):
    def test_an_age(self):
        self.check_ages()


if __name__ == "__main__":
    unittest.main()
