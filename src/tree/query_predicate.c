/* Predicates of a query: read at compiling, and held against the captured nodes of a match. Regular
 * expressions are PCRE2's, bounded in the work that they may do on a text. */
#include "tree/query_steps.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define REGEX_STEPS_MAX 10000000u /* of matching one text: some tenths of a second */

/* --- reading --- */

/* An argument: a capture, or a text. */
struct argument {
    bool is_capture;
    uint16_t capture;
    struct firn_query_text text;
    size_t offset;
};

struct arguments {
    struct argument *item;
    size_t capacity;
    uint32_t count;
};

static firn_status read_argument(struct firn_query_source *source, struct argument *argument)
{
    argument->offset = source->at;
    if (firn_query_peek(source) == '"')
        return firn_query_string(source, &argument->text);
    if (firn_query_peek(source) == '@') {
        source->at++;
        argument->is_capture = true;
        if (firn_query_at_name(source)) {
            argument->text = firn_query_name(source);
            argument->capture = firn_query_capture_find(source->query, argument->text);
            if (argument->capture != FIRN_STEP_NONE)
                return FIRN_OK;
        }
        return firn_query_fail(source, FIRN_INVALID, argument->offset,
                               "there is no such capture before this");
    }
    if (firn_query_at_name(source)) {
        argument->text = firn_query_name(source);
        return FIRN_OK;
    }
    return firn_query_fail(source, FIRN_INVALID, source->at,
                           "a capture, a text or ) is expected in a predicate");
}

static firn_status read_arguments(struct firn_query_source *source, struct arguments *arguments)
{
    firn_query_skip_blanks(source);
    while (firn_query_peek(source) != ')') {
        struct argument argument = {0};
        firn_status status = read_argument(source, &argument);
        if (status != FIRN_OK)
            return status;
        if (!firn_grow(source->query->allocator, (void **)&arguments->item, &arguments->capacity,
                       arguments->count + 1, sizeof *arguments->item))
            return firn_query_no_memory(source);
        arguments->item[arguments->count++] = argument;
        firn_query_skip_blanks(source);
    }
    source->at++;
    firn_query_skip_blanks(source);
    return FIRN_OK;
}

/* What a predicate is called, without the not- and any- before it. */
struct called {
    bool is_negated;
    bool is_any;
    struct firn_query_text name;
};

static bool drop_prefix(struct firn_query_text *name, const char *prefix)
{
    const size_t size = strlen(prefix);
    if (name->size <= size || memcmp(name->data, prefix, size) != 0)
        return false;
    name->data += size;
    name->size -= size;
    return true;
}

static bool is_called(const struct called *called, const char *name)
{
    return called->name.size == strlen(name) &&
           memcmp(called->name.data, name, called->name.size) == 0;
}

/* PCRE2 gives blocks back without their size: it stands before them. */
#define REGEX_HEADER_BYTES 16

static void *regex_allocate(PCRE2_SIZE size, void *allocator)
{
    size_t *block = firn_allocate(allocator, size + REGEX_HEADER_BYTES);
    if (block == NULL)
        return NULL;
    *block = size + REGEX_HEADER_BYTES;
    return (char *)block + REGEX_HEADER_BYTES;
}

static void regex_release(void *memory, void *allocator)
{
    if (memory == NULL)
        return;
    size_t *block = (size_t *)(void *)((char *)memory - REGEX_HEADER_BYTES);
    firn_release(allocator, block, *block);
}

/* What is made with it keeps the two functions and the allocator; it may go before. */
static pcre2_general_context *general_context(const firn_allocator *allocator)
{
    if (allocator == NULL)
        allocator = firn_allocator_system();
    return pcre2_general_context_create(regex_allocate, regex_release,
                                        (void *)(uintptr_t)allocator);
}

static firn_status compile_regex(struct firn_query_source *source, const struct argument *argument,
                                 void **ret_regex)
{
    int number = PCRE2_ERROR_HEAP_FAILED;
    PCRE2_SIZE at = 0;
    PCRE2_UCHAR cause[80];
    const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_general_context *general = general_context(source->query->allocator);
    pcre2_compile_context *context = general != NULL ? pcre2_compile_context_create(general) : NULL;

    if (context != NULL)
        *ret_regex = pcre2_compile((PCRE2_SPTR)argument->text.data, argument->text.size, options,
                                   &number, &at, context);
    pcre2_compile_context_free(context);
    pcre2_general_context_free(general);
    if (*ret_regex != NULL)
        return FIRN_OK;
    if (number == PCRE2_ERROR_HEAP_FAILED)
        return firn_query_no_memory(source);
    pcre2_get_error_message(number, cause, sizeof cause);
    return firn_query_fail(source, FIRN_INVALID, argument->offset,
                           "in the regular expression, at its byte %zu: %s", (size_t)at,
                           (const char *)cause);
}

