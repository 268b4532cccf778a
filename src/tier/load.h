/* A store's folder read into memory: its manifest, its log, its data files opened. */
#ifndef FIRN_TIER_LOAD_H
#define FIRN_TIER_LOAD_H

#include "tier/log.h"

/* What a folder was found to hold. */
typedef struct firn_loaded {
    firn_state state;
    uint64_t log_generation; /* of the checkpoint, which names the log */
    uint32_t checkpoint_crc;
    uint64_t checkpoint_bytes; /* of one copy */
    firn_log_end log;          /* zeroed in a store of the first version */
    bool whole; /* both copies are the same, and the log ends with a seal and nothing behind it */
    uint64_t manifest_device; /* identity of the file `manifest`, to see whether it was replaced */
    uint64_t manifest_inode;
    int64_t manifest_mtime_ns;
} firn_loaded;

void firn_loaded_fini(firn_loaded *loaded, const firn_allocator *allocator);

/* The bytes of both copies and the log. */
uint64_t firn_loaded_manifest_bytes(const firn_loaded *loaded);

/* Reads the manifest and its log, and opens the data files; tries again where a writer came in
 * between. writable: a file that is longer than the manifest says takes no more segments.
 * FIRN_NOT_STORE when there is no manifest; else as firn_store_open says. The error names file,
 * cause and way out. */
FIRN_NODISCARD firn_status firn_content_load(const char *path, const firn_allocator *allocator,
                                             bool writable, firn_loaded *ret_loaded,
                                             firn_error *ret_error);

/* Checks the copies of the manifest as they are now. FIRN_CORRUPT, FIRN_VERSION, FIRN_IO,
 * FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status firn_manifest_copies_verify(const char *path,
                                                       const firn_allocator *allocator,
                                                       firn_error *ret_error);

#endif
