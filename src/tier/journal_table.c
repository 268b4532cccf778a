/* The journal's table: which segments it has, and where each blob's parts lie in them, as two
 * blocks of columns behind each other. docs/formats/journal.md gives the bytes.
 *
 * Called by journal.c. Memory: 8 bytes for each column of each row beside the index, while it is
 * read or written. Complexity: linear in blobs and packs. */
#include "core/bytes.h"
#include "tier/journal.h"

#include <firn/columns.h>

#include <string.h>

enum { HEAD = 12, VERSION = 1, PACK_COLUMNS = 3, BLOB_COLUMNS = 8 };
static const char MAGIC[4] = "FJRN";

firn_status firn_journal_index_init(firn_journal_index *index, const firn_allocator *allocator)
{
    firn_map_type_options options = {
        .key = FIRN_KEY_U64, .value_bytes = sizeof(firn_blob), .allocator = allocator};
    *index = (firn_journal_index){.allocator = allocator};
    firn_status status = firn_map_type_create(&options, &index->type);
    if (status == FIRN_OK)
        firn_map_init(&index->blobs, index->type);
    return status;
}

void firn_journal_index_fini(firn_journal_index *index)
{
    firn_map_fini(&index->blobs);
    firn_map_type_destroy(index->type);
    firn_release(index->allocator, index->packs, index->pack_capacity * sizeof *index->packs);
    *index = (firn_journal_index){.allocator = index->allocator};
}

/* --- rows of numbers: columns in one block --- */

struct rows {
    uint64_t *numbers; /* column by column */
    size_t count, columns;
};

static size_t rows_bytes(const struct rows *rows)
{
    return (rows->count * rows->columns + 1) * sizeof(uint64_t);
}

static bool rows_make(struct rows *rows, size_t count, size_t columns,
                      const firn_allocator *allocator)
{
    *rows = (struct rows){.count = count, .columns = columns};
    rows->numbers = firn_allocate(allocator, rows_bytes(rows));
    return rows->numbers != NULL;
}

static void rows_release(struct rows *rows, const firn_allocator *allocator)
{
    if (rows->numbers != NULL)
        firn_release(allocator, rows->numbers, rows_bytes(rows));
}

static uint64_t *cell(const struct rows *rows, size_t row, size_t column)
{
    return &rows->numbers[column * rows->count + row];
}

static firn_status rows_pack(const struct rows *rows, const firn_allocator *allocator,
                             void **ret_data, size_t *ret_size)
{
    firn_column columns[BLOB_COLUMNS];
    for (size_t i = 0; i < rows->columns; i++)
        columns[i] = (firn_column){.kind = FIRN_COLUMN_NUMBER, .numbers = cell(rows, 0, i)};
    return firn_columns_pack(columns, rows->columns, rows->count, allocator, ret_data, ret_size);
}

/* Columns of equal numbers take no bytes, so that damaged ones may tell of many rows. */
static firn_status rows_unpack(struct rows *rows, const void *data, size_t size, size_t columns,
                               const firn_allocator *allocator)
{
    firn_columns view;
    firn_status status = firn_columns_open(data, size, &view);
    if (status != FIRN_OK)
        return status;
    if (view.column_count != columns || view.row_count > FIRN_SEGMENT_MAX_BYTES / 8)
        return FIRN_CORRUPT;
    if (!rows_make(rows, view.row_count, columns, allocator))
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < columns; i++) {
        status = firn_columns_numbers(&view, i, cell(rows, 0, i));
        if (status != FIRN_OK)
            return status == FIRN_INVALID ? FIRN_CORRUPT : status;
    }
    return FIRN_OK;
}

/* --- writing --- */

/* numbers: of each pack the row that it gets; those without live parts have none. */
static bool packs_fill(const firn_journal_index *index, struct rows *rows, uint32_t *numbers)
{
    size_t count = 0;
    for (size_t i = 0; i < index->pack_count; i++)
        count += index->packs[i].live > 0;
    if (!rows_make(rows, count, PACK_COLUMNS, index->allocator))
        return false;
    uint32_t row = 0;
    for (size_t i = 0; i < index->pack_count; i++) {
        const firn_pack *pack = &index->packs[i];
        if (pack->live == 0)
            continue;
        *cell(rows, row, 0) = pack->segment;
        *cell(rows, row, 1) = pack->total;
        *cell(rows, row, 2) = pack->role;
        numbers[i] = row++;
    }
    return true;
}

struct filling {
    struct rows *rows;
    const uint32_t *numbers;
    size_t row;
};

static bool blob_fill(void *context, const void *key, void *value)
{
    struct filling *f = context;
    const firn_blob *blob = value;
    memcpy(cell(f->rows, f->row, 0), key, sizeof(uint64_t));
    *cell(f->rows, f->row, 1) = blob->size;
    for (size_t role = 0; role < FIRN_PACK_ROLES; role++) {
        const firn_place *part = &blob->part[role];
        bool is = part->size > 0;
        *cell(f->rows, f->row, 2 + 3 * role) = is ? f->numbers[part->pack] : 0;
        *cell(f->rows, f->row, 3 + 3 * role) = is ? part->offset : 0;
        *cell(f->rows, f->row, 4 + 3 * role) = part->size;
    }
    f->row++;
    return true;
}

static firn_status join(const firn_allocator *allocator, const void *a, size_t a_size,
                        const void *b, size_t b_size, void **ret_data, size_t *ret_size)
{
    size_t size = HEAD + a_size + b_size;
    uint8_t *data = firn_allocate(allocator, size);
    if (data == NULL)
        return FIRN_NO_MEMORY;
    memcpy(data, MAGIC, sizeof MAGIC);
    put_u32(data + 4, VERSION);
    put_u32(data + 8, (uint32_t)a_size);
    memcpy(data + HEAD, a, a_size);
    memcpy(data + HEAD + a_size, b, b_size);
    *ret_data = data;
    *ret_size = size;
    return FIRN_OK;
}

