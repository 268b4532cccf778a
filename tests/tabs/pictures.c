/* Pictures: natural sizes, pixels, and what is dropped. */
#include "tabs/resources/decode.h"

#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <cmocka.h>

/* A picture that the fuzz corpus keeps. */
static uint8_t *sample(const char *name, size_t *ret_size)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/tabs_image/%s", getenv("FIRN_SOURCE"), name);
    uint8_t *data = tempdir_read(path, ret_size);
    if (data == NULL)
        fail_msg("%s is missing", path);
    return data;
}

static void sizes_are_as_browsers_tell_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        picture_kind kind;
        uint32_t width, height;
    } samples[] = {
        {"3x2.png", PICTURE_PNG, 3, 2},
        {"24x16.jpg", PICTURE_JPEG, 24, 16},
        {"24x16-turned.jpg", PICTURE_JPEG, 16, 24},
        {"3x2-lossless.webp", PICTURE_WEBP, 3, 2},
        {"2x2.webp", PICTURE_WEBP, 2, 2},
        {"5x4.gif", PICTURE_GIF, 5, 4},
        {"7x3.bmp", PICTURE_BMP, 7, 3},
        {"32x32.ico", PICTURE_ICO, 32, 32},
        {"sized.svg", PICTURE_SVG, 192, 40},
        {"ratio.svg", PICTURE_SVG, 75, 150},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t size;
        picture_size measured = {.kind = PICTURE_NONE};
        uint8_t *data = sample(samples[i].name, &size);
        assert_int_equal(picture_measure(data, size, &measured), FIRN_OK);
        assert_int_equal(measured.kind, samples[i].kind);
        assert_int_equal(measured.width, samples[i].width);
        assert_int_equal(measured.height, samples[i].height);
        for (size_t cut = 0; cut < size; cut++) { /* in a block of its own, for AddressSanitizer */
            uint8_t *part = malloc(cut + 1);
            memcpy(part, data, cut);
            firn_status status = picture_measure(part, cut, &measured);
            assert_true(status == FIRN_OK || status == FIRN_CORRUPT || status == FIRN_UNSUPPORTED);
            free(part);
        }
        free(data);
    }
}

static void an_svg_is_measured_by_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t width, height;
    } samples[] = {
        {"<svg></svg>", 300, 150},
        {"<svg width='10' height='20'/>", 10, 20},
        {"<svg width='10'/>", 10, 150},
        {"<svg height='10'/>", 300, 10},
        {"<svg width='100%' height='100%' viewBox='0 0 100 50'/>", 300, 150},
        {"<svg width='100' viewBox='0,0,4,2'/>", 100, 50},
        {"<svg height='100' viewBox='0 0 4 2'/>", 200, 100},
        {"<svg viewBox='0 0 4 1'/>", 300, 75},
        {"<!DOCTYPE svg [<!ENTITY a '>'>]><svg width='2em' height='1.5pc'>", 32, 24},
        {"\xef\xbb\xbf<!-- <svg> --> <svg width='1e1' height='25.4mm'>", 10, 96},
    };
    picture_size measured;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const char *text = samples[i].text;
        assert_int_equal(picture_measure(text, strlen(text), &measured), FIRN_OK);
        assert_int_equal(measured.width, samples[i].width);
        assert_int_equal(measured.height, samples[i].height);
    }
    assert_int_equal(picture_measure("<svgx>", 6, &measured), FIRN_UNSUPPORTED);
    assert_int_equal(picture_measure("<svg width='99999' height='1'>", 30, &measured), FIRN_LIMIT);
    assert_int_equal(picture_measure("plain text", 10, &measured), FIRN_UNSUPPORTED);
}

static void check_pixel(const picture *shown, uint32_t x, uint32_t y, unsigned red, unsigned green,
                        unsigned blue, unsigned alpha, unsigned off)
{
    const uint8_t *at = (const uint8_t *)shown->pixels + ((size_t)y * shown->width + x) * 4;
    const unsigned wanted[4] = {red, green, blue, alpha};
    for (size_t i = 0; i < 4; i++)
        assert_in_range(at[i], wanted[i] > off ? wanted[i] - off : 0, wanted[i] + off);
}

static picture get(pictures *all, const char *name, uint64_t content)
{
    size_t size;
    picture shown;
    uint8_t *data = sample(name, &size);
    assert_int_equal(pictures_get(all, content, data, size, &shown), FIRN_OK);
    free(data);
    return shown;
}

