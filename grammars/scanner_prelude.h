/* Included before every scanner, to make it fit for hostile input and for a heap that is dropped as a
 * whole:
 *  - all that it takes comes from the tree-sitter core's allocator, so that the bound on a file's
 *    memory counts it;
 *  - isdigit takes any code point (the Bash scanner hands it characters above 255, for which the C
 *    library's reads outside its table);
 *  - its state keeps 8 bytes off the end of the core's buffer (the Bash scanner checks for room up
 *    to 4 bytes too late). */
#ifndef FIRN_SCANNER_PRELUDE_H
#define FIRN_SCANNER_PRELUDE_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/parser.h>

extern void *(*ts_current_malloc)(size_t size);
extern void *(*ts_current_calloc)(size_t count, size_t size);
extern void *(*ts_current_realloc)(void *block, size_t size);
extern void (*ts_current_free)(void *block);

#define malloc(size) ts_current_malloc(size)
#define calloc(count, size) ts_current_calloc(count, size)
#define realloc(block, size) ts_current_realloc(block, size)
#define free(block) ts_current_free(block)

#undef isdigit
#define isdigit(character) ((unsigned)(character) - '0' < 10)

#undef TREE_SITTER_SERIALIZATION_BUFFER_SIZE
#define TREE_SITTER_SERIALIZATION_BUFFER_SIZE (1024 - 8)

#endif
