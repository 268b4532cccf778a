#!/usr/bin/env python3
"""`firn store verify`, `stat` and `dump` on whole, damaged, foreign and later stores, and against the reader that was
written from the pages on the formats alone (tests/reader): both tell the same, and both refuse the same."""

import base64
import fcntl
import json
import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import sys
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("FIRN_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, str(SOURCE / "tests" / "reader"))
import read_store  # noqa: E402
from firn import Case, as_user, firn  # noqa: E402

SEED = int(os.environ.get("FIRN_SEED", time.time_ns() % 1_000_000_007))
FLIPS = int(os.environ.get("FIRN_FLIPS", 60))
GOLDEN = SOURCE / "tests" / "golden" / "store-1"  # raw, LZ4 and zstd
GOLDEN_2 = SOURCE / "tests" / "golden" / "store-2"  # with a dictionary, too, and a log
COMMANDS = [("verify",), ("stat",), ("dump",), ("dump", "--segment", "0")]


def store_json(command, *words):
    run = firn("store", command, "--json", *words)
    assert run.returncode in (0, 1) and run.stdout, run
    return json.loads(run.stdout)


def refusal(store):
    """How the reader takes a store: None, or the class of the first refusal."""
    try:
        read = read_store.Store(store)
        read.check_copies()
        for number in read.manifest.segments:
            read.read(number)
    except read_store.Refused as refused:
        return type(refused)
    return None


def told(run):
    """The same as the program tells it."""
    text = run.stderr.decode()
    if run.returncode == 0:
        return None
    if "later version" in text:
        return read_store.LaterVersion
    damaged = "write the store anew" in text or "the next writer mends it" in text
    return read_store.Damaged if damaged else read_store.NoStore


def forged_value(old, chance):
    return chance.choice([0, 1, 2, 3, 60, old + 1, old - 1, old ^ 1 << chance.randrange(32), 1 << 20, (1 << 32) - 1,
                          chance.randrange(1 << 32)]) % (1 << 32)


def forge_field(data, at, chance):
    old, = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, forged_value(old, chance))
    return at, old, struct.unpack_from("<I", data, at)[0]


def forge_manifest(store, chance):
    data = bytearray((store / "manifest").read_bytes())
    what = forge_field(data, chance.randrange(8, len(data) - 4, 4), chance)
    struct.pack_into("<I", data, len(data) - 4, read_store.crc32c(data[:-4]))
    (store / "manifest").write_bytes(data)
    if (store / "manifest-copy").exists():
        (store / "manifest-copy").write_bytes(data)
        log = next(store.glob("log-*"))
        entries = bytearray(log.read_bytes())
        entries[12:16] = data[-4:]
        entries[16:32] = data[16:32]
        struct.pack_into("<I", entries, 32, read_store.crc32c(entries[:32]))
        log.rename(store / f"log-{struct.unpack_from('<Q', data, 24)[0]}")
        (store / f"log-{struct.unpack_from('<Q', data, 24)[0]}").write_bytes(entries)
    return "manifest", *what


def forge_log(store, chance):
    """A record that says what the manifest has, but for one field."""
    manifest = read_store.Store(store).manifest
    log = next(store.glob("log-*"))
    segment = chance.choice(list(manifest.segments.values()))
    number, size = chance.choice(list(manifest.files.items()))
    record = bytearray(struct.pack("<4sIQ6I", b"FCOM", 92, manifest.generation + 1, manifest.crc, manifest.root,
                                   manifest.segment_next, manifest.file_next, 1, 1))
    record += struct.pack("<II", number, size) + struct.pack("<7I2HQ", *segment)
    what = forge_field(record, chance.randrange(8, len(record), 4), chance)
    record += struct.pack("<I", read_store.crc32c(record))
    log.write_bytes(log.read_bytes() + record)
    return "log", *what


