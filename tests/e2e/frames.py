"""The frames of every earlier version, read by the second reader, which was written from their page alone."""

import pathlib
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = TESTS / "golden" / "frame-1"
sys.path.insert(0, str(TESTS / "reader"))

import read_store  # noqa: E402


class Frames(unittest.TestCase):
    def setUp(self):
        self.plain = (GOLDEN / "plain").read_bytes()
        bodies = [(GOLDEN / name).read_bytes() for name in ("dictionary-bare", "dictionary-trained")]
        self.dictionaries = {read_store.crc32c(body): body for body in bodies}

    def unpack(self, frame):
        def dictionary_of(name):
            return self.dictionaries.get(name) or read_store.no_dictionary(name)
        return read_store.unpack_frame(frame, dictionary_of)

    def test_every_kind_is_read(self):
        for name, kind in (("raw", 0), ("lz4", 1), ("zstd", 2), ("zstd-bare", 3), ("zstd-trained", 3)):
            with self.subTest(name):
                self.assertEqual(self.unpack((GOLDEN / name).read_bytes()), (self.plain, kind))

    def test_a_missing_dictionary_is_told(self):
        self.dictionaries.clear()
        with self.assertRaisesRegex(read_store.Damaged, "the dictionary [0-9a-f]{8} is missing"):
            self.unpack((GOLDEN / "zstd-trained").read_bytes())

    def test_a_changed_frame_is_refused(self):
        frame = bytearray((GOLDEN / "zstd-trained").read_bytes())
        for at in range(len(frame)):
            frame[at] ^= 4
            with self.assertRaises(read_store.Refused):
                self.unpack(bytes(frame))
            frame[at] ^= 4


if __name__ == "__main__":
    unittest.main()
