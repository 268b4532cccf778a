/* Attributes of elements: a block with the element's shape, which is the list of their names, and
 * their values. Shapes are shared by all elements whose attributes were set in the same order, so
 * that an attribute costs four bytes and its value's text.
 *
 * Invariants:
 *   I1  a block has room for as many values as its shape has names; those beyond are undefined
 *   I2  a shape's `before` has one name less, and a smaller number
 *   I3  a reference is the kind of a block in its upper five bits, and its handle
 *
 * Complexity: O(attributes of the element).
 */
#include "tabs/dom/state.h"

#include <string.h>

#define KIND_SHIFT 27
#define HANDLE_MAX (1u << KIND_SHIFT)

/* Values of a block of each kind: exact where elements of real pages are. */
static const uint16_t rooms[BLOCK_KINDS] = {1,  2,  3,  4,  5,   6,   7,    8,   12,
                                            16, 24, 32, 64, 128, 512, 1024, 4096};

struct block {
    uint32_t shape;
    dom_text values[];
};

static struct block *block_of(const dom *page, const struct dom_node *element)
{
    uint32_t at = element->attributes;
    return at == 0 ? NULL
                   : firn_pool_get(&page->blocks[at >> KIND_SHIFT], at & (HANDLE_MAX - 1)); /* I3 */
}

static uint32_t kind_for(size_t count)
{
    uint32_t kind = 0;
    while (kind < BLOCK_KINDS && rooms[kind] < count)
        kind++;
    return kind;
}

static firn_status make_block(dom *page, uint32_t kind, struct block **ret_block, uint32_t *ret_at)
{
    firn_pool *pool = &page->blocks[kind];
    if (!page->block_made[kind]) {
        firn_pool_options options = {.allocator = page->allocator,
                                     .object_bytes =
                                         sizeof(struct block) + rooms[kind] * sizeof(dom_text),
                                     .alignment = sizeof(uint32_t)};
        firn_status status = firn_pool_init(pool, &options);
        if (status != FIRN_OK)
            return status;
        page->block_made[kind] = true;
    }
    struct block *block = firn_pool_alloc(pool);
    if (block == NULL)
        return FIRN_NO_MEMORY;
    uint32_t handle = firn_pool_handle_of(pool, block);
    if (handle >= HANDLE_MAX) {
        firn_pool_free(pool, block);
        return FIRN_LIMIT;
    }
    *ret_block = block;
    *ret_at = kind << KIND_SHIFT | handle;
    return FIRN_OK;
}

void dom_attributes_free(dom *page, struct dom_node *element)
{
    struct block *block = block_of(page, element);
    if (block != NULL)
        firn_pool_free(&page->blocks[element->attributes >> KIND_SHIFT], block);
    element->attributes = 0;
}

firn_status dom_attributes_copy(dom *page, const struct dom_node *from, struct dom_node *to)
{
    const struct block *old = block_of(page, from);
    struct block *block;
    if (old == NULL)
        return FIRN_OK;
    uint32_t kind = from->attributes >> KIND_SHIFT, at;
    firn_status status = make_block(page, kind, &block, &at);
    if (status != FIRN_OK)
        return status;
    memcpy(block, old, sizeof *old + page->shapes[old->shape].count * sizeof(dom_text));
    to->attributes = at;
    return FIRN_OK;
}

uint32_t *dom_attributes_values(const dom *page, const struct dom_node *element, size_t *ret_count)
{
    struct block *block = block_of(page, element);
    *ret_count = block != NULL ? page->shapes[block->shape].count : 0;
    return block != NULL ? block->values : NULL;
}

uint32_t dom_attributes_shape(const dom *page, const struct dom_node *element)
{
    const struct block *block = block_of(page, element);
    return block != NULL ? block->shape : 0;
}

firn_status dom_attributes_make(dom *page, struct dom_node *element, uint32_t shape,
                                dom_text **ret_values)
{
    struct block *block;
    uint32_t at, kind = kind_for(page->shapes[shape].count);
    if (kind == BLOCK_KINDS)
        return FIRN_LIMIT;
    firn_status status = make_block(page, kind, &block, &at);
    if (status != FIRN_OK)
        return status;
    block->shape = shape;
    element->attributes = at;
    *ret_values = block->values;
    return FIRN_OK;
}

/* --- shapes --- */

firn_status dom_shape_step(dom *page, uint32_t before, uint32_t space, dom_name name,
                           uint32_t *ret_shape)
{
    uint64_t key = (uint64_t)before << 32 | space << 28 | name;
    const uint32_t *known = firn_map_get(&page->steps, &key);
    if (known != NULL) {
        *ret_shape = *known;
        return FIRN_OK;
    }
    if (!firn_grow(page->allocator, (void **)&page->shapes, &page->shape_capacity,
                   page->shape_count + 1, sizeof *page->shapes))
        return FIRN_NO_MEMORY;
    uint32_t shape = (uint32_t)page->shape_count;
    firn_status status = firn_map_put_new(&page->steps, &key, &shape);
    if (status != FIRN_OK)
        return status;
    page->shapes[page->shape_count++] = (struct shape){.before = before,
                                                       .name = name & (NAME_MAX - 1),
                                                       .space = space & (DOM_SPACE_MAX - 1),
                                                       .count = page->shapes[before].count + 1};
    *ret_shape = shape;
    return FIRN_OK;
}

