/* Any bytes as a journal's table, as they are and with its head: refused, or what was read is
 * written so that it reads the same. */
#include "tier/journal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* The same bytes again: the second writing is of what the first one wrote. */
static void write_again(const firn_journal_index *index, uint32_t times, void **ret_data,
                        size_t *ret_size)
{
    firn_journal_index again;
    check(firn_journal_table_write(index, ret_data, ret_size) == FIRN_OK);
    check(firn_journal_index_init(&again, NULL) == FIRN_OK);
    check(firn_journal_table_read(&again, *ret_data, *ret_size) == FIRN_OK);
    check(firn_map_count(&again.blobs) == firn_map_count(&index->blobs));
    if (times > 0) {
        void *data;
        size_t size;
        write_again(&again, times - 1, &data, &size);
        check(size == *ret_size && memcmp(data, *ret_data, size) == 0);
        firn_release(NULL, data, size);
    }
    firn_journal_index_fini(&again);
}

static void read_table(const uint8_t *data, size_t size)
{
    firn_journal_index index;
    check(firn_journal_index_init(&index, NULL) == FIRN_OK);
    firn_status status = firn_journal_table_read(&index, data, size);
    check(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_VERSION ||
          status == FIRN_NOT_STORE);
    if (status == FIRN_OK) {
        void *written;
        size_t written_size;
        write_again(&index, 1, &written, &written_size);
        firn_release(NULL, written, written_size);
    }
    firn_journal_index_fini(&index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_table(data, size);
    uint8_t *table = malloc(size + 12);
    check(table != NULL);
    memcpy(table, "FJRN\1\0\0\0", 8);
    memset(table + 8, 0, 4);
    table[8] = size > 0 ? data[0] : 0;
    if (size > 0)
        memcpy(table + 12, data + 1, size - 1);
    read_table(table, size > 0 ? size + 11 : 12);
    free(table);
    return 0;
}
