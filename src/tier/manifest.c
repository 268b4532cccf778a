/* The manifest's bytes: pure encoding, no I/O.
 *
 * Stands below the store's reader and writer. docs/formats/store.md has the layout.
 *
 * Invariants of a firn_manifest that was read or is being built:
 *   M1  segments lie in their files one behind the other, without gaps, in the order of their
 *       numbers; the first file holds the first ones
 *   M2  a file's size is the end of its last segment; no file is empty
 *   M3  sizes are within the limits of the format, and packed is plain and headers at most
 * Memory: two arrays that double. Complexity: linear in files and segments. */
#include "tier/manifest.h"

#include "core/bytes.h"

#include <firn/checksum.h>

#include <assert.h>
#include <string.h>

enum { MANIFEST_VERSION = 1, MAGIC_BYTES = 8, CRC_BYTES = 4 };
static const char MAGIC[MAGIC_BYTES + 1] = "FIRNSTOR";

enum {
    AT_VERSION = 8,
    AT_FILE_COUNT = 12,
    AT_STORE_ID = 16,
    AT_GENERATION = 24,
    AT_SEGMENT_COUNT = 32,
    AT_RESERVED = 36,
};
_Static_assert(AT_RESERVED + 4 == FIRN_MANIFEST_HEADER_BYTES, "the header is 40 bytes");

enum { HEADERS = FIRN_SEGMENT_HEADER_BYTES + FIRN_FRAME_HEADER_BYTES };

void firn_manifest_fini(firn_manifest *manifest, const firn_allocator *allocator)
{
    firn_release(allocator, manifest->files, manifest->file_capacity * sizeof *manifest->files);
    firn_release(allocator, manifest->segments,
                 manifest->segment_capacity * sizeof *manifest->segments);
    *manifest = (firn_manifest){0};
}

static size_t records_bytes(size_t file_count, size_t segment_count)
{
    return file_count * FIRN_MANIFEST_FILE_BYTES + segment_count * FIRN_MANIFEST_SEGMENT_BYTES;
}

size_t firn_manifest_bytes(const firn_manifest *manifest)
{
    return FIRN_MANIFEST_HEADER_BYTES +
           records_bytes(manifest->file_count, manifest->segment_count) + CRC_BYTES;
}

static void segment_write(const firn_manifest_segment *segment, uint8_t *out)
{
    put_u32(out, segment->file);
    put_u32(out + 4, segment->offset);
    put_u32(out + 8, segment->kind);
    put_u32(out + 12, segment->plain);
    put_u32(out + 16, segment->packed);
    put_u32(out + 20, segment->codec);
}

static void segment_read(const uint8_t *data, firn_manifest_segment *ret_segment)
{
    *ret_segment = (firn_manifest_segment){
        .file = get_u32(data),
        .offset = get_u32(data + 4),
        .kind = get_u32(data + 8),
        .plain = get_u32(data + 12),
        .packed = get_u32(data + 16),
        .codec = get_u32(data + 20),
    };
}

void firn_manifest_write(const firn_manifest *manifest, uint8_t *out)
{
    uint8_t *at = out + FIRN_MANIFEST_HEADER_BYTES;

    memcpy(out, MAGIC, MAGIC_BYTES);
    put_u32(out + AT_VERSION, MANIFEST_VERSION);
    put_u32(out + AT_FILE_COUNT, (uint32_t)manifest->file_count);
    put_u64(out + AT_STORE_ID, manifest->store_id);
    put_u64(out + AT_GENERATION, manifest->generation);
    put_u32(out + AT_SEGMENT_COUNT, (uint32_t)manifest->segment_count);
    put_u32(out + AT_RESERVED, 0);
    for (size_t i = 0; i < manifest->file_count; i++, at += FIRN_MANIFEST_FILE_BYTES)
        put_u32(at, manifest->files[i]);
    for (size_t i = 0; i < manifest->segment_count; i++, at += FIRN_MANIFEST_SEGMENT_BYTES)
        segment_write(&manifest->segments[i], at);
    put_u32(at, firn_crc32c(0, out, (size_t)(at - out)));
}

static bool segment_valid(const firn_manifest_segment *segment)
{
    return segment->codec <= FIRN_CODEC_ZSTD && segment->plain <= FIRN_SEGMENT_MAX_BYTES &&
           segment->packed >= HEADERS && segment->packed <= HEADERS + segment->plain; /* M3 */
}

/* Whether the segments fill the files as M1 and M2 say. */
static bool layout_valid(const firn_manifest *manifest)
{
    uint32_t file = 0;
    uint32_t offset = 0;

    for (size_t i = 0; i < manifest->segment_count; i++) {
        const firn_manifest_segment *segment = &manifest->segments[i];
        if (!segment_valid(segment))
            return false;
        if (i > 0 && offset == manifest->files[file]) {
            file++;
            offset = 0;
        }
        if (file >= manifest->file_count || segment->file != file || segment->offset != offset ||
            segment->packed > manifest->files[file] - offset)
            return false;
        offset += segment->packed;
    }
    if (manifest->segment_count == 0)
        return manifest->file_count == 0;
    return file + 1 == manifest->file_count && offset == manifest->files[file];
}

