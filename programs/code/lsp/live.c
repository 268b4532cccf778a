/* See live.h. A failure within tree-sitter leaves by a long jump, after which the heap, and with it
 * the tree, is dropped as a whole: the next parse begins anew. It does so, too, when the heap has
 * grown to twice of what the text took at first, because what edits free comes back in other sizes.
 */
#include "code/lsp/live.h"

#include <firn/system.h>
#include <string.h>
#include <tree_sitter/api.h>

#include "code/feed.h"

#define GROWTH_BYTES ((size_t)1 << 20) /* that are no reason to begin anew */

void live_init(struct live *live, const struct language *language, const firn_allocator *allocator)
{
    *live = (struct live){.language = language, .is_made = true};
    heap_init(&live->heap, allocator, LIVE_LIMIT_BYTES);
}

static void drop(struct live *live)
{
    live->tree = NULL;
    live->is_current = false;
    heap_reset(&live->heap, 0);
}

void live_fini(struct live *live)
{
    if (live->is_made)
        heap_fini(&live->heap);
    live->is_made = false;
    live->tree = NULL;
}

/* --- changes --- */

/* Goes on from a point over a piece of text; tree-sitter's lines end with LF alone. */
static TSPoint advance(TSPoint point, const char *text, size_t size)
{
    for (const char *end = text + size, *line; text < end; text = line + 1) {
        line = memchr(text, '\n', (size_t)(end - text));
        if (line == NULL) {
            point.column += (uint32_t)(end - text);
            break;
        }
        point.row++;
        point.column = 0;
    }
    return point;
}

struct edit {
    struct live *live;
    TSInputEdit edit;
};

static void edit_in_heap(void *context)
{
    struct edit *edit = context;
    ts_tree_edit(edit->live->tree, &edit->edit);
}

void live_edit(struct live *live, const char *before, uint32_t start, uint32_t old_end,
               const char *with, uint32_t new_end)
{
    live->is_current = false;
    live->failure = FIRN_OK;
    /* Bash's scanner loses the state of heredocs between two parses: `$x` in one may then begin a
     * byte early. Its files are small, and parsed from nothing. */
    if (strcmp(live->language->name, "bash") == 0)
        drop(live);
    if (live->tree == NULL)
        return;
    struct edit edit = {live,
                        {.start_byte = start, .old_end_byte = old_end, .new_end_byte = new_end}};
    edit.edit.start_point = advance((TSPoint){0, 0}, before, start);
    edit.edit.old_end_point = advance(edit.edit.start_point, before + start, old_end - start);
    edit.edit.new_end_point = advance(edit.edit.start_point, with, new_end - start);
    if (heap_run(&live->heap, edit_in_heap, &edit) != FIRN_OK)
        drop(live);
}

/* --- parsing --- */

static const char *read_text(void *payload, uint32_t offset, TSPoint point, uint32_t *ret_size)
{
    const struct live *live = payload;
    (void)point;
    *ret_size = offset < live->size ? live->size - offset : 0;
    return *ret_size > 0 ? live->text + offset : "";
}

static bool should_stop(TSParseState *state)
{
    struct live *live = state->payload;
    live->was_stopped = live->stop != NULL && live->stop(live->stop_context);
    live->was_late = firn_clock_ns() > live->end_ns;
    return live->was_stopped || live->was_late;
}

static void parse_in_heap(void *context)
{
    struct live *live = context;
    TSInput input = {.payload = live, .read = read_text, .encoding = TSInputEncodingUTF8};
    TSParseOptions options = {.payload = live, .progress_callback = should_stop};
    TSTree *old = live->tree;
    TSParser *core = ts_parser_new();
    if (ts_parser_set_language(core, live->language->grammar()))
        live->tree = ts_parser_parse_with_options(core, old, input, options);
    else
        live->tree = NULL;
    if (live->tree == NULL)
        return; /* dropped with the heap */
    ts_parser_delete(core);
    ts_tree_delete(old);
}

static firn_status explain(struct live *live, firn_status status, firn_error *ret_error)
{
    if (live->was_stopped)
        return FIRN_CHANGED;
    if (status == FIRN_LIMIT)
        return firn_error_set(ret_error, status, 0, "it needs more than %zu MiB to parse",
                              LIVE_LIMIT_BYTES >> 20);
    if (live->was_late)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "it takes more than %u seconds to parse",
                              LIVE_SECONDS);
    return firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
}

firn_status live_parse(struct live *live, const char *text, size_t size,
                       bool (*stop)(void *context), void *stop_context, firn_error *ret_error)
{
    if (live->is_current)
        return FIRN_OK;
    live->was_late = live->was_stopped = false;
    if (live->failure != FIRN_OK)
        return explain(live, live->failure, ret_error);
    bool is_whole =
        live->tree == NULL || live->heap.taken_bytes > 2 * live->whole_bytes + GROWTH_BYTES;
    if (is_whole)
        drop(live);
    live->text = text;
    live->size = (uint32_t)size;
    live->stop = stop;
    live->stop_context = stop_context;
    live->end_ns = firn_clock_ns() + LIVE_SECONDS * UINT64_C(1000000000);
    firn_status status = heap_run(&live->heap, parse_in_heap, live);
    live->text = NULL;
    if (status == FIRN_OK && live->tree == NULL)
        status = FIRN_UNSUPPORTED;
    if (status != FIRN_OK) {
        drop(live);
        live->failure = live->was_stopped || status == FIRN_NO_MEMORY ? FIRN_OK
                        : live->was_late                              ? FIRN_LIMIT
                                                                      : status;
        return explain(live, status, ret_error);
    }
    if (is_whole)
        live->whole_bytes = live->heap.taken_bytes;
    live->is_current = true;
    return FIRN_OK;
}

static void feed_in_heap(void *context)
{
    struct live *live = context;
    live->fed = feed_tree(live->tree, live->builder);
}

firn_status live_feed(struct live *live, const char *text, size_t size, firn_builder *builder,
                      firn_error *ret_error)
{
    live->was_late = live->was_stopped = false;
    firn_status status = firn_builder_begin(builder, text, size);
    if (status == FIRN_OK) {
        live->builder = builder;
        status = heap_run(&live->heap, feed_in_heap, live);
        if (status != FIRN_OK)
            drop(live);
        else
            status = live->fed;
    }
    return status == FIRN_OK ? FIRN_OK : explain(live, status, ret_error);
}
