/* What is not in the index, or not as it is there: open documents and files that changed on disk.
 */
#ifndef CODE_LSP_OVERLAY_H
#define CODE_LSP_OVERLAY_H

#include "code/lsp/sources.h"

typedef firn_status (*overlay_visit_fn)(void *context, struct source *source);
/* Whether a text may have what is looked for. */
typedef bool (*overlay_text_fn)(const void *context, const char *text, size_t size);

/* Visits each that may have the name; its source has names. What cannot be read or parsed is passed
 * over. Returns what visit returned when that is not FIRN_OK; FIRN_CHANGED when the request was
 * cancelled, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status overlay_visit(struct sources *sources, struct workspace *workspace,
                                         const char *name, size_t name_size, overlay_visit_fn visit,
                                         void *context, firn_error *ret_error);
/* The same for all but the open documents whose text may not have it. */
FIRN_NODISCARD firn_status overlay_search(struct sources *sources, struct workspace *workspace,
                                          overlay_text_fn may_have, overlay_visit_fn visit,
                                          void *context, firn_error *ret_error);

#endif
