/* Texts of nodes and values of attributes: interned, so that the blanks between elements, which are
 * half of all texts, cost nothing but their first. Nothing counts who has a text: when twice as
 * much is stored as lived at the last look, all nodes are looked at, and texts that none has are
 * left behind.
 *
 * Complexity: a text O(its size); a sweep O(nodes + texts that live).
 */
#include "tabs/dom/state.h"

#include <string.h>

#define SWEEP_LEAST ((size_t)64 << 10) /* bytes of texts that are worth looking */

firn_status dom_text_put(dom *page, const char *text, size_t size, dom_text *ret_text)
{
    return firn_intern_put(page->texts, text, size, ret_text, NULL);
}

const char *dom_text_get(const dom *page, dom_text text, size_t *ret_size)
{
    return firn_intern_get(page->texts, text, ret_size);
}

static size_t stored_bytes(const firn_intern *texts)
{
    firn_usage usage;
    firn_intern_usage(texts, &usage);
    return usage.live_bytes;
}

struct sweep {
    dom *page;
    firn_intern *into; /* NULL: to be noted only */
    uint32_t *moved;   /* by id: the new one, or 0 */
    firn_status status;
};

/* Copies a text that somebody has to the new texts, once. */
static void keep(struct sweep *sweep, dom_text text)
{
    size_t size;
    if (text == 0 || sweep->moved[text] != 0 || sweep->status != FIRN_OK)
        return;
    const char *at = dom_text_get(sweep->page, text, &size);
    sweep->status = firn_intern_put(sweep->into, at, size, &sweep->moved[text], NULL);
}

typedef void (*text_visit)(struct sweep *sweep, dom_text *text);

static void visit_keep(struct sweep *sweep, dom_text *text)
{
    keep(sweep, *text);
}

static void visit_move(struct sweep *sweep, dom_text *text)
{
    *text = sweep->moved[*text];
}

static void each_text(struct sweep *sweep, text_visit visit)
{
    firn_pool_handle handle = 0;
    struct dom_node *node;
    while ((node = firn_pool_next(&sweep->page->nodes, &handle)) != NULL) {
        size_t count;
        dom_kind kind = kind_of(node);
        if (has_text(kind) || kind == DOM_DOCTYPE)
            visit(sweep, &node->text);
        if (kind == DOM_DOCTYPE)
            visit(sweep, &node->system_id);
        if (kind != DOM_ELEMENT)
            continue;
        dom_text *values = dom_attributes_values(sweep->page, node, &count);
        for (size_t i = 0; i < count; i++)
            visit(sweep, &values[i]);
    }
}

static firn_status sweep_into(struct sweep *sweep)
{
    firn_intern_options options = {.allocator = sweep->page->allocator};
    uint32_t empty;
    firn_status status = firn_intern_create(&options, &sweep->into);
    if (status == FIRN_OK)
        status = firn_intern_put(sweep->into, "", 0, &empty, NULL);
    if (status != FIRN_OK)
        return status;
    each_text(sweep, visit_keep);
    if (sweep->status == FIRN_OK)
        each_text(sweep, visit_move);
    return sweep->status;
}

firn_status dom_sweep(dom *page)
{
    size_t stored = stored_bytes(page->texts);
    if (stored < SWEEP_LEAST || stored < page->swept_bytes * 2)
        return FIRN_OK;
    uint32_t count = firn_intern_count(page->texts);
    struct sweep sweep = {.page = page, .status = FIRN_OK};
    sweep.moved = firn_allocate_zeroed(page->allocator, count, sizeof *sweep.moved);
    if (sweep.moved == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = sweep_into(&sweep);
    if (status == FIRN_OK) {
        firn_intern_destroy(page->texts);
        page->texts = sweep.into;
        page->swept_bytes = stored_bytes(page->texts);
        page->version++;
    } else {
        firn_intern_destroy(sweep.into);
    }
    firn_release(page->allocator, sweep.moved, count * sizeof *sweep.moved);
    return status;
}
