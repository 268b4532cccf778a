#!/usr/bin/env python3
"""Tells where computed style of pages, after they have loaded, differs from that in headless Chromium.

    compare_styles.py [--keep FILE | --kept FILE] FIRN FOLDER PAGE...

Asks for PROPERTIES of some SAMPLE elements of a page. --keep writes what Chromium answers into a file,
--kept takes it from there, as from styles.json. Prints each property with how often it differs, and the
first of these; exit status 1 where there are any. FOLDER must be writable.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

SAMPLE = 60
PROPERTIES = """
    align-items background-color background-image background-repeat border-bottom-color border-bottom-style
    border-bottom-width border-collapse border-top-left-radius box-shadow box-sizing clear color column-gap
    content cursor direction display flex-direction flex-grow flex-shrink flex-wrap float font-family
    font-size font-style font-variant-caps font-weight justify-content letter-spacing line-height
    list-style-type margin-top max-width min-height opacity order outline-style overflow-x overflow-y
    padding-left pointer-events position text-align text-decoration-line text-indent text-overflow
    text-transform transition-duration transition-property user-select vertical-align visibility
    white-space word-break word-spacing z-index
""".split()
# By where an element stands, so that a page which differs by an element is still asked about the same ones.
ASK = """(() => {
    const all = [];
    const walk = (element, path) => {
        all.push([path, element]);
        [...element.children].forEach((child, at) => walk(child, path + ">" + child.localName + at));
    };
    walk(document.documentElement, "html");
    const hash = text => [...text].reduce((all, letter) => (all * 31 + letter.charCodeAt(0)) % 65521, 7);
    const step = 2 ** Math.ceil(Math.log2(Math.max(1, all.length / SAMPLE)));
    return JSON.stringify(Object.fromEntries(all.filter(([path]) => hash(path) % step === 0).map(([path, element]) => {
        const style = getComputedStyle(element);
        return [path, NAMES.map(name => style.getPropertyValue(name))];
    })));
})()""".replace("SAMPLE", str(SAMPLE)).replace("NAMES", json.dumps(PROPERTIES))


def chromiums(folder, page):
    path = pathlib.Path(folder) / page
    changed = path.with_name("asked-" + path.name)
    told = "document.documentElement.textContent = 'ANSWERS' + encodeURIComponent(" + ASK + ") + 'END'"
    script = "<script>addEventListener('load', () => setTimeout(() => { " + told + " }, 2000))</script>"
    changed.write_text(path.read_text(encoding="utf-8") + script, encoding="utf-8")
    try:
        dumped = subprocess.run(["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--dump-dom",
                                 "--window-size=1280,720", "--virtual-time-budget=8000",
                                 "file://" + os.path.abspath(changed)],
                                capture_output=True, check=True, timeout=200)
    finally:
        changed.unlink()
    found = re.search(r"ANSWERS(.*)END", dumped.stdout.decode())
    text = re.sub(r"%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), found[1]).encode("latin-1").decode("utf-8")
    return json.loads(text.replace("file://" + os.path.abspath(folder) + "/", "file:///"))


def ours(firn, folder, page):
    script = f"open {os.path.abspath(os.path.join(folder, page))}\nsleep 2500\neval 1 " + " ".join(ASK.split()) + "\n"
    ran = subprocess.run([firn, "tabs", "--json"], input=script, text=True, capture_output=True, check=True,
                         timeout=200)
    return json.loads(json.loads(ran.stdout.splitlines()[-1])["value"])


def main():
    words = sys.argv[1:]
    keep = words[1] if words[0] in ("--keep", "--kept") else None
    kept = json.loads(pathlib.Path(keep).read_text(encoding="utf-8")) if words[0] == "--kept" else {}
    firn, folder, *pages = words[2:] if keep else words
    differ = False
    for page in pages:
        theirs = kept.get(page) or chromiums(folder, page)
        kept[page] = theirs
        mine = ours(firn, folder, page)
        wrong, both = collections.defaultdict(list), theirs.keys() & mine.keys()
        for path in sorted(both):
            for name, a, b in zip(PROPERTIES, theirs[path], mine[path]):
                if a != b:
                    wrong[name].append((path, a, b))
        print(f"{page}: {sum(map(len, wrong.values()))} of {len(both) * len(PROPERTIES)} values differ; "
              f"{len(theirs) - len(both)} elements are there only, {len(mine) - len(both)} here only")
        for name, all_of in sorted(wrong.items()):
            path, a, b = all_of[0]
            print(f"    {name}: {len(all_of)}, as of {path[-60:]}: {a[:70]!r} is {b[:70]!r}")
        differ |= bool(wrong) or theirs.keys() != mine.keys()
    if keep and words[0] == "--keep":
        pathlib.Path(keep).write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")
    return 1 if differ else 0


sys.exit(main())
