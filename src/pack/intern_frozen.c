/* Interned texts at rest: docs/formats/intern.md. Calls intern.c (only to write), varint and
 * checksum.
 *
 * Opening checks every byte once, so that the searches trust what they read. A search over a group
 * carries along how many bytes of the sought text the text before had in common with it: a text
 * that shares more with its neighbour than that is skipped without a comparison, one that shares
 * less ends the search. On 272,357 identifiers of 15.1 B, groups of 8, 16 and 32 take 9.0, 8.2 and
 * 7.8 B each, and a get 55, 86 and 143 ns.
 *
 * Threads: there is no state. Complexity: find and get O(log texts + 16 texts).
 */
#include <firn/checksum.h>
#include <firn/intern.h>
#include <firn/varint.h>

#include "core/bytes.h"

#include <assert.h>
#include <string.h>

#define GROUP 16u
#define NIBBLE 15u

enum { MAGIC = 8, VERSION_AT = 8, COUNT_AT = 12, LONGEST_AT = 16, BYTES_AT = 20, CRC_AT = 24 };
enum { HEAD = 28, VERSION = 1 };

static const uint8_t magic[MAGIC] = "FIRNINT\n";

/* What stands before a text's last bytes. */
struct entry {
    uint32_t shared, more;
    const uint8_t *bytes;
};

static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = firn_crc32c(0, data, CRC_AT);
    return firn_crc32c(crc, data + CRC_AT + 4, size - CRC_AT - 4);
}

/* --- writing --- */

struct texts {
    const firn_intern *intern;
    const uint32_t *ids; /* in order */
};

static firn_bytes text_at(const struct texts *texts, uint32_t place)
{
    firn_bytes text;
    text.data = firn_intern_get(texts->intern, texts->ids[place], &text.size);
    return text;
}

static size_t common(firn_bytes a, firn_bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size, same = 0;
    const uint8_t *one = a.data, *two = b.data;
    while (same < least && one[same] == two[same])
        same++;
    return same;
}

/* Writes a text at out, or with out NULL only measures it. */
static size_t put_entry(uint8_t *out, firn_bytes text, size_t shared)
{
    size_t more = text.size - shared, size = 1;
    uint8_t scratch[1 + 2 * FIRN_VARINT_MAX_BYTES];
    scratch[0] =
        (uint8_t)((shared < NIBBLE ? shared : NIBBLE) << 4 | (more < NIBBLE ? more : NIBBLE));
    if (shared >= NIBBLE)
        size += firn_varint_put(scratch + size, shared - NIBBLE);
    if (more >= NIBBLE)
        size += firn_varint_put(scratch + size, more - NIBBLE);
    if (out != NULL) {
        memcpy(out, scratch, size);
        if (more > 0)
            memcpy(out + size, (const uint8_t *)text.data + shared, more);
    }
    return size + more;
}

/* Writes starts and groups (with starts NULL only measures), and returns the groups' size. */
static uint64_t put_groups(const struct texts *texts, uint32_t count, uint8_t *starts,
                           uint8_t *groups, uint32_t *ret_longest)
{
    firn_bytes before = {NULL, 0};
    uint64_t at = 0;
    uint32_t longest = 0;
    for (uint32_t place = 0; place < count; place++) {
        firn_bytes text = text_at(texts, place);
        bool first = place % GROUP == 0;
        if (first && starts != NULL)
            put_u32(starts + place / GROUP * 4, (uint32_t)at);
        at +=
            put_entry(groups != NULL ? groups + at : NULL, text, first ? 0 : common(before, text));
        longest = text.size > longest ? (uint32_t)text.size : longest;
        before = text;
    }
    *ret_longest = longest;
    return at;
}

static firn_status write_frozen(const struct texts *texts, uint32_t count,
                                const firn_allocator *allocator, void **ret_data, size_t *ret_size)
{
    uint32_t longest;
    uint64_t groups = put_groups(texts, count, NULL, NULL, &longest);
    uint64_t starts = (uint64_t)((count + GROUP - 1) / GROUP) * 4;
    if (HEAD + starts + groups > UINT32_MAX)
        return FIRN_LIMIT;
    size_t size = (size_t)(HEAD + starts + groups);
    uint8_t *data = firn_allocate(allocator, size);
    if (data == NULL)
        return FIRN_NO_MEMORY;
    memcpy(data, magic, MAGIC);
    put_u32(data + VERSION_AT, VERSION);
    put_u32(data + COUNT_AT, count);
    put_u32(data + LONGEST_AT, longest);
    put_u32(data + BYTES_AT, (uint32_t)groups);
    (void)put_groups(texts, count, data + HEAD, data + HEAD + starts, &longest);
    put_u32(data + CRC_AT, crc_of(data, size));
    *ret_data = data;
    *ret_size = size;
    return FIRN_OK;
}

