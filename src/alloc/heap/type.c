/* The registry of types: an array, indexed by the 16 bits that a header holds. Called by collect.c
 * for every object that is not just bumped; calls the allocator. Threads: one. Complexity: O(1).
 */
#include "alloc/heap/type.h"

#define TYPES_MAX 65535

bool firn_type_is_valid(const firn_type_options *options)
{
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return false;
    if ((options->trace != NULL) != (options->kind == FIRN_TYPE_TRACE) ||
        (options->offset_count > 0) != (options->kind == FIRN_TYPE_MAP) ||
        (options->offsets != NULL) != (options->kind == FIRN_TYPE_MAP))
        return false;
    for (size_t i = 0; i < options->offset_count; i++) {
        if (options->offsets[i] % 8 != 0 || options->offsets[i] >= FIRN_HEAP_OBJECT_MAX)
            return false;
    }
    return (unsigned)options->kind <= FIRN_TYPE_TRACE;
}

static bool fill(struct heap *heap, struct type *type, const firn_type_options *options)
{
    memset(type, 0, sizeof *type);
    type->name = options->name != NULL ? options->name : "";
    type->kind = (uint32_t)options->kind;
    type->trace = options->trace;
    type->finalise = options->finalise;
    type->context = options->finalise_context;
    type->offset_count = options->offset_count;
    if (type->kind == FIRN_TYPE_POINTERS) {
        type->extent = BITS_BYTES;
        type->bits = ~(uint64_t)0;
    }
    if (type->offset_count == 0)
        return true;
    if (type->offset_count > SIZE_MAX / sizeof(uint32_t))
        return false;
    size_t bytes = type->offset_count * sizeof(uint32_t);
    type->offsets = firn_allocate(heap->allocator, bytes);
    if (type->offsets == NULL)
        return false;
    memcpy(type->offsets, options->offsets, bytes);
    for (size_t i = 0; i < type->offset_count; i++) {
        uint32_t end = type->offsets[i] + (uint32_t)sizeof(void *);
        type->extent = end > type->extent ? end : type->extent;
    }
    for (size_t i = 0; i < type->offset_count && type->extent <= BITS_BYTES; i++)
        type->bits |= (uint64_t)1 << type->offsets[i] / sizeof(void *);
    return true;
}

firn_status firn_heap_type_put(firn_heap *front, const firn_type_options *options,
                               firn_type *ret_type)
{
    struct heap *heap = heap_of(front);
    if (options == NULL || !firn_type_is_valid(options))
        return FIRN_INVALID;
    uint32_t index = front->type_count;
    if (index == TYPES_MAX)
        return FIRN_LIMIT;
    void *types = heap->types;
    if (!firn_grow(heap->allocator, &types, &heap->types_capacity, index + 1, sizeof(struct type)))
        return FIRN_NO_MEMORY;
    heap->types = types;
    if (!fill(heap, &heap->types[index], options))
        return FIRN_NO_MEMORY;
    front->type_count++;
    *ret_type = index | (options->finalise != NULL ? TYPE_FINAL : 0u);
    return FIRN_OK;
}

bool firn_type_known(const struct heap *heap, firn_type type)
{
    uint32_t index = type & 0xffff;
    return index < heap->front.type_count &&
           (type & ~(uint32_t)0xffff) == (heap->types[index].finalise != NULL ? TYPE_FINAL : 0u);
}

firn_type firn_heap_type(const firn_heap *front, const void *object)
{
    const struct heap *heap = (const struct heap *)front;
    header_word h;
    memcpy(&h, (const uint8_t *)object - HEADER_BYTES, sizeof h);
    firn_type index = (firn_type)(h >> 16) & 0xffff;
    return index | (heap->types[index].finalise != NULL ? TYPE_FINAL : 0u);
}

void firn_type_fini(struct heap *heap)
{
    for (uint32_t i = 0; i < heap->front.type_count; i++)
        firn_release(heap->allocator, heap->types[i].offsets,
                     heap->types[i].offset_count * sizeof(uint32_t));
    firn_release(heap->allocator, heap->types, heap->types_capacity * sizeof(struct type));
}
