#!/usr/bin/env python3
"""`firn tune recommend`: from what a server has recorded to the profile that fits, and what is no record is refused
with its place."""

import http.client
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from firn import Case, firn  # noqa: E402
from serve import Server  # noqa: E402


def page(fields, heads, targets=((64, None),), **others):
    """A page as --stats answers it; pairs of a bound and a count."""
    count = sum(number for _, number in heads)

    def slots(pairs):
        return [{"below": below, "count": count if number is None else number} for below, number in pairs]

    return {"profile": "balanced", "loops": 2, "over_limits": 0, "connections": {"all": 10000, "idle": 9900},
            "fields": slots(fields), "head_bytes": slots(heads), "target_bytes": slots(targets), **others}


class Recommend(Case):
    def recommend(self, *pages, status=0):
        names = []
        for i, content in enumerate(pages):
            names.append(self.folder / f"{i}.json")
            names[-1].write_text(content if isinstance(content, str) else json.dumps(content))
        run = firn("tune", "recommend", "--json", *names)
        self.assertEqual(run.returncode, status, run)
        return json.loads(run.stdout) if status == 0 else run

    def test_the_smallest_that_fits_is_named(self):
        small = page([(16, 99500), (40, 500)], [(700, 99500), (1500, 500)])
        for wanted, content in (
                ("low", small),
                ("balanced", page([(16, 98000), (40, 2000)], [(700, 98000), (1500, 2000)])),
                ("balanced", page([(16, 98000), (20, 2000)], [(700, 98000), (4000, 2000)])),
                ("balanced", page([(16, 99999), (180, 1)], [(700, 100000)])),  # low would refuse one
                ("high", page([(80, 100000)], [(6000, 100000)])),
                ("high", page([(16, 99999), (180, 1)], [(700, 100000)], over_limits=1)),
                ("max", page([(200, 100000)], [(40000, 100000)])),
                ("max", page([(16, 100000)], [(700, 100000)], over_limits=3, profile="high")),
                ("max", page([(16, 99999), (5000, 1)], [(700, 100000)]))):
            result = self.recommend(content)
            self.assertEqual(result["profile"], wanted, result)
            self.assertEqual([each["name"] for each in result["profiles"]], ["low", "balanced", "high", "max"])
            self.assertEqual(result["requests"], 100000)
            chosen = next(each for each in result["profiles"] if each["name"] == wanted)
            self.assertEqual(result["expected_bytes"], chosen["expected_bytes"])
            self.assertEqual(chosen["expected_bytes"], 2 * chosen["loop_bytes"] + 10000 * chosen["idle_bytes"] +
                             100 * (chosen["busy_bytes"] - chosen["idle_bytes"]))
        both = self.recommend(small, small)
        self.assertEqual((both["files"], both["requests"], both["loops"]), (2, 200000, 4))
        plain = firn("tune", "recommend", self.folder / "0.json").stdout.decode()
        self.assertRegex(plain, r"profile +low\n")
        self.assertRegex(plain, r"99\.5 % of 100,000 heads lie inline: 99 % have up to 15 fields and 699 bytes")

    def test_what_a_server_records(self):
        self.write("a", "x")
        for profile, fields, wanted in (("balanced", 5, "low"), ("low", 40, "balanced")):
            with Server(self.tree, "--stats", "/stats", "--profile", profile) as server:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                for _ in range(1000):
                    connection.request("GET", "/a", headers={f"X-{i}": "y" for i in range(fields)})
                    connection.getresponse().read()
                connection.close()
                figures = server.get("/stats")[2].decode()
            result = self.recommend(figures)
            self.assertEqual((result["profile"], result["requests"]), (wanted, 1000))
            run = firn("tune", "recommend", "-", input=figures.encode(), stdin=None)
            self.assertRegex(run.stdout.decode(), rf"profile +{wanted}\n")
        with Server(self.tree, "--stats", "/stats", "--profile", "low") as server:
            self.assertEqual(server.get("/a", X="y" * 20000)[0], 431)
            server.get("/a")
            self.assertEqual(self.recommend(server.get("/stats")[2].decode())["profile"], "balanced")

    def test_what_is_no_record(self):
        good = page([(16, 10)], [(700, 10)])
        for content, *words in (
                ("", "0.json:1:"), ("{\n  \"a\": x}", "0.json:2:"), ("[]", '"profile"'), ("{}", '"profile"'),
                ({**good, "profile": "huge"}, '"profile"'), ({**good, "connections": 5}, '"connections"'),
                ({**good, "loops": -1}, '"loops"', "no whole number"), ({**good, "loops": "2"}, '"loops"'),
                ({**good, "fields": {}}, '"fields"', "no list"), ({**good, "fields": [5]}, '"fields[0]"'),
                ({**good, "head_bytes": [{"below": 5}]}, '"count"', "missing"),
                ({**good, "head_bytes": [{"below": 0, "count": 1}]}, '"head_bytes[0]"', "out of range"),
                ({**good, "fields": [{"below": i + 1, "count": 1} for i in range(300)]}, '"fields[256]"'),
                ({**good, "fields": [], "head_bytes": [], "target_bytes": []}, "no request was recorded"),
                ({key: value for key, value in good.items() if key != "target_bytes"}, '"target_bytes"', "missing")):
            self.assert_fails_with_one_line(self.recommend(content, status=1), "0.json", *words)
        self.assert_fails_with_one_line(firn("tune", "recommend", self.folder / "none"), "none", "name a file")
        self.assert_fails_with_one_line(firn("tune", "recommend", self.folder), "irectory")
        self.assertEqual(firn("tune", "recommend").returncode, 2)


if __name__ == "__main__":
    unittest.main()
