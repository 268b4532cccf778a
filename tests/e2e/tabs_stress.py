#!/usr/bin/env python3
"""Of `firn tabs`: 200 tabs, each with a counter in a closure, a Map, a generator, a pending promise, a timer, a
listener, a filled form and scrolled state, are sent to sleep and woken at random, to every level; after each waking
the state is that of a model. Then a thousand tabs, of which ten are awake, and what their processes take.

FIRN_ROUNDS (10,000), FIRN_TABS (200) and FIRN_MANY (1,000) change the numbers, FIRN_SEED the order."""

import json
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from tabs import Tabs, have_pages  # noqa: E402

ROUNDS = int(os.environ.get("FIRN_ROUNDS", "10000"))
TABS = int(os.environ.get("FIRN_TABS", "200"))
MANY = int(os.environ.get("FIRN_MANY", "1000"))
SEED = int(os.environ.get("FIRN_SEED", random.randrange(1 << 30)))

PAGE = """<!doctype html><title>State</title><form><input id=field><textarea id=area></textarea></form>
<button id=button>b</button><div id=list></div><script>
const counter = (() => { let n = 0; return { add: k => n += k, get: () => n }; })();
const map = new Map(); let settle, settled = [], ticks = 0, clicks = 0;
function* walk() { let n = 0; for (;;) n += (yield n) ?? 1; }
const generator = walk(); generator.next();
async function wait() { for (;;) settled.push(await new Promise(done => settle = done)); }
wait();
setInterval(() => ticks++, 50);
button.addEventListener("click", () => {
    clicks++;
    list.append(Object.assign(document.createElement("p"), { id: "p" + clicks }));
});
function step(k) {
    counter.add(k); map.set(k, { k, text: "t".repeat(k % 50) });
    if (map.size > 30) map.delete(map.keys().next().value);
    settle(k); button.click(); field.value = "f" + k; area.scrollTop = k; generator.next(k); return 0;
}
function digest() {
    return JSON.stringify([counter.get(), [...map.keys()], settled.slice(-3), clicks, list.childNodes.length,
                           field.value, generator.next(0).value, [...map.values()].map(v => v.text.length)]);
}
</script>"""


class Model:
    def __init__(self):
        self.sum, self.keys, self.settled, self.clicks, self.field = 0, [], [], 0, ""

    def step(self, k):
        self.sum += k
        if k not in self.keys:
            self.keys.append(k)
        if len(self.keys) > 30:
            self.keys.pop(0)
        self.settled.append(k)
        self.clicks += 1
        self.field = f"f{k}"

    def digest(self):
        return [self.sum, self.keys, self.settled[-3:], self.clicks, self.clicks, self.field, self.sum,
                [k % 50 for k in self.keys]]


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


class Stress(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.page = os.path.join(folder.name, "page.html")
        with open(self.page, "w", encoding="ascii") as file:
            file.write(PAGE)

    def test_state_survives_random_sleep_and_waking(self):
        print(f"FIRN_SEED={SEED}", flush=True)
        order = random.Random(SEED)
        with Tabs("--wake-timers") as host:
            models = {host.open(self.page): Model() for _ in range(TABS)}
            for _ in range(ROUNDS):
                tab = order.choice(list(models))
                to = order.choice(["warm", "cold", "frozen", "active", "step"])
                if to == "step":
                    k = order.randrange(1000)
                    host.eval(tab, f"step({k})")
                    models[tab].step(k)
                else:
                    host.state(tab, to)
                if order.random() < 0.5:
                    self.assertEqual(json.loads(host.eval(tab, "digest()")), models[tab].digest())
            for tab, model in models.items():
                host.state(tab, "frozen")
                self.assertEqual(json.loads(host.eval(tab, "digest()")), model.digest())
                self.assertGreater(int(host.eval(tab, "ticks")), 0)

    def test_a_thousand_tabs_are_kept(self):
        with Tabs() as host:
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
    if not have_pages():
        print("firn-page was not built: JavaScriptCore is missing")
        sys.exit(0)
    unittest.main()
