/* Bringing a store up to what its folder holds now: only files that changed are parsed, and
 * segments of all others stay. For `firn code update` and `watch`, and for servers. */
#ifndef CODE_UPDATING_H
#define CODE_UPDATING_H

#include "code/scan.h"

struct updating_options {
    const firn_allocator *allocator; /* NULL: the system's; must be safe between threads */
    const char *store;
    const char *root;              /* where the folder is now; NULL: where it was */
    const struct exclude *exclude; /* NULL: the patterns that the store has */
    bool no_ignore;                /* from now on; false: as the store has it */
    const char *what;              /* who updates, for those whom the lock refuses; may be NULL */
    size_t ram_bytes;              /* as an indexing has it; 0: 64 MiB */
    unsigned workers;              /* 0: one a processor, fewer where there is little to do */
    bool repairs; /* reads all of the store, and files anew that are damaged in it */
    bool show_progress;
    /* Called for each path that was passed over, after success; may be NULL. */
    void (*skipped)(void *context, const char *path, const char *reason);
    scan_folder_fn folder; /* told of each folder that is scanned; may be NULL */
    void *context;         /* for both */
};

struct updating_result {
    uint64_t files; /* in the store afterwards */
    uint64_t changed;
    uint64_t added;
    uint64_t removed;
    uint64_t unchanged;
    uint64_t repaired; /* of the changed ones: for damage alone */
    uint64_t store_bytes;
    bool is_written; /* the store has a new generation: readers may refresh */
};

/* Updates a store, and commits once. On failure the store holds what it held: FIRN_NOT_FOUND or
 * FIRN_NOT_STORE when there is none, FIRN_BUSY when another writes, FIRN_CORRUPT when what all
 * depends on is damaged, FIRN_VERSION when a grammar is not the one it was indexed with,
 * FIRN_CHANGED when a signal came (interrupt.h); else as an indexing. ret_error names what and why.
 * One at a time in a process that also reads the store through another handle; that handle sees the
 * new index after opened_refresh. */
FIRN_NODISCARD firn_status updating_run(const struct updating_options *options,
                                        struct updating_result *ret_result, firn_error *ret_error);

#endif