/* Checks magic, checksum, version and counts, and reads the header's fields. */
static firn_status header_read(const uint8_t *data, size_t size, firn_manifest *manifest,
                               const char **ret_cause)
{
    size_t magic = size < MAGIC_BYTES ? size : MAGIC_BYTES;
    *ret_cause = "it is no manifest of a Firn store";
    if (size > 0 && memcmp(data, MAGIC, magic) != 0)
        return FIRN_NOT_STORE;
    *ret_cause = "the manifest is cut off";
    if (size < AT_FILE_COUNT + CRC_BYTES)
        return FIRN_CORRUPT;
    /* Every version ends so; what a later one says in between is unknown. */
    *ret_cause = "the manifest is damaged (checksum)";
    if (get_u32(data + size - CRC_BYTES) != firn_crc32c(0, data, size - CRC_BYTES))
        return FIRN_CORRUPT;
    *ret_cause = "the store was written by a later version of Firn";
    if (get_u32(data + AT_VERSION) != MANIFEST_VERSION)
        return FIRN_VERSION;
    *ret_cause = "the manifest contradicts itself";
    if (size < FIRN_MANIFEST_HEADER_BYTES + CRC_BYTES)
        return FIRN_CORRUPT;
    manifest->file_count = get_u32(data + AT_FILE_COUNT);
    manifest->store_id = get_u64(data + AT_STORE_ID);
    manifest->generation = get_u64(data + AT_GENERATION);
    manifest->segment_count = get_u32(data + AT_SEGMENT_COUNT);
    bool valid = manifest->file_count <= FIRN_MANIFEST_FILES_MAX &&
                 manifest->segment_count <= FIRN_MANIFEST_SEGMENTS_MAX &&
                 manifest->generation <= FIRN_GENERATION_MAX && get_u32(data + AT_RESERVED) == 0 &&
                 firn_manifest_bytes(manifest) == size;
    return valid ? FIRN_OK : FIRN_CORRUPT;
}

static firn_status records_read(const uint8_t *data, const firn_allocator *allocator,
                                firn_manifest *manifest)
{
    if (manifest->file_count > 0)
        manifest->files = firn_allocate(allocator, manifest->file_count * sizeof *manifest->files);
    if (manifest->file_count > 0 && manifest->files == NULL)
        return FIRN_NO_MEMORY;
    manifest->file_capacity = manifest->file_count;
    if (manifest->segment_count > 0)
        manifest->segments =
            firn_allocate(allocator, manifest->segment_count * sizeof *manifest->segments);
    if (manifest->segment_count > 0 && manifest->segments == NULL)
        return FIRN_NO_MEMORY;
    manifest->segment_capacity = manifest->segment_count;
    for (size_t i = 0; i < manifest->file_count; i++, data += FIRN_MANIFEST_FILE_BYTES)
        manifest->files[i] = get_u32(data);
    for (size_t i = 0; i < manifest->segment_count; i++, data += FIRN_MANIFEST_SEGMENT_BYTES)
        segment_read(data, &manifest->segments[i]);
    return layout_valid(manifest) ? FIRN_OK : FIRN_CORRUPT;
}

firn_status firn_manifest_read(const uint8_t *data, size_t size, const firn_allocator *allocator,
                               firn_manifest *ret_manifest, const char **ret_cause)
{
    firn_manifest manifest = {0};
    const char *cause = NULL;
    firn_status status = header_read(data, size, &manifest, &cause);
    if (status == FIRN_OK)
        status = records_read(data + FIRN_MANIFEST_HEADER_BYTES, allocator, &manifest);
    if (status != FIRN_OK) {
        firn_manifest_fini(&manifest, allocator);
        *ret_cause = status == FIRN_NO_MEMORY ? firn_status_text(status) : cause;
        return status;
    }
    *ret_manifest = manifest;
    return FIRN_OK;
}

firn_status firn_manifest_add_file(firn_manifest *manifest, const firn_allocator *allocator)
{
    void *block = manifest->files;
    if (manifest->file_count == FIRN_MANIFEST_FILES_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(allocator, &block, &manifest->file_capacity, manifest->file_count + 1,
                   sizeof *manifest->files))
        return FIRN_NO_MEMORY;
    manifest->files = block;
    manifest->files[manifest->file_count++] = 0;
    return FIRN_OK;
}

firn_status firn_manifest_add_segment(firn_manifest *manifest, const firn_allocator *allocator,
                                      const firn_manifest_segment *segment)
{
    void *block = manifest->segments;
    assert(segment->file + 1 == manifest->file_count && segment_valid(segment)); /* M1, M3 */
    if (manifest->segment_count == FIRN_MANIFEST_SEGMENTS_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(allocator, &block, &manifest->segment_capacity, manifest->segment_count + 1,
                   sizeof *manifest->segments))
        return FIRN_NO_MEMORY;
    manifest->segments = block;
    manifest->segments[manifest->segment_count++] = *segment;
    manifest->files[segment->file] += segment->packed; /* M2 */
    return FIRN_OK;
}