firn_status firn_journal_table_write(const firn_journal_index *index, void **ret_data,
                                     size_t *ret_size)
{
    const firn_allocator *allocator = index->allocator;
    struct rows packs = {0}, blobs = {0};
    void *a = NULL, *b = NULL;
    size_t a_size = 0, b_size = 0, numbers_bytes = (index->pack_count + 1) * sizeof(uint32_t);
    uint32_t *numbers = firn_allocate(allocator, numbers_bytes);
    firn_status status = FIRN_NO_MEMORY;
    if (numbers == NULL || !packs_fill(index, &packs, numbers) ||
        !rows_make(&blobs, firn_map_count(&index->blobs), BLOB_COLUMNS, allocator))
        goto done;
    struct filling filling = {.rows = &blobs, .numbers = numbers};
    status = firn_map_visit(&index->blobs, NULL, NULL, blob_fill, &filling);
    if (status == FIRN_OK)
        status = rows_pack(&packs, allocator, &a, &a_size);
    if (status == FIRN_OK)
        status = rows_pack(&blobs, allocator, &b, &b_size);
    if (status == FIRN_OK)
        status = join(allocator, a, a_size, b, b_size, ret_data, ret_size);
done:
    firn_release(allocator, a, a_size);
    firn_release(allocator, b, b_size);
    rows_release(&blobs, allocator);
    rows_release(&packs, allocator);
    firn_release(allocator, numbers, numbers_bytes);
    return status;
}

/* --- reading --- */

static firn_status packs_take(firn_journal_index *index, const struct rows *rows)
{
    void *block = index->packs;
    if (!firn_grow(index->allocator, &block, &index->pack_capacity, rows->count + 1,
                   sizeof *index->packs))
        return FIRN_NO_MEMORY;
    index->packs = block;
    for (size_t row = 0; row < rows->count; row++) {
        uint64_t segment = *cell(rows, row, 0), total = *cell(rows, row, 1);
        uint64_t role = *cell(rows, row, 2);
        if (segment >= FIRN_SEGMENT_NONE || total == 0 || total > FIRN_SEGMENT_MAX_BYTES ||
            role >= FIRN_PACK_ROLES)
            return FIRN_CORRUPT;
        index->packs[row] = (firn_pack){
            .segment = (uint32_t)segment, .total = (uint32_t)total, .role = (uint8_t)role};
    }
    index->pack_count = rows->count;
    return FIRN_OK;
}

static bool place_take(firn_journal_index *index, const struct rows *rows, size_t row, size_t role,
                       firn_place *ret_place)
{
    uint64_t number = *cell(rows, row, 2 + 3 * role), offset = *cell(rows, row, 3 + 3 * role);
    uint64_t size = *cell(rows, row, 4 + 3 * role);
    if (size == 0) {
        *ret_place = (firn_place){.pack = FIRN_PACK_NONE};
        return number == 0 && offset == 0;
    }
    if (number >= index->pack_count)
        return false;
    firn_pack *pack = &index->packs[number];
    if (pack->role != role || size > pack->total || offset > pack->total - size ||
        size > pack->total - pack->live) /* J1, J2 */
        return false;
    pack->live += (uint32_t)size;
    *ret_place = (firn_place){(uint32_t)number, (uint32_t)offset, (uint32_t)size};
    return true;
}

static firn_status blobs_take(firn_journal_index *index, const struct rows *rows)
{
    for (size_t row = 0; row < rows->count; row++) {
        uint64_t id = *cell(rows, row, 0), size = *cell(rows, row, 1);
        firn_blob blob = {.size = (uint32_t)size};
        if (size > FIRN_SEGMENT_MAX_BYTES || (row > 0 && id <= *cell(rows, row - 1, 0)))
            return FIRN_CORRUPT;
        for (size_t role = 0; role < FIRN_PACK_ROLES; role++)
            if (!place_take(index, rows, row, role, &blob.part[role]))
                return FIRN_CORRUPT;
        uint32_t base = blob.part[FIRN_PACK_BASE].size, edits = blob.part[FIRN_PACK_EDITS].size;
        if (edits > 0 ? base == 0 : base != size) /* J4 */
            return FIRN_CORRUPT;
        firn_status status = firn_map_put_new(&index->blobs, &id, &blob);
        if (status != FIRN_OK)
            return status;
    }
    return FIRN_OK;
}

firn_status firn_journal_table_read(firn_journal_index *index, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    struct rows packs = {0}, blobs = {0};
    if (size < HEAD || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return FIRN_NOT_STORE;
    if (get_u32(bytes + 4) != VERSION)
        return get_u32(bytes + 4) > VERSION ? FIRN_VERSION : FIRN_CORRUPT;
    size_t packs_size = get_u32(bytes + 8);
    if (packs_size > size - HEAD)
        return FIRN_CORRUPT;
    firn_status status =
        rows_unpack(&packs, bytes + HEAD, packs_size, PACK_COLUMNS, index->allocator);
    if (status == FIRN_OK)
        status = rows_unpack(&blobs, bytes + HEAD + packs_size, size - HEAD - packs_size,
                             BLOB_COLUMNS, index->allocator);
    if (status == FIRN_OK)
        status = packs_take(index, &packs);
    if (status == FIRN_OK)
        status = blobs_take(index, &blobs);
    rows_release(&packs, index->allocator);
    rows_release(&blobs, index->allocator);
    return status;
}
