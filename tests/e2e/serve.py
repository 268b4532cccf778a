#!/usr/bin/env python3
"""`firn serve`: what goes out is what is in the folder and nothing else, to clients that others have written."""

import email.utils
import gzip
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, as_user, firn  # noqa: E402


class Server:
    """A `firn serve` on a port that is free."""

    def __init__(self, folder, *words):
        self.process = subprocess.Popen(
            [FIRN, "serve", os.fspath(folder), "--port", "0", "--json", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        assert (self.process.returncode, errors) == (0, b""), (self.process.returncode, errors)
        return output

    def get(self, path, method="GET", **fields):
        """The status, the fields and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in fields.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def say(self, data):
        """All that the server says to these bytes until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            parts = []
            while part := client.recv(65536):
                parts.append(part)
        return b"".join(parts)


class Serve(Case):
    def test_every_file_of_a_tree_comes_whole(self):
        rng = random.Random(1)
        wanted = {}
        for i in range(40):
            path = f"folder {i % 5}/ä{i}%.bin" if i % 2 else f"plain{i}.html"
            wanted[path] = rng.randbytes(rng.choice([0, 1, 1000, 16384, 16385, 300000]))
            self.write(path, wanted[path])
        with Server(self.tree) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            for path, content in wanted.items():
                connection.request("GET", "/" + "/".join(
                    "".join(f"%{byte:02x}" for byte in part.encode()) for part in path.split("/")))
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, content), path)
            connection.close()

    def test_parts_and_conditions(self):
        content = bytes(range(256)) * 200
        path = self.write("a.css", content)
        os.utime(path, (1e9, 1e9))
        with Server(self.tree) as server:
            status, fields, body = server.get("/a.css")
            etag, changed = fields["ETag"], fields["Last-Modified"]
            self.assertEqual((status, body, fields["Content-Type"]), (200, content, "text/css; charset=utf-8"))
            self.assertEqual(changed, email.utils.formatdate(1e9, usegmt=True))
            size = len(content)
            for text, first, last in (("0-0", 0, 0), ("10-19", 10, 19), ("51000-", 51000, size - 1),
                                      ("-5", size - 5, size - 1), ("0-99999999", 0, size - 1),
                                      ("-99999999", 0, size - 1)):
                status, fields, body = server.get("/a.css", Range="bytes=" + text)
                self.assertEqual((status, body), (206, content[first:last + 1]), text)
                self.assertEqual(fields["Content-Range"], f"bytes {first}-{last}/{size}")
            for text in (f"bytes={size}-", "bytes=-0"):
                status, fields, body = server.get("/a.css", Range=text)
                self.assertEqual((status, body, fields["Content-Range"]), (416, b"", f"bytes */{size}"))
            for text in ("bytes=5-1", "bytes=a-b", "bytes=0-1,4-5", "lines=0-1", "bytes=", "bytes=-", "bytes=1"):
                self.assertEqual(server.get("/a.css", Range=text)[::2], (200, content), text)
            later = email.utils.formatdate(1e9 + 1, usegmt=True)
            earlier = email.utils.formatdate(1e9 - 1, usegmt=True)
            for wanted, fields in ((304, {"If_None_Match": etag}), (304, {"If_None_Match": f'"x", W/{etag}'}),
                                   (304, {"If_None_Match": "*"}), (200, {"If_None_Match": '"x"'}),
                                   (304, {"If_Modified_Since": changed}), (304, {"If_Modified_Since": later}),
                                   (200, {"If_Modified_Since": earlier}), (200, {"If_Modified_Since": "soon"}),
                                   (200, {"If_None_Match": '"x"', "If_Modified_Since": later}),
                                   (412, {"If_Match": '"x"'}), (412, {"If_Match": f"W/{etag}"}),
                                   (200, {"If_Match": etag}), (200, {"If_Match": "*"}),
                                   (412, {"If_Unmodified_Since": earlier}), (200, {"If_Unmodified_Since": later}),
                                   (206, {"Range": "bytes=0-1", "If_Range": etag}),
                                   (206, {"Range": "bytes=0-1", "If_Range": changed}),
                                   (200, {"Range": "bytes=0-1", "If_Range": '"x"'}),
                                   (200, {"Range": "bytes=0-1", "If_Range": earlier})):
                status, _, body = server.get("/a.css", **fields)
                self.assertEqual(status, wanted, fields)
                self.assertEqual(len(body), {200: size, 206: 2, 304: 0, 412: 0}[wanted], fields)
            status, fields, body = server.get("/a.css", method="HEAD")
            self.assertEqual((status, body, int(fields["Content-Length"])), (200, b"", size))

    def test_nothing_leaves_the_folder(self):
        (self.folder / "secret").write_text("secret")
        self.write("inside.txt", "inside")
        (self.tree / "out").symlink_to(self.folder / "secret")
        (self.tree / "far").symlink_to("/etc/passwd")
        (self.tree / "up").symlink_to("..")
        (self.tree / "in").symlink_to("inside.txt")
        os.mkfifo(self.tree / "pipe")
        with Server(self.tree, "--list") as server:
            for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/a/../../secret", "/out", "/far",
                         "/up/secret", "//../secret", "/./../secret", "/%2e%2e%2fsecret", "/..", "/up/", "/pipe",
                         "/%00", "/a%0", "/%zz", "/inside.txt/", "/inside.txt/x", "/" + "a/" * 3000):
                status, _, body = server.get(path)
                self.assertIn(status, (400, 403, 404), path)
                self.assertNotIn(b"secret\n", body + b"\n" if path != "/up/" else b"", path)
            for path in ("/in", "/inside.txt", "/a/../inside.txt", "//inside.txt", "/%69nside.txt?a=b"):
                self.assertEqual(server.get(path)[::2], (200, b"inside"), path)

    def test_folders(self):
        self.write("with/index.html", "<p>hello")
        self.write('without/a "b" <c>&.txt', "x")
        self.write("without/.hidden", "x")
        self.write("without/deep/x", "x")
        with Server(self.tree) as server:
            self.assertEqual(server.get("/with/")[::2], (200, b"<p>hello"))
            status, fields, _ = server.get("/with?a=b")
            self.assertEqual((status, fields["Location"]), (301, "/with/?a=b"))
            self.assertEqual(server.get("//with")[1]["Location"], "/with/")
            self.assertEqual(server.get("/without/")[0], 404)
        with Server(self.tree, "--list") as server:
            status, fields, body = server.get("/without/")
            self.assertEqual((status, fields["Content-Type"]), (200, "text/html; charset=utf-8"))
            links = re.findall(rb'href="([^"]*)"', body)
            self.assertEqual(links, [b"../", b"./a%20%22b%22%20%3Cc%3E%26.txt", b"./deep/"])
            self.assertIn(b"a &quot;b&quot; &lt;c&gt;&amp;.txt", body)
            self.assertEqual(server.get("/without/" + links[1].decode()[2:])[::2], (200, b"x"))

    def test_compressed_forms(self):
        plain = b"body{}" * 1000
        path = self.write("a.css", plain)
        packed = self.write("a.css.gz", gzip.compress(plain))
        with Server(self.tree) as server:
            status, fields, body = server.get("/a.css", Accept_Encoding="br;q=1, gzip")
            self.assertEqual((status, gzip.decompress(body), fields["Content-Encoding"]), (200, plain, "gzip"))
            self.assertEqual((fields["Content-Type"], fields["Vary"]), ("text/css; charset=utf-8", "Accept-Encoding"))
            for accept in ("identity", "gzip;q=0", "xgzip"):
                status, fields, body = server.get("/a.css", Accept_Encoding=accept)
                self.assertEqual((status, body, fields.get("Content-Encoding")), (200, plain, None), accept)
                self.assertEqual(fields["Vary"], "Accept-Encoding")
            os.utime(packed, (path.stat().st_mtime - 9,) * 2)  # it is of an earlier state
            self.assertEqual(server.get("/a.css", Accept_Encoding="gzip")[2], plain)

    def test_methods_and_broken_messages(self):
        self.write("a", "x")
        with Server(self.tree) as server:
            status, fields, _ = server.get("/a", method="POST")
            self.assertEqual((status, fields["Allow"]), (405, "GET, HEAD"))
            self.assertEqual(server.get("/a", method="BREW")[0], 501)
            refused = answered = 0
            messages = os.path.join(os.environ.get("FIRN_SOURCE", "."), "tests/http/messages.txt")
            with open(messages, encoding="ascii") as file:
                lines = file.readlines()
            for line in lines:
                if line[0] == "#" or line.count("\t") != 2:
                    continue
                verdict, name, text = line.rstrip("\n").split("\t")
                said = server.say(text.encode().decode("unicode_escape").encode("latin1"))
                statuses = re.findall(rb"HTTP/1\.1 (\d\d\d) ", said)
                statuses = [int(status) for status in statuses if status != b"100"]
                if len(verdict) == 3:
                    self.assertEqual(statuses, [int(verdict)], name)
                    refused += 1
                else:
                    self.assertEqual(len(statuses), int(verdict), name)
                    answered += 1
            self.assertGreaterEqual(refused, 150)
            self.assertGreater(answered, 30)

    def test_log_and_figures(self):
        self.write("a.txt", "hello")
        log = self.folder / "log"
        with Server(self.tree, "--log", os.fspath(log), "--stats", "/figures") as server:
            server.get("/a.txt", User_Agent='x"y', Referer="http://r/")
            server.get("/none")
            requests, figures = 2, {"connections": {"all": 0}}
            end = time.monotonic() + 30  # until it has heard that those before are closed
            while figures["connections"]["all"] != 1 and time.monotonic() < end:
                status, fields, body = server.get("/figures")
                figures = json.loads(body)
                requests += 1
            self.assertEqual((status, fields["Content-Type"]), (200, "application/json"))
            self.assertEqual((figures["requests"], figures["connections"]["all"]), (requests, 1))
            self.assertEqual(sum(slot["count"] for slot in figures["fields"]), 2)
            server.end()
        lines = log.read_text().splitlines()
        self.assertRegex(lines[0], r'^127\.0\.0\.1 - - \[[^]]+\] "GET /a\.txt HTTP/1\.1" 200 5 "http://r/" "x"y"$')
        self.assertRegex(lines[1], r'"GET /none HTTP/1\.1" 404 14 "-" "-"$')

    def test_a_stop_lets_answers_end(self):
        self.write("big", b"x" * 50_000_000)
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(self.tree) as server:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                connection.request("GET", "/big")
                answer = connection.getresponse()
                first = answer.read(1000)
                ended = threading.Thread(target=server.end, args=(number,))
                ended.start()
                self.assertEqual(len(first) + len(answer.read()), 50_000_000)
                ended.join()
                connection.close()

    def test_bad_input(self):
        self.write("a", "x")
        self.assert_fails_with_one_line(firn("serve", self.folder / "none"), "none", "name a folder")
        self.assert_fails_with_one_line(firn("serve", self.tree / "a"), "name a folder")
        self.assert_fails_with_one_line(firn("serve", self.tree, "--address", "nowhere"), "nowhere", "in numbers")
        self.assert_fails_with_one_line(firn("serve", self.tree, "--log", self.folder), "name a file")
        with Server(self.tree) as server:
            self.assert_fails_with_one_line(firn("serve", self.tree, "--port", str(server.port)), "in use")
        for words in (["--port", "70000"], ["--loops", "300"], ["--profile", "huge"], ["--stats", "x"], []):
            run = firn("serve", *([self.tree] if words else []), *words)
            self.assertEqual((run.returncode, run.stderr.count(b"\n")), (2, 1), words)
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as least:
            if int(least.read()) > 80:
                run = firn("serve", self.tree, "--port", "80", **as_user(self.folder))
                self.assert_fails_with_one_line(run, "80", "privileges")

    def test_other_clients(self):
        content = random.Random(2).randbytes(3_000_000)
        self.write("a.bin", content)
        self.write("index.html", "<p>x")
        with Server(self.tree) as server:
            for words in (["curl", "-sS", "--fail"], ["wget", "-qO-"]):
                if shutil.which(words[0]) is None:
                    continue
                run = subprocess.run([*words, server.url + "a.bin"], stdout=subprocess.PIPE, check=True)
                self.assertEqual(run.stdout, content)
            if shutil.which("node") is not None:
                script = """
                    const agent = new (require('http').Agent)({keepAlive: true});
                    let left = 20, bytes = 0;
                    const next = () => require('http').get({port: process.argv[1], path: '/a.bin', agent}, answer => {
                        answer.on('data', part => bytes += part.length);
                        answer.on('end', () => --left ? next() : (console.log(bytes), agent.destroy()));
                    });
                    next();"""
                run = subprocess.run(["node", "-e", script, str(server.port)], stdout=subprocess.PIPE, check=True)
                self.assertEqual(int(run.stdout), 20 * len(content))


if __name__ == "__main__":
    unittest.main()
