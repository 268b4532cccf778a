/* Interned strings. Used by tree/, tier/ and the programs; calls its allocator, hash.h and, for the
 * seed, core's entropy.
 *
 *   text    | length, bytes | length, bytes | ...   all texts in the order of their ids; LEB128
 *   places  where in `text` the ids 0, 8, 16, ... begin
 *   slots   a hash table, linear probing: 0, or id + 1 in the low bits and below the top as many
 *           bits of the hash (the tag) as the ids leave free
 *
 * The tag spares most comparisons with texts that are not the right one. Growing the table needs
 * only the texts, in order, so it happens in place and not from an old table to a new one.
 *
 * Invariants:
 *   I1  ids below count are in `text`, one after the other, and each is in one slot
 *   I2  4 * count <= 3 * slots, so that a search meets an empty slot; slots is a power of two
 *   I3  the bytes of all blocks are at most the limit
 *
 * Threads: one writes, or many read. Complexity: put, find and get O(text), put amortised. The hash
 * is seeded for each table, so nobody can choose texts that make a search long.
 */
#include <firn/intern.h>
#include <firn/varint.h>

#include "core/entropy.h"
#include "pack/hash.h"

#include <assert.h>
#include <string.h>

#define GROUP_IDS 8
#define TEXT_SIZE_LIMIT ((size_t)1 << 24)
#define FIRST_SLOTS 16
#define FIRST_TEXT_BYTES 256
#define LENGTH_MAX_BYTES 4 /* LEB128 of a size below 2^24 */

struct firn_intern {
    const firn_allocator *allocator;
    size_t limit_bytes;
    size_t reserved_bytes; /* I3 */
    firn_hash_seed seed;
    uint8_t *text;
    size_t text_size, text_capacity;
    uint32_t *places;
    size_t place_capacity;
    uint32_t *slots;
    size_t slot_count;
    unsigned slot_bits; /* slot_count is 2 to this */
    uint32_t count;
    uint64_t live_bytes; /* of the texts alone */
};

firn_status firn_intern_create(const firn_intern_options *options, firn_intern **ret_intern)
{
    static const firn_intern_options defaults;
    if (options == NULL)
        options = &defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return FIRN_INVALID;
    if (options->limit_bytes != 0 && options->limit_bytes < sizeof(firn_intern))
        return FIRN_LIMIT;
    firn_intern *intern = firn_allocate_zeroed(options->allocator, 1, sizeof(*intern));
    if (intern == NULL)
        return FIRN_NO_MEMORY;
    intern->allocator = options->allocator;
    intern->limit_bytes = options->limit_bytes != 0 ? options->limit_bytes : SIZE_MAX;
    intern->reserved_bytes = sizeof(*intern);
    intern->seed = (firn_hash_seed){firn_entropy(), firn_entropy()};
    *ret_intern = intern;
    return FIRN_OK;
}

void firn_intern_destroy(firn_intern *intern)
{
    if (intern == NULL)
        return;
    firn_release(intern->allocator, intern->text, intern->text_capacity);
    firn_release(intern->allocator, intern->places, intern->place_capacity * sizeof(uint32_t));
    firn_release(intern->allocator, intern->slots, intern->slot_count * sizeof(uint32_t));
    firn_release(intern->allocator, intern, sizeof(*intern));
}

/* Reads the length at *at, which is trusted, and moves *at to the bytes. */
static inline size_t read_length(const uint8_t **at)
{
    size_t size = *(*at)++;
    if (size < 0x80)
        return size;
    size &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
        uint8_t byte = *(*at)++;
        size |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return size;
    }
}

static const uint8_t *text_of(const firn_intern *intern, uint32_t id, size_t *ret_size)
{
    const uint8_t *at = intern->text + intern->places[id / GROUP_IDS];
    size_t size = read_length(&at);
    for (uint32_t skip = id % GROUP_IDS; skip > 0; skip--) {
        at += size;
        size = read_length(&at);
    }
    *ret_size = size;
    return at;
}

