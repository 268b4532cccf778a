#!/usr/bin/env python3
"""Shows that each check of tidy.py can fail, and lets what is right pass."""

import sys
import unittest

import tidy

HEAD = "/* What it does. */\n"


def body(lines):
    return "".join(f"    use({i});\n" for i in range(lines))


# For each check: files that it must find fault with, and files that it must let pass.
CASES = {
    "layers_include_downwards": (
        [{"src/pack/a.c": HEAD + '#include "tree/b.h"\n'},
         {"src/core/a.c": HEAD + '#include "alloc/b.h"\n'},
         {"src/other/a.c": HEAD}],
        [{"src/pack/a.c": HEAD + '#include "alloc/b.h"\n#include "pack/c.h"\n#include <firn/tree.h>\n'}]),
    "programs_use_public_headers": (
        [{"programs/code/a.c": HEAD + '#include "core/os.h"\n'},
         {"programs/common/a.c": HEAD + '#include "code/b.h"\n'},
         {"programs/code/a.c": HEAD + '#include "b.h"\n'},
         {"programs/firn.c": HEAD + '#include "tree/b.h"\n'}],
        [{"programs/code/a.c": HEAD + '#include <firn/tree.h>\n#include "common/b.h"\n#include "code/c.h"\n'},
         {"programs/firn.c": HEAD + '#include "code/b.h"\n'}]),
    "examples_use_public_headers": (
        [{"examples/lisp/a.c": HEAD + '#include "alloc/heap/space.h"\n'}],
        [{"examples/lisp/a.c": HEAD + '#include "lisp.h"\n#include <firn/heap.h>\n'}]),
    "public_headers_include_little": (
        [{"include/firn/a.h": HEAD + "#include <stdio.h>\n"}, {"include/firn/a.h": HEAD + '#include "core/b.h"\n'}],
        [{"include/firn/a.h": HEAD + "#include <stddef.h>\n#include <firn/b.h>\n"}]),
    "no_banned_calls": (
        [{"src/tree/a.c": HEAD + f"void f(void)\n{{\n    {name}(a);\n}}\n"} for name in tidy.BANNED],
        [{"src/tree/a.c": HEAD + '/* strcpy(a) */\nconst char *s = "sprintf(";\nint x = snprintf(a);\n'}]),
    "memory_comes_from_an_allocator": (
        [{"src/tree/a.c": HEAD + "void *a = malloc(3);\n"},
         {"programs/code/a.c": HEAD + "void f(void)\n{\n    free(a);\n}\n"}],
        [{"src/core/a.c": HEAD + "void *a = malloc(3);\n"},
         {"tests/unit/a.c": HEAD + "void *a = malloc(3);\n"},
         {"src/tree/a.c": HEAD + "void f(void)\n{\n    a->free(b);\n    c.malloc(d);\n}\n"}]),
    "system_calls_stay_in_core": (
        [{"src/tier/a.c": HEAD + "int a = open(b);\n"},
         {"src/tier/a.c": HEAD + "int f(void)\n{\n    return fsync(a);\n}\n"}],
        [{"src/core/a.c": HEAD + "int a = open(b);\n"},
         {"src/tier/a.c": HEAD + "static int read(int a);\nint b = c->open(d);\n"}]),
    "the_library_is_silent": (
        [{"src/core/a.c": HEAD + "void f(void)\n{\n    abort();\n}\n"},
         {"src/tree/a.c": HEAD + "int a = printf(b);\n"}],
        [{"programs/code/a.c": HEAD + "int a = printf(b);\n"},
         {"src/tree/a.c": HEAD + "int a = snprintf(b);\n"}]),
    "lines_are_short": (
        [{"src/tree/a.c": HEAD + "x" * 101 + "\n"}, {"scripts/a": "#!/bin/sh\n#" + "x" * 120 + "\n"}],
        [{"src/tree/a.c": HEAD + "é" * 100 + "\n"}, {"README.md": "x" * 500 + "\n"}]),
    "lines_are_clean": (
        [{"src/tree/a.c": HEAD + "int a; \n"}, {"src/tree/a.c": HEAD + "\tint a;\n"},
         {"README.md": "no end"}],
        [{"src/tree/a.c": HEAD + "int a;\n"}, {"Makefile": "a:\n\tb\n"}]),
    "head_comment_says_what_it_is": (
        [{"src/tree/a.c": "int a;\n"}, {"src/tree/a.c": "/*" + "\n" * 25 + "*/\n"}],
        [{"src/tree/a.c": "/*" + "\n" * 24 + "*/\n"}]),
    "nothing_is_unfinished": (
        [{"src/tree/a.c": HEAD + f"/* {word}: later */\n"} for word in tidy.UNFINISHED],
        [{"src/tree/a.c": HEAD + "/* done */\n"}]),
    "no_path_of_one_machine": (
        [{"README.md": "see /wo" "rk/here\n"}, {"a.txt": "https://registry." "npmjs.org\n"},
         {"a.txt": "/home" "/me/x\n"},
         {"grammars/package-lock.json": '{"resolved": "x"}\n'}],
        [{"README.md": "see docs/work/here and /usr/include\n"}]),
    "scripts_can_be_parsed": (
        [{"scripts/a": "#!/bin/sh\nif true; then\n"}],
        [{"scripts/a": "#!/bin/sh\nif true; then :; fi\n"}]),
    "lengths_stay_below_their_limits": (
        [{"src/tree/a.c": HEAD + "int f(void)\n{\n" + body(69) + "}\n"},
         {"src/tree/a.c": HEAD + "int a;\n" * 800},
         {"src/tree/a.c": HEAD, "tests/tidy/ratchet.txt": "src/tree/gone.c 900\n"},
         {"src/tree/a.c": HEAD + "int a;\n" * 850, "tests/tidy/ratchet.txt": "src/tree/a.c 900\n"}],
        [{"src/tree/a.c": HEAD + "int f(void)\n{\n" + body(68) + "}\n"},
         {"src/tree/a.c": HEAD + "int a;\n" * 799},
         {"src/tree/a.c": HEAD + "int a;\n" * 850, "tests/tidy/ratchet.txt": "# kept\nsrc/tree/a.c 851\n"}]),
    "rooms_do_not_call_in_a_circle": (
        [{"src/tree/a.c": HEAD + '#include "tree/b.h"\n',
          "src/tree/b.c": HEAD + '#include "tree/a.h"\n'}],
        [{"src/tree/a.c": HEAD + '#include "tree/a.h"\n#include "tree/b.h"\n',
          "src/tree/b.c": HEAD}]),
    "firn_h_includes_every_public_header": (
        [{"include/firn/firn.h": HEAD, "include/firn/a.h": HEAD}],
        [{"include/firn/firn.h": HEAD + "#include <firn/a.h>\n", "include/firn/a.h": HEAD}]),
    "what_is_named_exists": (
        [{"README.md": "see [here](docs/a.md)\n"},
         {"src/tree/a.c": "/* docs/" "formats/a.md */\n"}],
        [{"README.md": "see [here](docs/a.md#part), [there](docs) and [far](https://a.b)\n",
          "docs/a.md": "a\n"}]),
}


def findings(tree, name):
    files = [tidy.File(path, text) for path, text in tree.items()]
    return [wrong for wrong in tidy.check_files(files) if wrong[2] == name]


class SelfTest(unittest.TestCase):
    def test_every_check_has_cases(self):
        names = {check.__name__ for check in tidy.FILE_CHECKS + tidy.TREE_CHECKS}
        self.assertEqual(names, set(CASES))

    def test_what_is_wrong_is_found(self):
        for name, (wrong, _) in CASES.items():
            for tree in wrong:
                self.assertTrue(findings(tree, name), f"{name}: {tree}")

    def test_what_is_right_passes(self):
        for name, (_, right) in CASES.items():
            for tree in right:
                self.assertFalse(findings(tree, name), f"{name}: {tree}")

    def test_a_function_is_named_and_measured(self):
        text = HEAD + "static int f(int a,\n             int (*b)(void))\n{\n    return a;\n}\n"
        self.assertEqual(list(tidy.functions(tidy.File("src/tree/a.c", text))), [(4, "f", 3)])


if __name__ == "__main__":
    unittest.main()
