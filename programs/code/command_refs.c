/* `firn code refs`: every occurrence of a name. The dictionary tells the files; their trees are
 * decoded to find the places and how the name is used there. Memory: one file. */
#include "code/answer.h"
#include "code/commands.h"
#include "code/lookup.h"

/* A search in progress. */
struct refs {
    struct opened *opened;
    struct lookup lookup;
    struct emitter *emitter;
    struct extract_scratch scratch;
    struct loaded loaded;
    struct opened_file file; /* the one being searched */
    firn_lines lines;
    uint64_t count;
};

static void print_occurrence(struct refs *refs, const struct extract_name *name)
{
    struct emitter *emitter = refs->emitter;
    const char *kind = kind_name((enum kind)name->kind);
    firn_point point = firn_lines_point(&refs->lines, name->start);
    if (!emitter->json) {
        print_place(emitter, refs->file.path, point.row, point.column);
        emitter_plain(emitter, "%s ", kind);
        emitter_plain_name(emitter, refs->lookup.name, refs->lookup.name_size);
        emitter_plain(emitter, name->is_definition ? " (definition)\n" : "\n");
        return;
    }
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "name", refs->lookup.name);
    emitter_text(emitter, "kind", kind);
    emitter_flag(emitter, "definition", name->is_definition);
    emitter_path(emitter, "path", refs->file.path);
    emit_point(emitter, point);
    emitter_object_end(emitter);
}

static firn_status visit_name(void *context, const struct extract_name *name)
{
    struct refs *refs = context;
    size_t size = name->end - name->start;
    if (size == refs->lookup.name_size &&
        memcmp(refs->loaded.text + name->start, refs->lookup.name, size) == 0) {
        print_occurrence(refs, name);
        refs->count++;
    }
    return emitter_failed(refs->emitter) ? FIRN_END_OF_DATA : FIRN_OK;
}

static firn_status search_nodes(struct refs *refs, firn_error *ret_error)
{
    const struct opened_language *language = refs->loaded.language;
    if (language->extractor == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: in a language that this program does not know", refs->file.path);
    firn_status status = firn_lines_init(&refs->lines, refs->loaded.text, refs->loaded.text_size,
                                         refs->opened->allocator);
    if (status == FIRN_OK) {
        status = extract_names(language->extractor, &refs->scratch, &refs->loaded.nodes, visit_name,
                               refs);
        firn_lines_fini(&refs->lines);
    }
    if (status == FIRN_NO_MEMORY)
        firn_error_set(ret_error, status, 0, "%s: out of memory", refs->file.path);
    return status;
}

static firn_status search_file(struct refs *refs, firn_error *ret_error)
{
    firn_status status =
        opened_at(refs->opened, refs->lookup.postings.file, &refs->file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = loaded_get(refs->opened, &refs->file, &refs->loaded, ret_error);
    if (status == FIRN_OK)
        status = loaded_decode(&refs->loaded, &refs->file, ret_error);
    if (status == FIRN_OK)
        status = search_nodes(refs, ret_error);
    loaded_close(refs->opened, &refs->loaded);
    opened_file_fini(refs->opened, &refs->file);
    return status;
}

static firn_status search_files(struct refs *refs, const char *name, firn_error *ret_error)
{
    uint64_t last = UINT64_MAX;
    firn_status status = lookup_begin(&refs->lookup, refs->opened, name, ret_error);
    while (status == FIRN_OK) {
        status = lookup_next(&refs->lookup, ret_error);
        if (status == FIRN_OK && refs->lookup.postings.file != last) {
            last = refs->lookup.postings.file;
            status = search_file(refs, ret_error);
        }
    }
    lookup_end(&refs->lookup);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status answer_refs(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    struct refs refs = {.opened = opened, .emitter = emitter};
    emitter_array_begin(emitter, NULL);
    firn_status status = search_files(&refs, question->operand, ret_error);
    if (status == FIRN_OK)
        emitter_array_end(emitter);
    if (status == FIRN_OK && refs.count == 0)
        outcome_empty(outcome, "%s: this name does not occur in %s", question->operand,
                      question->store);
    extract_scratch_fini(&refs.scratch);
    loaded_release(opened, &refs.loaded);
    return status;
}
