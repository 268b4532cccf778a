#!/usr/bin/env python3
"""`firn code lsp` by its protocol: what it answers in every language, to edits, and to what no client should send."""

import json
import os
import pathlib
import random
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, code, firn  # noqa: E402
from lsp import Client, Failure, address, frame, path_of  # noqa: E402

# For each language: two files; the second uses what the first defines. The name; the kinds and names of the first's
# symbols, nested; each @ stands before an occurrence of the name, the first one being its definition.
LANGUAGES = {
    "c": ("lib.c", "/* Adds. */\nint @total(int a, int b)\n{\n    return a + b;\n}\n",
          "use.c", "int use(void)\n{\n    int local = @total(1, 2);\n    return local;\n}\n",
          "total", [(12, "total", [])]),
    "cpp": ("lib.hpp", "namespace n {\nclass Box {\npublic:\n    int @volume() { return 1; }\n};\n}\n",
            "use.cpp", "int use(n::Box &box) { return box.@volume(); }\n",
            "volume", [(3, "n", [(5, "Box", [(6, "volume", [])])])]),
    "python": ("lib.py", "class Box:\n    def @volume(self):\n        return 1\n",
               "use.py", "from lib import Box\nprint(Box().@volume())\n",
               "volume", [(5, "Box", [(6, "volume", [])])]),
    "javascript": ("lib.js", "export function @total(a) {\n  return a;\n}\n",
                   "use.js", "console.log(@total(1));\n", "total", [(12, "total", [])]),
    "typescript": ("lib.ts", "export interface @Shape {\n  area(): number;\n}\n",
                   "use.ts", "const it: @Shape = make();\n", "Shape", [(11, "Shape", [(6, "area", [])])]),
    "tsx": ("lib.tsx", "export const @Button = () => <b/>;\n", "use.tsx", "const page = <p>{@Button()}</p>;\n",
            "Button", [(12, "Button", [])]),
    "go": ("lib.go", "package p\n\nfunc @Total(a int) int { return a }\n",
           "use.go", "package p\n\nfunc use() int { return @Total(1) }\n",
           "Total", [(2, "p", []), (12, "Total", [])]),
    "rust": ("lib.rs", "pub struct Box_ {\n    size: u32,\n}\n\npub fn @total(a: u32) -> u32 {\n    a\n}\n",
             "use.rs", "fn main() {\n    let n = @total(1);\n}\n",
             "total", [(23, "Box_", [(8, "size", [])]), (12, "total", [])]),
    "java": ("Lib.java", "class Lib {\n    static int @total(int a) { return a; }\n}\n",
             "Use.java", "class Use {\n    int x = Lib.@total(1);\n}\n", "total", [(5, "Lib", [(6, "total", [])])]),
    "json": ("lib.json", '{"@name": {"inner": 1}}\n', "use.json", '{"other": {"@name": 2}}\n',
             "name", [(20, "name", [(20, "inner", [])])]),
    "bash": ("lib.sh", "@total() {\n  echo 1\n}\n", "use.sh", "x=1\n@total\n", "total", [(12, "total", [])]),
}


def places(text, size):
    """The text without its marks, and the ranges that they stand before."""
    ranges = []
    while "@" in text:
        before, text = text.split("@", 1)
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        ranges.append(span(line, column, line, column + size))
        text = before + text
    return text, ranges


def span(*numbers):
    return {"start": {"line": numbers[0], "character": numbers[1]},
            "end": {"line": numbers[2], "character": numbers[3]}}


def outline(symbols):
    return [(symbol["kind"], symbol["name"], outline(symbol["children"])) for symbol in symbols]


class Lsp(Case):
    def client(self, *words, **options):
        client = Client(*(words or ("--store", self.store)), **options)
        self.addCleanup(client.process.kill)
        return client

    def started(self, **options):
        client = self.client()
        client.initialize(self.tree, **options)
        return client

    def ended(self, client):
        self.assertEqual(client.end(), (0, b""))

    def found(self, locations):
        return sorted((path_of(item["uri"]).name, item["range"]["start"]["line"], item["range"]["start"]["character"],
                       item["range"]["end"]["character"]) for item in locations)


