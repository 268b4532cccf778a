#!/usr/bin/env python3
"""Reads any frozen store, written from docs/formats/frozen.md and frame.md alone: the proof that those pages suffice.

    read_store.py STORE             lists the segments, as `firn store dump STORE --json`
    read_store.py STORE SEGMENT     writes a segment's content to standard output

It needs Python's standard library and, for packed segments, libzstd and liblz4. It is simple before it is fast, keeps
nothing open, and so is not for a store that a writer is changing."""

import collections
import ctypes
import json
import os
import struct
import sys


class Refused(Exception):
    """Why a store or a segment cannot be read."""


class NoStore(Refused):
    pass


class Damaged(Refused):
    pass


class LaterVersion(Refused):
    pass


# --- checksums ---

def crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # 0x1EDC6F41, reflected
        yield byte


CRC32C = list(crc32c_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# --- frames ---

CODECS = ["raw", "lz4", "zstd", "zstd+dictionary"]
FRAME_MAX_BYTES = 64 << 20


def unpack_lz4(payload, plain):
    library = ctypes.CDLL("liblz4.so.1")
    out = ctypes.create_string_buffer(max(plain, 1))
    if library.LZ4_decompress_safe(payload, out, len(payload), plain) != plain:
        raise Damaged("no LZ4 block of that size")
    return out.raw[:plain]


def unpack_zstd(payload, plain, dictionary=b""):
    library = ctypes.CDLL("libzstd.so.1")
    for function in (library.ZSTD_findFrameCompressedSize, library.ZSTD_decompress_usingDict):
        function.restype = ctypes.c_size_t
    library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    library.ZSTD_createDCtx.restype = ctypes.c_void_p
    size = ctypes.c_size_t(len(payload))
    if payload[:4] != struct.pack("<I", 0xFD2FB528) or library.ZSTD_getFrameContentSize(payload, size) != plain:
        raise Damaged("no zstd frame of that content size")
    if library.ZSTD_getDictID_fromFrame(payload, size) != 0:
        raise Damaged("the zstd frame names a dictionary")
    if library.ZSTD_findFrameCompressedSize(payload, size) != len(payload):
        raise Damaged("the zstd frame does not end with the payload")
    out = ctypes.create_string_buffer(max(plain, 1))
    context = ctypes.c_void_p(library.ZSTD_createDCtx())
    unpacked = library.ZSTD_decompress_usingDict(context, out, ctypes.c_size_t(plain), payload, size, dictionary,
                                                 ctypes.c_size_t(len(dictionary)))
    library.ZSTD_freeDCtx(context)
    if unpacked != plain:
        raise Damaged("the zstd frame is damaged")
    return out.raw[:plain]


def no_dictionary(name):
    raise Damaged(f"the dictionary {name:08x} is missing")


def unpack_frame(frame, dictionary_of=no_dictionary):
    """The content of a frame, and the number of its kind. dictionary_of gives a dictionary's bytes by its CRC-32C."""
    if len(frame) < 16:
        raise Damaged("a frame that is cut off")
    kind, version, check, plain, packed, crc = struct.unpack_from("<BBHIII", frame)
    sum_of_header = crc32c(frame[0:2] + frame[4:16])
    if check != (sum_of_header ^ sum_of_header >> 16) & 0xFFFF:
        raise Damaged("the frame's header")
    if version > 1 or kind > 3:
        raise LaterVersion("the frame")
    if version == 0:
        raise Damaged("the frame's version")
    payload = frame[16:]
    if plain > FRAME_MAX_BYTES or packed != len(payload):
        raise Damaged("the frame's sizes")
    if packed != plain if kind == 0 else packed >= plain:
        raise Damaged("the frame's sizes")
    if kind == 3:
        name = struct.unpack("<I", payload[:4])[0] if packed > 4 else 0
        if name == 0:
            raise Damaged("the dictionary's name")
        dictionary = dictionary_of(name)
        if crc32c(dictionary) != name:
            raise Damaged("another dictionary than the frame's")
        content = unpack_zstd(payload[4:], plain, dictionary)
    else:
        content = [lambda payload, _: payload, unpack_lz4, unpack_zstd][kind](payload, plain)
    if crc32c(content) != crc:
        raise Damaged("the content's checksum")
    return content, kind


# --- the manifest ---

NONE = (1 << 32) - 1
GENERATION_MAX = 1 << 62
FILES_MAX, SEGMENTS_MAX = 1 << 20, 1 << 24
Segment = collections.namedtuple("Segment", "segment file offset kind plain packed dictionary codec flags generation")


def checked(data):
    """The version of a manifest that is whole."""
    if data[:8] != b"FIRNSTOR"[:len(data)]:
        raise NoStore("another manifest")
    if len(data) < 16 or struct.unpack("<I", data[-4:])[0] != crc32c(data[:-4]):
        raise Damaged("the manifest")
    version, = struct.unpack_from("<I", data, 8)
    if version not in (1, 2):
        raise LaterVersion("the manifest")
    return version


def demand(holds, what):
    if not holds:
        raise Damaged(what)


class Manifest:
    """Data files (number to size) and segments (number to record), as a checkpoint has them."""

    def __init__(self, data):
        self.version = checked(data)
        self.crc, = struct.unpack("<I", data[-4:])
        self.files, self.segments = {}, {}
        (self.read_first if self.version == 1 else self.read)(data)

    def read(self, data):
        demand(len(data) >= 52, "the manifest's size")
        (self.root, self.store_id, self.generation, self.segment_next, self.file_next, files,
         segments) = struct.unpack_from("<IQQIIII", data, 12)
        self.checkpoint = self.generation
        demand(files <= FILES_MAX and segments <= SEGMENTS_MAX and 1 <= self.generation <= GENERATION_MAX and
               len(data) == 52 + 8 * files + 40 * segments, "the manifest's header")
        for number, size in struct.iter_unpack("<II", data[48:48 + 8 * files]):
            demand(size > 0 and max(self.files, default=-1) < number < self.file_next, "a file record")
            self.files[number] = size
        last = -1
        for record in struct.iter_unpack("<7I2HQ", data[48 + 8 * files:-4]):
            segment = Segment(*record)
            demand(last < segment.segment, "the order of the segments")
            last = segment.segment
            self.put(segment)
        demand(self.root == NONE or self.root in self.segments, "the root")

    def put(self, segment):
        demand(segment.segment < self.segment_next and segment.offset + segment.packed <=
               self.files.get(segment.file, -1) and segment.plain <= 16 << 20 and
               68 <= segment.packed <= 68 + segment.plain and segment.codec <= 3 and segment.flags <= 3 and
               segment.generation <= self.generation and
               (segment.dictionary != NONE) == (segment.codec == 3) and
               not (segment.flags & 1 and segment.codec == 3), f"the record of segment {segment.segment}")
        self.segments[segment.segment] = segment

    def read_first(self, data):
        """Version 1."""
        demand(len(data) >= 44, "the manifest's size")
        files, self.store_id, self.generation, segments, reserved = struct.unpack_from("<IQQII", data, 12)
        demand(files <= FILES_MAX and segments <= SEGMENTS_MAX and self.generation <= GENERATION_MAX and
               reserved == 0 and len(data) == 44 + 4 * files + 24 * segments, "the manifest's header")
        self.files = dict(enumerate(struct.unpack_from(f"<{files}I", data, 40)))
        records = struct.iter_unpack("<6I", data[40 + 4 * files:-4])
        file, end = 0, 0
        for number, (in_file, offset, kind, plain, packed, codec) in enumerate(records):
            if number > 0 and end == self.files.get(file):
                file, end = file + 1, 0
            demand((in_file, offset) == (file, end) and codec <= 2 and plain <= 4 << 20 and
                   60 <= packed <= 60 + plain, f"the record of segment {number}")
            end += packed
            demand(end <= self.files.get(file, -1), "the size of a data file")
            self.segments[number] = Segment(number, file, offset, kind, plain, packed, NONE, codec, 0, self.generation)
        demand((file + 1, end) == (files, self.files.get(file)) if segments else files == 0, "the data files")
        self.root = segments - 1 if segments else NONE


# --- the log ---

def seal_at(data, at, store_id):
    """Generation and record's crc of a whole seal, or None."""
    if data[at:at + 4] != b"FEAL" or len(data) < at + 20:
        return None
    record, generation, crc = struct.unpack_from("<IQI", data, at + 4)
    whole = crc == crc32c(struct.pack("<Q", store_id) + data[at:at + 16])
    return (generation, record) if whole else None


def record_at(data, at):
    """The bytes of a whole record, or None."""
    if data[at:at + 4] != b"FCOM" or len(data) < at + 44:
        return None
    size, = struct.unpack_from("<I", data, at + 4)
    files, segments = struct.unpack_from("<II", data, at + 32)
    record = data[at:at + size]
    if size != 44 + 8 * files + 40 * segments or len(record) != size:
        return None
    return record if struct.unpack("<I", record[-4:])[0] == crc32c(record[:-4]) else None


def apply(manifest, record):
    """Takes in a record that is whole."""
    generation, _, root, segment_next, file_next, files, segments = struct.unpack_from("<Q6I", record, 8)
    demand(manifest.generation < generation <= GENERATION_MAX, "the generation of a commit")
    demand(segment_next >= manifest.segment_next and file_next >= manifest.file_next, "the numbers of a commit")
    first_segment, first_file = manifest.segment_next, manifest.file_next
    manifest.generation, manifest.segment_next, manifest.file_next = generation, segment_next, file_next
    changes = list(struct.iter_unpack("<II", record[40:40 + 8 * files]))
    for number, size in changes:
        if size > 0:
            new = first_file <= number < file_next and number > max(manifest.files, default=-1)
            demand(size >= manifest.files[number] if number in manifest.files else new, "a file of a commit")
            manifest.files[number] = size
    for fields in struct.iter_unpack("<7I2HQ", record[40 + 8 * files:-4]):
        segment = Segment(*fields)
        known = segment.segment in manifest.segments
        if segment.packed == 0:
            demand(known, "the removal of a segment")
            del manifest.segments[segment.segment]
            continue
        new = segment.segment >= first_segment and segment.segment > max(manifest.segments, default=-1)
        demand(known or new, "the number of a segment")
        manifest.put(segment)
    for number, size in changes:
        if size == 0:
            demand(number in manifest.files and all(segment.file != number for segment in manifest.segments.values()),
                   "the removal of a file")
            del manifest.files[number]
    demand(root == NONE or root in manifest.segments, "the root of a commit")
    manifest.root = root


def replay(manifest, data):
    """Takes in a log."""
    if len(data) < 36 or data[:8] != b"FIRNCLOG" or struct.unpack_from("<I", data, 32)[0] != crc32c(data[:32]):
        raise Damaged("the log's header")
    version, checkpoint, store_id, generation = struct.unpack_from("<IIQQ", data, 8)
    if version != 2:
        raise LaterVersion("the log")
    demand((checkpoint, store_id, generation) == (manifest.crc, manifest.store_id, manifest.generation),
           "the log of another manifest")
    at, crc, sealed = 36, manifest.crc, True
    while at < len(data):
        seal, record = seal_at(data, at, store_id), record_at(data, at)
        if seal is not None:
            demand(seal == (manifest.generation, crc) and not sealed, "a seal")
            at, sealed = at + 20, True
        elif record is not None:
            demand(struct.unpack_from("<I", record, 16)[0] == crc, "the order of the commits")
            apply(manifest, record)
            at, sealed, crc = at + len(record), False, struct.unpack("<I", record[-4:])[0]
        else:
            later = (seal_at(data, behind, store_id) for behind in range(at, len(data)))
            demand(all(seal is None or seal[0] <= manifest.generation for seal in later), "a commit in the log")
            break


# --- the store ---

class Store:
    def __init__(self, path):
        self.path = path
        self.manifest = self.choose()
        if self.manifest.version == 2:
            replay(self.manifest, self.file(f"log-{self.manifest.checkpoint}"))
        for number, size in self.manifest.files.items():
            file = os.path.join(path, self.file_name(number))
            found = os.path.getsize(file) if os.path.isfile(file) else -1
            demand(found == size or (self.manifest.version == 2 and found > size), f"{file}: missing or cut off")

    def file(self, name):
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise Damaged(error) from error

    def copies(self):
        """Of both: the manifest, or why it is none."""
        for name in ("manifest", "manifest-copy"):
            try:
                with open(os.path.join(self.path, name), "rb") as file:
                    yield Manifest(file.read())
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                yield NoStore(error)
            except Refused as refused:
                yield refused

    def choose(self):
        found = list(self.copies())
        whole = [copy for copy in found if isinstance(copy, Manifest)]
        for refusal in (LaterVersion, *([] if whole else [Damaged, NoStore])):
            for copy in found:
                if isinstance(copy, refusal):
                    raise copy
        return max(whole, key=lambda copy: copy.generation)

    def check_copies(self):
        """Both must be whole, where there are two."""
        if self.manifest.version == 2:
            demand(all(isinstance(copy, Manifest) for copy in self.copies()), "a copy of the manifest")

    def file_name(self, number):
        generation = f"{self.manifest.generation}-" if self.manifest.version == 1 else ""
        return f"data-{generation}{number}.firn"

    def header(self, data):
        """The fields of a segment's header but for magic and version, and the frame."""
        size = 44 if self.manifest.version == 1 else 52
        if data[:4] != b"FSEG" or struct.unpack_from("<I", data, size - 4)[0] != crc32c(data[:size - 4]):
            raise Damaged("the segment's header")
        if struct.unpack_from("<I", data, 4)[0] != self.manifest.version:
            raise LaterVersion("the segment")
        fields = struct.unpack_from("<QQIIII", data, 8)
        if self.manifest.version == 1:
            return (*fields, NONE), data[44:]
        dictionary, frame_crc = struct.unpack_from("<II", data, 40)
        return (*fields, dictionary), data[52:], frame_crc

    def read(self, number):
        """A segment's content."""
        segment = self.manifest.segments[number]
        with open(os.path.join(self.path, self.file_name(segment.file)), "rb") as file:
            file.seek(segment.offset)
            data = file.read(segment.packed)
        demand(len(data) == segment.packed, "the data file is cut off")
        fields, frame, *frame_crc = self.header(data)
        expected = (self.manifest.store_id, segment.generation, number, segment.kind, segment.plain, segment.packed,
                    segment.dictionary)
        demand(fields == expected, "a stale or misplaced segment")
        demand(frame_crc in ([], [crc32c(frame)]), "the frame")
        content, codec = unpack_frame(frame, lambda name: self.dictionary(segment.dictionary, name))
        demand(len(content) == segment.plain and codec == segment.codec, "the frame is not the manifest's")
        return content

    def dictionary(self, number, name):
        segment = self.manifest.segments.get(number)
        if segment is None or not segment.flags & 1:
            no_dictionary(name)
        return self.read(number)

    def list(self):
        return [{"segment": number, "kind": segment.kind, "codec": CODECS[segment.codec],
                 "plain_bytes": segment.plain, "packed_bytes": segment.packed, "file": self.file_name(segment.file),
                 "offset_bytes": segment.offset, "generation": segment.generation}
                for number, segment in sorted(self.manifest.segments.items())]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: read_store.py STORE [SEGMENT]")
    try:
        store = Store(sys.argv[1])
        if len(sys.argv) == 2:
            json.dump(store.list(), sys.stdout, indent=2)
            print()
        else:
            number = int(sys.argv[2])
            demand(number in store.manifest.segments, "no such segment")
            sys.stdout.buffer.write(store.read(number))
    except Refused as refused:
        sys.exit(f"read_store.py: {type(refused).__name__}: {refused}")


if __name__ == "__main__":
    main()
