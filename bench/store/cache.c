/* bench/store: firn_cache, from keys to values, whose store is on the disk and which flushes. */
#include "store/db.h"

#include <firn/cache.h>
#include <firn/store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS_MAX = 1000, GARBAGE_PERCENT = 5 };

static firn_cache *cache;
static char *path;

static void must(firn_status status, const firn_error *error)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "firn: %s: %s\n", firn_status_name(status), error->text);
    exit(1);
}

void db_open(const char *folder)
{
    firn_error error;
    free(path);
    if ((path = strdup(folder)) == NULL)
        exit(1);
    const firn_cache_options options = {
        .limit_bytes = DB_CACHE_BYTES, .store = path, .ignore_pressure = true, .no_repack = true};
    must(firn_cache_open(&options, &cache, &error), &error);
}

void db_close(void)
{
    firn_cache_close(cache);
}

void db_put(uint32_t key, const void *value, size_t size)
{
    firn_error error;
    must(firn_cache_put(cache, (firn_bytes){&key, sizeof key}, (firn_bytes){value, size}, &error),
         &error);
}

void db_commit(void)
{
    firn_error error;
    must(firn_cache_flush(cache, &error), &error);
}

size_t db_get(uint32_t key, void *out, size_t capacity)
{
    firn_error error;
    size_t size;
    must(firn_cache_get(cache, (firn_bytes){&key, sizeof key}, out, capacity, &size, &error),
         &error);
    return size;
}

static uint64_t disk_bytes(void)
{
    firn_usage usage;
    firn_cache_usage(cache, &usage);
    return usage.disk_bytes;
}

/* What a cache does in the background, until nothing gets less, and then the files without it, in
 * which it would leave garbage up to a half. */
void db_compact(void)
{
    firn_error error;
    uint64_t before = 0, moved = 1;
    for (int tick = 0; tick < TICKS_MAX && disk_bytes() != before; tick++) {
        before = disk_bytes();
        must(firn_cache_tick(cache, &error), &error);
    }
    db_close();
    firn_store *store;
    must(firn_store_open(path, &(firn_store_options){.mode = FIRN_STORE_WRITE}, &store, &error),
         &error);
    const firn_store_compact_options options = {.garbage_percent = GARBAGE_PERCENT};
    while (moved > 0) {
        must(firn_store_compact(store, NULL, &options, &moved, &error), &error);
        must(firn_store_commit(store, firn_store_root(store), &error), &error);
    }
    firn_store_close(store);
    char *folder = strdup(path);
    if (folder == NULL)
        exit(1);
    db_open(folder);
    free(folder);
}
