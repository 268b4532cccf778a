/* A page's nodes from what was packed. Any bytes are safe: numbers are looked at before they are
 * used, and a page that does not come out right is emptied.
 *
 * Invariants:
 *   I1  nodes are numbered 1 to node_count in the order of the tree, whose root is no node
 *   I2  every number of the pool up to the highest one that lives was given out once; those that do
 *       not live are freed at the end
 *
 * Complexity: O(nodes + texts). */
#include "tabs/dom/dormant.h"
#include "tabs/dom/dormant_parts.h"

#include <firn/columns.h>
#include <firn/tree.h>
#include <firn/varint.h>

#include <string.h>

/* A column of texts. */
struct texts {
    firn_bytes *items;
    void *block;
    size_t count, block_bytes;
};

struct label {
    uint32_t head, shape;
    uint32_t values; /* where they begin in label_values */
    bool is_there;
};

struct restoring {
    dom *page;
    const firn_allocator *allocator;
    asleep_reader parts[PART_COUNT];
    firn_nodes nodes;
    dom_id *ids; /* by I1 */
    size_t node_count, label_count, label_value_count, label_value_capacity;
    dom_id last_id;
    struct label *labels;
    uint32_t *label_values;
    struct texts common;
    dom_text *before; /* by name, and one more for texts: the value before */
    dom_text *values; /* that were read */
    size_t name_count, value_count, value_capacity;
    asleep_bytes scratch;
};

/* A block of one column; none is one of no texts. */
static firn_status read_texts(struct restoring *restoring, asleep_reader from, struct texts *texts)
{
    firn_columns columns;
    if (from.at == from.end)
        return FIRN_OK;
    firn_status status = firn_columns_open(from.at, (size_t)(from.end - from.at), &columns);
    if (status != FIRN_OK || columns.row_count == 0)
        return status != FIRN_OK ? status : FIRN_CORRUPT;
    texts->count = columns.row_count;
    texts->items = firn_allocate(restoring->allocator, texts->count * sizeof *texts->items);
    if (texts->items == NULL)
        return FIRN_NO_MEMORY;
    status = firn_columns_texts(&columns, 0, restoring->allocator, texts->items, &texts->block,
                                &texts->block_bytes);
    return status == FIRN_INVALID ? FIRN_CORRUPT : status;
}

static void free_texts(struct restoring *restoring, struct texts *texts)
{
    firn_release(restoring->allocator, texts->items,
                 texts->items != NULL ? texts->count * sizeof *texts->items : 0);
    firn_release(restoring->allocator, texts->block, texts->block_bytes);
}

/* --- names, namespaces, shapes --- */

static firn_status restore_names(struct restoring *restoring)
{
    dom *page = restoring->page;
    struct texts names = {.count = 0};
    asleep_reader from = restoring->parts[PART_SPACES];
    uint64_t count, name;
    firn_status status = read_texts(restoring, restoring->parts[PART_NAMES], &names);
    for (size_t i = 0; status == FIRN_OK && i < names.count; i++) {
        dom_name put;
        status = dom_name_put(page, names.items[i].data, names.items[i].size, &put);
        if (status == FIRN_OK && put != i)
            status = FIRN_CORRUPT;
    }
    free_texts(restoring, &names);
    if (status != FIRN_OK)
        return status;
    if (!asleep_number(&from, DOM_SPACE_MAX + 1, &count) || count < DOM_SPACE_COUNT)
        return FIRN_CORRUPT;
    page->space_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        if (!asleep_number(&from, firn_intern_count(page->names), &name))
            return FIRN_CORRUPT;
        page->spaces[i] = (dom_name)name;
    }
    return FIRN_OK;
}

static firn_status restore_shapes(struct restoring *restoring)
{
    dom *page = restoring->page;
    asleep_reader from = restoring->parts[PART_SHAPES];
    uint64_t count, before, space, name;
    if (!asleep_number(&from, UINT32_MAX, &count))
        return FIRN_CORRUPT;
    for (uint64_t i = 1; i < count; i++) {
        uint32_t shape;
        if (!asleep_number(&from, i, &before) || !asleep_number(&from, page->space_count, &space) ||
            !asleep_number(&from, firn_intern_count(page->names), &name) ||
            page->shapes[before].count >= 4096)
            return FIRN_CORRUPT;
        firn_status status =
            dom_shape_step(page, (uint32_t)before, (uint32_t)space, (dom_name)name, &shape);
        if (status != FIRN_OK)
            return status;
        if (shape != i)
            return FIRN_CORRUPT;
    }
    return FIRN_OK;
}

