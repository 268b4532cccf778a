/* The file of recent visits from hostile bytes: what is read lies within the bytes that are right,
 * and each visit can be had. */
#include "tabs/history/recent.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    recent newest = {.file = {.fd = -1}};
    uint64_t first;
    size_t right, bytes = RECENT_HEAD_BYTES;
    if (recent_read(&newest, data, size, 0, &first, &right) == FIRN_OK) {
        check(right <= size);
        for (size_t i = 0; i < newest.count; i++) {
            history_visit visit = recent_get(&newest, i);
            bytes += RECENT_RECORD_BYTES + visit.url.size + visit.title.size;
        }
        check(bytes == right);
    }
    recent_close(&newest);
    return 0;
}
