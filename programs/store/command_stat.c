/* `firn store stat`: what a store holds, by kind, codec and file, from its manifest alone. */
#include "store/commands.h"

#include <inttypes.h>
#include <stdlib.h>

/* Some of the segments. */
struct sum {
    uint64_t segments;
    uint64_t plain_bytes;
    uint64_t packed_bytes;
};

static const struct emitter_column kind_columns[] = {
    {"kind", 10}, {"segments", 12}, {"plain_bytes", 13}, {"packed_bytes", 13}};
static const struct emitter_column codec_columns[] = {
    {"codec", -10}, {"segments", 12}, {"plain_bytes", 13}, {"packed_bytes", 13}};
static const struct emitter_column file_columns[] = {
    {"file", -20}, {"segments", 12}, {"size_bytes", 13}, {"live_bytes", 13}};
#define COLUMNS(columns) columns, sizeof columns / sizeof columns[0]

static void sum_add(struct sum *sum, const firn_segment_info *info)
{
    sum->segments++;
    sum->plain_bytes += info->plain_bytes;
    sum->packed_bytes += info->packed_bytes;
}

static void print_sum(struct emitter *emitter, const struct sum *sum)
{
    emitter_number(emitter, "segments", sum->segments);
    emitter_bytes(emitter, "plain_bytes", sum->plain_bytes);
    emitter_bytes(emitter, "packed_bytes", sum->packed_bytes);
}

static int compare_numbers(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* keys has room for one number a segment. */
static void print_kinds(struct emitter *emitter, const firn_store *store, uint64_t *keys)
{
    size_t count = 0;
    firn_segment_info info;
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK; from = info.segment + 1)
        keys[count++] = (uint64_t)info.kind << 32 | info.segment;
    if (count > 0)
        qsort(keys, count, sizeof *keys, compare_numbers);
    emitter_table_begin(emitter, "kinds", COLUMNS(kind_columns));
    for (size_t i = 0; i < count;) {
        const uint64_t kind = keys[i] >> 32;
        struct sum sum = {0};
        for (; i < count && keys[i] >> 32 == kind; i++)
            if (firn_store_segment_info(store, (uint32_t)keys[i], &info) == FIRN_OK)
                sum_add(&sum, &info);
        emitter_row_begin(emitter);
        emitter_number(emitter, "kind", kind);
        print_sum(emitter, &sum);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static void print_codecs(struct emitter *emitter, const firn_store *store)
{
    struct sum sums[FIRN_CODEC_ZSTD_DICTIONARY + 1] = {0};
    firn_segment_info info;
    for (uint32_t from = 0; firn_store_next(store, from, &info) == FIRN_OK; from = info.segment + 1)
        sum_add(&sums[info.codec], &info);
    emitter_table_begin(emitter, "codecs", COLUMNS(codec_columns));
    for (int codec = 0; codec <= FIRN_CODEC_ZSTD_DICTIONARY; codec++) {
        if (sums[codec].segments == 0)
            continue;
        emitter_row_begin(emitter);
        emitter_text(emitter, "codec", codec_name((firn_codec_kind)codec));
        print_sum(emitter, &sums[codec]);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static void print_files(struct emitter *emitter, const firn_store *store)
{
    firn_store_file file;
    emitter_table_begin(emitter, "data_files", COLUMNS(file_columns));
    for (uint32_t from = 0; firn_store_file_next(store, from, &file) == FIRN_OK;
         from = file.file + 1) {
        emitter_row_begin(emitter);
        emitter_text(emitter, "file", file.name);
        emitter_number(emitter, "segments", file.segment_count);
        emitter_bytes(emitter, "size_bytes", file.size_bytes);
        emitter_bytes(emitter, "live_bytes", file.live_bytes);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static enum exit_status print_stat(const struct invocation *invocation, const firn_store *store,
                                   const firn_store_unused *unused, uint64_t *keys)
{
    struct emitter emitter;
    firn_store_summary summary;
    char store_id[17];
    firn_store_summary_get(store, &summary);
    /* As text: JSON's readers keep 53 bits of a number. */
    snprintf(store_id, sizeof store_id, "%016" PRIx64, summary.store_id);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "store_id", store_id);
    emitter_number(&emitter, "format", summary.version);
    emitter_number(&emitter, "generation", summary.generation);
    if (summary.root != FIRN_SEGMENT_NONE)
        emitter_number(&emitter, "root", summary.root);
    emitter_number(&emitter, "segments", summary.segment_count);
    emitter_number(&emitter, "files", summary.file_count);
    emitter_bytes(&emitter, "plain_bytes", summary.plain_bytes);
    emitter_bytes(&emitter, "packed_bytes", summary.live_bytes);
    emitter_bytes(&emitter, "data_bytes", summary.data_bytes);
    emitter_bytes(&emitter, "garbage_bytes", summary.data_bytes - summary.live_bytes);
    emitter_bytes(&emitter, "manifest_bytes", summary.manifest_bytes);
    emitter_bytes(&emitter, "store_bytes", summary.data_bytes + summary.manifest_bytes);
    emitter_number(&emitter, "unused_files", unused->file_count);
    emitter_bytes(&emitter, "unused_bytes", unused->bytes);
    print_kinds(&emitter, store, keys);
    print_codecs(&emitter, store);
    print_files(&emitter, store);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}

static enum exit_status run_stat(const struct invocation *invocation, const firn_store *store)
{
    const firn_allocator *allocator = firn_allocator_system();
    firn_store_unused unused;
    firn_error error = {.status = FIRN_OK};
    if (firn_store_unused_get(store, &unused, &error) != FIRN_OK)
        return report_error(&error);
    firn_store_summary summary;
    firn_store_summary_get(store, &summary);
    const size_t size = sizeof(uint64_t) * (summary.segment_count + (size_t)1);
    uint64_t *keys = firn_allocate(allocator, size);
    if (keys == NULL) {
        error.status = FIRN_NO_MEMORY;
        return report_error(&error);
    }
    const enum exit_status status = print_stat(invocation, store, &unused, keys);
    firn_release(allocator, keys, size);
    return status;
}

enum exit_status command_store_stat(const struct invocation *invocation)
{
    firn_store *store = open_operand(invocation);
    if (store == NULL)
        return EXIT_FAILED;
    const enum exit_status status = run_stat(invocation, store);
    firn_store_close(store);
    return status;
}
