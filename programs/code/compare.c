/* The proof of a packed tree: the source is parsed again and the nodes of both are laid side by
 * side. verify.c calls it for every file. The fresh family serves as a numbering of labels and
 * fields only, so nothing that was learned or packed can hide a difference. */
#include "code/compare.h"

#include <stdio.h>

firn_status compare_init(struct compare *compare, const firn_allocator *allocator)
{
    unsigned total = language_count();
    *compare = (struct compare){.allocator = allocator, .language_total = total};
    compare->families = firn_allocate_zeroed(allocator, total, sizeof(firn_family *));
    compare->builders = firn_allocate_zeroed(allocator, total, sizeof(firn_builder *));
    if (compare->families == NULL || compare->builders == NULL)
        return FIRN_NO_MEMORY;
    /* What was indexed in its time must not fail here because the machine is busier. */
    struct parser_options options = {.allocator = allocator, .limit_seconds = UINT32_MAX};
    return parser_create(&options, &compare->parser);
}

void compare_fini(struct compare *compare)
{
    for (unsigned i = 0; i < compare->language_total; i++) {
        if (compare->builders != NULL)
            firn_builder_destroy(compare->builders[i]);
        if (compare->families != NULL)
            firn_family_destroy(compare->families[i]);
    }
    firn_release(compare->allocator, compare->families,
                 compare->language_total * sizeof(firn_family *));
    firn_release(compare->allocator, compare->builders,
                 compare->language_total * sizeof(firn_builder *));
    parser_destroy(compare->parser);
    *compare = (struct compare){.allocator = compare->allocator};
}

static firn_status find_builder(struct compare *compare, unsigned index)
{
    firn_family **family = &compare->families[index];
    firn_status status = FIRN_OK;
    if (*family == NULL) {
        status =
            firn_family_create(&(firn_family_options){.allocator = compare->allocator}, family);
        if (status == FIRN_OK)
            status = language_name_family(language_at(index), *family);
        if (status != FIRN_OK) {
            firn_family_destroy(*family);
            *family = NULL;
        }
    }
    if (status == FIRN_OK && compare->builders[index] == NULL)
        status = firn_builder_create(*family, compare->allocator, &compare->builders[index]);
    return status;
}

/* A family of before version 2 of its format has no places of nodes. */
static unsigned known_flags(const firn_family *stored)
{
    return firn_family_group_name(stored, 1)[0] != '\0'
               ? ~0u
               : FIRN_NODE_MISSING | FIRN_NODE_ERROR | FIRN_NODE_EXTRA;
}

static bool same_node(const firn_family *a_family, const firn_node *a, const firn_family *b_family,
                      const firn_node *b, unsigned flags)
{
    return a->start == b->start && a->end == b->end && a->next == b->next &&
           firn_edge_label(a_family, a->edge) == firn_edge_label(b_family, b->edge) &&
           ((firn_edge_flags(a_family, a->edge) ^ firn_edge_flags(b_family, b->edge)) & flags) ==
               0 &&
           firn_edge_field(a_family, a->edge) == firn_edge_field(b_family, b->edge);
}

static uint64_t count_differences(const firn_family *stored_family, const firn_nodes *stored,
                                  const firn_family *fresh_family, const firn_nodes *fresh,
                                  char *what, size_t size)
{
    uint32_t common = stored->count < fresh->count ? stored->count : fresh->count;
    uint64_t differences = stored->count + fresh->count - 2ull * common;
    if (differences > 0)
        snprintf(what, size, "%u nodes are stored, %u are parsed", stored->count, fresh->count);
    const unsigned flags = known_flags(stored_family);
    for (uint32_t i = 0; i < common; i++) {
        if (same_node(stored_family, &stored->node[i], fresh_family, &fresh->node[i], flags))
            continue;
        if (differences++ == 0)
            snprintf(what, size, "node %u at byte %u differs", i, fresh->node[i].start);
    }
    return differences;
}

firn_status compare_nodes(struct compare *compare, const struct loaded *loaded,
                          uint64_t *ret_differences, char *what, size_t size)
{
    const struct language *language = loaded->language->language;
    if (language == NULL) {
        snprintf(what, size, "its language is not known to this program");
        *ret_differences = 1;
        return FIRN_OK;
    }
    unsigned index = language_index(language);
    firn_error error = {.status = FIRN_OK};
    firn_status status = find_builder(compare, index);
    if (status == FIRN_OK)
        status = parser_parse(compare->parser, language, loaded->text, loaded->text_size, &error);
    if (status == FIRN_OK)
        status = parser_feed(compare->parser, compare->builders[index], &error);
    parser_reset(compare->parser);
    if (status == FIRN_NO_MEMORY)
        return status;
    if (status != FIRN_OK) {
        snprintf(what, size, "it cannot be parsed again: %s",
                 error.text[0] != '\0' ? error.text : firn_status_text(status));
        *ret_differences = 1;
        return FIRN_OK;
    }
    *ret_differences =
        count_differences(loaded->language->family, &loaded->nodes, compare->families[index],
                          firn_builder_nodes(compare->builders[index]), what, size);
    return FIRN_OK;
}