def forge_segment(store, chance, name, change):
    read = read_store.Store(store)
    segment = chance.choice(list(read.manifest.segments.values()))
    file = store / read.file_name(segment.file)
    data = bytearray(file.read_bytes())
    part = data[segment.offset:segment.offset + segment.packed]
    what = change(part)
    data[segment.offset:segment.offset + segment.packed] = part
    file.write_bytes(data)
    return name, segment, *what


def forge_header(store, chance):
    crc = 48 if (store / "manifest-copy").exists() else 40

    def change(part):
        what = forge_field(part, chance.randrange(4, crc, 4), chance)
        struct.pack_into("<I", part, crc, read_store.crc32c(part[:crc]))
        return what
    return forge_segment(store, chance, "header", change)


def forge_frame(store, chance):
    is_first = not (store / "manifest-copy").exists()
    begin = 44 if is_first else 52

    def change(part):
        if chance.random() < 0.5:
            at = begin + chance.choice([0, 1])
            what = at, part[at], 0
            part[at] = chance.choice([0, 1, 2, 3, 255])
        else:
            what = forge_field(part, begin + chance.choice([4, 8, 12]), chance)
        crc = read_store.crc32c(part[begin:begin + 2] + part[begin + 4:begin + 16])
        struct.pack_into("<H", part, begin + 2, (crc ^ crc >> 16) & 0xFFFF)
        if not is_first:
            struct.pack_into("<I", part, 44, read_store.crc32c(part[52:]))
            struct.pack_into("<I", part, 48, read_store.crc32c(part[:48]))
        return what
    return forge_segment(store, chance, "frame", change)


