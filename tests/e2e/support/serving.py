"""A running `firn code serve`, and clients of it, for the scripts beside this folder."""

import json
import os
import signal
import socket
import subprocess

from firn import FIRN


class Server:
    """A server of a store; ends with the test."""

    def __init__(self, case, store, *words, path=None, environment=None):
        self.path = str(path or case.folder / "socket")
        self.process = subprocess.Popen(
            [FIRN, "code", "serve", "--store", str(store), "--socket", self.path, "--json", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.errors = ""
        case.addCleanup(self.end)
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else None

    def end(self, how=signal.SIGTERM, seconds=20):
        """Ends it; gives exit status and what it said on stderr."""
        if not self.process.stdout.closed:
            self.process.send_signal(how)
            try:
                self.errors = self.process.communicate(timeout=seconds)[1]
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()
                raise
        return self.process.returncode, self.errors

    def connect(self):
        return Client(self.path)

    def ask(self, method, **params):
        with self.connect() as client:
            return client.ask(method, **params)


class Client:
    def __init__(self, path, seconds=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(seconds)
        self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        """The next line of the server as JSON; None when it has closed."""
        try:
            line = self.lines.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def ask(self, method, **params):
        self.send(json.dumps({"id": 7, "method": method, "params": params}) + "\n")
        return self.line()


def without_server(store):
    """What to run a command with so that it opens the store itself."""
    return {"env": {**os.environ, "FIRN_SOCKET": ""}}
