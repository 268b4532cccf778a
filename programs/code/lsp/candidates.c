/* See candidates.h. The index gives definitions with their places; documents that are open and
 * files that changed give theirs from their text. A rank is made of, from its highest bits down:
 * whether the kind fits the use, the ring (same file, same folder, imported file, others), and
 * within the ring the distance. */
#include "code/lsp/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "code/index/entries.h"
#include "code/lookup.h"
#include "code/lsp/imports.h"
#include "code/lsp/scopes.h"
#include "code/lsp/overlay.h"

enum ring { RING_FILE, RING_FOLDER, RING_IMPORTED, RING_OTHER };

#define RANK_MISFIT (UINT64_C(1) << 40)
#define RANK_DECLARED (UINT64_C(1) << 38)
#define RANK_RING (UINT64_C(1) << 36)

struct search {
    struct candidates *candidates;
    struct workspace *workspace;
    struct source *source;
    const struct extract_name *at;
    char name[NAME_MAX_BYTES + 1];
    size_t name_size;
    bool wants_declarations;
    struct imports imports;
};

firn_status candidates_init(struct candidates *candidates, const firn_allocator *allocator)
{
    *candidates = (struct candidates){.allocator = allocator};
    return firn_arena_init(&candidates->arena, &(firn_arena_options){.allocator = allocator});
}

void candidates_fini(struct candidates *candidates)
{
    firn_release(candidates->allocator, candidates->items,
                 candidates->capacity * sizeof *candidates->items);
    firn_arena_fini(&candidates->arena);
    *candidates = (struct candidates){.allocator = candidates->allocator};
}

bool languages_mix(const struct language *a, const struct language *b)
{
    static const char *const groups[] = {" c cpp ", " javascript typescript tsx "};
    if (a == b)
        return true;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (language_among(a, groups[i]) && language_among(b, groups[i]))
            return true;
    return false;
}

/* --- ranks --- */

/* Whether what is defined may be what a name is used as. */
static bool fits(const struct source *source, uint8_t use, uint8_t kind)
{
    const bool is_c = strcmp(source->language->name, "c") == 0;
    switch (use) {
    case KIND_CALL:
        return kind != KIND_KEY && kind != KIND_NAMESPACE && !(is_c && kind == KIND_ENUMERATOR);
    case KIND_TYPE:
        return (kind >= KIND_CLASS && kind <= KIND_ENUM) || kind == KIND_TYPE ||
               kind == KIND_INTERFACE || kind == KIND_TRAIT || kind == KIND_MACRO;
    case KIND_FIELD:
        return is_c ? kind == KIND_FIELD : kind != KIND_MACRO && kind != KIND_KEY;
    case KIND_MACRO:
        return kind == KIND_MACRO || kind == KIND_ENUMERATOR || kind == KIND_CONSTANT;
    default:
        return !(is_c && kind == KIND_FIELD);
    }
}

/* What a definition's name is used as, when it stands for a use. */
static uint8_t use_of(const struct extract_name *at)
{
    if (!at->is_definition)
        return at->kind;
    if (at->kind == KIND_FIELD)
        return KIND_FIELD;
    if (at->kind == KIND_FUNCTION || at->kind == KIND_METHOD || at->kind == KIND_DECLARATION)
        return KIND_CALL;
    bool is_type = at->kind == KIND_TYPE || (at->kind >= KIND_CLASS && at->kind <= KIND_ENUM) ||
                   at->kind == KIND_INTERFACE || at->kind == KIND_TRAIT;
    return is_type ? KIND_TYPE : KIND_NAME;
}

/* How many folders lie between two files. */
static uint64_t distance(const char *a, const char *b)
{
    size_t common = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '/')
            common = i + 1;
    uint64_t count = 0;
    for (const char *at = a + common; (at = strchr(at, '/')) != NULL; at++)
        count++;
    for (const char *at = b + common; (at = strchr(at, '/')) != NULL; at++)
        count++;
    return count < 1000 ? count : 1000;
}

static uint64_t rank_path(const struct search *search, const char *path)
{
    const char *own = search->source->path;
    if (path == NULL || own == NULL)
        return RING_OTHER * RANK_RING + 1000;
    if (strcmp(own, path) == 0)
        return RING_FILE * RANK_RING;
    const uint64_t far = distance(own, path);
    if (far == 0)
        return RING_FOLDER * RANK_RING;
    return (imports_have(&search->imports, path) ? RING_IMPORTED : RING_OTHER) * RANK_RING + far;
}

static firn_status add(struct search *search, const struct candidate *candidate)
{
    struct candidates *candidates = search->candidates;
    void *block = candidates->items;
    if (candidates->count == CANDIDATES_MAX)
        return FIRN_OK;
    if (!firn_grow(candidates->allocator, &block, &candidates->capacity, candidates->count + 1,
                   sizeof *candidates->items))
        return FIRN_NO_MEMORY;
    candidates->items = block;
    struct candidate *added = &candidates->items[candidates->count++];
    *added = *candidate;
    if (!fits(search->source, use_of(search->at), candidate->kind))
        added->rank += RANK_MISFIT;
    return FIRN_OK;
}

