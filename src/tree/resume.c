/* Letting a loaded family pack again: it has all that packing reads but for the hash tables that
 * find an edge or a production, which are not saved, and the room in which edges may be added. What
 * is packed afterwards uses numbers behind those that were loaded, so that trees packed before stay
 * what they are.
 *
 * Time and memory: O(size of the table). */
#include "tree/family.h"

/* The edges again, in a table with its full room: keys never move while builders read them. */
static firn_status copy_edges(const firn_family *family, struct firn_edges *ret_edges)
{
    struct firn_edges edges = {0};
    firn_edge number;
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < family->edges.count && status == FIRN_OK; i++) {
        status = firn_edges_put(&edges, family->edges.key[i], family->allocator, &number);
        if (status == FIRN_OK && number != i)
            status = FIRN_CORRUPT; /* the same edge twice */
    }
    if (status == FIRN_OK)
        *ret_edges = edges;
    else
        firn_edges_fini(&edges, family->allocator);
    return status;
}

static firn_status copy_productions(const firn_family *family, struct firn_productions *ret_table)
{
    const struct firn_productions *loaded = &family->productions;
    struct firn_productions table = {0};
    for (uint32_t i = 0; i < loaded->count; i++) {
        struct firn_children children = firn_production_children(loaded, i);
        uint64_t hash = firn_production_hash(loaded->item[i].label, children);
        if (!firn_productions_add(&table, hash, loaded->item[i].label, children,
                                  loaded->item[i].value, family->allocator)) {
            firn_productions_fini(&table, family->allocator);
            return FIRN_NO_MEMORY;
        }
    }
    *ret_table = table;
    return FIRN_OK;
}

firn_status firn_family_resume(firn_family *family, const firn_family_options *options)
{
    static const firn_family_options defaults;
    struct firn_edges edges;
    struct firn_productions productions;
    if (options == NULL)
        options = &defaults;
    if (family->phase != FIRN_FAMILY_LOADED || options->reserved != 0)
        return FIRN_INVALID;
    firn_status status = copy_edges(family, &edges);
    if (status != FIRN_OK)
        return status;
    status = copy_productions(family, &productions);
    if (status != FIRN_OK) {
        firn_edges_fini(&edges, family->allocator);
        return status;
    }
    firn_edges_fini(&family->edges, family->allocator);
    firn_productions_fini(&family->productions, family->allocator);
    family->edges = edges;
    family->productions = productions;
    family->limit_bytes =
        options->limit_bytes != 0 ? options->limit_bytes : FIRN_FAMILY_LIMIT_BYTES;
    family->checkpoint_nodes =
        options->checkpoint_nodes != 0 ? options->checkpoint_nodes : FIRN_FAMILY_CHECKPOINT_NODES;
    family->phase = FIRN_FAMILY_SETTLED;
    return FIRN_OK;
}
