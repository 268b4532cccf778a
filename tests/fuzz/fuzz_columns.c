/* Any bytes as a block of columns: refused, or all that is read packs to what reads the same. And
 * the bytes cut into rows of each kind: they come back. */
#include "support/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 20000, ROWS = 64 };

/* Packs what was read as one column and reads it again. */
static void read_texts(const firn_columns *view, size_t column, firn_column_kind kind)
{
    void *block;
    size_t block_size;
    firn_bytes *texts = malloc((view->row_count + 1) * sizeof *texts);
    columns_check(texts != NULL, "memory");
    firn_status status = firn_columns_texts(view, column, NULL, texts, &block, &block_size);
    columns_check(status == FIRN_OK || status == FIRN_CORRUPT, "another status");
    if (status == FIRN_OK) {
        firn_column again = {.kind = kind, .texts = texts};
        if (block_size < 1 << 20)
            columns_round_trip(&again, 1, view->row_count, NULL);
        firn_release(NULL, block, block_size);
    }
    free(texts);
}

static void read_numbers(const firn_columns *view, size_t column)
{
    uint64_t *numbers = malloc((view->row_count + 1) * sizeof *numbers);
    columns_check(numbers != NULL, "memory");
    firn_status status = firn_columns_numbers(view, column, numbers);
    columns_check(status == FIRN_OK || status == FIRN_CORRUPT, "another status");
    if (status == FIRN_OK) {
        firn_column again = {.kind = FIRN_COLUMN_NUMBER, .numbers = numbers};
        columns_round_trip(&again, 1, view->row_count, NULL);
    }
    free(numbers);
}

static void read_block(const uint8_t *data, size_t size)
{
    firn_columns view;
    if (firn_columns_open(data, size, &view) != FIRN_OK || view.row_count > ROWS_MAX)
        return;
    for (size_t i = 0; i < view.column_count; i++) {
        firn_column_kind kind;
        columns_check(firn_columns_kind(&view, i, &kind) == FIRN_OK, "no kind");
        if (kind == FIRN_COLUMN_NUMBER)
            read_numbers(&view, i);
        else
            read_texts(&view, i, kind);
    }
}

static void pack_bytes(const uint8_t *data, size_t size)
{
    uint64_t numbers[ROWS] = {0};
    firn_bytes texts[ROWS], others[ROWS];
    size_t rows = 0;
    for (size_t at = 0; at < size && rows < ROWS; rows++) {
        size_t length = data[at] % 16u;
        length = length < size - at - 1 ? length : size - at - 1;
        texts[rows] = (firn_bytes){data + at + 1, length};
        others[rows] = (firn_bytes){data + at + 1, length / 2};
        memcpy(&numbers[rows], data + at + 1, length < 8 ? length : 8);
        at += 1 + length;
    }
    const firn_column columns[] = {{.kind = FIRN_COLUMN_WORDS, .texts = texts},
                                   {.kind = FIRN_COLUMN_TEXT, .texts = texts},
                                   {.kind = FIRN_COLUMN_NUMBER, .numbers = numbers},
                                   {.kind = FIRN_COLUMN_TEXT, .like = 2, .texts = others}};
    columns_round_trip(columns, 4, rows, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_block(data, size);
    pack_bytes(data, size);
    return 0;
}