class Stores(Case):
    def setUp(self):
        super().setUp()
        for number in range(12):
            self.write(f"some/file{number}.c", f"int number_{number};\n" * (40 * number + 1))
        self.write("other.py", "def number_3():\n    pass\n")
        self.index()

    def copy(self, store):
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        return pathlib.Path(shutil.copytree(store, copy))

    def check_same(self, store):
        """The list and each content, from the program and from the reader."""
        read = read_store.Store(store)
        listed = store_json("dump", store)
        self.assertEqual(listed, read.list())
        for row in listed:
            run = firn("store", "dump", store, "--segment", str(row["segment"]))
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            self.assertEqual(run.stdout, read.read(row["segment"]))
            self.assertEqual(len(run.stdout), row["plain_bytes"])
        return listed

    def test_the_program_and_the_reader_tell_the_same(self):
        listed = self.check_same(self.store)
        self.assertGreater(len(listed), 3)
        self.assertIn("zstd", {row["codec"] for row in listed})
        golden = self.check_same(GOLDEN)
        self.assertEqual({row["codec"] for row in golden}, {"raw", "lz4", "zstd"})
        golden = self.check_same(GOLDEN_2)
        self.assertEqual({row["codec"] for row in golden}, {"raw", "lz4", "zstd", "zstd+dictionary"})

    def test_a_store_of_several_data_files_is_read_alike(self):
        chance = random.Random(SEED)
        for number in range(3):
            self.write(f"large{number}.c", b"/*" + base64.b64encode(chance.randbytes(1_500_000)) + b"*/\n")
        self.index()
        listed = self.check_same(self.store)
        self.assertEqual([row["file"] for row in store_json("stat", self.store)["data_files"]],
                         ["data-1.firn", "data-2.firn"])
        last = [row for row in listed if row["file"] == "data-2.firn"]
        self.assertEqual(last[0]["offset_bytes"], 0)
        file = self.store / "data-2.firn"
        content = bytearray(file.read_bytes())
        content[5] ^= 1
        file.write_bytes(content)
        run = firn("store", "verify", self.store, "--json")
        self.assert_fails_with_one_line(run, file, f"segment {last[0]['segment']} is damaged")
        self.assertEqual(json.loads(run.stdout)["damaged_segments"], 1)

    def test_the_reader_is_a_program_of_its_own(self):
        reader = [sys.executable, SOURCE / "tests" / "reader" / "read_store.py"]
        run = subprocess.run([*reader, GOLDEN], capture_output=True, check=True)
        self.assertEqual(json.loads(run.stdout), store_json("dump", GOLDEN))
        run = subprocess.run([*reader, GOLDEN, "4"], capture_output=True, check=True)
        self.assertEqual(run.stdout, firn("store", "dump", GOLDEN, "--segment", "4").stdout)
        run = subprocess.run([*reader, self.tree], capture_output=True, check=False)
        self.assertEqual((run.returncode, run.stdout), (1, b""))

    def test_a_store_of_no_segments_is_whole(self):
        manifest = struct.pack("<8sIIQQII", b"FIRNSTOR", 1, 0, 7, 3, 0, 0)
        empty = self.folder / "empty"
        empty.mkdir()
        (empty / "manifest").write_bytes(manifest + struct.pack("<I", read_store.crc32c(manifest)))
        self.assertEqual(self.check_same(empty), [])
        self.assertEqual(store_json("verify", empty)["segments"], 0)
        stat = store_json("stat", empty)
        self.assertEqual((stat["generation"], stat["store_id"]), (3, "0000000000000007"))
        for words in COMMANDS[:3]:
            self.assertEqual(firn("store", words[0], empty).returncode, 0)
        run = firn("store", "dump", empty, "--segment", "0")
        self.assert_fails_with_one_line(run, empty, "has no segment 0")

    def test_stat_sums_what_dump_lists(self):
        for store in (self.store, GOLDEN):
            listed, stat = store_json("dump", store), store_json("stat", store)
            for name, column in (("kinds", "kind"), ("codecs", "codec"), ("data_files", "file")):
                for row in stat[name]:
                    mine = [segment for segment in listed if segment[column] == row[column]]
                    packed = sum(segment["packed_bytes"] for segment in mine)
                    self.assertEqual(row["segments"], len(mine))
                    self.assertEqual(row.get("packed_bytes", row.get("size_bytes")), packed)
                    if "plain_bytes" in row:
                        self.assertEqual(row["plain_bytes"], sum(segment["plain_bytes"] for segment in mine))
                self.assertEqual(sum(row["segments"] for row in stat[name]), len(listed))
            files = [file for file in pathlib.Path(store).iterdir() if file.name != "lock"]
            self.assertEqual(stat["store_bytes"], sum(file.stat().st_size for file in files))
            data = [file for file in files if file.name.startswith("data-")]
            self.assertEqual(stat["data_bytes"], sum(file.stat().st_size for file in data))
            self.assertEqual((stat["segments"], stat["files"]), (len(listed), len(data)))
            self.assertEqual(stat["format"], 1 if store == GOLDEN else 2)
            self.assertEqual((stat["unused_files"], stat["unused_bytes"]), (0, 0))

    def test_what_dead_writers_left_is_counted(self):
        generation = store_json("stat", self.store)["generation"]
        for name in (f"data-{generation + 7}.firn", "data-0-0.firn", "manifest.tmp", "log-77"):
            (self.store / name).write_bytes(b"12345")
        stat = store_json("stat", self.store)
        self.assertEqual((stat["unused_files"], stat["unused_bytes"]), (4, 20))
        self.assertEqual(firn("store", "verify", self.store).returncode, 0)
        self.index()
        self.assertEqual(store_json("stat", self.store)["unused_files"], 0)

    def test_people_read_the_same_figures(self):
        dump = firn("store", "dump", GOLDEN, text=True).stdout.splitlines()
        self.assertEqual(len(dump), 13)
        self.assertEqual(dump[5].split(), ["4", "20", "lz4", "149", "132", "data-1-0.firn", "466", "1"])
        stat = firn("store", "stat", GOLDEN, text=True).stdout
        self.assertRegex(stat, r"\nformat +1\ngeneration +1\nroot +11\nsegments +12\n")
        self.assertRegex(firn("store", "verify", GOLDEN, text=True).stdout, r"\ndamaged segments +0\n")

    # --- compaction ---

    def test_compaction_keeps_the_content_and_is_done_once(self):
        self.index()
        before = {row["segment"]: read_store.Store(self.store).read(row["segment"])
                  for row in store_json("dump", self.store)}
        first = store_json("compact", self.store, "--level", "19", "--garbage", "1")
        self.assertGreater(first["moved_bytes"], 0)
        self.assertEqual(first["segments"], len(before))
        again = store_json("compact", self.store, "--level", "19", "--garbage", "1")
        self.assertEqual((again["garbage_bytes"], store_json("stat", self.store)["garbage_bytes"]), (0, 0))
        self.assertLess(again["data_bytes"], first["data_bytes_before"])
        self.assertEqual(store_json("compact", self.store, "--level", "19", "--garbage", "1")["moved_bytes"], 0)
        read = read_store.Store(self.store)
        self.assertEqual({number: read.read(number) for number in read.manifest.segments}, before)
        self.check_same(self.store)
        self.assertEqual(self.verify()["files"], 13)

    def test_what_cannot_be_compacted_is_refused(self):
        copy = self.copy(GOLDEN)
        self.assert_fails_with_one_line(firn("store", "compact", copy), copy, "first format")
        self.assert_fails_with_one_line(firn("store", "compact", self.folder / "none"), "none")
        self.assertFalse((self.folder / "none").exists())
        self.assert_fails_with_one_line(firn("store", "compact", self.tree), self.tree)
        self.assert_fails_with_one_line(firn("store", "compact", __file__), __file__)
        with open(self.store / "lock", "r+", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assert_fails_with_one_line(firn("store", "compact", self.store), self.store, "held by")
        user = as_user(self.folder)
        self.store.chmod(0o500)
        (self.store / "lock").chmod(0o400)
        self.assert_fails_with_one_line(firn("store", "compact", self.store, **user), self.store)
        (self.store / "lock").chmod(0o600)
        self.store.chmod(0o700)
        self.assertEqual(firn("store", "verify", self.store).returncode, 0)

    # --- damage ---

    def damage(self, store, what):
        """The program and the reader judge a store alike; whatever the program gives is right."""
        verify = firn("store", "verify", store)
        self.assertNotIn(b"AddressSanitizer", verify.stderr)
        if verify.returncode != 0:
            self.assert_fails_with_one_line(verify, store)
        self.assertEqual(told(verify), refusal(store), (what, verify))
        if verify.returncode == 0:
            self.check_same(store)
        return verify.returncode != 0

    def test_a_byte_flipped_anywhere_is_found_by_both(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        found = 0
        for number in range(FLIPS):
            copy = self.copy(GOLDEN if number % 2 == 0 else self.store)
            file = chance.choice(sorted(file for file in copy.iterdir() if file.name != "lock"))
            content = bytearray(file.read_bytes())
            at = chance.randrange(len(content))
            content[at] ^= 1 << chance.randrange(8)
            file.write_bytes(content)
            found += self.damage(copy, (file.name, at))
        # In version 1 a packed block has a few bits that mean nothing: what it unpacks to is what is checked.
        self.assertGreaterEqual(found, FLIPS * 0.95)

    def test_values_that_their_checksums_vouch_for_are_judged_alike(self):
        print(f"FIRN_SEED={SEED}")
        chance = random.Random(SEED)
        judged = {}
        for number in range(2 * FLIPS):
            forges = [forge_manifest, forge_header, forge_frame]
            copy = self.copy(GOLDEN if number % 2 == 0 else self.store)
            what = chance.choice(forges if number % 2 == 0 else [*forges, forge_log])(copy, chance)
            self.damage(copy, what)
            judged[refusal(copy)] = number
        self.assertLessEqual({read_store.Damaged, read_store.LaterVersion}, set(judged))

    def test_a_file_that_is_cut_or_longer_or_missing_is_found_by_both(self):
        for store in (self.store, GOLDEN):
            for name in sorted(file.name for file in pathlib.Path(store).iterdir() if file.name != "lock"):
                content = (pathlib.Path(store) / name).read_bytes()
                longer = [] if name.startswith("data") and store == self.store else [content + b"\0"]
                longer = longer if not name.startswith("log") else []
                for changed in (b"", content[:1], content[:15], content[:-1], content[:len(content) // 2],
                                *longer, None):
                    copy = self.copy(store)
                    (copy / name).unlink()
                    if changed is not None:
                        (copy / name).write_bytes(changed)
                    self.assertTrue(self.damage(copy, (name, changed and len(changed))))
                    for words in COMMANDS[:1] if name.startswith("manifest") and store == self.store else COMMANDS:
                        self.assert_fails_with_one_line(firn("store", *words, copy), copy)

    def test_verify_tells_the_first_of_the_damaged_and_how_many(self):
        copy = self.copy(GOLDEN)
        listed = store_json("dump", copy)
        file = copy / "data-1-0.firn"
        content = bytearray(file.read_bytes())
        for number in (3, 5, 9):
            content[listed[number]["offset_bytes"] + 60] ^= 0xFF
        file.write_bytes(content)
        run = firn("store", "verify", copy, "--json")
        self.assert_fails_with_one_line(run, file, "segment 3 is damaged", "write the store anew")
        result = json.loads(run.stdout)
        self.assertEqual((result["segments"], result["damaged_segments"]), (12, 3))
        first = result["first_damaged"]
        self.assertEqual((first["segment"], first["kind"], first["file"]), (3, 15, "data-1-0.firn"))
        self.assertEqual(first["offset_bytes"], listed[3]["offset_bytes"])
        self.assertRegex(firn("store", "verify", copy, text=True).stdout, r"\ndamaged segments +3\nfirst damaged:\n")
        # The others can still be had, and the damaged one leaves a file as it was.
        output = self.folder / "output"
        output.write_bytes(b"before")
        run = firn("store", "dump", copy, "--segment", "3", "-o", output)
        self.assert_fails_with_one_line(run, file, "segment 3 is damaged")
        self.assertEqual(output.read_bytes(), b"before")
        self.assertEqual(firn("store", "dump", copy, "--segment", "4", "-o", output).returncode, 0)
        self.assertEqual(output.read_bytes(), read_store.Store(GOLDEN).read(4))

    def test_a_later_version_is_told_from_damage_by_both(self):
        copy = self.copy(GOLDEN)
        manifest = bytearray((copy / "manifest").read_bytes())
        manifest[8] = 3
        manifest[-4:] = struct.pack("<I", read_store.crc32c(manifest[:-4]))
        (copy / "manifest").write_bytes(manifest)
        for words in COMMANDS:
            self.assert_fails_with_one_line(firn("store", *words, copy), copy, "later version")
        self.assertIs(refusal(copy), read_store.LaterVersion)
        copy = self.copy(GOLDEN)
        data = bytearray((copy / "data-1-0.firn").read_bytes())
        data[4] = 3
        data[40:44] = struct.pack("<I", read_store.crc32c(data[:40]))
        (copy / "data-1-0.firn").write_bytes(data)
        self.assertTrue(self.damage(copy, "a segment of a later version"))
        self.assertIs(refusal(copy), read_store.LaterVersion)

    def test_a_segment_of_another_store_is_found_by_both(self):
        copy = self.copy(self.store)
        manifest = bytearray((copy / "manifest").read_bytes())
        manifest[16] ^= 1
        manifest[-4:] = struct.pack("<I", read_store.crc32c(manifest[:-4]))
        (copy / "manifest").write_bytes(manifest)
        (copy / "manifest-copy").write_bytes(manifest)
        log = next(copy.glob("log-*"))
        header = bytearray(log.read_bytes()[:32])
        header[12:16] = manifest[-4:]
        header[16] ^= 1
        log.write_bytes(header + struct.pack("<I", read_store.crc32c(header)))
        self.assertTrue(self.damage(copy, "another store's id"))
        self.assert_fails_with_one_line(firn("store", "verify", copy), "stale or misplaced")

    # --- wrong paths, words and outputs ---

    def test_what_is_no_store_is_refused(self):
        (self.folder / "file").write_text("no store")
        (self.folder / "foreign").mkdir()
        (self.folder / "foreign" / "manifest").write_text("no store")
        for path in (self.folder / "none", self.folder / "file", self.folder / "foreign", self.tree, "/dev/null", ""):
            for words in COMMANDS:
                run = firn("store", *words, path)
                self.assert_fails_with_one_line(run, path)
                self.assertEqual(run.stdout, b"")

    def test_a_store_without_permission_is_refused(self):
        for path in (self.store, self.store / "manifest", *self.store.glob("log-*"), *self.store.glob("data-*")):
            user = as_user(self.folder)
            before = path.stat().st_mode
            path.chmod(0)
            for words in COMMANDS:
                self.assert_fails_with_one_line(firn("store", *words, self.store, **user), self.store)
            path.chmod(before)
        self.assertEqual(firn("store", "verify", self.store, **user).returncode, 0)

    def test_wrong_usage_is_exit_status_2(self):
        for words in (["verify"], ["verify", "a", "b"], ["stat"], ["dump"], ["dump", "a", "b"], ["compare", "a"], [],
                      ["dump", self.store, "--segment", "x"], ["dump", self.store, "--segment", "-1"],
                      ["dump", self.store, "--segment"], ["dump", self.store, "-o", self.folder / "o"],
                      ["compact"], ["compact", self.store, "--level", "20"],
                      ["compact", self.store, "--garbage", "0"], ["compact", self.store, "--garbage", "101"],
                      ["dump", self.store, "--segment", "0", "--json"],
                      ["dump", self.store, "--segment", "0", "--json", "-o", "-"]):
            run = firn("store", *words)
            self.assertEqual((run.returncode, run.stdout), (2, b""), run)
            self.assertRegex(run.stderr, rb"\Afirn: [^\n]+\n\Z")
        self.assertFalse((self.folder / "o").exists())

    def test_a_segment_that_is_none_is_refused(self):
        for number in ("12", "4294967296", "18446744073709551615"):
            run = firn("store", "dump", GOLDEN, "--segment", number, "-o", self.folder / "o")
            self.assert_fails_with_one_line(run, GOLDEN, "has no segment " + number)
        self.assertFalse((self.folder / "o").exists())

    def test_an_output_that_cannot_be_written_is_an_error(self):
        for words in [*COMMANDS, *[(*words, "--json") for words in COMMANDS[:3]]]:
            with open("/dev/full", "wb") as full:
                self.assert_fails_with_one_line(firn("store", *words, GOLDEN, stdout=full), "standard output")
        largest = max(store_json("dump", self.store), key=lambda row: row["plain_bytes"])["segment"]
        for store, number in ((GOLDEN, 4), (self.store, largest)):
            run = firn("store", "dump", store, "--segment", str(number), "-o", "/dev/full")
            self.assert_fails_with_one_line(run, "/dev/full", "No space left")
        def bound():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        run = firn("store", "dump", self.store, "--segment", str(largest), "-o", self.folder / "cut",
                   preexec_fn=bound, restore_signals=False)
        self.assert_fails_with_one_line(run, self.folder / "cut", "not whole")
        for path in (self.folder, self.folder / "none" / "below", ""):
            self.assert_fails_with_one_line(firn("store", "dump", GOLDEN, "--segment", "4", "-o", path), path)

    def test_json_beside_an_output_file_tells_what_is_in_it(self):
        output = self.folder / "output"
        row = store_json("dump", GOLDEN, "--segment", "11", "-o", output)
        self.assertEqual(row, store_json("dump", GOLDEN)[11])
        self.assertEqual(output.read_bytes(), read_store.Store(GOLDEN).read(11))
        run = firn("store", "dump", GOLDEN, "--segment=11", "--output=-")
        self.assertEqual(run.stdout, output.read_bytes())


if __name__ == "__main__":
    unittest.main()
