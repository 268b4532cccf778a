"""Running the program, for the scripts beside this folder."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

FIRN = os.path.abspath(os.environ.get("FIRN", "build/release/firn"))


def firn(*words, text=False, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run([FIRN, *map(os.fspath, words)], check=False, text=text, **options)


def code(command, store, *words, **options):
    return firn("code", command, "--store", store, *words, **options)


def code_json(command, store, *words, **options):
    run = code(command, store, "--json", *words, **options)
    assert run.returncode in (0, 1), run
    return json.loads(run.stdout)


def as_user(folder):
    """What to run the program with so that permissions count, also where the tests run as root."""
    if os.geteuid() != 0:
        return {}
    for path in [folder, *pathlib.Path(folder).rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    return {"user": 65534, "group": 65534, "extra_groups": []}


class Case(unittest.TestCase):
    """A test with a folder of its own, in which `tree` is what is indexed and `store` where to."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="firn-test-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.tree = self.folder / "tree"
        self.store = self.folder / "store"
        self.tree.mkdir()

    def write(self, path, content):
        path = self.tree / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def index(self, *words, **options):
        run = code("index", self.store, self.tree, "--json", *words, **options)
        self.assertEqual(run.returncode, 0, run)
        return json.loads(run.stdout)

    def skipped(self, result):
        return {skip["path"]: skip["reason"] for skip in result["skipped"]}

    def verify(self):
        """What verify finds, which must be no difference."""
        result = code_json("verify", self.store)
        self.assertEqual((result["differences"], result["damaged_segments"]), (0, 0), result)
        return result

    def assert_fails_with_one_line(self, run, *words):
        text = run.stderr.decode(errors="replace") if isinstance(run.stderr, bytes) else run.stderr
        self.assertEqual(run.returncode, 1, run)
        self.assertRegex(text, r"\Afirn: [^\n]+\n\Z")
        for word in words:
            self.assertIn(str(word), text)