/* Copies the texts of an argument list from the second on. */
static firn_status copy_texts(struct firn_query_source *source, const struct arguments *arguments,
                              struct firn_predicate *predicate)
{
    firn_query *query = source->query;
    const uint32_t count = arguments->count - 1;

    predicate->texts = firn_arena_alloc_zeroed(&query->arena, count, sizeof *predicate->texts);
    if (predicate->texts == NULL)
        return firn_query_no_memory(source);
    for (uint32_t i = 0; i < count; i++) {
        const struct firn_query_text *text = &arguments->item[i + 1].text;
        const char *copy = firn_arena_strndup(&query->arena, text->data, text->size);
        if (copy == NULL)
            return firn_query_no_memory(source);
        predicate->texts[i] = (struct firn_query_text){copy, text->size};
    }
    predicate->text_count = count;
    return FIRN_OK;
}

static bool are_texts(const struct arguments *arguments)
{
    for (uint32_t i = 1; i < arguments->count; i++)
        if (arguments->item[i].is_capture)
            return false;
    return true;
}

/* Makes a predicate of what was read; its arguments must be those that its name takes. */
static firn_status build(struct firn_query_source *source, const struct called *called,
                         const struct arguments *arguments, size_t offset,
                         struct firn_predicate *predicate)
{
    const bool has_subject = arguments->count > 0 && arguments->item[0].is_capture;

    if (has_subject)
        predicate->capture = arguments->item[0].capture;
    if (is_called(called, "any-of?") && has_subject && arguments->count > 1 &&
        are_texts(arguments)) {
        predicate->kind = FIRN_PREDICATE_ANY_OF;
        return copy_texts(source, arguments, predicate);
    }
    if (is_called(called, "match?") && has_subject && arguments->count == 2 &&
        are_texts(arguments)) {
        predicate->kind = FIRN_PREDICATE_MATCH;
        return compile_regex(source, &arguments->item[1], &predicate->regex);
    }
    if (is_called(called, "eq?") && has_subject && arguments->count == 2) {
        predicate->kind = FIRN_PREDICATE_EQ_TEXT;
        if (!arguments->item[1].is_capture)
            return copy_texts(source, arguments, predicate);
        predicate->kind = FIRN_PREDICATE_EQ_CAPTURE;
        predicate->other = arguments->item[1].capture;
        return FIRN_OK;
    }
    return firn_query_fail(source, FIRN_INVALID, offset,
                           "the predicate takes a capture and then %s",
                           is_called(called, "any-of?")  ? "one text or more"
                           : is_called(called, "match?") ? "a regular expression"
                                                         : "a text or a capture");
}

static bool is_known(const struct called *called)
{
    return is_called(called, "eq?") || is_called(called, "match?") ||
           (is_called(called, "any-of?") && !called->is_any);
}

firn_status firn_query_predicate(struct firn_query_source *source,
                                 struct firn_query_pattern *pattern)
{
    const size_t offset = source->at;
    struct arguments arguments = {0};
    struct called called = {0};
    struct firn_predicate *predicate;

    if (!firn_query_at_name(source))
        return firn_query_fail(source, FIRN_INVALID, offset, "a predicate's name is expected");
    const struct firn_query_text name = firn_query_name(source);
    called.name = name;
    firn_status status = read_arguments(source, &arguments);
    if (status != FIRN_OK || name.data[name.size - 1] == '!')
        goto out;
    called.is_negated = drop_prefix(&called.name, "not-");
    if (!is_called(&called, "any-of?"))
        called.is_any = drop_prefix(&called.name, "any-");
    if (called.is_any && !called.is_negated)
        called.is_negated = drop_prefix(&called.name, "not-");
    if (!is_known(&called)) {
        status = firn_query_fail(source, FIRN_UNSUPPORTED, offset,
                                 "the predicate #%.*s is not known; there are #eq?, #match? and "
                                 "#any-of?, with not- and any-",
                                 name.size < 40 ? (int)name.size : 40, name.data);
        goto out;
    }
    predicate = firn_arena_alloc_zeroed(&source->query->arena, 1, sizeof *predicate);
    if (predicate == NULL) {
        status = firn_query_no_memory(source);
        goto out;
    }
    predicate->is_negated = called.is_negated;
    predicate->is_any = called.is_any;
    status = build(source, &called, &arguments, offset, predicate);
    predicate->next = pattern->predicates;
    pattern->predicates = predicate;
out:
    firn_release(source->query->allocator, arguments.item,
                 arguments.capacity * sizeof *arguments.item);
    return status;
}

