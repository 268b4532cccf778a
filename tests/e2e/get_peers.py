#!/usr/bin/env python3
"""The client against the servers of others, as far as they are installed: nginx, Node's http, Python's http.server.
Bodies in chunks and with a length, both ways and large; connections that are kept, used up, or closed under it;
redirects."""

import http.server
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, firn  # noqa: E402
from nginx import Nginx  # noqa: E402

ASKER = os.path.join(os.environ.get("FIRN_TOOLS", "build/release/tests/tools"), "asker")
SMALL = b"a small one\n"
LARGE = random.Random(9).randbytes(24_000_000)
THREADS, TIMES = 16, 40

NODE = r"""
    const fs = require('fs'), http = require('http');
    const folder = process.argv[1], large = fs.readFileSync(folder + '/large');
    const inPieces = (answer, at) => {
        if (at >= large.length)
            return answer.addTrailers({'X-Size': String(large.length)}), answer.end();
        const size = 1 + (at * 7919) % 300000;
        const go_on = () => inPieces(answer, at + size);
        answer.write(large.subarray(at, at + size)) ? setImmediate(go_on) : answer.once('drain', go_on);
    };
    const handle = (request, answer) => {
        const parts = [], [, what, how, to] = request.url.split('/');
        answer.setHeader('X-Port', request.socket.remotePort);
        request.on('data', part => parts.push(part));
        request.on('end', () => {
            const body = Buffer.concat(parts);
            if (what === 'small') answer.setHeader('Content-Length', 12), answer.end('a small one\n');
            else if (what === 'words') answer.write('a small '), setTimeout(() => answer.end('one\n'), 1);
            else if (what === 'length') answer.setHeader('Content-Length', large.length), answer.end(large);
            else if (what === 'chunks') answer.setHeader('Trailer', 'X-Size'), inPieces(answer, 0);
            else if (what === 'echo') answer.setHeader('X-Method', request.method), answer.end(body);
            else if (what === 'to') answer.writeHead(Number(how), {Location: '/' + to}), answer.end('go on');
            else answer.writeHead(404), answer.end();
        });
    };
    const kept = http.createServer(handle), closing = http.createServer(handle);
    closing.on('request', (request, answer) => {  // while nothing is asked for, as far as it knows
        const socket = request.socket;
        socket.asked = (socket.asked || 0) + 1;
        const asked = socket.asked, end = () => socket.asked === asked && socket.end();
        answer.on('finish', () => Math.random() < 0.5 && setTimeout(end, Math.random() * 2));
    });
    kept.listen(0, '127.0.0.1', () => closing.listen(0, '127.0.0.1', () =>
        console.log(kept.address().port, closing.address().port)));
    process.stdin.on('data', () => {}).on('end', () => process.exit());"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/chunks":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        at = 0
        while at < len(LARGE):
            part = LARGE[at:at + 1 + at * 31 % 200_000]
            self.wfile.write(b"%x;note=\"x\"\r\n%b\r\n" % (len(part), part))
            at += len(part)
        self.wfile.write(b"0\r\nX-Size: %d\r\n\r\n" % len(LARGE))

    def do_POST(self):
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while (size := int(self.rfile.readline(), 16)) > 0:
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class KeepingHandler(Handler):
    protocol_version = "HTTP/1.1"


def need(case, name):
    if shutil.which(name) is None:
        case.skipTest(f"{name} is not installed")


class Peers(Case):
    def setUp(self):
        super().setUp()
        self.write("small", SMALL)
        self.write("large", LARGE)
        self.write("folder/index.html", SMALL)
        self.out = self.folder / "out"

    def get(self, *words, **options):
        run = firn("get", *words, timeout=120, **options)
        self.assertEqual((run.returncode, run.stderr), (0, b""), words)
        return run.stdout

    def assert_large(self, url, *words):
        self.get(url, "-q", "-o", self.out, *words)
        self.assertEqual(self.out.stat().st_size, len(LARGE), url)
        self.assertEqual(self.out.read_bytes(), LARGE, url)

    def ask(self, url, threads=THREADS, times=TIMES, size=None):
        """What asker counts, of whose replies none may fail or differ from the first."""
        words = [ASKER, url, str(threads), str(times), *([str(size)] if size is not None else [])]
        run = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
        self.assertEqual((run.returncode, run.stderr), (0, b""), words)
        counts = json.loads(run.stdout)
        self.assertEqual((counts["replies"], counts["failed"], counts["different"]), (threads * times, 0, 0), counts)
        print(f"{self.id()}: {url.partition('//')[2].partition('/')[2]}: {counts}", flush=True)
        return counts

    def assert_echoed(self, url):
        for size in (1, 100_000, 100_001, 3_000_000, 3_000_001):  # odd ones go in chunks
            counts = self.ask(url, 2, 2, size)
            self.assertEqual(counts["bytes"], 4 * size)

    def test_nginx(self):
        need(self, "nginx")
        has_dav = b"http_dav_module" in subprocess.run(["nginx", "-V"], stderr=subprocess.PIPE, check=False).stderr
        put = "location /put { dav_methods PUT; create_full_put_path on; client_max_body_size 0; }" if has_dav else ""
        common = f"""root {self.tree}; add_header X-Which $connection/$connection_requests always;
            location /chunks/ {{ alias {self.tree}/; ssi on; ssi_types *; }} {put}
            location /hops/3 {{ return 301 /hops/2; }} location /hops/2 {{ return 307 ../hops/1?a=b; }}
            location /hops/1 {{ return 302 $scheme://$http_host/small#there; }}"""
        nginx = Nginx(self.folder / "nginx", [common, common + "keepalive_requests 7;"])
        self.addCleanup(nginx.end)
        kept, used_up = (f"http://127.0.0.1:{port}/" for port in nginx.ports)
        self.assertNotIn(b"Content-Length", self.get(kept + "chunks/large", "-I"))
        self.assert_large(kept + "large")
        self.assert_large(kept + "chunks/large")
        self.assertEqual(self.get(kept + "hops/3"), SMALL)
        # One connection for all, until it was used seven times.
        for url, most in ((kept, 20), (used_up, 7)):
            text = self.get(*[url + "small"] * 20, "-I")
            which = [tuple(map(int, each)) for each in re.findall(rb"X-Which: (\d+)/(\d+)", text)]
            self.assertEqual([n for _, n in which], [i % most + 1 for i in range(20)])
            self.assertEqual(len({connection for connection, _ in which}), -(-20 // most))
        for path in ("small", "chunks/small", "hops/2"):
            counts = self.ask(kept + path)
            self.assertLessEqual(counts["connects"], 8)
            counts = self.ask(used_up + path)
            asked = counts["replies"] + counts["redirects"]
            self.assertGreaterEqual(counts["connects"], asked // 7)
            self.assertLessEqual(counts["connects"], asked // 7 + 8 + counts["retries"])
        self.assertEqual(self.ask(kept + "chunks/large", 4, 2)["bytes"], 8 * len(LARGE))
        if has_dav:
            large = self.tree / "large"
            self.get(kept + "put/length", "-X", "PUT", "-d", f"@{large}")
            with open(large, "rb") as file:
                self.get(kept + "put/chunks", "-X", "PUT", "-d", "@-", stdin=file)
            for name in ("length", "chunks"):
                self.assertEqual((self.tree / "put" / name).read_bytes(), LARGE, name)

    def test_node(self):
        need(self, "node")
        node = subprocess.Popen(["node", "-e", NODE, os.fspath(self.tree)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        self.addCleanup(lambda: (node.stdin.close(), node.stdout.close(), node.wait(30)))
        kept, closing = (f"http://127.0.0.1:{int(port)}/" for port in node.stdout.readline().split())
        for url in (kept, closing):
            self.assert_large(url + "length")
            self.assert_large(url + "chunks")
            self.assertEqual(self.get(url + "to/302/words"), SMALL)
            for path in ("small", "words", "to/301/small"):
                counts = self.ask(url + path)
                if url == kept:
                    self.assertLessEqual(counts["connects"], 8)
                else:
                    self.assertGreater(counts["connects"], 8)
            self.assertEqual(self.ask(url + "chunks", 2, 2)["trailers"], 4)
        self.assert_echoed(kept + "echo")
        # A body is sent again where the redirect has the method stay, and else it is a GET.
        for status, method, body in ((301, b"GET", b""), (303, b"GET", b""), (307, b"POST", LARGE[:500_000]),
                                     (308, b"POST", LARGE[:500_000])):
            data = self.write("data", LARGE[:500_000])
            self.assertEqual(self.get(f"{kept}to/{status}/echo", "-d", f"@{data}"), body, status)
        self.assertEqual(self.ask(f"{kept}to/308/echo", 4, 4, 70_001)["redirects"], 16)

    def test_python(self):
        for handler, keeps in ((Handler, False), (KeepingHandler, True)):
            server = http.server.ThreadingHTTPServer(
                ("127.0.0.1", 0),
                lambda *words, handler=handler: handler(*words, directory=os.fspath(self.tree)))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            url = f"http://127.0.0.1:{server.server_address[1]}/"
            self.assert_large(url + "large")
            self.assertEqual(self.get(url + "folder"), SMALL)  # by a redirect to folder/
            counts = self.ask(url + "small", 8, 20)
            if keeps:
                self.assert_large(url + "chunks")
                self.assertEqual(self.ask(url + "chunks", 2, 2)["trailers"], 4)
                self.assertLessEqual(counts["connects"], 8)
                self.assert_echoed(url + "echo")
            else:
                self.assertEqual(counts["connects"], counts["replies"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
