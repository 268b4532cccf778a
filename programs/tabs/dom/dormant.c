/* Packing a page's nodes. What is a label and what a value was chosen by measuring Python's whole
 * index, 88,039 nodes: its structure takes 4.2 KB as a production tree, 6.0 KB as a byte a node and
 * end in preorder, both behind zstd; so a subtree that comes again is left to the productions.
 * Values take 149 KB where each that begins as the one before gives its rest and all lie in the
 * order of the nodes, 154 KB in a stream for each name, and 186 KB in columns. What stands in many
 * places (LABEL_USES) belongs to the label.
 *
 * Complexity: O(nodes + texts). Memory while it runs: 12 bytes a node and text, and what is packed.
 */
#include "tabs/dom/dormant.h"
#include "tabs/dom/dormant_parts.h"

#include <firn/columns.h>
#include <firn/tree.h>
#include <firn/varint.h>

#include <string.h>

#define LEVEL 12       /* of zstd: 9 gives 1 % more, 17 a tenth less in four times the time */
#define LABEL_USES 32u /* of a text that labels name: 8 and 64 give 1 to 2 % more */
#define HOLE UINT32_MAX
#define KEY_MAX 70u /* numbers of a label; elements with more attributes are LABEL_OTHER */

struct texts {
    firn_bytes *items;
    size_t count, capacity;
};

struct place {
    dom_id id;
    uint32_t label;
    uint32_t leaves; /* nodes that end behind it */
};

struct packing {
    const dom *page;
    const firn_allocator *allocator;
    struct place *places;
    size_t count, node_count, text_count, name_count;
    uint32_t *uses;   /* by text */
    uint32_t *common; /* by text: 1 + its number among the common ones */
    uint32_t *values; /* by text: 1 + the number of the value that it was last */
    dom_text *before; /* by name, and one more for texts: the value before */
    size_t value_count;
    firn_intern *labels;
    asleep_bytes parts[PART_COUNT];
    struct texts common_texts;
};

static firn_status put_number(struct packing *packing, asleep_bytes *to, uint64_t number)
{
    return asleep_put_number(packing->allocator, to, number);
}

static firn_status put_bytes(struct packing *packing, asleep_bytes *to, const void *data,
                             size_t size)
{
    return asleep_put(packing->allocator, to, data, size);
}

static firn_status put_text(struct packing *packing, struct texts *texts, const char *text,
                            size_t size)
{
    if (!firn_grow(packing->allocator, (void **)&texts->items, &texts->capacity, texts->count + 1,
                   sizeof *texts->items))
        return FIRN_NO_MEMORY;
    texts->items[texts->count++] = (firn_bytes){text, size};
    return FIRN_OK;
}

static firn_status put_dom_text(struct packing *packing, struct texts *texts, dom_text text)
{
    size_t size;
    const char *at = dom_text_get(packing->page, text, &size);
    return put_text(packing, texts, at, size);
}

/* Texts as a block of one column; nothing where there are none. */
static firn_status put_block(struct packing *packing, asleep_bytes *to, const struct texts *texts)
{
    firn_column column = {.kind = FIRN_COLUMN_TEXT, .texts = texts->items};
    void *data;
    size_t size;
    if (texts->count == 0)
        return FIRN_OK;
    if (texts->count > FIRN_COLUMNS_ROWS_MAX)
        return FIRN_LIMIT;
    firn_status status =
        firn_columns_pack(&column, 1, texts->count, packing->allocator, &data, &size);
    if (status == FIRN_OK) {
        status = put_bytes(packing, to, data, size);
        firn_release(packing->allocator, data, size);
    }
    return status;
}

/* --- what is where --- */

/* Lists a tree in preorder. */
static void list_tree(struct packing *packing, dom_id root)
{
    const dom *page = packing->page;
    for (dom_id node = root; node != 0;) {
        struct place *place = &packing->places[packing->count++];
        *place = (struct place){.id = node};
        const struct dom_node *at = node_at(page, node);
        if (has_children(kind_of(at)) && at->first != 0) {
            node = at->first;
            continue;
        }
        for (;; at = node_at(page, node)) {
            place->leaves++;
            if (node == root || at->next != 0)
                break;
            node = at->parent;
        }
        node = node == root ? 0 : at->next;
    }
}