/* --- labels --- */

static bool is_right_head(const dom *page, uint32_t head)
{
    dom_kind kind = (dom_kind)(head & HEAD_KIND);
    return (has_text(kind) || has_children(kind) || kind == DOM_DOCTYPE) &&
           (head >> HEAD_SPACE_SHIFT & (DOM_SPACE_MAX - 1)) < page->space_count &&
           (head & HEAD_FLAGS) == 0 && head >> HEAD_NAME_SHIFT < firn_intern_count(page->names);
}

static size_t value_count(const dom *page, const struct label *label)
{
    dom_kind kind = (dom_kind)(label->head & HEAD_KIND);
    if (kind == DOM_ELEMENT)
        return page->shapes[label->shape].count;
    return has_text(kind);
}

/* Reads what a label, or a node that has none in the table, is. */
static firn_status read_label(struct restoring *restoring, asleep_reader *from, struct label *ret)
{
    const dom *page = restoring->page;
    uint64_t head, shape = 0, value;
    if (!asleep_number(from, UINT64_C(1) << 32, &head) || !is_right_head(page, (uint32_t)head))
        return FIRN_CORRUPT;
    if ((head & HEAD_KIND) == DOM_ELEMENT && !asleep_number(from, page->shape_count, &shape))
        return FIRN_CORRUPT;
    *ret = (struct label){.head = (uint32_t)head,
                          .shape = (uint32_t)shape,
                          .values = (uint32_t)restoring->label_value_count,
                          .is_there = true};
    size_t count = value_count(page, ret);
    if (!firn_grow(restoring->allocator, (void **)&restoring->label_values,
                   &restoring->label_value_capacity, restoring->label_value_count + count + 1,
                   sizeof *restoring->label_values))
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!asleep_number(from, restoring->common.count + 1, &value))
            return FIRN_CORRUPT;
        restoring->label_values[restoring->label_value_count++] = (uint32_t)value;
    }
    return FIRN_OK;
}

static firn_status read_labels(struct restoring *restoring)
{
    asleep_reader *from = &restoring->parts[PART_LABELS];
    uint64_t count;
    firn_status status = read_texts(restoring, restoring->parts[PART_COMMON], &restoring->common);
    if (status != FIRN_OK)
        return status;
    if (!asleep_number(from, FIRN_LABEL_MAX, &count))
        return FIRN_CORRUPT;
    restoring->name_count = firn_intern_count(restoring->page->names);
    restoring->before = firn_allocate_zeroed(restoring->allocator, restoring->name_count + 1,
                                             sizeof *restoring->before);
    if (restoring->before == NULL)
        return FIRN_NO_MEMORY;
    restoring->label_count = (size_t)count + LABEL_FIRST;
    restoring->labels = firn_allocate_zeroed(restoring->allocator, restoring->label_count,
                                             sizeof *restoring->labels);
    if (restoring->labels == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = LABEL_FIRST; status == FIRN_OK && i < restoring->label_count; i++)
        status = read_label(restoring, from, &restoring->labels[i]);
    return status;
}

/* --- values --- */

/* A value that is not there yet, from the one before of its name. */
static firn_status new_value(struct restoring *restoring, dom_name name, size_t shared,
                             dom_text *ret_text)
{
    size_t before_size;
    uint8_t end;
    asleep_bytes *scratch = &restoring->scratch;
    const char *before = dom_text_get(restoring->page, restoring->before[name], &before_size);
    if (shared > before_size)
        return FIRN_CORRUPT;
    scratch->size = 0;
    firn_status status = asleep_put(restoring->allocator, scratch, before, shared);
    if (status == FIRN_OK)
        status = asleep_text(restoring->allocator, &restoring->parts[PART_RESTS], scratch, &end);
    if (status == FIRN_OK && end != ASLEEP_ENDS)
        status = FIRN_CORRUPT;
    if (status == FIRN_OK)
        status = dom_text_put(restoring->page, scratch->size > 0 ? (char *)scratch->data : "",
                              scratch->size, ret_text);
    if (status == FIRN_OK)
        restoring->before[name] = *ret_text;
    return status;
}

