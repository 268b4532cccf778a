/* `firn code cat`: a file's source, byte for byte. */
#include "code/commands.h"

static enum exit_status print_source(const struct invocation *invocation, struct opened *opened,
                                     const struct opened_file *file, const struct content *source)
{
    const uint32_t language = file->record.language;
    struct emitter emitter;
    emitter_begin(&emitter, stdout, invocation->json);
    if (invocation->json) {
        emitter_object_begin(&emitter, NULL);
        emitter_path(&emitter, "path", file->path);
        emitter_text(&emitter, "language",
                     language < opened->meta.language_count ? opened->meta.languages[language].name
                                                            : "?");
        emitter_number(&emitter, "lines", file->record.lines);
        emitter_bytes(&emitter, "source_bytes", source->size);
        emitter_text_sized(&emitter, "text", source->data != NULL ? (const char *)source->data : "",
                           source->size);
        emitter_object_end(&emitter);
    } else if (source->size > 0) {
        emitter_plain_bytes(&emitter, source->data, source->size);
    }
    return emitter_end(&emitter, EXIT_DONE);
}

enum exit_status command_cat(const struct invocation *invocation)
{
    struct opened opened;
    struct opened_file file;
    struct content source;
    firn_error error = {.status = FIRN_OK};
    if (open_store(invocation, &opened, &error) != FIRN_OK)
        return report_error(&error);
    enum exit_status status = EXIT_FAILED;
    if (resolve_file(&opened, invocation->operands[0], &file, &error) != FIRN_OK) {
        report_error(&error);
    } else {
        if (content_get(&opened, &file.record.source, file.record.size, &source, &error) != FIRN_OK)
            report_error(&error);
        else
            status = print_source(invocation, &opened, &file, &source);
        content_release(&opened, &source);
        opened_file_fini(&opened, &file);
    }
    opened_fini(&opened);
    return status;
}
