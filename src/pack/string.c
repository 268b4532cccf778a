/* Strings of 24 bytes, and whether bytes are UTF-8. Calls its allocator, intern and hash.h.
 *
 *     inside     | up to 23 bytes, then zeros                             | their number |
 *     heap       | block (8) | size (8)    | units of 16 bytes (4) | 0, 0, 0 | 0x40       |
 *     interned   | intern (8) | 0 (8)      | id (4)                | 0, 0, 0 | 0x80       |
 *
 * Invariants:
 *   I1  texts of up to 23 bytes are inside or interned, never on the heap, unless they shrank there
 *       (no call shrinks one)
 *   I2  unused bytes are 0, so that two texts inside are equal when the structs are
 *
 * Threads: a string belongs to one thread while it changes. Follows the small strings of libc++ and
 * folly's fbstring.
 */
#include <firn/string.h>

#include "pack/hash.h"

#include <stddef.h>
#include <string.h>

#define UNIT 16u

_Static_assert(sizeof(firn_string) == 24, "a string is three words");
_Static_assert(offsetof(firn_string, as.apart.form) == 23, "the form is the last byte");

static void make_inside(firn_string *string, const void *data, size_t size)
{
    firn_string made;
    memset(&made, 0, sizeof made); /* I2 */
    if (size > 0)
        memcpy(made.as.text, data, size);
    made.as.apart.form = (uint8_t)size;
    *string = made;
}

static bool on_heap(const firn_string *string)
{
    return string->as.apart.form == FIRN_STRING_HEAP;
}

static size_t block_bytes(const firn_string *string)
{
    return (size_t)string->as.apart.number * UNIT;
}

/* Makes *ret_string hold `room` bytes on the heap, of which `size` will be text. */
static firn_status make_block(firn_string *ret_string, size_t size, size_t room,
                              const firn_allocator *allocator)
{
    uint32_t units = (uint32_t)((room + UNIT - 1) / UNIT);
    void *block = firn_allocate(allocator, (size_t)units * UNIT);
    if (block == NULL)
        return FIRN_NO_MEMORY;
    memset(ret_string, 0, sizeof *ret_string);
    ret_string->as.apart.at = block;
    ret_string->as.apart.size = size;
    ret_string->as.apart.number = units;
    ret_string->as.apart.form = FIRN_STRING_HEAP;
    return FIRN_OK;
}

/* A new string of two texts. */
static firn_status make(firn_bytes a, firn_bytes b, const firn_allocator *allocator,
                        firn_string *ret_string)
{
    if (a.size > FIRN_STRING_MAX || b.size > FIRN_STRING_MAX - a.size)
        return FIRN_LIMIT;
    uint8_t inside[FIRN_STRING_INLINE_MAX];
    firn_string made;
    uint8_t *out = inside;
    size_t size = a.size + b.size;
    if (size > FIRN_STRING_INLINE_MAX) {
        firn_status status = make_block(&made, size, size, allocator);
        if (status != FIRN_OK)
            return status;
        out = (uint8_t *)made.as.apart.at;
    }
    if (a.size > 0)
        memcpy(out, a.data, a.size);
    if (b.size > 0)
        memcpy(out + a.size, b.data, b.size);
    if (out == inside)
        make_inside(&made, inside, size);
    *ret_string = made;
    return FIRN_OK;
}

void firn_string_fini(firn_string *string, const firn_allocator *allocator)
{
    if (on_heap(string))
        firn_release(allocator, (void *)string->as.apart.at, block_bytes(string));
    memset(string, 0, sizeof *string);
}

firn_status firn_string_put(firn_string *string, const void *data, size_t size,
                            const firn_allocator *allocator)
{
    firn_string made;
    firn_status status = make((firn_bytes){data, size}, (firn_bytes){NULL, 0}, allocator, &made);
    if (status != FIRN_OK)
        return status;
    firn_string_fini(string, allocator); /* last, as data may lie in it */
    *string = made;
    return FIRN_OK;
}

firn_status firn_string_put_interned(firn_string *string, firn_intern *intern, const void *data,
                                     size_t size, const firn_allocator *allocator)
{
    uint32_t id;
    firn_status status = firn_intern_put(intern, data, size, &id, NULL);
    if (status != FIRN_OK)
        return status;
    firn_string_fini(string, allocator);
    string->as.apart.at = intern;
    string->as.apart.number = id;
    string->as.apart.form = FIRN_STRING_INTERNED;
    return FIRN_OK;
}

