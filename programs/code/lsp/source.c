/* See source.h. */
#include "code/lsp/source.h"

#include <string.h>

static firn_status explain(firn_status status, const struct source *source, firn_error *ret_error)
{
    return firn_error_set(ret_error, status, 0, "%s: %s",
                          source->path == NULL ? "the document" : source->path,
                          firn_status_text(status));
}

/* --- opening --- */

static void begin(struct source *source, struct workspace *workspace)
{
    source_close(source);
    source->workspace = workspace;
    source->nodes.allocator = workspace->allocator;
    source->own_rows.allocator = workspace->allocator;
    source->text = "";
}

firn_status source_of_document(struct source *source, struct workspace *workspace,
                               struct document *document, firn_error *ret_error)
{
    begin(source, workspace);
    if (document->language == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0, "%s: in no language that firn reads",
                              document->uri);
    if (document->path != NULL &&
        workspace_set(workspace, &source->path, document->path) != FIRN_OK)
        return explain(FIRN_NO_MEMORY, source, ret_error);
    source->document = document;
    source->language = document->language;
    source->text = document->text;
    source->size = document->size;
    source->rows = &document->rows;
    source->has_rows = true;
    source->revision = document->revision;
    return FIRN_OK;
}

firn_status source_of_disk(struct source *source, struct workspace *workspace, const char *path,
                           firn_error *ret_error)
{
    const struct language *language = language_by_path(path);
    const firn_allocator *allocator = workspace->allocator;
    struct document *document;
    firn_file_info info;
    void *data;
    size_t size;
    begin(source, workspace);
    if (language == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0, "%s: in no language that firn reads",
                              path);
    firn_status status =
        firn_file_read_all(path, SOURCE_FILE_MAX_BYTES, allocator, &data, &size, &info, ret_error);
    if (status != FIRN_OK)
        return status;
    status = document_create(NULL, path, language, data, size, allocator, &document);
    firn_release(allocator, data, size);
    if (status != FIRN_OK)
        return explain(status, source, ret_error);
    status = source_of_document(source, workspace, document, ret_error);
    source->own = document;
    source->info = info;
    return status;
}

