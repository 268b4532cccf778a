#!/usr/bin/env python3
"""`firn code index`, `update` and `watch` leave out what .gitignore and .ignore files leave out: on random trees
exactly what git itself ignores."""

import os
import random
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import FIRN, Case, code, code_json  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
ROUNDS = int(os.environ.get("FIRN_OPS", 4))
NAMES = ["a", "b", "ab", "build", "out", "x y", "#h", "!n", "[s]", "a.b", "-d"]
PARTS = ["a", "b", "?", "*", "**", "***", "[ab]", "[!a]", "[^b-z]", "[[:alpha:]]", "[[:punct:]x]", "[]a]", "\\a",
         "\\*", "x\\ y", "build", "out", ".c", ".b", "ab", "[", "\\", "#", "!", "[a-", "[s\\]", "\\[s\\]", "-"]
ENDS = ["", "", "", "", "/", ".c", "*.c", " ", "\\ ", "\r", "/**", "/*"]


class Ignoring(Case):
    def files(self):
        """The paths in the index."""
        run = code("query", self.store, "(translation_unit)", "--format", "lines")
        self.assertIn(run.returncode, (0, 1), run)
        words = [line.split(b" ")[0] for line in run.stdout.splitlines()]
        return {word.replace(b"\\s", b" ").replace(b"\\\\", b"\\").decode() for word in words}

    def check(self, wanted, *options):
        self.index(*options)
        self.assertEqual(self.files(), wanted)

    def write_all(self, *paths):
        for path in paths:
            self.write(path, "int x;\n")

    # --- a model ---

    def random_pattern(self, chance):
        def name():
            return "".join(chance.choice(PARTS) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
        start = chance.choice(["", "", "", "/", "!", "!", "!/", "**/", "\\!", "\\#", "#"])
        inside = "/".join(name() for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
        return start + inside + chance.choice(ENDS)

    def random_tree(self, chance):
        folders = [""]
        for _ in range(60):
            parent = chance.choice(folders[-20:])
            folder = parent + chance.choice(NAMES) + "/"
            if folder not in folders and folder.count("/") < 6:
                folders.append(folder)
        paths = []
        for folder in folders:
            for _ in range(chance.randrange(1, 6)):
                paths.append(folder + chance.choice(NAMES) + ".c")
            if chance.random() < 0.6:
                lines = [self.random_pattern(chance) for _ in range(chance.randrange(1, 5))]
                start = "\ufeff" if chance.random() < 0.1 else ""
                self.write(folder + ".gitignore", start + "\n".join(lines) + chance.choice(["", "\n"]))
        self.write_all(*paths)
        return set(paths)

    def kept_by_git(self, paths):
        environment = {**os.environ, "HOME": os.fspath(self.folder), "XDG_CONFIG_HOME": os.fspath(self.folder),
                       "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": os.fspath(self.folder)}
        run = subprocess.run(["git", "-C", self.tree, "check-ignore", "--no-index", "--stdin", "-z"], check=False,
                             input="\0".join(sorted(paths)).encode() + b"\0", stdout=subprocess.PIPE, env=environment)
        self.assertIn(run.returncode, (0, 1))
        return paths - set(run.stdout.decode().split("\0"))

    @unittest.skipIf(shutil.which("git") is None, "git is what it is compared with")
    def test_git_ignores_the_same(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        kept = left_out = 0
        for number in range(ROUNDS):
            self.tree = self.folder / f"tree{number}"
            self.tree.mkdir()
            subprocess.run(["git", "init", "-q", self.tree], check=True)
            paths = self.random_tree(chance)
            (self.tree / ".git" / "info" / "exclude").write_text("out\n!a.b.c\n")
            wanted = self.kept_by_git(paths)
            self.check(wanted)
            self.check(paths, "--no-ignore")
            kept += len(wanted)
            left_out += len(paths - wanted)
        self.assertGreater(min(kept, left_out), ROUNDS * 5)

    # --- ranks ---

    def test_an_ignore_file_decides_before_a_gitignore_and_the_user_before_both(self):
        self.write_all("a.c", "b.c", "sub/a.c", "sub/b.c", "sub/c.c")
        self.write(".ignore", "!b.c\n/sub/c.c\n")
        self.write(".gitignore", "a.c\n")
        self.write("sub/.gitignore", "b.c\n!c.c\n")
        self.check({"b.c", "sub/b.c"})
        self.check({"a.c", "b.c", "sub/a.c"}, "-x", "!a.c", "-x", "sub/b.c")

    def test_folders_above_count_up_to_the_repository(self):
        self.write_all("x/y/a.c", "x/y/b.c", "x/y/c.c", "x/y/build/d.c")
        (self.tree / ".git").mkdir()
        self.write(".gitignore", "/x/y/a.c\nb.c\nbuild/\n")
        self.write("x/.ignore", "!b.c\n")
        (self.folder / ".gitignore").write_text("c.c\n")
        whole, self.tree = self.tree, self.tree / "x" / "y"
        self.check({"b.c", "c.c"})
        (whole / ".git").rmdir()
        self.check({"a.c", "b.c", "c.c", "build/d.c"})

    def test_a_repository_inside_another_has_its_own(self):
        self.write_all("a.c", "inner/a.c", "inner/b.c")
        (self.tree / ".git").mkdir()
        (self.tree / "inner" / ".git").mkdir(parents=True)
        self.write(".gitignore", "a.c\n")
        self.write("inner/.gitignore", "b.c\n")
        self.check({"inner/a.c"})

    # --- life ---

    def test_an_update_follows_the_files_and_keeps_what_the_index_was_made_with(self):
        self.write_all("a.c", "b.c")
        self.check({"a.c", "b.c"})
        self.write(".gitignore", "a.c\n")
        self.assertEqual(code_json("update", self.store)["removed"], 1)
        self.assertEqual(self.files(), {"b.c"})
        self.assertEqual(code_json("update", self.store, "--no-ignore")["added"], 1)
        self.write("c.c", "int y;\n")
        code_json("update", self.store)
        self.assertEqual(self.files(), {"a.c", "b.c", "c.c"})
        self.check({"b.c", "c.c"})

    def test_watching_sees_a_changed_ignore_file(self):
        self.write_all("a.c", "b.c")
        self.index()
        words = [FIRN, "code", "watch", "--store", self.store, "--json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watch:
            try:
                watch.stdout.readline()
                self.write(".gitignore", "a.c\n")
                self.assertIn(b'"removed": 1', watch.stdout.readline())
            finally:
                watch.terminate()
        self.assertEqual(self.files(), {"b.c"})

    def test_what_cannot_be_read_is_listed_and_nothing_else_is_lost(self):
        self.write_all("a.c", "sub/b.c")
        (self.tree / "sub" / ".gitignore").mkdir()
        self.write(".ignore", "# " + "x" * (1 << 20))
        skipped = self.skipped(self.index())
        self.assertEqual(set(skipped), {".ignore", "sub/.gitignore"})
        self.assertEqual(self.files(), {"a.c", "sub/b.c"})


if __name__ == "__main__":
    unittest.main()
