/* Records turned into columns: a block's head, and the columns of numbers.
 *
 * Called by those who keep many records (logs, visits, measurements) before they pack them by a
 * codec. Calls columns_text.c and columns_words.c for texts. docs/formats/columns.md gives the
 * bytes.
 *
 * A column of numbers is split into planes, the lowest bytes of all rows first: of times in
 * microseconds three bytes are noise, which an entropy coder should see apart from the rest, and
 * planes take 3.6 bytes a row where varints take 3.9.
 *
 * Threads: no state. Memory: the block, and per column of texts what those files say.
 * Complexity: linear in the values. */
#include "pack/columns.h"

#include <assert.h>

enum { VERSION = 1, PLAIN = 0, GAPS = 1, WIDTH_MAX = 8 };

/* --- numbers --- */

/* A way to keep numbers: what each becomes, and how wide these are. */
struct form {
    int kind;
    uint64_t base;
    unsigned width;
};

static uint64_t number_of(const struct form *form, const uint64_t *numbers, size_t row)
{
    if (form->kind == PLAIN)
        return numbers[row] - form->base;
    uint64_t before = row > 0 ? numbers[row - 1] : form->base;
    return firn_zigzag((int64_t)(numbers[row] - before));
}

/* 16 times the binary logarithm, straight between powers of two. */
static uint64_t log_of(uint64_t value)
{
    unsigned power = 63 - (unsigned)__builtin_clzll(value);
    uint64_t rest = value ^ (uint64_t)1 << power;
    return power * 16 + (power > 4 ? rest >> (power - 4) : rest << (4 - power));
}

/* Sixteenths of a bit that an entropy coder would take for the plane. */
static uint64_t plane_cost(const struct form *form, const uint64_t *numbers, size_t count,
                           unsigned plane)
{
    uint32_t counts[256] = {0};
    for (size_t row = 0; row < count; row++)
        counts[number_of(form, numbers, row) >> (8 * plane) & 0xFF]++;
    uint64_t cost = count * log_of(count);
    for (int i = 0; i < 256; i++)
        if (counts[i] > 0)
            cost -= counts[i] * log_of(counts[i]);
    return cost;
}

static uint64_t form_cost(struct form *form, const uint64_t *numbers, size_t count)
{
    uint64_t all = 0, cost = 0;
    for (size_t row = 0; row < count; row++)
        all |= number_of(form, numbers, row);
    while (form->width < WIDTH_MAX && all >> (8 * form->width) != 0)
        form->width++;
    for (unsigned plane = 0; plane < form->width; plane++)
        cost += plane_cost(form, numbers, count, plane);
    return cost;
}

/* The least value; of signed ones, which then are nearer to each other, the least of those. */
static uint64_t base_of(const uint64_t *numbers, size_t count)
{
    uint64_t least = numbers[0], most = numbers[0];
    int64_t signed_least = (int64_t)numbers[0], signed_most = (int64_t)numbers[0];
    for (size_t row = 1; row < count; row++) {
        uint64_t value = numbers[row];
        least = value < least ? value : least;
        most = value > most ? value : most;
        signed_least = (int64_t)value < signed_least ? (int64_t)value : signed_least;
        signed_most = (int64_t)value > signed_most ? (int64_t)value : signed_most;
    }
    return (uint64_t)signed_most - (uint64_t)signed_least < most - least ? (uint64_t)signed_least
                                                                         : least;
}

static void numbers_pack(firn_sink *out, const uint64_t *numbers, size_t count)
{
    struct form form = {.kind = PLAIN};
    if (count > 0) {
        struct form gaps = {.kind = GAPS, .base = numbers[0]};
        form.base = base_of(numbers, count);
        if (form_cost(&gaps, numbers, count) < form_cost(&form, numbers, count))
            form = gaps;
    }
    uint8_t *kind = firn_sink_extend(out, 2);
    if (kind == NULL)
        return;
    kind[0] = (uint8_t)form.kind;
    kind[1] = (uint8_t)form.width;
    firn_sink_varint(out, form.base);
    uint8_t *planes = count * form.width > 0 ? firn_sink_extend(out, count * form.width) : NULL;
    if (planes == NULL)
        return;
    for (size_t row = 0; row < count; row++) {
        uint64_t value = number_of(&form, numbers, row);
        for (unsigned plane = 0; plane < form.width; plane++)
            planes[plane * count + row] = (uint8_t)(value >> (8 * plane));
    }
}

