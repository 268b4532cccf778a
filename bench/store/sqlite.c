/* bench/store: SQLite, a table of keys and blobs, with a write-ahead log that each commit syncs. */
#include "store/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;
static sqlite3_stmt *put, *get;
static int in_group;

static void must(int result)
{
    if (result == SQLITE_OK || result == SQLITE_DONE)
        return;
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void run(const char *text)
{
    must(sqlite3_exec(db, text, NULL, NULL, NULL));
}

void db_open(const char *folder)
{
    char path[512], text[64];
    snprintf(path, sizeof path, "%s/db", folder);
    must(sqlite3_open(path, &db));
    run("pragma journal_mode = wal");
    run("pragma synchronous = full");
    snprintf(text, sizeof text, "pragma cache_size = %d", -DB_CACHE_BYTES / 1024);
    run(text);
    run("create table if not exists kept (key integer primary key, value blob)");
    must(sqlite3_prepare_v2(db, "insert or replace into kept values (?, ?)", -1, &put, NULL));
    must(sqlite3_prepare_v2(db, "select value from kept where key = ?", -1, &get, NULL));
}

void db_close(void)
{
    must(sqlite3_finalize(put));
    must(sqlite3_finalize(get));
    must(sqlite3_close(db));
}

void db_put(uint32_t key, const void *value, size_t size)
{
    if (!in_group)
        run("begin");
    in_group = 1;
    must(sqlite3_bind_int64(put, 1, key));
    must(sqlite3_bind_blob64(put, 2, value, size, SQLITE_STATIC));
    must(sqlite3_step(put));
    must(sqlite3_reset(put));
}

void db_commit(void)
{
    run("commit");
    in_group = 0;
}

size_t db_get(uint32_t key, void *out, size_t capacity)
{
    must(sqlite3_bind_int64(get, 1, key));
    if (sqlite3_step(get) != SQLITE_ROW) {
        fprintf(stderr, "sqlite: value %u is missing\n", key);
        exit(1);
    }
    size_t size = (size_t)sqlite3_column_bytes(get, 0);
    memcpy(out, sqlite3_column_blob(get, 0), size < capacity ? size : capacity);
    must(sqlite3_reset(get));
    return size;
}

void db_compact(void)
{
    run("vacuum");
    run("pragma wal_checkpoint(truncate)");
}
