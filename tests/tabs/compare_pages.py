#!/usr/bin/env python3
"""Tells where pages differ, after they have loaded, from what they are in headless Chromium.

    compare_pages.py PROGRAM FOLDER PAGE...

PROGRAM is tabs_pages, which takes pages from a folder as make_pages.py does. Prints the tags and texts
that differ, and what was told in the console; exit status 1 where there are any.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys

ENGINE = {"JSC_useJIT": "0", "JSC_useConcurrentGC": "0", "JSC_numberOfGCMarkers": "1", "Malloc": "1"}


def parts(html):
    return [part for part in re.split(r"(<[^>]*>)", html) if part.strip()]


def main():
    program, folder, *pages = sys.argv[1:]
    make = pathlib.Path(__file__).with_name("make_pages.py")
    differ = False
    for page in pages:
        subprocess.run([sys.executable, str(make), folder, page], check=True)
        theirs = (pathlib.Path(folder) / page).with_suffix(".txt").read_text(encoding="utf-8")
        ours = subprocess.run([program, folder, page], capture_output=True, check=True, timeout=300,
                              env={**os.environ, **ENGINE})
        lines = [line for line in difflib.unified_diff(parts(theirs), parts(ours.stdout.decode()), n=0, lineterm="")
                 if not line.startswith(("---", "+++", "@@"))]
        print(f"{page}: {len(lines)} differ")
        print("".join(f"    {line[:200]}\n" for line in lines) + ours.stderr.decode(), end="")
        differ |= bool(lines)
    return 1 if differ else 0


sys.exit(main())