/* Where a hash's search begins. */
static size_t slot_of(const firn_intern *intern, uint64_t hash)
{
    return (size_t)(hash >> (64 - intern->slot_bits));
}

static uint32_t slot_value(const firn_intern *intern, uint64_t hash, uint32_t id)
{
    return (uint32_t)hash << intern->slot_bits | (id + 1);
}

/* Finds the slot of text: the one that holds it, or the empty one that it would go to. */
static size_t search(const firn_intern *intern, uint64_t hash, const void *text, size_t size)
{
    const uint32_t id_mask = ((uint32_t)1 << intern->slot_bits) - 1;
    const uint32_t tag = (uint32_t)hash << intern->slot_bits;
    size_t slot = slot_of(intern, hash);
    for (;; slot = (slot + 1) & (intern->slot_count - 1)) {
        uint32_t value = intern->slots[slot];
        if (value == 0)
            return slot;
        if ((value & ~id_mask) != tag)
            continue;
        size_t found_size;
        const uint8_t *found = text_of(intern, (value & id_mask) - 1, &found_size);
        if (found_size == size && (size == 0 || memcmp(found, text, size) == 0))
            return slot;
    }
}

/* Enters all ids into the emptied table. */
static void fill_slots(firn_intern *intern)
{
    memset(intern->slots, 0, intern->slot_count * sizeof(uint32_t));
    const uint8_t *at = intern->text;
    for (uint32_t id = 0; id < intern->count; id++) {
        size_t size = read_length(&at);
        uint64_t hash = firn_hash_bytes(intern->seed, at, size);
        size_t slot = slot_of(intern, hash);
        while (intern->slots[slot] != 0)
            slot = (slot + 1) & (intern->slot_count - 1);
        intern->slots[slot] = slot_value(intern, hash, id);
        at += size;
    }
}

/* Changes the size of a block of this table within the limit. */
static firn_status resize(firn_intern *intern, void **block, size_t old_bytes, size_t new_bytes)
{
    size_t others = intern->reserved_bytes - old_bytes;
    if (new_bytes > intern->limit_bytes || others > intern->limit_bytes - new_bytes)
        return FIRN_LIMIT; /* I3 */
    void *resized = firn_reallocate(intern->allocator, *block, old_bytes, new_bytes);
    if (resized == NULL)
        return FIRN_NO_MEMORY;
    *block = resized;
    intern->reserved_bytes = others + new_bytes;
    return FIRN_OK;
}

static firn_status reserve_slot(firn_intern *intern)
{
    if (4 * ((size_t)intern->count + 1) <= 3 * intern->slot_count)
        return FIRN_OK;
    size_t wanted = intern->slot_count != 0 ? intern->slot_count * 2 : FIRST_SLOTS;
    /* 4 GiB of different texts are fewer than 2^30 ids, so a tag bit is always left. */
    assert(wanted < (size_t)1 << 32);
    void *slots = intern->slots;
    firn_status status =
        resize(intern, &slots, intern->slot_count * sizeof(uint32_t), wanted * sizeof(uint32_t));
    if (status != FIRN_OK)
        return status;
    intern->slots = slots;
    intern->slot_count = wanted;
    intern->slot_bits = (unsigned)__builtin_ctzll(wanted);
    fill_slots(intern);
    return FIRN_OK;
}

/* A quarter more than is needed, so that growing stays linear and little is left unused. */
static size_t roomy(size_t needed, size_t least)
{
    size_t wanted = needed + needed / 4;
    return wanted > least ? wanted : least;
}

static firn_status reserve_place(firn_intern *intern)
{
    size_t needed = intern->count / GROUP_IDS + 1;
    if (needed <= intern->place_capacity)
        return FIRN_OK;
    size_t wanted = roomy(needed, FIRST_SLOTS / GROUP_IDS);
    void *places = intern->places;
    firn_status status = resize(intern, &places, intern->place_capacity * sizeof(uint32_t),
                                wanted * sizeof(uint32_t));
    if (status != FIRN_OK)
        return status;
    intern->places = places;
    intern->place_capacity = wanted;
    return FIRN_OK;
}

