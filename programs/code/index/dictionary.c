/* Dictionaries: tables over segments of the store, with one table over them, as the sorted files of
 * Bigtable and LevelDB have it. merge.c and the catalog write them, all commands read them.
 *
 * The top table has an entry for each segment: its last key, with the payload varint segment,
 * varint number of its first entry. So the first entry that is not below a key lies in the segment
 * of the first top entry that is not below it. A key may run on from one segment into the next.
 *
 * Reading takes hostile bytes. A look-up costs two binary searches and one segment; the memory is
 * the top segment, and one segment a cursor. */
#include "code/index/dictionary.h"

firn_status dictionary_writer_init(struct dictionary_writer *writer,
                                   const struct dictionary_options *options)
{
    writer->options = *options;
    writer->codec = NULL;
    writer->plain = (struct bytes){.allocator = options->allocator};
    writer->count = 0;
    table_writer_init(&writer->table, options->allocator);
    table_writer_init(&writer->top, options->allocator);
    return firn_codec_create(options->allocator, &writer->codec);
}

void dictionary_writer_fini(struct dictionary_writer *writer)
{
    table_writer_fini(&writer->table);
    table_writer_fini(&writer->top);
    bytes_fini(&writer->plain);
    firn_codec_destroy(writer->codec);
    writer->codec = NULL;
}

static firn_status explain(firn_status status, firn_error *ret_error)
{
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "cannot write the index: %s",
                                              firn_status_text(status));
}

/* A number that the index has and the store does not is damage. */
static firn_status pin(firn_store *store, uint32_t number, firn_segment *ret_segment,
                       firn_error *ret_error)
{
    firn_status status = firn_store_pin(store, number, ret_segment, ret_error);
    if (status != FIRN_NOT_FOUND)
        return status;
    return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                          "the index is damaged (it names a segment that is not there)");
}

static firn_status put_table(struct dictionary_writer *writer, struct table_writer *table,
                             uint32_t kind, uint32_t *ret_segment, firn_error *ret_error)
{
    writer->plain.size = 0;
    firn_status status = table_finish(table, &writer->plain);
    if (status != FIRN_OK)
        return explain(status, ret_error);
    const firn_store_put_options put = {
        .kind = kind, .codec = FIRN_CODEC_ZSTD, .level = writer->options.level};
    return firn_store_put(writer->options.store, writer->codec, &put, writer->plain.data,
                          writer->plain.size, ret_segment, ret_error);
}

static firn_status add_to_top(struct dictionary_writer *writer, const void *last, size_t last_size,
                              uint32_t segment, uint64_t first)
{
    uint8_t payload[2 * FIRN_VARINT_MAX_BYTES];
    size_t size = firn_varint_put(payload, segment);
    size += firn_varint_put(payload + size, first);
    return table_add(&writer->top, last, last_size, payload, size);
}

