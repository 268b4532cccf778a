/* The texts of an interner. Called by intern.c and the frozen form.
 *
 * Texts lie in groups of 16, each in one piece of a chunk:
 *
 *     | size, size, ... 16 bytes | text 0 | text 1 | ...
 *
 * A size of 255 means that the text begins with its size in four bytes. The text space is 4 GiB of
 * numbers, in windows of 1 MiB; a chunk takes the next windows, or a part of one while chunks are
 * small. A group that does not fit into the rest of its chunk any more is copied to the next one,
 * so that a text costs 1 byte of size and 4 / 16 of place; its old copy stays for readers.
 *
 * Invariants:
 *   T1  places[g] is where group g begins; what lies below count there never changes
 *   T2  a reader that has learned of an id sees its text: the text is written before the count and
 *       the table are, with release order
 *
 * Threads: one writer; readers beside it. Complexity: get adds up to 15 sizes.
 */
#include "pack/intern_text.h"

#include <string.h>

#define WINDOW_SHIFT 20
#define WINDOW_BYTES ((uint64_t)1 << WINDOW_SHIFT)
#define WINDOWS_MAX 4096u
#define CHUNK_LEAST 512u
#define CHUNK_SHARE 64 /* a chunk is this part of all, so that the last one wastes little */
#define LONG_SIZE 255u

static uint8_t *address_of(const firn_texts *texts, uint64_t place)
{
    uint8_t **windows = atomic_load_explicit(&texts->windows, memory_order_acquire);
    return windows[place >> WINDOW_SHIFT] + (place & (WINDOW_BYTES - 1));
}

static size_t stored_bytes(size_t size)
{
    return size < LONG_SIZE ? size : size + sizeof(uint32_t);
}

/* Bytes that the first `count` texts of a group take with their sizes. */
static inline size_t group_bytes(const uint8_t *group, uint32_t count)
{
    size_t bytes = FIRN_TEXT_GROUP;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = group[i];
        if (size == LONG_SIZE) {
            uint32_t long_size;
            memcpy(&long_size, group + bytes, sizeof long_size);
            size = long_size + sizeof long_size;
        }
        bytes += size;
    }
    return bytes;
}

const uint8_t *firn_texts_get(const firn_texts *texts, uint32_t id, size_t *ret_size)
{
    atomic_uint *places = atomic_load_explicit(&texts->places, memory_order_acquire);
    uint32_t place = atomic_load_explicit(&places[id / FIRN_TEXT_GROUP], memory_order_acquire);
    const uint8_t *group = address_of(texts, place);
    const uint8_t *text = group + group_bytes(group, id % FIRN_TEXT_GROUP);
    size_t size = group[id % FIRN_TEXT_GROUP];
    if (size == LONG_SIZE) {
        uint32_t long_size;
        memcpy(&long_size, text, sizeof long_size);
        size = long_size;
        text += sizeof long_size;
    }
    *ret_size = size;
    return text;
}

/* How large an array that must grow becomes: an eighth more, or, where the old one has to be kept
 * for readers, twice as large. */
static size_t grown(const firn_blocks *blocks, size_t old, size_t least)
{
    size_t more = blocks->shared ? old : old / 8;
    return old + (more > least ? more : least);
}

static firn_status reserve_place(firn_texts *texts, firn_blocks *blocks, uint32_t group)
{
    if (group < texts->place_capacity)
        return FIRN_OK;
    size_t capacity = grown(blocks, texts->place_capacity, 4);
    void *data;
    firn_status status = firn_block_get(blocks, capacity * sizeof(atomic_uint), &data);
    if (status != FIRN_OK)
        return status;
    atomic_uint *old = atomic_load_explicit(&texts->places, memory_order_relaxed), *made = data;
    for (size_t i = 0; i < capacity; i++)
        atomic_init(&made[i], i < group ? atomic_load_explicit(&old[i], memory_order_relaxed) : 0);
    atomic_store_explicit(&texts->places, made, memory_order_release);
    texts->place_capacity = capacity;
    firn_block_retire(blocks, old);
    return FIRN_OK;
}

static firn_status reserve_windows(firn_texts *texts, firn_blocks *blocks, uint32_t more)
{
    if (more > WINDOWS_MAX - texts->window_count)
        return FIRN_LIMIT;
    if (texts->window_count + more <= texts->window_capacity)
        return FIRN_OK;
    size_t capacity = grown(blocks, texts->window_capacity, more > 8 ? more : 8);
    void *data;
    firn_status status = firn_block_get(blocks, capacity * sizeof(uint8_t *), &data);
    if (status != FIRN_OK)
        return status;
    uint8_t **old = atomic_load_explicit(&texts->windows, memory_order_relaxed), **made = data;
    if (texts->window_count > 0)
        memcpy(made, old, texts->window_count * sizeof(uint8_t *));
    atomic_store_explicit(&texts->windows, made, memory_order_release);
    texts->window_capacity = (uint32_t)capacity;
    firn_block_retire(blocks, old);
    return FIRN_OK;
}

static uint32_t windows_of(uint64_t size)
{
    return (uint32_t)((size + WINDOW_BYTES - 1) >> WINDOW_SHIFT);
}

/* Gives a chunk the next windows, for which there is room. */
static void place_chunk(firn_texts *texts, uint8_t *chunk, uint64_t size)
{
    uint8_t **windows = atomic_load_explicit(&texts->windows, memory_order_relaxed);
    texts->next = (uint64_t)texts->window_count << WINDOW_SHIFT;
    texts->end = texts->next + size;
    for (uint32_t i = 0; i < windows_of(size); i++)
        windows[texts->window_count++] = chunk + ((size_t)i << WINDOW_SHIFT);
}

