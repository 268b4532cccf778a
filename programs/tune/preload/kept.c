/* See kept.h. Called by record.c, under its lock. The newest that is large enough and not more than
 * twice too large is taken, the oldest given up. Complexity: O(KEPT_MAX), for large blocks only. */
#include "tune/preload/kept.h"

#include <string.h>

enum { KEPT_MAX = 16 };
#define KEPT_BYTES_MAX ((uint64_t)16 << 20)
#define SLOT_BYTES ((uint64_t)4 << 20)

static struct {
    uint64_t sizes[KEPT_MAX]; /* the oldest first */
    unsigned count;
    uint64_t bytes; /* of all */
} kept;

static void remove_at(unsigned at)
{
    kept.bytes -= kept.sizes[at];
    kept.count--;
    memmove(&kept.sizes[at], &kept.sizes[at + 1], (kept.count - at) * sizeof kept.sizes[0]);
}

void track_kept_free(uint64_t size)
{
    if (size > KEPT_BYTES_MAX)
        return;
    while (kept.count == KEPT_MAX || kept.bytes > KEPT_BYTES_MAX - size)
        remove_at(0);
    kept.sizes[kept.count++] = size;
    kept.bytes += size;
}

static uint64_t slots_of(uint64_t size)
{
    return (size + SLOT_BYTES - 1) / SLOT_BYTES;
}

void track_kept_alloc(uint64_t size)
{
    const uint64_t slots = slots_of(size);
    for (unsigned i = kept.count; i-- > 0;)
        if (slots_of(kept.sizes[i]) >= slots && slots_of(kept.sizes[i]) <= 2 * slots) {
            remove_at(i);
            return;
        }
}

uint64_t track_kept_bytes(void)
{
    return kept.bytes;
}

void track_kept_reset(void)
{
    kept.count = 0;
    kept.bytes = 0;
}