firn_status firn_string_append(firn_string *string, const void *data, size_t size,
                               const firn_allocator *allocator)
{
    firn_bytes text = firn_string_get(string);
    if (size == 0)
        return FIRN_OK;
    if (size > FIRN_STRING_MAX - text.size)
        return FIRN_LIMIT;
    size_t needed = text.size + size;
    firn_string made = *string;
    firn_status status = FIRN_OK;
    if (needed <= FIRN_STRING_INLINE_MAX) { /* then the old text was no block: I1 */
        status = make(text, (firn_bytes){data, size}, allocator, &made);
    } else if (on_heap(string) && needed <= block_bytes(string)) {
        memcpy((uint8_t *)made.as.apart.at + text.size, data, size);
        made.as.apart.size = needed;
    } else { /* half as much again, so that n appends copy O(n) bytes */
        status = make_block(&made, needed, needed + needed / 2, allocator);
        if (status == FIRN_OK) {
            if (text.size > 0)
                memcpy((uint8_t *)made.as.apart.at, text.data, text.size);
            memcpy((uint8_t *)made.as.apart.at + text.size, data, size);
            firn_string_fini(string, allocator); /* last, as data may lie in it */
        }
    }
    if (status == FIRN_OK)
        *string = made;
    return status;
}

firn_status firn_string_concatenate(const firn_string *a, const firn_string *b,
                                    const firn_allocator *allocator, firn_string *ret_string)
{
    return make(firn_string_get(a), firn_string_get(b), allocator, ret_string);
}

firn_status firn_string_slice(const firn_string *string, size_t begin, size_t size,
                              const firn_allocator *allocator, firn_string *ret_string)
{
    firn_bytes text = firn_string_get(string);
    if (begin > text.size || size > text.size - begin)
        return FIRN_INVALID;
    if (size == text.size && string->as.apart.form == FIRN_STRING_INTERNED) {
        *ret_string = *string;
        return FIRN_OK;
    }
    firn_bytes part = {size > 0 ? (const uint8_t *)text.data + begin : NULL, size};
    return make(part, (firn_bytes){NULL, 0}, allocator, ret_string);
}

int firn_string_compare(const firn_string *a, const firn_string *b)
{
    firn_bytes one = firn_string_get(a), two = firn_string_get(b);
    size_t least = one.size < two.size ? one.size : two.size;
    int order = least > 0 ? memcmp(one.data, two.data, least) : 0;
    return order != 0 ? order : (one.size > two.size) - (one.size < two.size);
}

bool firn_string_equal(const firn_string *a, const firn_string *b)
{
    uint8_t form_a = a->as.apart.form, form_b = b->as.apart.form;
    if (form_a <= FIRN_STRING_INLINE_MAX && form_b <= FIRN_STRING_INLINE_MAX)
        return memcmp(a, b, sizeof *a) == 0; /* I2 */
    if (form_a == FIRN_STRING_INTERNED && form_b == FIRN_STRING_INTERNED &&
        a->as.apart.at == b->as.apart.at)
        return a->as.apart.number == b->as.apart.number;
    firn_bytes one = firn_string_get(a), two = firn_string_get(b);
    return one.size == two.size && (one.size == 0 || memcmp(one.data, two.data, one.size) == 0);
}

uint64_t firn_string_hash(const firn_string *string, uint64_t seed)
{
    firn_bytes text = firn_string_get(string);
    firn_hash_seed seeds = {seed, firn_hash_mix(seed ^ 0x2d358dccaa6c78a5u, 0x8bb84b93962eacc9u)};
    return firn_hash_bytes(seeds, text.data, text.size);
}

uint32_t firn_string_id(const firn_string *string)
{
    bool interned = string->as.apart.form == FIRN_STRING_INTERNED;
    return interned ? string->as.apart.number : FIRN_INTERN_NONE;
}

void firn_string_usage(const firn_string *string, firn_usage *ret_usage)
{
    bool interned = string->as.apart.form == FIRN_STRING_INTERNED;
    size_t live = interned ? 0 : firn_string_get(string).size;
    size_t held = sizeof *string + (on_heap(string) ? block_bytes(string) : 0);
    *ret_usage = (firn_usage){.live_bytes = live,
                              .overhead_bytes = held - live,
                              .reserved_bytes = held,
                              .resident_bytes = held};
}

/* --- UTF-8 --- */

/* The length of the well-formed character at `at`, of which `left` bytes (at least 1) are there; 0
 * when it is broken or cut. The bounds of the second byte are those of Unicode's table 3-7. */
static size_t character_bytes(const uint8_t *at, size_t left)
{
    uint8_t first = at[0], low = 0x80, high = 0xbf;
    if (first < 0x80)
        return 1;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > left)
        return 0;
    if (first == 0xe0)
        low = 0xa0;
    else if (first == 0xed)
        high = 0x9f;
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

size_t firn_utf8_valid(const void *data, size_t size)
{
    const uint8_t *text = data;
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word) { /* most text is ASCII */
            memcpy(&word, text + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t step = character_bytes(text + at, size - at);
        if (step == 0)
            break;
        at += step;
    }
    return at;
}
