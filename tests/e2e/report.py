#!/usr/bin/env python3
"""`firn report`: benches that print rows, fail, hang or print rubbish, and the page that comes of them."""

import contextlib
import html.parser
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import time
import unittest

import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, firn  # noqa: E402

SOURCE = os.environ.get("FIRN_SOURCE", ".")


def row(number, value=1.5, target=2.0, met=True, peers=(), **others):
    return {"id": number, "what": f"what {number} is", "value": value, "unit": "ns", "target": target, "met": met,
            "peers": [{"name": name, "value": each} for name, each in peers], **others}


SERIES = [{"id": "M4", "what": "bytes over size", "kind": "line", "x": "elements", "y": "B", "log_x": True,
           "lines": [{"name": "firn", "points": [[1, 48], [1000, 9]]}, {"name": "absl", "points": [[1, 56], [9, 20]]}]},
          {"id": "M4", "what": "memory over time", "kind": "stack", "x": "h", "y": "MB",
           "lines": [{"name": "hot", "points": [[0, 5], [1, 1]]}, {"name": "warm", "points": [[0, 0], [1, 2]]}]},
          {"id": "M4", "what": "pauses", "kind": "histogram", "x": "µs", "y": "pauses", "log_x": True, "log_y": True,
           "lines": [{"name": "firn", "points": [[1, 5], [2, 0], [4, 900]]}]}]


