/* Any bytes as a table of names: every entry and posting is read, and every key that is read is
 * found again where keys ascend. */
#include "code/index/postings.h"
#include "code/index/table.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_postings(const struct table_cursor *cursor)
{
    struct postings postings;
    struct definition definition;
    postings_init(&postings, cursor->payload, cursor->payload_size, cursor->table.is_compact);
    while (postings_next(&postings) == FIRN_OK)
        if (postings.file % 2 == 0)
            while (postings_definition(&postings, &definition) == FIRN_OK)
                continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct table_cursor cursor, found;
    struct table table;
    if (table_open(data, size, &table) != FIRN_OK)
        return 0;
    firn_status status = table_at(&table, 0, &cursor);
    for (; status == FIRN_OK; status = table_next(&cursor)) {
        read_postings(&cursor);
        if (table_seek(&table, cursor.key, cursor.key_size, &found) == FIRN_OK &&
            key_compare(found.key, found.key_size, cursor.key, cursor.key_size) < 0)
            abort();
    }
    if (table.count > 0 && table_at(&table, table.count - 1, &found) == FIRN_OK &&
        found.index != table.count - 1)
        abort();
    return 0;
}
