/* See scopes.h. */
#include "code/lsp/scopes.h"

#include <string.h>

uint32_t scope_around(const struct source *source, const struct extract_name *name)
{
    uint32_t around = UINT32_MAX;
    for (size_t i = 0; i < source->name_count; i++) {
        const struct extract_name *other = &source->names[i];
        if (!other->is_definition || other->whole >= name->whole ||
            source->nodes.node[other->whole].next <= name->whole)
            continue;
        if (around == UINT32_MAX || other->whole > around)
            around = other->whole;
    }
    return around;
}

void scope_point(const struct source *source, uint32_t offset, uint32_t *ret_row,
                 uint32_t *ret_column)
{
    uint32_t row = 0;
    const char *line = source->text, *end = source->text + offset;
    for (const char *at; (at = memchr(line, '\n', (size_t)(end - line))) != NULL; line = at + 1)
        row++;
    *ret_row = row;
    *ret_column = (uint32_t)(end - line);
}

bool scope_offset(const struct source *source, uint32_t row, uint32_t column, uint32_t *ret_offset)
{
    const char *line = source->text, *end = source->text + source->size;
    for (; row > 0; row--) {
        line = memchr(line, '\n', (size_t)(end - line));
        if (line == NULL)
            return false;
        line++;
    }
    if (column > (size_t)(end - line))
        return false;
    *ret_offset = (uint32_t)(line - source->text) + column;
    return true;
}
