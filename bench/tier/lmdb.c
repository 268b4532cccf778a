/* bench/tier: LMDB in a file, which its gets read through the page cache. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tier/store.h"

enum { BATCH = 1000 };

static MDB_env *env;
static MDB_txn *txn; /* of puts */
static MDB_txn *reader;
static MDB_dbi dbi;
static unsigned gathered;

static void must(int result)
{
    if (result == 0)
        return;
    fprintf(stderr, "lmdb: %s\n", mdb_strerror(result));
    exit(1);
}

void store_open(const struct store_options *options)
{
    must(mdb_env_create(&env));
    must(mdb_env_set_mapsize(env, (size_t)8 << 30));
    must(mdb_env_open(env, options->folder, MDB_NOSYNC, 0600));
    must(mdb_txn_begin(env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, NULL, MDB_CREATE, &dbi));
}

void store_close(void)
{
    mdb_txn_abort(reader);
    mdb_env_close(env);
}

pid_t store_process(void)
{
    return getpid();
}

bool store_put(const char *key, size_t key_size, const char *value, size_t size)
{
    MDB_val at = {key_size, (void *)(uintptr_t)key}, data = {size, (void *)(uintptr_t)value};
    must(mdb_put(txn, dbi, &at, &data, 0));
    if (++gathered % BATCH == 0) {
        must(mdb_txn_commit(txn));
        must(mdb_txn_begin(env, NULL, 0, &txn));
    }
    return true;
}

void store_settle(void)
{
    must(mdb_txn_commit(txn));
    must(mdb_env_sync(env, 1));
    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader));
}

/* A transaction for each, as the gets of another day would have. */
ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity)
{
    MDB_val at = {key_size, (void *)(uintptr_t)key}, data;
    mdb_txn_reset(reader);
    must(mdb_txn_renew(reader));
    if (mdb_get(reader, dbi, &at, &data) != 0)
        return -1;
    memcpy(out, data.mv_data, data.mv_size < capacity ? data.mv_size : capacity);
    return (ptrdiff_t)data.mv_size;
}

bool store_round_trip(void)
{
    return false;
}

int64_t store_disk_gets(void)
{
    return -1;
}
