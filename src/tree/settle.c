/* Settling: from the tallies of a sample to the family's model. For each label: the skip and the
 * lexical rule that are right most often; its productions ranked by frequency; and a prefix code
 * over them, or none where naming the few nodes that differ from rank 0 is cheaper than a bit for
 * every node. Child lists that are too long or too rare for the table train the successors instead.
 *
 * Time: O(productions log productions). Ties are broken by the child lists' order of first sight,
 * so that one sample always gives one family. */
#include "tree/family.h"

#include <stdlib.h>
#include <string.h>

/* What naming a production among the exceptions costs, in bits: a gap of two bytes and a rank of
 * one or two. */
#define EXCEPTION_BITS 28u
/* Child lists that go into the table: short ones always, longer ones when they were seen again. */
#define SHORT_CHILDREN 8u
#define MOST_CHILDREN 64u

/* The learned productions and an order over them: by label, then the most frequent first. */
struct ranking {
    const struct firn_productions *learned;
    uint32_t *order;
    bool *spelled;
};

static int by_label_and_count(const void *a, const void *b, void *context)
{
    const struct firn_productions *learned = context;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct firn_production *x = &learned->item[i], *y = &learned->item[k];
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (i > k) - (i < k);
}

static bool belongs_in_table(const struct firn_production *item)
{
    return item->count <= SHORT_CHILDREN || (item->value > 1 && item->count <= MOST_CHILDREN);
}

static uint8_t best(const uint32_t *tally, unsigned count)
{
    unsigned found = 0;
    for (unsigned i = 1; i < count; i++) {
        if (tally[i] > tally[found])
            found = i;
    }
    return (uint8_t)found;
}

/* A label that no sample had: a literal's name is its text, anything else is most likely a word. */
static void guess_lexis(struct firn_label_model *model)
{
    size_t size = strlen(model->name);
    model->skip = FIRN_SKIP_BLANKS;
    model->lexis = FIRN_LEXIS_WORD;
    if (!model->named && size <= FIRN_FIXED_TEXT_MAX) {
        model->lexis = FIRN_LEXIS_FIXED;
        model->text = model->name;
        model->text_size = (uint8_t)size;
    }
}

static bool settle_lexis(firn_family *family, struct firn_label_model *model,
                         const struct firn_label_tally *tally)
{
    if (tally == NULL || !tally->text_known)
        guess_lexis(model);
    if (tally == NULL)
        return true;
    model->tail = best(tally->tail, FIRN_LEXIS_COUNT);
    if (!tally->text_known)
        return true;
    model->skip = best(tally->skip, FIRN_SKIP_COUNT);
    model->lexis = best(tally->lexis, FIRN_LEXIS_COUNT);
    model->text_size = 0;
    bool fixed = tally->text_size != UINT8_MAX && tally->text_size > 0;
    /* One identifier in a small sample is not a fixed text. */
    if (fixed && (!model->named || tally->lexis[model->lexis] < tally->leaves)) {
        model->lexis = FIRN_LEXIS_FIXED;
        model->text = firn_arena_strndup(&family->strings, tally->text, tally->text_size);
        model->text_size = tally->text_size;
        return model->text != NULL;
    }
    return true;
}

/* Decides whether a label's ranks get words, and which. */
static bool settle_code(firn_family *family, struct firn_label_model *model, const uint32_t *counts)
{
    model->coded = 1;
    if (model->count < 2)
        return true;
    uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1];
    if (!firn_prefix_lengths(counts, model->count, family->allocator, lengths))
        return false;
    struct firn_prefix code;
    if (!firn_prefix_init(&code, lengths))
        return true;
    uint64_t coded_bits = 0, listed_bits = 0;
    for (uint32_t rank = 0; rank < model->count; rank++) {
        coded_bits += (uint64_t)counts[rank] * firn_prefix_bits(&code, rank);
        listed_bits += rank > 0 ? (uint64_t)counts[rank] * EXCEPTION_BITS : 0;
    }
    if (listed_bits <= coded_bits)
        return true;
    model->prefix = firn_arena_alloc(&family->strings, sizeof code);
    if (model->prefix == NULL)
        return false;
    *model->prefix = code;
    model->coded = model->count;
    return true;
}

