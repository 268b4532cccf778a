/* The list of responses in the store: a block of columns, a row each, which is the store's root. */
#include "tabs/resources/state.h"

#include <firn/columns.h>

#include <string.h>

#define KIND_INDEX 2u
#define COLUMNS 7u

enum { URL, HEADERS, STATUS, UNTIL, SEGMENT, CRC, SIZE };

/* A text of a column, ended with NUL, in a block of size + 1 bytes. */
static char *copy_text(resources *all, firn_bytes text)
{
    char *copy = firn_allocate(all->allocator, text.size + 1);
    if (copy != NULL && text.size > 0)
        memcpy(copy, text.data, text.size);
    if (copy != NULL)
        copy[text.size] = 0;
    return copy;
}

static firn_status take_row(resources *all, const firn_bytes *texts, const uint64_t *numbers,
                            size_t rows, size_t row)
{
    firn_bytes url = texts[row], headers = texts[rows + row];
    uint64_t number[COLUMNS];
    for (size_t i = STATUS; i < COLUMNS; i++)
        number[i] = numbers[(i - STATUS) * rows + row];
    if (number[STATUS] > 999 || number[SEGMENT] > UINT32_MAX || number[CRC] > UINT32_MAX ||
        number[SIZE] > RESOURCES_BODY_MAX_BYTES || memchr(url.data, 0, url.size) != NULL ||
        (headers.size > 0 && memchr(headers.data, 0, headers.size) != NULL))
        return FIRN_CORRUPT;
    uint32_t body;
    firn_status status = bodies_take(&all->bodies, (uint32_t)number[SEGMENT], (uint32_t)number[CRC],
                                     (uint32_t)number[SIZE], &body);
    if (status != FIRN_OK)
        return status;
    char *url_text = copy_text(all, url), *header_text = copy_text(all, headers);
    status = url_text != NULL && header_text != NULL
                 ? response_add(all, url_text, header_text, (unsigned)number[STATUS], body,
                                (int64_t)number[UNTIL])
                 : FIRN_NO_MEMORY;
    firn_release(all->allocator, url_text, url.size + 1);
    firn_release(all->allocator, header_text, headers.size + 1);
    if (status != FIRN_OK)
        bodies_drop(&all->bodies, body);
    return status == FIRN_LIMIT ? FIRN_OK : status; /* the limit may be lower than it was */
}

static firn_status take_rows(resources *all, const firn_columns *columns, firn_bytes *texts,
                             uint64_t *numbers)
{
    size_t rows = columns->row_count, block_bytes[2] = {0, 0};
    void *blocks[2] = {NULL, NULL};
    firn_status status = FIRN_OK;
    for (size_t i = 0; status == FIRN_OK && i < 2; i++)
        status = firn_columns_texts(columns, i, all->allocator, texts + i * rows, &blocks[i],
                                    &block_bytes[i]);
    for (size_t i = STATUS; status == FIRN_OK && i < COLUMNS; i++)
        status = firn_columns_numbers(columns, i, numbers + (i - STATUS) * rows);
    for (size_t row = 0; status == FIRN_OK && row < rows; row++)
        status = take_row(all, texts, numbers, rows, row);
    for (size_t i = 0; i < 2; i++)
        firn_release(all->allocator, blocks[i], block_bytes[i]);
    return status == FIRN_INVALID ? FIRN_CORRUPT : status;
}

static firn_status read_columns(resources *all, const firn_columns *columns)
{
    size_t rows = columns->row_count;
    if (rows == 0)
        return FIRN_OK;
    firn_bytes *texts = firn_allocate_zeroed(all->allocator, rows * 2, sizeof *texts);
    uint64_t *numbers =
        firn_allocate_zeroed(all->allocator, rows * (COLUMNS - STATUS), sizeof *numbers);
    firn_status status =
        texts != NULL && numbers != NULL ? take_rows(all, columns, texts, numbers) : FIRN_NO_MEMORY;
    firn_release(all->allocator, texts, rows * 2 * sizeof *texts);
    firn_release(all->allocator, numbers, rows * (COLUMNS - STATUS) * sizeof *numbers);
    return status;
}

firn_status index_read(resources *all)
{
    uint32_t root = firn_store_root(all->store);
    firn_segment pinned;
    firn_columns columns;
    if (root == FIRN_SEGMENT_NONE)
        return FIRN_OK;
    firn_status status = firn_store_pin(all->store, root, &pinned, NULL);
    if (status != FIRN_OK)
        return status;
    status = firn_columns_open(pinned.data, pinned.size, &columns);
    if (status == FIRN_OK)
        status = read_columns(all, &columns);
    firn_store_unpin(all->store, &pinned);
    return status;
}

static void fill(const resources *all, firn_bytes *texts, uint64_t *numbers, size_t rows)
{
    size_t row = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct response *item = &all->items[i];
        if (item->text == NULL)
            continue;
        const struct body *body = &all->bodies.items[item->body];
        const uint64_t values[COLUMNS] = {[STATUS] = item->status,
                                          [UNTIL] = (uint64_t)item->until_s,
                                          [SEGMENT] = body->segment,
                                          [CRC] = body->crc,
                                          [SIZE] = body->size};
        texts[row] = (firn_bytes){item->text, item->url_bytes - 1};
        texts[rows + row] = (firn_bytes){item->text + item->url_bytes, item->header_bytes - 1};
        for (size_t column = STATUS; column < COLUMNS; column++)
            numbers[(column - STATUS) * rows + row] = values[column];
        row++;
    }
}

static firn_status put(resources *all, const firn_bytes *texts, const uint64_t *numbers,
                       size_t rows, firn_error *ret_error)
{
    firn_column columns[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i] = i < STATUS ? (firn_column){.kind = FIRN_COLUMN_TEXT, .texts = texts + i * rows}
                                : (firn_column){.numbers = numbers + (i - STATUS) * rows};
    void *data;
    size_t size;
    uint32_t former = firn_store_root(all->store), root;
    firn_status status = firn_columns_pack(columns, COLUMNS, rows, all->allocator, &data, &size);
    if (status != FIRN_OK)
        return status;
    firn_store_put_options options = {.kind = KIND_INDEX, .codec = FIRN_CODEC_ZSTD, .level = 3};
    status = firn_store_put(all->store, all->bodies.codec, &options, data, size, &root, ret_error);
    firn_release(all->allocator, data, size);
    if (status == FIRN_OK && former != FIRN_SEGMENT_NONE)
        status = firn_store_remove(all->store, former);
    return status == FIRN_OK ? firn_store_commit(all->store, root, ret_error) : status;
}

firn_status index_write(resources *all, firn_error *ret_error)
{
    size_t rows = (size_t)all->url_count;
    firn_store_compact_options options = {.garbage_percent = 50};
    uint64_t moved;
    firn_bytes *texts = firn_allocate_zeroed(all->allocator, rows * 2 + 1, sizeof *texts);
    uint64_t *numbers =
        firn_allocate_zeroed(all->allocator, rows * (COLUMNS - STATUS) + 1, sizeof *numbers);
    firn_status status = FIRN_NO_MEMORY;
    if (texts != NULL && numbers != NULL) {
        fill(all, texts, numbers, rows);
        (void)!firn_store_compact(all->store, all->bodies.codec, &options, &moved, NULL);
        status = put(all, texts, numbers, rows, ret_error);
    }
    firn_release(all->allocator, texts, (rows * 2 + 1) * sizeof *texts);
    firn_release(all->allocator, numbers, (rows * (COLUMNS - STATUS) + 1) * sizeof *numbers);
    return status;
}
