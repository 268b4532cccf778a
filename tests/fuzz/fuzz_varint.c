/* Varints and packed arrays from hostile bytes. The first byte says which; what can be read must be
 * the one form of its values: packing them again gives the same bytes. */
#include <firn/varint.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_single(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    uint64_t value;
    for (const uint8_t *next; (next = firn_varint_get(at, end, &value)) != NULL; at = next) {
        uint8_t again[FIRN_VARINT_MAX_BYTES];
        check(firn_varint_put(again, value) == (size_t)(next - at));
        check(memcmp(again, at, (size_t)(next - at)) == 0);
        check(firn_zigzag(firn_unzigzag(value)) == value);
    }
}

static void check_packs_to(const uint64_t *values, size_t count, const uint8_t *data, size_t size)
{
    void *again = NULL;
    size_t again_size = 0;
    check(firn_varint_array_pack(values, count, NULL, &again, &again_size) == FIRN_OK);
    check(again_size == size && memcmp(again, data, size) == 0);
    firn_release(NULL, again, again_size);
}

static void fuzz_array(const uint8_t *data, size_t size)
{
    firn_varint_array array;
    if (firn_varint_array_open(data, size, &array) != FIRN_OK)
        return;
    check(array.count <= size); /* so that a hostile count cannot make a reader allocate much */
    uint64_t *values = malloc(array.count * sizeof(*values) + 1);
    check(values != NULL);
    bool whole = firn_varint_array_get(&array, 0, array.count, values) == FIRN_OK;
    if (whole)
        check_packs_to(values, array.count, data, size);
    for (size_t first = 0; first < array.count; first += 1 + first / 2) {
        uint64_t value = 0;
        firn_status status = firn_varint_array_get(&array, first, 1, &value);
        check(!whole || (status == FIRN_OK && value == values[first]));
    }
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0)
        fuzz_single(data + 1, size - 1);
    else
        fuzz_array(data + 1, size - 1);
    return 0;
}