/* Gets a chunk with room for `needed` bytes, one from before a reset if it can. */
static firn_status get_chunk(firn_texts *texts, firn_blocks *blocks, size_t needed,
                             firn_block **ret_chunk)
{
    firn_block *chunk = texts->spares;
    if (chunk != NULL && chunk->bytes - sizeof *chunk >= needed) {
        texts->spares = chunk->next;
        *ret_chunk = chunk;
        return FIRN_OK;
    }
    uint64_t size = texts->chunk_bytes / CHUNK_SHARE;
    size = size < CHUNK_LEAST ? CHUNK_LEAST : size > WINDOW_BYTES ? WINDOW_BYTES : size;
    void *data;
    firn_status status = firn_block_get(blocks, size < needed ? needed : (size_t)size, &data);
    if (status == FIRN_OK)
        *ret_chunk = (firn_block *)data - 1;
    return status;
}

/* Adds a chunk for at least `needed` bytes; next and end are in it. */
static firn_status add_chunk(firn_texts *texts, firn_blocks *blocks, size_t needed)
{
    firn_block *chunk;
    firn_status status = get_chunk(texts, blocks, needed, &chunk);
    if (status != FIRN_OK)
        return status;
    size_t size = chunk->bytes - sizeof *chunk;
    status = reserve_windows(texts, blocks, windows_of(size));
    if (status != FIRN_OK) {
        chunk->next = texts->spares;
        texts->spares = chunk;
        return status;
    }
    chunk->next = texts->chunks;
    texts->chunks = chunk;
    texts->chunk_bytes += size;
    place_chunk(texts, (uint8_t *)(chunk + 1), size);
    return FIRN_OK;
}

firn_status firn_texts_reserve(firn_texts *texts, firn_blocks *blocks, size_t size)
{
    uint32_t count = atomic_load_explicit(&texts->count, memory_order_relaxed);
    uint32_t group = count / FIRN_TEXT_GROUP, slot = count % FIRN_TEXT_GROUP;
    firn_status status = reserve_place(texts, blocks, group);
    if (status != FIRN_OK)
        return status;
    size_t needed = stored_bytes(size) + (slot == 0 ? FIRN_TEXT_GROUP : 0);
    if (texts->end - texts->next >= needed)
        return FIRN_OK;
    const uint8_t *begun = NULL;
    size_t begun_bytes = 0;
    atomic_uint *places = atomic_load_explicit(&texts->places, memory_order_relaxed);
    if (slot > 0) {
        begun = address_of(texts, atomic_load_explicit(&places[group], memory_order_relaxed));
        begun_bytes = group_bytes(begun, slot);
    }
    status = add_chunk(texts, blocks, begun_bytes + needed);
    if (status != FIRN_OK || slot == 0)
        return status;
    uint64_t place = texts->next;
    memcpy(address_of(texts, place), begun, begun_bytes);
    texts->next += begun_bytes;
    atomic_store_explicit(&places[group], (unsigned)place, memory_order_release); /* T1 */
    return FIRN_OK;
}

void firn_texts_append(firn_texts *texts, const void *text, size_t size)
{
    uint32_t id = atomic_load_explicit(&texts->count, memory_order_relaxed);
    atomic_uint *place =
        &atomic_load_explicit(&texts->places, memory_order_relaxed)[id / FIRN_TEXT_GROUP];
    if (id % FIRN_TEXT_GROUP == 0) {
        atomic_store_explicit(place, (unsigned)texts->next, memory_order_release);
        texts->next += FIRN_TEXT_GROUP;
    }
    uint8_t *group = address_of(texts, atomic_load_explicit(place, memory_order_relaxed));
    uint8_t *out = address_of(texts, texts->next);
    group[id % FIRN_TEXT_GROUP] = (uint8_t)(size < LONG_SIZE ? size : LONG_SIZE);
    if (size >= LONG_SIZE) {
        uint32_t long_size = (uint32_t)size;
        memcpy(out, &long_size, sizeof long_size);
        out += sizeof long_size;
    }
    if (size > 0)
        memcpy(out, text, size);
    texts->next += stored_bytes(size);
    texts->live_bytes += size;
    atomic_store_explicit(&texts->count, id + 1, memory_order_release); /* T2 */
}

void firn_texts_clear(firn_texts *texts)
{
    /* Oldest first, as they will be needed again. */
    while (texts->chunks != NULL) {
        firn_block *chunk = texts->chunks;
        texts->chunks = chunk->next;
        chunk->next = texts->spares;
        texts->spares = chunk;
    }
    texts->next = texts->end = texts->chunk_bytes = texts->live_bytes = 0;
    texts->window_count = 0;
    atomic_store_explicit(&texts->count, 0, memory_order_relaxed);
}

void firn_texts_fini(firn_texts *texts, firn_blocks *blocks)
{
    firn_texts_clear(texts);
    while (texts->spares != NULL) {
        firn_block *chunk = texts->spares;
        texts->spares = chunk->next;
        firn_block_free(blocks, chunk);
    }
    firn_block_retire(blocks, atomic_load_explicit(&texts->windows, memory_order_relaxed));
    firn_block_retire(blocks, atomic_load_explicit(&texts->places, memory_order_relaxed));
}