/* The place of a name in a shape; its count when it is not there. */
static uint32_t find(const dom *page, uint32_t shape, dom_name name)
{
    uint32_t count = page->shapes[shape].count;
    for (uint32_t at = shape; page->shapes[at].count > 0; at = page->shapes[at].before) {
        if (page->shapes[at].name == name)
            return page->shapes[at].count - 1;
    }
    return count;
}

/* The shape without the name at a place: the steps behind it are taken again. */
static firn_status shape_without(dom *page, uint32_t shape, uint32_t place, uint32_t *ret_shape)
{
    uint32_t from = shape, count = page->shapes[shape].count;
    while (page->shapes[from].count > place)
        from = page->shapes[from].before;
    for (uint32_t next = place + 1; next < count; next++) {
        uint32_t at = shape;
        while (page->shapes[at].count > next + 1)
            at = page->shapes[at].before;
        firn_status status =
            dom_shape_step(page, from, page->shapes[at].space, page->shapes[at].name, &from);
        if (status != FIRN_OK)
            return status;
    }
    *ret_shape = from;
    return FIRN_OK;
}

/* --- the calls --- */

size_t dom_attribute_count(const dom *page, dom_id element)
{
    size_t count;
    dom_attributes_values(page, node_at(page, element), &count);
    return count;
}

dom_attribute dom_attribute_at(const dom *page, dom_id element, size_t index)
{
    const struct block *block = block_of(page, node_at(page, element));
    uint32_t at = block->shape;
    while (page->shapes[at].count > index + 1)
        at = page->shapes[at].before;
    return (dom_attribute){.name = page->shapes[at].name,
                           .space = page->shapes[at].space,
                           .value = block->values[index]};
}

const char *dom_attribute_get(const dom *page, dom_id element, dom_name name, size_t *ret_size)
{
    const struct dom_node *node = node_at(page, element);
    const struct block *block = kind_of(node) == DOM_ELEMENT ? block_of(page, node) : NULL;
    uint32_t place = block != NULL ? find(page, block->shape, name) : 0;
    if (block == NULL || place == page->shapes[block->shape].count)
        return NULL;
    return dom_text_get(page, block->values[place], ret_size);
}

const char *dom_attribute_find(const dom *page, dom_id element, const char *name, size_t *ret_size)
{
    dom_name known = dom_name_find(page, name, strlen(name));
    return known != FIRN_INTERN_NONE ? dom_attribute_get(page, element, known, ret_size) : NULL;
}

/* Adds a value behind the others; the block is exchanged where it is full. */
static firn_status add(dom *page, struct dom_node *element, uint32_t shape, dom_text value)
{
    struct block *old = block_of(page, element), *block = old;
    uint32_t count = page->shapes[shape].count, at = element->attributes;
    uint32_t kind = kind_for(count);
    if (kind == BLOCK_KINDS)
        return FIRN_LIMIT;
    if (old == NULL || at >> KIND_SHIFT != kind) {
        firn_status status = make_block(page, kind, &block, &at);
        if (status != FIRN_OK)
            return status;
        if (old != NULL) {
            memcpy(block->values, old->values, (count - 1) * sizeof(dom_text));
            dom_attributes_free(page, element);
        }
    }
    block->shape = shape;
    block->values[count - 1] = value;
    element->attributes = at;
    return FIRN_OK;
}

firn_status dom_attribute_set(dom *page, dom_id element, uint32_t space, dom_name name,
                              const char *text, size_t size)
{
    struct dom_node *node = node_at(page, element);
    struct block *block = block_of(page, node);
    uint32_t shape = block != NULL ? block->shape : 0, longer;
    uint32_t place = find(page, shape, name);
    dom_text value;
    firn_status status = dom_text_put(page, text, size, &value);
    if (status != FIRN_OK)
        return status;
    if (place < page->shapes[shape].count) {
        block->values[place] = value;
    } else {
        status = dom_shape_step(page, shape, space, name, &longer);
        if (status == FIRN_OK)
            status = add(page, node, longer, value);
    }
    page->version += status == FIRN_OK;
    return status;
}

firn_status dom_attribute_remove(dom *page, dom_id element, dom_name name)
{
    struct dom_node *node = node_at(page, element);
    struct block *block = block_of(page, node);
    uint32_t place = block != NULL ? find(page, block->shape, name) : 0, shape;
    if (block == NULL || place == page->shapes[block->shape].count)
        return FIRN_NOT_FOUND;
    firn_status status = shape_without(page, block->shape, place, &shape);
    if (status != FIRN_OK)
        return status;
    uint32_t left = page->shapes[shape].count;
    memmove(&block->values[place], &block->values[place + 1], (left - place) * sizeof(dom_text));
    block->shape = shape; /* I1: the block stays as large as it is */
    if (left == 0)
        dom_attributes_free(page, node);
    page->version++;
    return FIRN_OK;
}
