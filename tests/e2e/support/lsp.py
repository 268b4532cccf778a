"""A client of `firn code lsp` for the scripts beside this folder: sends messages as they are told, keeps what comes."""

import json
import os
import pathlib
import queue
import subprocess
import threading
import urllib.parse

from firn import FIRN


def address(path):
    return "file://" + urllib.parse.quote(os.fspath(path))


def path_of(uri):
    return pathlib.Path(urllib.parse.unquote(uri.removeprefix("file://")))


def frame(message):
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(content) + content


def read_message(stream):
    """The next message; None at the end of the stream, or within a message of a server that was killed."""
    length = None
    while True:
        line = stream.readline()
        if not line:
            return None
        if line == b"\r\n":
            break
        name, value = line.split(b":")
        if name == b"Content-Length":
            length = int(value)
    content = stream.read(length)
    return json.loads(content) if len(content) == length else None


class Failure(Exception):
    def __init__(self, error):
        super().__init__(error)
        self.code = error["code"]
        self.text = error["message"]


class Client:
    def __init__(self, *words, program=None, env=None, reads=True, stderr=subprocess.PIPE):
        command = program or [FIRN, "code", "lsp", *map(os.fspath, words)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                                        env=env)
        self.next_id = 0
        self.notifications = []  # that came, and requests of the server's
        self.answers = {}
        self.arrived = queue.Queue()
        self.reader = None
        if reads:
            self.read()

    def read(self):
        self.reader = threading.Thread(target=self.read_all, daemon=True)
        self.reader.start()

    def read_all(self):
        while (message := read_message(self.process.stdout)) is not None:
            self.arrived.put(message)
        self.arrived.put(None)

    def send_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def notify(self, method, **params):
        self.send_bytes(frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method, **params):
        """Sends a request and gives its id."""
        self.next_id += 1
        self.send_bytes(frame({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}))
        return self.next_id

    def take(self, timeout=60):
        """Takes what comes next; False at the end."""
        message = self.arrived.get(timeout=timeout)
        if message is None:
            return False
        if "method" in message:
            self.notifications.append(message)
            if "id" in message:
                self.send_bytes(frame({"jsonrpc": "2.0", "id": message["id"], "result": None}))
        else:
            self.answers[message["id"]] = message
        return True

    def answer(self, number, timeout=60):
        while number not in self.answers:
            if not self.take(timeout):
                raise EOFError("the server has ended")
        message = self.answers.pop(number)
        if "error" in message:
            raise Failure(message["error"])
        return message["result"]

    def request(self, method, **params):
        return self.answer(self.ask(method, **params))

    def wait_for(self, method, wanted=lambda params: True):
        """The parameters of the first notification of a method that are wanted."""
        seen = 0
        while True:
            for message in self.notifications[seen:]:
                if message["method"] == method and wanted(message["params"]):
                    return message["params"]
            seen = len(self.notifications)
            if not self.take():
                raise EOFError("the server has ended")

    def initialize(self, root, capabilities=None, **options):
        symbol = {"hierarchicalDocumentSymbolSupport": True}
        capabilities = capabilities or {"textDocument": {"documentSymbol": symbol},
                                        "window": {"workDoneProgress": True}}
        result = self.request("initialize", processId=None, rootUri=root and address(root), capabilities=capabilities,
                              initializationOptions=options)
        self.notify("initialized")
        return result

    def open(self, path, text=None, language=""):
        text = pathlib.Path(path).read_bytes().decode(errors="replace") if text is None else text
        document = {"uri": address(path), "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def change(self, path, *changes):
        changes = [{"text": change[0]} if len(change) == 1 else
                   {"range": {"start": dict(line=change[0], character=change[1]),
                              "end": dict(line=change[2], character=change[3])}, "text": change[4]}
                   for change in changes]
        self.notify("textDocument/didChange", textDocument={"uri": address(path), "version": 2},
                    contentChanges=changes)

    def close(self, path):
        self.notify("textDocument/didClose", textDocument={"uri": address(path)})

    def at(self, method, path, line, character, **more):
        return self.request("textDocument/" + method, textDocument={"uri": address(path)},
                            position={"line": line, "character": character}, **more)

    def of(self, method, path, **more):
        return self.request("textDocument/" + method, textDocument={"uri": address(path)}, **more)

    def end(self):
        """Shuts the server down; gives its exit status and what it wrote to stderr."""
        self.request("shutdown")
        self.notify("exit")
        return self.leave()

    def leave(self):
        self.process.stdin.close()
        errors = self.process.stderr.read() if self.process.stderr else b""
        status = self.process.wait(timeout=60)
        if self.reader:
            self.reader.join(timeout=60)
        self.process.stdout.close()
        if self.process.stderr:
            self.process.stderr.close()
        return status, errors

    def pss_bytes(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