static firn_status close_table(struct dictionary_writer *writer, firn_error *ret_error)
{
    if (writer->table.count == 0)
        return FIRN_OK;
    uint64_t first = writer->count - writer->table.count;
    size_t last_size = writer->table.last_size; /* before finish empties the table */
    uint32_t segment;
    firn_status status =
        put_table(writer, &writer->table, writer->options.kind, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    return explain(add_to_top(writer, writer->table.last, last_size, segment, first), ret_error);
}

firn_status dictionary_add(struct dictionary_writer *writer, const void *key, size_t key_size,
                           const void *payload, size_t payload_size, firn_error *ret_error)
{
    firn_status status = table_add(&writer->table, key, key_size, payload, payload_size);
    if (status != FIRN_OK)
        return explain(status, ret_error);
    writer->count++;
    return table_size(&writer->table) < writer->options.table_bytes
               ? FIRN_OK
               : close_table(writer, ret_error);
}

firn_status dictionary_finish(struct dictionary_writer *writer, uint32_t *ret_top_segment,
                              firn_error *ret_error)
{
    firn_status status = close_table(writer, ret_error);
    if (status != FIRN_OK)
        return status;
    return put_table(writer, &writer->top, writer->options.kind + 1, ret_top_segment, ret_error);
}

/* --- reading --- */

static firn_status damaged(firn_status status, firn_error *ret_error)
{
    return status == FIRN_CORRUPT
               ? firn_error_set(ret_error, status, 0,
                                "the index in the store is damaged: index the folder again")
               : status;
}

firn_status dictionary_open(struct dictionary *dictionary, firn_store *store, uint32_t top_segment,
                            firn_error *ret_error)
{
    struct dictionary opened = {.store = store};
    firn_status status = pin(store, top_segment, &opened.top_segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = table_open(opened.top_segment.data, opened.top_segment.size, &opened.top);
    if (status != FIRN_OK) {
        firn_store_unpin(store, &opened.top_segment);
        return damaged(status, ret_error);
    }
    *dictionary = opened;
    return FIRN_OK;
}

void dictionary_close(struct dictionary *dictionary)
{
    if (dictionary->store != NULL)
        firn_store_unpin(dictionary->store, &dictionary->top_segment);
    dictionary->store = NULL;
}

void dictionary_cursor_close(struct dictionary_cursor *cursor)
{
    if (cursor->dictionary != NULL)
        firn_store_unpin(cursor->dictionary->store, &cursor->segment);
    cursor->dictionary = NULL;
}

static firn_status top_entry(const struct table_cursor *top, uint32_t *ret_segment,
                             uint64_t *ret_first)
{
    const uint8_t *end = top->payload + top->payload_size;
    uint64_t segment, first;
    const uint8_t *in = firn_varint_get(top->payload, end, &segment);
    if (in == NULL || segment > UINT32_MAX || firn_varint_get(in, end, &first) != end)
        return FIRN_CORRUPT;
    *ret_segment = (uint32_t)segment;
    *ret_first = first;
    return FIRN_OK;
}

firn_status dictionary_table(const struct dictionary *dictionary, uint32_t index,
                             struct table_cursor *cursor, uint32_t *ret_segment,
                             firn_error *ret_error)
{
    uint64_t first;
    firn_status status = table_at(&dictionary->top, index, cursor);
    if (status == FIRN_OK)
        status = top_entry(cursor, ret_segment, &first);
    return damaged(status, ret_error);
}

/* Adds the entries of another writer's top table to this one's. */
static firn_status append_top(struct dictionary_writer *writer, const struct table *top)
{
    struct table_cursor cursor;
    firn_status status = table_at(top, 0, &cursor);
    while (status == FIRN_OK) {
        uint32_t segment;
        uint64_t first;
        status = top_entry(&cursor, &segment, &first);
        if (status == FIRN_OK)
            status =
                add_to_top(writer, cursor.key, cursor.key_size, segment, writer->count + first);
        if (status == FIRN_OK)
            status = table_next(&cursor);
    }
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status dictionary_append(struct dictionary_writer *writer, struct dictionary_writer *other,
                              firn_error *ret_error)
{
    firn_status status = close_table(writer, ret_error);
    if (status == FIRN_OK)
        status = close_table(other, ret_error);
    if (status != FIRN_OK)
        return status;
    struct table top;
    other->plain.size = 0;
    status = table_finish(&other->top, &other->plain);
    if (status == FIRN_OK)
        status = table_open(other->plain.data, other->plain.size, &top);
    if (status == FIRN_OK)
        status = append_top(writer, &top);
    writer->count += other->count;
    other->count = 0;
    return explain(status, ret_error);
}

/* Pins the segment that the cursor's top entry names. */
static firn_status enter_segment(const struct dictionary *dictionary,
                                 struct dictionary_cursor *cursor, struct table *ret_table,
                                 firn_error *ret_error)
{
    dictionary_cursor_close(cursor);
    uint32_t number;
    firn_status status = top_entry(&cursor->top, &number, &cursor->number);
    if (status != FIRN_OK)
        return damaged(status, ret_error);
    status = pin(dictionary->store, number, &cursor->segment, ret_error);
    if (status != FIRN_OK)
        return status;
    cursor->dictionary = dictionary;
    return damaged(table_open(cursor->segment.data, cursor->segment.size, ret_table), ret_error);
}

firn_status dictionary_seek(const struct dictionary *dictionary, const void *key, size_t key_size,
                            struct dictionary_cursor *cursor, firn_error *ret_error)
{
    struct table table;
    firn_status status = table_seek(&dictionary->top, key, key_size, &cursor->top);
    if (status != FIRN_OK)
        return damaged(status, ret_error);
    status = enter_segment(dictionary, cursor, &table, ret_error);
    if (status != FIRN_OK)
        return status;
    status = table_seek(&table, key, key_size, &cursor->entry);
    cursor->number += status == FIRN_OK ? cursor->entry.index : 0;
    /* The segment's last key is not below the one that is sought. */
    return damaged(status == FIRN_END_OF_DATA ? FIRN_CORRUPT : status, ret_error);
}

/* Puts the cursor's top on the last segment whose first entry is not behind number. */
static firn_status find_segment(const struct dictionary *dictionary, uint64_t number,
                                struct dictionary_cursor *cursor)
{
    uint32_t low = 0, high = dictionary->top.count, segment;
    uint64_t first;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        firn_status status = table_at(&dictionary->top, middle, &cursor->top);
        if (status == FIRN_OK)
            status = top_entry(&cursor->top, &segment, &first);
        if (status != FIRN_OK)
            return status;
        if (first <= number)
            low = middle;
        else
            high = middle;
    }
    return table_at(&dictionary->top, low, &cursor->top);
}

firn_status dictionary_at(const struct dictionary *dictionary, uint64_t number,
                          struct dictionary_cursor *cursor, firn_error *ret_error)
{
    struct table table;
    firn_status status = find_segment(dictionary, number, cursor);
    if (status != FIRN_OK)
        return damaged(status, ret_error);
    status = enter_segment(dictionary, cursor, &table, ret_error);
    if (status != FIRN_OK)
        return status;
    if (number < cursor->number)
        return damaged(FIRN_CORRUPT, ret_error);
    uint64_t index = number - cursor->number;
    cursor->number = number;
    return index >= table.count
               ? FIRN_END_OF_DATA
               : damaged(table_at(&table, (uint32_t)index, &cursor->entry), ret_error);
}

firn_status dictionary_next(struct dictionary_cursor *cursor, firn_error *ret_error)
{
    firn_status status = table_next(&cursor->entry);
    if (status == FIRN_OK)
        cursor->number++;
    if (status != FIRN_END_OF_DATA)
        return damaged(status, ret_error);
    status = table_next(&cursor->top);
    if (status != FIRN_OK)
        return damaged(status, ret_error);
    struct table table;
    status = enter_segment(cursor->dictionary, cursor, &table, ret_error);
    if (status != FIRN_OK)
        return status;
    status = table_at(&table, 0, &cursor->entry);
    return damaged(status == FIRN_END_OF_DATA ? FIRN_CORRUPT : status, ret_error);
}

firn_status dictionary_count(const struct dictionary *dictionary, uint64_t *ret_count,
                             firn_error *ret_error)
{
    if (dictionary->top.count == 0) {
        *ret_count = 0;
        return FIRN_OK;
    }
    struct dictionary_cursor cursor = {.dictionary = NULL};
    struct table table;
    firn_status status = table_at(&dictionary->top, dictionary->top.count - 1, &cursor.top);
    if (status == FIRN_OK)
        status = enter_segment(dictionary, &cursor, &table, ret_error);
    if (status == FIRN_OK)
        *ret_count = cursor.number + table.count;
    dictionary_cursor_close(&cursor);
    return damaged(status, ret_error);
}
