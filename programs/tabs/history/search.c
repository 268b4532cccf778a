/* Searching: visits are gone through from the newest on, and a page is matched once, with all of
 * its block, when the first visit to it comes by; so a search that finds enough in the newest
 * visits reads no more than these. What was found is kept as numbers, and told in batches, whose
 * texts are read from one block after the other.
 *
 * Memory: two bits a page, one unpacked block, and a batch with its texts. */
#include "tabs/history/search.h"
#include "tabs/history/state.h"

#include <firn/arena.h>
#include <firn/intern.h>

#include <string.h>

#define BATCH 4096u

struct found {
    uint64_t page;
    int64_t time_ms;
    firn_bytes url, title;
};

struct search {
    history *visited;
    const firn_allocator *allocator;
    const history_query *query;
    history_visit_fn visit;
    void *context;
    search_text text;
    uint8_t *matches, *told; /* a bit a page */
    bool *known;             /* by block: whether its matches are */
    size_t bits_bytes;
    firn_intern *recent_told; /* recent pages that were told: URL, title, size of the URL */
    struct found *found;
    size_t count, left; /* left: of the limit */
    bool is_over;
    firn_status damage; /* the first block that could not be read */
    firn_error *ret_error;
};

static bool bit(const uint8_t *bits, uint64_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

static void set_bit(uint8_t *bits, uint64_t at)
{
    bits[at / 8] |= (uint8_t)(1u << at % 8);
}

/* Whether a failure ends the search; a damaged block is noted and passed over. */
static bool is_end(struct search *search, firn_status status)
{
    if (status == FIRN_OK || status == FIRN_NO_MEMORY)
        return status != FIRN_OK;
    if (search->damage == FIRN_OK)
        search->damage = status;
    return false;
}

/* --- recent visits --- */

static firn_status note_told(struct search *search, firn_bytes url, firn_bytes title, bool *ret_new)
{
    uint8_t key[2 * HISTORY_TEXT_MAX_BYTES + sizeof(uint32_t)];
    uint32_t id;
    size_t size = search_key(url, title, key);
    return firn_intern_put(search->recent_told, key, size, &id, ret_new);
}

static bool was_told(const struct search *search, firn_bytes url, firn_bytes title)
{
    uint8_t key[2 * HISTORY_TEXT_MAX_BYTES + sizeof(uint32_t)];
    if (url.size > HISTORY_TEXT_MAX_BYTES || title.size > HISTORY_TEXT_MAX_BYTES)
        return false;
    size_t size = search_key(url, title, key);
    return firn_intern_find(search->recent_told, key, size) != FIRN_INTERN_NONE;
}

static void tell(struct search *search, const history_visit *visit)
{
    search->is_over = !search->visit(search->context, visit) || --search->left == 0;
}

static firn_status search_recent(struct search *search)
{
    const recent *newest = &search->visited->recent;
    for (size_t i = newest->count; i-- > 0 && !search->is_over;) {
        history_visit visit = recent_get(newest, i);
        bool is_new = true;
        if (!search_matches(&search->text, visit.url, visit.title))
            continue;
        if (!search->query->every_visit) {
            firn_status status = note_told(search, visit.url, visit.title, &is_new);
            if (status != FIRN_OK)
                return status;
        }
        if (is_new)
            tell(search, &visit);
    }
    return FIRN_OK;
}

/* --- blocks --- */

static size_t block_of(const struct blocks *blocks, uint64_t page, uint64_t *ret_first)
{
    uint64_t first = 0;
    size_t block = 0;
    while (page >= first + blocks->items[block].rows)
        first += blocks->items[block++].rows;
    *ret_first = first;
    return block;
}

/* Matches all pages of the block that a page lies in. */
static firn_status match_block(struct search *search, uint64_t page)
{
    const struct blocks *blocks = &search->visited->blocks[BLOCK_PAGES];
    uint64_t first;
    size_t block = block_of(blocks, page, &first);
    struct pages pages;
    if (search->known[block])
        return FIRN_OK;
    firn_status status = pages_read(search->visited, &blocks->items[block], &pages,
                                    search->damage == FIRN_OK ? search->ret_error : NULL);
    if (status == FIRN_NO_MEMORY)
        return status;
    search->known[block] = true;
    if (status != FIRN_OK)
        return status;
    for (uint32_t row = 0; row < pages.rows; row++) {
        if (search_matches(&search->text, pages.urls[row], pages.titles[row]))
            set_bit(search->matches, first + row);
        if (!search->query->every_visit && was_told(search, pages.urls[row], pages.titles[row]))
            set_bit(search->told, first + row);
    }
    pages_free(&pages);
    return FIRN_OK;
}

static firn_status copy_text(firn_arena *arena, firn_bytes *text)
{
    char *copy = text->size > 0 ? firn_arena_alloc(arena, text->size) : NULL;
    if (copy == NULL && text->size > 0)
        return FIRN_NO_MEMORY;
    if (copy != NULL)
        memcpy(copy, text->data, text->size);
    text->data = copy;
    return FIRN_OK;
}

/* Gives what was found in one block its texts. */
static firn_status fill_from(struct search *search, firn_arena *arena, const struct block *block,
                             uint64_t first)
{
    struct pages pages = {0};
    firn_status status = FIRN_OK;
    for (size_t i = 0; status == FIRN_OK && i < search->count; i++) {
        struct found *found = &search->found[i];
        if (found->page < first || found->page - first >= block->rows)
            continue;
        if (pages.rows == 0)
            status = pages_read(search->visited, block, &pages, NULL);
        if (status != FIRN_OK)
            break;
        found->url = pages.urls[found->page - first];
        found->title = pages.titles[found->page - first];
        status = copy_text(arena, &found->url);
        if (status == FIRN_OK)
            status = copy_text(arena, &found->title);
    }
    pages_free(&pages);
    return status;
}

static firn_status tell_found(struct search *search)
{
    const struct blocks *blocks = &search->visited->blocks[BLOCK_PAGES];
    firn_arena arena;
    firn_arena_options options = {.allocator = search->allocator};
    firn_status status = firn_arena_init(&arena, &options);
    if (status != FIRN_OK)
        return status;
    uint64_t first = 0;
    for (size_t i = 0; i < blocks->count && !is_end(search, status); i++) {
        status = fill_from(search, &arena, &blocks->items[i], first);
        first += blocks->items[i].rows;
    }
    bool ends = is_end(search, status);
    for (size_t i = 0; !ends && i < search->count && !search->is_over; i++) {
        const struct found *found = &search->found[i];
        history_visit visit = {found->url, found->title, found->time_ms};
        tell(search, &visit);
    }
    search->count = 0;
    firn_arena_fini(&arena);
    return ends ? status : FIRN_OK;
}

static firn_status search_block(struct search *search, const struct visits *visits)
{
    uint64_t page_count = search->visited->blocks[BLOCK_PAGES].rows;
    for (uint32_t row = visits->rows; row-- > 0 && !search->is_over;) {
        uint64_t page = visits->pages[row];
        firn_status status = page < page_count ? match_block(search, page) : FIRN_CORRUPT;
        if (is_end(search, status))
            return status;
        if (status != FIRN_OK || !bit(search->matches, page) || bit(search->told, page))
            continue;
        if (!search->query->every_visit)
            set_bit(search->told, page);
        search->found[search->count++] =
            (struct found){page, (int64_t)visits->times[row], {0}, {0}};
        if (search->count == BATCH || search->count == search->left) {
            status = tell_found(search);
            if (status != FIRN_OK)
                return status;
        }
    }
    return FIRN_OK;
}

static firn_status search_blocks(struct search *search)
{
    const struct blocks *blocks = &search->visited->blocks[BLOCK_VISITS];
    firn_status status = FIRN_OK;
    for (size_t i = blocks->count; i-- > 0 && !search->is_over;) {
        struct visits visits;
        status = visits_read(search->visited, &blocks->items[i], &visits,
                             search->damage == FIRN_OK ? search->ret_error : NULL);
        if (is_end(search, status))
            return status;
        if (status != FIRN_OK)
            continue;
        status = search_block(search, &visits);
        visits_free(&visits);
        if (status != FIRN_OK)
            return status;
    }
    return search->is_over ? FIRN_OK : tell_found(search);
}

static firn_status run(struct search *search)
{
    const struct blocks *blocks = &search->visited->blocks[BLOCK_PAGES];
    firn_intern_options options = {.allocator = search->allocator};
    search->bits_bytes = (size_t)(blocks->rows / 8 + 1);
    search->matches = firn_allocate_zeroed(search->allocator, search->bits_bytes, 1);
    search->told = firn_allocate_zeroed(search->allocator, search->bits_bytes, 1);
    search->known = firn_allocate_zeroed(search->allocator, blocks->count + 1, 1);
    search->found = firn_allocate_zeroed(search->allocator, BATCH, sizeof *search->found);
    if (search->matches == NULL || search->told == NULL || search->known == NULL ||
        search->found == NULL)
        return FIRN_NO_MEMORY;
    firn_status status = firn_intern_create(&options, &search->recent_told);
    if (status == FIRN_OK)
        status = search_recent(search);
    if (status == FIRN_OK && !search->is_over)
        status = search_blocks(search);
    return status;
}

firn_status history_search(history *visited, const history_query *query, history_visit_fn visit,
                           void *context, firn_error *ret_error)
{
    struct search search = {.visited = visited,
                            .allocator = visited->allocator,
                            .query = query,
                            .visit = visit,
                            .context = context,
                            .left = query->limit != 0 ? query->limit : SIZE_MAX,
                            .ret_error = ret_error};
    size_t block_count = visited->blocks[BLOCK_PAGES].count;
    firn_status status = search_text_init(&search.text, query, visited->allocator);
    if (status == FIRN_OK)
        status = run(&search);
    search_text_fini(&search.text, visited->allocator);
    firn_intern_destroy(search.recent_told);
    firn_release(visited->allocator, search.matches, search.bits_bytes);
    firn_release(visited->allocator, search.told, search.bits_bytes);
    firn_release(visited->allocator, search.known, block_count + 1);
    firn_release(visited->allocator, search.found, BATCH * sizeof *search.found);
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "history: out of memory");
    return status != FIRN_OK ? status : search.damage;
}