static firn_status numbers_unpack(const uint8_t *data, size_t size, size_t count,
                                  uint64_t *ret_numbers)
{
    uint64_t base;
    const uint8_t *end = data + size;
    if (size < 2 || data[0] > GAPS || data[1] > WIDTH_MAX)
        return FIRN_CORRUPT;
    const uint8_t *planes = firn_varint_get(data + 2, end, &base);
    unsigned width = data[1];
    if (planes == NULL || (size_t)(end - planes) != count * width)
        return FIRN_CORRUPT;
    for (size_t row = 0; row < count; row++) {
        uint64_t value = 0;
        for (unsigned plane = 0; plane < width; plane++)
            value |= (uint64_t)planes[plane * count + row] << (8 * plane);
        if (data[0] == GAPS)
            value = (uint64_t)firn_unzigzag(value);
        ret_numbers[row] = base + value;
        if (data[0] == GAPS)
            base += value;
    }
    return FIRN_OK;
}

/* --- packing --- */

static bool columns_valid(const firn_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const firn_column *column = &columns[i];
        if ((unsigned)column->kind > FIRN_COLUMN_WORDS)
            return false;
        if (column->like > 0 && (column->kind != FIRN_COLUMN_TEXT || column->like > i ||
                                 columns[column->like - 1].kind != FIRN_COLUMN_TEXT))
            return false;
    }
    return count > 0;
}

/* distances: of all columns, row_count each, as far as they are columns of texts. */
static firn_status column_pack(firn_sink *out, const firn_column *columns, size_t i,
                               size_t row_count, uint32_t *distances)
{
    const firn_column *column = &columns[i];
    if (column->kind == FIRN_COLUMN_WORDS)
        return firn_column_words_pack(out, column->texts, row_count);
    if (column->kind == FIRN_COLUMN_TEXT) {
        const uint32_t *like = column->like > 0 ? distances + (column->like - 1) * row_count : NULL;
        return firn_column_text_pack(out, column->texts, row_count, like,
                                     distances + i * row_count);
    }
    numbers_pack(out, column->numbers, row_count);
    return FIRN_OK;
}

static firn_status body_pack(firn_sink *body, size_t ends[FIRN_COLUMNS_MAX],
                             const firn_column *columns, size_t column_count, size_t row_count)
{
    size_t places = 1; /* of distances: up to the last column of texts */
    for (size_t i = 0; i < column_count; i++)
        if (columns[i].kind == FIRN_COLUMN_TEXT)
            places = 1 + i * row_count + row_count;
    uint32_t *distances = firn_allocate(body->allocator, places * sizeof *distances);
    firn_status status = distances != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    for (size_t i = 0; status == FIRN_OK && i < column_count; i++) {
        status = column_pack(body, columns, i, row_count, distances);
        ends[i] = body->size;
    }
    firn_release(body->allocator, distances, places * sizeof *distances);
    if (status == FIRN_OK && body->failed)
        status = FIRN_NO_MEMORY;
    return status == FIRN_OK && body->size > UINT32_MAX ? FIRN_LIMIT : status;
}

firn_status firn_columns_pack(const firn_column *columns, size_t column_count, size_t row_count,
                              const firn_allocator *allocator, void **ret_data, size_t *ret_size)
{
    firn_sink head = {.allocator = allocator}, body = {.allocator = allocator};
    size_t ends[FIRN_COLUMNS_MAX];
    if (column_count > FIRN_COLUMNS_MAX || row_count > FIRN_COLUMNS_ROWS_MAX)
        return FIRN_LIMIT;
    if (!columns_valid(columns, column_count))
        return FIRN_INVALID;
    firn_status status = body_pack(&body, ends, columns, column_count, row_count);
    if (status == FIRN_OK) {
        firn_sink_varint(&head, VERSION);
        firn_sink_varint(&head, row_count);
        firn_sink_varint(&head, column_count);
        for (size_t i = 0; i < column_count; i++) {
            firn_sink_varint(&head, (uint64_t)columns[i].kind);
            firn_sink_varint(&head, columns[i].like);
            firn_sink_varint(&head, ends[i] - (i > 0 ? ends[i - 1] : 0));
        }
        uint8_t *block = head.failed ? NULL : firn_allocate(allocator, head.size + body.size);
        status = block != NULL ? FIRN_OK : FIRN_NO_MEMORY;
        if (block != NULL) {
            memcpy(block, head.data, head.size);
            if (body.size > 0)
                memcpy(block + head.size, body.data, body.size);
            *ret_data = block;
            *ret_size = head.size + body.size;
        }
    }
    firn_sink_fini(&head);
    firn_sink_fini(&body);
    return status;
}

/* --- reading --- */

static const uint8_t *entry_read(const uint8_t *at, const uint8_t *end, firn_columns *columns,
                                 size_t i)
{
    uint64_t kind, like = 0, size = 0;
    at = firn_varint_get(at, end, &kind);
    at = at != NULL ? firn_varint_get(at, end, &like) : NULL;
    at = at != NULL ? firn_varint_get(at, end, &size) : NULL;
    if (at == NULL || kind > FIRN_COLUMN_WORDS || like > i || size > UINT32_MAX)
        return NULL;
    if (like > 0 &&
        (kind != FIRN_COLUMN_TEXT || columns->column[like - 1].kind != FIRN_COLUMN_TEXT))
        return NULL;
    columns->column[i].kind = (uint8_t)kind;
    columns->column[i].like = (uint8_t)like;
    columns->column[i].size = (uint32_t)size;
    return at;
}