class Languages(Lsp):
    def lay_out(self, language):
        first, text, second, use, name, symbols = LANGUAGES[language]
        text, defined = places(text, len(name))
        use, used = places(use, len(name))
        self.first, self.second = self.write(first, text), self.write(second, use)
        return name, symbols, defined[0], used[0]

    def check(self, client, name, symbols, defined, used):
        at = used["start"]
        definition = {"uri": address(self.first), "range": defined}
        reference = {"uri": address(self.second), "range": used}
        self.assertEqual(outline(client.of("documentSymbol", self.first)), symbols)
        found = client.at("definition", self.second, at["line"], at["character"])
        references = client.at("references", self.second, at["line"], at["character"],
                               context={"includeDeclaration": True})
        both = sorted([definition, reference], key=str)
        self.assertEqual(sorted(references, key=str), both)
        if definition["uri"].endswith("json"):  # keys are all definitions; that at hand comes first
            self.assertEqual(found, [reference, definition])
            return
        self.assertEqual(found, [definition])
        self.assertEqual(client.at("references", self.second, at["line"], at["character"],
                                   context={"includeDeclaration": False}), [reference])
        hover = client.at("hover", self.second, at["line"], at["character"])
        self.assertIn(name, hover["contents"]["value"])
        self.assertEqual(hover["range"], used)

    def test_symbols_definition_and_references_from_the_index(self):
        for language in LANGUAGES:
            with self.subTest(language):
                expected = self.lay_out(language)
                self.index()
                client = self.started()
                self.check(client, *expected)
                self.ended(client)
                shutil.rmtree(self.tree)
                self.tree.mkdir()

    def test_the_same_from_open_documents_without_an_index(self):
        client = self.started()
        for language in LANGUAGES:
            with self.subTest(language):
                expected = self.lay_out(language)
                client.open(self.first)
                client.open(self.second)
                self.check(client, *expected)
                client.close(self.first)
                client.close(self.second)
        self.ended(client)


LIB_C = """/* Not about it. */

/* Starts the
 * engine. */
static int start(struct engine *engine, int speed)
{
    int result = engine->speed;
    for (int i = 0; i < speed; i++) {
        int result = i;
        use(result);
    }
    return result + speed;
}
"""


