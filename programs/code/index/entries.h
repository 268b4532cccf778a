/* Entries of the dictionary of names: a name with its postings, cut where a payload would grow too
 * long, so that a name in very many files becomes several entries in a row. Confined to one thread.
 */
#ifndef CODE_ENTRIES_H
#define CODE_ENTRIES_H

#include "code/index/postings.h"
#include "code/index/table.h"

#define NAME_MAX_BYTES 1024u          /* longer names are not indexed */
#define PAYLOAD_CUT_BYTES (64u << 10) /* a payload this long takes no further file */
#define POSTING_CUT_DEFINITIONS 4096u /* a file with more goes on in the next entry */

/* Takes a finished entry. */
typedef firn_status (*entry_emit_fn)(void *context, const void *name, size_t name_size,
                                     const void *payload, size_t payload_size,
                                     firn_error *ret_error);

struct entries {
    struct postings_writer postings;
    entry_emit_fn emit;
    void *context;
    uint8_t name[NAME_MAX_BYTES];
    size_t name_size;
};

void entries_init(struct entries *entries, const firn_allocator *allocator, entry_emit_fn emit,
                  void *context);
void entries_fini(struct entries *entries);

/* Begins a name of at most NAME_MAX_BYTES, adds files with their definitions in ascending order,
 * ends it; a name without files is not emitted. A file added twice in a row is allowed.
 * FIRN_INVALID, FIRN_NO_MEMORY, or what emit returned. */
FIRN_NODISCARD firn_status entries_begin(struct entries *entries, const void *name,
                                         size_t name_size);
FIRN_NODISCARD firn_status entries_put(struct entries *entries, uint32_t file,
                                       const struct definition *definitions, size_t count,
                                       firn_error *ret_error);
FIRN_NODISCARD firn_status entries_end(struct entries *entries, firn_error *ret_error);

#endif
