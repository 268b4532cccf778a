/* What changed in a layer since it was written: the files that are hidden, because a later layer
 * has another version of them or because they are gone, and those that have another time of their
 * last change with the same content. Format: docs/formats/code.md.
 *
 * Confined to one thread while it changes; then any number may read. */
#ifndef CODE_INDEX_CHANGES_H
#define CODE_INDEX_CHANGES_H

#include "code/index/bytes.h"

struct changes_time {
    uint32_t file;
    int64_t mtime_ns;
};

struct changes {
    const firn_allocator *allocator;
    uint32_t file_count;
    uint32_t hidden_count;      /* may be read */
    uint8_t *hidden;            /* a bit a file; NULL while none is hidden */
    struct changes_time *times; /* by ascending files */
    size_t time_count;
    size_t time_capacity;
};

/* Makes changes of a layer of file_count files, none so far. fini copes with a zeroed struct. */
void changes_init(struct changes *changes, const firn_allocator *allocator, uint32_t file_count);
void changes_fini(struct changes *changes);

/* Hides a file; one that is hidden may be hidden again. FIRN_INVALID for a number that is not below
 * file_count, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status changes_hide(struct changes *changes, uint32_t file);
/* Sets the time of a file behind the last one that was set. FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status changes_set_time(struct changes *changes, uint32_t file,
                                            int64_t mtime_ns);

bool changes_is_hidden(const struct changes *changes, uint32_t file);
/* The time that was set for a file, or NULL. */
const int64_t *changes_time(const struct changes *changes, uint32_t file);

/* Appends the segment's content; nothing when there are no changes. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status changes_put(const struct changes *changes, struct bytes *bytes);
/* Reads it into changes that are empty. FIRN_CORRUPT, FIRN_NO_MEMORY; fini in any case. */
FIRN_NODISCARD firn_status changes_get(struct changes *changes, const void *data, size_t size);

#endif