class Answers(Lsp):
    def setUp(self):
        super().setUp()
        self.lib = self.write("src/lib.c", LIB_C)
        self.write("include/lib.h", "struct engine {\n    int speed;\n    int result;\n};\nint run(int speed);\n")
        self.write("src/run.c", '#include "lib.h"\nint run(int speed) { return speed; }\n')
        self.write("far/away/run.c", "int run(int speed) { return 0; }\n")
        self.use = self.write("src/use.c", '#include "lib.h"\nint go(void) { return run(1); }\n')
        self.index()

    def test_locals_mean_the_innermost_binding_around(self):
        client = self.started()
        for line, character, to in ((9, 13, (8, 12)), (11, 13, (6, 8)), (11, 20, (4, 44)), (7, 20, (7, 13)),
                                    (7, 24, (4, 44)), (6, 21, (4, 32))):
            found = client.at("definition", self.lib, line, character)
            self.assertEqual([(self.lib, *to)],
                             [(path_of(item["uri"]), *item["range"]["start"].values()) for item in found])
        lines = [item["range"]["start"]["line"] for item in
                 client.at("references", self.lib, 11, 13, context={"includeDeclaration": True})]
        self.assertEqual(lines, [6, 11])
        kinds = {item["kind"] for item in client.at("documentHighlight", self.lib, 9, 13)}
        self.assertEqual(kinds, {2})
        # The field of the same name is none of them, nor the other way round.
        fields = client.at("references", self.lib, 6, 27, context={"includeDeclaration": True})
        self.assertEqual(self.found(fields), [("lib.c", 6, 25, 30), ("lib.h", 1, 8, 13)])
        self.ended(client)

    def test_a_parameter_of_a_prototype_is_its_own(self):
        self.write("include/more.h", "int walk(int speed, int (*each)(int speed));\nint stop(int);\n")
        self.index()
        client = self.started()
        everything = {"includeDeclaration": True}
        found = client.at("references", self.tree / "include/more.h", 0, 15, context=everything)
        self.assertEqual(self.found(found), [("more.h", 0, 13, 18)])
        found = client.at("references", self.tree / "include/more.h", 0, 38, context=everything)
        self.assertEqual(self.found(found), [("more.h", 0, 36, 41)])
        definition = client.at("definition", self.tree / "include/lib.h", 4, 13)
        self.assertEqual(self.found(definition), [("lib.h", 4, 12, 17)])
        self.ended(client)

    def test_definitions_nearby_come_first_and_declarations_apart(self):
        client = self.started()
        found = client.at("definition", self.use, 1, 24)
        self.assertEqual([path_of(item["uri"]).relative_to(self.tree).as_posix() for item in found],
                         ["src/run.c", "far/away/run.c"])
        found = client.at("declaration", self.use, 1, 24)
        self.assertEqual(path_of(found[0]["uri"]).name, "lib.h")
        self.ended(client)

    def test_hover_has_the_signature_and_the_comment_before_it(self):
        client = self.started()
        value = client.at("hover", self.lib, 4, 13)["contents"]["value"]
        self.assertEqual(value, "```c\nstatic int start(struct engine *engine, int speed)\n```\n\n"
                                "Starts the  \nengine.  \n")
        self.assertIsNone(client.at("hover", self.lib, 1, 0))
        client.open(self.tree / "doc.py", 'def f(a):\n    """Says what."""\n    return a\n')
        self.assertIn("Says what.", client.at("hover", self.tree / "doc.py", 0, 4)["contents"]["value"])
        self.ended(client)

    def test_workspace_symbols_begin_with_or_have_the_query(self):
        client = self.started()
        names = lambda query: [item["name"] for item in client.request("workspace/symbol", query=query)]  # noqa: E731
        self.assertEqual(sorted(names("ru")), ["run", "run", "run"])
        self.assertEqual(sorted(set(names("EE"))), ["speed"])
        self.assertEqual(names("no such name"), [])
        client.open(self.use, "int fresh_one;\n")
        self.assertEqual(names("fresh"), ["fresh_one"])
        self.assertEqual(names("go"), [])
        found = client.request("workspace/symbol", query="fresh")[0]["location"]
        self.assertEqual(found, {"uri": address(self.use), "range": span(0, 4, 0, 13)})
        self.ended(client)

    def test_folds_and_selections_follow_the_tree(self):
        client = self.started()
        folds = [(fold["startLine"], fold["endLine"], fold.get("kind")) for fold in
                 client.of("foldingRange", self.lib)]
        self.assertEqual(folds, [(2, 3, "comment"), (5, 11, None), (7, 9, None)])
        chain = client.of("selectionRange", self.lib, positions=[{"line": 9, "character": 13}])[0]
        texts = []
        while chain:
            texts.append((chain["range"]["start"], chain["range"]["end"]))
            chain = chain.get("parent")
        self.assertEqual(texts[0], tuple(span(9, 12, 9, 18).values()))
        for inner, outer in zip(texts, texts[1:]):
            as_pairs = [(spot["line"], spot["character"]) for spot in (*outer, *inner)]
            self.assertTrue(as_pairs[0] <= as_pairs[2] and as_pairs[3] <= as_pairs[1], texts)
        self.ended(client)

    def test_a_client_without_nesting_gets_symbols_in_a_row(self):
        client = self.client()
        client.initialize(self.tree, capabilities={"textDocument": {}})
        symbols = client.of("documentSymbol", self.tree / "include/lib.h")
        self.assertEqual([symbol["name"] for symbol in symbols], ["engine", "speed", "result", "run"])
        self.assertEqual(symbols[1]["location"]["range"], span(1, 4, 1, 14))
        self.ended(client)