static firn_status reserve_text(firn_intern *intern, size_t size)
{
    size_t needed = intern->text_size + LENGTH_MAX_BYTES + size;
    if (needed > UINT32_MAX)
        return FIRN_LIMIT;
    if (needed <= intern->text_capacity)
        return FIRN_OK;
    size_t wanted = roomy(needed, FIRST_TEXT_BYTES);
    void *text = intern->text;
    firn_status status = resize(intern, &text, intern->text_capacity, wanted);
    if (status != FIRN_OK)
        return status;
    intern->text = text;
    intern->text_capacity = wanted;
    return FIRN_OK;
}

/* Puts text behind the others, for which there is room. */
static uint32_t append(firn_intern *intern, const void *text, size_t size)
{
    uint32_t id = intern->count++;
    if (id % GROUP_IDS == 0)
        intern->places[id / GROUP_IDS] = (uint32_t)intern->text_size;
    uint8_t *out = intern->text + intern->text_size;
    out += firn_varint_put(out, size);
    if (size > 0)
        memcpy(out, text, size);
    intern->text_size = (size_t)(out + size - intern->text);
    intern->live_bytes += size;
    return id;
}

firn_status firn_intern_put(firn_intern *intern, const void *text, size_t size, uint32_t *ret_id,
                            bool *ret_new)
{
    if (size >= TEXT_SIZE_LIMIT)
        return FIRN_LIMIT;
    uint64_t hash = firn_hash_bytes(intern->seed, text, size);
    uint32_t id = FIRN_INTERN_NONE;
    bool is_new = true;
    if (intern->slot_count > 0) {
        uint32_t value = intern->slots[search(intern, hash, text, size)];
        is_new = value == 0;
        id = (value & (((uint32_t)1 << intern->slot_bits) - 1)) - 1;
    }
    if (is_new) {
        firn_status status = reserve_text(intern, size);
        if (status == FIRN_OK)
            status = reserve_place(intern);
        if (status == FIRN_OK)
            status = reserve_slot(intern);
        if (status != FIRN_OK)
            return status;
        size_t slot = search(intern, hash, text, size);
        id = append(intern, text, size);
        intern->slots[slot] = slot_value(intern, hash, id); /* I1 */
    }
    *ret_id = id;
    if (ret_new != NULL)
        *ret_new = is_new;
    return FIRN_OK;
}

uint32_t firn_intern_find(const firn_intern *intern, const void *text, size_t size)
{
    if (intern->slot_count == 0 || size >= TEXT_SIZE_LIMIT)
        return FIRN_INTERN_NONE;
    uint64_t hash = firn_hash_bytes(intern->seed, text, size);
    uint32_t value = intern->slots[search(intern, hash, text, size)];
    /* An empty slot's 0 becomes FIRN_INTERN_NONE. */
    return (value & (((uint32_t)1 << intern->slot_bits) - 1)) - 1;
}

const void *firn_intern_get(const firn_intern *intern, uint32_t id, size_t *ret_size)
{
    assert(id < intern->count);
    return text_of(intern, id, ret_size);
}

uint32_t firn_intern_count(const firn_intern *intern)
{
    return intern->count;
}

void firn_intern_reset(firn_intern *intern)
{
    if (intern->slots != NULL)
        memset(intern->slots, 0, intern->slot_count * sizeof(uint32_t));
    intern->text_size = 0;
    intern->count = 0;
    intern->live_bytes = 0;
}

void firn_intern_usage(const firn_intern *intern, firn_usage *ret_usage)
{
    *ret_usage = (firn_usage){
        .live_bytes = intern->live_bytes,
        .overhead_bytes = intern->reserved_bytes - intern->live_bytes,
        .reserved_bytes = intern->reserved_bytes,
        .resident_bytes = intern->reserved_bytes,
    };
}
