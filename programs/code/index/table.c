/* Sorted tables: front-coded keys with payloads in one block, as the blocks of LevelDB's tables,
 * but with keys and payloads apart, because they pack better so. All that the index of `firn code`
 * looks up lies in such tables; this file calls the library only.
 *
 *   u32 count + 2^31 + 2^30 | u32 size of the keys | groups: (u32 key offset, u32 payload offset)
 *   each | keys | payloads
 *   key: u16 head | varints of what does not fit there | the rest
 *   head: bytes shared with the key before (0 at a group's first) | size of the rest, 5 bits each |
 *   size of the payload, 6 bits; a field whose bits are all 1 has a varint of what is above it
 *
 * In the first form, without 2^31, a key is: varint shared | varint rest | the rest | varint size
 * of the payload. The second saves 1.4 of 28.6 MB for the names of 10 M lines of C. Both have
 * groups of 16 entries; the third, with 2^30, has groups of 64, which saves 1.4 MB more.
 *
 * Nouns: a group is 64 entries that begin with a whole key. Reading takes hostile bytes: every
 * offset and size is checked where it is used, and keys must ascend.
 *
 * Finding a key takes O(log groups) comparisons of whole keys and at most 64 steps. Threads: a
 * table is only read; writers and cursors belong to one thread. */
#include "code/index/table.h"

#define HEADER_BYTES 8u
#define GROUP_BYTES 8u
/* In the count: */
#define COMPACT (UINT32_C(1) << 31)      /* of the second form */
#define LARGE_GROUPS (UINT32_C(1) << 30) /* of the third, too */
#define SMALL_GROUP 16u

/* The fields of an entry's head: shared, rest, payload. */
#define SHORT_FULL 31u
#define PAYLOAD_FULL 63u

int key_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = common == 0 ? 0 : memcmp(a, b, common);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* --- writing --- */

void table_writer_init(struct table_writer *writer, const firn_allocator *allocator)
{
    writer->groups = writer->keys = writer->payloads = (struct bytes){.allocator = allocator};
    writer->last_size = 0;
    writer->count = 0;
}

void table_writer_fini(struct table_writer *writer)
{
    bytes_fini(&writer->groups);
    bytes_fini(&writer->keys);
    bytes_fini(&writer->payloads);
}

size_t table_size(const struct table_writer *writer)
{
    return HEADER_BYTES + writer->groups.size + writer->keys.size + writer->payloads.size;
}

static size_t shared_bytes(const struct table_writer *writer, const uint8_t *key, size_t size)
{
    size_t shared = 0;
    if (writer->count % TABLE_GROUP == 0)
        return 0;
    while (shared < size && shared < writer->last_size && key[shared] == writer->last[shared])
        shared++;
    return shared;
}

/* Writes an entry's head and returns what is behind it. */
static uint8_t *put_head(uint8_t *out, size_t shared, size_t rest, size_t payload_size)
{
    const size_t value[] = {shared, rest, payload_size};
    const unsigned full[] = {SHORT_FULL, SHORT_FULL, PAYLOAD_FULL}, shift[] = {0, 5, 10};
    unsigned head = 0;
    uint8_t *at = out;
    out += 2;
    for (unsigned i = 0; i < 3; i++) {
        head |= (value[i] < full[i] ? (unsigned)value[i] : full[i]) << shift[i];
        if (value[i] >= full[i])
            out += firn_varint_put(out, value[i] - full[i]);
    }
    at[0] = (uint8_t)head;
    at[1] = (uint8_t)(head >> 8);
    return out;
}

