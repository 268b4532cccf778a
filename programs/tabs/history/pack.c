/* Recent visits into blocks of the store: each page that is new gets the next number, in the order
 * of URLs, so that those that begin alike stand together; the last block of pages and of visits
 * takes what comes as long as it has room, and is written anew; then the list of blocks, and one
 * commit. A block that cannot be read is left as it is, and its pages are told again.
 *
 * Complexity: O(pages of the history) for every RECENT_MAX_VISITS visits, as all pages are read to
 * find those that are known: in all 7 us a visit where there are 35,000 (bench/tabs). */
#include "tabs/history/search.h"
#include "tabs/history/state.h"

#include <firn/intern.h>

#include <string.h>

#define LEVEL 9 /* of zstd */
#define NOT_KNOWN UINT64_MAX

struct packing {
    history *visited;
    const firn_allocator *allocator;
    firn_intern *keys;  /* of the different pages of the recent visits */
    uint64_t *numbers;  /* of these, by key */
    uint32_t *of_visit; /* the key of each recent visit */
    uint32_t key_count;
    uint8_t *key;
    size_t key_capacity;
    struct blocks blocks[BLOCK_KINDS]; /* as they will be */
    firn_error *ret_error;
};

/* Equal for equal pages only, and in the order of URLs. */
static firn_status make_key(struct packing *packing, firn_bytes url, firn_bytes title,
                            size_t *ret_size)
{
    if (!firn_grow(packing->allocator, (void **)&packing->key, &packing->key_capacity,
                   url.size + title.size + sizeof(uint32_t), 1))
        return FIRN_NO_MEMORY;
    *ret_size = search_key(url, title, packing->key);
    return FIRN_OK;
}

static void read_key(const struct packing *packing, uint32_t key, firn_bytes *ret_url,
                     firn_bytes *ret_title)
{
    size_t size;
    uint32_t url_size;
    const uint8_t *text = firn_intern_get(packing->keys, key, &size);
    memcpy(&url_size, text + size - 4, 4);
    *ret_url = (firn_bytes){text, url_size};
    *ret_title = (firn_bytes){text + url_size, size - 4 - url_size};
}

static firn_status note_keys(struct packing *packing)
{
    const recent *newest = &packing->visited->recent;
    for (size_t i = 0; i < newest->count; i++) {
        history_visit visit = recent_get(newest, i);
        size_t size = 0;
        firn_status status = make_key(packing, visit.url, visit.title, &size);
        if (status == FIRN_OK)
            status =
                firn_intern_put(packing->keys, packing->key, size, &packing->of_visit[i], NULL);
        if (status != FIRN_OK)
            return status;
    }
    packing->key_count = firn_intern_count(packing->keys);
    packing->numbers =
        firn_allocate(packing->allocator, packing->key_count * sizeof *packing->numbers);
    if (packing->numbers == NULL)
        return FIRN_NO_MEMORY;
    for (uint32_t i = 0; i < packing->key_count; i++)
        packing->numbers[i] = NOT_KNOWN;
    return FIRN_OK;
}

/* Looks for the keys among the pages of a block. */
static firn_status find_in_block(struct packing *packing, const struct pages *pages, uint64_t first)
{
    for (uint32_t row = 0; row < pages->rows; row++) {
        size_t size = 0;
        firn_status status = make_key(packing, pages->urls[row], pages->titles[row], &size);
        if (status != FIRN_OK)
            return status;
        uint32_t key = firn_intern_find(packing->keys, packing->key, size);
        if (key != FIRN_INTERN_NONE)
            packing->numbers[key] = first + row;
    }
    return FIRN_OK;
}

static firn_status find_known(struct packing *packing)
{
    const struct blocks *blocks = &packing->visited->blocks[BLOCK_PAGES];
    uint64_t first = 0;
    for (size_t i = 0; i < blocks->count; i++) {
        struct pages pages;
        firn_status status = pages_read(packing->visited, &blocks->items[i], &pages, NULL);
        if (status == FIRN_NO_MEMORY)
            return status;
        if (status == FIRN_OK) {
            status = find_in_block(packing, &pages, first);
            pages_free(&pages);
            if (status != FIRN_OK)
                return status;
        }
        first += blocks->items[i].rows;
    }
    return FIRN_OK;
}

