/* A database of SQLite as a subject: tables, an index, a trigger, prepared statements that are
 * kept, one that stands in the middle of its rows, transactions that are rolled back, text of all
 * sizes.
 */
#ifndef FIRN_TESTS_SQLITE_SUBJECT_H
#define FIRN_TESTS_SQLITE_SUBJECT_H

#include "subject.h"

#include <firn/adapters/sqlite.h>

enum { SQLITE_SUBJECT_ACTS = 7 };

typedef struct sqlite_subject {
    const firn_allocator *allocator;
    sqlite3 *database;
    sqlite3_stmt *acts[SQLITE_SUBJECT_ACTS], *reader;
    uint32_t sum;
} sqlite_subject;

static const char sqlite_subject_tables[] =
    "PRAGMA temp_store = MEMORY;\n"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, word TEXT, size INTEGER);\n"
    "CREATE INDEX item_word ON item(word);\n"
    "CREATE TABLE gone(id INTEGER, size INTEGER);\n"
    "CREATE TRIGGER item_gone AFTER DELETE ON item BEGIN\n"
    "  INSERT INTO gone VALUES(old.id, old.size); END;\n";

/* ?1 is the random number. */
static const char *const sqlite_subject_acts[SQLITE_SUBJECT_ACTS] = {
    "REPLACE INTO item VALUES(?1 % 5000, printf('%x-%.*c', ?1, ?1 % 90, 'w'), ?1 % 977)",
    "INSERT INTO item SELECT id + 10000 + ?1 % 3000, word || id, size FROM item"
    " WHERE id BETWEEN ?1 % 5000 AND ?1 % 5000 + 40 ON CONFLICT DO NOTHING",
    "UPDATE item SET word = printf('%.*c%d', ?1 % 6000, 'z', id) WHERE id = ?1 % 5000",
    "DELETE FROM item WHERE id BETWEEN ?1 % 15000 AND ?1 % 15000 + 20",
    "DELETE FROM gone WHERE id % 64 = ?1 % 64",
    "SELECT sum(size), count(*) FROM item WHERE word > printf('%x', ?1)",
    "SELECT max(length(a.word)), count(*) FROM item a JOIN gone b USING(size)"
    " WHERE a.id BETWEEN ?1 % 5000 AND ?1 % 5000 + 30 GROUP BY a.size ORDER BY 2, 1",
};

/* Whether it went well; any other error than the lack of memory is a breach. */
static inline bool sqlite_subject_went(sqlite_subject *data, int status)
{
    if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW)
        return true;
    if (status != SQLITE_NOMEM && status != SQLITE_IOERR_NOMEM)
        subject_breach(sqlite3_errmsg(data->database));
    return false;
}

static inline void sqlite_subject_close(void *self)
{
    sqlite_subject *data = self;
    const firn_allocator *before = firn_current_enter(data->allocator);
    for (size_t i = 0; i < SQLITE_SUBJECT_ACTS; i++)
        sqlite3_finalize(data->acts[i]);
    sqlite3_finalize(data->reader);
    if (sqlite3_close(data->database) != SQLITE_OK)
        subject_breach("the database is busy");
    firn_current_enter(before);
}

static inline bool sqlite_subject_prepare(sqlite_subject *data)
{
    for (size_t i = 0; i < SQLITE_SUBJECT_ACTS; i++)
        if (!sqlite_subject_went(data, sqlite3_prepare_v2(data->database, sqlite_subject_acts[i],
                                                          -1, &data->acts[i], NULL)))
            return false;
    return sqlite_subject_went(data, sqlite3_prepare_v2(data->database,
                                                        "SELECT size FROM item ORDER BY word, id",
                                                        -1, &data->reader, NULL));
}

static inline bool sqlite_subject_open(void *self, const firn_allocator *allocator)
{
    sqlite_subject *data = self;
    *data = (sqlite_subject){.allocator = allocator};
    const firn_allocator *before = firn_current_enter(allocator);
    bool went = sqlite_subject_went(data, sqlite3_open(":memory:", &data->database)) &&
                sqlite_subject_went(
                    data, sqlite3_exec(data->database, sqlite_subject_tables, NULL, NULL, NULL)) &&
                sqlite_subject_prepare(data);
    firn_current_enter(before);
    if (!went)
        sqlite_subject_close(data);
    return went;
}

static inline void sqlite_subject_fold(sqlite_subject *data, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        data->sum = data->sum * 31 + (uint32_t)sqlite3_column_int64(statement, i);
}

/* The reader goes on by some rows; it is begun anew before tables change under it, as what it then
 * would see is not told. */
static inline bool sqlite_subject_read(sqlite_subject *data, uint32_t count)
{
    int status = SQLITE_ROW;
    while (count-- > 0 && status == SQLITE_ROW) {
        status = sqlite3_step(data->reader);
        if (status == SQLITE_ROW)
            sqlite_subject_fold(data, data->reader);
    }
    if (status != SQLITE_ROW)
        status = sqlite3_reset(data->reader);
    return sqlite_subject_went(data, status);
}

static inline bool sqlite_subject_act(sqlite_subject *data, uint32_t random)
{
    sqlite3_stmt *act = data->acts[random % SQLITE_SUBJECT_ACTS];
    if (sqlite3_stmt_readonly(act) == 0)
        (void)sqlite3_reset(data->reader);
    int status = sqlite3_bind_int64(act, 1, random / 8);
    if (status == SQLITE_OK) {
        while ((status = sqlite3_step(act)) == SQLITE_ROW)
            sqlite_subject_fold(data, act);
        int reset = sqlite3_reset(act);
        status = status == SQLITE_DONE ? reset : status;
    }
    return sqlite_subject_went(data, status);
}

static inline bool sqlite_subject_step(void *self, uint32_t random)
{
    sqlite_subject *data = self;
    const firn_allocator *before = firn_current_enter(data->allocator);
    bool went = true;
    if (random % 11 == 0) { /* what is undone leaves no trace but in what was read */
        (void)sqlite3_reset(data->reader);
        went = sqlite_subject_went(
            data, sqlite3_exec(data->database, "BEGIN; DELETE FROM item WHERE id % 3 = 0; ROLLBACK",
                               NULL, NULL, NULL));
        if (sqlite3_get_autocommit(data->database) == 0)
            (void)sqlite3_exec(data->database, "ROLLBACK", NULL, NULL, NULL);
    } else if (random % 3 == 0) {
        went = sqlite_subject_read(data, random % 200);
    } else {
        went = sqlite_subject_act(data, random);
    }
    firn_current_enter(before);
    return went;
}

static inline uint32_t sqlite_subject_digest(void *self)
{
    static const char question[] = "SELECT id, size, length(word), unicode(word) FROM item"
                                   " UNION ALL SELECT id, size, 0, 0 FROM gone ORDER BY 1, 2, 3";
    sqlite_subject *data = self;
    sqlite3_stmt *statement = NULL;
    const firn_allocator *before = firn_current_enter(data->allocator);
    if (!sqlite_subject_went(data,
                             sqlite3_prepare_v2(data->database, question, -1, &statement, NULL)))
        subject_breach("no memory for a digest");
    int status;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW)
        sqlite_subject_fold(data, statement);
    if (status != SQLITE_DONE || sqlite3_finalize(statement) != SQLITE_OK)
        subject_breach("the digest ended early");
    firn_current_enter(before);
    return data->sum;
}

static const subject sqlite_subject_kind = {sqlite_subject_open, sqlite_subject_step,
                                            sqlite_subject_digest, sqlite_subject_close};

#endif