firn_status source_of_index(struct source *source, struct workspace *workspace,
                            struct opened_file *file, firn_error *ret_error)
{
    begin(source, workspace);
    source->file = *file;
    *file = (struct opened_file){.path = NULL};
    source->loaded.nodes = source->nodes; /* its memory is used again */
    source->nodes = (firn_nodes){.allocator = workspace->allocator};
    size_t path_size;
    firn_status status = path_join(workspace->allocator, workspace->opened.meta.root,
                                   source->file.path, &source->path, &path_size);
    if (status != FIRN_OK)
        return explain(status, source, ret_error);
    status = loaded_get(&workspace->opened, &source->file, &source->loaded, ret_error);
    if (status != FIRN_OK)
        return status;
    source->language = source->loaded.language->language;
    if (source->language == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: in a language that this program does not know", source->path);
    source->text = source->loaded.text;
    source->size = source->loaded.text_size;
    return FIRN_OK;
}

firn_status source_of_text(struct source *source, struct workspace *workspace, const char *path,
                           const struct file_record *record, firn_error *ret_error)
{
    begin(source, workspace);
    if (workspace_set(workspace, &source->path, path) != FIRN_OK)
        return explain(FIRN_NO_MEMORY, source, ret_error);
    firn_status status = firn_file_read_all(path, SOURCE_FILE_MAX_BYTES, workspace->allocator,
                                            &source->data, &source->size, &source->info, ret_error);
    if (status != FIRN_OK)
        return status;
    source->text = source->size > 0 ? source->data : "";
    return source->info.size == record->size && source->info.mtime_ns == record->mtime_ns
               ? FIRN_OK
               : FIRN_CHANGED;
}

void source_close(struct source *source)
{
    struct workspace *workspace = source->workspace;
    if (workspace == NULL)
        return;
    if (source->path != NULL)
        (void)!workspace_set(workspace, &source->path, NULL);
    if (source->file.path != NULL) {
        loaded_close(&workspace->opened, &source->loaded);
        opened_file_fini(&workspace->opened, &source->file);
        if (source->has_nodes)
            firn_nodes_fini(&source->loaded.nodes);
        else
            source->nodes = source->loaded.nodes;
    }
    document_destroy(source->own);
    if (source->data != NULL)
        firn_release(workspace->allocator, source->data, source->size);
    rows_fini(&source->own_rows);
    *source = (struct source){.workspace = workspace,
                              .nodes = source->nodes,
                              .names = source->names,
                              .name_capacity = source->name_capacity,
                              .parents = source->parents,
                              .parent_capacity = source->parent_capacity};
}

void source_release(struct source *source)
{
    if (source->workspace == NULL)
        return;
    const firn_allocator *allocator = source->workspace->allocator;
    source_close(source);
    firn_nodes_fini(&source->nodes);
    firn_release(allocator, source->names, source->name_capacity * sizeof *source->names);
    firn_release(allocator, source->parents, source->parent_capacity * sizeof *source->parents);
    *source = (struct source){.workspace = NULL};
}

size_t source_bytes(const struct source *source)
{
    return source->nodes.capacity * sizeof(firn_node) +
           source->name_capacity * sizeof *source->names +
           source->parent_capacity * sizeof *source->parents +
           (source->own == NULL ? 0 : source->own->capacity + source->own->live.heap.taken_bytes);
}

/* --- parts --- */

firn_status source_rows(struct source *source, firn_error *ret_error)
{
    if (source->has_rows)
        return FIRN_OK;
    firn_status status = rows_count(&source->own_rows, source->text, source->size);
    if (status != FIRN_OK)
        return explain(status, source, ret_error);
    source->rows = &source->own_rows;
    source->has_rows = true;
    return FIRN_OK;
}

/* The builder's nodes are gone with the next document's. */
static firn_status copy_nodes(struct source *source, const firn_nodes *nodes)
{
    void *block = source->nodes.node;
    if (!firn_grow(source->nodes.allocator, &block, &source->nodes.capacity, nodes->count,
                   sizeof *nodes->node))
        return FIRN_NO_MEMORY;
    source->nodes.node = block;
    memcpy(source->nodes.node, nodes->node, nodes->count * sizeof *nodes->node);
    source->nodes.count = nodes->count;
    return FIRN_OK;
}

static firn_status parse_document(struct source *source, firn_error *ret_error)
{
    struct workspace *workspace = source->workspace;
    struct document *document = source->document;
    struct tongue *tongue;
    firn_status status = live_parse(&document->live, document->text, document->size,
                                    workspace->stop, workspace->stop_context, ret_error);
    if (status != FIRN_OK)
        return status;
    status = workspace_tongue(workspace, document->language, &tongue);
    if (status != FIRN_OK)
        return explain(status, source, ret_error);
    status = live_feed(&document->live, document->text, document->size, tongue->builder, ret_error);
    if (status != FIRN_OK)
        return status;
    source->family = tongue->family;
    source->extractor = tongue->extractor;
    status = copy_nodes(source, firn_builder_nodes(tongue->builder));
    return status == FIRN_OK ? FIRN_OK : explain(status, source, ret_error);
}

static firn_status decode_stored(struct source *source, firn_error *ret_error)
{
    firn_status status = loaded_decode(&source->loaded, &source->file, ret_error);
    if (status != FIRN_OK)
        return status;
    source->family = source->loaded.language->family;
    source->extractor = source->loaded.language->extractor;
    firn_nodes_fini(&source->nodes);
    source->nodes = source->loaded.nodes;
    source->loaded.nodes = (firn_nodes){.allocator = source->workspace->allocator};
    return FIRN_OK;
}

firn_status source_nodes(struct source *source, firn_error *ret_error)
{
    if (source->has_nodes)
        return FIRN_OK;
    firn_status status = source->document != NULL ? parse_document(source, ret_error)
                                                  : decode_stored(source, ret_error);
    source->has_nodes = status == FIRN_OK;
    return status;
}

static firn_status keep_name(void *context, const struct extract_name *name)
{
    struct source *source = context;
    void *block = source->names;
    if (!firn_grow(source->workspace->allocator, &block, &source->name_capacity,
                   source->name_count + 1, sizeof *source->names))
        return FIRN_NO_MEMORY;
    source->names = block;
    source->names[source->name_count++] = *name;
    return FIRN_OK;
}

/* Makes the names: all, or those of a spelling. */
static firn_status make_names(struct source *source, const char *name, size_t size,
                              struct extract_scratch *scratch, firn_error *ret_error)
{
    if (source->has_names)
        return FIRN_OK;
    firn_status status = source_nodes(source, ret_error);
    if (status != FIRN_OK)
        return status;
    source->name_count = 0;
    status = name == NULL
                 ? extract_names(source->extractor, scratch, &source->nodes, keep_name, source)
                 : extract_spelled(source->extractor, scratch, &source->nodes, source->text,
                                   source->size, name, size, keep_name, source);
    source->has_names = status == FIRN_OK;
    return status == FIRN_OK ? FIRN_OK : explain(status, source, ret_error);
}

firn_status source_names(struct source *source, firn_error *ret_error)
{
    return make_names(source, NULL, 0, &source->workspace->scratch, ret_error);
}

firn_status source_spelled(struct source *source, const char *name, size_t size,
                           struct extract_scratch *scratch, firn_error *ret_error)
{
    return make_names(source, name, size, scratch, ret_error);
}

firn_status source_parents(struct source *source, firn_error *ret_error)
{
    if (source->has_parents)
        return FIRN_OK;
    firn_status status = source_nodes(source, ret_error);
    if (status != FIRN_OK)
        return status;
    void *block = source->parents;
    if (!firn_grow(source->workspace->allocator, &block, &source->parent_capacity,
                   source->nodes.count, sizeof *source->parents))
        return explain(FIRN_NO_MEMORY, source, ret_error);
    source->parents = block;
    uint32_t open = UINT32_MAX;
    for (uint32_t i = 0; i < source->nodes.count; i++) {
        while (open != UINT32_MAX && source->nodes.node[open].next <= i)
            open = source->parents[open];
        source->parents[i] = open;
        if (source->nodes.node[i].next > i + 1)
            open = i;
    }
    source->has_parents = true;
    return FIRN_OK;
}

/* --- looking --- */

const struct extract_name *source_name_at(const struct source *source, uint32_t offset)
{
    const struct extract_name *before = NULL;
    for (size_t i = 0; i < source->name_count; i++) {
        const struct extract_name *name = &source->names[i];
        if (name->start <= offset && offset < name->end)
            return name;
        if (name->end == offset)
            before = name;
    }
    return before;
}

bool language_among(const struct language *language, const char *words)
{
    const size_t size = strlen(language->name);
    for (const char *at = words; (at = strstr(at, language->name)) != NULL; at++)
        if (at > words && at[-1] == ' ' && at[size] == ' ')
            return true;
    return false;
}

struct spot source_spot(const struct source *source, uint32_t offset)
{
    return offset_spot(source->rows, source->text, source->size, source->workspace->encoding,
                       offset);
}

uint32_t source_offset(const struct source *source, struct spot spot)
{
    return spot_offset(source->rows, source->text, source->size, source->workspace->encoding, spot);
}

const char *source_label(const struct source *source, uint32_t node)
{
    return firn_family_label_name(source->family, firn_node_label(&source->nodes.node[node]));
}

firn_field source_field(const struct source *source, uint32_t node)
{
    return firn_edge_field(source->family, source->nodes.node[node].edge);
}
