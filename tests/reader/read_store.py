#!/usr/bin/env python3
"""Reads any frozen store, written from docs/formats/store.md and frame.md alone: the proof that those pages suffice.

    read_store.py STORE             lists the segments, as `firn store dump STORE --json`
    read_store.py STORE SEGMENT     writes a segment's content to standard output

It needs Python's standard library and, for packed segments, libzstd and liblz4. It is simple before it is fast, keeps
nothing open, and so is not for a store that a writer is replacing."""

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

CODECS = ["raw", "lz4", "zstd"]
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

Segment = collections.namedtuple("Segment", "file offset kind plain packed codec")


class Manifest:
    def __init__(self, data):
        if data[:8] != b"FIRNSTOR"[:len(data)]:
            raise NoStore("another manifest")
        if len(data) < 16 or struct.unpack("<I", data[-4:])[0] != crc32c(data[:-4]):
            raise Damaged("the manifest")
        if struct.unpack_from("<I", data, 8)[0] != 1:
            raise LaterVersion("the manifest")
        if len(data) < 44:
            raise Damaged("the manifest's size")
        file_count, self.store_id, self.generation, segment_count, reserved = struct.unpack_from("<IQQII", data, 12)
        if file_count > 1 << 20 or segment_count > 1 << 24 or self.generation > 1 << 62 or reserved != 0:
            raise Damaged("the manifest's header")
        if len(data) != 44 + 4 * file_count + 24 * segment_count:
            raise Damaged("the manifest's size")
        self.files = struct.unpack_from(f"<{file_count}I", data, 40)
        records = data[40 + 4 * file_count:-4]
        self.segments = [Segment(*record) for record in struct.iter_unpack("<6I", records)]
        self.check_layout()

    def check_layout(self):
        file, offset = 0, 0
        for number, segment in enumerate(self.segments):
            if number > 0 and offset == self.files[file]:
                file, offset = file + 1, 0
            if file >= len(self.files) or (segment.file, segment.offset) != (file, offset):
                raise Damaged("the place of a segment")
            if segment.codec >= len(CODECS) or segment.plain > 4 << 20:
                raise Damaged("a segment record")
            if not 60 <= segment.packed <= 60 + segment.plain:
                raise Damaged("the size of a segment")
            offset += segment.packed
            if offset > self.files[file]:
                raise Damaged("the size of a data file")
        if (file + 1, offset) != (len(self.files), self.files[-1]) if self.segments else self.files:
            raise Damaged("the number or the size of the data files")


# --- the store ---

class Store:
    def __init__(self, path):
        self.path = path
        try:
            with open(os.path.join(path, "manifest"), "rb") as file:
                self.manifest = Manifest(file.read())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NoStore(error) from error
        for number, size in enumerate(self.manifest.files):
            file = os.path.join(path, self.file_name(number))
            if not os.path.isfile(file) or os.path.getsize(file) != size:
                raise Damaged(f"{file}: missing, or not {size} bytes")

    def file_name(self, number):
        return f"data-{self.manifest.generation}-{number}.firn"

    def read(self, number):
        """A segment's content."""
        manifest, segment = self.manifest, self.manifest.segments[number]
        with open(os.path.join(self.path, self.file_name(segment.file)), "rb") as file:
            file.seek(segment.offset)
            data = file.read(segment.packed)
        if len(data) != segment.packed:
            raise Damaged("the data file is cut off")
        if data[:4] != b"FSEG" or struct.unpack_from("<I", data, 40)[0] != crc32c(data[:40]):
            raise Damaged("the segment's header")
        if struct.unpack_from("<I", data, 4)[0] != 1:
            raise LaterVersion("the segment")
        expected = (manifest.store_id, manifest.generation, number, segment.kind, segment.plain, segment.packed)
        if struct.unpack_from("<QQIIII", data, 8) != expected:
            raise Damaged("a stale or misplaced segment")
        content, codec = unpack_frame(data[44:])
        if len(content) != segment.plain or codec != segment.codec:
            raise Damaged("the frame is not the manifest's")
        return content

    def list(self):
        return [{"segment": number, "kind": segment.kind, "codec": CODECS[segment.codec],
                 "plain_bytes": segment.plain, "packed_bytes": segment.packed, "file": self.file_name(segment.file),
                 "offset_bytes": segment.offset} for number, segment in enumerate(self.manifest.segments)]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: read_store.py STORE [SEGMENT]")
    try:
        store = Store(sys.argv[1])
        if len(sys.argv) == 2:
            json.dump(store.list(), sys.stdout, indent=2)
            print()
        else:
            sys.stdout.buffer.write(store.read(int(sys.argv[2])))
    except Refused as refused:
        sys.exit(f"read_store.py: {type(refused).__name__}: {refused}")


if __name__ == "__main__":
    main()
