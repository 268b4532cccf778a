/* Gaps and edits from hostile bytes. The first byte says what the rest is:
 *
 *   0  gaps of the number of values that the second byte gives; what unpacks must pack to the same
 *   1  a base of the size that the second byte gives, and edits to apply to it
 *   2  a base of that size and a target: packed edits must give the target and keep their bound
 */
#include <firn/delta.h>

#include <stdlib.h>
#include <string.h>

#define TARGET_MAX_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_gaps(size_t count, const uint8_t *data, size_t size)
{
    uint64_t values[255];
    if (firn_delta_unpack(data, size, count, values) != FIRN_OK)
        return;
    void *again = NULL;
    size_t again_size = 0;
    check(firn_delta_pack(values, count, NULL, &again, &again_size) == FIRN_OK);
    check(again_size == size && (size == 0 || memcmp(again, data, size) == 0));
    firn_release(NULL, again, again_size);
}

static void fuzz_apply(const uint8_t *base, size_t base_size, const uint8_t *edits, size_t size)
{
    size_t target_size;
    if (firn_edit_target_size(edits, size, &target_size) != FIRN_OK ||
        target_size > TARGET_MAX_BYTES)
        return;
    uint8_t *target = malloc(target_size + 1);
    check(target != NULL);
    firn_status status = firn_edit_apply(base, base_size, edits, size, target, target_size);
    check(status == FIRN_OK || status == FIRN_CORRUPT);
    free(target);
}

static void fuzz_pack(const uint8_t *base, size_t base_size, const uint8_t *target, size_t size)
{
    void *edits = NULL;
    size_t edits_size = 0, told = 0;
    check(firn_edit_pack(base, base_size, target, size, NULL, &edits, &edits_size) == FIRN_OK);
    check(edits_size <= size + 32);
    check(firn_edit_target_size(edits, edits_size, &told) == FIRN_OK && told == size);
    uint8_t *got = malloc(size + 1);
    check(got != NULL);
    check(firn_edit_apply(base, base_size, edits, edits_size, got, size) == FIRN_OK);
    check(memcmp(got, target, size) == 0);
    free(got);
    firn_release(NULL, edits, edits_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const uint8_t *rest = data + 2;
    size_t rest_size = size - 2;
    size_t base_size = data[1] < rest_size ? data[1] : rest_size;
    switch (data[0] % 3) {
    case 0:
        fuzz_gaps(data[1], rest, rest_size);
        break;
    case 1:
        fuzz_apply(rest, base_size, rest + base_size, rest_size - base_size);
        break;
    default:
        fuzz_pack(rest, base_size, rest + base_size, rest_size - base_size);
    }
    return 0;
}
