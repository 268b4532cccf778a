/* See imports.h. No search path, package file or build is read: `#include "a/b.h"`, `import a.b`,
 * `use crate::a::b` and `import x from "./a/b"` all become "a/b", which the path of a file then
 * ends with, before its suffix or as its folder. */
#include "code/lsp/imports.h"

#include <ctype.h>
#include <string.h>

/* The nodes whose text says what is imported: a label, below a label. */
static const struct {
    const char *parent;
    const char *label;
} places[] = {{"preproc_include", "string_literal"},
              {"preproc_include", "system_lib_string"},
              {"import_statement", "dotted_name"},
              {"aliased_import", "dotted_name"},
              {"import_from_statement", "dotted_name"},
              {"import_from_statement", "relative_import"},
              {"import_statement", "string"},
              {"export_statement", "string"},
              {"import_spec", "interpreted_string_literal"},
              {"import_declaration", "scoped_identifier"},
              {"use_declaration", "scoped_identifier"},
              {"use_declaration", "scoped_use_list"},
              {"mod_item", "identifier"}};

static bool is_import(const char *parent, const char *label)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].label, label) == 0 && strcmp(places[i].parent, parent) == 0)
            return true;
    return false;
}

/* Drops what stands before the first real part: dots of a relative path, crate, self, super. */
static const char *skip_prefix(const char *text)
{
    static const char *const words[] = {"crate/", "self/", "super/", "./", "../", "/"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]);
        if (strncmp(text, words[i], size) == 0)
            return skip_prefix(text + size);
    }
    return text;
}

static void add(struct imports *imports, const char *text, size_t size, bool has_dots)
{
    char path[IMPORT_MAX_BYTES];
    size_t used = 0;
    bool is_quoted = size > 0 && strchr("\"'<`", text[0]) != NULL;
    for (size_t i = 0; i < size && used + 1 < sizeof path; i++) {
        char byte = text[i];
        if (strchr("\"'<>`", byte) != NULL || isspace((unsigned char)byte) || byte == '\0')
            continue;
        if (byte == '{' || byte == '*')
            break; /* a list of names in a path of Rust */
        if (!is_quoted && (byte == ':' || (has_dots && byte == '.')))
            byte = '/';
        if (byte == '/' && used > 0 && path[used - 1] == '/')
            continue;
        path[used++] = byte;
    }
    while (used > 0 && path[used - 1] == '/')
        used--;
    path[used] = '\0';
    const char *rest = skip_prefix(path);
    char *suffix = strrchr(rest, '.');
    if (is_quoted && suffix != NULL && strchr(suffix, '/') == NULL)
        *suffix = '\0';
    if (rest[0] != '\0' && imports->count < IMPORTS_MAX)
        memcpy(imports->items[imports->count++], rest, strlen(rest) + 1);
}

firn_status imports_find(struct source *source, struct imports *imports, firn_error *ret_error)
{
    imports->count = 0;
    firn_status status = source_parents(source, ret_error);
    if (status != FIRN_OK)
        return status;
    const char *language = source->language->name;
    const bool has_dots = strcmp(language, "python") == 0 || strcmp(language, "java") == 0;
    imports->by_name = has_dots || strcmp(language, "rust") == 0;
    for (uint32_t i = 1; i < source->nodes.count && imports->count < IMPORTS_MAX; i++) {
        const char *label = source_label(source, i);
        if (!is_import(source_label(source, source->parents[i]), label))
            continue;
        const firn_node *node = &source->nodes.node[i];
        add(imports, source->text + node->start, node->end - node->start, has_dots);
    }
    return FIRN_OK;
}

/* Whether the first size bytes of a path end with an import, at the beginning of a part. */
static bool ends_with(const char *path, size_t size, const char *import, size_t import_size)
{
    return import_size > 0 && import_size <= size &&
           memcmp(path + size - import_size, import, import_size) == 0 &&
           (import_size == size || path[size - import_size - 1] == '/');
}

static size_t folder_size(const char *path, size_t size)
{
    while (size > 0 && path[size - 1] != '/')
        size--;
    return size > 0 ? size - 1 : 0;
}

bool imports_have(const struct imports *imports, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    const size_t stem = dot == NULL ? strlen(path) : (size_t)(dot - path);
    const size_t folder = folder_size(path, stem);
    for (size_t i = 0; i < imports->count; i++) {
        const char *import = imports->items[i];
        size_t size = strlen(import);
        if (ends_with(path, stem, import, size) || ends_with(path, folder, import, size))
            return true;
        size = folder_size(import, size);
        if (imports->by_name && ends_with(path, stem, import, size))
            return true;
    }
    return false;
}