static firn_status take_open_value(struct restoring *restoring, dom_name name, dom_text *ret_text)
{
    asleep_reader *shared = &restoring->parts[PART_SHARED];
    uint64_t distance;
    firn_status status = FIRN_OK;
    if (shared->at == shared->end)
        return FIRN_CORRUPT;
    if (!firn_grow(restoring->allocator, (void **)&restoring->values, &restoring->value_capacity,
                   restoring->value_count + 1, sizeof *restoring->values))
        return FIRN_NO_MEMORY;
    uint8_t same = *shared->at++;
    if (same != SHARED_AGAIN)
        status = new_value(restoring, name, same, ret_text);
    else if (!asleep_number(&restoring->parts[PART_AGAIN], restoring->value_count + 1, &distance) ||
             distance == 0)
        status = FIRN_CORRUPT;
    else
        *ret_text = restoring->values[restoring->value_count - distance];
    if (status == FIRN_OK)
        restoring->values[restoring->value_count++] = *ret_text;
    return status;
}

/* A value of a label: a common text, or the next one. */
static firn_status take_value(struct restoring *restoring, uint32_t value, dom_name name,
                              dom_text *ret_text)
{
    if (value == 0)
        return take_open_value(restoring, name, ret_text);
    firn_bytes text = restoring->common.items[value - 1];
    return dom_text_put(restoring->page, text.size > 0 ? text.data : "", text.size, ret_text);
}

static bool all_values_taken(const struct restoring *restoring)
{
    for (size_t i = PART_SHARED; i < PART_COUNT; i++)
        if (restoring->parts[i].at != restoring->parts[i].end)
            return false;
    return true;
}

/* --- the tree --- */

static firn_status decode_tree(struct restoring *restoring)
{
    asleep_reader saved = restoring->parts[PART_FAMILY], packed = restoring->parts[PART_TREE];
    /* The text is what a tree of so many nodes needs at least: see build. */
    asleep_reader numbers = restoring->parts[PART_NUMBERS];
    uint64_t count = 0, first, more;
    while (numbers.at < numbers.end) {
        if (!asleep_number(&numbers, UINT64_MAX, &first) ||
            !asleep_number(&numbers, UINT32_MAX, &more))
            return FIRN_CORRUPT;
        count += more + 1;
    }
    if (count > (uint64_t)(packed.end - packed.at) * 4096 + 65536)
        return FIRN_CORRUPT;
    size_t text_bytes = (size_t)count / 16 + 1;
    char *text = firn_allocate_zeroed(restoring->allocator, text_bytes, 1);
    firn_family *family = NULL;
    firn_tree tree;
    firn_status status = text != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    if (status == FIRN_OK)
        status = firn_family_load(saved.at, (size_t)(saved.end - saved.at), restoring->allocator,
                                  &family);
    if (status == FIRN_OK)
        status = firn_tree_open(family, packed.at, (size_t)(packed.end - packed.at), text,
                                text_bytes, &tree);
    if (status == FIRN_OK && tree.node_count != count + 1)
        status = FIRN_CORRUPT;
    restoring->nodes.allocator = restoring->allocator;
    if (status == FIRN_OK)
        status = firn_tree_decode(&tree, &restoring->nodes);
    firn_family_destroy(family);
    firn_release(restoring->allocator, text, text_bytes);
    restoring->node_count = (size_t)count;
    return status;
}

static firn_status read_ids(struct restoring *restoring)
{
    asleep_reader numbers = restoring->parts[PART_NUMBERS];
    uint64_t most = dormant_number_max(restoring->node_count), gap, more;
    int64_t next = 1;
    size_t at = 1;
    restoring->ids =
        firn_allocate_zeroed(restoring->allocator, restoring->node_count + 1, sizeof(dom_id));
    if (restoring->ids == NULL)
        return FIRN_NO_MEMORY;
    while (numbers.at < numbers.end) {
        if (!asleep_number(&numbers, (uint64_t)1 << 40, &gap) ||
            !asleep_number(&numbers, UINT32_MAX, &more))
            return FIRN_CORRUPT;
        next += firn_unzigzag(gap);
        if (next < 1 || (uint64_t)next + more > most)
            return FIRN_CORRUPT;
        for (uint64_t i = 0; i <= more; i++)
            restoring->ids[at++] = (dom_id)next++;
        if ((dom_id)next - 1 > restoring->last_id)
            restoring->last_id = (dom_id)next - 1;
    }
    return FIRN_OK;
}

