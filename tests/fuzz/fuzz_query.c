/* Queries of hostile bytes, compiled for a small vocabulary and run on a fixed random tree. */
#include "support/random_tree.h"

#include <firn/query.h>

#include <stdlib.h>

enum { SOURCE_MOST = 2048, MATCHES_MOST = 5000 };

struct sample {
    struct random_tree tree;
    firn_family *family;
    firn_builder *builder;
};

static const struct sample *make_sample(void)
{
    static struct sample sample;
    rng random;
    if (sample.family != NULL)
        return &sample;
    rng_seed(&random, 3);
    do
        random_tree_make(&sample.tree, &random, 200);
    while (sample.tree.count < 150);
    if (firn_family_create(NULL, &sample.family) != FIRN_OK ||
        random_tree_vocabulary(sample.family) != FIRN_OK ||
        firn_builder_create(sample.family, NULL, &sample.builder) != FIRN_OK ||
        random_tree_build(&sample.tree, sample.builder) != FIRN_OK)
        abort();
    return &sample;
}

static void run(const struct sample *sample, const firn_query *query)
{
    const firn_nodes *nodes = firn_builder_nodes(sample->builder);
    const firn_query_cursor_options options = {.comparison_limit = 200000};
    firn_query_cursor *cursor;
    firn_query_match match;
    uint8_t labels[(FIRN_LABEL_MAX + 1) / 8] = {0};
    uint32_t count = 0;

    if (firn_query_cursor_create(query, &options, &cursor) != FIRN_OK)
        abort();
    for (uint32_t i = 0; i < nodes->count; i++)
        labels[firn_node_label(&nodes->node[i]) / 8] |=
            (uint8_t)(1u << firn_node_label(&nodes->node[i]) % 8);
    const bool may_match = firn_query_cursor_may_match(cursor, labels, sizeof labels);
    firn_query_cursor_begin(cursor, nodes, sample->tree.text);
    while (count < MATCHES_MOST && firn_query_cursor_next(cursor, &match) == FIRN_OK) {
        if (!may_match || match.pattern >= firn_query_pattern_count(query))
            abort();
        for (uint32_t i = 0; i < match.capture_count; i++)
            if (match.captures[i].node >= nodes->count ||
                match.captures[i].capture >= firn_query_capture_count(query))
                abort();
        count++;
    }
    firn_query_cursor_destroy(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sample *sample = make_sample();
    firn_query *query;
    firn_error error = {0};

    if (size > SOURCE_MOST)
        return 0;
    if (firn_query_create(sample->family, (const char *)data, size, NULL, &query, &error) !=
        FIRN_OK) {
        if (error.text[0] == '\0' || error.offset > size)
            abort();
        return 0;
    }
    run(sample, query);
    firn_query_destroy(query);
    return 0;
}