static firn_status list_nodes(struct packing *packing)
{
    const dom *page = packing->page;
    firn_pool_handle handle = 0;
    struct dom_node *node;
    dom_usage usage;
    dom_usage_get(page, &usage);
    packing->node_count = usage.node_count;
    packing->text_count = usage.text_count;
    packing->name_count = usage.name_count;
    size_t room = packing->node_count + 1;
    packing->places = firn_allocate_zeroed(packing->allocator, room, sizeof *packing->places);
    packing->uses =
        firn_allocate_zeroed(packing->allocator, packing->text_count, sizeof *packing->uses);
    packing->common =
        firn_allocate_zeroed(packing->allocator, packing->text_count, sizeof *packing->common);
    packing->values =
        firn_allocate_zeroed(packing->allocator, packing->text_count, sizeof *packing->values);
    packing->before =
        firn_allocate_zeroed(packing->allocator, packing->name_count + 1, sizeof *packing->before);
    if (packing->places == NULL || packing->uses == NULL || packing->common == NULL ||
        packing->values == NULL || packing->before == NULL)
        return FIRN_NO_MEMORY;
    while ((node = firn_pool_next(&page->nodes, &handle)) != NULL) {
        size_t count = 0;
        uint32_t *values =
            kind_of(node) == DOM_ELEMENT ? dom_attributes_values(page, node, &count) : NULL;
        if (handle > dormant_number_max(packing->node_count))
            return FIRN_LIMIT;
        if (node->parent == 0)
            list_tree(packing, handle);
        if (has_text(kind_of(node)))
            packing->uses[node->text]++;
        for (size_t i = 0; i < count; i++)
            packing->uses[values[i]]++;
    }
    return FIRN_OK;
}

/* --- labels --- */

static uint32_t label_value(const struct packing *packing, dom_text text)
{
    return packing->uses[text] >= LABEL_USES ? text : HOLE;
}

/* The numbers that a node's label is made of; 0 when they are too many. */
static size_t make_key(const struct packing *packing, const struct dom_node *node,
                       uint32_t key[KEY_MAX])
{
    size_t count = 0, size = 0;
    key[size++] = node->head & ~HEAD_FLAGS;
    if (has_text(kind_of(node)))
        key[size++] = label_value(packing, node->text);
    if (kind_of(node) != DOM_ELEMENT)
        return size;
    uint32_t *values = dom_attributes_values(packing->page, node, &count);
    key[size++] = dom_attributes_shape(packing->page, node);
    if (size + count > KEY_MAX)
        return 0;
    for (size_t i = 0; i < count; i++)
        key[size++] = label_value(packing, values[i]);
    return size;
}

static firn_status label_nodes(struct packing *packing)
{
    for (size_t i = 0; i < packing->count; i++) {
        const struct dom_node *node = node_at(packing->page, packing->places[i].id);
        uint32_t key[KEY_MAX], label = LABEL_OTHER;
        size_t size = make_key(packing, node, key) * sizeof *key;
        uint32_t known = size > 0 ? firn_intern_find(packing->labels, key, size) : FIRN_INTERN_NONE;
        firn_status status = FIRN_OK;
        if (known == FIRN_INTERN_NONE && size > 0 &&
            firn_intern_count(packing->labels) + LABEL_FIRST <= FIRN_LABEL_MAX)
            status = firn_intern_put(packing->labels, key, size, &known, NULL);
        if (status != FIRN_OK)
            return status;
        if (known != FIRN_INTERN_NONE)
            label = LABEL_FIRST + known;
        packing->places[i].label = label;
    }
    return FIRN_OK;
}

/* A value of a label: 0, or the number of a common text, which is given when it is first met. */
static firn_status put_value(struct packing *packing, asleep_bytes *to, uint32_t value)
{
    if (value == HOLE)
        return put_number(packing, to, 0);
    if (packing->common[value] == 0) {
        firn_status status = put_dom_text(packing, &packing->common_texts, value);
        if (status != FIRN_OK)
            return status;
        packing->common[value] = (uint32_t)packing->common_texts.count;
    }
    return put_number(packing, to, packing->common[value]);
}

