/* The frozen store's reading side: a manifest, its data files held open, segments decoded when they
 * are asked for.
 *
 * Called by users (firn/store.h). Calls core's files, the codec, the manifest's and segment's
 * encodings, and decoded.c for what stays in memory. Data are read by pread, never mapped, so that
 * a file which somebody cuts off is an error and no SIGBUS.
 *
 * Nouns: a generation is what one commit wrote; an unpacker is a codec that waits for its next use.
 * Invariants:
 *   S1  after the open, manifest and files never change; every data file has the manifest's size
 *       at the open
 *   S2  what a pin returns was checked: the header against the manifest, the data against its CRC
 * Threads: everything but open and close may be called by any number. The mutex guards the
 * unpackers; decoded.c has its own; neither is held while a file is read or a segment decoded.
 * Memory: the manifest, a descriptor a data file, decoded segments, and for each thread at work at
 * once an unpacker (94 KiB) and, while it reads, the packed bytes.
 * Complexity: open O(files + segments); pin O(1) when decoded, else O(segment). */
#include "core/file_error.h"
#include "tier/decoded.h"
#include "tier/folder.h"
#include "tier/manifest_file.h"

#include <firn/file.h>
#include <firn/store.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { CACHE_BYTES_DEFAULT = 16 << 20, OPEN_TRIES = 16 };

typedef struct unpacker unpacker;
struct unpacker {
    unpacker *next;
    firn_codec *codec;
};

struct firn_store {
    const firn_allocator *allocator;
    char *path;
    size_t path_size;
    firn_manifest manifest;
    firn_file *files;  /* one for each of the manifest's */
    size_t file_count; /* that many are open */
    uint64_t disk_bytes;
    firn_decoded decoded;
    bool decoded_ready;
    bool mutex_ready;
    pthread_mutex_t mutex;
    unpacker *unpackers; /* idle */
};

#define WAY_OUT "write the store anew"

/* --- opening --- */

static firn_status no_memory(const char *path, firn_error *ret_error)
{
    return firn_file_error(ret_error, ENOMEM, path, "read");
}

static void files_close(firn_store *store)
{
    for (size_t i = 0; i < store->file_count; i++)
        firn_file_close(&store->files[i]);
    firn_release(store->allocator, store->files, store->manifest.file_count * sizeof *store->files);
    store->files = NULL;
    store->file_count = 0;
}

/* Opens data file number i, which becomes store->files[i]. */
static firn_status file_open(firn_store *store, uint32_t i, firn_error *ret_error)
{
    char path[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_file_info info;
    uint32_t size = store->manifest.files[i];

    if (firn_store_data_path(store->path, store->manifest.generation, i, "", path, sizeof path) !=
        FIRN_OK)
        return firn_store_path_too_long(store->path, ret_error);
    firn_status status = firn_file_open(path, FIRN_FILE_READ, &store->files[i], ret_error);
    if (status == FIRN_UNSUPPORTED)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "%s: damaged (not a file); " WAY_OUT,
                              firn_path_shown(path, shown));
    if (status != FIRN_OK)
        return status;
    store->file_count = i + 1;
    status = firn_file_info_get(&store->files[i], &info);
    if (status != FIRN_OK)
        return firn_file_error(ret_error, EIO, path, "stat");
    if (info.size != size) /* S1 */
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "%s: damaged (%" PRIu64 " bytes where %" PRIu32 " were); " WAY_OUT,
                              firn_path_shown(path, shown), info.size, size);
    store->disk_bytes += info.size;
    return FIRN_OK;
}

/* Opens the data files that the manifest names. FIRN_NOT_FOUND when one is not there. */
static firn_status files_open(firn_store *store, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    size_t count = store->manifest.file_count;
    if (count == 0)
        return FIRN_OK;
    store->files = firn_allocate_zeroed(store->allocator, count, sizeof *store->files);
    if (store->files == NULL)
        return no_memory(store->path, ret_error);
    for (uint32_t i = 0; status == FIRN_OK && i < count; i++)
        status = file_open(store, i, ret_error);
    return status;
}

