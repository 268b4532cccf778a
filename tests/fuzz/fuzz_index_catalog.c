/* Any bytes as a file record, as changes of a layer and as a meta segment: what is read, written
 * again, must be the same bytes, but for a meta segment of an earlier version. */
#include "code/index/changes.h"
#include "code/index/meta.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct bytes *bytes, const uint8_t *data, size_t size)
{
    if (bytes->size != size || memcmp(bytes->data, data, size) != 0)
        abort();
}

static void try_record(const uint8_t *data, size_t size)
{
    struct file_record record;
    struct bytes bytes = {.data = NULL};
    if (record_get(data, size, NULL, &record) != FIRN_OK)
        return;
    if (record_put(&bytes, &record) == FIRN_OK)
        expect_same(&bytes, data, size);
    bytes_fini(&bytes);
    record_fini(&record, NULL);
}

static void try_meta(const uint8_t *data, size_t size)
{
    firn_arena arena;
    struct meta meta;
    struct bytes bytes = {.data = NULL};
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return;
    if (meta_get(data, size, &arena, &meta) == FIRN_OK && meta_put(&bytes, &meta) == FIRN_OK &&
        data[8] == META_VERSION)
        expect_same(&bytes, data, size);
    bytes_fini(&bytes);
    firn_arena_fini(&arena);
}

static void try_changes(const uint8_t *data, size_t size)
{
    struct changes changes;
    struct bytes bytes = {.data = NULL};
    changes_init(&changes, NULL, 1000);
    if (changes_get(&changes, data, size) == FIRN_OK &&
        changes.hidden_count + changes.time_count > 0 && changes_put(&changes, &bytes) == FIRN_OK)
        expect_same(&bytes, data, size);
    bytes_fini(&bytes);
    changes_fini(&changes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_changes(data, size);
    try_record(data, size);
    try_meta(data, size);
    return 0;
}