firn_status table_add(struct table_writer *writer, const void *key, size_t key_size,
                      const void *payload, size_t payload_size)
{
    if (key_size > KEY_MAX_BYTES)
        return FIRN_INVALID;
    if (writer->count > 0 && key_compare(writer->last, writer->last_size, key, key_size) > 0)
        return FIRN_INVALID;
    size_t most = key_size + 2 + 3 * FIRN_VARINT_MAX_BYTES + GROUP_BYTES;
    if (payload_size > UINT32_MAX - most || table_size(writer) > UINT32_MAX - payload_size - most)
        return FIRN_LIMIT;
    if (bytes_reserve(&writer->groups, GROUP_BYTES) != FIRN_OK ||
        bytes_reserve(&writer->keys, most) != FIRN_OK ||
        bytes_reserve(&writer->payloads, payload_size) != FIRN_OK)
        return FIRN_NO_MEMORY;
    if (writer->count % TABLE_GROUP == 0) {
        bytes_put_u32(writer->groups.data + writer->groups.size, (uint32_t)writer->keys.size);
        bytes_put_u32(writer->groups.data + writer->groups.size + 4,
                      (uint32_t)writer->payloads.size);
        writer->groups.size += GROUP_BYTES;
    }
    size_t shared = shared_bytes(writer, key, key_size);
    uint8_t *out = writer->keys.data + writer->keys.size;
    out = put_head(out, shared, key_size - shared, payload_size);
    if (key_size > shared)
        memcpy(out, (const uint8_t *)key + shared, key_size - shared);
    out += key_size - shared;
    writer->keys.size = (size_t)(out - writer->keys.data);
    if (payload_size > 0)
        memcpy(writer->payloads.data + writer->payloads.size, payload, payload_size);
    writer->payloads.size += payload_size;
    if (key_size > shared)
        memcpy(writer->last + shared, (const uint8_t *)key + shared, key_size - shared);
    writer->last_size = key_size;
    writer->count++;
    return FIRN_OK;
}

firn_status table_finish(struct table_writer *writer, struct bytes *bytes)
{
    firn_status status = bytes_reserve(bytes, table_size(writer));
    if (status != FIRN_OK)
        return status;
    bytes_put_u32(bytes->data + bytes->size, writer->count | COMPACT | LARGE_GROUPS);
    bytes_put_u32(bytes->data + bytes->size + 4, (uint32_t)writer->keys.size);
    bytes->size += HEADER_BYTES;
    struct bytes *parts[] = {&writer->groups, &writer->keys, &writer->payloads};
    for (unsigned i = 0; i < 3 && status == FIRN_OK; i++)
        status = bytes_put(bytes, parts[i]->data, parts[i]->size);
    for (unsigned i = 0; i < 3; i++)
        parts[i]->size = 0;
    writer->count = 0;
    writer->last_size = 0;
    return status;
}

/* --- reading --- */

static size_t group_count(const struct table *table)
{
    return ((size_t)table->count + table->group - 1) / table->group;
}

firn_status table_open(const void *data, size_t size, struct table *ret_table)
{
    const uint8_t *bytes = data;
    if (size < HEADER_BYTES)
        return FIRN_CORRUPT;
    const uint32_t count = bytes_get_u32(bytes);
    struct table table = {.groups = bytes + HEADER_BYTES,
                          .keys_size = bytes_get_u32(bytes + 4),
                          .count = count & ~COMPACT,
                          .group = SMALL_GROUP,
                          .is_compact = (count & COMPACT) != 0};
    if (table.is_compact && (count & LARGE_GROUPS) != 0) {
        table.count &= ~LARGE_GROUPS;
        table.group = TABLE_GROUP;
    }
    size_t left = size - HEADER_BYTES;
    if (group_count(&table) > left / GROUP_BYTES)
        return FIRN_CORRUPT;
    left -= group_count(&table) * GROUP_BYTES;
    /* An entry takes two or three bytes of the keys at least. */
    if (table.keys_size > left || table.count > table.keys_size / (table.is_compact ? 2 : 3))
        return FIRN_CORRUPT;
    table.keys = table.groups + group_count(&table) * GROUP_BYTES;
    table.payloads = table.keys + table.keys_size;
    table.payloads_size = left - table.keys_size;
    *ret_table = table;
    return FIRN_OK;
}

/* What stands before the bytes of a key. */
struct head {
    uint64_t shared;
    uint64_t rest;
    uint64_t payload_size;
};

/* Reads what of a field is above its bits; in may be NULL and is returned, NULL when it is damaged.
 */
static const uint8_t *get_field(const uint8_t *in, const uint8_t *end, unsigned bits, unsigned full,
                                uint64_t *ret_value)
{
    uint64_t more = 0;
    if (bits == full && in != NULL)
        in = firn_varint_get(in, end, &more);
    *ret_value = bits + more;
    return more <= UINT32_MAX ? in : NULL;
}