/* Puts columns as a new block in place of the last `replaced` blocks (0 or 1) of its kind. */
static firn_status put_block(struct packing *packing, block_kind kind, const firn_column *columns,
                             size_t rows, bool replaced)
{
    struct blocks *blocks = &packing->blocks[kind];
    void *data;
    size_t size;
    struct block block = {.rows = (uint32_t)rows};
    firn_store_put_options options = {.kind = kind, .codec = FIRN_CODEC_ZSTD, .level = LEVEL};
    if (!firn_grow(packing->allocator, (void **)&blocks->items, &blocks->capacity,
                   blocks->count + 1, sizeof *blocks->items))
        return FIRN_NO_MEMORY;
    firn_status status = firn_columns_pack(columns, 2, rows, packing->allocator, &data, &size);
    if (status != FIRN_OK)
        return status;
    firn_store *store = packing->visited->store;
    status = firn_store_put(store, packing->visited->codec, &options, data, size, &block.segment,
                            packing->ret_error);
    firn_release(packing->allocator, data, size);
    if (status == FIRN_OK && replaced) {
        struct block *last = &blocks->items[--blocks->count];
        blocks->rows -= last->rows;
        status = firn_store_remove(store, last->segment);
    }
    blocks->items[blocks->count++] = block;
    blocks->rows += rows;
    return status;
}

/* Rows of two columns that go into blocks: those of the open block, then the new ones. */
struct rows {
    block_kind kind;
    size_t most;               /* in a block */
    firn_bytes *urls, *titles; /* of pages */
    uint64_t *pages, *times;   /* of visits */
    size_t count, capacity;
};

static firn_status put_rows(struct packing *packing, const struct rows *rows, bool open)
{
    for (size_t at = 0; at < rows->count; at += rows->most) {
        size_t count = rows->count - at < rows->most ? rows->count - at : rows->most;
        firn_column columns[2] = {{.kind = FIRN_COLUMN_NUMBER}, {.kind = FIRN_COLUMN_NUMBER}};
        if (rows->kind == BLOCK_PAGES) {
            columns[0] = (firn_column){.kind = FIRN_COLUMN_TEXT, .texts = rows->urls + at};
            columns[1] = (firn_column){.kind = FIRN_COLUMN_TEXT, .texts = rows->titles + at};
        } else {
            columns[0].numbers = rows->pages + at;
            columns[1].numbers = rows->times + at;
        }
        firn_status status = put_block(packing, rows->kind, columns, count, open && at == 0);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

/* The last block of a kind where it can take more, else NULL. */
static const struct block *open_block(const struct packing *packing, block_kind kind, size_t most)
{
    const struct blocks *blocks = &packing->blocks[kind];
    const struct block *last = blocks->count > 0 ? &blocks->items[blocks->count - 1] : NULL;
    return last != NULL && last->rows < most ? last : NULL;
}

static firn_status fill_pages(struct packing *packing, const uint32_t *order, struct rows *rows,
                              const struct pages *open)
{
    size_t most = packing->key_count + (size_t)open->rows;
    rows->urls = firn_allocate_zeroed(packing->allocator, most, sizeof *rows->urls);
    rows->titles = firn_allocate_zeroed(packing->allocator, most, sizeof *rows->titles);
    rows->capacity = most;
    if (rows->urls == NULL || rows->titles == NULL)
        return FIRN_NO_MEMORY;
    for (; rows->count < open->rows; rows->count++) {
        rows->urls[rows->count] = open->urls[rows->count];
        rows->titles[rows->count] = open->titles[rows->count];
    }
    uint64_t next = packing->blocks[BLOCK_PAGES].rows;
    for (uint32_t i = 0; i < packing->key_count; i++) {
        uint32_t key = order[i];
        if (packing->numbers[key] != NOT_KNOWN)
            continue;
        packing->numbers[key] = next++;
        read_key(packing, key, &rows->urls[rows->count], &rows->titles[rows->count]);
        rows->count++;
    }
    return FIRN_OK;
}

static firn_status pack_pages(struct packing *packing)
{
    struct rows rows = {.kind = BLOCK_PAGES, .most = PAGES_MAX};
    struct pages open = {0};
    uint32_t *order = NULL;
    const struct block *last = open_block(packing, BLOCK_PAGES, PAGES_MAX);
    bool is_open = last != NULL && pages_read(packing->visited, last, &open, NULL) == FIRN_OK;
    firn_status status = firn_intern_sort(packing->keys, packing->allocator, &order);
    if (status == FIRN_OK)
        status = fill_pages(packing, order, &rows, &open);
    if (status == FIRN_OK && rows.count > open.rows)
        status = put_rows(packing, &rows, is_open);
    firn_release(packing->allocator, order, order != NULL ? packing->key_count * sizeof *order : 0);
    size_t bytes = rows.capacity * sizeof *rows.urls;
    firn_release(packing->allocator, rows.urls, rows.urls != NULL ? bytes : 0);
    firn_release(packing->allocator, rows.titles, rows.titles != NULL ? bytes : 0);
    pages_free(&open);
    return status;
}

static firn_status fill_visits(struct packing *packing, struct rows *rows,
                               const struct visits *open)
{
    const recent *newest = &packing->visited->recent;
    rows->capacity = newest->count + open->rows;
    rows->pages = firn_allocate(packing->allocator, rows->capacity * sizeof *rows->pages);
    rows->times = firn_allocate(packing->allocator, rows->capacity * sizeof *rows->times);
    if (rows->pages == NULL || rows->times == NULL)
        return FIRN_NO_MEMORY;
    for (; rows->count < open->rows; rows->count++) {
        rows->pages[rows->count] = open->pages[rows->count];
        rows->times[rows->count] = open->times[rows->count];
    }
    for (size_t i = 0; i < newest->count; i++, rows->count++) {
        rows->pages[rows->count] = packing->numbers[packing->of_visit[i]];
        rows->times[rows->count] = (uint64_t)recent_get(newest, i).time_ms;
    }
    return FIRN_OK;
}

static firn_status pack_visits(struct packing *packing)
{
    struct rows rows = {.kind = BLOCK_VISITS, .most = VISITS_MAX};
    struct visits open = {0};
    const struct block *last = open_block(packing, BLOCK_VISITS, VISITS_MAX);
    bool is_open = last != NULL && visits_read(packing->visited, last, &open, NULL) == FIRN_OK;
    firn_status status = fill_visits(packing, &rows, &open);
    if (status == FIRN_OK)
        status = put_rows(packing, &rows, is_open);
    size_t bytes = rows.capacity * sizeof *rows.pages;
    firn_release(packing->allocator, rows.pages, rows.pages != NULL ? bytes : 0);
    firn_release(packing->allocator, rows.times, rows.times != NULL ? bytes : 0);
    visits_free(&open);
    return status;
}

static firn_status copy_blocks(struct packing *packing)
{
    for (size_t i = 0; i < BLOCK_KINDS; i++) {
        const struct blocks *from = &packing->visited->blocks[i];
        struct blocks *to = &packing->blocks[i];
        if (from->count == 0)
            continue;
        if (!firn_grow(packing->allocator, (void **)&to->items, &to->capacity, from->count,
                       sizeof *to->items))
            return FIRN_NO_MEMORY;
        memcpy(to->items, from->items, from->count * sizeof *to->items);
        to->count = from->count;
        to->rows = from->rows;
    }
    return FIRN_OK;
}

/* Puts the list of blocks and commits. */
static firn_status commit(struct packing *packing)
{
    const struct blocks *blocks = packing->blocks;
    size_t rows = blocks[0].count + blocks[1].count, at = 0, size;
    uint64_t *numbers = firn_allocate(packing->allocator, rows * 3 * sizeof *numbers);
    void *data;
    uint32_t root, former = firn_store_root(packing->visited->store);
    firn_store_put_options options = {.kind = BLOCK_KINDS, .codec = FIRN_CODEC_ZSTD, .level = 3};
    if (numbers == NULL)
        return FIRN_NO_MEMORY;
    for (uint32_t kind = 0; kind < BLOCK_KINDS; kind++) {
        for (size_t i = 0; i < blocks[kind].count; i++, at++) {
            numbers[at] = kind;
            numbers[rows + at] = blocks[kind].items[i].segment;
            numbers[2 * rows + at] = blocks[kind].items[i].rows;
        }
    }
    firn_column columns[3] = {
        {.numbers = numbers}, {.numbers = numbers + rows}, {.numbers = numbers + 2 * rows}};
    firn_status status = firn_columns_pack(columns, 3, rows, packing->allocator, &data, &size);
    firn_release(packing->allocator, numbers, rows * 3 * sizeof *numbers);
    if (status != FIRN_OK)
        return status;
    firn_store *store = packing->visited->store;
    status = firn_store_put(store, packing->visited->codec, &options, data, size, &root,
                            packing->ret_error);
    firn_release(packing->allocator, data, size);
    if (status == FIRN_OK && former != FIRN_SEGMENT_NONE)
        status = firn_store_remove(store, former);
    if (status == FIRN_OK)
        status = firn_store_commit(store, root, packing->ret_error);
    return status;
}

/* Rewritten blocks leave garbage: what is worth it is moved, and committed with the next change. */
static void tidy(history *visited)
{
    firn_store_compact_options options = {.garbage_percent = 50};
    uint64_t moved;
    if (firn_store_compact(visited->store, visited->codec, &options, &moved, NULL) != FIRN_OK ||
        moved == 0 ||
        firn_store_commit(visited->store, firn_store_root(visited->store), NULL) != FIRN_OK)
        firn_store_abort(visited->store);
}

static firn_status pack(struct packing *packing)
{
    firn_status status = copy_blocks(packing);
    if (status == FIRN_OK)
        status = note_keys(packing);
    if (status == FIRN_OK)
        status = find_known(packing);
    if (status == FIRN_OK)
        status = pack_pages(packing);
    if (status == FIRN_OK)
        status = pack_visits(packing);
    if (status == FIRN_OK)
        status = commit(packing);
    return status;
}

firn_status history_pack(history *visited, firn_error *ret_error)
{
    struct packing packing = {
        .visited = visited, .allocator = visited->allocator, .ret_error = ret_error};
    firn_intern_options options = {.allocator = visited->allocator};
    size_t count = visited->recent.count;
    if (count == 0)
        return FIRN_OK;
    packing.of_visit = firn_allocate(visited->allocator, count * sizeof *packing.of_visit);
    firn_status status =
        packing.of_visit != NULL ? firn_intern_create(&options, &packing.keys) : FIRN_NO_MEMORY;
    if (status == FIRN_OK)
        status = pack(&packing);
    if (status == FIRN_OK) {
        blocks_free(visited);
        memcpy(visited->blocks, packing.blocks, sizeof packing.blocks);
        recent_clear(&visited->recent, visited->blocks[BLOCK_VISITS].rows);
        tidy(visited);
    } else {
        firn_store_abort(visited->store);
        for (size_t i = 0; i < BLOCK_KINDS; i++)
            firn_release(visited->allocator, packing.blocks[i].items,
                         packing.blocks[i].capacity * sizeof(struct block));
    }
    firn_intern_destroy(packing.keys);
    firn_release(visited->allocator, packing.numbers,
                 packing.numbers != NULL ? packing.key_count * sizeof *packing.numbers : 0);
    firn_release(visited->allocator, packing.of_visit, count * sizeof *packing.of_visit);
    firn_release(visited->allocator, packing.key, packing.key_capacity);
    return status;
}
