/* bench/map: LMDB in a file without name, one transaction over all. Its memory is the pages that
 * the database takes. */
#include <lmdb.h>
#include <errno.h>
#include <unistd.h>

#include "map/keys.h"

struct subject {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

#define SUBJECT_OUTSIDE(subject) pages_bytes(subject)

static inline void must(int result)
{
    if (result != 0) {
        fprintf(stderr, "lmdb: %s\n", mdb_strerror(result));
        exit(1);
    }
}

static inline MDB_val key_val(map_key *key)
{
#ifdef KIND_TEXT
    return (MDB_val){key->size, (void *)(uintptr_t)key->data};
#else
    return (MDB_val){sizeof *key, key};
#endif
}

static inline double pages_bytes(struct subject *subject)
{
    MDB_stat stat;
    must(mdb_stat(subject->txn, subject->dbi, &stat));
    return (double)stat.ms_psize *
           (double)(stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
}

static inline void subject_init(struct subject *subject)
{
    char path[] = "/tmp/firn-bench-lmdb-XXXXXX";
    int file = mkstemp(path);
    if (file < 0)
        must(errno);
    close(file);
    must(mdb_env_create(&subject->env));
    must(mdb_env_set_mapsize(subject->env, (size_t)4 << 30));
    must(mdb_env_open(subject->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_WRITEMAP,
                      0600));
    unlink(path);
    must(mdb_txn_begin(subject->env, NULL, 0, &subject->txn));
#ifdef KIND_TEXT
    must(mdb_dbi_open(subject->txn, NULL, MDB_CREATE, &subject->dbi));
#else
    must(mdb_dbi_open(subject->txn, NULL, MDB_CREATE | MDB_INTEGERKEY, &subject->dbi));
#endif
}

static inline void subject_fini(struct subject *subject)
{
    mdb_txn_abort(subject->txn);
    mdb_env_close(subject->env);
}

static inline void subject_put(struct subject *subject, map_key key, map_value value)
{
    MDB_val at = key_val(&key), data = {sizeof value, &value};
    must(mdb_put(subject->txn, subject->dbi, &at, &data, 0));
}

static inline bool subject_get(struct subject *subject, map_key key, map_value *ret_value)
{
    MDB_val at = key_val(&key), data;
    if (mdb_get(subject->txn, subject->dbi, &at, &data) != 0)
        return false;
    memcpy(ret_value, data.mv_data, sizeof *ret_value);
    return true;
}

static inline bool subject_remove(struct subject *subject, map_key key)
{
    MDB_val at = key_val(&key);
    return mdb_del(subject->txn, subject->dbi, &at, NULL) == 0;
}

static inline uint64_t scan(struct subject *subject, map_key *from, uint64_t count)
{
    MDB_cursor *cursor;
    MDB_val key = {0, NULL}, data;
    uint64_t sum = 0;
    if (from != NULL)
        key = key_val(from);
    must(mdb_cursor_open(subject->txn, subject->dbi, &cursor));
    int result = mdb_cursor_get(cursor, &key, &data, from != NULL ? MDB_SET_RANGE : MDB_FIRST);
    for (; result == 0 && count > 0; count--) {
        map_value value;
        map_key found;
#ifdef KIND_TEXT
        found = (map_key){key.mv_data, key.mv_size};
#else
        memcpy(&found, key.mv_data, sizeof found);
#endif
        memcpy(&value, data.mv_data, sizeof value);
        sum += key_digest(found) + value;
        result = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return sum;
}

static inline uint64_t subject_sum(struct subject *subject)
{
    return scan(subject, NULL, UINT64_MAX);
}

static inline uint64_t subject_scan(struct subject *subject, map_key from, unsigned count)
{
    return scan(subject, &from, count);
}

#include "map/driver.h"
