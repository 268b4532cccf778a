#!/usr/bin/env python3
"""The long form of tabs_state.py: 200 tabs, woken 10,000 times; and a thousand tabs, of which ten are awake, and what
their processes take.

FIRN_ROUNDS, FIRN_TABS and FIRN_MANY (1,000) change the numbers, FIRN_SEED the order."""

import os
import random
import sys

os.environ.setdefault("FIRN_ROUNDS", "10000")
os.environ.setdefault("FIRN_TABS", "200")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tabs_state import NO_AGEING, SEED, Page, States, Tabs, run_tests  # noqa: E402, F401 States is run from here

MANY = int(os.environ.get("FIRN_MANY", "1000"))


def kilobytes(path, names):
    with open(path, encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.split(":")[0] in names)


def processes(root):
    """A process with all that descend from it."""
    found, next_ = [], [root]
    while next_:
        pid = next_.pop()
        found.append(pid)
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            next_ += [int(word) for word in file.read().split()]
    return found


class Thousand(Page):
    def test_a_thousand_tabs_are_kept(self):
        with Tabs(*NO_AGEING) as host:
            for number in range(1, MANY + 1):
                tab = host.open(self.page)
                host.eval(tab, f"step({number % 1000})")
                if number > 10:
                    host.state(tab, ["warm", "cold", "frozen", "frozen"][number % 4])
            stats = host.ask("stats")
            all_ = processes(host.process.pid)
            pss = sum(kilobytes(f"/proc/{pid}/smaps_rollup", {"Pss"}) for pid in all_)
            tables = sum(kilobytes(f"/proc/{pid}/status", {"VmPTE"}) for pid in all_)
            print(f"{MANY} tabs: {len(all_)} processes, PSS {pss} KB, page tables {tables} KB, store "
                  f"{stats['store_bytes'] // 1024} KB, images {stats['images_bytes'] // 1024} KB", flush=True)
            self.assertEqual(stats["active"], 10)
            self.assertEqual(stats["lost"], 0)
            self.assertLess(pss + tables, 10 * 8192 + MANY * 400)
            for tab in random.Random(SEED).sample(range(1, MANY + 1), min(50, MANY)):
                self.assertEqual(host.eval(tab, "counter.get()"), str(tab % 1000))


if __name__ == "__main__":
    run_tests()
