/* What the programs that ask tree-sitter itself share: its languages by name, and a file's bytes.
 * Header-only. */
#ifndef TESTS_E2E_SUPPORT_PEER_H
#define TESTS_E2E_SUPPORT_PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tree_sitter/api.h>

#define GRAMMARS(X)                                                                                \
    X(bash) X(c) X(cpp) X(go) X(java) X(javascript) X(json) X(python) X(rust) X(tsx) X(typescript)

#define DECLARE(name) const TSLanguage *tree_sitter_##name(void);
GRAMMARS(DECLARE)

static inline const TSLanguage *find_language(const char *wanted)
{
#define FIND(name)                                                                                 \
    if (strcmp(#name, wanted) == 0)                                                                \
        return tree_sitter_##name();
    GRAMMARS(FIND)
    return NULL;
}

/* The bytes and a NUL behind them; the caller frees them. NULL with errno set. */
static inline char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, capacity = 0, read;

    if (file == NULL)
        return NULL;
    do {
        capacity = capacity * 2 + 65536;
        text = realloc(text, capacity + 1);
        read = fread(text + size, 1, capacity - size, file);
        size += read;
    } while (size == capacity);
    fclose(file);
    text[size] = '\0';
    *ret_size = size;
    return text;
}

#endif
