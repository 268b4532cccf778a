/* Packed trees of hostile bytes over hostile text, with the family of a fixed random sample. An
 * input is two bytes of text size (low one first), the text, and the packed tree. */
#include "support/random_tree.h"

#include <stdlib.h>

static firn_family *sample_family(void)
{
    static struct random_tree tree;
    rng random;
    rng_seed(&random, 1);
    firn_family *family = NULL;
    firn_builder *builder = NULL;
    firn_family_options options = {.checkpoint_nodes = 16};
    firn_status status = firn_family_create(&options, &family);
    if (status == FIRN_OK)
        status = random_tree_vocabulary(family);
    if (status == FIRN_OK)
        status = firn_builder_create(family, NULL, &builder);
    for (unsigned i = 0; status == FIRN_OK && i < 20; i++) {
        random_tree_make(&tree, &random, 400);
        status = random_tree_build(&tree, builder);
        if (status == FIRN_OK)
            status = firn_builder_learn(builder);
    }
    firn_builder_destroy(builder);
    void *saved;
    size_t size;
    firn_family *loaded;
    if (status == FIRN_OK)
        status = firn_family_settle(family);
    if (status == FIRN_OK)
        status = firn_family_save(family, NULL, &saved, &size);
    if (status != FIRN_OK || firn_family_load(saved, size, NULL, &loaded) != FIRN_OK)
        abort();
    firn_release(NULL, saved, size);
    firn_family_destroy(family);
    return loaded;
}

static void check_nodes(const firn_nodes *nodes, uint32_t text_size)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        const firn_node *node = &nodes->node[i];
        if (node->start > node->end || node->end > text_size || node->next <= i ||
            node->next > nodes->count)
            abort();
    }
}

static void check_partial(const firn_tree *tree)
{
    firn_partial *partial;
    if (firn_partial_create(tree, NULL, &partial) != FIRN_OK)
        return;
    for (uint32_t offset = 0; offset < tree->text_size; offset += 1 + tree->text_size / 4) {
        const firn_nodes *nodes = firn_partial_nodes(partial);
        uint32_t node;
        if (firn_partial_locate(partial, offset, &node) != FIRN_OK)
            continue;
        (void)!firn_partial_fill(partial, node);
        for (; node != UINT32_MAX; node = firn_partial_parent(partial, node))
            if (nodes->node[node].end > tree->text_size || nodes->node[node].next <= node ||
                nodes->node[node].next > nodes->count)
                abort();
    }
    firn_partial_destroy(partial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static firn_family *family;
    if (family == NULL)
        family = sample_family();
    size_t text_size = size >= 2 ? data[0] | (size_t)data[1] << 8 : 0;
    if (size < 2 || text_size > size - 2)
        return 0;
    const char *text = (const char *)data + 2;
    firn_tree tree;
    if (firn_tree_open(family, data + 2 + text_size, size - 2 - text_size, text, text_size,
                       &tree) != FIRN_OK)
        return 0;
    firn_nodes nodes = {0};
    if (firn_tree_decode(&tree, &nodes) == FIRN_OK)
        check_nodes(&nodes, tree.text_size);
    firn_nodes_fini(&nodes);
    for (uint32_t offset = 0; offset < text_size; offset += 1 + (uint32_t)text_size / 4) {
        firn_path_node *path;
        size_t depth;
        if (firn_tree_locate(&tree, offset, NULL, &path, &depth) == FIRN_OK)
            firn_release(NULL, path, depth * sizeof *path);
    }
    check_partial(&tree);
    return 0;
}
