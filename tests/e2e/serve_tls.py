#!/usr/bin/env python3
"""`firn serve` with a certificate: what goes out is what is in the folder, to clients that others have written; what
is no TLS, or broken, or cut off, is refused or seen to be so, and harms nobody else."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from certificates import Certificates, openssl  # noqa: E402
from firn import Case, firn  # noqa: E402
from http_site import Site  # noqa: E402

LARGE = random.Random(1).randbytes(3_000_000)


class Answers:
    """Reads answers with a length, one after the other."""

    def __init__(self, stream):
        self.file = stream.makefile("rb")

    def next(self):
        """The status and the body."""
        status = int(self.file.readline().split()[1])
        length = 0
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return status, self.file.read(length)


class ServeTls(Case):
    def setUp(self):
        super().setUp()
        self.certificates = Certificates(self.folder)
        self.write("small", b"small")
        self.write("large", LARGE)

    def context(self, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3, protocols=("http/1.1",)):
        context = ssl.create_default_context(cafile=self.certificates.ca)
        context.minimum_version, context.maximum_version = least, most
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def connect(self, site, context=None, **options):
        plain = socket.create_connection(("127.0.0.1", site.port), timeout=30)
        try:
            return (context or self.context()).wrap_socket(plain, server_hostname="localhost", **options)
        except BaseException:
            plain.close()
            raise

    def ask(self, stream, *paths, fields=""):
        stream.sendall("".join(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n" for path in paths).encode())
        answers = Answers(stream)
        return [answers.next() for _ in paths]

    def assert_serves(self, site):
        with self.connect(site) as stream:
            self.assertEqual(self.ask(stream, "small"), [(200, b"small")])

    def figures(self, site):
        with self.connect(site) as stream:
            return json.loads(self.ask(stream, "figures")[0][1])

    def test_files_come_whole_in_both_versions(self):
        chance = random.Random(2)
        wanted = {f"f{size}": chance.randbytes(size) for size in (
            0, 1, 16383, 16384, 16385, 32400, 32768, 65536, 1_000_000)}
        for name, content in wanted.items():
            self.write(name, content)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for rsa in (False, True):
                with Site(self.tree, pair=self.certificates.pair(rsa=rsa)) as site:
                    with self.connect(site, self.context(version, version)) as stream:
                        self.assertEqual(stream.selected_alpn_protocol(), "http/1.1")
                        for name, content in wanted.items():
                            self.assertEqual(self.ask(stream, name), [(200, content)], name)
                        self.assertEqual(self.ask(stream, "large", fields="Range: bytes=100-999999\r\n"),
                                         [(206, LARGE[100:1000000])])
                        names = list(wanted) * 3
                        self.assertEqual(self.ask(stream, *names), [(200, wanted[name]) for name in names])

    def test_requests_cut_into_records_in_any_way(self):
        chance = random.Random(3)
        with Site(self.tree, "--profile", "max", "--stats", "/figures", pair=self.certificates.pair()) as site:
            text = b"".join(b"GET /small HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * chance.randrange(3000))
                            for _ in range(60))
            for step in (1, 5, 700, 20000, len(text)):
                with self.connect(site) as stream:
                    part = text[:text.index(b"\r\n\r\n") + 4] if step == 1 else text
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for at in range(0, len(part), step):
                        stream.sendall(part[at:at + step])
                    answers = Answers(stream)
                    for _ in range(part.count(b"GET")):
                        self.assertEqual(answers.next(), (200, b"small"))
                    del answers  # which would hold the connection
            with self.connect(site) as stream:  # a head of several records, and a body that is passed over
                field = "X: " + "y" * 50000 + "\r\n"
                self.assertEqual(self.ask(stream, "small", "small", fields=field), [(200, b"small")] * 2)
                stream.sendall(b"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + bytes(300000))
                self.assertEqual(Answers(stream).next()[0], 405)
            while self.figures(site)["connections"]["all"] > 1:  # they go as their loops see it
                pass

    def test_sessions_are_resumed(self):
        with Site(self.tree, "--stats", "/figures", pair=self.certificates.pair()) as site:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.context(version, version)
                with self.connect(site, context) as stream:
                    self.ask(stream, "small")
                    session = stream.session
                with self.connect(site, context, session=session) as stream:
                    self.assertTrue(stream.session_reused)
                    self.assertEqual(self.ask(stream, "small"), [(200, b"small")])
            figures = self.figures(site)
            self.assertEqual((figures["handshakes"], figures["handshakes_resumed"]), (5, 2))

    def test_the_end_of_all_is_told_and_a_cut_is_seen(self):
        with Site(self.tree, pair=self.certificates.pair()) as site:
            with self.connect(site, suppress_ragged_eofs=False) as stream:
                stream.sendall(b"GET /small HTTP/1.0\r\n\r\n")
                parts = []
                while part := stream.recv(10000):
                    parts.append(part)
                self.assertTrue(b"".join(parts).endswith(b"\r\n\r\nsmall"))
            with self.connect(site, suppress_ragged_eofs=False) as stream:
                self.write("shrinks", bytes(30_000_000))
                stream.sendall(b"GET /shrinks HTTP/1.0\r\n\r\n")
                stream.recv(1000)
                os.truncate(self.tree / "shrinks", 1000)
                with self.assertRaises(ssl.SSLEOFError):
                    while stream.recv(1_000_000):
                        pass
            with self.connect(site, suppress_ragged_eofs=False) as stream:  # the client ends first
                self.ask(stream, "small")
                stream.unwrap().close()
            with self.connect(site, suppress_ragged_eofs=False) as stream:  # one that waits is told of a stop
                self.ask(stream, "small")
                site.end()
                self.assertEqual(stream.recv(10), b"")

    def test_what_is_no_tls_is_refused(self):
        with Site(self.tree, "--stats", "/figures", pair=self.certificates.pair()) as site:
            def say(data):
                with socket.create_connection(("127.0.0.1", site.port), timeout=30) as plain:
                    plain.sendall(data)
                    said = b""
                    while part := plain.recv(10000):
                        said += part
                    return said
            said = say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(said.startswith(b"HTTP/1.1 400 ") and b"https://" in said, said)
            head, _, body = said.partition(b"\r\n\r\n")
            self.assertIn(b"Content-Length: %d\r\n" % len(body), head)
            self.assertEqual(say(b"\0" * 100), b"")
            self.assertEqual(say(b"\x16\x03\x01\xff\xff" + bytes(300))[:1] or b"\x15", b"\x15")  # an alert or nothing
            with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
                self.connect(site, self.context(protocols=("h2",)))
            with self.connect(site, self.context(protocols=("h2", "http/1.1"))) as stream:
                self.assertEqual(stream.selected_alpn_protocol(), "http/1.1")
            with self.connect(site, self.context(protocols=())) as stream:
                self.assertEqual(self.ask(stream, "small"), [(200, b"small")])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                old = self.context(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
            old.set_ciphers("ALL:@SECLEVEL=0")
            with self.assertRaises(ssl.SSLError):
                self.connect(site, old)
            self.assertGreaterEqual(self.figures(site)["handshakes_failed"], 4)
            self.assert_serves(site)

    def test_handshakes_cut_off_or_damaged_at_any_byte(self):
        chance = random.Random(int(os.environ.get("FIRN_SEED", 4)))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        hello_only = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            hello_only.do_handshake()
        hello = outgoing.read()
        with Site(self.tree, "--loops", "1", pair=self.certificates.pair()) as site:
            for i in range(150):
                at = chance.randrange(len(hello))
                damaged = bytearray(hello)
                damaged[at] ^= 1 << chance.randrange(8)
                with socket.create_connection(("127.0.0.1", site.port), timeout=30) as plain:
                    plain.sendall(hello[:at] if i % 2 else damaged)
                    if i % 3 == 0:
                        plain.shutdown(socket.SHUT_WR)
            self.assert_serves(site)
            # After the handshake, records that are damaged.
            for i in range(20):
                plain = socket.create_connection(("127.0.0.1", site.port), timeout=30)
                with self.connect(site) as stream:
                    self.ask(stream, "small")
                    raw = socket.socket(fileno=os.dup(stream.fileno()))
                    raw.sendall(b"\x17\x03\x03\x00\x20" + chance.randbytes(32))
                    raw.close()
                    with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                        while stream.recv(1000):
                            pass
                        raise ConnectionResetError
                plain.close()
            self.assert_serves(site)

    def test_a_handshake_byte_by_byte_and_a_reader_who_is_slow(self):
        with Site(self.tree, "--loops", "1", pair=self.certificates.pair()) as site:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
            with socket.create_connection(("127.0.0.1", site.port), timeout=30) as plain:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

                def step(call):
                    while True:
                        try:
                            done = call()
                        except ssl.SSLWantReadError:
                            done = None
                        for byte in outgoing.read():
                            plain.sendall(bytes([byte]))
                        if done is not None:
                            return done
                        incoming.write(plain.recv(1))
                step(lambda: session.do_handshake() or True)
                step(lambda: session.write(b"GET /small HTTP/1.0\r\n\r\n"))
                said = b""
                while not said.endswith(b"small"):
                    said += step(lambda: session.read(1000))
            with self.connect(site) as stream:
                stream.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
                self.assert_serves(site)  # others are served meanwhile
                answers = Answers(stream)
                for _ in range(5):
                    self.assertEqual(answers.next(), (200, LARGE))

    def test_each_call_fails_in_turn(self):
        counts = self.folder / "counts"
        chance = random.Random(int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007)))
        faults = [f"{call}:{n}{on}:{how}" for call, hows in (
            ("recv", ("ECONNRESET", "EAGAIN", "EINTR", "short")), ("send", ("EPIPE", "EAGAIN", "EINTR", "short")),
            ("read", ("EIO", "short")), ("epoll", ("EINTR",)), ("accept", ("EMFILE",)))
            for how in hows for n in range(1, 12) for on in ("", "+") if not on or how == "short"]
        pair = self.certificates.pair()
        with Site(self.tree, "--loops", "1", pair=pair, environment={
                **os.environ, "FIRN_FAULT_COUNT": str(counts)}) as site:
            self.assert_serves(site)
        if not counts.exists():
            self.skipTest("this build injects no faults")
        for fault in chance.sample(faults, min(len(faults), int(os.environ.get("FIRN_FAULT_SAMPLES", 6)))):
            environment = {**os.environ, "FIRN_FAULT_IO": fault}
            with Site(self.tree, "--loops", "1", pair=pair, environment=environment) as site:
                if site.port is None:  # its certificate could not be read
                    _, errors = site.process.communicate(timeout=60)
                    self.assertEqual(site.process.returncode, 1)
                    self.assertRegex(errors, rb"\Afirn: [^\n]+\n\Z", fault)
                    continue
                came = set()
                for _ in range(4):
                    with contextlib.suppress(OSError, IndexError, ValueError), self.connect(site) as stream:
                        answers = self.ask(stream, "small", "large", "small")
                        for answer, path, wanted in zip(answers, ("small", "large", "small"),
                                                        (b"small", LARGE, b"small")):
                            if answer[0] == 200 and len(answer[1]) == len(wanted):
                                self.assertEqual(answer[1], wanted, fault)
                                came.add(path)
                if "read" not in fault or "+" not in fault:  # a file that is never whole is never sent
                    self.assertEqual(came, {"small", "large"}, fault)

    def test_a_stop_lets_answers_end(self):
        self.write("big", b"x" * 30_000_000)
        with Site(self.tree, pair=self.certificates.pair()) as site:
            with self.connect(site) as stream:
                stream.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
                first = stream.recv(1000)
                ended = threading.Thread(target=site.end, args=(signal.SIGINT,))
                ended.start()
                head, _, body = first.partition(b"\r\n\r\n")
                size = len(body)
                while part := stream.recv(1_000_000):
                    size += len(part)
                self.assertEqual(size, 30_000_000)
                ended.join()

    def test_bad_certificates(self):
        good, key = self.certificates.pair()
        other = self.certificates.pair("other")[1]
        expired = self.certificates.pair("expired")
        nothing, locked = self.folder / "nothing.pem", self.folder / "locked.key"
        nothing.write_text("")
        openssl("ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", locked)
        for certificate, its_key, words in (
                (self.folder / "none.pem", key, ("none.pem",)), (good, self.folder / "none.key", ("none.key",)),
                (nothing, key, ("nothing.pem", "no certificate")), (key, key, ("good.key", "no certificate")),
                (good, nothing, ("nothing.pem", "no key")), (good, good, ("good.pem", "no key")),
                (good, other, ("other.key", "not the key of")), (good, locked, ("locked.key", "pass phrase")),
                (*expired, ("expired.pem", "expired")), (self.folder, key, (self.folder,))):
            run = firn("serve", self.tree, "--port", "0", "--certificate", certificate, "--key", its_key, timeout=30)
            self.assert_fails_with_one_line(run, *words)
            self.assertEqual(run.stdout, b"")
        self.assert_fails_with_one_line(firn("serve", self.tree, "--certificate", good), "no key")
        run = firn("serve", self.tree, "--key", key)
        self.assertEqual((run.returncode, run.stderr.count(b"\n")), (2, 1))
        both = self.folder / "both.pem"
        both.write_bytes(good.read_bytes() + key.read_bytes())
        with Site(self.tree, "--certificate", both) as site:
            self.assert_serves(site)

    def test_other_clients(self):
        with Site(self.tree, pair=self.certificates.pair()) as site:
            url, ca = f"https://localhost:{site.port}/large", self.certificates.ca
            for words in (["curl", "-sS", "--fail", "--ipv4", "--cacert", ca, url],
                          ["curl", "-sS", "--fail", "--ipv4", "--tls-max", "1.2", "--cacert", ca, url],
                          ["wget", "-qO-", f"--ca-certificate={ca}", url]):
                if shutil.which(words[0]) is not None:
                    run = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60)
                    self.assertEqual(run.stdout, LARGE, words)
            request = b"GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            for words in (["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", ca, "-servername",
                           "localhost", "-connect", f"127.0.0.1:{site.port}"],
                          ["gnutls-cli", "--logfile=/dev/null", f"--x509cafile={ca}", "-p", str(site.port),
                           "localhost"]):
                if shutil.which(words[0]) is not None:
                    run = subprocess.run(words, input=request, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         check=False, timeout=60)
                    self.assertIn(b"\r\n\r\nsmall", run.stdout, words)


if __name__ == "__main__":
    unittest.main()
