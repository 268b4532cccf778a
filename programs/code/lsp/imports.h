/* What a file includes or imports, as ends of paths: good enough to rank definitions by. */
#ifndef CODE_LSP_IMPORTS_H
#define CODE_LSP_IMPORTS_H

#include "code/lsp/source.h"

#define IMPORTS_MAX 256u
#define IMPORT_MAX_BYTES 128u

struct imports {
    char items[IMPORTS_MAX][IMPORT_MAX_BYTES]; /* "linux/sched", without suffix */
    size_t count;
    bool by_name; /* the last part of an import may be a name in the file, not the file */
};

/* Collects them; the source then has nodes. Fails as source_nodes. */
FIRN_NODISCARD firn_status imports_find(struct source *source, struct imports *imports,
                                        firn_error *ret_error);
/* Whether one of them may mean the file at a path. */
bool imports_have(const struct imports *imports, const char *path);

#endif
