/* What a document's names are, without their places: enough to tell whether it must be looked into
 * for a name. Confined to one thread. */
#ifndef CODE_LSP_DIGEST_H
#define CODE_LSP_DIGEST_H

#include "code/extract.h"

/* Zeroed it is that of nothing, with the system's allocator. */
struct digest {
    uint32_t *names; /* hashes, ascending */
    size_t name_count;
    size_t name_capacity;
    uint64_t revision; /* of the document whose digest it is; 0: none */
    const firn_allocator *allocator;
};

void digest_fini(struct digest *digest);
/* Makes it that of these names of a text. FIRN_NO_MEMORY: it is then that of nothing. */
FIRN_NODISCARD firn_status digest_make(struct digest *digest, uint64_t revision, const char *text,
                                       const struct extract_name *names, size_t count);
/* Whether a name may be among them; never false for one that is. */
bool digest_has(const struct digest *digest, const char *name, size_t size);

#endif