static void content_release(firn_store *store)
{
    files_close(store);
    firn_manifest_fini(&store->manifest, store->allocator);
    store->disk_bytes = 0;
}

/* Says why there is no manifest. */
static firn_status manifest_missing(const firn_store *store, firn_error *ret_error)
{
    firn_store_folder folder;
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_status status = firn_store_folder_read(store->path, &folder, ret_error);
    if (status != FIRN_OK)
        return status;
    return firn_error_set(ret_error, FIRN_NOT_STORE, 0,
                          "%s: not a Firn store (no manifest in it); name another folder",
                          firn_path_shown(store->path, shown));
}

static firn_status manifest_open(firn_store *store, firn_error *ret_error)
{
    firn_error error = {0};
    firn_status status = firn_manifest_load(store->path, store->allocator, &store->manifest,
                                            &store->disk_bytes, &error);
    if (status == FIRN_NOT_FOUND || (status == FIRN_IO && error.os_errno == ENOTDIR))
        return manifest_missing(store, ret_error);
    if (status != FIRN_OK && ret_error != NULL)
        *ret_error = error;
    return status;
}

static firn_status file_missing(const firn_store *store, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(
        ret_error, FIRN_CORRUPT, 0, "%s: damaged (data-%" PRIu64 "-%zu.firn is missing); " WAY_OUT,
        firn_path_shown(store->path, shown), store->manifest.generation, store->file_count);
}

/* A commit between the manifest's reading and the files' opening removes them: the manifest is
 * then another one, and is tried anew. A manifest that stays and lacks a file is damage. */
static firn_status content_open(firn_store *store, firn_error *ret_error)
{
    uint64_t store_id = 0;
    uint64_t generation = 0;
    char shown[FIRN_PATH_SHOWN_BYTES];

    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        firn_status status = manifest_open(store, ret_error);
        if (status != FIRN_OK)
            return status;
        status = files_open(store, ret_error);
        if (status != FIRN_NOT_FOUND)
            return status;
        if (tries > 0 && store->manifest.store_id == store_id &&
            store->manifest.generation == generation)
            return file_missing(store, ret_error);
        store_id = store->manifest.store_id;
        generation = store->manifest.generation;
        content_release(store);
    }
    return firn_error_set(ret_error, FIRN_CHANGED, 0,
                          "%s: replaced again and again while it was opened; try again",
                          firn_path_shown(store->path, shown));
}

static firn_status store_fill(firn_store *store, size_t cache_bytes, firn_error *ret_error)
{
    firn_status status = content_open(store, ret_error);
    if (status != FIRN_OK)
        return status;
    store->mutex_ready = pthread_mutex_init(&store->mutex, NULL) == 0;
    if (!store->mutex_ready)
        return no_memory(store->path, ret_error);
    if (firn_decoded_init(&store->decoded, store->allocator, store->manifest.segment_count,
                          cache_bytes) != FIRN_OK)
        return no_memory(store->path, ret_error);
    store->decoded_ready = true;
    return FIRN_OK;
}

static firn_store *store_create(const char *path, const firn_allocator *allocator)
{
    firn_store *store = firn_allocate_zeroed(allocator, 1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->allocator = allocator;
    store->path_size = strlen(path) + 1;
    store->path = firn_allocate(allocator, store->path_size);
    if (store->path == NULL) {
        firn_release(allocator, store, sizeof *store);
        return NULL;
    }
    memcpy(store->path, path, store->path_size);
    return store;
}

firn_status firn_store_open(const char *path, const firn_store_options *options,
                            firn_store **ret_store, firn_error *ret_error)
{
    static const firn_store_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: the reserved options must be 0",
                              path);
    const firn_allocator *allocator = options->allocator;
    if (allocator == NULL)
        allocator = firn_allocator_system();
    firn_store *store = store_create(path, allocator);
    if (store == NULL)
        return no_memory(path, ret_error);
    size_t cache_bytes = options->cache_bytes != 0 ? options->cache_bytes : CACHE_BYTES_DEFAULT;
    firn_status status = store_fill(store, cache_bytes, ret_error);
    if (status != FIRN_OK) {
        firn_store_close(store);
        return status;
    }
    *ret_store = store;
    return FIRN_OK;
}

