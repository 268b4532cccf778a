/* Images that stand on the image of another process. */
#include "support/process_zygote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void run(void (*body)(void))
{
    int status = in_zygote(body);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static size_t base_bytes;

static bool read_base(void *context, void *to, size_t bytes)
{
    (void)context;
    memcpy(to, common->base, bytes);
    return true;
}

static bool read_no_base(void *context, void *to, size_t bytes)
{
    (void)context, (void)to, (void)bytes;
    return false;
}

static unsigned char *noise;
enum { NOISE_BYTES = 2 << 20 };

/* What all pages of these tests have of their own, which no template has: bytes that do not pack.
 */
static void load(void)
{
    rng same;
    rng_seed(&same, 42);
    noise = malloc(NOISE_BYTES);
    must(noise != NULL);
    for (size_t i = 0; i < NOISE_BYTES; i += 8)
        memcpy(noise + i, &(uint64_t){rng_next(&same)}, 8);
}

static uint64_t noise_digest(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < NOISE_BYTES; i++)
        sum = sum * 31 + noise[i];
    return sum;
}

static void freeze_at(firn_process_hibernate_options *options)
{
    firn_process_result result;
    common->digest = noise_digest() ^ state_digest();
    options->husk = husk_freeze;
    options->level = options->level > 0 ? options->level : 3;
    must(firn_process_hibernate(zygote, options, &result, NULL) == FIRN_OK);
    must(result.rebuilt && (noise_digest() ^ state_digest()) == common->digest);
}

static void freeze_loaded(void)
{
    firn_process_hibernate_options options = {.verify = true};
    load();
    freeze_at(&options);
}

static void take_as_base(void)
{
    base_bytes = common->image_bytes;
    memcpy(common->base, common->image, base_bytes);
}

static void freeze_on_base(void)
{
    firn_process_hibernate_options options = {
        .verify = true, .base_bytes = base_bytes, .base_read = read_base};
    load();
    state_change(10);
    noise[5] ^= 1;
    freeze_at(&options);
}

/* What is in common lies elsewhere. */
static void freeze_moved(void)
{
    firn_process_hibernate_options options = {
        .verify = true, .base_bytes = base_bytes, .base_read = read_base};
    noise = malloc(NOISE_BYTES / 2);
    load();
    freeze_at(&options);
}

static void put_base_behind(void)
{
    must(common->image_bytes + base_bytes <= IMAGE_MAX_BYTES);
    memcpy(common->image + common->image_bytes, common->base, base_bytes);
    common->image_bytes += base_bytes;
}

static void stand_on_a_base(void)
{
    firn_process_image_info of_base, info;
    must(in_child(freeze_loaded) == 40);
    must(in_child(rebuild_or_say) == 0);
    take_as_base();
    must(firn_process_image_look(common->base, base_bytes, &of_base, NULL) == FIRN_OK);
    must(of_base.base_id == 0 && of_base.id != 0 && base_bytes > NOISE_BYTES);
    void (*const bodies[])(void) = {freeze_on_base, freeze_moved};
    for (size_t i = 0; i < 2; i++) {
        must(in_child(bodies[i]) == 40);
        must(firn_process_image_look(common->image, common->image_bytes, &info, NULL) == FIRN_OK);
        must(info.base_id == of_base.id && info.id != of_base.id);
        must(common->image_bytes < NOISE_BYTES / 16);
        must(in_child(rebuild_or_say) == 100 + FIRN_NOT_FOUND);
        const size_t own = common->image_bytes;
        put_base_behind();
        must(in_child(rebuild_or_say) == 0);
        for (unsigned j = 0; j < 8; j++) {
            const size_t at = own + rng_next(&state_random) % base_bytes;
            common->image[at] ^= 4;
            const int status = in_child(rebuild_or_say);
            must(status == 100 + FIRN_CORRUPT || status == 100 + FIRN_NOT_STORE);
            common->image[at] ^= 4;
        }
        common->image_bytes--;
        must(in_child(rebuild_or_say) == 100 + FIRN_NOT_FOUND);
    }
}

static void an_image_stands_on_another_ones_bytes(void **state)
{
    (void)state;
    run(stand_on_a_base);
}

static void freeze_bare(void)
{
    firn_process_hibernate_options options = {.base_bytes = base_bytes, .base_read = read_base};
    load();
    for (size_t i = 0; i < NOISE_BYTES; i += 8)
        memcpy(noise + i, &(uint64_t){rng_next(&state_random)}, 8);
    freeze_at(&options);
}

static void sleep_without_base(void)
{
    firn_error error;
    firn_process_hibernate_options options = {
        .husk = husk_idle, .level = 2, .base_bytes = base_bytes, .base_read = read_no_base};
    must(firn_process_hibernate(zygote, &options, NULL, &error) == FIRN_IO);
    options.level = 1;
    must(firn_process_hibernate(zygote, &options, NULL, &error) == FIRN_INVALID);
    options = (firn_process_hibernate_options){.husk = husk_idle, .level = 2, .base_bytes = 1};
    must(firn_process_hibernate(zygote, &options, NULL, &error) == FIRN_INVALID);
    options.base_read = read_base; /* the first byte is no image: it is left out */
    must(firn_process_hibernate(zygote, &options, NULL, &error) == FIRN_OK);
}

/* In a husk the base is there by itself. */
static void wake_on_base(void)
{
    firn_process_hibernate_options options = {
        .husk = husk_idle, .level = 2, .base_bytes = base_bytes, .base_read = read_base};
    load();
    const uint64_t digest = noise_digest();
    firn_process_result result;
    must(firn_process_hibernate(zygote, &options, &result, NULL) == FIRN_OK);
    must(!result.rebuilt && result.image_bytes < NOISE_BYTES / 16 && noise_digest() == digest);
}

static void leave_bases_out(void)
{
    firn_process_image_info info;
    must(in_child(freeze_loaded) == 40);
    take_as_base();
    must(in_child(sleep_without_base) == 0);
    must(in_child(wake_on_base) == 0);
    must(in_child(freeze_bare) == 40);
    must(firn_process_image_look(common->image, common->image_bytes, &info, NULL) == FIRN_OK);
    must(info.base_id == 0);
    must(in_child(rebuild_or_say) == 0);
    must(in_child(freeze_on_base) == 40); /* which can be no base itself */
    take_as_base();
    must(in_child(freeze_on_base) == 40);
    must(firn_process_image_look(common->image, common->image_bytes, &info, NULL) == FIRN_OK);
    must(info.base_id == 0);
    must(in_child(rebuild_or_say) == 0);
}

static void a_base_of_no_use_is_left_out(void **state)
{
    (void)state;
    run(leave_bases_out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_stands_on_another_ones_bytes),
        cmocka_unit_test(a_base_of_no_use_is_left_out),
    };
    rng_init(&state_random, "process_base");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
