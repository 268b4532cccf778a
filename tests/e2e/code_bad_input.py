#!/usr/bin/env python3
"""What `firn code index` does with files that are not as they should be: each is indexed correctly or listed as
skipped with the reason, and the rest goes on."""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from firn import Case, as_user, code, code_json  # noqa: E402

GOOD = "int good(void) { return 1; }\n"


class BadInput(Case):
    def setUp(self):
        super().setUp()
        self.write("good.c", GOOD)

    def index_and_check(self, *words):
        """Indexes, checks the good file and all sources, and returns what was skipped."""
        result = self.index(*words)
        self.assertEqual(code("find", self.store, "good").stdout, b"good.c:1:5: function good\n")
        self.assertEqual(self.verify()["files"], result["files"])
        return result, self.skipped(result)

    def assert_indexed(self, path, content):
        self.write(path, content)
        result, skipped = self.index_and_check()
        self.assertEqual(skipped, {})
        content = content if isinstance(content, bytes) else content.encode()
        self.assertEqual(code("cat", self.store, path).stdout, content)
        return result

    def test_an_unreadable_file_is_skipped(self):
        self.write("secret.c", GOOD).chmod(0)
        result = self.index(**as_user(self.folder))
        self.assertEqual((result["files"], self.skipped(result)), (1, {"secret.c": "permission denied"}))

    def test_an_unreadable_folder_is_skipped(self):
        self.write("secret/file.c", GOOD).parent.chmod(0)
        result = self.index(**as_user(self.folder))
        self.assertEqual((result["files"], self.skipped(result)), (1, {"secret": "permission denied"}))

    def test_links_are_not_followed(self):
        (self.tree / "dangling.c").symlink_to("nowhere.c")
        (self.tree / "loop").symlink_to(".")
        (self.tree / "itself.c").symlink_to("itself.c")
        (self.tree / "other.c").symlink_to("good.c")
        self.assertEqual(self.index_and_check()[0]["files"], 1)

    def test_a_fifo_is_skipped_without_waiting(self):
        os.mkfifo(self.tree / "pipe.c")
        result, skipped = self.index_and_check()
        self.assertEqual(result["files"], 1)
        self.assertIn("pipe.c", skipped)

    def test_a_binary_file_is_skipped(self):
        self.write("image.c", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40)
        self.assertIn("binary", self.index_and_check()[1]["image.c"])

    def test_an_empty_file_is_indexed(self):
        self.assert_indexed("empty.c", "")
        self.assertEqual(code("outline", self.store, "empty.c").stdout, b"")
        self.assertEqual(code("tree", self.store, "empty.c").returncode, 0)

    def test_a_nul_byte_far_in_a_text_is_indexed(self):
        self.assert_indexed("nul.c", b"/* " + b"x" * 9000 + b" */ int a\0b;\nint after;\n")

    def test_invalid_utf8_is_indexed(self):
        self.assert_indexed("latin.c", b'const char *name = "\xe9t\xe9 \xff\xfe\xc0\x80\xed\xa0\x80";\nint \xe9;\n')
        code_json("cat", self.store, "latin.c")
        code_json("outline", self.store, "latin.c")

    def test_a_byte_order_mark_is_indexed(self):
        self.assert_indexed("bom.c", b"\xef\xbb\xbfint with_bom;\n")
        self.assertIn(b"variable with_bom", code("find", self.store, "with_bom").stdout)

    def test_utf16_is_binary_or_indexed(self):
        self.write("wide.c", GOOD.encode("utf-16"))
        self.assertIn("binary", self.index_and_check()[1]["wide.c"])

    def test_carriage_returns_are_indexed(self):
        self.assert_indexed("crlf.c", b"int first;\r\nint second;\r\n")
        self.assertEqual(code("find", self.store, "second").stdout, b"crlf.c:2:5: variable second\n")
        self.assert_indexed("cr.c", b"int first;\rint third;\r")

    def test_a_text_without_a_last_line_end_is_indexed(self):
        self.assertEqual(self.assert_indexed("open.c", b"int a;\nint b;")["lines"], 3)
        self.assertEqual(self.assert_indexed("open.c", b"\n\n\n")["lines"], 4)

    def test_broken_sources_are_indexed(self):
        broken = ("int f(", "}}}}", "#if\n#else\n#if", '"open', "/* open", "\\", "#define", "'")
        for number, content in enumerate(broken):
            self.assert_indexed(f"broken{number}.c", content)
        for suffix in ("py", "js", "ts", "go", "rs", "java", "json", "sh", "cpp", "h"):
            self.assert_indexed(f"broken.{suffix}", '({["`\'<<EOF $( /* """ \\')

    def test_deep_nesting_is_indexed_or_skipped_with_a_reason(self):
        self.write("deep.c", "int x = " + "(" * 100_000 + "1" + ")" * 100_000 + ";\n")
        self.write("deep.json", "[" * 100_000 + "]" * 100_000)
        self.write("deep.js", "{" * 50_000 + "}" * 50_000)
        result, skipped = self.index_and_check()
        self.assertEqual(result["files"] + len(skipped), 4)
        self.assertLessEqual(set(skipped), {"deep.c", "deep.json", "deep.js"})
        for path in {"deep.c", "deep.json", "deep.js"} - set(skipped):
            self.assertEqual(code("tree", self.store, path, stdout=-3).returncode, 0)
            self.assertEqual(code("outline", self.store, path, stdout=-3).returncode, 0)

    def test_a_very_long_line_and_name_are_indexed(self):
        self.assert_indexed("long.c", "int " + "n" * 100_000 + ";\n" + "int a[] = {" + "1," * 100_000 + "};\n")
        self.assertEqual(code("find", self.store, "n" * 1000).returncode, 1)

    def test_names_with_odd_characters(self):
        for name in ("new\nline.c", "tab\t.c", "quote\".c", "back\\slash.c", " blank .c", "-dash.c", "colon:1:1.c"):
            self.write(name, "int odd;\n")
        self.write(b"latin\xe9.c".decode("utf-8", "surrogateescape"), "int odd;\n")
        result, skipped = self.index_and_check()
        self.assertEqual((result["files"], skipped), (9, {}))
        found = code_json("find", self.store, "odd")
        self.assertEqual(len(found), 8)
        self.assertIn("new\nline.c", [definition["path"] for definition in found])
        self.assertIn(b"latin\xe9.c".hex(), [definition.get("path_hex") for definition in found])
        lines = code("find", self.store, "odd").stdout.split(b"\n")
        self.assertEqual(len(lines), 9)
        self.assertIn(b"new\\nline.c:1:5: variable odd", lines)
        self.assertEqual(code("cat", self.store, "new\nline.c").stdout, b"int odd;\n")
        self.assertEqual(code("at", self.store, "colon:1:1.c:1:5").returncode, 0)
        self.assertEqual(code("cat", self.store, "--", "-dash.c").stdout, b"int odd;\n")

    def test_a_large_file_is_indexed_or_skipped_with_a_reason(self):
        self.write("large.c", "".join(f"int variable_{i};\n" for i in range(100_000)))
        self.write("huge.json", "[" + ",\n".join(f'{{"key{i}": {i}}}' for i in range(2_000_000)) + "]\n")
        result, skipped = self.index_and_check()
        self.assertNotIn("large.c", skipped)
        self.assertEqual(code("find", self.store, "variable_99999").stdout,
                         b"large.c:100000:5: variable variable_99999\n")
        source = (self.tree / "large.c").read_bytes()
        self.assertEqual(code("cat", self.store, "large.c").stdout, source)
        self.assertEqual(result["files"] + len(skipped), 3)

    def test_a_tree_with_nothing_to_index_gives_an_empty_store(self):
        (self.tree / "good.c").unlink()
        for content in (None, b"\0binary"):
            if content:
                self.write("bad.c", content)
            run = code("index", self.store, self.tree)
            self.assertEqual(run.returncode, 0)
            self.assertIn(b"no file of a known language was indexed", run.stderr)
            self.assertEqual(self.verify()["files"], 0)
            self.assertEqual(code("find", self.store, "x").returncode, 1)
            self.assertEqual(code_json("stats", self.store)["files"], 0)

    def test_files_that_vanish_or_change_meanwhile_do_no_harm(self):
        for number in range(300):
            self.write(f"some/file{number}.c", f"int number_{number};\n" * 20)
        stop = threading.Event()

        def disturb():
            number = 0
            while not stop.is_set():
                path = self.tree / f"some/file{number % 300}.c"
                number += 7
                if number % 3 == 0:
                    path.unlink(missing_ok=True)
                else:
                    path.write_text("int changed;\n" * (number % 50))
                time.sleep(0.0005)

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            for _ in range(4):
                result = self.index()
                for reason in self.skipped(result).values():
                    self.assertRegex(reason, "vanished|changed")
        finally:
            stop.set()
            thread.join()
        self.verify()

    def test_roots_that_are_none(self):
        (self.folder / "dangling").symlink_to("nowhere")
        for root in (self.folder / "nowhere", self.tree / "good.c", self.folder / "dangling", "", "/dev/null"):
            store = self.folder / "other"
            self.assert_fails_with_one_line(code("index", store, root))
            self.assertFalse(store.exists(), root)

    def test_a_root_given_as_a_link_or_with_a_slash(self):
        (self.folder / "link").symlink_to(self.tree)
        for root in (f"{self.tree}/", self.folder / "link", f"{self.folder}/./tree//"):
            run = code("index", self.store, root)
            self.assertEqual(run.returncode, 0, run)
            self.verify()


if __name__ == "__main__":
    unittest.main()
