/* SQLite in memory of firn_allocators, such as those of regions: one database each, or several.
 * SQLite has one allocator for the process, so it is told once, and each thread says whose memory
 * its calls take (current.h). Header-only; Firn does not link with SQLite.
 *
 *     firn_sqlite_configure();                       once, before all other calls of SQLite
 *     const firn_allocator *before = firn_current_enter(&allocator);
 *     sqlite3_open(":memory:", &database);
 *     firn_current_enter(before);
 *
 * Every later call on the database, its statements and its values is made inside as well. A
 * database that was opened inside has its pages, lookaside slots, mutexes, schema and prepared
 * statements in there. Keep statements and text results within their region: they are its blocks.
 *
 * Outside nevertheless: SQLite's own tables, which it makes in sqlite3_initialize (that is called
 * by firn_sqlite_configure, so that they come from the system's memory and never from a region's);
 * what user functions and virtual tables allocate by themselves; files, and the file handles of the
 * process, of databases that are no ":memory:" ones; shared caches, which must be left off.
 *
 * Threads: as SQLite's, but a database, being in a region, is used by one at a time. */
#ifndef FIRN_ADAPTERS_SQLITE_H
#define FIRN_ADAPTERS_SQLITE_H

#include <firn/adapters/current.h>

#include <sqlite3.h>

FIRN_BEGIN

static inline void *firn_sqlite_allocate(int size)
{
    return size > 0 ? firn_current_allocate((size_t)size) : NULL;
}

static inline void *firn_sqlite_reallocate(void *block, int size)
{
    return size > 0 ? firn_current_reallocate(block, (size_t)size) : NULL;
}

static inline int firn_sqlite_size(void *block)
{
    return block != NULL ? (int)firn_current_size(block) : 0;
}

static inline int firn_sqlite_round(int size)
{
    return (size + 7) & ~7;
}

static inline int firn_sqlite_begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static inline void firn_sqlite_end(void *context)
{
    (void)context;
}

/* Has SQLite take all its memory, that of the page cache and of lookaside too, as current.h says,
 * and initializes it. SQLITE_MISUSE when it was initialized before; else what SQLite returns. */
static inline int firn_sqlite_configure(void)
{
    static const sqlite3_mem_methods methods = {
        firn_sqlite_allocate, firn_current_release, firn_sqlite_reallocate, firn_sqlite_size,
        firn_sqlite_round,    firn_sqlite_begin,    firn_sqlite_end,        NULL};
    int status = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    /* Without a page cache of its own each cache allocates its pages, as lookaside does. */
    if (status == SQLITE_OK)
        status = sqlite3_config(SQLITE_CONFIG_PAGECACHE, (void *)NULL, 0, 0);
    if (status != SQLITE_OK)
        return status;
    const firn_allocator *before = firn_current_enter(NULL);
    status = sqlite3_initialize();
    firn_current_enter(before);
    return status;
}

FIRN_END

#endif
