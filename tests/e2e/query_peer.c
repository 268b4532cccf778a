/* The matches of a query as tree-sitter's own cursor finds them, in the format of `firn code query
 * --format lines`: what that command's output is held against. It shares no code with Firn.
 * Predicates are evaluated here as tree-sitter's bindings do, regular expressions by POSIX.
 *
 *     query_peer --language NAME FOLDER QUERY-FILE PATH...
 *     query_peer --language NAME FOLDER QUERY-FILE -      (paths from stdin, a line each)
 */
#include "e2e/support/peer.h"

#include <regex.h>
#include <stdbool.h>

/* --- predicates --- */

struct view {
    const TSQuery *query;
    const TSQueryMatch *match;
    const char *text;
};

static char *node_text(const struct view *view, TSNode node)
{
    uint32_t start = ts_node_start_byte(node);
    return strndup(view->text + start, ts_node_end_byte(node) - start);
}

static bool regex_matches(const char *pattern, const char *text)
{
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "query_peer: bad regular expression %s\n", pattern);
        exit(1);
    }
    bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static const char *string_of(const struct view *view, const TSQueryPredicateStep *step)
{
    uint32_t size;
    return ts_query_string_value_for_id(view->query, step->value_id, &size);
}

/* The n-th node of a capture; false behind the last. */
static bool captured(const struct view *view, uint32_t capture, uint32_t n, TSNode *ret_node)
{
    for (uint32_t i = 0; i < view->match->capture_count; i++)
        if (view->match->captures[i].index == capture && n-- == 0) {
            *ret_node = view->match->captures[i].node;
            return true;
        }
    return false;
}

/* Whether one captured text satisfies name(text, step[2]…). */
static bool text_holds(const struct view *view, const char *name, const char *text,
                       const TSQueryPredicateStep *step, uint32_t count)
{
    if (strcmp(name, "match?") == 0)
        return regex_matches(string_of(view, &step[2]), text);
    for (uint32_t i = 2; i < count; i++)
        if (strcmp(string_of(view, &step[i]), text) == 0)
            return true;
    return false;
}

static bool pairs_hold(const struct view *view, const TSQueryPredicateStep *step, bool negated,
                       bool any)
{
    TSNode left, right;
    uint32_t n = 0;

    while (captured(view, step[1].value_id, n, &left) &&
           captured(view, step[2].value_id, n, &right)) {
        char *a = node_text(view, left), *b = node_text(view, right);
        bool holds = (strcmp(a, b) == 0) != negated;
        free(a);
        free(b);
        if (holds == any)
            return any;
        n++;
    }
    return !any && !captured(view, step[1].value_id, n, &left) &&
           !captured(view, step[2].value_id, n, &right);
}

/* One predicate of count steps, the first being its name. */
static bool predicate_holds(const struct view *view, const TSQueryPredicateStep *step,
                            uint32_t count)
{
    const char *name = string_of(view, &step[0]);
    bool negated = strncmp(name, "not-", 4) == 0;
    bool any = false;
    bool seen = false;
    TSNode node;

    name += negated ? 4 : 0;
    if (strncmp(name, "any-", 4) == 0 && strcmp(name, "any-of?") != 0) {
        any = true;
        name += 4;
        if (!negated && strncmp(name, "not-", 4) == 0) {
            negated = true;
            name += 4;
        }
    }
    if (name[strlen(name) - 1] == '!')
        return true;
    if (strcmp(name, "eq?") == 0 && step[2].type == TSQueryPredicateStepTypeCapture)
        return pairs_hold(view, step, negated, any);
    for (uint32_t n = 0; captured(view, step[1].value_id, n, &node); n++) {
        char *text = node_text(view, node);
        bool holds = text_holds(view, name, text, step, count) != negated;
        free(text);
        seen = true;
        if (holds == any)
            return any;
    }
    return !any || !seen;
}

static bool match_holds(const struct view *view)
{
    uint32_t count;
    const TSQueryPredicateStep *steps =
        ts_query_predicates_for_pattern(view->query, view->match->pattern_index, &count);

    for (uint32_t first = 0, i = 0; i < count; i++) {
        if (steps[i].type != TSQueryPredicateStepTypeDone)
            continue;
        if (!predicate_holds(view, steps + first, i - first))
            return false;
        first = i + 1;
    }
    return true;
}

/* --- files --- */

static void print_word(const char *word)
{
    for (; *word != '\0'; word++)
        if (*word == ' ' || *word == '\n' || *word == '\t' || *word == '\\')
            printf("\\%c", *word == ' ' ? 's' : *word == '\n' ? 'n' : *word == '\t' ? 't' : '\\');
        else
            putchar(*word);
}

static void print_match(const struct view *view, const char *path)
{
    print_word(path);
    printf(" %u", (unsigned)view->match->pattern_index);
    for (uint32_t i = 0; i < view->match->capture_count; i++) {
        uint32_t size;
        const TSQueryCapture *capture = &view->match->captures[i];
        printf(" %s %u %u", ts_query_capture_name_for_id(view->query, capture->index, &size),
               ts_node_start_byte(capture->node), ts_node_end_byte(capture->node));
    }
    putchar('\n');
}

static int search(TSParser *parser, const TSQuery *query, const char *folder, const char *path)
{
    char name[4096];
    size_t size = 0;
    TSQueryMatch match;

    snprintf(name, sizeof name, "%s/%s", folder, path);
    char *text = read_file(name, &size);
    if (text == NULL) {
        perror(name);
        return 1;
    }
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)size);
    TSQueryCursor *cursor = ts_query_cursor_new();
    ts_query_cursor_exec(cursor, query, ts_tree_root_node(tree));
    while (ts_query_cursor_next_match(cursor, &match)) {
        struct view view = {query, &match, text};
        if (match_holds(&view))
            print_match(&view, path);
    }
    ts_query_cursor_delete(cursor);
    ts_tree_delete(tree);
    free(text);
    return 0;
}

static int search_listed(TSParser *parser, const TSQuery *query, const char *folder)
{
    char path[4096];
    int status = 0;

    while (status == 0 && fgets(path, sizeof path, stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        status = search(parser, query, folder, path);
    }
    return status;
}

int main(int count, char **arguments)
{
    const TSLanguage *language;
    size_t size = 0;
    uint32_t offset;
    TSQueryError error;
    int status = 0;

    if (count < 6 || strcmp(arguments[1], "--language") != 0 ||
        (language = find_language(arguments[2])) == NULL) {
        fprintf(stderr, "usage: query_peer --language NAME FOLDER QUERY-FILE PATH...\n");
        return 2;
    }
    char *source = read_file(arguments[4], &size);
    if (source == NULL) {
        perror(arguments[4]);
        return 1;
    }
    TSQuery *query = ts_query_new(language, source, (uint32_t)size, &offset, &error);
    if (query == NULL) {
        fprintf(stderr, "query_peer: offset %u: error %d\n", offset, (int)error);
        return 1;
    }
    TSParser *parser = ts_parser_new();
    ts_parser_set_language(parser, language);
    if (strcmp(arguments[5], "-") == 0)
        status = search_listed(parser, query, arguments[3]);
    for (int i = 5; i < count && status == 0 && strcmp(arguments[5], "-") != 0; i++)
        status = search(parser, query, arguments[3], arguments[i]);
    ts_parser_delete(parser);
    ts_query_delete(query);
    free(source);
    return status;
}
