"""clangd's index of a source tree, driven as an editor does: prints figures for bench/code.

    clangd.py ROOT OUT NAMES    OUT takes the index, NAMES is a file of names to look for

Each .c file is compiled with the tree's own include folders as far as they are there; what else it
includes is missing, which clangd bears. After FIRN_CLANGD_SECONDS (600) what is indexed by then is
all that counts: indexed_share tells it, and there is neither index_seconds nor disk_bytes.
"""
import json
import os
import statistics
import subprocess
import sys
import time

root, out, names = sys.argv[1:4]
INCLUDES = ("include", "include/uapi", "arch/x86/include", "arch/x86/include/uapi")
INDEX_S = float(os.environ.get("FIRN_CLANGD_SECONDS", 600))


def compile_commands():
    flags = ["-w", *(f"-I{os.path.join(root, path)}" for path in INCLUDES if os.path.isdir(os.path.join(root, path)))]
    for folder, _, files in os.walk(root):
        for name in files:
            if name.endswith(".c"):
                path = os.path.join(folder, name)
                yield {"directory": root, "file": path, "arguments": ["clang", *flags, "-c", path]}


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            ["clangd", f"--compile-commands-dir={out}", "--background-index", f"-j={os.cpu_count()}", "--log=error"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0

    def send(self, method, params, is_request=False):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if is_request:
            self.number += 1
            message["id"] = self.number
        self.write(message)

    def write(self, message):
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        size = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        message = json.loads(self.process.stdout.read(size))
        if "method" in message and "id" in message:
            self.write({"jsonrpc": "2.0", "id": message["id"], "result": None})
        return message

    def ask(self, method, params):
        self.send(method, params, True)
        while True:
            message = self.receive()
            if message.get("id") == self.number and "method" not in message:
                return message["result"]

    def memory(self, file, key):
        with open(f"/proc/{self.process.pid}/{file}", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def wait_for_index(server):
    """Gives the part of the files that are indexed at the end."""
    end = time.monotonic() + INDEX_S
    share = 0
    while time.monotonic() < end:
        message = server.receive()
        if message.get("method") != "$/progress" or message["params"]["token"] != "backgroundIndexProgress":
            continue
        value = message["params"]["value"]
        if value["kind"] == "end":
            return 1
        done, _, total = value.get("message", "").partition("/")
        if done.isdigit() and total.isdigit() and int(total) > 0:
            share = int(done) / int(total)
    return share


def main():
    commands = list(compile_commands())
    with open(os.path.join(out, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file)
    first = commands[0]["file"]
    start = time.monotonic()
    server = Server()
    server.ask("initialize", {"processId": None, "rootUri": "file://" + root,
                              "capabilities": {"window": {"workDoneProgress": True}}})
    server.send("initialized", {})
    with open(first, encoding="utf-8", errors="replace") as file:
        server.send("textDocument/didOpen", {"textDocument": {
            "uri": "file://" + first, "languageId": "c", "version": 1, "text": file.read()}})
    share = wait_for_index(server)
    print("indexed_share", share)
    if share == 1:
        print("index_seconds", time.monotonic() - start)
    print("index_rss_bytes", server.memory("status", "VmHWM"))
    print("serve_pss_bytes", server.memory("smaps_rollup", "Pss:"))
    times = []
    with open(names, encoding="utf-8") as file:
        for name in file.read().split():
            start = time.monotonic()
            server.ask("workspace/symbol", {"query": name})
            times.append(time.monotonic() - start)
    print("symbol_seconds", statistics.median(times))
    if share == 1:
        print("disk_bytes", sum(os.path.getsize(os.path.join(folder, name))
                                for folder, _, files in os.walk(os.path.join(out, ".cache")) for name in files))
    server.ask("shutdown", None)
    server.send("exit", None)
    server.process.wait()


main()
