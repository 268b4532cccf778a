"""`firn tabs` as a process that is asked, command by command."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from firn import FIRN  # noqa: E402


def run_tests():
    """Runs the tests of the script that calls it, where pages were built."""
    if not os.path.exists(os.path.join(os.path.dirname(os.path.realpath(FIRN)), "firn-page")):
        print("firn-page was not built: JavaScriptCore is missing")
        sys.exit(0)
    unittest.main()


class Refused(Exception):
    pass


class Tabs:
    """A host. A command's answer is a dict; one that failed raises Refused."""

    def __init__(self, *options):
        self.process = subprocess.Popen([FIRN, "tabs", "--json", "--quiet", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ask(self, command):
        if isinstance(command, str):
            command = command.encode()
        self.process.stdin.write(command + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(self.process.stderr.read().decode())
        answer = json.loads(line)
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer

    def open(self, what):
        return self.ask(f"open {what}")["tab"]

    def eval(self, tab, script):
        return self.ask(f"eval {tab} {script}")["value"]

    def state(self, tab, to=""):
        return self.ask(f"state {tab} {to}")["state"]

    def end(self):
        """Ends the script; the exit status and what was said on stderr."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.stdout.close()
        said = self.process.stderr.read().decode()
        self.process.stderr.close()
        return self.process.wait(60), said

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()  # so that it removes its folder
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass
