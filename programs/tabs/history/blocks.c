/* The blocks of a history, read from its store. Any bytes are safe: columns check themselves, and
 * numbers of pages are looked at where they are used. */
#include "tabs/history/state.h"

#define LIST_COLUMNS 3u

void pages_free(struct pages *pages)
{
    size_t bytes = pages->rows * sizeof *pages->urls;
    firn_release(pages->allocator, pages->urls, pages->urls != NULL ? bytes : 0);
    firn_release(pages->allocator, pages->titles, pages->titles != NULL ? bytes : 0);
    firn_release(pages->allocator, pages->url_block, pages->url_bytes);
    firn_release(pages->allocator, pages->title_block, pages->title_bytes);
    *pages = (struct pages){0};
}

static firn_status unpack_pages(const firn_columns *columns, struct pages *pages)
{
    size_t bytes = pages->rows * sizeof *pages->urls;
    pages->urls = firn_allocate(pages->allocator, bytes);
    pages->titles = firn_allocate(pages->allocator, bytes);
    if (pages->urls == NULL || pages->titles == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = firn_columns_texts(columns, 0, pages->allocator, pages->urls,
                                            &pages->url_block, &pages->url_bytes);
    if (status == FIRN_OK)
        status = firn_columns_texts(columns, 1, pages->allocator, pages->titles,
                                    &pages->title_block, &pages->title_bytes);
    return status;
}

/* Pins a block and opens its columns. */
static firn_status pin(history *visited, uint32_t segment, uint32_t rows, firn_segment *ret_pin,
                       firn_columns *ret_columns, firn_error *ret_error)
{
    firn_status status = firn_store_pin(visited->store, segment, ret_pin, ret_error);
    if (status != FIRN_OK)
        return status == FIRN_NOT_FOUND ? FIRN_CORRUPT : status;
    status = firn_columns_open(ret_pin->data, ret_pin->size, ret_columns);
    if (status == FIRN_OK && rows != 0 && ret_columns->row_count != rows)
        status = FIRN_CORRUPT;
    if (status != FIRN_OK)
        firn_store_unpin(visited->store, ret_pin);
    return status;
}

/* A failure below the store's own checks, told. */
static firn_status told(firn_status status, uint32_t segment, firn_error *ret_error)
{
    if (status == FIRN_OK || status == FIRN_IO)
        return status;
    if (status == FIRN_INVALID) /* a column of another kind */
        status = FIRN_CORRUPT;
    return firn_error_set(ret_error, status, 0, "history, segment %u: %s", segment,
                          firn_status_text(status));
}

firn_status pages_read(history *visited, const struct block *block, struct pages *ret_pages,
                       firn_error *ret_error)
{
    firn_segment pinned;
    firn_columns columns;
    struct pages pages = {.allocator = visited->allocator, .rows = block->rows};
    firn_status status = pin(visited, block->segment, block->rows, &pinned, &columns, ret_error);
    if (status == FIRN_OK) {
        status = unpack_pages(&columns, &pages);
        firn_store_unpin(visited->store, &pinned);
    }
    if (status == FIRN_OK)
        *ret_pages = pages;
    else
        pages_free(&pages);
    return told(status, block->segment, ret_error);
}

void visits_free(struct visits *visits)
{
    size_t bytes = visits->rows * sizeof *visits->pages;
    firn_release(visits->allocator, visits->pages, visits->pages != NULL ? bytes : 0);
    firn_release(visits->allocator, visits->times, visits->times != NULL ? bytes : 0);
    *visits = (struct visits){0};
}

static firn_status unpack_visits(const firn_columns *columns, struct visits *visits)
{
    size_t bytes = visits->rows * sizeof *visits->pages;
    visits->pages = firn_allocate(visits->allocator, bytes);
    visits->times = firn_allocate(visits->allocator, bytes);
    if (visits->pages == NULL || visits->times == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = firn_columns_numbers(columns, 0, visits->pages);
    if (status == FIRN_OK)
        status = firn_columns_numbers(columns, 1, visits->times);
    return status;
}

firn_status visits_read(history *visited, const struct block *block, struct visits *ret_visits,
                        firn_error *ret_error)
{
    firn_segment pinned;
    firn_columns columns;
    struct visits visits = {.allocator = visited->allocator, .rows = block->rows};
    firn_status status = pin(visited, block->segment, block->rows, &pinned, &columns, ret_error);
    if (status == FIRN_OK) {
        status = unpack_visits(&columns, &visits);
        firn_store_unpin(visited->store, &pinned);
    }
    if (status == FIRN_OK)
        *ret_visits = visits;
    else
        visits_free(&visits);
    return told(status, block->segment, ret_error);
}

static firn_status add_block(history *visited, uint64_t kind, uint64_t segment, uint64_t rows)
{
    if (kind >= BLOCK_KINDS || segment >= FIRN_SEGMENT_NONE || rows == 0 ||
        rows > FIRN_COLUMNS_ROWS_MAX)
        return FIRN_CORRUPT;
    struct blocks *blocks = &visited->blocks[kind];
    if (!firn_grow(visited->allocator, (void **)&blocks->items, &blocks->capacity,
                   blocks->count + 1, sizeof *blocks->items))
        return FIRN_NO_MEMORY;
    blocks->items[blocks->count++] = (struct block){(uint32_t)segment, (uint32_t)rows};
    blocks->rows += rows;
    return FIRN_OK;
}

static firn_status read_list(history *visited, const firn_columns *columns)
{
    size_t rows = columns->row_count, bytes = rows * LIST_COLUMNS * sizeof(uint64_t);
    if (rows == 0)
        return FIRN_OK;
    uint64_t *numbers = firn_allocate(visited->allocator, bytes);
    if (numbers == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = FIRN_OK;
    for (size_t i = 0; status == FIRN_OK && i < LIST_COLUMNS; i++)
        status = firn_columns_numbers(columns, i, numbers + i * rows);
    for (size_t i = 0; status == FIRN_OK && i < rows; i++)
        status = add_block(visited, numbers[i], numbers[rows + i], numbers[2 * rows + i]);
    firn_release(visited->allocator, numbers, bytes);
    return status;
}

firn_status blocks_read(history *visited, firn_error *ret_error)
{
    uint32_t root = firn_store_root(visited->store);
    firn_segment pinned;
    firn_columns columns;
    if (root == FIRN_SEGMENT_NONE)
        return FIRN_OK;
    firn_status status = pin(visited, root, 0, &pinned, &columns, ret_error);
    if (status == FIRN_OK) {
        status = read_list(visited, &columns);
        firn_store_unpin(visited->store, &pinned);
    }
    return told(status, root, ret_error);
}

void blocks_free(history *visited)
{
    for (size_t i = 0; i < BLOCK_KINDS; i++) {
        struct blocks *blocks = &visited->blocks[i];
        firn_release(visited->allocator, blocks->items, blocks->capacity * sizeof *blocks->items);
        *blocks = (struct blocks){0};
    }
}