static firn_status put_labels(struct packing *packing)
{
    asleep_bytes *to = &packing->parts[PART_LABELS];
    uint32_t count = firn_intern_count(packing->labels);
    firn_status status = put_number(packing, to, count);
    for (uint32_t label = 0; status == FIRN_OK && label < count; label++) {
        size_t size;
        uint32_t key[KEY_MAX];
        const void *text = firn_intern_get(packing->labels, label, &size);
        memcpy(key, text, size);
        bool is_element = (key[0] & HEAD_KIND) == DOM_ELEMENT;
        status = put_number(packing, to, key[0]);
        for (size_t i = 1; status == FIRN_OK && i < size / sizeof *key; i++)
            status = is_element && i == 1 ? put_number(packing, to, key[i])
                                          : put_value(packing, to, key[i]);
    }
    return status == FIRN_OK
               ? put_block(packing, &packing->parts[PART_COMMON], &packing->common_texts)
               : status;
}

/* --- what labels leave open --- */

/* A value that no label has. */
static firn_status put_open_value(struct packing *packing, dom_name name, dom_text text)
{
    size_t size, before_size, same = 0;
    uint8_t shared = SHARED_AGAIN;
    uint32_t last = packing->values[text];
    packing->values[text] = (uint32_t)++packing->value_count;
    if (last != 0) {
        firn_status status = put_bytes(packing, &packing->parts[PART_SHARED], &shared, 1);
        return status == FIRN_OK
                   ? put_number(packing, &packing->parts[PART_AGAIN], packing->value_count - last)
                   : status;
    }
    const char *at = dom_text_get(packing->page, text, &size);
    const char *before = dom_text_get(packing->page, packing->before[name], &before_size);
    while (same < size && same < before_size && same < SHARED_AGAIN - 1 && at[same] == before[same])
        same++;
    packing->before[name] = text;
    shared = (uint8_t)same;
    firn_status status = put_bytes(packing, &packing->parts[PART_SHARED], &shared, 1);
    return status == FIRN_OK ? asleep_put_text(packing->allocator, &packing->parts[PART_RESTS],
                                               at + same, size - same, ASLEEP_ENDS)
                             : status;
}

static firn_status put_other(struct packing *packing, const struct dom_node *node)
{
    asleep_bytes *to = &packing->parts[PART_OTHERS];
    size_t count = 0;
    firn_status status = put_number(packing, to, node->head & ~HEAD_FLAGS);
    if (status == FIRN_OK && kind_of(node) == DOM_ELEMENT) {
        status = put_number(packing, to, dom_attributes_shape(packing->page, node));
        dom_attributes_values(packing->page, node, &count);
    }
    if (has_text(kind_of(node)))
        count = 1;
    for (size_t i = 0; status == FIRN_OK && i < count; i++)
        status = put_number(packing, to, 0);
    return status;
}

