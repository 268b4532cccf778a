/* Families of hostile bytes. The checksum at the end is put right first, so that the fuzzer gets
 * behind it; what loads must save, and decode any bytes without harm. */
#include <firn/checksum.h>
#include <firn/tree.h>

#include <stdlib.h>
#include <string.h>

static void decode_something(const firn_family *family, const uint8_t *data, size_t size)
{
    firn_tree tree;
    firn_nodes nodes = {0};
    size_t text_size = size < 64 ? size : 64;
    if (firn_tree_open(family, data, size, (const char *)data, text_size, &tree) == FIRN_OK)
        nodes.count = firn_tree_decode(&tree, &nodes) == FIRN_OK ? nodes.count : 0;
    firn_nodes_fini(&nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data, size);
    uint32_t check = firn_crc32c(0, bytes, size - 4);
    for (unsigned i = 0; i < 4; i++)
        bytes[size - 4 + i] = (uint8_t)(check >> (8 * i));
    firn_family *family;
    if (firn_family_load(bytes, size, NULL, &family) == FIRN_OK) {
        void *saved;
        size_t saved_size;
        if (firn_family_save(family, NULL, &saved, &saved_size) != FIRN_OK)
            abort();
        firn_release(NULL, saved, saved_size);
        decode_something(family, data, size);
        firn_family_destroy(family);
    }
    free(bytes);
    return 0;
}
