/* Names for addresses of code in files, by what these files, or their debugging files, tell. */
#ifndef TUNE_SYMBOLS_H
#define TUNE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* NULL: no memory. */
struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *symbols);

enum symbol_found { SYMBOL_NONE, SYMBOL_NAME, SYMBOL_LINE };

/* Writes `NAME (FILE:LINE)`, `NAME (MODULE)` or `0xOFFSET (MODULE)` of the code at an offset into a
 * file, cut to what size bytes hold. */
enum symbol_found symbols_name(struct symbols *symbols, const char *path, uint64_t offset,
                               char *ret_name, size_t size);

#endif
