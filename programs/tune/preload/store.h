/* The file that a process notes everything in, mapped: see trace.h. */
#ifndef TRACK_STORE_H
#define TRACK_STORE_H

#include "tune/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Valid from track_store_begin on. */
extern struct trace_head *track_head;
extern struct trace_thread *track_threads;

/* Reserves addresses for all and makes the head and the threads' slots, without a file yet. False:
 * no memory. */
bool track_store_begin(void);

/* Makes the file, once; what was noted so far goes along. Where it cannot be made nothing can be
 * added. */
void track_store_open(void);
bool track_store_is_open(void);

/* A new record, zeroed but for its own head, which counts once track_store_commit was called.
 * NULL: no room. One thread at a time. */
void *track_store_add(enum trace_kind kind, size_t bytes);
void track_store_commit(void);

/* The same record by its place in the file. */
void *track_store_at(uint32_t words);
uint32_t track_store_place(const void *record);

/* In a child of fork: begins anew, without a file yet. */
void track_store_renew(void);

#endif
