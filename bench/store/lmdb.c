/* bench/store: LMDB, whose values are not packed. */
#include "store/db.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static MDB_env *env;
static MDB_txn *txn; /* of puts; NULL: none yet */
static MDB_txn *reader;
static MDB_dbi dbi;
static char *path;

static void must(int result)
{
    if (result == 0)
        return;
    fprintf(stderr, "lmdb: %s\n", mdb_strerror(result));
    exit(1);
}

static MDB_val key_val(uint32_t *key)
{
    return (MDB_val){sizeof *key, key};
}

void db_open(const char *folder)
{
    free(path);
    if ((path = strdup(folder)) == NULL)
        exit(1);
    reader = NULL;
    must(mdb_env_create(&env));
    must(mdb_env_set_mapsize(env, (size_t)16 << 30));
    must(mdb_env_open(env, folder, 0, 0600));
    must(mdb_txn_begin(env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, NULL, MDB_CREATE | MDB_INTEGERKEY, &dbi));
    db_commit();
}

void db_close(void)
{
    mdb_txn_abort(reader);
    mdb_env_close(env);
}

void db_put(uint32_t key, const void *value, size_t size)
{
    MDB_val at = key_val(&key), data = {size, (void *)(uintptr_t)value};
    if (txn == NULL)
        must(mdb_txn_begin(env, NULL, 0, &txn));
    must(mdb_put(txn, dbi, &at, &data, 0));
}

void db_commit(void)
{
    must(mdb_txn_commit(txn));
    txn = NULL;
}

size_t db_get(uint32_t key, void *out, size_t capacity)
{
    MDB_val at = key_val(&key), data;
    if (reader != NULL)
        must(mdb_txn_renew(reader));
    else
        must(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader));
    must(mdb_get(reader, dbi, &at, &data));
    memcpy(out, data.mv_data, data.mv_size < capacity ? data.mv_size : capacity);
    mdb_txn_reset(reader);
    return data.mv_size;
}

/* By a copy that takes the file's place. */
void db_compact(void)
{
    char *folder = strdup(path), copy[512], from[512], to[512];
    snprintf(copy, sizeof copy, "%s/copy", path);
    snprintf(from, sizeof from, "%s/copy/data.mdb", path);
    snprintf(to, sizeof to, "%s/data.mdb", path);
    if (folder == NULL || mkdir(copy, 0700) != 0)
        must(errno);
    must(mdb_env_copy2(env, copy, MDB_CP_COMPACT));
    db_close();
    if (rename(from, to) != 0 || rmdir(copy) != 0)
        must(errno);
    db_open(folder);
    free(folder);
}