/* I2: a new pool gives numbers out in their order. */
static firn_status make_nodes(struct restoring *restoring)
{
    firn_pool *pool = &restoring->page->nodes;
    for (dom_id id = 1; id <= restoring->last_id; id++) {
        struct dom_node *node = firn_pool_alloc(pool);
        if (node == NULL)
            return FIRN_NO_MEMORY;
        *node = (struct dom_node){.head = 0};
        if (node_at(restoring->page, id) != node)
            return FIRN_UNSUPPORTED;
    }
    return FIRN_OK;
}

static firn_status fill_attributes(struct restoring *restoring, struct dom_node *node,
                                   const struct label *label)
{
    dom *page = restoring->page;
    size_t count = page->shapes[label->shape].count;
    dom_text *values;
    if (count == 0)
        return FIRN_OK;
    firn_status status = dom_attributes_make(page, node, label->shape, &values);
    if (status != FIRN_OK)
        return status;
    memset(values, 0, count * sizeof *values);
    uint32_t shape = label->shape;
    for (size_t i = count; status == FIRN_OK && i-- > 0; shape = page->shapes[shape].before)
        status = take_value(restoring, restoring->label_values[label->values + i],
                            page->shapes[shape].name, &values[i]);
    return status;
}

static firn_status fill_node(struct restoring *restoring, size_t index)
{
    struct dom_node *node = node_at(restoring->page, restoring->ids[index]);
    firn_label number = firn_node_label(&restoring->nodes.node[index]);
    struct label other = {.is_there = false}, *label = &other;
    firn_status status = FIRN_OK;
    if (number == LABEL_OTHER)
        status = read_label(restoring, &restoring->parts[PART_OTHERS], &other);
    else if (number < restoring->label_count)
        label = &restoring->labels[number];
    if (status != FIRN_OK)
        return status;
    dom_kind kind = (dom_kind)(label->head & HEAD_KIND);
    dom_name texts = (dom_name)restoring->name_count;
    bool has_more = restoring->nodes.node[index].next != index + 1;
    if (!label->is_there || node->head != 0 || (has_more && !has_children(kind)))
        return FIRN_CORRUPT;
    node->head = label->head;
    if (has_text(kind))
        return take_value(restoring, restoring->label_values[label->values], texts, &node->text);
    if (kind == DOM_ELEMENT)
        return fill_attributes(restoring, node, label);
    if (kind == DOM_DOCTYPE) {
        status = take_open_value(restoring, texts, &node->text);
        if (status == FIRN_OK)
            status = take_open_value(restoring, texts, &node->system_id);
    }
    return status;
}

/* Links the children of a node. */
static void link_children(struct restoring *restoring, size_t index)
{
    const firn_node *nodes = restoring->nodes.node;
    dom *page = restoring->page;
    dom_id parent = restoring->ids[index];
    struct dom_node *first = NULL, *last = NULL;
    dom_id last_id = 0;
    for (size_t child = index + 1; child < nodes[index].next; child = nodes[child].next) {
        dom_id id = restoring->ids[child];
        struct dom_node *node = node_at(page, id);
        node->parent = parent;
        node->previous = last_id;
        if (last != NULL)
            last->next = id;
        else
            first = node;
        last = node;
        last_id = id;
    }
    if (first != NULL) {
        node_at(page, parent)->first = restoring->ids[index + 1];
        first->previous = last_id;
    }
}

static firn_status fill_nodes(struct restoring *restoring)
{
    firn_status status = make_nodes(restoring);
    for (size_t i = 1; status == FIRN_OK && i <= restoring->node_count; i++)
        status = fill_node(restoring, i);
    for (size_t i = 1; status == FIRN_OK && i <= restoring->node_count; i++)
        if (restoring->nodes.node[i].next != i + 1)
            link_children(restoring, i);
    if (status == FIRN_OK && !all_values_taken(restoring))
        status = FIRN_CORRUPT;
    for (dom_id id = 1; status == FIRN_OK && id <= restoring->last_id; id++)
        if (node_at(restoring->page, id)->head == 0)
            status = firn_pool_free_handle(&restoring->page->nodes, id);
    return status;
}

