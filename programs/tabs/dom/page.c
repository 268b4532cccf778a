/* A page's nodes: making and ending them all, and the names of elements, attributes and namespaces.
 *
 * Invariants:
 *   I1  text 0 and name 0 are the empty ones
 *   I2  shape 0 is the empty list of names
 */
#include "tabs/dom/dormant.h"
#include "tabs/dom/state.h"

#include <string.h>

static const char *const addresses[DOM_SPACE_COUNT] = {
    "",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/2000/xmlns/",
};

static firn_status make_maps(dom *page)
{
    firn_map_type_options steps = {
        .key = FIRN_KEY_U64, .value_bytes = sizeof(uint32_t), .allocator = page->allocator};
    firn_map_type_options contents = {
        .key = FIRN_KEY_U32, .value_bytes = sizeof(dom_id), .allocator = page->allocator};
    firn_status status = firn_map_type_create(&steps, &page->step_type);
    if (status == FIRN_OK)
        status = firn_map_type_create(&contents, &page->content_type);
    if (status != FIRN_OK)
        return status;
    firn_map_init(&page->steps, page->step_type);
    firn_map_init(&page->contents, page->content_type);
    return FIRN_OK;
}

static firn_status make_texts(dom *page)
{
    firn_intern_options options = {.allocator = page->allocator};
    uint32_t id;
    firn_status status = firn_intern_create(&options, &page->names);
    if (status == FIRN_OK)
        status = firn_intern_create(&options, &page->texts);
    if (status == FIRN_OK)
        status = firn_intern_put(page->texts, "", 0, &id, NULL); /* I1 */
    for (size_t i = 0; status == FIRN_OK && i < DOM_SPACE_COUNT; i++)
        status = dom_space_put(page, addresses[i], strlen(addresses[i]), &id);
    return status;
}

firn_status dom_make(dom *page)
{
    firn_pool_options nodes = {.allocator = page->allocator,
                               .object_bytes = sizeof(struct dom_node),
                               .alignment = sizeof(uint32_t)};
    firn_status status = firn_pool_init(&page->nodes, &nodes);
    if (status == FIRN_OK)
        status = make_maps(page);
    if (status == FIRN_OK)
        status = make_texts(page);
    if (status == FIRN_OK && !firn_grow(page->allocator, (void **)&page->shapes,
                                        &page->shape_capacity, 16, sizeof *page->shapes))
        status = FIRN_NO_MEMORY;
    if (status != FIRN_OK)
        return status;
    page->shapes[0] = (struct shape){0}; /* I2 */
    page->shape_count = 1;
    return FIRN_OK;
}

firn_status dom_create(const firn_allocator *allocator, dom **ret_dom)
{
    dom *page = firn_allocate_zeroed(allocator, 1, sizeof *page);
    if (page == NULL)
        return FIRN_NO_MEMORY;
    page->allocator = allocator;
    firn_status status = dom_make(page);
    if (status == FIRN_OK)
        *ret_dom = page;
    else
        dom_destroy(page);
    return status;
}

void dom_dormant_empty(dom *page)
{
    firn_pool_fini(&page->nodes);
    for (size_t i = 0; i < BLOCK_KINDS; i++)
        firn_pool_fini(&page->blocks[i]);
    firn_map_fini(&page->steps);
    firn_map_fini(&page->contents);
    firn_map_type_destroy(page->step_type);
    firn_map_type_destroy(page->content_type);
    firn_intern_destroy(page->names);
    firn_intern_destroy(page->texts);
    firn_release(page->allocator, page->shapes, page->shape_capacity * sizeof *page->shapes);
    *page = (dom){.allocator = page->allocator};
}

void dom_destroy(dom *page)
{
    if (page == NULL)
        return;
    dom_dormant_empty(page);
    firn_release(page->allocator, page, sizeof *page);
}

uint64_t dom_version(const dom *page)
{
    return page->version;
}

static size_t pool_bytes(const firn_pool *pool)
{
    firn_usage usage;
    firn_pool_usage(pool, &usage);
    return usage.reserved_bytes;
}

void dom_usage_get(const dom *page, dom_usage *ret_usage)
{
    firn_usage nodes, texts, names, steps;
    firn_pool_usage(&page->nodes, &nodes);
    firn_intern_usage(page->texts, &texts);
    firn_intern_usage(page->names, &names);
    firn_map_usage(&page->steps, &steps);
    *ret_usage = (dom_usage){
        .node_count = nodes.live_bytes / sizeof(struct dom_node),
        .text_count = firn_intern_count(page->texts),
        .name_count = firn_intern_count(page->names),
        .shape_count = page->shape_count,
        .node_bytes = nodes.reserved_bytes,
        .attribute_bytes = page->shape_capacity * sizeof *page->shapes + steps.reserved_bytes,
        .text_bytes = texts.reserved_bytes,
        .name_bytes = names.reserved_bytes,
    };
    for (size_t i = 0; i < BLOCK_KINDS; i++)
        ret_usage->attribute_bytes += page->block_made[i] ? pool_bytes(&page->blocks[i]) : 0;
}

/* --- names and namespaces --- */

firn_status dom_name_put(dom *page, const char *text, size_t size, dom_name *ret_name)
{
    uint32_t name = firn_intern_find(page->names, text, size);
    firn_status status = FIRN_OK;
    if (name == FIRN_INTERN_NONE) {
        if (firn_intern_count(page->names) == NAME_MAX)
            return FIRN_LIMIT;
        status = firn_intern_put(page->names, text, size, &name, NULL);
    }
    if (status == FIRN_OK)
        *ret_name = name;
    return status;
}

dom_name dom_name_find(const dom *page, const char *text, size_t size)
{
    return firn_intern_find(page->names, text, size);
}

const char *dom_name_text(const dom *page, dom_name name, size_t *ret_size)
{
    return firn_intern_get(page->names, name, ret_size);
}

firn_status dom_space_put(dom *page, const char *address, size_t size, uint32_t *ret_space)
{
    dom_name name;
    firn_status status = dom_name_put(page, address, size, &name);
    if (status != FIRN_OK)
        return status;
    for (uint32_t i = 0; i < page->space_count; i++) {
        if (page->spaces[i] == name) {
            *ret_space = i;
            return FIRN_OK;
        }
    }
    if (page->space_count == DOM_SPACE_MAX)
        return FIRN_LIMIT;
    page->spaces[page->space_count] = name;
    *ret_space = page->space_count++;
    return FIRN_OK;
}

const char *dom_space_text(const dom *page, uint32_t space, size_t *ret_size)
{
    return dom_name_text(page, page->spaces[space], ret_size);
}

uint32_t dom_space_count(const dom *page)
{
    return page->space_count;
}
