/* file:// addresses and paths. */
#ifndef CODE_LSP_URI_H
#define CODE_LSP_URI_H

#include "code/lsp/out.h"

/* The absolute path that a file: address names, with "." and ".." and doubled slashes taken out, as
 * a block of *ret_size bytes that the caller releases. FIRN_UNSUPPORTED for another address,
 * FIRN_INVALID for a broken one, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status uri_path(const char *uri, const firn_allocator *allocator,
                                    char **ret_path, size_t *ret_size);

/* Writes the address of the path folder/name as a JSON value; name may be "". */
void out_uri(struct out *out, const char *folder, const char *name);

#endif
