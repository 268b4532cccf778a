/* Families: their vocabulary, their life and what may be asked of them. learn.c gathers, settle.c
 * decides, family_format.c stores, resume.c goes on; pack.c and decode.c use the result.
 *
 * Threads: a settled family is read without a lock but for edges and later productions, which only
 * grow, under `lock`; builders keep what they were told in small caches of their own. */
#include "tree/family.h"

#include <string.h>

#define SEEN_SLOTS 16384u

firn_status firn_family_create(const firn_family_options *options, firn_family **ret_family)
{
    static const firn_family_options defaults;
    if (options == NULL)
        options = &defaults;
    if (options->reserved != 0)
        return FIRN_INVALID;
    firn_family *family = firn_allocate_zeroed(options->allocator, 1, sizeof *family);
    if (family == NULL)
        return FIRN_NO_MEMORY;
    family->allocator = options->allocator;
    family->limit_bytes =
        options->limit_bytes != 0 ? options->limit_bytes : FIRN_FAMILY_LIMIT_BYTES;
    family->checkpoint_nodes =
        options->checkpoint_nodes != 0 ? options->checkpoint_nodes : FIRN_FAMILY_CHECKPOINT_NODES;
    family->field_count = 1;
    family->group_count = 1;
    firn_arena_options strings = {.allocator = options->allocator};
    if (firn_arena_init(&family->strings, &strings) != FIRN_OK ||
        pthread_mutex_init(&family->lock, NULL) != 0) {
        firn_release(options->allocator, family, sizeof *family);
        return FIRN_NO_MEMORY;
    }
    *ret_family = family;
    return FIRN_OK;
}

void firn_family_destroy(firn_family *family)
{
    if (family == NULL)
        return;
    const firn_allocator *allocator = family->allocator;
    firn_edges_fini(&family->edges, allocator);
    firn_productions_fini(&family->productions, allocator);
    firn_productions_fini(&family->late, allocator);
    firn_successors_fini(&family->successors, allocator);
    firn_release(allocator, family->label, family->label_capacity * sizeof *family->label);
    firn_release(allocator, family->field, family->field_capacity * sizeof *family->field);
    firn_release(allocator, family->tally, family->tally_count * sizeof *family->tally);
    firn_release(allocator, family->seen, SEEN_SLOTS * sizeof *family->seen);
    firn_arena_fini(&family->strings);
    (void)pthread_mutex_destroy(&family->lock);
    firn_release(allocator, family, sizeof *family);
}

firn_status firn_family_name_label(firn_family *family, firn_label label, const char *name,
                                   bool named)
{
    if (family->phase != FIRN_FAMILY_LEARNING)
        return FIRN_INVALID;
    if (label > FIRN_LABEL_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(family->allocator, (void **)&family->label, &family->label_capacity, label + 1u,
                   sizeof *family->label))
        return FIRN_NO_MEMORY;
    char *copy = firn_arena_strndup(&family->strings, name, strlen(name));
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    while (family->label_count <= label)
        family->label[family->label_count++] = (struct firn_label_model){.name = ""};
    family->label[label].name = copy;
    family->label[label].named = named;
    return FIRN_OK;
}

firn_status firn_family_name_field(firn_family *family, firn_field field, const char *name)
{
    if (family->phase != FIRN_FAMILY_LEARNING || field == 0)
        return FIRN_INVALID;
    if (field > FIRN_FIELD_MAX)
        return FIRN_LIMIT;
    if (!firn_grow(family->allocator, (void **)&family->field, &family->field_capacity, field + 1u,
                   sizeof *family->field))
        return FIRN_NO_MEMORY;
    char *copy = firn_arena_strndup(&family->strings, name, strlen(name));
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    if (family->field_count == 1)
        family->field[0] = "";
    while (family->field_count <= field)
        family->field[family->field_count++] = "";
    family->field[field] = copy;
    return FIRN_OK;
}

firn_status firn_family_name_group(firn_family *family, unsigned group, const char *name)
{
    if (family->phase != FIRN_FAMILY_LEARNING || group == 0)
        return FIRN_INVALID;
    if (group > FIRN_GROUP_MAX)
        return FIRN_LIMIT;
    char *copy = firn_arena_strndup(&family->strings, name, strlen(name));
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    family->group[group] = copy;
    if (family->group_count <= group)
        family->group_count = group + 1;
    return FIRN_OK;
}

firn_status firn_family_edge(firn_family *family, uint64_t key, firn_edge *ret_edge)
{
    (void)pthread_mutex_lock(&family->lock);
    firn_status status = firn_edges_put(&family->edges, key, family->allocator, ret_edge);
    (void)pthread_mutex_unlock(&family->lock);
    return status;
}