/* Reads a head; returns what is behind it, NULL when it is cut. */
static const uint8_t *get_head(const uint8_t *in, const uint8_t *end, struct head *ret_head)
{
    if (end - in < 2)
        return NULL;
    const unsigned bits = in[0] | (unsigned)in[1] << 8;
    in = get_field(in + 2, end, bits & SHORT_FULL, SHORT_FULL, &ret_head->shared);
    in = get_field(in, end, bits >> 5 & SHORT_FULL, SHORT_FULL, &ret_head->rest);
    return get_field(in, end, bits >> 10, PAYLOAD_FULL, &ret_head->payload_size);
}

/* Reads the entry at next_key, whose payload begins at cursor->payload. */
static firn_status read_entry(struct table_cursor *cursor)
{
    const struct table *table = &cursor->table;
    const uint8_t *end = table->keys + table->keys_size, *in = cursor->next_key;
    const bool first = cursor->index % table->group == 0;
    struct head head;
    if (table->is_compact)
        in = get_head(in, end, &head);
    else if ((in = firn_varint_get(in, end, &head.shared)) != NULL)
        in = firn_varint_get(in, end, &head.rest);
    if (in == NULL || head.rest > (size_t)(end - in))
        return FIRN_CORRUPT;
    const uint64_t shared = head.shared, rest = head.rest;
    if (shared > (first ? 0 : cursor->key_size) || rest > KEY_MAX_BYTES - shared)
        return FIRN_CORRUPT;
    size_t was = cursor->key_size;
    if (cursor->index > 0 && was > 0 &&
        key_compare(cursor->key + shared, was - shared, in, rest) > 0)
        return FIRN_CORRUPT;
    if (rest > 0)
        memcpy(cursor->key + shared, in, rest);
    cursor->shared = shared;
    cursor->key_size = shared + rest;
    in += rest;
    if (!table->is_compact)
        in = firn_varint_get(in, end, &head.payload_size);
    if (in == NULL ||
        head.payload_size > table->payloads_size - (size_t)(cursor->payload - table->payloads))
        return FIRN_CORRUPT;
    cursor->payload_size = head.payload_size;
    cursor->next_key = in;
    return FIRN_OK;
}

/* Puts the cursor on a group's first entry. */
static firn_status enter_group(const struct table *table, size_t group, struct table_cursor *cursor)
{
    const uint8_t *place = table->groups + group * GROUP_BYTES;
    uint32_t key = bytes_get_u32(place);
    uint32_t payload = bytes_get_u32(place + 4);
    if (key > table->keys_size || payload > table->payloads_size)
        return FIRN_CORRUPT;
    cursor->table = *table;
    cursor->next_key = table->keys + key;
    cursor->payload = table->payloads + payload;
    cursor->payload_size = 0;
    cursor->index = (uint32_t)(group * table->group);
    cursor->key_size = 0;
    return read_entry(cursor);
}

firn_status table_next(struct table_cursor *cursor)
{
    const struct table *table = &cursor->table;
    if (cursor->index + 1 >= table->count)
        return FIRN_END_OF_DATA;
    cursor->index++;
    cursor->payload += cursor->payload_size;
    if (cursor->index % table->group == 0) {
        const uint8_t *place = table->groups + cursor->index / table->group * GROUP_BYTES;
        if (bytes_get_u32(place) != (size_t)(cursor->next_key - table->keys) ||
            bytes_get_u32(place + 4) != (size_t)(cursor->payload - table->payloads))
            return FIRN_CORRUPT;
    }
    return read_entry(cursor);
}

firn_status table_at(const struct table *table, uint32_t index, struct table_cursor *cursor)
{
    if (index >= table->count)
        return FIRN_END_OF_DATA;
    firn_status status = enter_group(table, index / table->group, cursor);
    while (status == FIRN_OK && cursor->index < index)
        status = table_next(cursor);
    return status;
}

firn_status table_seek(const struct table *table, const void *key, size_t key_size,
                       struct table_cursor *cursor)
{
    if (table->count == 0)
        return FIRN_END_OF_DATA;
    /* The last group that begins below the key; the keys of the groups before it are below too. */
    size_t low = 0, high = group_count(table);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        firn_status status = enter_group(table, middle, cursor);
        if (status != FIRN_OK)
            return status;
        if (key_compare(cursor->key, cursor->key_size, key, key_size) < 0)
            low = middle;
        else
            high = middle;
    }
    firn_status status = enter_group(table, low, cursor);
    while (status == FIRN_OK && key_compare(cursor->key, cursor->key_size, key, key_size) < 0)
        status = table_next(cursor);
    return status;
}
