/* `firn code stats`: what a store holds and what that takes, from the meta segment alone. */
#include "code/answer.h"

#include <firn/system.h>

static const struct emitter_column columns[] = {
    {"language", -12}, {"files", 9},       {"lines", 12},       {"source_bytes", 13},
    {"nodes", 13},     {"tree_bytes", 11}, {"productions", 12}, {"family_bytes", 13}};

static void print_languages(struct emitter *emitter, const struct meta *meta)
{
    emitter_table_begin(emitter, "languages", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < meta->language_count; i++) {
        const struct meta_language *language = &meta->languages[i];
        emitter_row_begin(emitter);
        emitter_text(emitter, "language", language->name);
        emitter_number(emitter, "files", language->totals.files);
        emitter_number(emitter, "lines", language->totals.lines);
        emitter_bytes(emitter, "source_bytes", language->totals.source_bytes);
        emitter_number(emitter, "nodes", language->totals.nodes);
        emitter_bytes(emitter, "tree_bytes", language->totals.tree_bytes);
        emitter_number(emitter, "productions", language->productions);
        emitter_bytes(emitter, "family_bytes", language->family_bytes);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

/* Bytes on disk of each kind of segment. */
struct kind_bytes {
    uint64_t sources;
    uint64_t trees;
    uint64_t names;
    uint64_t others;
};

static struct kind_bytes sum_kinds(const struct opened *opened)
{
    struct kind_bytes bytes = {0};
    firn_segment_info info;
    for (uint32_t from = 0; firn_store_next(opened->store, from, &info) == FIRN_OK;
         from = info.segment + 1) {
        uint64_t *sum = &bytes.others;
        if (info.kind == SEGMENT_SOURCE)
            sum = &bytes.sources;
        else if (info.kind == SEGMENT_TREE)
            sum = &bytes.trees;
        else if (info.kind == SEGMENT_NAMES || info.kind == SEGMENT_NAMES + 1)
            sum = &bytes.names;
        *sum += info.packed_bytes;
    }
    return bytes;
}

firn_status answer_stats(struct opened *opened, const struct question *question,
                         struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    const struct meta *meta = &opened->meta;
    firn_usage usage;
    firn_process_memory memory = {.rss_bytes = 0};
    firn_store_usage(opened->store, &usage);
    (void)question;
    (void)outcome;
    (void)ret_error;
    (void)!firn_process_memory_get(&memory);
    const struct kind_bytes bytes = sum_kinds(opened);
    emitter_object_begin(emitter, NULL);
    emitter_path(emitter, "root", meta->root);
    emitter_number(emitter, "files", meta->totals.files);
    emitter_number(emitter, "skipped", meta->skipped);
    emitter_number(emitter, "lines", meta->totals.lines);
    emitter_bytes(emitter, "source_bytes", meta->totals.source_bytes);
    emitter_number(emitter, "nodes", meta->totals.nodes);
    emitter_number(emitter, "names", meta->names);
    emitter_bytes(emitter, "parser_tree_bytes", meta->parser_tree_bytes);
    emitter_bytes(emitter, "tree_bytes", meta->totals.tree_bytes);
    emitter_bytes(emitter, "store_bytes", usage.disk_bytes);
    emitter_bytes(emitter, "store_source_bytes", bytes.sources);
    emitter_bytes(emitter, "store_tree_bytes", bytes.trees);
    emitter_bytes(emitter, "store_name_bytes", bytes.names);
    emitter_bytes(emitter, "store_other_bytes", bytes.others);
    emitter_bytes(emitter, "resident_bytes", memory.rss_bytes);
    print_languages(emitter, meta);
    emitter_object_end(emitter);
    return FIRN_OK;
}