/* Whether a production that is not in the tables was seen before; remembers it. A lost or mistaken
 * memory costs a few bytes in a tree or in the table, so fingerprints in a table without chains do.
 */
static bool seen_before(firn_family *family, uint64_t hash)
{
    if (family->seen == NULL) {
        family->seen = firn_allocate_zeroed(family->allocator, SEEN_SLOTS, sizeof *family->seen);
        if (family->seen == NULL)
            return false;
    }
    uint32_t fingerprint = (uint32_t)(hash >> 32) | 1;
    uint32_t *slot = &family->seen[hash & (SEEN_SLOTS - 1)];
    bool seen = *slot == fingerprint;
    *slot = fingerprint;
    return seen;
}

static uint32_t late_rank(firn_family *family, uint64_t hash, firn_label label,
                          struct firn_children children)
{
    struct firn_label_model *model = &family->label[label];
    uint32_t index = firn_productions_find(&family->late, hash, label, children);
    if (index != FIRN_PRODUCTION_NONE)
        return family->late.item[index].value;
    if (!seen_before(family, hash) ||
        firn_productions_bytes(&family->late) + sizeof(struct firn_production) >
            family->limit_bytes)
        return FIRN_PRODUCTION_NONE;
    uint32_t rank = model->count + model->late_count;
    if (!firn_productions_add(&family->late, hash, label, children, rank, family->allocator))
        return FIRN_PRODUCTION_NONE;
    model->late_count++;
    return rank;
}

uint32_t firn_family_rank(firn_family *family, firn_label label, struct firn_children children)
{
    uint64_t hash = firn_production_hash(label, children);
    uint32_t index = firn_productions_find(&family->productions, hash, label, children);
    if (index != FIRN_PRODUCTION_NONE)
        return family->productions.item[index].value;
    if (children.count > FIRN_LATE_CHILDREN)
        return FIRN_PRODUCTION_NONE;
    (void)pthread_mutex_lock(&family->lock);
    uint32_t rank = late_rank(family, hash, label, children);
    (void)pthread_mutex_unlock(&family->lock);
    return rank;
}

unsigned firn_family_label_count(const firn_family *family)
{
    return family->label_count;
}

unsigned firn_family_field_count(const firn_family *family)
{
    return family->field_count;
}

unsigned firn_family_edge_count(const firn_family *family)
{
    return family->edges.count;
}

unsigned firn_family_production_count(const firn_family *family)
{
    return family->productions.count + family->late.count;
}

const char *firn_family_label_name(const firn_family *family, firn_label label)
{
    return label < family->label_count ? family->label[label].name : "";
}

bool firn_family_label_named(const firn_family *family, firn_label label)
{
    return label < family->label_count && family->label[label].named;
}

const char *firn_family_field_name(const firn_family *family, firn_field field)
{
    return field > 0 && field < family->field_count ? family->field[field] : "";
}

const char *firn_family_group_name(const firn_family *family, unsigned group)
{
    const bool has_name = group < family->group_count && family->group[group] != NULL;
    return has_name ? family->group[group] : "";
}

firn_label firn_edge_label(const firn_family *family, firn_edge edge)
{
    return firn_edge_key_label(family->edges.key[edge]);
}

firn_field firn_edge_field(const firn_family *family, firn_edge edge)
{
    const uint64_t key = family->edges.key[edge];
    return (firn_edge_key_flags(key) & FIRN_NODE_OUTER_FIELD) == 0 ? firn_edge_key_field(key) : 0;
}

unsigned firn_edge_flags(const firn_family *family, firn_edge edge)
{
    return firn_edge_key_flags(family->edges.key[edge]);
}

void firn_family_usage(const firn_family *family, firn_usage *ret_usage)
{
    firn_usage usage = {0};
    firn_arena_usage(&family->strings, &usage);
    size_t tables = firn_productions_bytes(&family->productions) +
                    firn_productions_bytes(&family->late) +
                    family->edges.capacity * sizeof *family->edges.key +
                    family->edges.slot_count * sizeof *family->edges.slots +
                    family->successors.count * sizeof *family->successors.context +
                    family->successors.pool_count * sizeof *family->successors.pool +
                    family->label_capacity * sizeof *family->label +
                    family->field_capacity * sizeof *family->field +
                    family->tally_count * sizeof *family->tally;
    size_t overhead =
        sizeof *family + (family->seen != NULL ? SEEN_SLOTS * sizeof *family->seen : 0);
    usage.live_bytes += tables;
    usage.overhead_bytes += overhead;
    usage.reserved_bytes += tables + overhead;
    usage.resident_bytes += tables + overhead;
    *ret_usage = usage;
}
