/* Packs columns and reads them back, into blocks of exactly the needed sizes, so that
 * AddressSanitizer sees a step beyond. Aborts where they differ. Header-only. */
#ifndef FIRN_TESTS_COLUMNS_H
#define FIRN_TESTS_COLUMNS_H

#include <firn/columns.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void columns_check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "columns: %s\n", what);
        abort();
    }
}

static inline firn_status columns_texts_compare(const firn_columns *view, size_t column,
                                                const firn_bytes *expected,
                                                const firn_allocator *allocator)
{
    size_t rows = view->row_count, size;
    void *block;
    firn_bytes *texts = malloc((rows + (rows == 0)) * sizeof *texts);
    columns_check(texts != NULL, "memory");
    firn_status status = firn_columns_texts(view, column, allocator, texts, &block, &size);
    if (status == FIRN_OK) {
        for (size_t row = 0; row < rows; row++) {
            columns_check(texts[row].size == expected[row].size, "another size");
            columns_check(texts[row].size == 0 ||
                              memcmp(texts[row].data, expected[row].data, texts[row].size) == 0,
                          "another text");
        }
        firn_release(allocator, block, size);
    }
    free(texts);
    return status;
}

static inline firn_status columns_compare(const firn_columns *view, size_t column,
                                          const firn_column *expected,
                                          const firn_allocator *allocator)
{
    firn_column_kind kind;
    columns_check(firn_columns_kind(view, column, &kind) == FIRN_OK, "no column");
    columns_check(kind == expected->kind, "another kind");
    if (kind != FIRN_COLUMN_NUMBER)
        return columns_texts_compare(view, column, expected->texts, allocator);
    size_t bytes = view->row_count * sizeof(uint64_t);
    uint64_t *numbers = malloc(bytes + (bytes == 0));
    columns_check(numbers != NULL, "memory");
    firn_status status = firn_columns_numbers(view, column, numbers);
    columns_check(status == FIRN_OK, "numbers that were packed");
    columns_check(bytes == 0 || memcmp(numbers, expected->numbers, bytes) == 0, "other numbers");
    free(numbers);
    return status;
}

/* Gives the block's size, 0 when memory failed. */
static inline size_t columns_round_trip(const firn_column *columns, size_t column_count,
                                        size_t row_count, const firn_allocator *allocator)
{
    void *data;
    size_t size;
    firn_columns view;
    firn_status status =
        firn_columns_pack(columns, column_count, row_count, allocator, &data, &size);
    columns_check(status == FIRN_OK || (status == FIRN_NO_MEMORY && allocator != NULL), "packing");
    if (status != FIRN_OK)
        return 0;
    uint8_t *exact = malloc(size);
    columns_check(exact != NULL, "memory");
    memcpy(exact, data, size);
    firn_release(allocator, data, size);
    columns_check(firn_columns_open(exact, size, &view) == FIRN_OK, "opening");
    columns_check(view.row_count == row_count && view.column_count == column_count, "the counts");
    for (size_t i = column_count; status == FIRN_OK && i-- > 0;)
        status = columns_compare(&view, i, &columns[i], allocator);
    columns_check(status == FIRN_OK || (status == FIRN_NO_MEMORY && allocator != NULL), "reading");
    free(exact);
    return status == FIRN_OK ? size : 0;
}

#endif
