/* `firn code cat`: a file's source, byte for byte. */
#include "code/answer.h"
#include "code/commands.h"

static void print_source(struct emitter *emitter, const struct opened *opened,
                         const struct opened_file *file, const struct content *source)
{
    const uint32_t language = file->record.language;
    if (!emitter->json) {
        if (source->size > 0)
            emitter_plain_bytes(emitter, source->data, source->size);
        return;
    }
    emitter_object_begin(emitter, NULL);
    emitter_path(emitter, "path", file->path);
    emitter_text(emitter, "language",
                 language < opened->meta.language_count ? opened->meta.languages[language].name
                                                        : "?");
    emitter_number(emitter, "lines", file->record.lines);
    emitter_bytes(emitter, "source_bytes", source->size);
    emitter_text_sized(emitter, "text", source->data != NULL ? (const char *)source->data : "",
                       source->size);
    emitter_object_end(emitter);
}

firn_status answer_cat(struct opened *opened, const struct question *question,
                       struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    struct opened_file file;
    struct content source;
    (void)outcome;
    firn_status status =
        resolve_file(opened, question->operand, question->folder, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = content_get(opened, &file.record.source, file.record.size, &source, ret_error);
    if (status == FIRN_OK)
        print_source(emitter, opened, &file, &source);
    content_release(opened, &source);
    opened_file_fini(opened, &file);
    return status;
}