class Edits(Lsp):
    def setUp(self):
        super().setUp()
        self.path = self.write("a.py", "def before():\n    pass\n")
        self.other = self.write("b.py", "before()\n")
        self.index()

    def test_positions_count_utf16_or_bytes_as_negotiated(self):
        text = "x = 'añ😀'; @wanted = 1\r\ny = '\t€' + @wanted\r@wanted()\n"
        for encoding, measure in (("utf-16", lambda part: len(part.encode("utf-16-le")) // 2),
                                  ("utf-8", lambda part: len(part.encode()))):
            client = self.client()
            result = client.initialize(self.tree, capabilities={"general": {"positionEncodings": [encoding]}})
            self.assertEqual(result["capabilities"]["positionEncoding"], encoding)
            expected = []
            for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
                if "@" in line:
                    column = measure(line[:line.index("@")])
                    expected.append((number, column, column + 6))
            client.open(self.path, text.replace("@", ""))
            for line, start, _ in expected:
                found = client.at("references", self.path, line, start + 2, context={"includeDeclaration": True})
                self.assertEqual([item[1:] for item in self.found(found)], expected)
            self.ended(client)

    def test_answers_follow_edits_of_multibyte_text(self):
        client = self.started()
        client.open(self.path, "# é😀\ndef before():\n    pass\n")
        client.change(self.path, (0, 2, 0, 5, "ü"), (1, 4, 1, 10, "afterß"), (3, 0, 3, 0, "afterß()\n"))
        self.assertEqual([item["name"] for item in client.of("documentSymbol", self.path)], ["afterß"])
        found = client.at("definition", self.path, 3, 2)
        self.assertEqual(found, [{"uri": address(self.path), "range": span(1, 4, 1, 10)}])
        # What the index knew of the file is not told any more.
        self.assertEqual(client.at("definition", self.other, 0, 2), [])
        client.change(self.path, ("def before(): pass\n",))
        self.assertEqual(client.at("definition", self.other, 0, 2)[0]["range"], span(0, 4, 0, 10))
        client.close(self.path)
        self.assertEqual(client.at("definition", self.other, 0, 2)[0]["range"], span(0, 4, 0, 10))
        self.ended(client)

    def test_random_edits_of_comments_move_what_stands_between_them(self):
        seed = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
        print(f"FIRN_SEED={seed}", flush=True)
        chance = random.Random(seed)
        client = self.started()
        path = self.tree / "many.c"
        comments = [""] * 20
        join = lambda: "".join(f"/*{comment}*/int n{number};" for number, comment in enumerate(comments))  # noqa: E731
        client.open(path, join())
        for turn in range(600):
            number = chance.randrange(len(comments))
            comment = comments[number]
            before = len("".join(f"/*{part}*/int n{at};" for at, part in enumerate(comments[:number]))) + 2
            start = self.legal(comment, chance.randrange(len(comment) + 1))
            end = self.legal(comment, min(len(comment), start + chance.randrange(4)))
            start, end = min(start, end), max(start, end)
            piece = "".join(chance.choices(["a", "é", "😀", "\r\n", "\r", "\n", "€"], k=chance.randrange(4)))
            text = join()
            client.change(path, (*self.spot(text, before + start), *self.spot(text, before + end), piece))
            comments[number] = comment[:start] + piece + comment[end:]
            if turn % 20 == 19:
                text = join()
                expected = [self.spot(text, text.index(f"int n{at};") + 4) for at in range(len(comments))]
                found = [tuple(item["selectionRange"]["start"].values()) for item in client.of("documentSymbol", path)]
                self.assertEqual(found, expected)
        self.ended(client)

    def legal(self, text, spot):
        """Not between CR and LF, where no position is."""
        return spot - 1 if 0 < spot < len(text) and text[spot - 1:spot + 1] == "\r\n" else spot

    def spot(self, text, offset):
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before[before.rfind("\n") + 1:]
        return before.count("\n"), len(line.encode("utf-16-le")) // 2

    def test_files_that_change_on_disk_are_read_again(self):
        client = self.started()
        self.assertEqual(client.at("definition", self.other, 0, 2)[0]["range"]["start"]["line"], 0)
        self.path.write_text("\n\n\ndef before():\n    pass\n")
        # The change is seen even before the client tells of it.
        self.assertEqual(client.at("definition", self.other, 0, 2)[0]["range"]["start"]["line"], 3)
        new = self.write("c.py", "def newer():\n    before()\n")
        client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": address(new), "type": 1}])
        self.assertEqual(self.found(client.at("references", self.path, 3, 5, context={"includeDeclaration": True})),
                         [("a.py", 3, 4, 10), ("b.py", 0, 0, 6), ("c.py", 1, 4, 10)])
        self.assertEqual([item["name"] for item in client.request("workspace/symbol", query="newer")], ["newer"])
        new.unlink()
        self.path.unlink()
        self.assertEqual(client.at("definition", self.other, 0, 2), [])
        self.ended(client)

    def test_a_folder_that_is_reached_by_a_link_has_the_same_files(self):
        link = self.folder / "link"
        link.symlink_to(self.tree)
        client = self.client()
        client.initialize(link)
        self.assertEqual(len(client.of("documentSymbol", link / "a.py")), 1)
        client.open(link / "a.py", "\n\ndef before(): pass\n")
        found = client.at("definition", link / "b.py", 0, 2)
        self.assertEqual(found, [{"uri": address(link / "a.py"), "range": span(2, 4, 2, 10)}])
        self.ended(client)

    def test_a_file_that_is_deleted_while_open_is_answered_from_its_text(self):
        client = self.started()
        client.open(self.path)
        self.path.unlink()
        self.assertEqual(client.at("definition", self.other, 0, 2)[0]["range"], span(0, 4, 0, 10))
        self.assertEqual(len(client.of("documentSymbol", self.path)), 1)
        client.close(self.path)
        self.assertEqual(client.at("definition", self.other, 0, 2), [])
        self.ended(client)


class Building(Lsp):
    def test_a_missing_index_is_told_of_and_built_with_progress(self):
        path = self.write("a.c", "int one;\n")
        client = self.client("--quiet")
        client.initialize(self.tree)
        client.wait_for("window/showMessage", lambda params: "No index" in params["message"])
        with self.assertRaises(Failure):
            client.of("documentSymbol", path)
        client.request("workspace/executeCommand", command="firn.index")
        client.wait_for("window/showMessage", lambda params: "Indexed 1 files" in params["message"])
        self.assertEqual(len(client.of("documentSymbol", path)), 1)
        self.assertTrue((self.tree / ".cache/firn").is_dir())
        self.ended(client)
        client = self.client("--quiet")
        client.initialize(self.tree, store=str(self.store), index=True)
        client.wait_for("window/showMessage", lambda params: "Indexed 1 files" in params["message"])
        self.assertEqual(len(client.of("documentSymbol", path)), 1)
        self.assertTrue(self.store.is_dir())
        self.ended(client)

    def test_progress_begins_and_ends_where_the_client_takes_it(self):
        for number in range(300):
            self.write(f"{number}.c", "int a(void) { return 1; }\n" * 400)
        client = self.client()
        client.initialize(self.tree, index=True)
        client.wait_for("window/showMessage", lambda params: "Indexed 300" in params["message"])
        kinds = [message["params"]["value"]["kind"] for message in client.notifications
                 if message["method"] == "$/progress"]
        if kinds:  # the client's answer may have come too late for a fast indexing
            self.assertEqual((kinds[0], kinds[-1]), ("begin", "end"))
        self.ended(client)

    def test_a_session_that_ends_gives_its_indexing_up(self):
        for number in range(300):
            self.write(f"{number}.c", "int a(void) { return 1; }\n" * 400)
        client = self.client()
        client.initialize(self.tree, index=True)
        self.ended(client)
        run = code("index", self.store, self.tree)
        self.assertEqual(run.returncode, 0, run)

    def test_the_index_follows_files_that_changed(self):
        path = self.write("a.c", "int one;\n")
        self.index()
        client = self.started()
        self.assertEqual(len(client.request("workspace/symbol", query="NE")), 1)
        path.write_text("int two; int three;\n")
        new = self.write("b.c", "int four;\n")
        for changed in (path, new):
            client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": address(changed), "type": 2}])
        deadline = time.monotonic() + 30
        while code("find", self.store, "four").returncode != 0 and time.monotonic() < deadline:
            self.assertEqual(len(client.request("workspace/symbol", query="four")), 1)
            time.sleep(0.5)
        self.assertEqual(code("find", self.store, "three").returncode, 0)
        self.assertEqual(code("find", self.store, "one").returncode, 1)
        names = [client.request("workspace/symbol", query=query)
                 for query in ("one", "three", "four", "NE", "HREE", "OUR")]
        self.assertEqual([len(found) for found in names], [0, 1, 1, 0, 1, 1])
        client.request("workspace/executeCommand", command="firn.index")
        client.wait_for("window/showMessage", lambda params: "Indexed 2 files" in params["message"])
        self.ended(client)
        self.verify()

    def test_symbols_are_all_found_after_requests_that_were_cancelled(self):
        self.write("many.c", "".join(f"int n{number:05}_x;\n" for number in range(60000)))
        self.index()
        client = self.started()
        for turn in range(20):
            asked = client.ask("workspace/symbol", query="NO_SUCH")
            time.sleep(turn / 4000)
            client.notify("$/cancelRequest", id=asked)
        for number in (0, 4094, 4095, 4096, 8191, 59999):
            found = client.request("workspace/symbol", query=f"{number:05}_X")
            self.assertEqual([item["name"] for item in found], [f"n{number:05}_x"])
        self.ended(client)

    def test_an_update_of_another_process_is_seen(self):
        path = self.write("a.c", "int one;\n")
        self.index()
        client = self.started()
        self.assertEqual(client.of("documentSymbol", path)[0]["name"], "one")
        path.write_text("int two; int three;\n")
        self.index()
        self.assertEqual(len(client.of("documentSymbol", path)), 2)
        deadline = time.monotonic() + 20
        while not (names := client.request("workspace/symbol", query="three")) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(len(names), 1)
        self.ended(client)


WRONG = [None, 1, -1, 1.5, "text", [], {}, True, [1], {"line": "x"}, "\0"]


class BadInput(Lsp):
    def setUp(self):
        super().setUp()
        self.path = self.write("a.c", "int one;\nint two(void) { return one; }\n")
        self.index()

    def test_documents_that_nobody_knows_are_refused(self):
        client = self.started()
        for uri in (address(self.tree / "none.c"), "untitled:Untitled-1", "file://host/x.c", "file:///%zz", "",
                    "file:///etc/passwd"):
            with self.assertRaises(Failure) as caught:
                client.request("textDocument/documentSymbol", textDocument={"uri": uri})
            self.assertEqual(caught.exception.code, -32602)
        client.notify("textDocument/didChange", textDocument={"uri": "file:///none"}, contentChanges=[{"text": ""}])
        client.notify("textDocument/didClose", textDocument={"uri": "file:///none"})
        client.open(self.tree / "notes.txt", "one\n")
        self.assertIsNone(client.of("documentSymbol", self.tree / "notes.txt"))
        self.ended(client)

    def test_wrong_types_of_every_parameter_are_refused_and_survived(self):
        client = self.started()
        client.open(self.path)
        right = {"textDocument": {"uri": address(self.path)}, "position": {"line": 0, "character": 5},
                 "positions": [{"line": 0, "character": 5}], "query": "one", "context": {"includeDeclaration": True}}
        needed = {"documentSymbol": {"textDocument"}, "foldingRange": {"textDocument"},
                  "selectionRange": {"textDocument", "positions"}}
        for method in ("documentSymbol", "definition", "declaration", "references", "documentHighlight", "hover",
                       "foldingRange", "selectionRange"):
            for key in needed.get(method, {"textDocument", "position"}):
                for wrong in WRONG:
                    if key == "positions" and wrong == []:
                        continue
                    with self.assertRaises(Failure, msg=(method, key, wrong)) as caught:
                        client.request("textDocument/" + method, **{**right, key: wrong})
                    self.assertEqual(caught.exception.code, -32602)
        for wrong in WRONG:
            if wrong not in ("text",):
                with self.assertRaises(Failure):
                    client.request("workspace/symbol", query=wrong)
            with self.assertRaises(Failure):
                client.request("workspace/executeCommand", command=wrong)
            uri = {"uri": address(self.path)}
            client.notify("textDocument/didOpen", textDocument=wrong)
            client.notify("textDocument/didOpen", textDocument={"uri": address(self.tree / "b.c"), "text": wrong})
            client.notify("textDocument/didClose", textDocument=wrong)
            client.notify("textDocument/didSave", textDocument=wrong)
            client.notify("workspace/didChangeWatchedFiles", changes=wrong)
            client.notify("workspace/didChangeWatchedFiles", changes=[wrong])
            client.notify("textDocument/didChange", textDocument=wrong, contentChanges=wrong)
            client.notify("$/cancelRequest", id=wrong)
            client.open(self.path)
            client.notify("textDocument/didChange", textDocument=uri, contentChanges=[wrong])
        client.open(self.path)
        self.assertEqual(len(client.of("documentSymbol", self.path)), 2)
        self.ended(client)

    def test_positions_past_the_end_are_clamped(self):
        client = self.started()
        for line, character in ((0, 7), (0, 99), (0, 2 ** 31 - 1)):
            self.assertIsNone(client.at("hover", self.path, 0, 99))
        self.assertEqual(client.at("definition", self.path, 99, 99), None)
        client.open(self.path, "int one;\nint two")
        self.assertEqual(len(client.at("documentHighlight", self.path, 1, 99)), 1)
        client.change(self.path, (1, 500, 900, 0, ";\nint three;"))
        self.assertEqual([item["name"] for item in client.of("documentSymbol", self.path)], ["one", "two", "three"])
        self.ended(client)

    def test_requests_come_between_initialize_and_shutdown_only(self):
        client = self.client()
        with self.assertRaises(Failure) as caught:
            client.of("documentSymbol", self.path)
        self.assertEqual(caught.exception.code, -32002)
        client.open(self.path)
        client.initialize(self.tree)
        for method, code_ in (("initialize", -32600), ("no/such", -32601), ("$/no", -32601)):
            with self.assertRaises(Failure) as caught:
                client.request(method)
            self.assertEqual(caught.exception.code, code_)
        client.notify("no/such")
        client.request("shutdown")
        with self.assertRaises(Failure) as caught:
            client.of("documentSymbol", self.path)
        self.assertEqual(caught.exception.code, -32600)
        client.notify("exit")
        self.assertEqual(client.leave(), (0, b""))

    def test_an_end_without_shutdown_is_an_error(self):
        client = self.started()
        client.notify("exit")
        status, errors = client.leave()
        self.assertEqual((status, errors.count(b"\n")), (1, 1))
        client = self.started()
        status, errors = client.leave()
        self.assertEqual((status, errors.count(b"\n")), (1, 1))

    def test_broken_messages_get_the_protocols_error(self):
        client = self.started()
        for content, error in ((b"{", -32700), (b"", -32700), (b"[]", -32600), (b"7", -32700), (b"\xff", -32700),
                               (b'{"jsonrpc":"1.0","id":1,"method":"shutdown"}', -32600),
                               (b'{"jsonrpc":"2.0","id":{},"method":"shutdown"}', -32600),
                               (b'{"jsonrpc":"2.0","id":null,"method":"shutdown"}', -32600),
                               (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600), (b"[" * 100000, -32700)):
            client.send_bytes(frame(content))
            message = client.arrived.get(timeout=60)
            self.assertEqual(message["error"]["code"], error, content[:80])
        client.send_bytes(frame(b'{"jsonrpc":"2.0","id":77,"result":null}'))
        client.send_bytes(b"content-length:  2 \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}")
        self.assertEqual(client.arrived.get(timeout=60)["error"]["code"], -32600)
        # Halves of surrogate pairs and bytes that are no UTF-8 are replaced, and count as one each.
        text = b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"%s",' \
               b'"languageId":"c","version":1,"text":"int \\ud83d/**/ \xff\xfe four;"}}}'
        client.send_bytes(frame(text % address(self.path).encode()))
        self.assertEqual(client.of("documentSymbol", self.path)[-1]["selectionRange"], span(0, 13, 0, 17))
        self.ended(client)

    def test_broken_frames_end_the_session_with_one_line(self):
        for data in (b"\r\n", b"Content-Length: x\r\n\r\n", b"Content-Length: -1\r\n\r\n", b"nonsense\r\n\r\n",
                     b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"a: " + b"x" * 5000, b"Content-Length\r\n\r\n",
                     b"Content-Type: a; charset=latin-1\r\nContent-Length: 2\r\n\r\n{}",
                     b"Content-Length: 99999999999999999999\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            client = self.started()
            client.send_bytes(data)
            status, errors = client.leave()
            self.assertEqual((status, errors.count(b"\n")), (1, 1), (data[:60], errors))
            self.assertIn(b"the client sent", errors)

    def test_a_message_that_is_too_large_is_passed_over(self):
        client = self.started()
        client.send_bytes(b"Content-Length: %d\r\n\r\n" % (40 << 20))
        for _ in range(40):
            client.send_bytes(b" " * (1 << 20))
        self.assertEqual(client.arrived.get(timeout=60)["error"]["code"], -32600)
        self.assertEqual(len(client.of("documentSymbol", self.path)), 2)
        self.ended(client)

    def test_a_damaged_store_is_told_of_and_never_answered_from(self):
        for kind in ("every", "cut"):
            for file in self.store.rglob("*"):
                data = bytearray(file.read_bytes())
                if kind == "cut":
                    data = data[:len(data) // 2]
                for at in range(0, len(data), 97):
                    data[at] ^= 0x55
                file.write_bytes(data)
            client = self.started()
            try:
                client.at("references", self.path, 0, 5, context={"includeDeclaration": True})
            except Failure as failure:
                self.assertIn(failure.code, (-32602, -32803))
            client.open(self.path)
            self.assertEqual(len(client.of("documentSymbol", self.path)), 2)
            client.wait_for("window/showMessage", lambda params: params["type"] in (1, 2))
            self.ended(client)
            self.index()

    def test_what_is_damaged_while_it_is_served_is_indexed_again_and_told(self):
        path = self.write("b.c", "".join(f"int value_{number} = {number};\n" for number in range(2000)))
        self.index()
        client = self.started()
        for segment in json.loads(firn("store", "dump", self.store, "--json").stdout):
            if segment["kind"] in (2, 3):
                with open(self.store / segment["file"], "r+b") as file:
                    file.seek(segment["offset_bytes"])
                    file.write(b"\xaa" * 16)
        self.assertEqual(len(client.of("documentSymbol", path)), 2000)
        told = client.wait_for("window/showMessage", lambda params: params["type"] == 2)
        self.assertRegex(told["message"], "was damaged; [12] files were indexed again")
        self.assertEqual(len(client.of("documentSymbol", path)), 2000)
        self.ended(client)
        self.assertEqual(firn("code", "verify", "--store", self.store).returncode, 0)

    def test_one_damaged_file_is_read_from_disk(self):
        body = "".join(f"int value_{number} = {number};\n" for number in range(2000))
        path = self.write("b.c", body)
        self.index()
        segments = sorted((file for file in self.store.rglob("*") if file.stat().st_size > 4096),
                          key=lambda file: file.stat().st_size)
        whole = {file: file.read_bytes() for file in segments}
        told = answered = 0
        for share in range(8):
            for file, data in whole.items():
                at = len(data) * share // 8
                file.write_bytes(data[:at] + bytes(byte ^ 0xff for byte in data[at:at + 64]) + data[at + 64:])
            client = self.started()
            try:
                symbols = client.of("documentSymbol", path)
                self.assertEqual(len(symbols), 2000)
                answered += 1
            except Failure:
                told += 1
            self.ended(client)
            for file, data in whole.items():
                file.write_bytes(data)
        self.assertGreater(answered, 0)

    def test_references_come_in_parts_where_the_client_wants_them(self):
        for number in range(40):
            self.write(f"many{number}.c", "void use(void)\n{\n" + "    total(1, 2);\n" * 50 + "}\n")
        path = self.write("lib.c", "int total(int a, int b)\n{\n    return a + b;\n}\n")
        self.index()
        client = self.started()
        context = {"includeDeclaration": True}
        whole = client.at("references", path, 0, 5, context=context)
        self.assertGreater(len(whole), 40 * 50)
        for token in ("part", 7):
            rest = client.at("references", path, 0, 5, context=context, partialResultToken=token)
            parts = [message["params"]["value"] for message in client.notifications
                     if message["method"] == "$/progress" and message["params"]["token"] == token]
            self.assertGreater(len(parts), 1)
            self.assertEqual(rest, [])
            self.assertEqual([place for part in parts for place in part], whole)
        self.ended(client)

    def test_no_store_and_no_folder(self):
        client = self.client("--quiet")
        client.initialize(None)
        client.open(self.path)
        self.assertEqual(len(client.of("documentSymbol", self.path)), 2)
        with self.assertRaises(Failure):
            client.request("workspace/executeCommand", command="firn.index")
        self.ended(client)
        self.assertTrue(pathlib.Path(self.path).exists())


if __name__ == "__main__":
    unittest.main()
