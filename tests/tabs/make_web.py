#!/usr/bin/env python3
"""Writes what headless Chromium answers to the pages of tests/tabs/web, beside them.

    make_web.py [CHROMIUM]

A page collects lines in an array of that name; NAME.txt has them, one a line.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def answers(chromium, page):
    end = ("<script>document.documentElement.textContent = 'ANSWERS' + "
           "encodeURIComponent(JSON.stringify(lines)) + 'END';</script>")
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
        file.write(page.read_text(encoding="utf-8") + end)
        file.flush()
        dumped = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                                 "file://" + file.name], capture_output=True, check=True, timeout=120)
    found = re.search(r"ANSWERS(.*)END", dumped.stdout.decode())
    return json.loads(re.sub(r"%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), found[1])
                      .encode("latin-1").decode("utf-8"))


def main():
    chromium = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    for page in sorted((pathlib.Path(__file__).parent / "web").glob("*.html")):
        lines = answers(chromium, page)
        text = "".join(line.replace("\n", "\\n") + "\n" for line in lines)
        page.with_suffix(".txt").write_text(text, encoding="utf-8")


main()
