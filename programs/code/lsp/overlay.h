/* What is not in the index, or not as it is there: open documents and files that changed on disk.
 */
#ifndef CODE_LSP_OVERLAY_H
#define CODE_LSP_OVERLAY_H

#include "code/lsp/sources.h"

typedef firn_status (*overlay_visit_fn)(void *context, struct source *source);

/* Visits each that may have the name; its source has names. name NULL: each. What cannot be read or
 * parsed is passed over. Returns what visit returned when that is not FIRN_OK; FIRN_CHANGED when
 * the request was cancelled, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status overlay_visit(struct sources *sources, struct workspace *workspace,
                                         const char *name, size_t name_size, overlay_visit_fn visit,
                                         void *context, firn_error *ret_error);

#endif
