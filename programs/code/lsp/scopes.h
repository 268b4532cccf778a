/* Definitions around places, and the rows of the index, which end with LF alone. */
#ifndef CODE_LSP_SCOPES_H
#define CODE_LSP_SCOPES_H

#include "code/lsp/source.h"

/* The node of the innermost definition around a definition; UINT32_MAX when there is none. The
 * source has names. */
uint32_t scope_around(const struct source *source, const struct extract_name *name);

/* An offset as a row and a column in bytes, and back; false when the text has no such place. */
void scope_point(const struct source *source, uint32_t offset, uint32_t *ret_row,
                 uint32_t *ret_column);
bool scope_offset(const struct source *source, uint32_t row, uint32_t column, uint32_t *ret_offset);

#endif