firn_status firn_columns_open(const void *data, size_t size, firn_columns *ret_columns)
{
    uint64_t version, rows = 0, count = 0;
    const uint8_t *end = (const uint8_t *)data + size;
    firn_columns columns = {.data = data};
    if (size > UINT32_MAX)
        return FIRN_CORRUPT;
    const uint8_t *at = firn_varint_get(data, end, &version);
    if (at == NULL || version == 0)
        return FIRN_CORRUPT;
    if (version > VERSION)
        return FIRN_VERSION;
    at = firn_varint_get(at, end, &rows);
    at = at != NULL ? firn_varint_get(at, end, &count) : NULL;
    if (at == NULL || rows > FIRN_COLUMNS_ROWS_MAX || count == 0 || count > FIRN_COLUMNS_MAX)
        return FIRN_CORRUPT;
    for (size_t i = 0; i < count; i++) {
        at = entry_read(at, end, &columns, i);
        if (at == NULL)
            return FIRN_CORRUPT;
    }
    for (size_t i = 0; i < count; i++) {
        if (columns.column[i].size > (size_t)(end - at))
            return FIRN_CORRUPT;
        columns.column[i].at = (uint32_t)(at - columns.data);
        at += columns.column[i].size;
    }
    if (at != end)
        return FIRN_CORRUPT;
    columns.row_count = (uint32_t)rows;
    columns.column_count = (uint32_t)count;
    *ret_columns = columns;
    return FIRN_OK;
}

firn_status firn_columns_kind(const firn_columns *columns, size_t column,
                              firn_column_kind *ret_kind)
{
    if (column >= columns->column_count)
        return FIRN_INVALID;
    *ret_kind = (firn_column_kind)columns->column[column].kind;
    return FIRN_OK;
}

firn_status firn_columns_numbers(const firn_columns *columns, size_t column, uint64_t *ret_numbers)
{
    if (column >= columns->column_count || columns->column[column].kind != FIRN_COLUMN_NUMBER)
        return FIRN_INVALID;
    return numbers_unpack(columns->data + columns->column[column].at, columns->column[column].size,
                          columns->row_count, ret_numbers);
}

/* The distances of a column, after those of the ones that it follows, the first one first. Two
 * arrays take turns; *ret_distances is one of them. */
static firn_status distances_read(const firn_columns *columns, size_t column, uint32_t *arrays[2],
                                  uint32_t **ret_distances)
{
    uint8_t chain[FIRN_COLUMNS_MAX];
    size_t length = 0;
    for (size_t i = column + 1; i > 0; i = columns->column[i - 1].like)
        chain[length++] = (uint8_t)(i - 1);
    const uint32_t *like = NULL;
    for (size_t k = length; k-- > 0;) {
        uint32_t *distances = arrays[k % 2];
        firn_status status = firn_column_text_distances(
            columns->data + columns->column[chain[k]].at, columns->column[chain[k]].size,
            columns->row_count, like, distances);
        if (status != FIRN_OK)
            return status;
        like = distances;
    }
    *ret_distances = arrays[0];
    return FIRN_OK;
}

static firn_status texts_unpack(const firn_columns *columns, size_t column,
                                const firn_allocator *allocator, firn_bytes *ret_texts,
                                void **ret_block, size_t *ret_block_size)
{
    size_t count = columns->row_count, bytes = (2 * count + 1) * sizeof(uint32_t);
    uint32_t *room = firn_allocate(allocator, bytes), *distances = NULL;
    if (room == NULL)
        return FIRN_NO_MEMORY;
    firn_status status =
        distances_read(columns, column, (uint32_t *[]){room, room + count}, &distances);
    if (status == FIRN_OK)
        status = firn_column_text_unpack(columns->data + columns->column[column].at,
                                         columns->column[column].size, count, distances, allocator,
                                         ret_texts, ret_block, ret_block_size);
    firn_release(allocator, room, bytes);
    return status;
}

firn_status firn_columns_texts(const firn_columns *columns, size_t column,
                               const firn_allocator *allocator, firn_bytes *ret_texts,
                               void **ret_block, size_t *ret_block_size)
{
    if (column >= columns->column_count || columns->column[column].kind == FIRN_COLUMN_NUMBER)
        return FIRN_INVALID;
    if (columns->column[column].kind == FIRN_COLUMN_WORDS)
        return firn_column_words_unpack(columns->data + columns->column[column].at,
                                        columns->column[column].size, columns->row_count, allocator,
                                        ret_texts, ret_block, ret_block_size);
    return texts_unpack(columns, column, allocator, ret_texts, ret_block, ret_block_size);
}
