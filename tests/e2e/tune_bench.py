#!/usr/bin/env python3
"""`firn tune bench`: a scenario on every strategy that fits, and mistakes told with their place."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, firn  # noqa: E402

with open(FIRN, "rb") as program:  # whose memory is then the sanitizer's, too
    SANITIZED = b"__asan_init" in program.read()


class Bench(Case):
    def bench(self, text, *words):
        path = self.folder / "scenario.txt"
        path.write_text(text)
        run = firn("tune", "bench", "--json", path, *words)
        self.assertEqual(run.returncode, 0, run)
        result = json.loads(run.stdout)
        self.assertEqual((result["kind"], result["version"]), ("firn-tune-bench", 1))
        for each in result["strategies"]:
            self.assertTrue(each["done"], each)
            self.assertGreater(each["cpu_seconds"], 0)
        return result["strategies"]

    def named(self, strategies):
        return {each["strategy"]: each for each in strategies}

    def test_objects_take_at_least_what_they_are(self):
        lists = {"scenario objects\ncount 40000\nsizes 100\n": ["arena", "heap", "malloc", "pool", "slab"],
                 "scenario objects\ncount 40000\nsizes 100 90-110:3\n": ["arena", "heap", "malloc", "slab"],
                 "scenario objects # so\n\ncount 40000\nsizes 100\nlive 20000\nfree oldest\n":
                     ["heap", "malloc", "pool", "slab"]}
        for text, names in lists.items():
            strategies = self.bench(text)
            self.assertEqual(sorted(self.named(strategies)), names)
            live = 20000 if "live" in text else 40000
            for each in strategies:
                self.assertGreater(each["peak_bytes"], live * 90, each)
                self.assertTrue(SANITIZED or each["peak_bytes"] < live * 160 + (20 << 20), each)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps what was freed")
    def test_what_is_never_freed_shows_in_memory(self):
        few = self.named(self.bench("scenario objects\ncount 200000\nsizes 200\nlive 1000\n"))
        self.assertLess(few["slab"]["peak_bytes"], 4 << 20)
        self.assertLess(few["malloc"]["peak_bytes"], 4 << 20)

    def test_the_best_comes_first(self):
        text = "scenario map\ncount 50000\nkey u64\nvalue 16\ninsert sorted\ngets 1000\n"
        for by, keys in (("memory", ("peak_bytes",)), ("time", ("cpu_seconds",)),
                         ("both", ("peak_bytes", "cpu_seconds"))):
            strategies = self.bench(text, "--by", by)
            self.assertEqual(sorted(self.named(strategies)), ["binary tree", "map", "map, loaded"])
            scores = [each[keys[0]] * each[keys[-1]] if len(keys) > 1 else each[keys[0]] for each in strategies]
            self.assertEqual(scores, sorted(scores))
        maps = self.named(strategies)
        self.assertTrue(SANITIZED or maps["map"]["peak_bytes"] < maps["binary tree"]["peak_bytes"])

    def test_keys_of_all_kinds_are_found_again(self):
        for key in ("u32", "u64", "text"):
            self.bench(f"scenario map\ncount 5000\nkey {key}\npattern skewed\n")

    def test_a_budget_is_a_strategy(self):
        text = "scenario cache\ncount 40000\nsizes 400-600\nbudget 12M 64M\ngets 5000\npattern skewed\n"
        caches = sorted(self.bench(text), key=lambda each: each["how"])
        self.assertEqual(len(caches), 2)
        self.assertLess(caches[0]["peak_bytes"], caches[1]["peak_bytes"])
        self.assertEqual(caches[1]["from_hot"], 1)
        self.assertLess(caches[0]["from_hot"], 1)

    def test_work_of_the_program_counts_as_time(self):
        plain, busy = (self.named(self.bench(f"scenario map\ncount 5000\nkey u64\ngets 10000\n{work}"))["map"]
                       for work in ("", "work 1000000\n"))
        self.assertLess(plain["cpu_seconds"], 5)
        self.assertGreater(busy["cpu_seconds"], 10)
        self.assertLess(busy["cpu_seconds"], 15)

    def test_a_mistake_is_told_with_line_and_column(self):
        head = "scenario objects\n"
        for text, place, why in (
                ("", "1:1", "first line"), ("\n# nothing\n", "3:1", "first line"), ("count 5\n", "1:1", "first line"),
                ("scenario trees\n", "1:10", "objects|map|cache"), ("scenario map x\n", "1:14", "nothing may follow"),
                (head, "2:1", "`count` is missing"), (head + "count 5\n", "3:1", "`sizes` is missing"),
                (head + "\n  count  five\n", "3:10", "whole number"), (head + "count 0\n", "2:7", "out of range"),
                (head + "count 5 6\n", "2:9", "nothing may follow"), (head + "count\n", "2:6", "whole number"),
                (head + "count 5\ncount 6\n", "3:1", "twice"), (head + "colour 5\n", "2:1", "no such keyword"),
                (head + "gets 5\n", "2:1", "this kind"), (head + "work 5\n", "2:1", "this kind"),
                ("scenario map\nwork 1s\n", "2:6", "whole number"), (head + "sizes 5 0\n", "2:9", "out of range"),
                (head + "sizes 9-5\n", "2:7", "out of range"), (head + "sizes 5:\n", "2:7", "must stand here"),
                (head + "sizes 5x\n", "2:7", "must stand here"), (head + "free all\n", "2:6", "random|oldest|newest"),
                (head + "sizes " + "5 " * 33 + "\n", "2:71", "more than 32"),
                (head + "sizes 5\ncount 5\nlive 6\n", "5:1", "larger than"),
                ("scenario cache\ncount 5\nsizes 5\n", "4:1", "`budget` is missing"),
                ("scenario cache\nbudget 16X\n", "2:8", "a size must stand here"),
                ("scenario map\ncount 5\nvalue 1025\n", "4:1", "up to 1024"),
                (head + "x" * 2000 + "\n", "2:1", "more than 1022")):
            run = firn("tune", "bench", "-", input=text.encode(), stdin=None)
            self.assert_fails_with_one_line(run, f"firn: standard input:{place}: ", why)
        self.assert_fails_with_one_line(firn("tune", "bench", self.folder / "none"), "none")


if __name__ == "__main__":
    unittest.main()
