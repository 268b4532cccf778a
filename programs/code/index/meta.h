/* The meta segment: what a store of `firn code` is, and where its parts are. It is the last segment
 * that an indexing puts. An index is a row of layers, oldest first: each has a catalog and a
 * dictionary of names of its own files, of which some may be hidden. Format: docs/formats/code.md.
 */
#ifndef CODE_INDEX_META_H
#define CODE_INDEX_META_H

#include <firn/arena.h>
#include <firn/store.h>

#include "code/index/record.h"

#define META_VERSION 3u

/* The kinds of segments in a store of `firn code`. */
enum segment_kind {
    SEGMENT_META = 1,
    SEGMENT_SOURCE = 2,
    SEGMENT_TREE = 3,
    SEGMENT_FAMILY = 4,
    SEGMENT_NAMES = 16, /* a dictionary's top table has its kind + 1 */
    SEGMENT_CATALOG = 18,
    SEGMENT_SKIPPED = 20,
    SEGMENT_CHANGES = 22,
};

struct totals {
    uint64_t files;
    uint64_t lines;
    uint64_t source_bytes;
    uint64_t nodes;
    uint64_t tree_bytes; /* packed, before any compression */
};

struct meta_language {
    const char *name; /* as language_by_name takes it */
    struct totals totals;
    uint64_t productions;
    uint64_t family_bytes;
    struct place family;
};

struct meta_layer {
    uint64_t files;         /* in its catalog, with those that are hidden */
    uint64_t hidden;        /* files that were changed or removed since */
    uint64_t names;         /* entries in its dictionary of names */
    uint32_t names_segment; /* the top tables */
    uint32_t catalog_segment;
    uint32_t changes_segment; /* see changes.h; FIRN_SEGMENT_NONE: nothing changed */
};

struct meta {
    const char *root;           /* the indexed folder's absolute path */
    struct totals totals;       /* without what is hidden */
    uint64_t parser_tree_bytes; /* what the parser's own trees took */
    uint64_t names;             /* entries in all dictionaries of names */
    uint64_t skipped;
    int64_t scanned_ns;       /* when the last scan began, since 1970; 0: not known */
    uint32_t skipped_segment; /* a top table */
    uint32_t exclude_count;
    const char **excludes; /* patterns, as they were given */
    bool no_ignore;        /* ignore files meant nothing */
    uint32_t layer_count;
    struct meta_layer *layers; /* the oldest first */
    uint32_t language_count;
    struct meta_language *languages;
};

/* Appends the segment's content. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status meta_put(struct bytes *bytes, const struct meta *meta);

/* Reads it; texts and arrays lie in the arena. FIRN_NOT_STORE when it is something else,
 * FIRN_VERSION, FIRN_CORRUPT, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status meta_get(const void *data, size_t size, firn_arena *arena,
                                    struct meta *ret_meta);

#endif
