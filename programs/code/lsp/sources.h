/* The sources that were looked at last, so that a request need not make again what the one before
 * it made. Confined to one thread. */
#ifndef CODE_LSP_SOURCES_H
#define CODE_LSP_SOURCES_H

#include "code/lsp/source.h"

#define SOURCES_COUNT 4u
#define SOURCES_MAX_BYTES ((size_t)6 << 20) /* what they keep between requests */

/* Zeroed it is empty. */
struct sources {
    struct source items[SOURCES_COUNT];
    uint64_t uses;
};

/* The source of a document, and that of the file at a path as workspace.h says where it is read.
 * FIRN_NOT_FOUND when the file is in no index. It stays until another is
 * asked for. */
FIRN_NODISCARD firn_status sources_document(struct sources *sources, struct workspace *workspace,
                                            struct document *document, struct source **ret_source,
                                            firn_error *ret_error);
FIRN_NODISCARD firn_status sources_path(struct sources *sources, struct workspace *workspace,
                                        const char *path, struct source **ret_source,
                                        firn_error *ret_error);
/* Keeps a source until sources_trim, whatever else is asked for. */
void sources_pin(struct source *source);
/* Unpins all, and gives back the oldest until what is left fits; called after each request. */
void sources_trim(struct sources *sources);
/* Drops all: before the store is closed. */
void sources_clear(struct sources *sources);
/* Drops that of a document which goes. */
void sources_forget(struct sources *sources, const struct document *document);

#endif
