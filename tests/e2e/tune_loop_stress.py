#!/usr/bin/env python3
"""The loop of tune_loop.py on larger work: interpreters, a compiler, git, a server of 8,000 connections, a cache.
Prints what was promised and what came of it."""

import os
import subprocess
import sys
import unittest
import unittest.mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tune_loop  # noqa: E402
import tune_loop_library  # noqa: E402
from tune_loop import SANITIZED, need  # noqa: E402

SOURCE = os.path.abspath(os.environ.get("FIRN_SOURCE", "."))
SLOWER = 1.1  # 5 %, and what else a machine does meanwhile


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Programs(tune_loop.Large):
    RUNS = 5

    @need("lua5.4")
    def test_lua(self):
        # much garbage, which leaves holes in malloc only
        self.check({"mode runtime"}, "lua5.4", self.script(tune_loop.LUA.replace("250000", "600000")), slower=SLOWER)

    @need("perl")
    def test_perl(self):
        self.check({"mode runtime"}, "perl", self.script(tune_loop.PERL.replace("100000", "300000")), slower=SLOWER)

    @need("perl")
    def test_perl_of_texts(self):
        self.check({"mode runtime"}, "perl", self.script(
            "my (@all, %count); push @all, \"text number $_ of them\" for 1 .. 400000; "
            "$count{substr($_, 0, 16)}++ for @all; print scalar(keys %count);"), slower=SLOWER)

    @need("bash")
    def test_bash(self):
        self.check({"mode runtime"}, "bash", self.script(
            "declare -A all\nfor ((i = 0; i < 150000; i++)); do all[key$i]=\"value $i\"; done\necho ${#all[@]}\n"),
            slower=SLOWER)

    @need("python3")
    def test_python_without_arenas_of_its_own(self):
        script = self.script("all = {i: ('name %d' % i, [i, i + 1], {'k': i}) for i in range(150000)}\nprint(len(all))")
        with unittest.mock.patch.dict(os.environ, PYTHONMALLOC="malloc"):
            self.check({"mode runtime"}, "/usr/bin/python3", script, slower=SLOWER)

    @need("python3")
    def test_python(self):
        self.check({"malloc, as it is"}, "/usr/bin/python3", self.script(tune_loop.PYTHON.replace("10000", "40000")))

    @need("sqlite3")
    def test_sqlite(self):
        self.check({"malloc, as it is"}, "sqlite3", ":memory:",
                   f".read {self.script(tune_loop.SQL.replace('60000', '300000'))}")

    @need("git")
    def test_git(self):
        if subprocess.run(["git", "-C", SOURCE, "rev-parse", "HEAD"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("the source is in no repository")
        self.check({"malloc, as it is"}, "git", "-C", SOURCE, "--no-pager", "log", "--stat", "-n", "300")

    def test_a_compiler(self):
        self.check({"mode compiler", "malloc, as it is"}, *self.compiler(400), slower=SLOWER)


class Connections(tune_loop.Connections):
    COUNT = 8000


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Scenarios(tune_loop.Loop):
    def test_a_cache(self):
        self.check_bench("scenario cache\ncount 200000\nsizes 300-700\nbudget 24M 48M 96M 160M 256M\ngets 400000\n"
                         "pattern skewed\n", 1 << 20)

    def test_a_map(self):
        self.check_bench("scenario map\ncount 2000000\nkey u64\ngets 1000000\n", 5 << 20)

    def test_objects(self):
        self.check_bench("scenario objects\ncount 2000000\nsizes 32:5 48:3 64-128:2\nlive 500000\n", 5 << 20)


@unittest.skipIf(SANITIZED, "a sanitizer's memory is measured, too")
class Library(tune_loop_library.Ages):
    RUNS = 5
    SLOWER = SLOWER
    INTERVALS = (1, 3, 6)

    def test_a_pool_and_an_arena(self):
        self.check_nodes(NODE_BYTES=56, NODES=600000, TEXTS=600000)

    def test_small_nodes(self):
        self.check_nodes(NODE_BYTES=24, NODES=1000000, TEXTS=300000)

    def test_a_budget(self):
        self.RUNS = 2
        self.check_orders(80000, 10000, 1000000, "24M 32M 36M 40M 44M 96M")

    def test_an_age(self):
        self.check_ages()


if __name__ == "__main__":
    unittest.main()
