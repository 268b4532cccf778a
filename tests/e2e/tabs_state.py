#!/usr/bin/env python3
"""Of `firn tabs`: tabs, each with a counter in a closure, a Map, a generator, a pending promise, timers, a listener, a
filled form and scrolled state, are sent to sleep and woken at random, to every level; after each waking the state is
that of a model, and the image that the process got is, by its checksum, the one that was packed.

FIRN_ROUNDS (wakings) and FIRN_TABS change the numbers, FIRN_SEED the order; tabs_stress.py is the long form."""

import json
import os
import random
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from tabs import Tabs, run_tests  # noqa: E402

ROUNDS = int(os.environ.get("FIRN_ROUNDS", "60"))
TABS = int(os.environ.get("FIRN_TABS", "12"))
NO_AGEING = ("--warm-seconds", "90000", "--cold-seconds", "90001", "--frozen-seconds", "90002")
SEED = int(os.environ.get("FIRN_SEED", random.randrange(1 << 30)))

PAGE = """<!doctype html><title>State</title><form><input id=field><textarea id=area></textarea></form>
<button id=button>b</button><div id=list></div><script>
const counter = (() => { let n = 0; return { add: k => n += k, get: () => n }; })();
const map = new Map(); let settle, settled = [], ticks = 0, clicks = 0, timer, late = -1;
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
    settle(k); button.click(); field.value = "f" + k; area.scrollTop = k; generator.next(k);
    clearTimeout(timer); timer = setTimeout(() => late = k, 1e7); return 0;
}
function digest() {
    return JSON.stringify([counter.get(), [...map.keys()], settled.slice(-3), clicks, list.childNodes.length,
                           field.value, area.scrollTop, generator.next(0).value,
                           [...map.values()].map(v => v.text.length)]);
}
</script>"""


class Model:
    def __init__(self):
        self.sum, self.keys, self.settled, self.clicks, self.field, self.last = 0, [], [], 0, "", 0

    def step(self, k):
        self.sum += k
        if k not in self.keys:
            self.keys.append(k)
        if len(self.keys) > 30:
            self.keys.pop(0)
        self.settled.append(k)
        self.clicks += 1
        self.field, self.last = f"f{k}", k

    def digest(self):
        return [self.sum, self.keys, self.settled[-3:], self.clicks, self.clicks, self.field, self.last, self.sum,
                [k % 50 for k in self.keys]]


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.page = os.path.join(folder.name, "page.html")
        with open(self.page, "w", encoding="ascii") as file:
            file.write(PAGE)


class States(Page):
    def wake(self, host, tab, model):
        """Asks a sleeping tab for its state, which wakes it."""
        self.assertEqual(json.loads(host.eval(tab, "digest()")), model.digest())
        about = host.ask(f"state {tab}")
        self.assertEqual(about["state"], "active")
        self.assertEqual(about["woken_crc"], about["packed_crc"])
        return about["packed_crc"]

    def test_state_survives_random_sleep_and_waking(self):
        print(f"FIRN_SEED={SEED}", flush=True)
        order, begun, images = random.Random(SEED), time.monotonic(), set()
        with Tabs(*NO_AGEING) as host:
            models = {host.open(self.page): Model() for _ in range(TABS)}
            asleep, tabs, wakings, sleeps = {}, list(models), 0, {"warm": 0, "cold": 0, "frozen": 0}
            while wakings < ROUNDS:
                tab, level = order.choice(tabs), order.choice(list(sleeps))
                if tab not in asleep or order.random() < 0.2:  # from one level to another, too
                    self.assertEqual(host.state(tab, level), level)
                    sleeps[level] += 1
                    asleep[tab] = level
                    continue
                self.assertEqual(host.state(tab), asleep.pop(tab))
                images.add(self.wake(host, tab, models[tab]))
                wakings += 1
                k = order.randrange(1000)
                host.eval(tab, f"step({k})")
                models[tab].step(k)
            for tab in tabs:
                host.state(tab, "frozen")
                self.wake(host, tab, models[tab])
                self.assertGreater(int(host.eval(tab, "ticks")), 0)
            print(f"{TABS} tabs woken {wakings} times, from {len(images)} images, asleep {sleeps}, in "
                  f"{time.monotonic() - begun:.0f} s", flush=True)
            self.assertGreater(len(images), min(wakings, 1000) * 9 // 10)


if __name__ == "__main__":
    run_tests()
