"""`firn code query` finds exactly what tree-sitter's own query cursor finds, for every pattern in
queries/ on a mixed corpus with broken files, or on a folder of the user's:

    FIRN=… FIRN_TOOLS=… FIRN_SOURCE=… query.py
    FIRN=… FIRN_TOOLS=… query.py FOLDER LANGUAGE
"""

import collections
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "support"))
import corpus
from firn import Case, code, code_json, firn

PEER = os.path.join(os.environ["FIRN_TOOLS"], "query_peer")
SEED = int(os.environ.get("FIRN_SEED", "1"))
LANGUAGES = ("c", "python", "javascript")


def patterns_of(language):
    return os.path.join(HERE, "queries", language + ".scm")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def ours(store, language):
    run = code("query", store, read(patterns_of(language)), "--format", "lines", "--language", language)
    assert run.returncode == 0, run.stderr.decode()
    return sorted(run.stdout.splitlines())


def theirs(folder, language, paths):
    command = [PEER, "--language", language, folder, patterns_of(language), "-"]
    run = subprocess.run(command, input="\n".join(paths).encode() + b"\n", stdout=subprocess.PIPE, check=True)
    return sorted(run.stdout.splitlines())


def differences(left, right):
    left, right = collections.Counter(left), collections.Counter(right)
    return [f"only firn: {line.decode()}" for line in sorted((left - right).elements())] + [
        f"only tree-sitter: {line.decode()}" for line in sorted((right - left).elements())
    ]


def compare(folder, store, language, paths):
    """Prints what differs; gives how often each pattern matched."""
    found, wanted = ours(store, language), theirs(folder, language, paths)
    wrong = differences(found, wanted)
    print(f"{language}: {len(paths)} files, {len(wanted)} matches, {len(wrong)} differences", *wrong[:20], sep="\n")
    assert not wrong
    return collections.Counter(int(line.split(b" ")[1]) for line in found)


class Queries(Case):
    def test_the_matches_are_those_of_tree_sitter(self):
        folder = self.folder / "corpus"
        files = list(corpus.lay_out(folder, os.environ["FIRN_SOURCE"], SEED))
        index = firn("code", "index", folder, "--store", self.store, "--quiet")
        self.assertEqual(index.returncode, 0, index.stderr)
        for language in LANGUAGES:
            counts = compare(folder, self.store, language, [file[0] for file in files if file[1] == language])
            self.assertGreater(len(counts), 18, "most patterns match something")

    def test_files_without_what_a_pattern_needs_change_nothing(self):
        """Alone, a pattern lets files be passed over by their records; with all others, hardly any."""
        folder = self.folder / "corpus"
        list(corpus.lay_out(folder, os.environ["FIRN_SOURCE"], SEED))
        index = firn("code", "index", folder, "--store", self.store, "--quiet")
        self.assertEqual(index.returncode, 0, index.stderr)
        together = collections.defaultdict(list)
        for line in ours(self.store, "c"):
            path, number, *captures = line.split(b" ")
            together[int(number)].append(b" ".join([path, b"0", *captures]))
        patterns = [line for line in read(patterns_of("c")).splitlines() if not line.startswith(";")]
        for number, pattern in list(enumerate(patterns))[::6]:
            run = code("query", self.store, pattern, "--format", "lines", "--language", "c")
            self.assertEqual(sorted(run.stdout.splitlines()), sorted(together[number]), pattern)

    def index_one(self, name, text):
        self.write(name, text)
        self.index()

    def test_a_match_tells_its_captures(self):
        self.index_one("a.c", b"int f(void) { return g(1); }\n")
        pattern = "(call_expression function: (identifier) @f arguments: (_) @a)"
        self.assertEqual(
            code_json("query", self.store, pattern),
            [
                {
                    "path": "a.c",
                    "pattern": 0,
                    "captures": [
                        {
                            "name": name,
                            "line": 1,
                            "column": column,
                            "end_line": 1,
                            "end_column": end,
                            "start_byte": column - 1,
                            "end_byte": end - 1,
                            "text": text,
                        }
                        for name, column, end, text in (("f", 22, 23, "g"), ("a", 23, 26, "(1)"))
                    ],
                }
            ],
        )
        plain = code("query", self.store, pattern, text=True)
        self.assertEqual(plain.stdout, "a.c:1:22: @f g\na.c:1:23: @a (1)\n")
        one = code("query", self.store, pattern, "a.c", "--format", "lines", text=True)
        self.assertEqual(one.stdout, "a.c 0 f 21 22 a 22 25\n")

    def test_a_bad_pattern_is_told_with_its_place(self):
        self.index_one("a.c", b"int f(void) { return g(1); }\n")
        for pattern, said in (
            ("(call_expression", "line 1, column 17"),
            ("\n(no_such_node)", "line 2, column 2: there is no node type no_such_node"),
            ("((identifier) @a (#like? @a))", "#like? is not known"),
            ('((identifier) @a (#match? @a "["))', "regular expression"),
        ):
            self.assert_fails_with_one_line(code("query", self.store, pattern, text=True), said)
        run = code("query", self.store, "(class_definition)", "--language", "python", text=True)
        self.assertEqual(run.returncode, 1)

    def test_nothing_found_is_said(self):
        self.index_one("a.c", b"int f(void) { return g(1); }\n")
        run = code("query", self.store, "(goto_statement)", text=True)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("matches nothing", run.stderr)
        self.assertEqual(json.loads(code("query", self.store, "(goto_statement)", "--json").stdout), [])


def check_folder(folder, language):
    with tempfile.TemporaryDirectory() as store:
        run = firn("code", "index", folder, "--store", os.path.join(store, "s"), "--quiet")
        assert run.returncode == 0, run.stderr
        paths = [os.path.relpath(path, folder) for path in corpus.walk(folder)]
        suffixes = {
            "c": (".c", ".h"),
            "python": (".py", ".pyi", ".pyw"),
            "javascript": (".js", ".mjs", ".cjs", ".jsx"),
        }[language]
        compare(folder, os.path.join(store, "s"), language, [path for path in paths if path.endswith(suffixes)])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check_folder(sys.argv[1], sys.argv[2])
    else:
        unittest.main()
