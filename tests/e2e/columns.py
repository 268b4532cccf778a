"""A block of columns of the first version, read by the second reader, which was written from its page alone."""

import pathlib
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
BLOCK = (TESTS / "golden" / "columns-1").read_bytes()
sys.path.insert(0, str(TESTS / "reader"))

import read_columns  # noqa: E402
from read_store import Refused  # noqa: E402


def row(i):
    """As in unit/columns.c."""
    page = i * i % 300
    return (1700000000000000 + i * 61000037 + i * i % 997,
            f"https://www.example.org/section/{page // 10}/page-{page}.html".encode(),
            f"Page {page} of the section {page // 10}".encode(), page % 4,
            f"GET /page-{page} took {i % 50} ms".encode())


class Columns(unittest.TestCase):
    def test_the_golden_block_is_read(self):
        self.assertEqual(list(zip(*read_columns.read_columns(BLOCK))), [row(i) for i in range(300)])

    def test_a_block_that_is_cut_is_refused(self):
        for size in range(0, len(BLOCK), 7):
            with self.assertRaises(Refused):
                read_columns.read_columns(BLOCK[:size])


if __name__ == "__main__":
    unittest.main()
