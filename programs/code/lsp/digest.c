/* See digest.h. */
#include "code/lsp/digest.h"

#include <stdlib.h>

/* FNV-1a. */
static uint32_t hash(const char *name, size_t size)
{
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < size; i++)
        value = (value ^ (unsigned char)name[i]) * 16777619u;
    return value;
}

static int by_value(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void digest_fini(struct digest *digest)
{
    firn_release(digest->allocator, digest->names, digest->name_capacity * sizeof *digest->names);
    *digest = (struct digest){.allocator = digest->allocator};
}

firn_status digest_make(struct digest *digest, uint64_t revision, const char *text,
                        const struct extract_name *names, size_t count)
{
    void *block = digest->names;
    digest->name_count = 0;
    digest->revision = 0;
    if (count > 0 &&
        !firn_grow(digest->allocator, &block, &digest->name_capacity, count, sizeof *digest->names))
        return FIRN_NO_MEMORY;
    digest->names = block;
    for (size_t i = 0; i < count; i++)
        digest->names[i] = hash(text + names[i].start, names[i].end - names[i].start);
    if (count > 1)
        qsort(digest->names, count, sizeof *digest->names, by_value);
    for (size_t i = 0; i < count; i++)
        if (digest->name_count == 0 || digest->names[digest->name_count - 1] != digest->names[i])
            digest->names[digest->name_count++] = digest->names[i];
    digest->revision = revision;
    return FIRN_OK;
}

bool digest_has(const struct digest *digest, const char *name, size_t size)
{
    const uint32_t wanted = hash(name, size);
    size_t low = 0, high = digest->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (digest->names[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < digest->name_count && digest->names[low] == wanted;
}
