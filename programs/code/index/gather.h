/* The names of a worker's files, gathered in memory up to a bound and then written as a sorted run.
 * Confined to one thread. */
#ifndef CODE_GATHER_H
#define CODE_GATHER_H

#include <firn/intern.h>

#include "code/index/entries.h"
#include "code/index/runs.h"

struct gather_posting;
struct gather_definition;

struct gather {
    const firn_allocator *allocator;
    struct runs *runs;
    firn_intern *names;
    uint32_t *latest; /* by name: its last posting */
    size_t latest_capacity;
    struct gather_posting *postings;
    size_t posting_count, posting_capacity;
    struct gather_definition *definitions;
    size_t definition_count, definition_capacity;
    struct entries entries; /* on their way into a run */
    uint32_t *files;        /* of the name being written, and its definitions in one file */
    size_t file_capacity;
    struct definition *found;
    size_t found_capacity;
    size_t limit_bytes;
    uint32_t last_file;
};

/* limit_bytes bounds what is held before a run is written (twice that within a file); 0: 6 MiB.
 * runs must outlive it. FIRN_NO_MEMORY; fini in any case. */
FIRN_NODISCARD firn_status gather_init(struct gather *gather, const firn_allocator *allocator,
                                       struct runs *runs, size_t limit_bytes);
void gather_fini(struct gather *gather);

/* Adds an occurrence of a name (1 to NAME_MAX_BYTES) in a file, a definition or (NULL) a reference.
 * The definitions of a file ascend by their rows. Writes a run first when the bound is reached, or
 * when the file comes before the last one, as the files of a run ascend. FIRN_NO_MEMORY,
 * FIRN_NO_SPACE, FIRN_IO. */
FIRN_NODISCARD firn_status gather_put(struct gather *gather, uint32_t file, const void *name,
                                      size_t name_size, const struct definition *definition,
                                      firn_error *ret_error);

/* Writes what is held as a run and forgets it; nothing when there is nothing. */
FIRN_NODISCARD firn_status gather_flush(struct gather *gather, firn_error *ret_error);

#endif
