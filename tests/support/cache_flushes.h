/* A small cache's store of one segment a flush, whose keys are known by it: for tests that damage
 * the store's files. For one program's static use. */
#ifndef FIRN_TESTS_CACHE_FLUSHES_H
#define FIRN_TESTS_CACHE_FLUSHES_H

#include "support/cache_fixture.h"

#include <firn/store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum {
    FLUSHES = 3,
    FLUSH_KEYS = 3,
    FLUSH_VALUE = 120,
    FLUSH_FILES_MAX = 8,
    FLUSH_DATA_KIND = 0x4346,
    FLUSH_LIST_KIND = 0x4c43
};

static inline firn_status flushes_open(const char *folder, firn_cache **ret_cache,
                                       firn_error *error)
{
    firn_cache_options options = {.limit_bytes = FIRN_CACHE_STORE_MIN_BYTES,
                                  .store = folder,
                                  .shard_count = 1,
                                  .no_thread = true,
                                  .ignore_pressure = true,
                                  .clock_ns = fake_clock};
    return firn_cache_open(&options, ret_cache, error);
}

/* Bytes that do not pack, so that all segments are of one size. */
static inline void flushes_value(uint32_t version, uint32_t key, uint8_t out[FLUSH_VALUE])
{
    rng random;
    rng_seed(&random, (uint64_t)version << 32 | key);
    rng_bytes(&random, out, FLUSH_VALUE);
}

static inline firn_bytes flushes_key(uint32_t key, char out[24])
{
    int size = snprintf(out, 24, "key:%03u", (unsigned)key % 1000);
    return (firn_bytes){out, (size_t)size};
}

/* Puts the keys of a flush, and flushes. */
static inline void flushes_make(firn_cache *cache, uint32_t version, uint32_t flush)
{
    uint8_t value[FLUSH_VALUE];
    char text[24];
    for (uint32_t key = flush * FLUSH_KEYS; key < (flush + 1) * FLUSH_KEYS; key++) {
        flushes_value(version, key, value);
        firn_bytes bytes = {value, sizeof value};
        assert_int_equal(firn_cache_put(cache, flushes_key(key, text), bytes, NULL), FIRN_OK);
    }
    assert_int_equal(firn_cache_flush(cache, NULL), FIRN_OK);
}

static inline void flushes_fill(const char *folder, uint32_t version)
{
    firn_cache *cache;
    assert_int_equal(flushes_open(folder, &cache, NULL), FIRN_OK);
    for (uint32_t flush = 0; flush < FLUSHES; flush++)
        flushes_make(cache, version, flush);
    firn_cache_close(cache);
}

/* Errors are one line that names the store. */
static inline bool flushes_told_well(const firn_error *error)
{
    return error->status != FIRN_OK && strstr(error->text, path) != NULL &&
           strchr(error->text, '\n') == NULL;
}

/* Gets a flush's keys: returns how many are told to be damaged; all others are right. */
static inline uint32_t flushes_damaged(firn_cache *cache, uint32_t version, uint32_t flush,
                                       const char *what)
{
    uint32_t damaged = 0;
    for (uint32_t key = flush * FLUSH_KEYS; key < (flush + 1) * FLUSH_KEYS; key++) {
        uint8_t value[FLUSH_VALUE], expected[FLUSH_VALUE];
        char text[24];
        size_t size = 0;
        firn_error error = {0};
        flushes_value(version, key, expected);
        firn_status status =
            firn_cache_get(cache, flushes_key(key, text), value, sizeof value, &size, &error);
        if (status == FIRN_OK && size == sizeof value && memcmp(value, expected, size) == 0)
            continue;
        if (status == FIRN_OK || !flushes_told_well(&error) ||
            (status != FIRN_CORRUPT && status != FIRN_VERSION))
            fail_msg("%s: key %u: %s %s", what, (unsigned)key, firn_status_name(status),
                     error.text);
        damaged++;
    }
    return damaged;
}

/* --- the store's files, kept in memory --- */

typedef struct flushes_file {
    char name[48];
    uint8_t *data;
    size_t size;
} flushes_file;

typedef struct flushes_files {
    flushes_file all[FLUSH_FILES_MAX];
    size_t count;
} flushes_files;

static inline void flushes_files_read(const char *folder, flushes_files *ret)
{
    DIR *opened = opendir(folder);
    assert_non_null(opened);
    ret->count = 0;
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        assert_true(ret->count < FLUSH_FILES_MAX);
        flushes_file *file = &ret->all[ret->count++];
        snprintf(file->name, sizeof file->name, "%.47s", entry->d_name);
        file->data = tempdir_read(tempdir_path(folder, file->name), &file->size);
        assert_non_null(file->data);
    }
    closedir(opened);
}

/* Lays them out again, whatever there was. */
static inline void flushes_files_write(const char *folder, const flushes_files *files)
{
    tempdir_empty(folder);
    for (size_t i = 0; i < files->count; i++)
        tempdir_write(tempdir_path(folder, files->all[i].name), files->all[i].data,
                      files->all[i].size);
}

static inline void flushes_files_free(flushes_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->all[i].data);
    files->count = 0;
}

static inline flushes_file *flushes_file_of(flushes_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->all[i].name, name) == 0)
            return &files->all[i];
    fail_msg("there is no file %s", name);
    return NULL;
}

/* --- where its segments lie --- */

/* Of a kind, in the order of their numbers, which is that of the flushes; returns how many. */
static inline size_t flushes_segments(const char *folder, uint32_t kind, size_t capacity,
                                      firn_segment_info *ret)
{
    firn_store *store;
    firn_segment_info info;
    size_t count = 0;
    assert_int_equal(firn_store_open(folder, &(firn_store_options){0}, &store, NULL), FIRN_OK);
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        if (info.kind != kind)
            continue;
        assert_true(count < capacity);
        ret[count++] = info;
    }
    firn_store_close(store);
    return count;
}

static inline uint8_t *flushes_segment_bytes(flushes_files *files, const firn_segment_info *info)
{
    char name[48];
    snprintf(name, sizeof name, "data-%u.firn", (unsigned)info->file);
    flushes_file *file = flushes_file_of(files, name);
    assert_true(info->offset_bytes + info->packed_bytes <= file->size);
    return file->data + info->offset_bytes;
}

#endif
