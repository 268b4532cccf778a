"""A `firn serve` on a port that is free, plain or with TLS."""

import json
import os
import signal
import subprocess

from firn import FIRN


class Site:
    def __init__(self, folder, *words, pair=None, environment=None):
        words = [*words, *(("--certificate", pair[0], "--key", pair[1]) if pair else ())]
        self.process = subprocess.Popen(
            [FIRN, "serve", os.fspath(folder), "--port", "0", "--json", *map(os.fspath, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment)
        line = self.process.stdout.readline()
        self.url = json.loads(line)["url"] if line else None
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1]) if line else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()

    def end(self, number=signal.SIGTERM):
        """Its memory at its end, KiB."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as rollup:
            pss = int(next(line for line in rollup if line.startswith("Pss:")).split()[1])
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        assert (self.process.returncode, errors) == (0, b""), (self.process.returncode, errors)
        return pss