void firn_store_close(firn_store *store)
{
    if (store == NULL)
        return;
    while (store->unpackers != NULL) {
        unpacker *idle = store->unpackers;
        store->unpackers = idle->next;
        firn_codec_destroy(idle->codec);
        firn_release(store->allocator, idle, sizeof *idle);
    }
    if (store->decoded_ready)
        firn_decoded_fini(&store->decoded);
    if (store->mutex_ready)
        pthread_mutex_destroy(&store->mutex);
    content_release(store);
    firn_release(store->allocator, store->path, store->path_size);
    firn_release(store->allocator, store, sizeof *store);
}

/* --- what is in it --- */

uint32_t firn_store_segment_count(const firn_store *store)
{
    return (uint32_t)store->manifest.segment_count;
}

void firn_store_segment_info(const firn_store *store, uint32_t segment, firn_segment_info *ret_info)
{
    assert(segment < store->manifest.segment_count);
    const firn_manifest_segment *record = &store->manifest.segments[segment];
    *ret_info = (firn_segment_info){
        .kind = record->kind,
        .plain_bytes = record->plain,
        .packed_bytes = record->packed,
        .codec = (firn_codec_kind)record->codec,
        .file = record->file,
        .offset_bytes = record->offset,
    };
}

void firn_store_summary_get(const firn_store *store, firn_store_summary *ret_summary)
{
    const firn_manifest *manifest = &store->manifest;
    firn_store_summary summary = {
        .store_id = manifest->store_id,
        .generation = manifest->generation,
        .manifest_bytes = firn_manifest_bytes(manifest),
        .segment_count = (uint32_t)manifest->segment_count,
        .file_count = (uint32_t)manifest->file_count,
    };
    for (size_t i = 0; i < manifest->file_count; i++)
        summary.data_bytes += manifest->files[i];
    for (size_t i = 0; i < manifest->segment_count; i++)
        summary.plain_bytes += manifest->segments[i].plain;
    *ret_summary = summary;
}

void firn_store_file_get(const firn_store *store, uint32_t file, firn_store_file *ret_file)
{
    assert(file < store->manifest.file_count);
    *ret_file = (firn_store_file){.size_bytes = store->manifest.files[file]};
    firn_store_data_name(store->manifest.generation, file, ret_file->name);
}

firn_status firn_store_unused_get(const firn_store *store, firn_store_unused *ret_unused,
                                  firn_error *ret_error)
{
    const firn_store_keep keep = {
        .generation = store->manifest.generation,
        .file_count = (uint32_t)store->manifest.file_count,
    };
    return firn_store_folder_unused(store->path, keep, ret_unused, ret_error);
}

void firn_store_usage(const firn_store *store, firn_usage *ret_usage)
{
    const firn_manifest *manifest = &store->manifest;
    /* The lock inside is all that changes. */
    firn_decoded_usage((firn_decoded *)(uintptr_t)&store->decoded, ret_usage);
    uint64_t own = sizeof *store + store->path_size +
                   manifest->file_capacity * sizeof *manifest->files +
                   manifest->segment_capacity * sizeof *manifest->segments +
                   store->file_count * sizeof *store->files;
    ret_usage->overhead_bytes += own;
    ret_usage->reserved_bytes += own;
    ret_usage->resident_bytes += own;
    ret_usage->disk_bytes = store->disk_bytes;
}

/* --- unpackers --- */

