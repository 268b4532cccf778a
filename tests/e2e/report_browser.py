#!/usr/bin/env python3
"""The page of `firn report` in headless Chromium: every row and plot can be seen, dark and light, no text lies on
another, and no request leaves the page. Pictures of the kept report, dark, light and on paper, are left in the folder
report beside the program. Left out where there is no Chromium."""

import http.server
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import threading
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, firn  # noqa: E402

SOURCE = os.environ.get("FIRN_SOURCE", ".")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-headless-shell")

# Looks at the page from outside, as it allows no script.
HARNESS = """<!DOCTYPE html><pre id=seen></pre>
<iframe id=page src=/report.html style="width:1100px;height:900px"></iframe>
<script>
page.onload = () => {
  const inside = page.contentDocument;
  const style = element => page.contentWindow.getComputedStyle(element);
  const visible = element => element.getBoundingClientRect().width > 5 && element.getBoundingClientRect().height > 5 &&
    style(element).visibility === "visible";
  // Texts of a plot that lie on another, or beyond its edge.
  const badly = plot => {
    const edge = plot.getBoundingClientRect();
    const texts = [...plot.querySelectorAll("text")].map(each =>
      ({say: each.textContent, box: each.getBoundingClientRect()}));
    const beyond = ({box}) => box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 3 ||
      box.bottom > edge.bottom + 3;
    const on = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
      Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3;
    const label = plot.getAttribute("aria-label");
    return texts.flatMap((one, i) => [...(beyond(one) ? [[label, one.say, "edge"]] : []),
      ...texts.slice(i + 1).filter(other => on(one.box, other.box)).map(other => [label, one.say, other.say])]);
  };
  const all = selector => [...inside.querySelectorAll(selector)];
  seen.textContent = JSON.stringify({
    targets: all("tbody[id]").filter(visible).map(each => each.id),
    figures: all("tr.figure").filter(visible).length,
    bars: all("svg.bars").filter(visible).length,
    series: all("svg.series").filter(visible).length,
    own: all("rect.own").filter(visible).length,
    page: style(inside.body).backgroundColor, text: style(inside.body).color,
    bar: all("rect.own").map(each => style(each).fill)[0],
    wide: inside.documentElement.scrollWidth <= 1100, height: inside.documentElement.scrollHeight,
    bad: all("svg").flatMap(badly),
  });
  document.title = "done";
};
</script>"""


def rows_of_every_target(table):
    """A row with peers and one without for each target, and a series of each kind for each system."""
    for bench in table["benches"]:
        rows, series = [], []
        for target in table["targets"]:
            if target["benches"][:1] == [bench["name"]]:
                rows.append({"id": target["id"], "what": "with peers", "value": 2.5, "unit": "ns", "target": 3,
                             "met": True, "peers": [{"name": "a peer", "value": 5}], "least": 2, "most": 3})
                rows.append({"id": target["id"], "what": "alone", "value": 1, "unit": "B", "target": None,
                             "met": None, "peers": []})
        for kind in ("line", "stack", "histogram"):
            if rows:
                series.append({"id": rows[0]["id"], "what": kind, "kind": kind, "x": "h", "y": "MB",
                               "lines": [{"name": "one", "points": [[0, 1], [1, 3]]},
                                         {"name": "two", "points": [[0, 2], [1, 1]]}]})
        yield bench["name"], {"machine": "", "rows": rows, "series": series}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.pages.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *_):
        pass


def brightness(path):
    """Of the upper left pixel of a PNG with 8 bits a channel, which lies on the page itself."""
    data = path.read_bytes()
    at, packed, channels = 8, b"", 3
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            channels = {2: 3, 6: 4}[body[9]]
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    return sum(zlib.decompress(packed)[1:4]) // 3 if channels else 0


@unittest.skipUnless(CHROMIUM, "there is no Chromium")
class Browser(Case):
    def setUp(self):
        super().setUp()
        with open(os.path.join(SOURCE, "programs/report/targets.json"), encoding="utf-8") as file:
            self.table = json.load(file)
        bench = self.folder / "bench"
        bench.mkdir()
        self.documents = dict(rows_of_every_target(self.table))
        for name, document in self.documents.items():
            (bench / name).write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(document)}\nEND\n")
            (bench / name).chmod(0o755)
        self.page, self.kept = self.folder / "report.html", self.folder / "kept.html"
        for words in (("--bench", bench, "-o", self.page),
                      ("--from", os.path.join(SOURCE, "docs/report.json"), "-o", self.kept)):
            run = firn("report", *words)
            self.assertEqual(run.returncode, 0, run)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.asked = []
        self.server.pages = {"/": HARNESS, "/report.html": self.page.read_text(encoding="utf-8")}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def chromium(self, dark, *words):
        return subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             f"--user-data-dir={self.folder / 'profile'}", "--virtual-time-budget=5000",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=True).stdout

    def look(self, dark):
        address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        text = self.chromium(dark, "--dump-dom", address)
        return json.loads(text.split('<pre id="seen">')[1].split("</pre>")[0])

    def test_every_row_and_plot_is_there_dark_and_light_and_nothing_is_fetched(self):
        rows = [row for each in self.documents.values() for row in each["rows"]]
        looks = [self.look(dark) for dark in (False, True)]
        for seen in looks:
            self.assertEqual(sorted(seen["targets"]), sorted(each["id"] for each in self.table["targets"]))
            self.assertEqual(seen["figures"], len(rows))
            self.assertEqual((seen["bars"], seen["own"]), (len(rows) // 2, len(rows) // 2))
            self.assertEqual(seen["series"], sum(len(each["series"]) for each in self.documents.values()))
            self.assertTrue(seen["wide"])
            self.assertEqual(seen["bad"], [])
        for key in ("page", "text", "bar"):
            self.assertNotEqual(looks[0][key], looks[1][key], key)
        self.assertEqual([each for each in self.server.asked if each not in ("/", "/report.html", "/favicon.ico")], [])
        self.assertEqual(self.server.asked.count("/report.html"), 2)

    def test_the_kept_report_reads_well_and_pictures_are_left(self):
        pictures = pathlib.Path(FIRN).parent / "report"
        pictures.mkdir(exist_ok=True)
        self.server.pages["/report.html"] = self.kept.read_text(encoding="utf-8")
        for dark in (False, True):
            seen, picture = self.look(dark), pictures / ("dark.png" if dark else "light.png")
            self.assertEqual(seen["bad"], [])
            self.assertTrue(seen["wide"])
            self.chromium(dark, f"--screenshot={picture}", f"--window-size=1100,{min(seen['height'], 16000)}",
                          self.kept.as_uri())
            self.assertEqual(brightness(picture) < 100, dark)
        paper = pictures / "paper.pdf"
        self.chromium(True, f"--print-to-pdf={paper}", "--no-pdf-header-footer", self.kept.as_uri())
        self.assertTrue(paper.read_bytes().startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main()
