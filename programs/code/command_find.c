/* `firn code find`: where a name is defined, from the dictionary alone. */
#include "code/lookup.h"

#include "code/answer.h"
#include "code/commands.h"

static void print_definition(struct emitter *emitter, const struct lookup *lookup, const char *path,
                             const struct definition *definition)
{
    const char *kind = kind_name((enum kind)definition->kind);
    if (!emitter->json) {
        print_place(emitter, path, definition->row, definition->column);
        emitter_plain(emitter, "%s ", kind);
        emitter_plain_name(emitter, lookup->name, lookup->name_size);
        emitter_plain(emitter, "\n");
        return;
    }
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "name", lookup->name);
    emitter_text(emitter, "kind", kind);
    emitter_path(emitter, "path", path);
    emit_point(emitter, (firn_point){definition->row, definition->column});
    emitter_object_end(emitter);
}

static firn_status print_definitions(struct emitter *emitter, struct opened *opened,
                                     struct lookup *lookup, uint64_t *count, firn_error *ret_error)
{
    struct opened_file file = {.path = NULL};
    struct definition definition;
    firn_status status = opened_at(opened, lookup->postings.file, &file, ret_error);
    while (status == FIRN_OK && !emitter_failed(emitter)) {
        status = lookup_definition(lookup, &definition, ret_error);
        if (status != FIRN_OK)
            break;
        print_definition(emitter, lookup, file.path, &definition);
        ++*count;
    }
    opened_file_fini(opened, &file);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status find_name(struct emitter *emitter, struct opened *opened, const char *name,
                             uint64_t *ret_count, firn_error *ret_error)
{
    struct lookup lookup = {.opened = NULL};
    firn_status status = lookup_begin(&lookup, opened, name, ret_error);
    while (status == FIRN_OK && !emitter_failed(emitter)) {
        status = lookup_next(&lookup, ret_error);
        if (status == FIRN_OK && lookup.postings.definitions_left > 0)
            status = print_definitions(emitter, opened, &lookup, ret_count, ret_error);
    }
    lookup_end(&lookup);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status answer_find(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    uint64_t count = 0;
    emitter_array_begin(emitter, NULL);
    firn_status status = find_name(emitter, opened, question->operand, &count, ret_error);
    if (status != FIRN_OK)
        return status;
    emitter_array_end(emitter);
    if (count == 0)
        outcome_empty(outcome, "%s: no definition of this name in %s", question->operand,
                      question->store);
    return FIRN_OK;
}
