/* `firn store dump`: the list of a store's segments, or the content of one. */
#include "store/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const struct emitter_column columns[] = {
    {"segment", 10},      {"kind", 10},  {"codec", -5},        {"plain_bytes", 11},
    {"packed_bytes", 12}, {"file", -20}, {"offset_bytes", 12}, {"generation", 11}};

/* The values of one segment. Sizes are exact here, as offsets must be. */
static void print_segment(struct emitter *emitter, const firn_store *store,
                          const firn_segment_info *info)
{
    firn_store_file file = {.name = ""};
    (void)!firn_store_file_next(store, info->file, &file);
    emitter_number(emitter, "segment", info->segment);
    emitter_number(emitter, "kind", info->kind);
    emitter_text(emitter, "codec", codec_name(info->codec));
    emitter_number(emitter, "plain_bytes", info->plain_bytes);
    emitter_number(emitter, "packed_bytes", info->packed_bytes);
    emitter_text(emitter, "file", file.name);
    emitter_number(emitter, "offset_bytes", info->offset_bytes);
    emitter_number(emitter, "generation", info->generation);
}

static enum exit_status list_segments(const struct invocation *invocation, const firn_store *store)
{
    firn_segment_info info;
    struct emitter emitter;
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_table_begin(&emitter, NULL, columns, sizeof columns / sizeof columns[0]);
    for (uint32_t from = 0;
         firn_store_next(store, from, &info) == FIRN_OK && !emitter_failed(&emitter);
         from = info.segment + 1) {
        emitter_row_begin(&emitter);
        print_segment(&emitter, store, &info);
        emitter_row_end(&emitter);
    }
    if (!emitter_failed(&emitter))
        emitter_table_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status write_stdout(const firn_segment *content)
{
    struct emitter emitter;
    emitter_begin(&emitter, stdout, false);
    if (content->size > 0)
        emitter_plain_bytes(&emitter, content->data, content->size);
    return emitter_end(&emitter, EXIT_DONE);
}

/* Any kind of file will do, such as a device or a FIFO. */
static enum exit_status write_file(const char *path, const firn_segment *content)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        report("%s: cannot be opened (%s); name another file", path, strerror(errno));
        return EXIT_FAILED;
    }
    errno = 0;
    bool is_written =
        content->size == 0 || fwrite(content->data, 1, content->size, file) == content->size;
    int cause = errno;
    if (fclose(file) != 0 && is_written) {
        is_written = false;
        cause = errno;
    }
    if (is_written)
        return EXIT_DONE;
    report("%s: cannot be written (%s); what is in it is not whole", path, strerror(cause));
    return EXIT_FAILED;
}

static enum exit_status write_segment(const struct invocation *invocation, firn_store *store,
                                      const firn_segment_info *info, const char *output)
{
    firn_segment content;
    firn_error error = {.status = FIRN_OK};
    /* Before the output is opened: what is damaged must not empty a file. */
    if (firn_store_pin(store, info->segment, &content, &error) != FIRN_OK)
        return report_error(&error);
    enum exit_status status =
        strcmp(output, "-") == 0 ? write_stdout(&content) : write_file(output, &content);
    firn_store_unpin(store, &content);
    if (status != EXIT_DONE || !invocation->json)
        return status;
    struct emitter emitter;
    emitter_begin(&emitter, stdout, true);
    emitter_object_begin(&emitter, NULL);
    print_segment(&emitter, store, info);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

enum exit_status command_store_dump(const struct invocation *invocation)
{
    const bool is_list = option_text(invocation, "segment") == NULL;
    const uint64_t segment = option_number(invocation, "segment");
    const char *output = option_text(invocation, "output");
    if (is_list && output != NULL)
        return report_usage("--output is for the content of one segment; name it with --segment");
    if (output == NULL)
        output = "-";
    if (!is_list && invocation->json && strcmp(output, "-") == 0)
        return report_usage("--json and a segment's content cannot both be standard output; "
                            "name a file with --output");
    firn_store *store = open_operand(invocation);
    if (store == NULL)
        return EXIT_FAILED;
    enum exit_status status = EXIT_FAILED;
    firn_segment_info info;
    if (is_list)
        status = list_segments(invocation, store);
    else if (segment >= FIRN_SEGMENT_NONE ||
             firn_store_segment_info(store, (uint32_t)segment, &info) != FIRN_OK)
        report("%s: has no segment %" PRIu64 "; list them with `firn store dump`",
               invocation->operands[0], segment);
    else
        status = write_segment(invocation, store, &info, output);
    firn_store_close(store);
    return status;
}
