#!/usr/bin/env python3
"""`firn serve` under clients that others have written, as far as they are installed: loads of curl, wrk, ab, h2load,
siege, Node and Python of which not one request fails; a browser that reads a manual with all that belongs to it; and
slowhttptest's attacks, during which others are served and memory stays bounded. Prints the figures."""

import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from firn import Case  # noqa: E402
from serve import Server  # noqa: E402

MANUAL = "/usr/share/doc/python3-doc/html"
PAGES = ("index.html", "library/index.html", "library/asyncio.html", "reference/index.html", "library/stdtypes.html",
         "whatsnew/index.html", "howto/index.html", "library/functions.html", "c-api/index.html", "genindex-all.html")
NODE = """
    const http = require('http'), agent = new http.Agent({keepAlive: true, maxSockets: 32});
    let asked = 0, done = 0, failed = 0;
    const next = () => { if (asked++ < 20000) http.get({port: process.argv[1], path: '/small', agent}, answer => {
        let bytes = 0;
        answer.on('data', part => bytes += part.length);
        answer.on('end', () => { done++; failed += answer.statusCode != 200 || bytes != 1000; next(); });
    }).on('error', () => { failed++; next(); }); };
    for (let i = 0; i < 32; i++) next();
    process.on('exit', () => console.log(done, failed));"""


def find(*names):
    for name in names:
        if shutil.which(name) is not None:
            return name
    return None


def output(*words, stderr=subprocess.STDOUT):
    run = subprocess.run(words, stdout=subprocess.PIPE, stderr=stderr, check=False, timeout=120,
                         stdin=subprocess.DEVNULL)
    return run.returncode, run.stdout.decode(errors="replace")


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found.group(1).replace(",", "")) if found else None


