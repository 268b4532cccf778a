/* The lists of mappings that the kernel writes, read from any bytes. */
#include "region/process_maps.h"

#include <stdlib.h>

enum { CAPACITY = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is)
{
    if (!is)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_mapping mappings[CAPACITY];
    size_t count;
    firn_status status = firn_maps_parse((const char *)data, size, mappings, CAPACITY, &count);
    if (status != FIRN_OK) {
        check(status == FIRN_CORRUPT || status == FIRN_LIMIT);
        return 0;
    }
    check(count <= CAPACITY);
    for (size_t i = 0; i < count; i++) {
        const firn_mapping *mapping = &mappings[i];
        check(mapping->start < mapping->end && (mapping->start | mapping->end) % 4096 == 0);
        check(i == 0 || mapping->start >= mappings[i - 1].end);
        check(mapping->name_at <= size && mapping->name_bytes <= size - mapping->name_at);
        check(mapping->kind <= FIRN_MAPPING_SPECIAL);
        check(firn_maps_find(mappings, count, mapping->start) == i);
    }
    return 0;
}