void firn_predicates_fini(struct firn_predicate *predicates)
{
    for (; predicates != NULL; predicates = predicates->next)
        pcre2_code_free(predicates->regex);
}

/* --- holding --- */

bool firn_regex_scratch_init(struct firn_regex_scratch *scratch, const firn_allocator *allocator)
{
    pcre2_general_context *general = general_context(allocator);
    if (general == NULL)
        return false;
    scratch->data = pcre2_match_data_create(1, general);
    scratch->context = pcre2_match_context_create(general);
    pcre2_general_context_free(general);
    if (scratch->data == NULL || scratch->context == NULL)
        return false;
    pcre2_set_match_limit(scratch->context, REGEX_STEPS_MAX);
    return true;
}

void firn_regex_scratch_fini(struct firn_regex_scratch *scratch)
{
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
}

static struct firn_query_text text_of(const struct firn_query_view *view, uint32_t capture)
{
    const firn_node *node = &view->nodes->node[view->captures[capture].node];
    return (struct firn_query_text){view->text + node->start, node->end - node->start};
}

static bool is_same(struct firn_query_text left, struct firn_query_text right)
{
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

/* The next capture of a number from `at` on; the count when there is none. */
static uint32_t next_captured(const struct firn_query_view *view, uint32_t at, uint16_t capture)
{
    while (at < view->capture_count && view->captures[at].capture != capture)
        at++;
    return at;
}

static firn_status regex_matches(const struct firn_predicate *predicate,
                                 struct firn_query_text text, const struct firn_query_view *view,
                                 bool *ret_matches)
{
    const int result = pcre2_match(predicate->regex, (PCRE2_SPTR)text.data, text.size, 0, 0,
                                   view->scratch->data, view->scratch->context);
    *ret_matches = result >= 0;
    if (result >= 0 || result == PCRE2_ERROR_NOMATCH)
        return FIRN_OK;
    return result == PCRE2_ERROR_NOMEMORY ? FIRN_NO_MEMORY : FIRN_LIMIT;
}

static firn_status text_holds(const struct firn_predicate *predicate, struct firn_query_text text,
                              const struct firn_query_view *view, bool *ret_holds)
{
    *ret_holds = false;
    if (predicate->kind == FIRN_PREDICATE_MATCH)
        return regex_matches(predicate, text, view, ret_holds);
    for (uint32_t i = 0; i < predicate->text_count && !*ret_holds; i++)
        *ret_holds = is_same(text, predicate->texts[i]);
    return FIRN_OK;
}

/* Every captured node must hold, or one of them for any-; none captured is fine. */
static firn_status nodes_hold(const struct firn_predicate *predicate,
                              const struct firn_query_view *view, bool *ret_hold)
{
    uint32_t at = next_captured(view, 0, predicate->capture);

    *ret_hold = !predicate->is_any || at == view->capture_count;
    for (; at < view->capture_count; at = next_captured(view, at + 1, predicate->capture)) {
        bool holds;
        firn_status status = text_holds(predicate, text_of(view, at), view, &holds);
        if (status != FIRN_OK)
            return status;
        if ((holds != predicate->is_negated) == predicate->is_any) {
            *ret_hold = predicate->is_any;
            return FIRN_OK;
        }
    }
    return FIRN_OK;
}

/* Compares the nodes of two captures pair by pair. */
static bool pairs_hold(const struct firn_predicate *predicate, const struct firn_query_view *view)
{
    uint32_t left = next_captured(view, 0, predicate->capture);
    uint32_t right = next_captured(view, 0, predicate->other);

    while (left < view->capture_count && right < view->capture_count) {
        const bool holds =
            is_same(text_of(view, left), text_of(view, right)) != predicate->is_negated;
        if (holds == predicate->is_any)
            return predicate->is_any;
        left = next_captured(view, left + 1, predicate->capture);
        right = next_captured(view, right + 1, predicate->other);
    }
    return !predicate->is_any && left == view->capture_count && right == view->capture_count;
}

firn_status firn_predicates_hold(const struct firn_predicate *predicates,
                                 const struct firn_query_view *view, bool *ret_hold)
{
    firn_status status = FIRN_OK;

    *ret_hold = true;
    for (; predicates != NULL && *ret_hold && status == FIRN_OK; predicates = predicates->next)
        if (predicates->kind == FIRN_PREDICATE_EQ_CAPTURE)
            *ret_hold = pairs_hold(predicates, view);
        else
            status = nodes_hold(predicates, view, ret_hold);
    return status;
}
