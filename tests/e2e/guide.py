#!/usr/bin/env python3
"""The walk of a newcomer: every command of docs/guide.md, and then of docs/parts.md, is run in its order, and outputs
are compared."""

import contextlib
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", ".")).resolve()
BUILD = pathlib.Path(FIRN).parent
LIBRARIES = "liblz4 libzstd libisal libpcre2-8"


def blocks(text):
    """(language, lines) of each fenced block."""
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.M | re.S):
        yield match.group(1), match.group(2).split("\n")[:-1]


def steps(lines):
    """(command, expected lines)"""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pattern(expected):
    """What the output must match: … in a line is anything in it, alone any lines."""
    text = "".join(r"(?:[^\n]*\n)*" if line == "…" else
                   ".*".join(re.escape(part) for part in line.split("…")) + r"\n" for line in expected)
    return r"\A" + text + r"\Z"


class Guide(Case):
    def setUp(self):
        super().setUp()
        tools, walk = self.folder / "tools", self.folder / "walk"
        tools.mkdir()
        walk.mkdir()
        (tools / "firn").symlink_to(pathlib.Path(FIRN).resolve())
        # What pkg-config would say of an installed Firn, said of the one that is tested.
        flags = subprocess.run(["pkg-config", "--libs", *LIBRARIES.split()], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.strip()
        self.is_sanitized = b"__asan_init" in pathlib.Path(FIRN).read_bytes()
        sanitized = "-fsanitize=address,undefined" if self.is_sanitized else ""
        wrapper = tools / "pkg-config"
        wrapper.write_text(f"#!/bin/sh\necho '{sanitized} -I{SOURCE}/include {BUILD}/src/libfirn.a {flags} "
                           "-pthread -lm -ldl'\n")
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        self.walk = walk
        self.addCleanup(self.end_what_is_left)
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    def end_what_is_left(self):
        """After a step that failed, before the one that ends it."""
        for path in self.walk.glob("*.pid"):
            number = path.read_text(encoding="ascii").strip()
            with contextlib.suppress(OSError):
                if b"firn" in pathlib.Path("/proc", number, "cmdline").read_bytes():
                    os.kill(int(number), signal.SIGTERM)

    def run_step(self, command, expected):
        run = subprocess.run(["sh", "-c", command], cwd=self.walk, env=self.environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, f"{command}\n{run.stdout}")
        self.assertRegex(run.stdout, pattern(expected), command)

    def walk_through(self, page):
        commands = 0
        for language, lines in blocks((SOURCE / "docs" / page).read_text(encoding="utf-8")):
            self.assertIn(language, ("console", "c"))
            if language == "c":
                name = re.match(r"/\* (\w+\.c):", lines[0]).group(1)
                (self.walk / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
                continue
            for command, expected in steps(lines):
                if command == "./process" and self.is_sanitized:
                    continue
                self.run_step(command, expected)
                commands += 1
        return commands

    def test_every_command_prints_what_the_guide_says(self):
        self.assertGreater(self.walk_through("guide.md"), 20)

    def test_every_part_has_a_program_that_prints_what_its_page_says(self):
        self.assertGreaterEqual(self.walk_through("parts.md"), 10)
        text = (SOURCE / "docs/parts.md").read_text(encoding="utf-8")
        for name in re.findall(r"^/\* (\w+)\.c:", text, flags=re.M):  # none is compiled and not run
            self.assertIn(f"$ ./{name}\n", text)

    def test_a_difference_is_seen(self):
        self.run_step("echo snow", ["sn…"])
        for expected in (["sno"], ["snow", "ice"], [], ["…", "ice"]):
            with self.assertRaises(AssertionError):
                self.run_step("echo snow", expected)


if __name__ == "__main__":
    unittest.main()
