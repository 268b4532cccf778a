/* Texts in every language: a parse feeds a tree that the builder takes, that packs and unpacks to
 * the same nodes, and whose names lie in it. An input is a byte that chooses the language, and a
 * text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "code/extract.h"
#include "code/parse.h"

#define LANGUAGES_MAX 32

struct speaker {
    firn_family *family;
    firn_builder *builder;
    struct extractor *extractor;
};

static void must(firn_status status)
{
    if (status != FIRN_OK)
        abort();
}

static struct speaker *speaker_of(unsigned index)
{
    static struct speaker speakers[LANGUAGES_MAX];
    struct speaker *speaker = &speakers[index];
    const struct language *language = language_at(index);

    if (speaker->family == NULL) {
        must(firn_family_create(NULL, &speaker->family));
        must(language_name_family(language, speaker->family));
        must(firn_family_settle(speaker->family));
        must(firn_builder_create(speaker->family, NULL, &speaker->builder));
        must(extractor_create(language, speaker->family, NULL, &speaker->extractor));
    }
    return speaker;
}

static firn_status check_name(void *context, const struct extract_name *name)
{
    const firn_nodes *nodes = context;
    const firn_node *node = &nodes->node[name->node];

    assert(node->start <= name->start && name->start < name->end && name->end <= node->end);
    assert(name->kind < KIND_COUNT);
    assert(name->is_definition == (name->whole != EXTRACT_NONE));
    assert(!name->is_definition ||
           (name->whole <= name->node && name->node < nodes->node[name->whole].next));
    return FIRN_OK;
}

static void check_names(const struct speaker *speaker, const firn_nodes *nodes)
{
    static struct extract_scratch scratch;
    must(extract_names(speaker->extractor, &scratch, nodes, check_name, (void *)(uintptr_t)nodes));
}

static void check_same(const firn_nodes *left, const firn_nodes *right)
{
    assert(left->count == right->count);
    for (uint32_t i = 0; i < left->count; i++) {
        assert(left->node[i].start == right->node[i].start);
        assert(left->node[i].end == right->node[i].end);
        assert(left->node[i].next == right->node[i].next);
        assert(left->node[i].edge == right->node[i].edge);
    }
}

/* Trees are decoded with the family as it was saved after them. */
static void check_packing(const struct speaker *speaker, const char *text, size_t size)
{
    static firn_nodes decoded;
    const void *data;
    void *saved;
    size_t data_size, saved_size;
    firn_family *family;
    firn_tree tree;

    must(firn_builder_pack(speaker->builder, &data, &data_size));
    must(firn_family_save(speaker->family, NULL, &saved, &saved_size));
    must(firn_family_load(saved, saved_size, NULL, &family));
    must(firn_tree_open(family, data, data_size, text, size, &tree));
    must(firn_tree_decode(&tree, &decoded));
    check_same(&decoded, firn_builder_nodes(speaker->builder));
    firn_family_destroy(family);
    firn_release(NULL, saved, saved_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parser *parser;
    struct parser_options options = {.limit_bytes = (size_t)64 << 20, .limit_seconds = 2};

    if (size == 0)
        return 0;
    if (parser == NULL)
        must(parser_create(&options, &parser));
    unsigned index = data[0] % language_count();
    const struct speaker *speaker = speaker_of(index);
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    firn_status status = parser_parse(parser, language_at(index), text, size - 1, NULL);
    assert(status == FIRN_OK || status == FIRN_LIMIT);
    if (status == FIRN_OK) {
        must(parser_feed(parser, speaker->builder, NULL));
        check_names(speaker, firn_builder_nodes(speaker->builder));
        check_packing(speaker, text, size - 1);
    }
    free(text);
    return 0;
}
