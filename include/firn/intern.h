/* Interned byte strings: each text is stored once and named by a dense 32-bit id (0, 1, 2, … in the
 * order of first sight); O(1) both ways. Texts may hold any bytes and be empty. Cost: text + 1.3
 * bytes, and 3 to 4.5 bytes of a hash table (5.3 to 10.7 in a shared one).
 *
 * One thread writes at a time. While none does, any number may read; in a shared one any number may
 * read at all times, without locks: firn_intern_find, _get and _count beside firn_intern_put. */
#ifndef FIRN_INTERN_H
#define FIRN_INTERN_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

typedef struct firn_intern firn_intern;

#define FIRN_INTERN_NONE UINT32_MAX

typedef struct firn_intern_options {
    const firn_allocator *allocator; /* NULL: the system's */
    size_t limit_bytes;              /* of all it holds; 0: none */
    bool shared;                     /* readers beside the writer; what a grown table replaces is
                                      * kept until firn_intern_settle */
    uint32_t reserved[2];            /* must be 0 */
} firn_intern_options;

FIRN_API FIRN_NODISCARD firn_status firn_intern_create(const firn_intern_options *options,
                                                       firn_intern **ret_intern);
FIRN_API void firn_intern_destroy(firn_intern *intern);

/* Finds or adds text. FIRN_NO_MEMORY, FIRN_LIMIT (also for texts of 2^24 bytes and more, 2^30 ids,
 * or 4 GiB of text); nothing is then added. ret_new (may be NULL) says whether it was added. */
FIRN_API FIRN_NODISCARD firn_status firn_intern_put(firn_intern *intern, const void *text,
                                                    size_t size, uint32_t *ret_id, bool *ret_new);

/* Returns the id of text or FIRN_INTERN_NONE. */
FIRN_API uint32_t firn_intern_find(const firn_intern *intern, const void *text, size_t size);

/* Returns the text of an id and its size; not NUL-terminated. Valid until reset or destroy. id must
 * be below the count. */
FIRN_API const void *firn_intern_get(const firn_intern *intern, uint32_t id, size_t *ret_size);

FIRN_API uint32_t firn_intern_count(const firn_intern *intern);

/* Writes all ids in the order of memcmp of their texts, a prefix before what it begins, into a
 * block of firn_intern_count ids, which the caller gives back to allocator with firn_release.
 * FIRN_INVALID when there are none, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_intern_sort(const firn_intern *intern,
                                                     const firn_allocator *allocator,
                                                     uint32_t **ret_ids);

/* Frees what a shared one keeps for readers of old tables. No thread may be reading; so for reset
 * and destroy. */
FIRN_API void firn_intern_settle(firn_intern *intern);

/* Forgets all texts, keeps the memory. */
FIRN_API void firn_intern_reset(firn_intern *intern);

/* live: the texts. */
FIRN_API void firn_intern_usage(const firn_intern *intern, firn_usage *ret_usage);

/* --- frozen: sorted and front-coded, to be read where it lies, as in a mapped file --- */

/* Writes all texts in their frozen form (docs/formats/intern.md) into a block of the allocator
 * given (NULL: the system's), which the caller frees with firn_release. A frozen id is a text's
 * place in the order of memcmp, from 0; ret_ids, which may be NULL and else has room for the count,
 * gets the frozen id of each id. FIRN_NO_MEMORY, FIRN_LIMIT when it would be 4 GiB or more. */
FIRN_API FIRN_NODISCARD firn_status firn_intern_freeze(const firn_intern *intern,
                                                       const firn_allocator *allocator,
                                                       uint32_t *ret_ids, void **ret_data,
                                                       size_t *ret_size);

/* A view of frozen texts; a plain value that owns nothing. Any number of threads may use it. */
typedef struct firn_intern_frozen {
    const uint8_t *data; /* private, as are all */
    size_t size;
    uint32_t count, group_count, longest;
} firn_intern_frozen;

/* Checks all bytes, which must stay where they are and as they are: FIRN_NOT_STORE for other data,
 * FIRN_VERSION, FIRN_CORRUPT. O(size). */
FIRN_API FIRN_NODISCARD firn_status firn_intern_frozen_open(const void *data, size_t size,
                                                            firn_intern_frozen *ret_frozen);
FIRN_API uint32_t firn_intern_frozen_count(const firn_intern_frozen *frozen);
/* Bytes of the longest text: room that is enough for firn_intern_frozen_get. */
FIRN_API size_t firn_intern_frozen_longest(const firn_intern_frozen *frozen);

/* Returns the frozen id of text or FIRN_INTERN_NONE. O(log count). */
FIRN_API uint32_t firn_intern_frozen_find(const firn_intern_frozen *frozen, const void *text,
                                          size_t size);
/* The first id whose text is not before text: where those with a prefix begin. */
FIRN_API uint32_t firn_intern_frozen_ceiling(const firn_intern_frozen *frozen, const void *text,
                                             size_t size);
/* Copies the text of an id to out, which has room for the longest, and returns its size. id must be
 * below the count. O(16 texts). */
FIRN_API size_t firn_intern_frozen_get(const firn_intern_frozen *frozen, uint32_t id, void *out);

FIRN_END

#endif