class Page(html.parser.HTMLParser):
    """Each element with its attributes, and the text of the page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def count(self, tag, name=None):
        return sum(1 for each, attributes in self.elements
                   if each == tag and (name is None or name in attributes.get("class", "").split()))


class Report(Case):
    def bench(self, name, text):
        folder = self.folder / "bench"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    def rows(self, name, *rows, series=(), absent=()):
        document = json.dumps({"machine": "a machine", "rows": rows, "series": list(series)})
        words = "".join(f"echo '{each} is not installed: see scripts/setup bench' >&2\n" for each in absent)
        self.bench(name, f"#!/bin/sh\n{words}echo \"$*\" >\"$0.words\"\ncat <<'END'\n{document}\nEND\n")

    def report(self, *words, status=0):
        path = self.folder / "report.html"
        run = firn("report", "--json", "--bench", self.folder / "bench", "-o", path, *words)
        self.assertEqual(run.returncode, status, run)
        return json.loads(run.stdout), Page(path.read_text(encoding="utf-8"))

    def state(self, document, name):
        return next(each for each in document["benches"] if each["name"] == name)

    def target(self, document, number):
        return next(each for each in document["targets"] if each["id"] == number)

    def test_rows_become_verdicts_and_plots(self):
        self.rows("map", row("M1"), row("M5", 9, 2, False, [("absl", 3), ("<b>", 4)], least=8, most=11),
                  row("M5", 1, 2, True), row("M6", 3, None, None), row("left", 7, None, None),
                  series=SERIES, absent=["Judy", "LMDB"])
        document, page = self.report("--only", "M")
        self.assertEqual([self.target(document, each)["verdict"] for each in ("M1", "M5", "M6", "M9")],
                         ["met", "open", "unjudged", "unmeasured"])
        self.assertEqual(self.state(document, "map")["absent"], ["Judy", "LMDB"])
        self.assertEqual([each["name"] for each in document["systems"]], ["maps"])
        self.assertEqual((document["met"], document["open"], document["unjudged"]), (1, 1, 1))
        self.assertIn("1 of 9 met; open: M5; not judged: M6; not measured: M2", document["systems"][0]["verdict"])
        self.assertEqual([each["id"] for each in document["others"]], ["left"])
        self.assertEqual(page.count("tbody"), 9 + 2)  # targets, other figures, benches
        self.assertEqual(page.count("tr", "figure"), 5)
        self.assertEqual(page.count("svg", "series"), 3)
        self.assertEqual(page.count("svg", "bars"), 1)  # of the row with peers
        self.assertNotIn("<b> 4", (self.folder / "report.html").read_text(encoding="utf-8"))  # no name is markup
        for word in ("<b> 4", "8 – 11", "Judy, LMDB", "what M5 is", "target 16 B; 0", "elsewhere: Rust BTreeMap"):
            self.assertIn(word, page.text)

    def test_bars_are_of_one_unit_and_a_single_run_has_no_spread(self):
        self.rows("map", row("M5", 4, 3, True, [("firn, ns", 10), ("absl", 40)], least=4, most=4))
        _, page = self.report("--only", "M")
        bars = [(attributes["class"], attributes["width"]) for tag, attributes in page.elements if tag == "rect"]
        self.assertEqual(bars, [("own", "87.5"), ("peer", "350.0")])  # 10 and 40, not 4 times
        self.assertEqual(page.count("line", "target"), 0)
        self.assertIn("what M5 is, ns", page.text)
        self.assertNotIn("4 – 4", page.text)
        self.rows("map", row("M5", 4, 3, True, [("absl", 8)], least=3, most=4))
        _, page = self.report("--only", "M")
        self.assertEqual(page.count("line", "target"), 1)
        self.assertIn("3 – 4", page.text)

    def test_a_page_needs_nothing_else(self):
        self.rows("map", row("M1"), series=SERIES)
        text = (self.report("--only", "M"), (self.folder / "report.html").read_text(encoding="utf-8"))[1]
        self.assertNotIn("<script", text)
        self.assertEqual(re.findall(r"(?:src|href)=\"(?!#|data:,)|url\(|@import|https?:", text), [])
        self.assertIn("prefers-color-scheme:dark", text)
        self.assertIn("@media print", text)

    def test_what_goes_wrong_is_said_in_its_rows(self):
        self.bench("alloc", "#!/bin/sh\nsleep 100 & sleep 100\n")
        self.bench("gc", "#!/bin/sh\necho 'OCaml, map: failed' >&2\nexit 3\n")
        self.bench("map", "#!/bin/sh\necho rubbish\n")
        self.bench("intern", "#!/bin/sh\nkill -SEGV $$\n")
        self.bench("http", "#!/bin/sh\nexec yes\n")
        self.bench("http_url", "no program\n")
        self.bench("http_pool", "#!/bin/sh\necho '[1]'\n")
        self.rows("tier", {"id": 5, "what": "x"}, row("S1", None, None, None), "text", series=[{"id": 1}, 7])
        self.rows("compile_mix", row("X5"))
        begin = time.monotonic()
        document, page = self.report("--only", "x,M,H,s", "--limit", "1", status=1)
        self.assertLess(time.monotonic() - begin, 20)
        for name, state, message in (
                ("alloc", "late", "still running after 1 s"),
                ("gc", "failed", "exit status 3: OCaml, map: failed"), ("map", "unreadable", "cannot be read"),
                ("intern", "failed", "signal 11"), ("http", "unreadable", "64 MB"),
                ("http_url", "failed", "cannot be started"), ("http_pool", "unreadable", "no list of rows"),
                ("tier", "done", ""), ("compile_mix", "done", ""), ("store", "missing", "no such bench")):
            self.assertEqual(self.state(document, name)["state"], state, name)
            self.assertIn(message, self.state(document, name)["message"])
        self.assertEqual(self.target(document, "X1")["verdict"], "unmeasured")
        self.assertEqual(self.target(document, "X1")["reason"], "bench alloc: still running after 1 s")
        self.assertEqual(self.target(document, "X5")["verdict"], "met")
        self.assertEqual(self.target(document, "S1")["verdict"], "unjudged")
        self.assertIn("bench alloc: still running after 1 s", page.text)
        self.assertIn("OCaml, map: failed", page.text)

    def test_rows_that_came_before_a_bench_failed_or_was_late_are_kept(self):
        rows = [row("M1"), row("M5", 9, 2, False), row("M7", peers=[('a "}]}', 3)])]
        begun = '{"machine": "m", "rows": [' + ", ".join(map(json.dumps, rows)) + ', {"id": "M8", "what": "}'
        text = self.folder / "begun"
        text.write_text(begun)
        ends = {"late": ("sleep 100", "still running after 1 s"), "failed": ("exit 3", "exit status 3"),
                "unreadable": ("", "cannot be read")}
        for state, (end, message) in ends.items():
            self.bench("map", f"#!/bin/sh\ncat {text}\n{end}\n")
            document, page = self.report("--only", "M", "--limit", "1", status=1)
            self.assertEqual(self.state(document, "map")["state"], state)
            self.assertTrue(self.state(document, "map")["cut"])
            self.assertEqual([len(self.target(document, each)["figures"]) for each in ("M1", "M5", "M7", "M8")],
                             [1, 1, 1, 0])
            # of M1 more may have been to come; what is open stays open
            self.assertEqual([self.target(document, each)["verdict"] for each in ("M1", "M5", "M7", "M8")],
                             ["unjudged", "open", "unjudged", "unmeasured"])
            for each in ("M1", "M5", "M8"):
                self.assertIn(message, self.target(document, each)["reason"])
            self.assertEqual(page.count("tr", "figure"), 3)
        for text_cut in range(len(begun)):  # wherever it ends, there are those before
            if begun[text_cut] in '{}[]":':
                text.write_text(begun[:text_cut + 1])
                self.bench("map", f"#!/bin/sh\ncat {text}\nexit 1\n")
                count = sum(begun[:text_cut + 1].count(json.dumps(each)) for each in rows)
                run = firn("report", "--json", "--only", "M", "--bench", self.folder / "bench", "-o", "/dev/null")
                self.assertEqual(sum(len(each["figures"]) for each in json.loads(run.stdout)["targets"]), count)

    def test_a_bench_that_is_late_is_asked_for_what_it_has(self):
        rows = [row("M1"), row("M5", None), row("M6", 5, 2, False), row("M7"), row("M7", None, None, None)]
        self.bench("map", "#!/bin/sh\ntrap 'cat \"$0.json\"; exit 1' TERM\nsleep 100 & wait\n")
        (self.folder / "bench" / "map.json").write_text(json.dumps({"machine": "m", "rows": rows}))
        self.bench("intern", "#!/bin/sh\ntrap '' TERM\nsleep 100\nsleep 100\n")
        document, page = self.report("--only", "M", "--limit", "1", status=1)
        self.assertEqual((self.state(document, "map")["state"], self.state(document, "map")["cut"]), ("late", False))
        self.assertLess(self.state(document, "map")["seconds"], 4)
        self.assertEqual(self.state(document, "intern")["state"], "late")
        self.assertLess(self.state(document, "intern")["seconds"], 10)
        self.assertEqual([self.target(document, each)["verdict"] for each in ("M1", "M5", "M6", "M7", "M8", "M9")],
                         ["met", "unjudged", "open", "unjudged", "unmeasured", "unmeasured"])
        self.assertEqual([each.get("missing") for each in self.target(document, "M7")["figures"]], [None, "late"])
        self.assertEqual(self.target(document, "M9")["reason"], "bench intern: still running after 1 s")
        self.assertIn("late", page.text)

    def test_what_a_bench_leaves_behind_is_ended(self):
        mark = self.folder / "left"
        self.bench("map", f"#!/bin/sh\n(sleep 2; touch {mark}) &\necho '{{\"rows\":[]}}'\n")
        self.report("--only", "M")
        time.sleep(2.5)
        self.assertFalse(mark.exists())

    def test_quick_is_passed_on_and_leaves_out_what_shows_no_target(self):
        for name in ("map", "run", "gc"):
            self.rows(name, row("M1"))
        document, _ = self.report("--quick")
        self.assertTrue(document["quick"])
        self.assertNotIn("run", [each["name"] for each in document["benches"]])
        self.assertEqual((self.folder / "bench" / "map.words").read_text(), "--json --quick\n")
        self.assertEqual(self.target(document, "M2")["reason"], "not measured with --quick")
        self.assertEqual(self.target(document, "H9")["reason"], "Firn speaks no HTTP/3")
        self.report("--only", "X")
        self.assertEqual((self.folder / "bench" / "run.words").read_text(), "--json\n")

    def test_interrupted_it_writes_what_it_has(self):
        self.rows("map", row("M1"))
        self.bench("intern", f"#!/bin/sh\ntouch {self.folder}/begun\nsleep 100\n")
        path = self.folder / "report.html"
        with subprocess.Popen([FIRN, "report", "--json", "--only", "M", "--bench", self.folder / "bench", "-o", path],
                              stdout=subprocess.PIPE) as run:
            while not (self.folder / "begun").exists():
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            document = json.loads(run.communicate(timeout=30)[0])
        self.assertEqual(run.returncode, 1)
        self.assertEqual(self.state(document, "intern")["state"], "interrupted")
        self.assertEqual(self.target(document, "M1")["verdict"], "met")
        self.assertIn("interrupted", path.read_text(encoding="utf-8"))

    def test_progress_tells_what_runs_and_how_long_is_left_at_the_pace_so_far(self):
        table = json.loads(pathlib.Path(SOURCE, "programs/report/targets.json").read_text(encoding="utf-8"))
        usual = {each["name"]: each["quick_seconds"] for each in table["benches"]}
        self.bench("map", "#!/bin/sh\nsleep 1\n")
        self.bench("intern", "#!/bin/sh\nsleep 1\n")
        ours, theirs = pty.openpty()
        with subprocess.Popen([FIRN, "report", "--quick", "--only", "M", "--bench", self.folder / "bench", "-o",
                               self.folder / "report.html"], stdout=subprocess.DEVNULL, stderr=theirs) as run:
            os.close(theirs)
            text = b""
            with contextlib.suppress(OSError):  # which is how a terminal ends
                while part := os.read(ours, 4096):
                    text += part
        os.close(ours)
        self.assertEqual(run.returncode, 1)  # as they print nothing
        lines = re.findall(r"(\d of \d: \w+), [\d.]+ m?s; ([\d.]+) s left", text.decode())
        lines = [(name, float(left)) for name, left in lines]
        self.assertEqual(lines[0], ("1 of 2: map", usual["map"] + usual["intern"]))
        self.assertEqual(lines[-1], ("2 of 2: intern", 1))  # as map took 1 s, and not so many
        self.assertEqual(sorted({line[0] for line in lines}), ["1 of 2: map", "2 of 2: intern"])

    def test_a_page_comes_from_what_json_printed(self):
        self.rows("map", row("M1", peers=[("absl", 3)]), series=SERIES)
        document, page = self.report("--only", "M")
        kept, again = self.folder / "kept.json", self.folder / "again.html"
        kept.write_text(json.dumps(document))
        self.assertEqual(firn("report", "--from", kept, "-o", again).returncode, 0)
        self.assertEqual(Page(again.read_text(encoding="utf-8")).elements, page.elements)
        for text, place in (("{", ":1:"), ("[]", "systems"), ('{"systems":[]}', "targets")):
            kept.write_text(text)
            self.assert_fails_with_one_line(firn("report", "--from", kept, "-o", again), kept, place)
        kept.write_text(json.dumps({**document, "series": [{}, 5], "targets": [5, {"figures": [7]}], "others": 5}))
        self.assert_fails_with_one_line(firn("report", "--from", kept, "-o", again), "others")
        kept.write_text(json.dumps({**document, "series": [{}, 5], "targets": [5, {"figures": [7]}], "others": [5]}))
        self.assertEqual(firn("report", "--from", kept, "-o", again).returncode, 0)

    def test_wrong_usage_and_places_are_one_line(self):
        run = firn("report", "--only", "C,Z")
        self.assertEqual((run.returncode, run.stderr.count(b"\n")), (2, 1), run)
        self.rows("map", row("M1"))
        self.assert_fails_with_one_line(firn("report", "--bench", self.folder / "none"), "none", "--bench")
        for path in (self.folder / "none" / "r.html", "/dev/full"):
            run = firn("report", "--only", "M", "--bench", self.folder / "bench", "-o", path, "--quiet")
            self.assertEqual(run.returncode, 1)
            self.assertRegex(run.stderr.decode(), r"\Afirn: [^\n]+ cannot be written: [^\n]+\n\Z")


BENCHES = pathlib.Path(FIRN).parent / "bench"


@unittest.skipUnless((BENCHES / "compile_mix").exists() and (BENCHES / "peers" / "compiler").exists(),
                     "the benches are not built")
class Peers(Case):
    """A bench of the tree, one of whose peers fails, does other work or hangs: the others have their rows."""

    def report(self, peer, script, *words):
        bench = self.folder / "bench"
        (bench / "peers").mkdir(parents=True)
        shutil.copy(BENCHES / "compile_mix", bench)
        for each in ("compiler", "runtime", "malloc", "boehm"):
            if (BENCHES / "peers" / each).exists():
                (bench / "peers" / each).symlink_to(BENCHES / "peers" / each)
        (bench / "peers" / peer).unlink(missing_ok=True)
        (bench / "peers" / peer).write_text(script)
        (bench / "peers" / peer).chmod(0o755)
        for each in ("alloc", "context", "gc", "run", "track"):
            (bench / each).write_text("#!/bin/sh\necho '{\"rows\":[]}'\n")
            (bench / each).chmod(0o755)
        run = firn("report", "--json", "--only", "X", "--bench", bench, "-o", self.folder / "report.html", *words)
        self.assertEqual(run.returncode, 1, run)
        document = json.loads(run.stdout)
        result = next(each for each in document["benches"] if each["name"] == "compile_mix")
        return document, result, next(each for each in document["targets"] if each["id"] == "X5")

    def test_one_that_fails(self):
        document, result, target = self.report("boehm", "#!/bin/sh\nexit 3\n", "--quick")
        self.assertEqual((result["state"], result["message"]), ("failed", "exit status 1: Boehm, 1 M: failed"))
        self.assertFalse(result["cut"])
        self.assertNotIn("Boehm", result["absent"])
        self.assertEqual(len(target["figures"]), 2)
        self.assertIsNotNone(target["figures"][0]["value"])
        self.assertEqual(target["figures"][0]["met"], True)
        self.assertEqual(target["reason"], "bench compile_mix: exit status 1: Boehm, 1 M: failed")
        names = {peer["name"] for each in document["others"] for peer in each["peers"]}
        self.assertIn("glibc", names)
        self.assertNotIn("Boehm", names)

    def test_one_that_does_other_work(self):
        _, result, target = self.report("boehm", "#!/bin/sh\necho checksum 1\necho checksum 2\n", "--quick")
        self.assertIn("Boehm, 1 M: did other work", result["message"])
        self.assertIsNotNone(target["figures"][0]["value"])

    def test_one_that_hangs(self):
        document, result, target = self.report("boehm", "#!/bin/sh\nsleep 100 & sleep 100\n", "--limit", "2")
        self.assertEqual((result["state"], result["cut"]), ("late", False))
        self.assertLess(result["seconds"], 5)
        self.assertEqual([each["missing"] for each in target["figures"]], ["late", "late"])
        self.assertEqual(target["verdict"], "unjudged")
        first = next(each for each in document["others"] if each["what"] == "10 K objects, memory")
        self.assertIsNotNone(first["value"])  # as it ran before the one that hangs

    def test_one_that_kills_the_bench(self):
        document, result, target = self.report(
            "boehm", "#!/bin/sh\ntest \"$2\" != 50000 || kill -KILL $PPID\n", "--quick")
        self.assertEqual((result["state"], result["cut"]), ("failed", True))
        self.assertEqual(target["figures"], [])
        self.assertIn("killed by signal 9", target["reason"])
        self.assertEqual({each["what"][:4] for each in document["others"]}, {"10 K"})


class Targets(unittest.TestCase):
    """The table of targets and the benches of the tree name the same."""

    def setUp(self):
        with open(os.path.join(SOURCE, "programs/report/targets.json"), encoding="utf-8") as file:
            self.table = json.load(file)

    def sources(self, name):
        path = pathlib.Path(SOURCE, "bench", name + ".c")
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def test_every_bench_is_in_the_table(self):
        there = {name[:-2] for name in os.listdir(os.path.join(SOURCE, "bench")) if name.endswith(".c")}
        listed = [each["name"] for each in self.table["benches"]]
        self.assertEqual(there - set(listed), set())
        self.assertEqual(len(listed), len(set(listed)))

    def test_each_target_is_one_that_its_benches_print(self):
        numbers = [each["id"] for each in self.table["targets"]]
        self.assertEqual(len(numbers), len(set(numbers)))
        systems = [each["id"] for each in self.table["systems"]]
        for target in self.table["targets"]:
            self.assertEqual(target["system"], target["id"][0])
            self.assertIn(target["system"], systems)
            for bench in target["benches"]:
                text = self.sources(bench)
                if text:
                    self.assertIn(f'"{target["id"]}"', text, bench)
        for bench in [each["name"] for each in self.table["benches"]]:
            for number in re.findall(r'"([CTXMSH]\d+)"', self.sources(bench)):
                self.assertIn(bench, next(each for each in self.table["targets"] if each["id"] == number)["benches"])

    def test_readme_and_figures_have_the_tables_of_the_kept_report(self):
        run = subprocess.run([sys.executable, os.path.join(SOURCE, "scripts/readme"), "--check"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))

    def test_quick_takes_less_than_three_minutes_by_the_table(self):
        self.assertLess(sum(each["quick_seconds"] for each in self.table["benches"]), 180)
        with_rows = {bench for each in self.table["targets"] for bench in each["benches"]}
        quick = {each["name"] for each in self.table["benches"] if each["quick_seconds"] > 0}
        self.assertLessEqual(quick, with_rows)
        for target in self.table["targets"]:  # which has a bench, one of them quick, or says why not
            self.assertEqual("why_not" in target, not target["benches"], target)
            self.assertEqual("why_not" in target, not quick & set(target["benches"]), target)


if __name__ == "__main__":
    unittest.main()
