/* What bench/store asks of a database: one of them in each program below peers/, from
 * store/NAME.c, which store/driver.c drives. Keys are numbers, values are bytes. A call that fails
 * ends the program. */
#ifndef FIRN_BENCH_DB_H
#define FIRN_BENCH_DB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DB_CACHE_BYTES = 16 << 20 }; /* for each that has a cache of its own */

/* Opens what is in a folder, or makes it in an empty one. */
void db_open(const char *folder);
void db_close(void);

/* A value is put or replaced. Durable after the next commit. */
void db_put(uint32_t key, const void *value, size_t size);
void db_commit(void);

/* The size of a value, which is copied to out: at most `capacity` bytes of it. A key that is not
 * there ends the program. */
size_t db_get(uint32_t key, void *out, size_t capacity);

/* Gives back to the file system what it can. */
void db_compact(void);

#ifdef __cplusplus
}
#endif

#endif
