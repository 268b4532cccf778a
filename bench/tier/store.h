/* What bench/tier asks of a store: one of them in each program below peers/, from tier/NAME.c,
 * which tier/driver.c drives. A call that fails ends the program; a store that is not installed
 * ends it with CONTENDER_ABSENT. */
#ifndef FIRN_BENCH_STORE_H
#define FIRN_BENCH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { STORE_ABSENT = 77 };

struct store_options {
    const char *state;    /* where values shall lie, a word of the store's; NULL: as it comes */
    uint64_t limit_bytes; /* of RAM; 0: enough for all */
    const char *folder;   /* for files; empty */
};

void store_open(const struct store_options *options);
void store_close(void);

/* The process whose memory the values take. */
pid_t store_process(void);

/* Puts may be gathered; a settle sends them. False when the store refuses it, which it may tell
 * later, as fewer that are found. */
bool store_put(const char *key, size_t key_size, const char *value, size_t size);

/* Brings all values to where options.state wants them. */
void store_settle(void);

/* The size of the value, of which so much as there is room for is copied; -1: not found. */
ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity);

/* Asks the store for nothing, as costs a way to another process and back; false where there is
 * none. */
bool store_round_trip(void);

/* How many gets since the last call were not answered from RAM; -1: the store does not tell. */
int64_t store_disk_gets(void);

#ifdef __cplusplus
}
#endif

#endif
