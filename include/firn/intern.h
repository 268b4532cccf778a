/* Interned byte strings: each text is stored once and named by a dense 32-bit id (0, 1, 2, … in the
 * order of first sight); O(1) both ways. Texts may hold any bytes and be empty. Cost: text + 1 to 4
 * bytes of length, half a byte of place, 4 / 0.75 to 4 / 0.375 bytes of a hash table, and up to a
 * quarter of room to grow for all but the table.
 *
 * One thread writes; while none does, any number may read. */
#ifndef FIRN_INTERN_H
#define FIRN_INTERN_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

typedef struct firn_intern firn_intern;

#define FIRN_INTERN_NONE UINT32_MAX

typedef struct firn_intern_options {
    const firn_allocator *allocator; /* NULL: the system's */
    size_t limit_bytes;              /* of all it holds; 0: none */
    uint32_t reserved[2];            /* must be 0 */
} firn_intern_options;

FIRN_API FIRN_NODISCARD firn_status firn_intern_create(const firn_intern_options *options,
                                                       firn_intern **ret_intern);
FIRN_API void firn_intern_destroy(firn_intern *intern);

/* Finds or adds text. FIRN_NO_MEMORY, FIRN_LIMIT (also for texts of 2^24 bytes and more, 2^32 - 1
 * ids, or 4 GiB of text); nothing is then added. ret_new (may be NULL) says whether it was added.
 */
FIRN_API FIRN_NODISCARD firn_status firn_intern_put(firn_intern *intern, const void *text,
                                                    size_t size, uint32_t *ret_id, bool *ret_new);

/* Returns the id of text or FIRN_INTERN_NONE. */
FIRN_API uint32_t firn_intern_find(const firn_intern *intern, const void *text, size_t size);

/* Returns the text of an id and its size; not NUL-terminated. Valid until the next put, reset or
 * destroy. id must be below the count. */
FIRN_API const void *firn_intern_get(const firn_intern *intern, uint32_t id, size_t *ret_size);

FIRN_API uint32_t firn_intern_count(const firn_intern *intern);

/* Forgets all texts, keeps the memory. */
FIRN_API void firn_intern_reset(firn_intern *intern);

/* live: the texts. */
FIRN_API void firn_intern_usage(const firn_intern *intern, firn_usage *ret_usage);

FIRN_END

#endif