/* Moves one label's productions, ranking->order[from .. to), into the family's final table. */
static bool settle_label(firn_family *family, const struct ranking *ranking, uint32_t from,
                         uint32_t to, firn_label label, struct firn_productions *final)
{
    struct firn_label_model *model = &family->label[label];
    const struct firn_productions *learned = ranking->learned;
    model->first = final->count;
    for (uint32_t i = from; i < to; i++) {
        uint32_t index = ranking->order[i];
        ranking->spelled[index] = !belongs_in_table(&learned->item[index]);
        if (ranking->spelled[index])
            continue;
        struct firn_children children = firn_production_children(learned, index);
        uint64_t hash = firn_production_hash(label, children);
        if (!firn_productions_add(final, hash, label, children, learned->item[index].value,
                                  family->allocator))
            return false;
    }
    if (final->count == model->first) { /* every label has a rank 0: a leaf, if nothing is known */
        uint64_t hash = firn_production_hash(label, (struct firn_children){0});
        if (!firn_productions_add(final, hash, label, (struct firn_children){0}, 1,
                                  family->allocator))
            return false;
    }
    model->count = final->count - model->first;
    return true;
}

static bool settle_codes(firn_family *family, struct firn_productions *final)
{
    uint32_t *counts = firn_allocate_zeroed(family->allocator, final->count, sizeof *counts);
    if (counts == NULL)
        return false;
    bool done = true;
    for (unsigned label = 0; done && label < family->label_count; label++) {
        struct firn_label_model *model = &family->label[label];
        for (uint32_t rank = 0; rank < model->count; rank++) {
            counts[rank] = final->item[model->first + rank].value;
            final->item[model->first + rank].value = rank;
        }
        done = settle_code(family, model, counts);
    }
    firn_release(family->allocator, counts, final->count * sizeof *counts);
    return done;
}

static bool settle_all(firn_family *family, const struct ranking *ranking,
                       struct firn_productions *final)
{
    uint32_t from = 0;
    for (unsigned label = 0; label < family->label_count; label++) {
        uint32_t to = from;
        while (to < ranking->learned->count &&
               ranking->learned->item[ranking->order[to]].label == label)
            to++;
        const struct firn_label_tally *tally =
            label < family->tally_count ? &family->tally[label] : NULL;
        if (!settle_label(family, ranking, from, to, (firn_label)label, final) ||
            !settle_lexis(family, &family->label[label], tally))
            return false;
        from = to;
    }
    return settle_codes(family, final) &&
           firn_successors_learn(&family->successors, ranking->learned, ranking->spelled,
                                 family->allocator);
}

firn_status firn_family_settle(firn_family *family)
{
    if (family->phase != FIRN_FAMILY_LEARNING)
        return FIRN_INVALID;
    const firn_allocator *allocator = family->allocator;
    size_t count = family->productions.count + (size_t)1; /* never 0 */
    struct firn_productions final = {0};
    struct ranking ranking = {
        .learned = &family->productions,
        .order = firn_allocate_zeroed(allocator, count, sizeof *ranking.order),
        .spelled = firn_allocate_zeroed(allocator, count, sizeof *ranking.spelled),
    };
    bool done = ranking.order != NULL && ranking.spelled != NULL;
    if (done) {
        for (uint32_t i = 0; i < family->productions.count; i++)
            ranking.order[i] = i;
        qsort_r(ranking.order, family->productions.count, sizeof *ranking.order, by_label_and_count,
                &family->productions);
        done = settle_all(family, &ranking, &final);
    }
    if (done) {
        firn_productions_fini(&family->productions, allocator);
        family->productions = final;
        firn_release(allocator, family->tally, family->tally_count * sizeof *family->tally);
        family->tally = NULL;
        family->tally_count = 0;
        family->phase = FIRN_FAMILY_SETTLED;
    } else {
        firn_productions_fini(&final, allocator);
        firn_successors_fini(&family->successors, allocator);
    }
    firn_release(allocator, ranking.order, count * sizeof *ranking.order);
    firn_release(allocator, ranking.spelled, count * sizeof *ranking.spelled);
    return done ? FIRN_OK : FIRN_NO_MEMORY;
}
