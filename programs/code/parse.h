/* Parsing by tree-sitter within bounds: a parser owns a heap from which everything that tree-sitter
 * takes for a file comes, and gives the file up when the heap reaches its bound, which depends on
 * the text alone, or when the time is over. Error recovery takes quadratic time on some hostile
 * inputs (100 KB of "`${" as JSON: 11 s); sources of people are parsed at 5 to 20 MB a second.
 *
 * A parser is confined to one thread at a time; threads have one each. */
#ifndef CODE_PARSE_H
#define CODE_PARSE_H

#include <firn/tree.h>
#include "code/language.h"

struct parser;

struct parser_options {
    const firn_allocator *allocator; /* NULL: the system's */
    size_t limit_bytes;              /* what tree-sitter may take for one file; 0: 256 MiB */
    uint32_t limit_seconds;          /* for one file; 0: 20 and 2 more for each MiB of it;
                                        UINT32_MAX: none, for what was parsed before */
};

FIRN_NODISCARD firn_status parser_create(const struct parser_options *options,
                                         struct parser **ret_parser);
void parser_destroy(struct parser *parser);

/* Parses text (below 2^32 - 1 bytes, else FIRN_LIMIT), which must stay as it is until the parser's
 * next call or end. FIRN_LIMIT when the file needs more memory or more time than the bounds allow;
 * FIRN_NO_MEMORY when the allocator has no more. The reason, one line without the file's name, is
 * then in ret_error->text. After a failure the parser is ready for the next file. */
FIRN_NODISCARD firn_status parser_parse(struct parser *parser, const struct language *language,
                                        const char *text, size_t text_size, firn_error *ret_error);

/* Feeds the tree of the last parse, which succeeded, to a builder whose family was named by
 * language_name_family: calls firn_builder_begin, then enter and leave for every node. Fails as
 * the builder does, or with FIRN_LIMIT or FIRN_NO_MEMORY as parser_parse does. May be called
 * again. */
FIRN_NODISCARD firn_status parser_feed(struct parser *parser, firn_builder *builder,
                                       firn_error *ret_error);

/* What tree-sitter's own tree of the last parse takes, in bytes as malloc_usable_size counts them.
 */
size_t parser_tree_bytes(const struct parser *parser);

/* The most that tree-sitter took for the last parse, in bytes. */
size_t parser_peak_bytes(const struct parser *parser);

/* Drops the last tree, and gives back what most files do not need of its memory. */
void parser_drop(struct parser *parser);

/* Drops the last tree and gives its memory back; the parser stays usable. */
void parser_reset(struct parser *parser);

#endif