class Peers(Case):
    def setUp(self):
        super().setUp()
        self.write("small", b"s" * 1000)
        self.write("large", random.Random(4).randbytes(1_000_000))

    def need(self, *names):
        name = find(*names)
        if name is None:
            self.skipTest(f"{names[0]} is not installed")
        return name

    def tell(self, done, failed):
        print(f"{self.id()}: {done} requests, {failed} failed", flush=True)
        self.assertGreater(done, 0)
        self.assertEqual(failed, 0)

    def test_curl(self):
        self.need("curl")
        with Server(self.tree) as server:
            urls = [f"{server.url}{name}" for name in ("small", "large")] * 500
            _, text = output("curl", "-sS", "--parallel", "--parallel-max", "20",
                             "-w", "%{http_code} %{size_download}\n",
                             *(word for url in urls for word in ("-o", "/dev/null", url)), stderr=subprocess.DEVNULL)
            lines = [line for line in text.splitlines() if line.strip()]
            good = [line for line in lines if line in ("200 1000", "200 1000000")]
            self.tell(len(urls), len(urls) - len(good))

    def test_wrk(self):
        self.need("wrk")
        with Server(self.tree) as server:
            _, text = output("wrk", "-t2", "-c64", "-d3", server.url + "small")
            failed = sum(number(rf"{word} (\d+)", text) or 0 for word in ("connect", "read", "write", "timeout"))
            failed += number(r"Non-2xx or 3xx responses: (\d+)", text) or 0
            self.tell(number(r"(\d+) requests in", text), failed)

    def test_ab(self):
        self.need("ab")
        with Server(self.tree) as server:
            for words in (["-k"], []):
                _, text = output("ab", "-q", *words, "-c", "32", "-n", "20000", server.url + "small")
                self.tell(number(r"Complete requests: +(\d+)", text), number(r"Failed requests: +(\d+)", text))

    def test_h2load(self):
        self.need("h2load")
        with Server(self.tree) as server:
            for depth in ("1", "16"):
                _, text = output("h2load", "--h1", "-n", "50000", "-c", "32", "-m", depth, server.url + "small")
                self.tell(number(r"(\d+) succeeded", text), number(r"(\d+) failed", text))
                self.assertEqual(number(r"status codes: (\d+) 2xx", text), 50000)

    def test_siege(self):
        self.need("siege")
        with Server(self.tree) as server:
            os.environ["HOME"] = os.fspath(self.folder)  # where it keeps its settings
            _, text = output("siege", "-b", "-c", "25", "-r", "200", server.url + "small")
            done = number(r'"?[Tt]ransactions"?:\s+(\d+)', text)
            self.tell(done, number(r'"?[Ff]ailed_?\s?transactions"?:\s+(\d+)', text))

    def test_node(self):
        self.need("node")
        with Server(self.tree) as server:
            _, text = output("node", "-e", NODE, str(server.port))
            self.tell(*map(int, text.split()))

    def test_python(self):
        done, failed = [], []

        def ask(port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for i in range(500):
                connection.request("GET", "/large" if i % 50 == 0 else "/small")
                answer = connection.getresponse()
                size = len(answer.read())
                (done if (answer.status, size) == (200, 1_000_000 if i % 50 == 0 else 1000) else failed).append(i)
            connection.close()

        with Server(self.tree) as server:
            threads = [threading.Thread(target=ask, args=(server.port,)) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.tell(len(done), 8000 - len(done))


class Browser(Case):
    def test_a_manual_comes_with_all_that_belongs_to_it(self):
        browser = find("chromium", "chromium-browser", "google-chrome")
        if browser is None or not os.path.isdir(MANUAL):
            self.skipTest("there is no browser, or no manual of python3-doc")
        log = self.folder / "log"
        shutil.copytree(MANUAL, self.folder / "manual")  # links of it lead elsewhere, where nothing is served from
        with Server(self.folder / "manual", "--log", os.fspath(log)) as server:
            for page in PAGES:
                output(browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/profile",
                       "--virtual-time-budget=5000", "--dump-dom", server.url + page)
        asked = {}
        for line in log.read_text().splitlines():
            method, target, status = re.search(r'"(\w+) (\S+) HTTP/1\.1" (\d+)', line).groups()
            asked[urllib.parse.unquote(target.split("?")[0])] = int(status)
            self.assertEqual(method, "GET")
        failed = {path: status for path, status in asked.items() if status >= 400 and path != "/favicon.ico"}
        print(f"{self.id()}: {len(log.read_text().splitlines())} requests for {len(asked)} addresses, {len(failed)} "
              "failed", flush=True)
        self.assertEqual(failed, {})
        for page in PAGES:
            self.assertIn("/" + page, asked)
            for path in self.belonging(page):
                self.assertIn(path, asked, page)

    @staticmethod
    def belonging(page):
        """What a page's scripts, styles and images are."""
        with open(os.path.join(MANUAL, page), encoding="utf-8") as file:
            text = file.read()
        found = re.findall(r'<script[^>]* src="([^"]+)"', text) + re.findall(r'<img[^>]* src="([^"]+)"', text)
        found += re.findall(r'<link rel="stylesheet"[^>]* href="([^"]+)"', text)
        for path in found:
            full = urllib.parse.urljoin("/" + page, path.split("?")[0])
            if "://" not in path and os.path.exists(MANUAL + full):
                yield full


class Attacks(Case):
    def attack(self, *words):
        if find("slowhttptest") is None:
            self.skipTest("slowhttptest is not installed")
        self.write("small", b"s" * 1000)
        self.write("large", random.Random(5).randbytes(5_000_000))
        waits, peak = [], 0
        with Server(self.tree, "--stats", "/figures") as server:
            attacker = subprocess.Popen(["slowhttptest", "-c", "1000", "-r", "500", "-l", "15", "-u",
                                         server.url + "large", *words], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=self.folder)
            while attacker.poll() is None:
                begin = time.monotonic()
                status, _, body = server.get("/small")
                waits.append(time.monotonic() - begin)
                self.assertEqual((status, len(body)), (200, 1000))
                figures = json.loads(server.get("/figures")[2])
                peak = max(peak, figures["connections"]["all"])
                time.sleep(0.05)
            memory = figures["memory"]
        print(f"{self.id()}: {len(waits)} others served, the slowest in {max(waits) * 1000:.1f} ms; up to {peak} "
              f"connections; peak of resident memory {memory['peak_rss_bytes'] / 1e6:.1f} MB", flush=True)
        self.assertGreater(peak, 300)
        self.assertLess(max(waits), 1)
        self.assertLess(memory["peak_rss_bytes"], 100_000_000 if "asan" not in os.environ.get("FIRN", "") else 1e9)

    def test_slow_heads(self):
        self.attack("-H", "-i", "2")

    def test_slow_bodies(self):
        self.attack("-B", "-i", "2", "-s", "100000")

    def test_slow_reading(self):
        self.attack("-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "32")


if __name__ == "__main__":
    unittest.main()