static unpacker *unpacker_take(firn_store *store)
{
    pthread_mutex_lock(&store->mutex);
    unpacker *taken = store->unpackers;
    if (taken != NULL)
        store->unpackers = taken->next;
    pthread_mutex_unlock(&store->mutex);
    if (taken != NULL)
        return taken;
    taken = firn_allocate_zeroed(store->allocator, 1, sizeof *taken);
    if (taken == NULL)
        return NULL;
    if (firn_codec_create(store->allocator, &taken->codec) != FIRN_OK) {
        firn_release(store->allocator, taken, sizeof *taken);
        return NULL;
    }
    return taken;
}

static void unpacker_give(firn_store *store, unpacker *given)
{
    pthread_mutex_lock(&store->mutex);
    given->next = store->unpackers;
    store->unpackers = given;
    pthread_mutex_unlock(&store->mutex);
}

/* --- reading a segment --- */

static firn_status segment_failed(const firn_store *store, uint32_t segment, firn_status status,
                                  const char *cause, firn_error *ret_error)
{
    const char *way_out = status == FIRN_NO_MEMORY ? "free some memory"
                          : status == FIRN_IO      ? "check the device"
                          : status == FIRN_VERSION ? "use that version"
                                                   : WAY_OUT;
    char path[FIRN_STORE_PATH_BYTES];
    char shown[FIRN_PATH_SHOWN_BYTES];
    const firn_manifest *manifest = &store->manifest;
    uint32_t file = manifest->segments[segment].file;
    if (firn_store_data_path(store->path, manifest->generation, file, "", path, sizeof path) !=
        FIRN_OK)
        return firn_store_path_too_long(store->path, ret_error);
    return firn_error_set(ret_error, status, 0, "%s: segment %" PRIu32 " %s; %s",
                          firn_path_shown(path, shown), segment, cause, way_out);
}

static const char *unpack_cause(firn_status status)
{
    switch (status) {
    case FIRN_NO_MEMORY:
        return "cannot be unpacked (out of memory)";
    case FIRN_VERSION:
        return "was written by a later version";
    default:
        return "is damaged (checksum)";
    }
}

/* Whether a header is the one that the manifest expects there. */
static bool header_expected(const firn_store *store, uint32_t segment,
                            const firn_segment_header *header)
{
    const firn_manifest_segment *record = &store->manifest.segments[segment];
    return header->store_id == store->manifest.store_id &&
           header->generation == store->manifest.generation && header->segment == segment &&
           header->kind == record->kind && header->plain == record->plain &&
           header->packed == record->packed;
}

/* Checks and unpacks a segment's bytes, record->packed of them, into out. */
static firn_status segment_unpack(firn_store *store, uint32_t segment, const uint8_t *packed,
                                  uint8_t *out, firn_error *ret_error)
{
    const firn_manifest_segment *record = &store->manifest.segments[segment];
    firn_segment_header header;
    firn_status status = firn_segment_header_read(packed, record->packed, &header);
    if (status != FIRN_OK)
        return segment_failed(store, segment, status,
                              status == FIRN_VERSION ? unpack_cause(status) : "is damaged (header)",
                              ret_error);
    if (!header_expected(store, segment, &header))
        return segment_failed(store, segment, FIRN_CORRUPT,
                              "is damaged (a stale or misplaced segment)", ret_error);
    unpacker *taken = unpacker_take(store);
    if (taken == NULL)
        return no_memory(store->path, ret_error);
    const uint8_t frame_kind = packed[FIRN_SEGMENT_HEADER_BYTES];
    status = firn_codec_unpack(taken->codec, packed + FIRN_SEGMENT_HEADER_BYTES,
                               record->packed - FIRN_SEGMENT_HEADER_BYTES, out, record->plain);
    unpacker_give(store, taken);
    if (status == FIRN_OK && frame_kind != record->codec)
        status = FIRN_CORRUPT;
    if (status != FIRN_OK)
        return segment_failed(store, segment, status, unpack_cause(status), ret_error);
    return FIRN_OK;
}

