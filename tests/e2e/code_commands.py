#!/usr/bin/env python3
"""Every command of `firn code` on small trees: what it prints for people and as JSON."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, code, code_json  # noqa: E402

LIST_C = """#include "list.h"

/* A list. */
struct list {
    struct list *next;
    int value;
};

int list_length(const struct list *list)
{
    int length = 0;
    for (; list != 0; list = list->next)
        length++;
    return length;
}
"""
LIST_H = "int list_length(const struct list *list);\n#define LIST_END 0\n"
SHAPES_PY = """class Shape:
    def area(self):
        return 0

    class Inner:
        def area(self):
            return list_length


def list_length():
    return Shape().area()
"""
TREE_OF_DATA = """0 document 1 - 0 9 0 0 1 0 -
1 array 1 - 0 8 0 0 0 8 -
2 [ 0 - 0 1 0 0 0 1 -
2 number 1 - 1 2 0 1 0 2 -
2 , 0 - 2 3 0 2 0 3 -
2 null 1 - 3 7 0 3 0 7 -
2 ] 0 - 7 8 0 7 0 8 -
"""


class Commands(Case):
    def setUp(self):
        super().setUp()
        self.write("src/list.c", LIST_C)
        self.write("src/list.h", LIST_H)
        self.write("shapes.py", SHAPES_PY)
        self.write("data.json", "[1,null]\n")
        self.write("notes.txt", "of no known language\n")
        self.result = self.index()

    def out(self, command, *words):
        run = code(command, self.store, *words)
        self.assertEqual((run.returncode, run.stderr), (0, b""), run)
        return run.stdout.decode()

    def test_index_reports_what_it_did(self):
        result = self.result
        self.assertEqual((result["files"], result["skipped"]), (4, []))
        sources = [LIST_C, LIST_H, SHAPES_PY, "[1,null]\n"]
        self.assertEqual(result["source_bytes"], sum(map(len, sources)))
        self.assertEqual(result["lines"], sum(source.count("\n") for source in sources))
        for key in ("nodes", "seconds", "peak_rss_bytes", "store_bytes", "parser_tree_bytes", "parse_seconds",
                    "tree_bytes", "productions"):
            self.assertGreater(result[key], 0, key)
        on_disk = sum(file.stat().st_size for file in self.store.iterdir())
        self.assertLessEqual(abs(on_disk - result["store_bytes"]), 4096)

    def test_index_replaces_what_the_store_held(self):
        (self.tree / "shapes.py").unlink()
        self.write("new.go", "package main\n\nfunc fresh() {}\n")
        self.assertEqual(self.index()["files"], 4)
        self.assertEqual(self.out("find", "fresh"), "new.go:3:6: function fresh\n")
        self.assertEqual(code("cat", self.store, "shapes.py").returncode, 1)
        self.verify()

    def test_find_gives_the_definitions_of_all_languages(self):
        self.assertEqual(self.out("find", "list_length"),
                         "shapes.py:10:5: function list_length\n"
                         "src/list.c:9:5: function list_length\n"
                         "src/list.h:1:5: declaration list_length\n")
        self.assertEqual(code_json("find", self.store, "LIST_END"),
                         [{"name": "LIST_END", "kind": "macro", "path": "src/list.h", "line": 2, "column": 9}])

    def test_find_of_an_unknown_name_says_so_and_exits_1(self):
        for name in ("nothing_of_this_name", "", "list_lengt", "list_length_", "\x01", "x" * 5000):
            self.assert_fails_with_one_line(code("find", self.store, "--", name))
            run = code("find", self.store, "--json", "--quiet", "--", name)
            self.assertEqual((run.returncode, run.stderr, run.stdout.split()), (1, b"", [b"[]"]))

    def test_refs_gives_every_occurrence_with_its_kind(self):
        lines = self.out("refs", "list_length").splitlines()
        self.assertIn("src/list.c:9:5: function list_length (definition)", lines)
        self.assertIn("shapes.py:7:20: name list_length", lines)
        self.assertEqual(len(lines), 4)
        found = code_json("refs", self.store, "list_length")
        self.assertEqual(sum(ref["definition"] for ref in found), 3)
        self.assertEqual({ref["path"] for ref in found}, {"src/list.c", "src/list.h", "shapes.py"})

    def test_outline_nests_definitions(self):
        self.assertEqual(self.out("outline", "shapes.py"),
                         "1:7: class Shape\n"
                         "  2:9: method area\n"
                         "  5:11: class Inner\n"
                         "    6:13: method area\n"
                         "10:5: function list_length\n")
        inner = code_json("outline", self.store, "shapes.py")[2]
        self.assertEqual(inner, {"name": "Inner", "kind": "class", "depth": 1, "line": 5, "column": 11,
                                 "first_line": 5, "last_line": 7})

    def test_at_gives_the_node_what_is_around_it_and_the_definition(self):
        result = code_json("at", self.store, "src/list.c:11:9")
        self.assertEqual(result["node"]["kind"], "identifier")
        self.assertEqual([node["kind"] for node in result["ancestors"]],
                         ["init_declarator", "declaration", "compound_statement", "function_definition",
                          "translation_unit"])
        self.assertEqual(result["definition"]["name"], "list_length")
        text = self.out("at", "src/list.c:11:9")
        self.assertTrue(text.startswith("src/list.c:11:9: declarator: identifier to 11:15\n"), text)
        self.assertTrue(text.endswith("part of\n  src/list.c:9:5: function list_length\n"), text)

    def test_at_refuses_places_that_are_none(self):
        for place in ("src/list.c:1000:1", "src/list.c:1:1000", "none.c:1:1"):
            self.assert_fails_with_one_line(code("at", self.store, place))
        for place in ("src/list.c", "src/list.c:1", "src/list.c:0:1", "src/list.c:1:0", "src/list.c:x:1", ":1:1",
                      "src/list.c:1:99999999999", "src/list.c:1:-1", ""):
            self.assertEqual(code("at", self.store, place).returncode, 2, place)

    def test_tree_prints_all_nodes_in_preorder(self):
        self.assertEqual(self.out("tree", "data.json", "--format", "lines"), TREE_OF_DATA)
        self.assertEqual(self.out("tree", "data.json").splitlines()[:3],
                         ["document 1:1-2:1", "  array 1:1-1:9", "    \"[\" 1:1-1:2"])
        nodes = code_json("tree", self.store, "data.json")
        lines = [" ".join(str(int(value) if isinstance(value, bool) else value) for value in node.values())
                 for node in nodes]
        self.assertEqual(lines, TREE_OF_DATA.splitlines())

    def test_cat_gives_the_exact_bytes(self):
        self.assertEqual(self.out("cat", "src/list.c"), LIST_C)
        self.assertEqual(code_json("cat", self.store, "src/list.h"),
                         {"path": "src/list.h", "language": "c", "lines": 2, "source_bytes": len(LIST_H),
                          "text": LIST_H})

    def test_a_file_is_found_by_its_path_from_here(self):
        for operand, here in (("list.c", self.tree / "src"), ("./src/list.c", self.tree),
                              ("../tree/src/list.c", self.store), (self.tree / "src/list.c", "/"),
                              ("src/../src/./list.c", self.tree), ("src//list.c", self.tree)):
            run = code("cat", self.store, operand, cwd=here)
            self.assertEqual((run.returncode, run.stdout), (0, LIST_C.encode()), (operand, here, run))
        (self.tree / "src/list.c").unlink()
        self.assertEqual(code("cat", self.store, "./list.c", cwd=self.tree / "src").stdout, LIST_C.encode())
        for operand in ("", ".", "/", "src", "none.c", "../../../../../../../none.c", "a" * 5000):
            self.assert_fails_with_one_line(code("cat", self.store, operand, cwd=self.tree))

    def test_a_file_is_found_through_a_link_to_its_folder(self):
        (self.folder / "link").symlink_to(self.tree)
        self.assertEqual(code("cat", self.store, "link/src/list.c", cwd=self.folder).stdout, LIST_C.encode())

    def test_stats_gives_totals_and_languages(self):
        stats = code_json("stats", self.store)
        for key in ("files", "lines", "nodes", "tree_bytes", "source_bytes", "parser_tree_bytes", "store_bytes"):
            self.assertEqual(stats[key], self.result[key], key)
        self.assertGreater(stats["resident_bytes"], 0)
        self.assertEqual({language["language"]: language["files"] for language in stats["languages"]},
                         {"c": 2, "python": 1, "json": 1})
        self.assertIn("python", self.out("stats"))

    def test_verify_finds_no_difference_and_lists_what_was_changed(self):
        result = self.verify()
        self.assertEqual((result["files"], result["nodes"], result["source_bytes"], result["changed"]),
                         (4, self.result["nodes"], self.result["source_bytes"], 0))
        self.write("src/list.h", LIST_H + "\n")
        (self.tree / "data.json").unlink()
        result = self.verify()
        self.assertEqual({entry["path"] for entry in result["changed_list"]}, {"src/list.h", "data.json"})
        self.assertIn("src/list.h: changed: ", self.out("verify"))

    def test_verify_finds_a_source_that_differs_under_the_same_time(self):
        path = self.tree / "data.json"
        stat = path.stat()
        path.write_bytes(b"[2,null]\n")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        run = code("verify", self.store)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"data.json: DIFFERS: its stored source differs from the file\n", run.stdout)

    def test_excludes_leave_files_out(self):
        self.assertEqual(self.index("--exclude", "src/", "-x", "*.json")["files"], 1)
        self.assertEqual(self.index("--exclude", "*", "--exclude", "!*.py")["files"], 1)
        self.assertEqual(code("index", self.store, self.tree, "--exclude", "").returncode, 2)

    def test_any_number_of_jobs_gives_the_same_answers(self):
        answers = []
        for jobs in ("1", "2", "7"):
            self.assertEqual(self.index("--jobs", jobs)["files"], 4)
            self.verify()
            answers.append([self.out("find", "list_length"), self.out("refs", "area"),
                            self.out("tree", "src/list.c", "--format", "lines")])
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])

    def test_a_store_inside_the_tree_is_not_indexed_itself(self):
        self.store = self.tree / "store"
        self.assertEqual(self.index()["files"], 4)
        self.assertEqual(self.index()["files"], 4)
        self.verify()


if __name__ == "__main__":
    unittest.main()