static void pixels_are_those_of_the_file(void **state)
{
    (void)state;
    static const char *const exact[] = {"3x2.png", "3x2-lossless.webp"};
    pictures *all;
    assert_int_equal(pictures_create(NULL, 0, &all), FIRN_OK);
    for (size_t i = 0; i < 2; i++) {
        picture shown = get(all, exact[i], 1 + i);
        check_pixel(&shown, 0, 0, 255, 0, 0, 255, 0);
        check_pixel(&shown, 2, 0, 0, 0, 255, 255, 0);
        check_pixel(&shown, 0, 1, 255, 255, 255, 255, 0);
        check_pixel(&shown, 2, 1, 10, 20, 30, 128, 0);
        assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, shown.fd, 0), MAP_FAILED);
        pictures_let_go(all, &shown);
    }
    picture plain = get(all, "24x16.jpg", 3), turned = get(all, "24x16-turned.jpg", 4);
    check_pixel(&plain, 1, 1, 255, 255, 0, 255, 24);
    check_pixel(&plain, 22, 14, 0, 0, 255, 255, 24);
    assert_int_equal(turned.width, 16); /* a quarter to the right: the left side is the top */
    check_pixel(&turned, 14, 1, 255, 255, 0, 255, 24);
    check_pixel(&turned, 1, 22, 0, 0, 255, 255, 24);
    pictures_let_go(all, &plain);
    pictures_let_go(all, &turned);
    pictures_destroy(all);
}

static void pressure_drops_what_nobody_holds_and_it_comes_again(void **state)
{
    (void)state;
    pictures *all;
    assert_int_equal(pictures_create(NULL, 2000, &all), FIRN_OK);
    picture held = get(all, "24x16.jpg", 1), free_one = get(all, "3x2.png", 2);
    pictures_let_go(all, &free_one);
    assert_int_equal(pictures_bytes(all), 24 * 16 * 4 + 24);
    assert_int_equal(pictures_drop(all, 0), 24);
    free_one = get(all, "3x2.png", 2);
    check_pixel(&free_one, 1, 0, 0, 255, 0, 255, 0);
    size_t size;
    picture none;
    uint8_t *data = sample("24x16-turned.jpg", &size);
    assert_int_equal(pictures_get(all, 3, data, size, &none), FIRN_LIMIT);
    pictures_let_go(all, &held);
    pictures_let_go(all, &free_one);
    assert_int_equal(pictures_get(all, 3, data, size, &none), FIRN_OK); /* the oldest made room */
    pictures_let_go(all, &none);
    free(data);
    pictures_destroy(all);
}

static void hostile_pictures_are_refused(void **state)
{
    (void)state;
    pictures *all;
    picture none;
    size_t size;
    assert_int_equal(pictures_create(NULL, 0, &all), FIRN_OK);
    uint8_t *data = sample("3x2.png", &size);
    memcpy(data + 16, "\0\0\x40\0\0\0\x40\0", 8); /* 16,384 by 16,384 */
    assert_int_equal(pictures_get(all, 1, data, size, &none), FIRN_LIMIT);
    memcpy(data + 16, "\0\0\0\3\0\0\0\x40", 8);
    assert_int_equal(pictures_get(all, 1, data, size, &none), FIRN_CORRUPT);
    free(data);
    data = sample("24x16.jpg", &size);
    assert_int_equal(pictures_get(all, 1, data, size / 2, &none), FIRN_CORRUPT);
    free(data);
    data = sample("5x4.gif", &size);
    assert_int_equal(pictures_get(all, 1, data, size, &none), FIRN_UNSUPPORTED);
    free(data);
    assert_int_equal(pictures_bytes(all), 0);
    pictures_destroy(all);
}

static void a_decoder_that_crashes_harms_nobody(void **state)
{
    (void)state;
    const picture_size none = {.kind = PICTURE_NONE, .width = 4, .height = 4, .orientation = 1};
    uint8_t pixels[64] = {7};
    assert_int_equal(decode_confined(&none, "x", 1, pixels), FIRN_CORRUPT); /* has no decoder */
    assert_int_equal(pixels[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_as_browsers_tell_them),
        cmocka_unit_test(an_svg_is_measured_by_what_it_says),
        cmocka_unit_test(pixels_are_those_of_the_file),
        cmocka_unit_test(pressure_drops_what_nobody_holds_and_it_comes_again),
        cmocka_unit_test(hostile_pictures_are_refused),
        cmocka_unit_test(a_decoder_that_crashes_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