/* Reads, checks and unpacks a segment into out, which has room for its plain size (S2). */
static firn_status segment_read(firn_store *store, uint32_t segment, uint8_t *out,
                                firn_error *ret_error)
{
    const firn_manifest_segment *record = &store->manifest.segments[segment];
    size_t got = 0;
    uint8_t *packed = firn_allocate(store->allocator, record->packed);
    if (packed == NULL)
        return no_memory(store->path, ret_error);
    firn_status status = firn_file_read_at(&store->files[record->file], record->offset, packed,
                                           record->packed, &got);
    if (status != FIRN_OK)
        status = segment_failed(store, segment, status, "cannot be read", ret_error);
    else if (got != record->packed)
        status = segment_failed(store, segment, FIRN_CORRUPT, "is damaged (the file is cut off)",
                                ret_error);
    else
        status = segment_unpack(store, segment, packed, out, ret_error);
    firn_release(store->allocator, packed, record->packed);
    return status;
}

static firn_status no_segment(const firn_store *store, uint32_t segment, firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_INVALID, 0,
                          "%s: has no segment %" PRIu32 ", only %zu of them", store->path, segment,
                          store->manifest.segment_count);
}

firn_status firn_store_pin(firn_store *store, uint32_t segment, firn_segment *ret_segment,
                           firn_error *ret_error)
{
    if (segment >= store->manifest.segment_count)
        return no_segment(store, segment, ret_error);
    uint32_t size = store->manifest.segments[segment].plain;
    firn_decoded_entry *entry;
    bool fill;
    if (firn_decoded_pin(&store->decoded, segment, size, &entry, &fill) != FIRN_OK)
        return no_memory(store->path, ret_error);
    uint8_t *data = firn_decoded_data(entry);
    if (fill) {
        firn_status status = segment_read(store, segment, data, ret_error);
        firn_decoded_filled(&store->decoded, entry, status == FIRN_OK);
        if (status != FIRN_OK)
            return status;
    }
    *ret_segment = (firn_segment){.data = size > 0 ? data : NULL, .size = size, .entry = entry};
    return FIRN_OK;
}

void firn_store_unpin(firn_store *store, firn_segment *segment)
{
    firn_decoded_unpin(&store->decoded, segment->entry);
    *segment = (firn_segment){0};
}

/* --- verifying --- */

/* Plain bytes; at least 1. */
static size_t largest_segment(const firn_store *store)
{
    size_t largest = 1;
    for (size_t i = 0; i < store->manifest.segment_count; i++)
        if (store->manifest.segments[i].plain > largest)
            largest = store->manifest.segments[i].plain;
    return largest;
}

firn_status firn_store_segment_verify(firn_store *store, uint32_t segment, firn_error *ret_error)
{
    if (segment >= store->manifest.segment_count)
        return no_segment(store, segment, ret_error);
    size_t room = store->manifest.segments[segment].plain;
    uint8_t *buffer = firn_allocate(store->allocator, room > 0 ? room : 1);
    if (buffer == NULL)
        return no_memory(store->path, ret_error);
    firn_status status = segment_read(store, segment, buffer, ret_error);
    firn_release(store->allocator, buffer, room > 0 ? room : 1);
    return status;
}

firn_status firn_store_verify(firn_store *store, uint32_t *ret_damaged, firn_error *ret_error)
{
    firn_status first = FIRN_OK;
    uint32_t damaged = 0;
    size_t room = largest_segment(store);
    /* From the files, whatever is decoded already. */
    uint8_t *buffer = firn_allocate(store->allocator, room);
    if (buffer == NULL)
        return no_memory(store->path, ret_error);
    for (uint32_t i = 0; i < store->manifest.segment_count; i++) {
        firn_error error;
        firn_status status = segment_read(store, i, buffer, &error);
        if (status == FIRN_OK)
            continue;
        if (first == FIRN_OK || status == FIRN_NO_MEMORY) {
            first = status;
            if (ret_error != NULL)
                *ret_error = error;
        }
        if (status == FIRN_NO_MEMORY)
            break;
        damaged++;
    }
    firn_release(store->allocator, buffer, room);
    *ret_damaged = damaged;
    return first;
}
