/* Learning: what a sample tree tells its family. For each label it is tallied which skip and which
 * lexical rules predict its leaves, which rule its inner nodes end by, and how often each child
 * list was seen. settle.c reads the tallies.
 *
 * Time: every rule is tried on a label's first leaves, and on the others those that were right now
 * and then. */
#include "tree/builder.h"

#include <string.h>

#define TRIALS_LEAST 256u /* leaves of a label */
#define LOOK_BEHIND 8u    /* bytes: longer than any mark that a rule looks for */

static bool prepare(firn_family *family)
{
    size_t capacity = family->tally_count;
    if (capacity >= family->label_count)
        return true;
    if (!firn_grow(family->allocator, (void **)&family->tally, &capacity, family->label_count,
                   sizeof *family->tally))
        return false;
    memset(family->tally + family->tally_count, 0,
           (capacity - family->tally_count) * sizeof *family->tally);
    family->tally_count = capacity;
    return true;
}

static void tally_text(struct firn_label_tally *tally, struct firn_text text, const firn_node *leaf)
{
    uint32_t size = leaf->end - leaf->start;
    if (!tally->text_known) {
        tally->text_known = true;
        tally->text_size = size > FIRN_FIXED_TEXT_MAX ? UINT8_MAX : (uint8_t)size;
        if (size <= FIRN_FIXED_TEXT_MAX)
            memcpy(tally->text, text.data + leaf->start, size);
    } else if (size != tally->text_size ||
               memcmp(tally->text, text.data + leaf->start, size) != 0) {
        tally->text_size = UINT8_MAX;
    }
}

/* The text that a prediction needs to be seen right or wrong: what lies far behind the true end
 * cannot matter, and rules that look for a mark would read to it for nothing. */
static struct firn_text up_to(struct firn_text text, uint32_t end)
{
    if (text.size - end > LOOK_BEHIND)
        text.size = end + LOOK_BEHIND;
    return text;
}

/* Whether a rule has been wrong so often that it need not be tried further. */
static bool is_hopeless(uint32_t right, uint32_t tried)
{
    return tried > TRIALS_LEAST && right < tried / 16;
}

static void tally_leaf(struct firn_label_tally *tally, struct firn_text text, uint32_t at,
                       const firn_node *leaf)
{
    if ((firn_node_flags(leaf) & FIRN_NODE_MISSING) != 0)
        return;
    tally->leaves++;
    text = up_to(text, leaf->end);
    for (unsigned skip = 0; skip < FIRN_SKIP_COUNT; skip++)
        tally->skip[skip] += firn_lexis_start((enum firn_skip)skip, text, at) == leaf->start;
    for (unsigned lexis = 0; lexis < FIRN_LEXIS_COUNT; lexis++)
        if (!is_hopeless(tally->lexis[lexis], tally->leaves))
            tally->lexis[lexis] +=
                firn_lexis_end((enum firn_lexis)lexis, 0, text, leaf->start) == leaf->end;
    tally_text(tally, text, leaf);
}

static void tally_inner(struct firn_label_tally *tally, struct firn_text text, uint32_t last_end,
                        const firn_node *inner)
{
    text = up_to(text, inner->end);
    for (unsigned lexis = 0; lexis < FIRN_LEXIS_COUNT; lexis++)
        tally->tail[lexis] +=
            firn_lexis_end((enum firn_lexis)lexis, 0, text, last_end) == inner->end;
}

static bool count_production(firn_family *family, firn_label label, struct firn_children children)
{
    uint64_t hash = firn_production_hash(label, children);
    uint32_t index = firn_productions_find(&family->productions, hash, label, children);
    if (index != FIRN_PRODUCTION_NONE) {
        family->productions.item[index].value++;
        return true;
    }
    return firn_productions_add(&family->productions, hash, label, children, 1, family->allocator);
}

firn_status firn_builder_learn(firn_builder *builder)
{
    firn_family *family = builder->family;
    if (firn_builder_nodes(builder) == NULL || family->phase != FIRN_FAMILY_LEARNING)
        return FIRN_INVALID;
    if (!prepare(family))
        return FIRN_NO_MEMORY;
    const firn_node *nodes = builder->nodes.node;
    uint32_t at = 0; /* the end of the node that ended last */
    for (uint32_t i = 0; i < builder->nodes.count; i++) {
        while (builder->open_count > 0 && nodes[builder->open[builder->open_count - 1]].next == i)
            at = nodes[builder->open[--builder->open_count]].end;
        struct firn_children children;
        uint32_t last;
        firn_label label = firn_node_label(&nodes[i]);
        if (!firn_builder_children(builder, i, &children, &last) ||
            !count_production(family, label, children)) {
            builder->open_count = 0;
            return FIRN_NO_MEMORY;
        }
        if (children.count == 0) {
            tally_leaf(&family->tally[label], builder->text, at, &nodes[i]);
            at = nodes[i].end;
        } else {
            tally_inner(&family->tally[label], builder->text, nodes[last].end, &nodes[i]);
            builder->open[builder->open_count++] = i; /* it was this deep when it was built */
        }
    }
    builder->open_count = 0;
    return FIRN_OK;
}
