/* bench/store: firn_journal, whose table of all values is written by each commit that changes one.
 */
#include "store/db.h"

#include <firn/journal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GARBAGE_PERCENT = 5 };

static firn_store *store;
static firn_journal *journal;

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
    const firn_store_options options = {.mode = FIRN_STORE_WRITE, .cache_bytes = DB_CACHE_BYTES};
    must(firn_store_open(folder, &options, &store, &error), &error);
    must(firn_journal_open(store, firn_store_root(store), NULL, &journal, &error), &error);
}

void db_close(void)
{
    firn_journal_close(journal);
    firn_store_close(store);
}

void db_put(uint32_t key, const void *value, size_t size)
{
    firn_error error;
    must(firn_journal_put(journal, key, value, size, &error), &error);
}

void db_commit(void)
{
    firn_error error;
    uint32_t table;
    must(firn_journal_flush(journal, &table, &error), &error);
    must(firn_store_commit(store, table, &error), &error);
}

size_t db_get(uint32_t key, void *out, size_t capacity)
{
    firn_error error;
    void *data;
    size_t size;
    must(firn_journal_get(journal, key, NULL, &data, &size, &error), &error);
    memcpy(out, data, size < capacity ? size : capacity);
    firn_release(NULL, data, size);
    return size;
}

void db_compact(void)
{
    firn_error error;
    uint64_t moved = 1;
    const firn_store_compact_options options = {.garbage_percent = GARBAGE_PERCENT};
    while (moved > 0) {
        must(firn_store_compact(store, NULL, &options, &moved, &error), &error);
        must(firn_store_commit(store, firn_store_root(store), &error), &error);
    }
}
