/* Any bytes as a manifest: refused, or one that keeps its promises and is written back as the same
 * bytes. Since a checksum stands at the end, the bytes are also tried with one that fits. */
#include "core/bytes.h"
#include "tier/manifest.h"

#include <firn/checksum.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_segments(const firn_manifest *manifest)
{
    for (size_t i = 0; i < manifest->segment_count; i++) {
        const firn_manifest_segment *segment = &manifest->segments[i];
        check(segment->file < manifest->file_count);
        check(segment->plain <= FIRN_SEGMENT_MAX_BYTES);
        check(segment->packed <= FIRN_SEGMENT_PACKED_MAX);
        check((uint64_t)segment->offset + segment->packed <= manifest->files[segment->file]);
    }
}

static void read_one(const uint8_t *data, size_t size)
{
    firn_manifest manifest;
    const char *cause = NULL;
    firn_status status = firn_manifest_read(data, size, NULL, &manifest, &cause);
    if (status != FIRN_OK) {
        check(cause != NULL &&
              (status == FIRN_NOT_STORE || status == FIRN_CORRUPT || status == FIRN_VERSION));
        return;
    }
    check_segments(&manifest);
    check(firn_manifest_bytes(&manifest) == size);
    uint8_t *again = malloc(size);
    check(again != NULL);
    firn_manifest_write(&manifest, again);
    check(memcmp(again, data, size) == 0);
    free(again);
    firn_manifest_fini(&manifest, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one(data, size);
    if (size < 4)
        return 0;
    uint8_t *fitting = malloc(size);
    check(fitting != NULL);
    memcpy(fitting, data, size);
    put_u32(fitting + size - 4, firn_crc32c(0, fitting, size - 4));
    read_one(fitting, size);
    free(fitting);
    return 0;
}
