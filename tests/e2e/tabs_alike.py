#!/usr/bin/env python3
"""Tabs of one document in `firn tabs` hold once what they have alike: none sees what another changes, each wakes from
every level as it fell asleep, one that is killed harms no other, and what nobody uses any more goes away."""

import glob
import json
import os
import re
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from tabs import Refused, Tabs, run_tests  # noqa: E402

NO_AGEING = ("--warm-seconds", "90000", "--cold-seconds", "90001", "--frozen-seconds", "90002")
WAIT_S = 30
TABS = 3

PAGE = """<!doctype html><title>Alike</title><p id=p>the same</p><ul id=list></ul><script>
const counter = (() => { let n = 0; return { add: k => n += k, get: () => n }; })();
const all = []; for (let i = 0; i < 8000; i++) all.push({ i, text: "text " + i });
for (let i = 0; i < 300; i++)
    list.append(Object.assign(document.createElement("li"), { id: "l" + i, textContent: "line " + i }));
function step(k) {
    counter.add(k); all[k].text = "changed by " + k; all.push({ i: k });
    document.getElementById("l" + k % 300).textContent = "k" + k; p.title += k + ","; return 0;
}
function digest() {
    let sum = 0;
    for (const each of all) for (const c of String(each.text)) sum = (sum * 31 + c.charCodeAt(0) + each.i) | 0;
    return JSON.stringify([counter.get(), all.length, sum, p.title, [...list.children].map(l => l.textContent).join()]);
}
</script>"""


def memory(process, field):
    with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
        return 1024 * int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.M).group(1))


def children(process):
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                if int(file.read().rpartition(")")[2].split()[1]) == process:
                    found.append(int(path.split("/")[2]))
        except OSError:
            continue
    return found


class Alike(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pages = []
        for name in ("page", "other"):
            self.pages.append(os.path.join(folder.name, name + ".html"))
            with open(self.pages[-1], "w", encoding="ascii") as file:
                file.write(PAGE)

    def sharing(self, host):
        """The processes of pages that share: those with many mappings of the file."""
        found = []
        for zygote in children(host.process.pid):
            for page in children(zygote):
                try:
                    with open(f"/proc/{page}/maps", encoding="ascii") as file:
                        if file.read().count("/memfd:firn-share") > 3:
                            found.append(page)
                except OSError:
                    continue
        return found

    def wait_for(self, host, count, ready=lambda: True):
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            host.ask("sleep 100")
            if len(self.sharing(host)) == count and ready():
                return self.sharing(host)
        self.fail(f"{len(self.sharing(host))} pages share, not {count}: {host.ask('stats')}")

    def shared(self, host, count=TABS):
        tabs = [host.open(self.pages[0]) for _ in range(count)]
        return tabs, self.wait_for(host, count)

    def test_tabs_of_a_document_share_and_see_nothing_of_each_other(self):
        with Tabs(*NO_AGEING) as host:
            tabs, processes = self.shared(host)
            alike = host.ask("stats")["alike_bytes"]
            self.assertGreater(alike, 1 << 20)
            own = sorted(memory(process, "Anonymous") for process in processes)
            self.assertLess(own[1], alike // 2)
            for tab in tabs:
                for k in (tab, 10 * tab):
                    host.eval(tab, f"step({k})")
            digests = {}
            for tab in tabs:
                digest = digests[tab] = json.loads(host.eval(tab, "digest()"))
                self.assertEqual(digest[0], 11 * tab)
                self.assertEqual(digest[3], f"{tab},{10 * tab},")
                self.assertEqual(digest[4].count("k"), 2)
            self.assertEqual(len({digest[2] for digest in digests.values()}), TABS)
            host.ask("sleep 1500")  # they settle, and share again
            for tab in tabs:
                self.assertEqual(json.loads(host.eval(tab, "digest()")), digests[tab])

    def test_a_tab_that_shares_sleeps_and_wakes_as_it_was(self):
        with Tabs(*NO_AGEING) as host:
            tabs, _ = self.shared(host)
            for turn, tab in enumerate(tabs):
                host.eval(tab, f"step({turn})")
            digests = [host.eval(tab, "digest()") for tab in tabs]
            for level in ("warm", "cold", "frozen"):
                for tab in tabs[:2]:
                    self.assertEqual(host.state(tab, level), level)
                self.assertEqual([host.eval(tab, "digest()") for tab in tabs], digests)
                for tab in tabs[:2]:
                    about = host.ask(f"state {tab}")
                    self.assertEqual(about["state"], "active")
                    self.assertEqual(about["woken_crc"], about["packed_crc"])
                self.wait_for(host, TABS)  # again
            self.assertEqual([host.eval(tab, "digest()") for tab in tabs], digests)
            for tab in tabs:
                host.state(tab, "frozen")
            self.assertEqual(host.ask("stats")["alike_bytes"], 0)
            self.assertEqual([host.eval(tab, "digest()") for tab in tabs], digests)

    def test_one_that_is_killed_or_leaves_harms_no_other(self):
        with Tabs(*NO_AGEING) as host:
            tabs, processes = self.shared(host)
            digest = host.eval(tabs[0], "digest()")
            os.kill(processes[0], signal.SIGKILL)
            self.wait_for(host, TABS - 1)
            lost = [each["tab"] for each in host.ask("list")["tabs"] if each["state"] == "lost"]
            self.assertEqual(len(lost), 1)
            rest = [tab for tab in tabs if tab not in lost]
            self.assertEqual({host.eval(tab, "digest()") for tab in rest}, {digest})
            self.assertGreater(host.ask("stats")["alike_bytes"], 0)
            host.ask(f"close {rest[0]}")
            self.assertEqual({host.eval(tab, "digest()") for tab in rest[1:]}, {digest})
            host.ask(f"reload {lost[0]}")
            self.wait_for(host, TABS - 1)
            self.assertEqual(host.eval(lost[0], "digest()"), digest)
            for tab in rest[1:] + lost:
                host.ask(f"close {tab}")
            self.assertEqual(host.ask("stats")["alike_bytes"], 0)

    def test_other_documents_share_nothing(self):
        with Tabs(*NO_AGEING) as host:
            for page in self.pages:
                host.open(page)
            host.open("about:blank")
            host.open("about:blank")
            host.ask("sleep 1500")
            self.assertEqual(self.sharing(host), [])
            self.assertEqual(host.ask("stats")["alike_bytes"], 0)

    def test_a_limit_of_memory_holds_for_pages_that_share(self):
        with Tabs(*NO_AGEING, "--tab-memory", "64M") as host:
            tabs, _ = self.shared(host, 2)
            with self.assertRaises(Refused):
                host.eval(tabs[0], "const more = []; for (;;) more.push('x'.repeat(1000) + more.length)")
            self.assertEqual(host.eval(tabs[1], "counter.get()"), "0")


if __name__ == "__main__":
    run_tests()
