/* The syntax tree of a file as tree-sitter's own cursor tells it, in the format of `firn code tree
 * --format lines`: what that command's output is held against. It shares no code with Firn.
 *
 *     walker --language NAME FILE
 */
#include "e2e/support/peer.h"

#include <stdbool.h>

static void print_kind(const char *kind)
{
    for (; *kind != '\0'; kind++)
        switch (*kind) {
        case ' ':
            fputs("\\s", stdout);
            break;
        case '\n':
            fputs("\\n", stdout);
            break;
        case '\t':
            fputs("\\t", stdout);
            break;
        case '\\':
            fputs("\\\\", stdout);
            break;
        default:
            putchar(*kind);
        }
}

static void print_node(const TSTreeCursor *cursor, unsigned depth)
{
    TSNode node = ts_tree_cursor_current_node(cursor);
    const char *field = ts_tree_cursor_current_field_name(cursor);
    TSPoint start = ts_node_start_point(node), end = ts_node_end_point(node);
    char flags[4] = "-";
    size_t count = 0;

    if (ts_node_is_missing(node))
        flags[count++] = 'm';
    if (ts_node_is_error(node))
        flags[count++] = 'e';
    if (ts_node_is_extra(node))
        flags[count++] = 'x';
    printf("%u ", depth);
    print_kind(ts_node_type(node));
    printf(" %d %s %u %u %u %u %u %u %s\n", ts_node_is_named(node), field == NULL ? "-" : field,
           ts_node_start_byte(node), ts_node_end_byte(node), start.row, start.column, end.row,
           end.column, flags);
}

static void print_tree(TSTree *tree)
{
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    unsigned depth = 0;
    bool more = true;

    while (more) {
        print_node(&cursor, depth);
        if (ts_tree_cursor_goto_first_child(&cursor)) {
            depth++;
            continue;
        }
        while (!(more = ts_tree_cursor_goto_next_sibling(&cursor)) && depth > 0) {
            ts_tree_cursor_goto_parent(&cursor);
            depth--;
        }
    }
    ts_tree_cursor_delete(&cursor);
}

int main(int count, char **arguments)
{
    const TSLanguage *language;
    size_t size = 0;

    if (count != 4 || strcmp(arguments[1], "--language") != 0 ||
        (language = find_language(arguments[2])) == NULL) {
        fprintf(stderr, "usage: walker --language NAME FILE\n");
        return 2;
    }
    char *text = read_file(arguments[3], &size);
    if (text == NULL) {
        perror(arguments[3]);
        return 1;
    }
    TSParser *parser = ts_parser_new();
    ts_parser_set_language(parser, language);
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)size);
    print_tree(tree);
    ts_tree_delete(tree);
    ts_parser_delete(parser);
    free(text);
    return 0;
}
