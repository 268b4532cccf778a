"""Drives a Chromium by its debugging pipe, and prints the figures that firn.py prints, as far as it has
them. Frozen pages are those that are discarded, which are loaded anew.

    chromium.py PROGRAM PAGES [quick]     PROGRAM: chromium or chromium-headless-shell
"""

import fcntl
import json
import os
import shutil
import statistics
import sys
import tempfile
import time

from group import REST_S, Group
from mix import MIX, page


def high_pipe():
    """A pipe whose ends leave 3 and 4 free for the browser's."""
    low = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in low]
    for end in low:
        os.close(end)
    return high


class Browser:
    def __init__(self, program, folder):
        to_browser, self.to = high_pipe()
        self.back, from_browser = high_pipe()
        words = ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", program, "--headless=new",
                 "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
                 "--allow-file-access-from-files", f"--user-data-dir={folder}", "about:blank"]
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            self.group = Group(words, stdout=nowhere, stderr=nowhere, stdin=nowhere,
                               pass_fds=(to_browser, from_browser))
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.number, self.events = b"", 0, []
        self.ask("Browser.getVersion")

    def receive(self):
        while b"\0" not in self.rest:
            data = os.read(self.back, 1 << 20)
            if not data:
                sys.exit("the browser has ended")
            self.rest += data
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append((answer.get("method"), answer.get("sessionId")))

    def load(self, session, where):
        """Navigates, and waits for the page's load event; how many ms that took."""
        self.events.clear()
        begun = time.perf_counter()
        self.ask("Page.navigate", session, url="file://" + where)
        while ("Page.loadEventFired", session) not in self.events:
            answer = self.receive()
            self.events.append((answer.get("method"), answer.get("sessionId")))
        return (time.perf_counter() - begun) * 1000

    def open(self, where):
        begun = time.perf_counter()
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable", session)
        self.load(session, where)
        return session, (time.perf_counter() - begun) * 1000


def tell(key, value):
    print(key, f"{value:.6g}" if isinstance(value, float) else value, flush=True)


def settled(browser):
    time.sleep(REST_S)
    return browser.group.pss_bytes()


def alone(browser, pages):
    tell("none_bytes", settled(browser))
    browser.open(page(pages, "blank"))
    before, took = settled(browser), []
    for _ in range(5):
        took.append(browser.open(page(pages, "blank"))[1])
    tell("blank_bytes", (settled(browser) - before) / 5)
    tell("open_blank_ms", statistics.median(took))
    before = settled(browser)
    browser.open(page(pages, "sbadmin"))
    one = settled(browser)
    tell("dashboard_bytes", one - before)
    session, took = browser.open(page(pages, "sbadmin"))
    tell("dashboards_bytes", settled(browser) - one)
    tell("open_dashboard_ms", took)
    tell("reload_ms", statistics.median(browser.load(session, page(pages, "sbadmin")) for _ in range(3)))
    before = settled(browser)
    _, took = browser.open(page(pages, "index"))
    tell("document_bytes", settled(browser) - before)
    tell("open_document_ms", took)


def main():
    program, pages, quick = sys.argv[1], sys.argv[2], len(sys.argv) > 3
    folder = tempfile.mkdtemp(prefix="firn-bench-")
    try:
        begun = time.perf_counter()
        browser = Browser(program, os.path.join(folder, "alone"))
        browser.open(page(pages, "small"))
        tell("cold_start_ms", (time.perf_counter() - begun) * 1000)
        browser.group.end()
        browser = Browser(program, os.path.join(folder, "again"))
        alone(browser, pages)
        browser.group.end()
        browser = Browser(program, os.path.join(folder, "mixed"))
        count = 10 if quick else 50
        for i in range(count):
            browser.open(page(pages, MIX[i % len(MIX)]))
            if i + 1 == 10:
                tell("ten_bytes", settled(browser))
        tell("all_bytes", settled(browser))
        tell("tabs_count", count)
        browser.group.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