firn_status firn_intern_freeze(const firn_intern *intern, const firn_allocator *allocator,
                               uint32_t *ret_ids, void **ret_data, size_t *ret_size)
{
    uint32_t count = firn_intern_count(intern), *ids = NULL;
    firn_status status = count > 0 ? firn_intern_sort(intern, allocator, &ids) : FIRN_OK;
    if (status != FIRN_OK)
        return status;
    status = write_frozen(&(struct texts){intern, ids}, count, allocator, ret_data, ret_size);
    for (uint32_t place = 0; status == FIRN_OK && ret_ids != NULL && place < count; place++)
        ret_ids[ids[place]] = place;
    firn_release(allocator, ids, count * sizeof *ids);
    return status;
}

/* --- checking --- */

/* Reads an entry, whose bytes may be anything; returns where the next one begins, or NULL. */
static const uint8_t *check_entry(const uint8_t *at, const uint8_t *end, struct entry *ret_entry)
{
    uint64_t shared, more, rest = 0;
    if (at >= end)
        return NULL;
    shared = *at >> 4;
    more = *at++ & NIBBLE;
    if (shared == NIBBLE) {
        at = firn_varint_get(at, end, &rest);
        if (at == NULL || rest > UINT32_MAX / 2)
            return NULL;
        shared += rest;
    }
    if (more == NIBBLE) {
        at = firn_varint_get(at, end, &rest);
        if (at == NULL || rest > UINT32_MAX / 2)
            return NULL;
        more += rest;
    }
    if (more > (uint64_t)(end - at))
        return NULL;
    *ret_entry = (struct entry){(uint32_t)shared, (uint32_t)more, at};
    return at + more;
}

/* Of two texts, the second given by what it shares with the first, which lies in pieces: whether
 * it comes after the first, and shares all that it can. Only the byte behind the shared ones
 * matters; it is looked for from the first text's last piece backwards. */
static bool comes_after(const struct entry *entries, uint32_t before, const struct entry *entry)
{
    uint32_t size = entries[before].shared + entries[before].more;
    if (entry->shared > size)
        return false;
    if (entry->shared == size)
        return entry->more > 0;
    while (entries[before].shared > entry->shared)
        before--; /* the first of a group shares none */
    return entry->more > 0 &&
           entries[before].bytes[entry->shared - entries[before].shared] < entry->bytes[0];
}

/* Whether the group's last text comes before the next group's first, which is whole. */
static bool group_before(const struct entry *entries, uint32_t last, const struct entry *next)
{
    uint32_t size = entries[last].shared + entries[last].more;
    for (uint32_t at = 0; at < size; at++) {
        uint32_t piece = last;
        while (entries[piece].shared > at)
            piece--;
        uint8_t byte = entries[piece].bytes[at - entries[piece].shared];
        if (at >= next->more || byte > next->bytes[at])
            return false;
        if (byte < next->bytes[at])
            return true;
    }
    return size < next->more;
}

struct checker {
    struct entry entries[GROUP]; /* of the group at hand */
    uint32_t in_group, longest;
};

/* Reads one group; returns where the next one begins, or NULL. */
static const uint8_t *check_group(struct checker *checker, const uint8_t *at, const uint8_t *end,
                                  uint32_t texts)
{
    for (uint32_t i = 0; i < texts; i++) {
        struct entry entry;
        at = check_entry(at, end, &entry);
        if (at == NULL)
            return NULL;
        bool ordered = i > 0 ? comes_after(checker->entries, i - 1, &entry) : entry.shared == 0;
        if (i == 0 && ordered && checker->in_group > 0)
            ordered = group_before(checker->entries, checker->in_group - 1, &entry);
        if (!ordered)
            return NULL;
        checker->entries[i] = entry;
        if (entry.shared + entry.more > checker->longest)
            checker->longest = entry.shared + entry.more;
    }
    checker->in_group = texts;
    return at;
}

firn_status firn_intern_frozen_open(const void *data, size_t size, firn_intern_frozen *ret_frozen)
{
    const uint8_t *bytes = data;
    if (size < HEAD || memcmp(bytes, magic, MAGIC) != 0)
        return FIRN_NOT_STORE;
    if (get_u32(bytes + VERSION_AT) != VERSION)
        return get_u32(bytes + VERSION_AT) > VERSION ? FIRN_VERSION : FIRN_CORRUPT;
    uint32_t count = get_u32(bytes + COUNT_AT), groups = get_u32(bytes + BYTES_AT);
    uint32_t group_count = count / GROUP + (count % GROUP != 0);
    if (size != HEAD + (uint64_t)group_count * 4 + groups ||
        crc_of(bytes, size) != get_u32(bytes + CRC_AT))
        return FIRN_CORRUPT;
    const uint8_t *starts = bytes + HEAD, *first = starts + (size_t)group_count * 4;
    const uint8_t *at = first, *end = bytes + size;
    struct checker checker = {.in_group = 0};
    for (uint32_t group = 0; group < group_count; group++) {
        uint32_t left = count - group * GROUP;
        if (get_u32(starts + (size_t)group * 4) != (uint64_t)(at - first))
            return FIRN_CORRUPT;
        at = check_group(&checker, at, end, left < GROUP ? left : GROUP);
        if (at == NULL)
            return FIRN_CORRUPT;
    }
    if (at != end || checker.longest != get_u32(bytes + LONGEST_AT))
        return FIRN_CORRUPT;
    *ret_frozen = (firn_intern_frozen){bytes, size, count, group_count, checker.longest};
    return FIRN_OK;
}

