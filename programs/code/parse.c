/* See parse.h. A file is parsed by a tree-sitter parser that is made for it in the heap and dropped
 * with it: nothing is freed piece by piece, and a parse can be given up at any point. Making one
 * costs some microseconds, freeing a tree node by node would cost more.
 *
 * tree-sitter calls back after every hundred of its operations, which is when the time is looked
 * at. */
#include "code/parse.h"

#include <string.h>
#include <firn/system.h>
#include <tree_sitter/api.h>

#include "code/feed.h"
#include "code/heap.h"

#define DEFAULT_LIMIT_BYTES ((size_t)256 << 20)
#define KEEP_BYTES ((size_t)4 << 20) /* saves four of five page faults */
#define DEFAULT_SECONDS 20u
#define DEFAULT_SECONDS_A_MIB 2u

struct parser {
    struct heap heap;
    const firn_allocator *allocator;
    const struct language *language;
    const char *text;
    uint32_t text_size;
    uint32_t limit_seconds; /* as the options say */
    uint64_t end_ns;        /* of the time for the file at hand; UINT64_MAX: none */
    bool late;
    TSParser *core; /* while it parses */
    TSTree *tree;   /* NULL: none */
    size_t tree_bytes;
    size_t peak_bytes;
    firn_builder *builder; /* while it feeds */
    firn_status feed_status;
};

firn_status parser_create(const struct parser_options *options, struct parser **ret_parser)
{
    struct parser_options chosen = options == NULL ? (struct parser_options){0} : *options;
    struct parser *parser = firn_allocate_zeroed(chosen.allocator, 1, sizeof *parser);

    if (parser == NULL)
        return FIRN_NO_MEMORY;
    parser->allocator = chosen.allocator;
    parser->limit_seconds = chosen.limit_seconds;
    heap_init(&parser->heap, chosen.allocator,
              chosen.limit_bytes == 0 ? DEFAULT_LIMIT_BYTES : chosen.limit_bytes);
    *ret_parser = parser;
    return FIRN_OK;
}

void parser_destroy(struct parser *parser)
{
    if (parser == NULL)
        return;
    heap_fini(&parser->heap);
    firn_release(parser->allocator, parser, sizeof *parser);
}

static void drop_tree(struct parser *parser, size_t keep_bytes)
{
    parser->core = NULL;
    parser->tree = NULL;
    heap_reset(&parser->heap, keep_bytes);
}

void parser_reset(struct parser *parser)
{
    drop_tree(parser, 0);
}

void parser_drop(struct parser *parser)
{
    drop_tree(parser, KEEP_BYTES);
}

static const char *read_text(void *payload, uint32_t offset, TSPoint point, uint32_t *ret_size)
{
    const struct parser *parser = payload;

    (void)point;
    *ret_size = offset < parser->text_size ? parser->text_size - offset : 0;
    return *ret_size > 0 ? parser->text + offset : "";
}

/* tree-sitter's progress callback; true gives the parse up. */
static bool is_late(TSParseState *state)
{
    struct parser *parser = state->payload;

    parser->late = parser->end_ns != UINT64_MAX && firn_clock_ns() > parser->end_ns;
    return parser->late;
}

static uint64_t seconds_for(const struct parser *parser)
{
    if (parser->limit_seconds != 0)
        return parser->limit_seconds;
    return DEFAULT_SECONDS + (uint64_t)DEFAULT_SECONDS_A_MIB * (parser->text_size >> 20);
}

static void start_clock(struct parser *parser)
{
    parser->late = false;
    parser->end_ns = UINT64_MAX;
    if (parser->limit_seconds != UINT32_MAX)
        parser->end_ns = firn_clock_ns() + seconds_for(parser) * UINT64_C(1000000000);
}

/* The core's parser goes before the tree is weighed, so that the tree alone is left. */
static void parse_in_heap(void *context)
{
    struct parser *parser = context;
    TSInput input = {.payload = parser, .read = read_text, .encoding = TSInputEncodingUTF8};
    TSParseOptions options = {.payload = parser, .progress_callback = is_late};

    parser->core = ts_parser_new();
    if (!ts_parser_set_language(parser->core, parser->language->grammar()))
        return;
    parser->tree = ts_parser_parse_with_options(parser->core, NULL, input, options);
    if (parser->tree != NULL)
        ts_parser_delete(parser->core);
}

static firn_status explain(const struct parser *parser, firn_status status, firn_error *ret_error)
{
    if (status == FIRN_LIMIT)
        return firn_error_set(ret_error, status, 0,
                              "its syntax tree needs more than %zu MiB to parse",
                              parser->heap.limit_bytes >> 20);
    return firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
}

static firn_status check_result(struct parser *parser, firn_error *ret_error)
{
    if (parser->tree != NULL)
        return FIRN_OK;
    if (parser->late)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "it takes more than %llu seconds to parse",
                              (unsigned long long)seconds_for(parser));
    return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                          "the grammar of %s does not fit this tree-sitter",
                          parser->language->title);
}

firn_status parser_parse(struct parser *parser, const struct language *language, const char *text,
                         size_t text_size, firn_error *ret_error)
{
    drop_tree(parser, KEEP_BYTES);
    if (text_size >= UINT32_MAX)
        return firn_error_set(ret_error, FIRN_LIMIT, 0, "files of 4 GiB and more are not parsed");
    parser->language = language;
    parser->text = text;
    parser->text_size = (uint32_t)text_size;
    start_clock(parser);
    firn_status status = heap_run(&parser->heap, parse_in_heap, parser);
    status =
        status == FIRN_OK ? check_result(parser, ret_error) : explain(parser, status, ret_error);
    parser->tree_bytes = heap_live_bytes(&parser->heap);
    parser->peak_bytes = heap_peak_bytes(&parser->heap);
    if (status != FIRN_OK)
        drop_tree(parser, KEEP_BYTES);
    return status;
}

static void feed_in_heap(void *context)
{
    struct parser *parser = context;
    parser->feed_status = feed_tree(parser->tree, parser->builder);
}

firn_status parser_feed(struct parser *parser, firn_builder *builder, firn_error *ret_error)
{
    if (parser->tree == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "nothing was parsed");
    firn_status status = firn_builder_begin(builder, parser->text, parser->text_size);
    if (status != FIRN_OK)
        return explain(parser, status, ret_error);
    parser->builder = builder;
    status = heap_run(&parser->heap, feed_in_heap, parser);
    if (status != FIRN_OK) {
        drop_tree(parser, KEEP_BYTES);
        return explain(parser, status, ret_error);
    }
    if (parser->feed_status != FIRN_OK)
        return firn_error_set(ret_error, parser->feed_status, 0, "%s",
                              firn_status_text(parser->feed_status));
    return FIRN_OK;
}

size_t parser_tree_bytes(const struct parser *parser)
{
    return parser->tree_bytes;
}

size_t parser_peak_bytes(const struct parser *parser)
{
    return parser->peak_bytes;
}
