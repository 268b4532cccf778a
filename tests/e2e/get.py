#!/usr/bin/env python3
"""`firn get`: what comes is what the server has, from servers that others have written; what was cut off is gone on
with; and every failure is one line."""

import contextlib
import http.server
import json
import os
import pty
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from certificates import Certificates  # noqa: E402
from firn import FIRN, Case, as_user, firn  # noqa: E402
from http_site import Site  # noqa: E402
from nginx import Nginx  # noqa: E402

LARGE = random.Random(5).randbytes(2_500_000)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Scripted:
    """A server that says, to each connection in turn, what a function of the request says."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.requests = []
        self.answer = answer
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, contextlib.suppress(OSError):  # a client may go when it will
                    text = b""
                    while b"\r\n\r\n" not in text and (part := client.recv(65536)):
                        text += part
                    head, _, body = text.partition(b"\r\n\r\n")
                    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                                   if line.lower().startswith(b"content-length:")), 0)
                    while len(body) < length and (part := client.recv(65536)):
                        body += part
                    if b"transfer-encoding: chunked" in head.lower():
                        while not body.endswith(b"0\r\n\r\n"):
                            body += client.recv(65536)
                    self.requests.append((head.decode(), body))
                    for part in self.answer(len(self.requests), head.decode(), body):
                        client.sendall(part)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def whole(body, *fields, status="200 OK"):
    return [f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n".encode(),
            *(field.encode() + b"\r\n" for field in fields), b"\r\n", body]


class Get(Case):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"
        self.part, self.tag = self.folder / "out.part", self.folder / "out.part.tag"

    def get(self, *words, **options):
        return firn("get", *words, timeout=60, **options)

    def assert_got(self, run, content=LARGE):
        self.assertEqual((run.returncode, run.stderr), (0, b""), run)
        self.assertEqual(self.out.read_bytes(), content)
        self.assertFalse(self.part.exists() or self.tag.exists())

    def test_from_servers_of_others(self):
        self.write("large", LARGE)
        self.write("empty", b"")
        self.write("a b%.bin", b"odd")
        servers = []
        serving = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *words: Quiet(*words, directory=os.fspath(self.tree)))
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        self.addCleanup(serving.server_close)
        self.addCleanup(serving.shutdown)
        servers.append(f"http://127.0.0.1:{serving.server_address[1]}")
        certificates = Certificates(self.folder)
        if shutil.which("nginx"):
            servers += self.nginx(*certificates.pair())
        with Site(self.tree) as plain, Site(self.tree, pair=certificates.pair()) as secure:
            servers += [plain.url.rstrip("/"), f"https://localhost:{secure.port}"]
            for url in servers:
                words = ("--ca", certificates.ca)
                self.assert_got(self.get(f"{url}/large", "-q", "-o", self.out, *words))
                run = self.get(f"{url}/large", *words)
                self.assertEqual((run.returncode, run.stdout), (0, LARGE), url)
                self.assert_got(self.get(f"{url}/empty", "-o", self.out, *words), b"")
                folder = self.folder / "into"
                folder.mkdir(exist_ok=True)
                run = self.get(f"{url}/a%20b%25.bin", f"{url}/large", "-o", folder, *words)
                self.assertEqual((run.returncode, run.stderr), (0, b""), url)
                self.assertEqual({path.name: path.stat().st_size for path in folder.iterdir()},
                                 {"a b%.bin": 3, "large": len(LARGE)})
                shutil.rmtree(folder)
                # What an earlier run has left is gone on with.
                self.part.write_bytes(LARGE[:1_000_000])
                run = self.get(f"{url}/large", "-I", *words)
                fields = dict(line.split(": ", 1) for line in run.stdout.decode().splitlines()[1:])
                self.tag.write_text(fields.get("ETag", fields["Last-Modified"]) + "\n")
                run = self.get(f"{url}/large", "-c", "-o", self.out, "--json", *words)
                came = json.loads(run.stdout)["bytes"]
                if "Accept-Ranges" in fields:
                    self.assertEqual((came, run.stderr), (len(LARGE) - 1_000_000, b""), url)
                else:
                    self.assertIn(b"another version", run.stderr)
                self.assertEqual(self.out.read_bytes(), LARGE)
                self.assertFalse(self.part.exists() or self.tag.exists())
                # All of it was there already.
                self.part.write_bytes(LARGE)
                self.tag.write_text(fields.get("ETag", fields["Last-Modified"]) + "\n")
                run = self.get(f"{url}/large", "-c", "-o", self.out, "-q", *words)
                self.assert_got(run)
                run = self.get(f"{url}/none", "-o", self.folder / "none", *words)
                self.assert_fails_with_one_line(run, "/none", "404 ")
                self.assertFalse(list(self.folder.glob("none*")))

    def nginx(self, certificate, key):
        root = f"root {self.tree};"
        secure = f"{root} ssl_certificate {certificate}; ssl_certificate_key {key};"
        nginx = Nginx(self.folder, [root, secure], ssl=(1,))
        self.addCleanup(nginx.end)
        return [f"http://127.0.0.1:{nginx.ports[0]}", f"https://localhost:{nginx.ports[1]}"]

    def test_a_cut_is_gone_on_with(self):
        def answer(n, head, _):
            first = head.partition("Range: bytes=")[2].partition("-")[0]
            if n == 1:  # it breaks off
                return whole(LARGE, 'ETag: "one"')[:-1] + [LARGE[:700_000]]
            if n == 2:
                return whole(LARGE[int(first):], f"Content-Range: bytes {first}-{len(LARGE) - 1}/{len(LARGE)}",
                             'ETag: "one"', status="206 Partial Content")[:-1] + [LARGE[int(first):1_500_000]]
            return whole(LARGE[int(first):], f"Content-Range: bytes {first}-{len(LARGE) - 1}/{len(LARGE)}",
                         status="206 Partial Content")
        with Scripted(answer) as server:
            self.out.write_bytes(b"older")
            for size in (700_000, 1_500_000):
                run = self.get(server.url, "-c", "-o", self.out)
                self.assert_fails_with_one_line(run, server.url, "--continue")
                self.assertEqual((self.part.read_bytes(), self.out.read_bytes()), (LARGE[:size], b"older"))
                self.assertEqual(self.tag.read_text(), '"one"\n')
            self.assert_got(self.get(server.url, "-c", "-o", self.out))
            self.assertIn('If-Range: "one"', server.requests[1][0])
            self.assertIn("Range: bytes=1500000-", server.requests[2][0])

    def test_a_part_of_another_version_is_begun_anew(self):
        answers = {
            "all": lambda n, head, body: whole(LARGE, 'ETag: "two"'),
            "shorter": lambda n, head, body: whole(
                LARGE, 'ETag: "two"') if "Range:" not in head else whole(
                    b"", "Content-Range: bytes */10", status="416 Range Not Satisfiable"),
            "elsewhere": lambda n, head, body: whole(
                LARGE, 'ETag: "two"') if "Range:" not in head else whole(
                    LARGE[5:], f"Content-Range: bytes 5-{len(LARGE) - 1}/{len(LARGE)}", status="206 Partial Content"),
            "unsaid": lambda n, head, body: whole(
                LARGE, 'ETag: "two"') if "Range:" not in head else whole(LARGE, status="206 Partial Content"),
        }
        for name, answer in answers.items():
            with Scripted(answer) as server:
                self.part.write_bytes(b"x" * 100)
                self.tag.write_text('"one"\n')
                run = self.get(server.url, "-c", "-o", self.out)
                self.assertEqual((run.returncode, run.stderr.count(b"\n")), (0, 1), (name, run))
                self.assertIn(b"another version", run.stderr)
                self.assertEqual(self.out.read_bytes(), LARGE, name)
        # One that is sent in parts is gone on with; one that was not asked for is no file.
        def in_parts(_, head, __):
            first = int(head.partition("Range: bytes=")[2].partition("-")[0] or 0)
            part = LARGE[first:first + 1_000_000]
            return whole(part, f"Content-Range: bytes {first}-{first + len(part) - 1}/{len(LARGE)}",
                         status="206 Partial Content")
        with Scripted(in_parts) as server:
            self.part.write_bytes(LARGE[:100])
            self.tag.write_text('"one"\n')
            self.out.unlink(missing_ok=True)
            for _ in range(2):
                self.assert_fails_with_one_line(self.get(server.url, "-c", "-o", self.out), "a part", "--continue")
                self.assertFalse(self.out.exists())
            self.assert_got(self.get(server.url, "-q", "-c", "-o", self.out))
            self.assert_fails_with_one_line(self.get(server.url, "-o", self.out), "206 ")
            self.assertEqual(self.out.read_bytes(), LARGE)
            self.part.write_bytes(b"x" * 2_000_000)  # of which nothing stays
            self.assert_got(self.get(server.url, "-q", "-H", "Range: bytes=9-", "-o", self.out), LARGE[9:1_000_009])
        for tag in (None, "", '"cut'):  # of which nothing is known
            with Scripted(lambda n, head, body: whole(LARGE, 'ETag: W/"weak"')) as server:
                self.part.write_bytes(b"x" * 100)
                self.tag.unlink(missing_ok=True)
                if tag is not None:
                    self.tag.write_text(tag)
                run = self.get(server.url, "-c", "-o", self.out)
                self.assertEqual((run.returncode, run.stderr.count(b"\n")), (0, 1), run)
                self.assertIn(b"not known", run.stderr)
                self.assertNotIn("Range", server.requests[0][0])
                self.assertEqual(self.out.read_bytes(), LARGE)
        with Scripted(lambda n, head, body: whole(LARGE)[:-1] + [LARGE[:1000]]) as server:
            run = self.get(server.url, "-o", self.out)  # of a version without a name
            self.assertNotIn(b"--continue", run.stderr)
            self.assertEqual((run.returncode, self.tag.exists()), (1, False))

    def test_what_is_sent(self):
        data = self.write("data", LARGE)
        with Scripted(lambda n, head, body: whole(b"ok")) as server:
            for words, options, wanted, lines in (
                    ((), {}, b"", ("GET /x HTTP/1.1", "Host: 127.0.0.1:", "User-Agent: firn/")),
                    (("-H", "X-One: 1", "-H", "X-Two:2", "-H", "X-None:"), {}, b"",
                     ("X-One: 1", "X-Two: 2", "X-None:")),
                    (("-d", "a=b&c"), {}, b"a=b&c", ("POST /x ", "Content-Length: 5",
                                                     "Content-Type: application/x-www-form-urlencoded")),
                    (("-d", "{}", "-H", "content-type: a/b", "-X", "PUT"), {}, b"{}", ("PUT /x ", "content-type: a/b")),
                    (("-d", f"@{data}"), {}, LARGE, (f"Content-Length: {len(LARGE)}",)),
                    (("-d", "@-"), {"stdin": subprocess.PIPE}, b"5\r\nhello\r\n0\r\n\r\n",
                     ("Transfer-Encoding: chunked",)),
                    (("-X", "DELETE"), {}, b"", ("DELETE /x ",))):
                if options:
                    run = firn("get", server.url + "x", *words, timeout=60, input=b"hello", stdin=None)
                else:
                    run = self.get(server.url + "x", *words)
                self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"ok", b""), words)
                head, body = server.requests[-1]
                self.assertEqual(body, wanted, words)
                for line in lines:
                    self.assertIn(line, head, words)
            urls = [server.url + name for name in ("a", "b")]
            run = self.get(*urls, "-d", f"@{data}")
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"okok", b""))
            self.assertEqual([body for _, body in server.requests[-2:]], [LARGE, LARGE])

    def test_redirects(self):
        def answer(_, head, __):
            n = int(head.split()[1].strip("/") or 0)
            return whole(b"there") if n == 0 else whole(b"", f"Location: /{n - 1}", status="302 Found")
        with Scripted(answer) as server:
            self.assertEqual(self.get(server.url + "3").stdout, b"there")
            self.assert_fails_with_one_line(self.get(server.url + "3", "--redirects", "2"), "redirect")
            self.assert_fails_with_one_line(self.get(server.url + "3", "--redirects", "0"), "302 Found")

    def test_bad_servers(self):
        for name, answer, words in (
                ("rubbish", [b"hello\r\n\r\n"], ()), ("nothing", [], ()),
                ("cut head", [b"HTTP/1.1 200 OK\r\nContent-"], ()),
                ("cut chunks", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"], ()),
                ("bad chunks", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"], ()),
                ("two lengths", [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"], ()),
                ("a loop", whole(b"", "Location: /", status="301 Moved"), ("redirect",)),
                ("an error", whole(b"text", status="500 Oh"), ("500 ",)),
                ("a huge head", [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2_000_000], ())):
            def said(*_, parts=tuple(answer)):
                return parts
            with Scripted(said) as server:
                run = self.get(server.url, "-o", self.out)
                self.assert_fails_with_one_line(run, f"127.0.0.1:{server.port}", *words)
                self.assertEqual(run.stdout, b"", name)
                self.assertFalse(self.out.exists(), name)
        with Scripted(lambda *_: [time.sleep(3) or b""]) as server:
            start = time.monotonic()
            self.assert_fails_with_one_line(self.get(server.url, "--time", "1"), "time")
            self.assertLess(time.monotonic() - start, 2.5)
        self.assert_fails_with_one_line(self.get("http://127.0.0.1:1/"), "refused")
        self.assert_fails_with_one_line(self.get("http://no-such-host.invalid/"), "no-such-host.invalid")

    def test_certificates(self):
        self.write("a", "hello")
        certificates = Certificates(self.folder)
        ca = certificates.ca
        with Site(self.tree, pair=certificates.pair()) as site:
            url = f"https://localhost:{site.port}/a"
            self.assertEqual(self.get(url, "--ca", ca).stdout, b"hello")
            self.assertEqual(self.get(f"https://127.0.0.1:{site.port}/a", "--ca", ca).stdout, b"hello")
            self.assertEqual(self.get(url, "--insecure").stdout, b"hello")
            self.assert_fails_with_one_line(self.get(url), "localhost", "issuer is unknown")
            self.assert_fails_with_one_line(self.get(url, "--ca", certificates.foreign()), "issuer is unknown")
            self.assert_fails_with_one_line(self.get(url, "--ca", self.folder / "none"), "none")
            self.assert_fails_with_one_line(self.get(url, "--ca", self.tree / "a"), "no certificates")
            self.assert_fails_with_one_line(self.get(url.replace("https", "http"), "--ca", ca), "400 ")
        with Site(self.tree, pair=certificates.pair("other")) as site:
            self.assert_fails_with_one_line(self.get(f"https://localhost:{site.port}/a", "--ca", ca), "another host")
        with Site(self.tree) as site:
            self.assert_fails_with_one_line(self.get(f"https://localhost:{site.port}/a"), "does not speak TLS")
        if shutil.which("openssl"):  # `firn serve` itself takes no certificate that is expired
            certificate, key = certificates.pair("expired")
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            peer = subprocess.Popen(["openssl", "s_server", "-quiet", "-accept", str(port), "-cert", certificate,
                                     "-key", key, "-www"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                for _ in range(500):
                    run = self.get(f"https://localhost:{port}/", "--ca", ca)
                    if b"refused" not in run.stderr:
                        break
                    time.sleep(0.02)
                self.assert_fails_with_one_line(run, "localhost", "it has expired")
            finally:
                peer.kill()
                peer.wait()

    def test_an_end_that_tls_does_not_tell_is_a_cut(self):
        certificates = Certificates(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.pair())
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def answer(text, is_told):
            plain, _ = listener.accept()
            stream = context.wrap_socket(plain, server_side=True)
            stream.recv(65536)
            stream.sendall(text)
            if is_told:
                with contextlib.suppress(OSError):
                    stream.unwrap()
            with socket.socket(fileno=stream.detach()) as plain:
                plain.shutdown(socket.SHUT_WR)

        for fields, is_told, status in (("", True, 0), ("", False, 1), ("Content-Length: 5\r\n", False, 0),
                                        ("Content-Length: 6\r\n", True, 1), ("Content-Length: 6\r\n", False, 1)):
            text = f"HTTP/1.1 200 OK\r\n{fields}\r\nhello".encode()
            thread = threading.Thread(target=answer, args=(text, is_told))
            thread.start()
            run = self.get(f"https://localhost:{listener.getsockname()[1]}/", "--ca", certificates.ca)
            thread.join(60)
            self.assertEqual((run.returncode, run.stdout), (status, b"hello"), (fields, is_told, run))
            self.assertEqual(run.stderr.count(b"\n"), status)
            self.assertNotIn(b"Protocol error", run.stderr)

    def test_places_that_cannot_be_written(self):
        self.write("large", LARGE)
        with Site(self.tree) as site:
            url = site.url + "large"
            self.assert_fails_with_one_line(self.get(url, "-o", self.folder / "none" / "x"), "none/x")
            closed = self.folder / "closed"
            closed.mkdir()
            user = as_user(self.folder)
            closed.chmod(0o500)
            self.assert_fails_with_one_line(self.get(url, "-o", closed / "x", **user), "closed/x")
            with open("/dev/full", "wb") as full:
                run = self.get(url, stdout=full)
                self.assertEqual((run.returncode, run.stderr.count(b"\n")), (1, 1), run)
                self.assertIn(b"No space left", run.stderr)
            self.assert_fails_with_one_line(self.get(url, "-o", "/dev/full"), "/dev/full", "No space left")
            # A disk that is full keeps what came, and a run with room goes on with it.
            limit = 600_000
            script = f"ulimit -f {limit // 512}; trap '' XFSZ; exec \"$@\""
            run = subprocess.run(["sh", "-c", script, "sh", FIRN, "get", url, "-o", self.out], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            self.assert_fails_with_one_line(run, "out.part", "--continue")
            kept = self.part.stat().st_size
            self.assertGreater(kept, limit // 2)
            self.assertEqual(self.part.read_bytes(), LARGE[:kept])
            run = self.get(url, "-c", "-o", self.out, "--json")
            self.assertEqual(json.loads(run.stdout)["bytes"], len(LARGE) - kept)
            self.assert_got(run)
            # stdout that is closed is its reader's will; a FIFO is written to as it is.
            run = subprocess.run(f'"{FIRN}" get {url} | head -c 1', shell=True, check=False, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(run.stderr, b"")
            fifo = self.folder / "fifo"
            os.mkfifo(fifo)
            with open(self.folder / "read", "wb") as file:
                reader = subprocess.Popen(["cat", fifo], stdout=file)
                self.assertEqual(self.get(url, "-q", "-o", fifo).returncode, 0)
                self.assertEqual(reader.wait(60), 0)
            self.assertEqual((self.folder / "read").read_bytes(), LARGE)
            self.assertTrue(fifo.is_fifo())

    def test_each_call_fails_in_turn(self):
        self.write("large", LARGE)
        counts = self.folder / "counts"
        chance = random.Random(int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007)))
        faults = [f"{call}:{n}{on}:{how}" for call, hows in (
            ("recv", ("ECONNRESET", "EAGAIN", "EINTR", "short")), ("send", ("EPIPE", "EAGAIN", "EINTR", "short")),
            ("connect", ("ECONNREFUSED",)), ("resolve", ("EIO",)), ("poll", ("EIO", "EINTR")), ("read", ("EIO",)))
            for how in hows for n in range(1, 9) for on in ("", "+") if not on or how == "short"]
        certificates = Certificates(self.folder)
        with Site(self.tree, pair=certificates.pair()) as site:
            words = (f"https://localhost:{site.port}/large", "--ca", certificates.ca, "-q", "-c", "-o", self.out)
            self.get(*words, env={**os.environ, "FIRN_FAULT_COUNT": str(counts)})
            if not counts.exists():
                self.skipTest("this build injects no faults")
            made = int(dict(map(str.split, counts.read_text().splitlines()))["alloc"])
            faults = [("IO", fault) for fault in faults] + [("ALLOC", str(n)) for n in range(1, made + 1)]
            samples = min(150, len(faults), int(os.environ.get("FIRN_FAULT_SAMPLES", 8)))
            for kind, fault in chance.sample(faults, samples):
                self.out.unlink(missing_ok=True)
                run = self.get(*words, env={**os.environ, f"FIRN_FAULT_{kind}": fault})
                self.assertIn(run.returncode, (0, 1), (fault, run))
                self.assertRegex(run.stderr, rb"\A(firn: [^\n]+\n)?\Z", fault)
                if run.returncode == 1:
                    self.assertTrue(run.stderr and not self.out.exists(), fault)
                    run = self.get(*words)
                self.assert_got(run)

    def on_terminal(self, *words):
        """The exit status and what a terminal shows."""
        master, slave = pty.openpty()
        process = subprocess.Popen([FIRN, "get", *map(os.fspath, words)], stdin=subprocess.DEVNULL, stdout=slave,
                                   stderr=slave)
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):
            while part := os.read(master, 65536):
                shown += part
        os.close(master)
        return process.wait(60), shown

    def test_terminals(self):
        self.write("text", "hello\n")
        self.write("binary", b"\x00\x01" * 1000)
        with Site(self.tree) as site:
            self.assertEqual(self.on_terminal(site.url + "text"), (0, b"hello\r\n"))
            status, shown = self.on_terminal(site.url + "binary")
            self.assertEqual(status, 1)
            self.assertIn(b"is no text", shown)
            self.assertNotIn(b"\x00", shown)
        def slow(*_):
            yield from whole(LARGE)[:-1]
            for at in range(0, len(LARGE), 500_000):
                yield LARGE[at:at + 500_000]
                time.sleep(0.15)
        with Scripted(slow) as server:
            status, shown = self.on_terminal(server.url, "-o", self.out)
            self.assertEqual((status, self.out.read_bytes()), (0, LARGE))
            self.assertIn(b"of 2.50 MB", shown)
            status, shown = self.on_terminal(server.url, "-q", "-o", self.out)
            self.assertEqual((status, shown), (0, b""))

    def test_usage(self):
        self.write("a", "hello")
        with Site(self.tree) as site:
            url = site.url + "a"
            for words in ((), ("ftp://x/",), ("x",), ("http://a b/",), ("http:///",), (url, "-H", "none"),
                          (url, "-c"), (url, "--json"), (url, "--ca", "x", "--insecure"), (url, "-I", "-o", "x"),
                          (url, url, "-o", self.folder / "x"), (url, "--time", "9999999"), (url, "--redirects", "-1"),
                          (url, url, "-d", "@-"), (url, "-c", "-o", "x", "-d", "x"),
                          (url, "-c", "-o", "x", "-H", "range: bytes=1-")):
                run = self.get(*words)
                self.assertEqual((run.returncode, run.stderr.count(b"\n"), run.stdout), (2, 1, b""), (words, run))
            self.assert_fails_with_one_line(self.get(url, "-d", f"@{self.folder}/none"), "none")
            self.assert_fails_with_one_line(self.get(url, "-d", f"@{self.folder}"), "folder")
            run = self.get(url, "--json", "-o", self.out)
            told = json.loads(run.stdout)
            self.assertEqual((told["status"], told["url"], told["bytes"], told["file"]), (200, url, 5, str(self.out)))
            self.assertGreater(told["seconds"], 0)
            run = self.get(url, "-I")
            self.assertTrue(run.stdout.startswith(b"HTTP/1.1 200 OK\n"))
            self.assertIn(b"\nContent-Length: 5\n", run.stdout)
            self.assertEqual(self.get(site.url + "none", "-I").returncode, 1)
            run = self.get(site.url + "none", "--json", "-o", self.out)
            self.assertEqual((run.returncode, json.loads(run.stdout)["status"]), (1, 404))


if __name__ == "__main__":
    unittest.main()
