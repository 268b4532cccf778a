/* Header-only help for tests of programs/code: a text parsed and fed, as plain nodes with their
 * family, and its names as one line each. */
#ifndef TESTS_SUPPORT_CODE_TREE_H
#define TESTS_SUPPORT_CODE_TREE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "code/extract.h"
#include "code/language.h"
#include "code/parse.h"

struct code_tree {
    const struct language *language;
    const char *text;
    firn_family *family;
    firn_builder *builder;
    struct parser *parser;
    const firn_nodes *nodes;
};

static inline void code_tree_fini(struct code_tree *tree)
{
    firn_builder_destroy(tree->builder);
    firn_family_destroy(tree->family);
    parser_destroy(tree->parser);
}

static inline firn_status code_tree_init(struct code_tree *tree, const char *language,
                                         const char *text, size_t size)
{
    memset(tree, 0, sizeof *tree);
    tree->language = language_by_name(language);
    tree->text = text;
    firn_status status = firn_family_create(NULL, &tree->family);
    if (status == FIRN_OK)
        status = language_name_family(tree->language, tree->family);
    if (status == FIRN_OK)
        status = firn_builder_create(tree->family, NULL, &tree->builder);
    if (status == FIRN_OK)
        status = parser_create(NULL, &tree->parser);
    if (status == FIRN_OK)
        status = parser_parse(tree->parser, tree->language, text, size, NULL);
    if (status == FIRN_OK)
        status = parser_feed(tree->parser, tree->builder, NULL);
    if (status == FIRN_OK)
        tree->nodes = firn_builder_nodes(tree->builder);
    if (status != FIRN_OK)
        code_tree_fini(tree);
    return status;
}

/* A growing text. */
struct code_lines {
    const struct code_tree *tree;
    bool references; /* too */
    char *data;
    size_t size;
};

static inline void code_lines_add(struct code_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void code_lines_add(struct code_lines *lines, const char *format, ...)
{
    va_list arguments;

    lines->data = realloc(lines->data, lines->size + 4096);
    va_start(arguments, format);
    lines->size += (size_t)vsnprintf(lines->data + lines->size, 4096, format, arguments);
    va_end(arguments);
}

static inline unsigned code_line_of(const struct code_tree *tree, uint32_t offset)
{
    unsigned line = 1;
    for (uint32_t i = 0; i < offset; i++)
        line += tree->text[i] == '\n';
    return line;
}

static inline firn_status code_lines_visit(void *context, const struct extract_name *name)
{
    struct code_lines *lines = context;

    if (name->is_definition || lines->references)
        code_lines_add(lines, "%s%.*s %s %u\n", name->is_definition ? "" : "-",
                       (int)(name->end - name->start), lines->tree->text + name->start,
                       kind_name((enum kind)name->kind), code_line_of(lines->tree, name->start));
    return FIRN_OK;
}

/* "NAME KIND LINE" for each definition of text, and "-NAME KIND LINE" for each reference if wanted;
 * the caller frees it. NULL when something fails. */
static inline char *code_names(const char *language, const char *text, bool references)
{
    struct code_tree tree;
    struct extract_scratch scratch = {0};
    struct extractor *extractor;
    struct code_lines lines = {.tree = &tree, .references = references};

    if (code_tree_init(&tree, language, text, strlen(text)) != FIRN_OK)
        return NULL;
    code_lines_add(&lines, "%s", "");
    firn_status status = extractor_create(tree.language, tree.family, NULL, &extractor);
    if (status == FIRN_OK) {
        status = extract_names(extractor, &scratch, tree.nodes, code_lines_visit, &lines);
        extractor_destroy(extractor);
    }
    extract_scratch_fini(&scratch);
    code_tree_fini(&tree);
    if (status == FIRN_OK)
        return lines.data;
    free(lines.data);
    return NULL;
}

#endif
