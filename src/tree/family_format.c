/* Families as bytes: docs/formats/tree.md, "Families". Saving writes what was settled and what came
 * later as one table; loading checks every number against what it counts, so that hostile bytes are
 * an error and decoding with a loaded family needs no more checks than those of the tree's own
 * bytes.
 *
 * Time and memory: O(size of the table). */
#include "core/bytes.h"

#include "tree/family.h"
#include "tree/packed.h"

#include <firn/checksum.h>
#include <firn/varint.h>

#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 2u
#define FORMAT_VERSION_OLDEST 1u /* without groups and places */
static const char magic[8] = {'F', 'I', 'R', 'N', 'F', 'A', 'M', '\n'};

/* --- saving --- */

struct output {
    const firn_allocator *allocator;
    uint8_t *data;
    size_t capacity;
    size_t size;
    bool failed;
};

static void put_bytes(struct output *out, const void *data, size_t size)
{
    if (out->failed ||
        !firn_grow(out->allocator, (void **)&out->data, &out->capacity, out->size + size + 1, 1)) {
        out->failed = true;
        return;
    }
    if (size > 0)
        memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put(struct output *out, uint64_t value)
{
    uint8_t bytes[FIRN_VARINT_MAX_BYTES];
    put_bytes(out, bytes, firn_varint_put(bytes, value));
}

static void put_text(struct output *out, const char *text, size_t size)
{
    put(out, size);
    put_bytes(out, text, size);
}

static void put_vocabulary(struct output *out, const firn_family *family)
{
    put(out, family->label_count);
    for (unsigned i = 0; i < family->label_count; i++) {
        const struct firn_label_model *model = &family->label[i];
        put_text(out, model->name, strlen(model->name));
        put(out, model->named);
        put(out, model->skip);
        put(out, model->lexis);
        put(out, model->tail);
        if (model->lexis == FIRN_LEXIS_FIXED)
            put_text(out, model->text, model->text_size);
    }
    put(out, family->field_count);
    for (unsigned i = 1; i < family->field_count; i++)
        put_text(out, family->field[i], strlen(family->field[i]));
    put(out, family->group_count);
    for (unsigned i = 1; i < family->group_count; i++)
        put_text(out, firn_family_group_name(family, i), strlen(firn_family_group_name(family, i)));
    put(out, family->edges.count);
    for (uint32_t i = 0; i < family->edges.count; i++)
        put(out, family->edges.key[i]);
}

static void put_children(struct output *out, struct firn_children children)
{
    put(out, children.count);
    for (uint32_t i = 0; i < children.count; i++)
        put(out, children.edge[i]);
}

static int by_label_and_rank(const void *a, const void *b, void *context)
{
    const struct firn_productions *late = context;
    const struct firn_production *x = &late->item[*(const uint32_t *)a];
    const struct firn_production *y = &late->item[*(const uint32_t *)b];
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* The order of the later productions by label and rank. */
static uint32_t *order_late(const firn_family *family)
{
    size_t count = family->late.count;
    uint32_t *order = firn_allocate_zeroed(family->allocator, count + 1, sizeof *order);
    for (uint32_t i = 0; order != NULL && i < count; i++)
        order[i] = i;
    if (order != NULL && count > 0)
        qsort_r(order, count, sizeof *order, by_label_and_rank, (void *)&family->late);
    return order;
}

static void put_code(struct output *out, const struct firn_label_model *model)
{
    unsigned max_bits = model->prefix != NULL ? model->prefix->max_bits : 0;
    put(out, max_bits);
    for (unsigned bits = 1; bits <= max_bits; bits++)
        put(out, model->prefix->first_rank[bits + 1] - model->prefix->first_rank[bits]);
}

static void put_productions(struct output *out, const firn_family *family)
{
    uint32_t *order = order_late(family);
    if (order == NULL) {
        out->failed = true;
        return;
    }
    uint32_t late = 0;
    for (unsigned label = 0; label < family->label_count; label++) {
        const struct firn_label_model *model = &family->label[label];
        put(out, model->count + (uint64_t)model->late_count);
        put_code(out, model);
        for (uint32_t rank = 0; rank < model->count; rank++)
            put_children(out, firn_production_children(&family->productions, model->first + rank));
        for (uint32_t i = 0; i < model->late_count; i++)
            put_children(out, firn_production_children(&family->late, order[late++]));
    }
    firn_release(family->allocator, order, (family->late.count + (size_t)1) * sizeof *order);
}

static void put_successors(struct output *out, const firn_family *family)
{
    const struct firn_successors *table = &family->successors;
    put(out, table->count);
    put(out, table->pool_count);
    uint32_t before = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        put(out, table->context[i].key - before);
        before = table->context[i].key;
        put_children(out, (struct firn_children){table->pool + table->context[i].first,
                                                 table->context[i].count});
    }
}

firn_status firn_family_save(const firn_family *family, const firn_allocator *allocator,
                             void **ret_data, size_t *ret_size)
{
    if (family->phase == FIRN_FAMILY_LEARNING)
        return FIRN_INVALID;
    struct output out = {.allocator = allocator};
    put_bytes(&out, magic, sizeof magic);
    put(&out, FORMAT_VERSION);
    put_vocabulary(&out, family);
    put_productions(&out, family);
    put_successors(&out, family);
    uint8_t check[4] = {0};
    put_u32(check, out.failed ? 0 : firn_crc32c(0, out.data, out.size));
    put_bytes(&out, check, sizeof check);
    uint8_t *exact = out.failed ? NULL : firn_allocate(allocator, out.size);
    if (exact != NULL)
        memcpy(exact, out.data, out.size);
    firn_release(allocator, out.data, out.capacity);
    if (exact == NULL)
        return FIRN_NO_MEMORY;
    *ret_data = exact;
    *ret_size = out.size;
    return FIRN_OK;
}

/* --- loading --- */

struct input {
    const uint8_t *at;
    const uint8_t *end;
    firn_status status; /* the first failure; nothing is read after it */
};

static bool fail(struct input *in, firn_status status)
{
    if (in->status == FIRN_OK)
        in->status = status;
    return false;
}

/* Reads a number of at most `most`; 0 after a failure. */
static uint32_t get(struct input *in, uint32_t most)
{
    uint64_t value;
    if (in->status != FIRN_OK)
        return 0;
    const uint8_t *next = firn_varint_get(in->at, in->end, &value);
    if (next == NULL || value > most) {
        fail(in, FIRN_CORRUPT);
        return 0;
    }
    in->at = next;
    return (uint32_t)value;
}

static uint64_t get_key(struct input *in)
{
    uint64_t key = 0;
    const uint8_t *next = in->status == FIRN_OK ? firn_varint_get(in->at, in->end, &key) : NULL;
    if (next == NULL || key >> FIRN_EDGE_KEY_BITS != 0) {
        fail(in, FIRN_CORRUPT);
        return 0;
    }
    in->at = next;
    return key;
}

/* The most things that may be counted here, if each takes a byte at least. */
static uint32_t bytes_left(const struct input *in)
{
    size_t left = (size_t)(in->end - in->at);
    return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

static const char *get_text(struct input *in, firn_family *family, uint32_t most,
                            uint32_t *ret_size)
{
    uint32_t size = get(in, most < bytes_left(in) ? most : bytes_left(in));
    if (in->status != FIRN_OK || size > bytes_left(in)) {
        fail(in, FIRN_CORRUPT);
        return NULL;
    }
    char *text = firn_arena_strndup(&family->strings, (const char *)in->at, size);
    if (text == NULL)
        fail(in, FIRN_NO_MEMORY);
    in->at += size;
    if (ret_size != NULL)
        *ret_size = size;
    return text;
}

static void *get_array(struct input *in, const firn_family *family, size_t count, size_t size)
{
    if (in->status != FIRN_OK || count == 0)
        return NULL;
    void *array = firn_allocate_zeroed(family->allocator, count, size);
    if (array == NULL)
        fail(in, FIRN_NO_MEMORY);
    return array;
}

static void get_label(struct input *in, firn_family *family, struct firn_label_model *model)
{
    uint32_t text_size = 0;
    model->name = get_text(in, family, UINT16_MAX, NULL);
    model->named = get(in, 1) != 0;
    model->skip = (uint8_t)get(in, FIRN_SKIP_COUNT - 1);
    model->lexis = (uint8_t)get(in, FIRN_LEXIS_COUNT - 1);
    model->tail = (uint8_t)get(in, FIRN_LEXIS_COUNT - 1);
    if (in->status == FIRN_OK && model->lexis == FIRN_LEXIS_FIXED)
        model->text = get_text(in, family, FIRN_FIXED_TEXT_MAX, &text_size);
    model->text_size = (uint8_t)text_size;
}

static void get_groups(struct input *in, firn_family *family)
{
    const uint32_t count = get(in, FIRN_GROUP_MAX + 1);
    if (in->status == FIRN_OK && count == 0)
        fail(in, FIRN_CORRUPT);
    for (uint32_t i = 1; in->status == FIRN_OK && i < count; i++) {
        family->group[i] = get_text(in, family, UINT16_MAX, NULL);
        family->group_count = i + 1;
    }
}

static void get_edges(struct input *in, firn_family *family)
{
    uint32_t count = get(in, FIRN_EDGE_LIMIT);
    family->edges.key = get_array(in, family, count, sizeof *family->edges.key);
    family->edges.capacity = family->edges.key != NULL ? count : 0;
    for (uint32_t i = 0; in->status == FIRN_OK && i < count; i++) {
        const uint64_t key = get_key(in);
        if (firn_edge_key_label(key) >= family->label_count ||
            firn_edge_key_field(key) >= family->field_count)
            fail(in, FIRN_CORRUPT);
        family->edges.key[family->edges.count++] = key;
    }
}

static void get_vocabulary(struct input *in, firn_family *family, unsigned version)
{
    uint32_t count =
        get(in, FIRN_LABEL_MAX + 1 < bytes_left(in) ? FIRN_LABEL_MAX + 1 : bytes_left(in));
    family->label = get_array(in, family, count, sizeof *family->label);
    family->label_capacity = family->label != NULL ? count : 0;
    for (uint32_t i = 0; in->status == FIRN_OK && i < count; i++)
        get_label(in, family, &family->label[family->label_count++]);
    uint32_t fields = get(in, FIRN_FIELD_MAX + 1);
    if (in->status == FIRN_OK && fields == 0)
        fail(in, FIRN_CORRUPT);
    family->field = get_array(in, family, fields, sizeof *family->field);
    family->field_capacity = family->field != NULL ? fields : 0;
    for (uint32_t i = 1; in->status == FIRN_OK && i < fields; i++) {
        family->field[i] = get_text(in, family, UINT16_MAX, NULL);
        family->field_count = i + 1;
    }
    if (in->status == FIRN_OK)
        family->field[0] = "";
    if (version > FORMAT_VERSION_OLDEST)
        get_groups(in, family);
    get_edges(in, family);
}

static bool get_pool(struct input *in, firn_family *family, firn_edge *pool, uint32_t count)
{
    for (uint32_t i = 0; i < count && in->status == FIRN_OK; i++) {
        uint32_t edge = get(in, FIRN_EDGE_LIMIT);
        if (edge >= family->edges.count)
            fail(in, FIRN_CORRUPT);
        pool[i] = (firn_edge)edge;
    }
    return in->status == FIRN_OK;
}

static void get_production(struct input *in, firn_family *family, firn_label label, uint32_t rank)
{
    struct firn_productions *table = &family->productions;
    uint32_t count = get(in, bytes_left(in));
    if (in->status != FIRN_OK)
        return;
    if (!firn_grow(family->allocator, (void **)&table->item, &table->item_capacity,
                   table->count + (size_t)1, sizeof *table->item) ||
        !firn_grow(family->allocator, (void **)&table->pool, &table->pool_capacity,
                   table->pool_count + count + 1, sizeof *table->pool)) {
        fail(in, FIRN_NO_MEMORY);
        return;
    }
    if (!get_pool(in, family, table->pool + table->pool_count, count))
        return;
    table->item[table->count++] =
        (struct firn_production){(uint32_t)table->pool_count, count, rank, label};
    table->pool_count += count;
}

static void get_code(struct input *in, firn_family *family, struct firn_label_model *model)
{
    uint32_t lengths[FIRN_PREFIX_MAX_BITS + 1] = {0};
    uint64_t coded = 0;
    unsigned max_bits = get(in, FIRN_PREFIX_MAX_BITS);
    for (unsigned bits = 1; bits <= max_bits; bits++) {
        lengths[bits] = get(in, UINT32_MAX);
        coded += lengths[bits];
    }
    model->coded = 1;
    if (in->status != FIRN_OK || max_bits == 0)
        return;
    if (coded > model->count) {
        fail(in, FIRN_CORRUPT);
        return;
    }
    model->coded = (uint32_t)coded;
    model->prefix = firn_arena_alloc(&family->strings, sizeof *model->prefix);
    if (model->prefix == NULL)
        fail(in, FIRN_NO_MEMORY);
    else if (!firn_prefix_init(model->prefix, lengths))
        fail(in, FIRN_CORRUPT);
}

static void get_productions(struct input *in, firn_family *family)
{
    for (unsigned label = 0; in->status == FIRN_OK && label < family->label_count; label++) {
        struct firn_label_model *model = &family->label[label];
        model->first = family->productions.count;
        model->count = get(in, bytes_left(in));
        if (in->status == FIRN_OK && model->count == 0)
            fail(in, FIRN_CORRUPT); /* every label has a rank 0 */
        get_code(in, family, model);
        for (uint32_t rank = 0; in->status == FIRN_OK && rank < model->count; rank++)
            get_production(in, family, (firn_label)label, rank);
        model->is_leaf = in->status == FIRN_OK && model->prefix == NULL &&
                         family->productions.item[model->first].count == 0;
    }
}

static void get_successors(struct input *in, firn_family *family)
{
    struct firn_successors *table = &family->successors;
    uint32_t count = get(in, bytes_left(in)), pool = get(in, bytes_left(in));
    table->context = get_array(in, family, count, sizeof *table->context);
    table->pool = get_array(in, family, pool, sizeof *table->pool);
    table->count = table->context != NULL ? count : 0;
    table->pool_count = table->pool != NULL ? pool : 0;
    uint32_t first = 0, key = 0;
    for (uint32_t i = 0; in->status == FIRN_OK && i < count; i++) {
        uint32_t gap = get(in, UINT32_MAX - key);
        uint32_t edges = get(in, pool - first);
        if (in->status == FIRN_OK && ((i > 0 && gap == 0) || edges == 0))
            fail(in, FIRN_CORRUPT);
        key += gap;
        if (in->status != FIRN_OK || !get_pool(in, family, table->pool + first, edges))
            return;
        table->context[i] = (struct firn_context){key, first, edges};
        first += edges;
    }
    if (in->status == FIRN_OK && (first != pool || in->at != in->end))
        fail(in, FIRN_CORRUPT);
}

static firn_status check_frame(const uint8_t *data, size_t size)
{
    if (size < sizeof magic + 5 || memcmp(data, magic, sizeof magic) != 0)
        return FIRN_CORRUPT;
    if (get_u32(data + size - 4) != firn_crc32c(0, data, size - 4))
        return FIRN_CORRUPT;
    const uint8_t version = data[sizeof magic];
    return version >= FORMAT_VERSION_OLDEST && version <= FORMAT_VERSION ? FIRN_OK : FIRN_VERSION;
}

firn_status firn_family_load(const void *data, size_t size, const firn_allocator *allocator,
                             firn_family **ret_family)
{
    const uint8_t *bytes = data;
    firn_status status = check_frame(bytes, size);
    if (status != FIRN_OK)
        return status;
    firn_family *family = NULL;
    firn_family_options options = {.allocator = allocator};
    status = firn_family_create(&options, &family);
    if (status != FIRN_OK)
        return status;
    struct input in = {bytes + sizeof magic + 1, bytes + size - 4, FIRN_OK};
    get_vocabulary(&in, family, bytes[sizeof magic]);
    get_productions(&in, family);
    get_successors(&in, family);
    if (in.status != FIRN_OK) {
        firn_family_destroy(family);
        return in.status;
    }
    family->phase = FIRN_FAMILY_LOADED;
    *ret_family = family;
    return FIRN_OK;
}