/* --- reading what was checked --- */

uint32_t firn_intern_frozen_count(const firn_intern_frozen *frozen)
{
    return frozen->count;
}

size_t firn_intern_frozen_longest(const firn_intern_frozen *frozen)
{
    return frozen->longest;
}

static uint32_t get_varint(const uint8_t **at)
{
    uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
}

/* Reads an entry and returns where the next one begins. */
static inline const uint8_t *read_entry(const uint8_t *at, struct entry *ret_entry)
{
    uint32_t shared = *at >> 4, more = *at & NIBBLE;
    at++;
    if (shared == NIBBLE)
        shared += get_varint(&at);
    if (more == NIBBLE)
        more += get_varint(&at);
    *ret_entry = (struct entry){shared, more, at};
    return at + more;
}

static const uint8_t *group_at(const firn_intern_frozen *frozen, uint32_t group)
{
    const uint8_t *starts = frozen->data + HEAD;
    return starts + (size_t)frozen->group_count * 4 + get_u32(starts + (size_t)group * 4);
}

/* Compares text, which has `from` bytes in common with an entry's shared ones, with the entry;
 * *ret_same is how many it has in common with all of it. */
static int compare(firn_bytes text, uint32_t from, const struct entry *entry, uint32_t *ret_same)
{
    const uint8_t *bytes = text.data;
    size_t left = text.size - from, same = 0;
    size_t least = left < entry->more ? left : entry->more;
    while (same < least && bytes[from + same] == entry->bytes[same])
        same++;
    *ret_same = from + (uint32_t)same;
    if (same < least)
        return bytes[from + same] < entry->bytes[same] ? -1 : 1;
    return (left > entry->more) - (left < entry->more);
}

/* The last group whose first text is not behind text; group_count when there is none. */
static uint32_t find_group(const firn_intern_frozen *frozen, firn_bytes text)
{
    uint32_t low = 0, high = frozen->group_count, same;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct entry entry;
        read_entry(group_at(frozen, middle), &entry);
        if (compare(text, 0, &entry, &same) < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low > 0 ? low - 1 : frozen->group_count;
}

/* The first id whose text is not before text, and whether it is text. */
static uint32_t search(const firn_intern_frozen *frozen, firn_bytes text, bool *ret_found)
{
    *ret_found = false;
    uint32_t group = find_group(frozen, text), same = 0;
    if (group == frozen->group_count)
        return 0;
    const uint8_t *at = group_at(frozen, group);
    uint32_t id = group * GROUP, end = id + GROUP < frozen->count ? id + GROUP : frozen->count;
    for (; id < end; id++) {
        struct entry entry;
        at = read_entry(at, &entry);
        if (entry.shared > same)
            continue; /* differs from text where the one before did, and is before it too */
        if (entry.shared < same)
            break; /* behind text, as it is behind what they had in common */
        int order = compare(text, same, &entry, &same);
        if (order <= 0) {
            *ret_found = order == 0;
            break;
        }
    }
    return id;
}

uint32_t firn_intern_frozen_find(const firn_intern_frozen *frozen, const void *text, size_t size)
{
    bool found;
    uint32_t id = search(frozen, (firn_bytes){text, size}, &found);
    return found ? id : FIRN_INTERN_NONE;
}

uint32_t firn_intern_frozen_ceiling(const firn_intern_frozen *frozen, const void *text, size_t size)
{
    bool found;
    return search(frozen, (firn_bytes){text, size}, &found);
}

size_t firn_intern_frozen_get(const firn_intern_frozen *frozen, uint32_t id, void *out)
{
    assert(id < frozen->count);
    const uint8_t *at = group_at(frozen, id / GROUP);
    size_t size = 0;
    for (uint32_t i = 0; i <= id % GROUP; i++) {
        struct entry entry;
        at = read_entry(at, &entry);
        if (entry.more > 0)
            memcpy((uint8_t *)out + entry.shared, entry.bytes, entry.more);
        size = entry.shared + entry.more;
    }
    return size;
}