static firn_status put_attributes(struct packing *packing, const struct dom_node *node, bool all)
{
    const dom *page = packing->page;
    size_t count;
    uint32_t *values = dom_attributes_values(page, node, &count);
    uint32_t shape = dom_attributes_shape(page, node);
    for (size_t i = count; i-- > 0; shape = page->shapes[shape].before) {
        if (!all && label_value(packing, values[i]) != HOLE)
            continue;
        firn_status status = put_open_value(packing, page->shapes[shape].name, values[i]);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

static firn_status put_open(struct packing *packing, const struct place *place)
{
    const struct dom_node *node = node_at(packing->page, place->id);
    bool all = place->label == LABEL_OTHER;
    firn_status status = all ? put_other(packing, node) : FIRN_OK;
    if (status != FIRN_OK)
        return status;
    if (has_text(kind_of(node)) && (all || label_value(packing, node->text) == HOLE))
        return put_open_value(packing, (dom_name)packing->name_count, node->text);
    if (kind_of(node) == DOM_ELEMENT)
        return put_attributes(packing, node, all);
    if (kind_of(node) != DOM_DOCTYPE)
        return FIRN_OK;
    status = put_open_value(packing, (dom_name)packing->name_count, node->text);
    return status == FIRN_OK
               ? put_open_value(packing, (dom_name)packing->name_count, node->system_id)
               : status;
}

/* --- numbers and flags --- */

static firn_status put_numbers(struct packing *packing)
{
    asleep_bytes *numbers = &packing->parts[PART_NUMBERS], *flags = &packing->parts[PART_FLAGS];
    firn_status status = FIRN_OK;
    uint64_t next = 1;
    size_t flagged = 0;
    for (size_t i = 0; status == FIRN_OK && i < packing->count;) {
        dom_id first = packing->places[i].id;
        size_t more = 0;
        while (i + more + 1 < packing->count &&
               packing->places[i + more + 1].id == first + more + 1)
            more++;
        status = put_number(packing, numbers, firn_zigzag((int64_t)first - (int64_t)next));
        if (status == FIRN_OK)
            status = put_number(packing, numbers, more);
        next = first + more + 1;
        i += more + 1;
    }
    for (size_t i = 0; status == FIRN_OK && i < packing->count; i++) {
        uint32_t bits =
            (node_at(packing->page, packing->places[i].id)->head & HEAD_FLAGS) >> HEAD_FLAG_SHIFT;
        if (bits == 0)
            continue;
        status = put_number(packing, flags, i - flagged);
        if (status == FIRN_OK)
            status = put_number(packing, flags, bits);
        flagged = i + 1;
    }
    return status;
}

static firn_status put_contents(struct packing *packing)
{
    firn_map_cursor cursor;
    firn_status status = FIRN_OK;
    firn_map_cursor_init(&cursor, &packing->page->contents);
    for (bool more = firn_map_first(&cursor) == FIRN_OK; more && status == FIRN_OK;
         more = firn_map_next(&cursor) == FIRN_OK) {
        asleep_bytes *to = &packing->parts[PART_CONTENTS];
        status = put_number(packing, to, *(const dom_id *)cursor.key);
        if (status == FIRN_OK)
            status = put_number(packing, to, *(const dom_id *)cursor.value);
    }
    return status;
}

/* --- names --- */

static firn_status put_names(struct packing *packing)
{
    const dom *page = packing->page;
    struct texts names = {.count = 0};
    asleep_bytes *spaces = &packing->parts[PART_SPACES], *shapes = &packing->parts[PART_SHAPES];
    firn_status status = FIRN_OK;
    for (dom_name name = 0; status == FIRN_OK && name < packing->name_count; name++) {
        size_t size;
        const char *text = dom_name_text(page, name, &size);
        status = put_text(packing, &names, text, size);
    }
    if (status == FIRN_OK)
        status = put_block(packing, &packing->parts[PART_NAMES], &names);
    firn_release(packing->allocator, names.items, names.capacity * sizeof *names.items);
    if (status == FIRN_OK)
        status = put_number(packing, spaces, page->space_count);
    for (uint32_t i = 0; status == FIRN_OK && i < page->space_count; i++)
        status = put_number(packing, spaces, page->spaces[i]);
    if (status == FIRN_OK)
        status = put_number(packing, shapes, page->shape_count);
    for (size_t i = 1; status == FIRN_OK && i < page->shape_count; i++) {
        const struct shape *shape = &page->shapes[i];
        status = put_number(packing, shapes, shape->before);
        if (status == FIRN_OK)
            status = put_number(packing, shapes, shape->space);
        if (status == FIRN_OK)
            status = put_number(packing, shapes, shape->name);
    }
    return status;
}

/* --- the tree --- */

static firn_status build(struct packing *packing, firn_builder *builder, const void *text)
{
    firn_status status = firn_builder_begin(builder, text, packing->count / 16 + 1);
    if (status == FIRN_OK)
        status = firn_builder_enter(builder, LABEL_ROOT, 0, 0, 0, 0);
    for (size_t i = 0; status == FIRN_OK && i < packing->count; i++) {
        const struct place *place = &packing->places[i];
        status = firn_builder_enter(builder, (firn_label)place->label, 0, 0, 0, 0);
        for (uint32_t leave = place->leaves; status == FIRN_OK && leave > 0; leave--)
            status = firn_builder_leave(builder);
    }
    return status == FIRN_OK ? firn_builder_leave(builder) : status;
}

static firn_status put_built(struct packing *packing, firn_family *family, firn_builder *builder)
{
    const void *tree;
    void *saved;
    size_t size;
    firn_status status = firn_builder_learn(builder);
    if (status == FIRN_OK)
        status = firn_family_settle(family);
    if (status == FIRN_OK)
        status = firn_builder_pack(builder, &tree, &size);
    if (status == FIRN_OK)
        status = put_bytes(packing, &packing->parts[PART_TREE], tree, size);
    if (status == FIRN_OK)
        status = firn_family_save(family, packing->allocator, &saved, &size);
    if (status == FIRN_OK) {
        status = put_bytes(packing, &packing->parts[PART_FAMILY], saved, size);
        firn_release(packing->allocator, saved, size);
    }
    return status;
}

/* Positions are all 0, so that the text, which only must be there, is never looked at. */
static firn_status put_tree(struct packing *packing)
{
    size_t text_bytes = packing->count / 16 + 1;
    void *text = firn_allocate_zeroed(packing->allocator, text_bytes, 1);
    firn_family_options options = {.allocator = packing->allocator, .checkpoint_nodes = UINT32_MAX};
    firn_family *family = NULL;
    firn_builder *builder = NULL;
    firn_status status = text != NULL ? firn_family_create(&options, &family) : FIRN_NO_MEMORY;
    uint32_t labels = LABEL_FIRST + firn_intern_count(packing->labels);
    for (uint32_t label = 0; status == FIRN_OK && label < labels; label++)
        status = firn_family_name_label(family, (firn_label)label, "", true);
    if (status == FIRN_OK)
        status = firn_builder_create(family, packing->allocator, &builder);
    if (status == FIRN_OK)
        status = build(packing, builder, text);
    if (status == FIRN_OK)
        status = put_built(packing, family, builder);
    firn_builder_destroy(builder);
    firn_family_destroy(family);
    firn_release(packing->allocator, text, text_bytes);
    return status;
}

/* --- all of it --- */

static firn_status gather(struct packing *packing)
{
    firn_intern_options options = {.allocator = packing->allocator};
    firn_status status = firn_intern_create(&options, &packing->labels);
    if (status == FIRN_OK)
        status = list_nodes(packing);
    if (status == FIRN_OK)
        status = label_nodes(packing);
    if (status == FIRN_OK)
        status = put_labels(packing);
    for (size_t i = 0; status == FIRN_OK && i < packing->count; i++)
        status = put_open(packing, &packing->places[i]);
    if (status == FIRN_OK)
        status = put_numbers(packing);
    if (status == FIRN_OK)
        status = put_contents(packing);
    if (status == FIRN_OK)
        status = put_names(packing);
    return status == FIRN_OK ? put_tree(packing) : status;
}

static void release_all(struct packing *packing)
{
    const firn_allocator *allocator = packing->allocator;
    firn_intern_destroy(packing->labels);
    firn_release(allocator, packing->places,
                 packing->places != NULL ? (packing->node_count + 1) * sizeof *packing->places : 0);
    firn_release(allocator, packing->uses,
                 packing->uses != NULL ? packing->text_count * sizeof *packing->uses : 0);
    firn_release(allocator, packing->common,
                 packing->common != NULL ? packing->text_count * sizeof *packing->common : 0);
    firn_release(allocator, packing->values,
                 packing->values != NULL ? packing->text_count * sizeof *packing->values : 0);
    firn_release(allocator, packing->before,
                 packing->before != NULL ? (packing->name_count + 1) * sizeof *packing->before : 0);
    for (size_t i = 0; i < PART_COUNT; i++)
        asleep_release(allocator, &packing->parts[i]);
    firn_release(allocator, packing->common_texts.items,
                 packing->common_texts.capacity * sizeof *packing->common_texts.items);
}

firn_status dom_dormant_pack(const dom *page, const firn_allocator *allocator, void **ret_data,
                             size_t *ret_size)
{
    struct packing packing = {.page = page, .allocator = allocator};
    const uint64_t about[2] = {DORMANT_VERSION, page->version};
    firn_status status = gather(&packing);
    if (status == FIRN_OK)
        status =
            asleep_pack(allocator, LEVEL, about, packing.parts, PART_COUNT, ret_data, ret_size);
    release_all(&packing);
    return status;
}
