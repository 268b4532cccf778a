/* Making a type: options are checked, sizes settled and the fastest search for the machine picked.
 * Called by users; calls find.c.
 */
#include "map/find.h"
#include "map/search.h"

/* With 2,048, a get and an insertion of random u64 are 5 % faster, but 10^6 ascending ones
 * take 16.3 bytes each instead of 16.15. */
#define NODE_BYTES 4096u
/* 4,096 takes as much for texts of 20 bytes, with 29 % more misses of a first-level cache. */
#define NODE_BYTES_TEXT 2048u
#define NODE_BYTES_MIN 64u
#define NODE_BYTES_MAX 32768u
#define ENTRIES_MIN 4u /* of a node, so that both halves of a split one hold some */
#define ENTRIES_USUAL 16u
#define TEXT_USUAL 32u /* bytes of a text, of which the usual entries are */

static bool options_are_right(const firn_map_type_options *options)
{
    bool fixed = options->key == FIRN_KEY_FIXED;
    if (options->key > FIRN_KEY_FIXED || options->value_bytes > FIRN_MAP_VALUE_MAX ||
        options->reserved[0] != 0 || options->reserved[1] != 0)
        return false;
    if (fixed ? options->key_bytes == 0 || options->key_bytes > FIRN_MAP_FIXED_MAX
              : options->key_bytes != 0 || options->compare != NULL)
        return false;
    return options->compare != NULL || options->compare_context == NULL;
}

static const firn_node_kind *kind_for(firn_key_kind key, bool portable)
{
    bool avx2 = !portable && firn_search_has_avx2();
    switch (key) {
    case FIRN_KEY_U32:
        return avx2 ? &firn_node_u32_avx2 : &firn_node_u32;
    case FIRN_KEY_U64:
        return avx2 ? &firn_node_u64_avx2 : &firn_node_u64;
    case FIRN_KEY_BYTES:
        return &firn_node_text;
    case FIRN_KEY_FIXED:
        break;
    }
    return &firn_node_fixed;
}

static size_t key_bytes_of(const firn_map_type_options *options)
{
    switch (options->key) {
    case FIRN_KEY_U32:
        return sizeof(uint32_t);
    case FIRN_KEY_U64:
        return sizeof(uint64_t);
    case FIRN_KEY_BYTES:
        return 0;
    case FIRN_KEY_FIXED:
        break;
    }
    return options->key_bytes;
}

void firn_map_type_set_portable(firn_map_type *type, bool portable)
{
    type->leaf.kind = type->inner.kind = kind_for(type->key, portable);
    firn_find_set(type, portable);
}

/* For entries of these sizes. */
static size_t usual_bytes(firn_key_kind key, size_t key_bytes, size_t value_bytes, size_t least)
{
    bool text = key == FIRN_KEY_BYTES;
    size_t bytes = text ? NODE_BYTES_TEXT : NODE_BYTES;
    size_t entries = ((text ? TEXT_USUAL : key_bytes) + value_bytes) * ENTRIES_USUAL;
    bytes = bytes > sizeof(firn_node) + entries ? bytes : sizeof(firn_node) + entries;
    return bytes > least ? bytes : least;
}

firn_status firn_map_type_create(const firn_map_type_options *options, firn_map_type **ret_type)
{
    if (options == NULL || ret_type == NULL || !options_are_right(options))
        return FIRN_INVALID;
    size_t key_bytes = key_bytes_of(options), value_bytes = options->value_bytes;
    /* What a key of bytes takes at most in its node, its entry in the directory included. */
    size_t key_most = options->key == FIRN_KEY_BYTES ? FIRN_TEXT_INLINE_MAX + 8 : key_bytes;
    size_t entry = key_most + (value_bytes > sizeof(uint32_t) ? value_bytes : sizeof(uint32_t));
    size_t least = sizeof(firn_node) + entry * ENTRIES_MIN;
    size_t bytes = options->node_bytes;
    if (bytes == 0)
        bytes = usual_bytes(options->key, key_bytes, entry - key_most, least);
    if (bytes < NODE_BYTES_MIN || bytes > NODE_BYTES_MAX || bytes < least)
        return FIRN_INVALID;
    firn_map_type *type = firn_allocate(options->allocator, sizeof(*type));
    if (type == NULL)
        return FIRN_NO_MEMORY;
    size_t step = (bytes + FIRN_CLASS_MAX - 1) / FIRN_CLASS_MAX;
    step = (step + FIRN_STEP_MIN - 1) / FIRN_STEP_MIN * FIRN_STEP_MIN;
    uint32_t class_count = (uint32_t)((bytes + step - 1) / step);
    *type = (firn_map_type){
        .key = options->key,
        .step = (uint32_t)step,
        .class_count = class_count,
        .allocator = options->allocator,
    };
    type->leaf = (firn_shape){
        .key_bytes = (uint32_t)key_bytes,
        .value_bytes = (uint32_t)value_bytes,
        .node_bytes = (uint32_t)step * class_count,
        .compare = options->compare,
        .compare_context = options->compare_context,
        .allocator = options->allocator,
    };
    type->inner = type->leaf;
    type->inner.inner = true;
    type->inner.value_bytes = sizeof(uint32_t);
    firn_map_type_set_portable(type, false);
    *ret_type = type;
    return FIRN_OK;
}

void firn_map_type_destroy(firn_map_type *type)
{
    if (type != NULL)
        firn_release(type->allocator, type, sizeof(*type));
}
