/* The successor model: a first-order Markov chain over the children of each label, reduced to
 * ranks, so that the regular parts of long lists (separators, repeated declarations) are runs of
 * rank 0. Built once by sorting all (context, successor) pairs; immutable afterwards, hence safe to
 * share.
 *
 * Time to build: O(pairs log pairs); memory: 16 bytes a distinct pair while building. */
#include "tree/successors.h"

#include <stdlib.h>

/* One distinct (context, successor) and how often it was seen. */
struct pair {
    uint32_t key;
    firn_edge edge;
    uint64_t count;
};

struct pairs {
    struct pair *item;
    size_t capacity;
    size_t count;
};

static int by_key_and_edge(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->edge > y->edge) - (x->edge < y->edge);
}

static int by_key_and_count(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->edge > y->edge) - (x->edge < y->edge);
}

static void merge_equal(struct pairs *pairs)
{
    if (pairs->count == 0)
        return;
    qsort(pairs->item, pairs->count, sizeof *pairs->item, by_key_and_edge);
    size_t kept = 0;
    for (size_t i = 1; i < pairs->count; i++) {
        if (by_key_and_edge(&pairs->item[kept], &pairs->item[i]) == 0)
            pairs->item[kept].count += pairs->item[i].count;
        else
            pairs->item[++kept] = pairs->item[i];
    }
    pairs->count = kept + 1;
}

/* Equal pairs are merged when the array is full, before it grows, so that it holds few more than
 * the distinct ones. */
static bool add_pair(struct pairs *pairs, uint32_t key, firn_edge edge, uint32_t count,
                     const firn_allocator *allocator)
{
    if (pairs->count == pairs->capacity) {
        merge_equal(pairs);
        if (pairs->count * 4 >= pairs->capacity * 3 &&
            !firn_grow(allocator, (void **)&pairs->item, &pairs->capacity, pairs->capacity + 1024,
                       sizeof *pairs->item))
            return false;
    }
    pairs->item[pairs->count++] = (struct pair){key, edge, count};
    return true;
}

static bool collect(struct pairs *pairs, const struct firn_productions *table, const bool *spelled,
                    const firn_allocator *allocator)
{
    for (uint32_t i = 0; i < table->count; i++) {
        struct firn_children children = firn_production_children(table, i);
        firn_edge before = FIRN_EDGE_NONE;
        for (uint32_t k = 0; spelled[i] && k < children.count; k++) {
            uint32_t key = firn_context_key(table->item[i].label, before);
            if (!add_pair(pairs, key, children.edge[k], table->item[i].value, allocator))
                return false;
            before = children.edge[k];
        }
    }
    merge_equal(pairs);
    return true;
}

static void drop_rare(struct pairs *pairs)
{
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        if (pairs->item[i].count > 1)
            pairs->item[kept++] = pairs->item[i];
    }
    pairs->count = kept;
}

static void fill(struct firn_successors *successors, const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->item[i];
        if (i == 0 || pairs->item[i - 1].key != pair->key)
            successors->context[successors->count++] =
                (struct firn_context){pair->key, (uint32_t)i, 0};
        successors->context[successors->count - 1].count++;
        successors->pool[successors->pool_count++] = pair->edge;
    }
}

bool firn_successors_learn(struct firn_successors *successors, const struct firn_productions *table,
                           const bool *spelled, const firn_allocator *allocator)
{
    struct pairs pairs = {0};
    bool done = collect(&pairs, table, spelled, allocator);
    if (done) {
        drop_rare(&pairs);
        if (pairs.count > 0)
            qsort(pairs.item, pairs.count, sizeof *pairs.item, by_key_and_count);
    }
    uint32_t contexts = 0;
    for (size_t i = 0; done && i < pairs.count; i++)
        contexts += i == 0 || pairs.item[i - 1].key != pairs.item[i].key;
    if (done && pairs.count > 0) {
        successors->context =
            firn_allocate_zeroed(allocator, contexts, sizeof *successors->context);
        successors->pool = firn_allocate_zeroed(allocator, pairs.count, sizeof *successors->pool);
        done = successors->context != NULL && successors->pool != NULL;
        if (done) {
            fill(successors, &pairs);
        } else {
            firn_release(allocator, successors->context, contexts * sizeof *successors->context);
            firn_release(allocator, successors->pool, pairs.count * sizeof *successors->pool);
            *successors = (struct firn_successors){0};
        }
    }
    firn_release(allocator, pairs.item, pairs.capacity * sizeof *pairs.item);
    return done;
}

const struct firn_context *firn_successors_find(const struct firn_successors *table, uint32_t key)
{
    uint32_t low = 0, high = table->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->context[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->context[low].key == key ? &table->context[low] : NULL;
}

void firn_successors_fini(struct firn_successors *table, const firn_allocator *allocator)
{
    firn_release(allocator, table->context, table->count * sizeof *table->context);
    firn_release(allocator, table->pool, table->pool_count * sizeof *table->pool);
    *table = (struct firn_successors){0};
}