/* --- the index --- */

static firn_status add_indexed(struct search *search, struct lookup *lookup, const char *path)
{
    const uint64_t rank = rank_path(search, path);
    struct definition definition;
    firn_status status;
    while ((status = lookup_definition(lookup, &definition, NULL)) == FIRN_OK) {
        struct candidate candidate = {.path = path,
                                      .row = definition.row,
                                      .column = definition.column,
                                      .kind = definition.kind,
                                      .rank = rank + definition.row};
        status = add(search, &candidate);
        if (status != FIRN_OK)
            return status;
    }
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* The definitions of the file that a look-up is at, if it is as it was indexed. */
static firn_status search_file(struct search *search, struct lookup *lookup, firn_error *ret_error)
{
    struct workspace *workspace = search->workspace;
    struct opened_file file;
    bool is_fresh = false;
    firn_status status = opened_at(&workspace->opened, lookup->postings.file, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    const struct meta *meta = &workspace->opened.meta;
    const struct language *language =
        file.record.language < meta->language_count
            ? language_by_name(meta->languages[file.record.language].name)
            : NULL;
    if (language != NULL && languages_mix(language, search->source->language)) {
        const firn_allocator arena = firn_arena_allocator(&search->candidates->arena);
        char *path;
        size_t size;
        status = path_join(&arena, meta->root, file.path, &path, &size);
        if (status == FIRN_OK)
            status = workspace_is_fresh(workspace, path, &file.record, &is_fresh);
        if (status == FIRN_OK && is_fresh)
            status = add_indexed(search, lookup, path);
    }
    opened_file_fini(&workspace->opened, &file);
    return status;
}

static firn_status search_index(struct search *search, firn_error *ret_error)
{
    struct workspace *workspace = search->workspace;
    struct lookup lookup = {.opened = NULL};
    if (!workspace->is_open)
        return FIRN_OK;
    firn_status status = lookup_begin(&lookup, &workspace->opened, search->name, ret_error);
    while (status == FIRN_OK && search->candidates->count < CANDIDATES_MAX) {
        status = workspace_stopped(workspace) ? FIRN_CHANGED : lookup_next(&lookup, ret_error);
        if (status == FIRN_OK && lookup.postings.definitions_left > 0)
            status = search_file(search, &lookup, ret_error);
    }
    lookup_end(&lookup);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* --- texts in memory --- */

/* In the file at hand: how narrow the definition around is, if it is around the name, too. */
static uint64_t rank_scope(const struct search *search, const struct source *source,
                           const struct extract_name *name)
{
    const uint32_t around = scope_around(source, name);
    if (around == UINT32_MAX)
        return UINT64_C(1) << 33;
    const firn_node *node = &source->nodes.node[around];
    bool is_around = node->start <= search->at->start && search->at->start < node->end;
    return is_around ? node->end - node->start : UINT64_C(1) << 34;
}

static firn_status search_source(void *context, struct source *source)
{
    struct search *search = context;
    const bool is_own = source->path != NULL && search->source->path != NULL
                            ? strcmp(source->path, search->source->path) == 0
                            : source->document == search->source->document;
    if (!languages_mix(source->language, search->source->language))
        return FIRN_OK;
    const char *path = source->path;
    const char *uri = source->document == NULL ? NULL : source->document->uri;
    if (path != NULL)
        path = firn_arena_strndup(&search->candidates->arena, path, strlen(path));
    if (uri != NULL)
        uri = firn_arena_strndup(&search->candidates->arena, uri, strlen(uri));
    if ((path == NULL && source->path != NULL) ||
        (uri == NULL && source->document != NULL && source->document->uri != NULL))
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < source->name_count && status == FIRN_OK; i++) {
        const struct extract_name *name = &source->names[i];
        if (!name->is_definition || name->end - name->start != search->name_size ||
            memcmp(source->text + name->start, search->name, search->name_size) != 0)
            continue;
        struct candidate candidate = {.path = path, .uri = uri, .kind = name->kind};
        candidate.rank = is_own ? rank_scope(search, source, name) : rank_path(search, path);
        scope_point(source, name->start, &candidate.row, &candidate.column);
        status = add(search, &candidate);
    }
    return status;
}

/* Of the file at hand the tree is known, so its definitions are ranked by it; those that the index
 * gave are dropped for them. */
static void drop_own(struct search *search)
{
    struct candidates *candidates = search->candidates;
    size_t kept = 0;
    if (search->source->document != NULL)
        return; /* it is among the texts in memory */
    for (size_t i = 0; i < candidates->count; i++)
        if (strcmp(candidates->items[i].path, search->source->path) != 0)
            candidates->items[kept++] = candidates->items[i];
    candidates->count = kept;
}

static firn_status add_own(struct search *search)
{
    struct source *source = search->source;
    const char *path =
        firn_arena_strndup(&search->candidates->arena, source->path, strlen(source->path));
    firn_status status = path == NULL ? FIRN_NO_MEMORY : FIRN_OK;
    for (size_t i = 0; i < source->name_count && status == FIRN_OK; i++) {
        const struct extract_name *name = &source->names[i];
        if (!name->is_definition || name->end - name->start != search->name_size ||
            memcmp(source->text + name->start, search->name, search->name_size) != 0)
            continue;
        struct candidate candidate = {
            .path = path, .kind = name->kind, .rank = rank_scope(search, source, name)};
        scope_point(source, name->start, &candidate.row, &candidate.column);
        status = add(search, &candidate);
    }
    return status;
}

/* --- what is left --- */

static int by_rank(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    int order = a->path == NULL || b->path == NULL ? (a->path != NULL) - (b->path != NULL)
                                                   : strcmp(a->path, b->path);
    return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static bool is_member(uint8_t kind)
{
    return kind == KIND_FIELD || kind == KIND_METHOD || kind == KIND_PROPERTY ||
           kind == KIND_DECLARATION || kind == KIND_KEY;
}

/* Keeps the best class: what fits, if anything does; definitions without declarations; and of a
 * name that is defined in the file at hand and is no member of anything, those of the file alone.
 */
static void keep_best(struct search *search)
{
    struct candidates *candidates = search->candidates;
    struct candidate *items = candidates->items;
    size_t kept = 0;
    bool has_definition = false, has_declaration = false;
    if (candidates->count == 0)
        return;
    for (size_t i = 0; i < candidates->count; i++)
        has_declaration = has_declaration || items[i].kind == KIND_DECLARATION;
    if (search->wants_declarations && has_declaration)
        for (size_t i = 0; i < candidates->count; i++)
            items[i].rank += items[i].kind == KIND_DECLARATION ? 0 : RANK_DECLARED;
    qsort(items, candidates->count, sizeof *items, by_rank);
    const bool has_fit = items[0].rank < RANK_MISFIT;
    for (size_t i = 0; i < candidates->count; i++)
        if (items[i].kind != KIND_DECLARATION && (!has_fit || items[i].rank < RANK_MISFIT))
            has_definition = true;
    for (size_t i = 0; i < candidates->count; i++) {
        bool is_worse = has_fit && items[i].rank >= RANK_MISFIT;
        bool is_declaration = items[i].kind == KIND_DECLARATION && has_definition;
        if (is_worse || (is_declaration && !search->wants_declarations))
            continue;
        items[kept++] = items[i];
    }
    candidates->count = kept;
    if (kept > 0 && items[0].rank < RANK_RING && !is_member(items[0].kind))
        while (candidates->count > 1 && items[candidates->count - 1].rank >= RANK_RING)
            candidates->count--;
}

firn_status candidates_find(struct candidates *candidates, struct sources *sources,
                            struct source *source, const struct extract_name *at,
                            bool wants_declarations, firn_error *ret_error)
{
    struct search search = {.candidates = candidates,
                            .workspace = source->workspace,
                            .source = source,
                            .at = at,
                            .name_size = at->end - at->start,
                            .wants_declarations = wants_declarations};
    if (search.name_size > NAME_MAX_BYTES)
        return FIRN_OK;
    memcpy(search.name, source->text + at->start, search.name_size);
    search.name[search.name_size] = '\0';
    firn_status status = imports_find(source, &search.imports, ret_error);
    if (status == FIRN_OK)
        status = search_index(&search, ret_error);
    if (status == FIRN_OK)
        drop_own(&search);
    if (status == FIRN_OK && source->document == NULL)
        status = add_own(&search);
    if (status == FIRN_OK)
        status = overlay_visit(sources, source->workspace, search.name, search.name_size,
                               search_source, &search, ret_error);
    if (status == FIRN_NO_MEMORY)
        firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
    if (status == FIRN_OK)
        keep_best(&search);
    return status;
}

firn_status candidate_open(const struct candidate *candidate, struct sources *sources,
                           struct workspace *workspace, const char *name, size_t name_size,
                           struct source **ret_source, uint32_t *ret_offset, firn_error *ret_error)
{
    struct document *document =
        candidate->uri == NULL ? NULL : documents_find(&workspace->documents, candidate->uri);
    struct source *source;
    firn_status status =
        document != NULL ? sources_document(sources, workspace, document, &source, ret_error)
                         : sources_path(sources, workspace, candidate->path, &source, ret_error);
    if (status == FIRN_OK)
        status = source_rows(source, ret_error);
    if (status != FIRN_OK)
        return status;
    uint32_t offset;
    if (!scope_offset(source, candidate->row, candidate->column, &offset) ||
        name_size > source->size - offset || memcmp(source->text + offset, name, name_size) != 0)
        return FIRN_NOT_FOUND;
    *ret_source = source;
    *ret_offset = offset;
    return FIRN_OK;
}
