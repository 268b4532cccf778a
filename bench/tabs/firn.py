"""Drives `firn tabs --json` by pipes, as a user's program would, and prints figures, `key value` a line.

    firn.py FIRN PAGES [quick]     PAGES as scripts/pages lays them out
    firn.py FIRN PAGES COUNT       COUNT tabs of the mix at once, all but ten asleep (990 of 1,000)
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from group import REST_S, Group
from mix import MIX, page


class Tabs:
    def __init__(self, firn, store):
        words = [firn, "tabs", "--json", "--store", store, "--warm-seconds", "90000",
                 "--cold-seconds", "90001", "--frozen-seconds", "90002", "--memory", "16G"]
        self.group = Group(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, command):
        """The answer, and how many ms it took."""
        begun = time.perf_counter()
        self.group.process.stdin.write(command + "\n")
        answer = json.loads(self.group.process.stdout.readline())
        took = (time.perf_counter() - begun) * 1000
        if not answer["ok"]:
            sys.exit(f"{command}: {answer['error']}")
        return answer, took

    def open(self, where):
        answer, took = self.ask("open " + where)
        return answer["tab"], took

    def settled(self, opened=True):
        """What the processes have at rest, as of a browser's; where nothing was opened that is soon so."""
        time.sleep(REST_S if opened else 1)
        return self.group.pss_bytes()

    def all_bytes(self):
        """With the kernel's, which has what a page had for a moment longer."""
        return self.settled() + self.group.kernel_bytes()


def tell(key, value):
    print(key, f"{value:.6g}" if isinstance(value, float) else value, flush=True)


def alone(firn, pages, store, quick):
    """The program with no tab, blank tabs, the dashboard and the document."""
    tabs = Tabs(firn, store)
    tabs.ask("list")
    tell("none_bytes", tabs.group.pss_bytes())
    tabs.open(page(pages, "blank"))
    before, took = tabs.settled(), []
    for _ in range(9):
        took.append(tabs.open(page(pages, "blank"))[1])
    tell("blank_bytes", (tabs.settled() - before) / 9)
    tell("open_blank_ms", statistics.median(took))
    for name in ["sbadmin"] if quick else MIX:
        heap(tabs, pages, name)
    before, opened = tabs.settled(opened=False), []
    tab, took = tabs.open(page(pages, "sbadmin"))
    one = tabs.settled()
    for _ in range(2):
        opened.append(tabs.open(page(pages, "sbadmin"))[1])
    tell("dashboard_bytes", one - before)
    if not quick:
        tell("dashboards_bytes", (tabs.settled() - one) / 2)
    tell("open_dashboard_ms", statistics.median(opened + [took]))
    for state in ("cold", "frozen"):
        tell(f"wake_{state}_ms", wakes(tabs, tab, state))
    if not quick:
        document(tabs, pages)
    tabs.group.end()


def document(tabs, pages):
    before = tabs.settled()
    _, took = tabs.open(page(pages, "index"))
    tell("document_bytes", tabs.settled() - before)
    tell("open_document_ms", took)


def heap(tabs, pages, name):
    """A page's image, nodes, style sheets and script heap, against what its idle process had to itself:
    no other tab has the same document, as they would share what they have alike."""
    before = tabs.ask("stats")[0]["images_bytes"]
    awake = tabs.settled(opened=False)
    tab = tabs.open(page(pages, name))[0]
    awake = tabs.settled() - awake
    tabs.ask(f"state {tab} cold")
    image = tabs.ask("stats")[0]["images_bytes"] - before
    tell(f"image_{name}_bytes", image)
    tell(f"heap_{name}_ratio", awake / image)
    tabs.ask(f"close {tab}")


def wakes(tabs, tab, state):
    """ms until a sleeping dashboard answers, its state being there."""
    took = []
    tabs.ask(f"eval {tab} globalThis.counter = (() => {{ let n = 0; return () => ++n; }})(), 0")
    for i in range(5):
        tabs.ask(f"state {tab} {state}")
        answer, ms = tabs.ask(f"eval {tab} counter()")
        if answer["value"] != str(i + 1):
            sys.exit(f"a dashboard woke with {answer['value']} in place of {i + 1}")
        took.append(ms)
    return statistics.median(took)


def ten(firn, pages, store):
    tabs = Tabs(firn, store)
    for i in range(10):
        tabs.open(page(pages, MIX[i % len(MIX)]))
    tell("ten_bytes", tabs.settled())
    tabs.group.end()


def mixed(firn, pages, store, count):
    """Many tabs: active, cold, frozen."""
    tabs = Tabs(firn, store)
    tabs.ask("close " + str(tabs.open(page(pages, "blank"))[0]))
    base, opened = tabs.all_bytes(), []
    for i in range(count):
        opened.append(tabs.open(page(pages, MIX[i % len(MIX)]))[0])
    tell("all_bytes", tabs.settled())
    tell("tabs_count", count)
    for tab in opened:
        tabs.ask(f"state {tab} cold")
    tell("cold_bytes", (tabs.all_bytes() - base) / count)
    for tab in opened:
        tabs.ask(f"state {tab} frozen")
    tell("frozen_bytes", (tabs.all_bytes() - base) / count)
    tell("disk_bytes", tabs.ask("stats")[0]["store_bytes"] / count)
    tabs.group.end()


def many(firn, pages, store, count):
    """Tabs of the mix, all but ten asleep: a third cold, the rest frozen; and that they are there."""
    tabs = Tabs(firn, store)
    kernel, opened = tabs.group.kernel_bytes(), []
    for i in range(count):
        name = MIX[i % len(MIX)]
        tab = tabs.open(page(pages, name))[0]
        tabs.ask(f"eval {tab} globalThis.mine = {i}, 0")
        opened.append(tab)
        if i >= 10:
            tabs.ask(f"state {opened[i - 10]} " + ("cold" if i % 3 == 0 else "frozen"))
    stats = tabs.ask("stats")[0]
    tell("tabs_count", count)
    tell("active_count", stats["active"])
    tell("cold_count", stats["cold"])
    tell("frozen_count", stats["frozen"])
    tell("processes_count", len(tabs.group.processes()))
    tell("pss_bytes", tabs.group.pss_bytes())
    tell("kernel_bytes", tabs.group.kernel_bytes() - kernel)
    tell("cgroup_bytes", tabs.group.cgroup_bytes())
    tell("disk_bytes", stats["store_bytes"])
    for i in range(0, count, max(1, count // 50)):
        if tabs.ask(f"eval {opened[i]} mine")[0]["value"] != str(i):
            sys.exit(f"tab {opened[i]} has lost its state")
    tabs.group.end()


def cold_start(firn, pages):
    """ms from the start of the program to a document's title."""
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        script = f"open {page(pages, 'small')}\nquit\n"
        subprocess.run([firn, "tabs", "--json"], input=script, text=True, check=True, capture_output=True)
        took.append((time.perf_counter() - begun) * 1000)
    tell("cold_start_ms", statistics.median(took))


def main():
    firn, pages, form = sys.argv[1], sys.argv[2], "".join(sys.argv[3:])
    folder, quick = tempfile.mkdtemp(prefix="firn-bench-"), form == "quick"
    try:
        if form.isdecimal():
            many(firn, pages, os.path.join(folder, "many"), int(form))
            return
        cold_start(firn, pages)
        alone(firn, pages, os.path.join(folder, "alone"), quick)
        ten(firn, pages, os.path.join(folder, "ten"))
        if not quick:
            mixed(firn, pages, os.path.join(folder, "mixed"), 50)
    finally:
        shutil.rmtree(folder)


main()