static firn_status fill_flags(struct restoring *restoring)
{
    asleep_reader from = restoring->parts[PART_FLAGS];
    uint64_t between, bits;
    size_t at = 1;
    for (; from.at < from.end; at++) {
        if (!asleep_number(&from, restoring->node_count, &between) ||
            !asleep_number(&from, (HEAD_FLAGS >> HEAD_FLAG_SHIFT) + 1, &bits))
            return FIRN_CORRUPT;
        at += (size_t)between;
        if (at > restoring->node_count)
            return FIRN_CORRUPT;
        node_at(restoring->page, restoring->ids[at])->head |= (uint32_t)bits << HEAD_FLAG_SHIFT;
    }
    return FIRN_OK;
}

static firn_status fill_contents(struct restoring *restoring)
{
    dom *page = restoring->page;
    asleep_reader from = restoring->parts[PART_CONTENTS];
    uint64_t element, fragment;
    while (from.at < from.end) {
        if (!asleep_number(&from, UINT32_MAX, &element) ||
            !asleep_number(&from, UINT32_MAX, &fragment))
            return FIRN_CORRUPT;
        dom_id key = (dom_id)element, value = (dom_id)fragment;
        const struct dom_node *root = node_at(page, value), *of = node_at(page, key);
        if (root == NULL || of == NULL || kind_of(root) != DOM_FRAGMENT || root->parent != 0 ||
            kind_of(of) != DOM_ELEMENT)
            return FIRN_CORRUPT;
        firn_status status = firn_map_put_new(&page->contents, &key, &value);
        if (status != FIRN_OK)
            return status == FIRN_EXISTS ? FIRN_CORRUPT : status;
    }
    return FIRN_OK;
}

static firn_status restore_parts(struct restoring *restoring, uint64_t version)
{
    firn_status status = dom_make(restoring->page);
    if (status == FIRN_OK)
        status = restore_names(restoring);
    if (status == FIRN_OK)
        status = restore_shapes(restoring);
    if (status == FIRN_OK)
        status = read_labels(restoring);
    if (status == FIRN_OK)
        status = decode_tree(restoring);
    if (status == FIRN_OK)
        status = read_ids(restoring);
    if (status == FIRN_OK)
        status = fill_nodes(restoring);
    if (status == FIRN_OK)
        status = fill_flags(restoring);
    if (status == FIRN_OK)
        status = fill_contents(restoring);
    restoring->page->version = version + 1; /* texts lie elsewhere */
    return status;
}

static void release_all(struct restoring *restoring)
{
    const firn_allocator *allocator = restoring->allocator;
    firn_nodes_fini(&restoring->nodes);
    firn_release(allocator, restoring->ids,
                 restoring->ids != NULL ? (restoring->node_count + 1) * sizeof(dom_id) : 0);
    firn_release(allocator, restoring->labels,
                 restoring->labels != NULL ? restoring->label_count * sizeof *restoring->labels
                                           : 0);
    firn_release(allocator, restoring->label_values,
                 restoring->label_value_capacity * sizeof *restoring->label_values);
    firn_release(allocator, restoring->before,
                 restoring->before != NULL ? (restoring->name_count + 1) * sizeof(dom_text) : 0);
    firn_release(allocator, restoring->values,
                 restoring->value_capacity * sizeof *restoring->values);
    asleep_release(allocator, &restoring->scratch);
    free_texts(restoring, &restoring->common);
}

firn_status dom_dormant_restore(dom *page, const void *data, size_t size)
{
    struct restoring restoring = {.page = page, .allocator = page->allocator};
    asleep_bytes frames[PART_COUNT + 1] = {0};
    uint64_t version;
    dom_dormant_empty(page);
    firn_status status = asleep_unpack(page->allocator, DORMANT_VERSION, data, size, frames,
                                       restoring.parts, PART_COUNT, &version);
    if (status == FIRN_OK)
        status = restore_parts(&restoring, version);
    release_all(&restoring);
    for (size_t i = 0; i <= PART_COUNT; i++)
        asleep_release(page->allocator, &frames[i]);
    if (status == FIRN_OK)
        return FIRN_OK;
    dom_dormant_empty(page);
    return status == FIRN_NOT_FOUND || status == FIRN_INVALID ? FIRN_CORRUPT : status;
}
