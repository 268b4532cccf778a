/* `firn code find`: where a name is defined, from the dictionary alone. */
#include "code/lookup.h"

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

enum exit_status command_find(const struct invocation *invocation)
{
    struct opened opened;
    struct emitter emitter;
    firn_error error = {.status = FIRN_OK};
    uint64_t count = 0;
    const char *name = invocation->operands[0];
    if (open_store(invocation, &opened, &error) != FIRN_OK)
        return report_error(&error);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_array_begin(&emitter, NULL);
    firn_status status = find_name(&emitter, &opened, name, &count, &error);
    if (status == FIRN_OK)
        emitter_array_end(&emitter);
    enum exit_status exit_status =
        emitter_end(&emitter, status == FIRN_OK && count > 0 ? EXIT_DONE : EXIT_FAILED);
    if (status != FIRN_OK)
        report_error(&error);
    else if (count == 0 && !invocation->quiet)
        report("%s: no definition of this name in %s", name, option_text(invocation, "store"));
    opened_fini(&opened);
    return exit_status;
}
