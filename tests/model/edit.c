/* Edits on random texts that have much or little in common: what is applied is the target, and the
 * size keeps to its promises. */
#include <firn/delta.h>

#include "support/failing.h"
#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define TEXT_BYTES 20000

static uint8_t base[TEXT_BYTES], target[TEXT_BYTES], got[TEXT_BYTES];

/* Of few letters, it repeats itself much. */
static size_t some_base(rng *random, uint64_t letters)
{
    size_t size = rng_below(random, rng_below(random, 3) == 0 ? TEXT_BYTES : 300);
    for (size_t i = 0; i < size; i++)
        base[i] = (uint8_t)rng_below(random, letters);
    return size;
}

/* Pieces of the base and new bytes in turn; *ret_new counts the latter and 12 for each piece. */
static size_t some_target(rng *random, size_t base_size, size_t *ret_new)
{
    size_t size = 0, longest = 1 + rng_below(random, 2000);
    *ret_new = 0;
    while (rng_below(random, 12) != 0 && size < TEXT_BYTES) {
        size_t piece = rng_below(random, longest);
        piece = piece < TEXT_BYTES - size ? piece : TEXT_BYTES - size;
        *ret_new += 12;
        if (rng_below(random, 3) == 0 || piece > base_size) {
            piece = piece < 30 ? piece : 30;
            rng_bytes(random, target + size, piece);
            *ret_new += piece;
        } else {
            memcpy(target + size, base + rng_below(random, base_size - piece + 1), piece);
            *ret_new += piece < 16 ? piece : 0;
        }
        size += piece;
    }
    return size;
}

static void applied_edits_give_the_target(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "edit");
    for (int round = 0; round < 1500; round++) {
        failing memory;
        failing_init(&memory, 0);
        uint64_t letters = 1 + rng_below(&random, rng_below(&random, 2) == 0 ? 4 : 256);
        size_t base_size = some_base(&random, letters), fresh = 0, size = 0, told = 0;
        size_t target_size = some_target(&random, base_size, &fresh);
        void *edits = NULL;
        assert_int_equal(
            firn_edit_pack(base, base_size, target, target_size, &memory.allocator, &edits, &size),
            FIRN_OK);
        assert_true(size <= target_size + 32);
        /* What is in the base is not stored again. (With few letters, a block is in so many
         * places that the best one may not be among those tried.) */
        assert_true(letters < 32 || size <= fresh + 64);
        assert_int_equal(firn_edit_target_size(edits, size, &told), FIRN_OK);
        assert_int_equal(told, target_size);
        assert_int_equal(firn_edit_apply(base, base_size, edits, size, got, target_size), FIRN_OK);
        assert_memory_equal(got, target, target_size);
        firn_release(&memory.allocator, edits, size);
        failing_check(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applied_edits_give_the_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
