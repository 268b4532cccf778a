/* Images of processes as bytes: what is one and what is not. */
#include "support/process_image.h"

#include <firn/process.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static hand_made made_image;

static firn_process_image_header *header_of(hand_made *made)
{
    return (firn_process_image_header *)(void *)made->image;
}

static int set_up(void **state)
{
    (void)state;
    make_image(&made_image);
    return 0;
}

static firn_status look(firn_error *error)
{
    firn_process_image_info info;
    return firn_process_image_look(made_image.image, made_image.size, &info, error);
}

static void an_image_tells_what_it_is(void **state)
{
    (void)state;
    firn_process_image_info info;
    assert_int_equal(firn_process_image_look(made_image.image, made_image.size, &info, NULL),
                     FIRN_OK);
    assert_int_equal(info.template_id, 5);
    assert_int_equal(info.private_bytes, 4096);
    assert_int_equal(info.mapping_count, MADE_MAPPINGS);
    assert_int_equal(info.process, 77);
    assert_true(info.rebuildable);
    assert_int_equal(firn_process_image_look(NULL, 0, &info, NULL), FIRN_INVALID);
}

static void an_image_with_any_bit_flipped_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < made_image.size * 8; bit++) {
        firn_error error;
        made_image.image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(look(&error), bit < 32 ? FIRN_NOT_STORE : FIRN_CORRUPT);
        assert_int_equal(error.status, bit < 32 ? FIRN_NOT_STORE : FIRN_CORRUPT);
        made_image.image[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(look(NULL), FIRN_OK);
}

static void a_cut_image_is_refused(void **state)
{
    (void)state;
    firn_process_image_info info;
    for (size_t size = 0; size < made_image.size; size++) {
        uint8_t *copy = malloc(size > 0 ? size : 1);
        memcpy(copy, made_image.image, size);
        firn_status status = firn_process_image_look(copy, size, &info, NULL);
        assert_true(status == FIRN_NOT_STORE || status == FIRN_CORRUPT);
        free(copy);
    }
}

static void check_refused(firn_status wanted, const char *word)
{
    firn_error error;
    firn_process_image_finish(header_of(&made_image));
    assert_int_equal(look(&error), wanted);
    assert_non_null(strstr(error.text, word));
    make_image(&made_image);
}

static void images_of_others_are_refused_by_name(void **state)
{
    (void)state;
    firn_process_image_header *header = header_of(&made_image);
    header->version++;
    check_refused(FIRN_VERSION, "later version");
    header->machine = 183;
    check_refused(FIRN_UNSUPPORTED, "machine");
    header->page_bytes = 65536;
    check_refused(FIRN_UNSUPPORTED, "machine");
    header->build ^= 1;
    check_refused(FIRN_UNSUPPORTED, "build");
    header->version = 0;
    check_refused(FIRN_CORRUPT, "fit");
    header->tables_at = made_image.size + 1;
    check_refused(FIRN_CORRUPT, "fit");
    header->mapping_count = 0;
    check_refused(FIRN_CORRUPT, "fit");
}

static bool tables_fit(void)
{
    firn_process_image_tables tables =
        firn_process_image_tables_in(header_of(&made_image), made_image.tables);
    return firn_process_image_tables_check(header_of(&made_image), &tables);
}

/* Sets a field and looks whether the tables are refused. */
#define CHECK_TABLE(field, value)                                                                  \
    do {                                                                                           \
        firn_process_image_tables tables =                                                         \
            firn_process_image_tables_in(header_of(&made_image), made_image.tables);               \
        tables.field = (value);                                                                    \
        assert_false(tables_fit());                                                                \
        make_image(&made_image);                                                                   \
        assert_true(tables_fit());                                                                 \
    } while (0)

static void tables_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    assert_true(tables_fit());
    CHECK_TABLE(mappings[0].start, 0x10001);
    CHECK_TABLE(mappings[0].start, 0x20000);
    CHECK_TABLE(mappings[0].end, 0x31000); /* overlaps the next */
    CHECK_TABLE(mappings[0].kind, FIRN_MAPPING_WINDOW + 1);
    CHECK_TABLE(mappings[0].kind, FIRN_MAPPING_SHARED); /* with pages */
    CHECK_TABLE(mappings[0].rights, 8);
    CHECK_TABLE(mappings[1].offset, 5);
    CHECK_TABLE(mappings[1].name_bytes, 5);
    CHECK_TABLE(mappings[1].name_at, 1);
    CHECK_TABLE(mappings[2].kind, FIRN_MAPPING_ANONYMOUS); /* the context is not on a stack */
    CHECK_TABLE(mappings[2].end, 0x52000 - 4096);          /* the context reaches out of it */
    CHECK_TABLE(runs[0].page_count, 0);
    CHECK_TABLE(runs[0].page_count, 2); /* other pages than there are */
    CHECK_TABLE(runs[0].start, 0x11001);
    CHECK_TABLE(runs[0].start, 0x13000); /* behind the next */
    CHECK_TABLE(runs[1].start, 0x1f000); /* out of its mapping */
    CHECK_TABLE(runs[1].start, 0x28000); /* in none */
    CHECK_TABLE(runs[1].kind, 2);
    CHECK_TABLE(signals[0].number, 0);
    CHECK_TABLE(signals[0].number, 65);
}

static void blocks_come_back_with_their_prefix_only(void **state)
{
    (void)state;
    static uint8_t data[FIRN_BLOCK_BYTES], prefix[FIRN_BLOCK_BYTES];
    static uint8_t packed[FIRN_BLOCK_BYTES + 8], plain[FIRN_BLOCK_BYTES];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        random = random * 1664525 + 1013904223;
        prefix[i] = data[i] = (uint8_t)(random >> 24);
    }
    data[777] ^= 1;
    const size_t pack = firn_block_packer_bytes(3);
    const size_t unpack = firn_block_unpacker_bytes();
    void *pack_memory = malloc(pack), *unpack_memory = malloc(unpack);
    assert_null(firn_block_packer_init(pack_memory, pack - 1, 3));
    assert_null(firn_block_unpacker_init(unpack_memory, unpack - 1));
    firn_block_packer *packer = firn_block_packer_init(pack_memory, pack, 3);
    firn_block_unpacker *unpacker = firn_block_unpacker_init(unpack_memory, unpack);
    size_t size =
        firn_process_image_block_pack(packer, prefix, sizeof prefix, data, sizeof data, packed);
    assert_in_range(size, 1, 100);
    uint64_t at = 0;
    assert_true(firn_process_image_block_unpack(unpacker, packed, size, &at, prefix, sizeof prefix,
                                                plain, sizeof plain));
    assert_int_equal(at, size);
    assert_memory_equal(plain, data, sizeof data);
    at = 0;
    prefix[40000] ^= 1;
    assert_false(firn_process_image_block_unpack(unpacker, packed, size, &at, prefix, sizeof prefix,
                                                 plain, sizeof plain));
    /* Without one, noise stays as it is. */
    size = firn_process_image_block_pack(packer, NULL, 0, data, sizeof data, packed);
    assert_int_equal(size, sizeof packed);
    at = 0;
    assert_true(
        firn_process_image_block_unpack(unpacker, packed, size, &at, NULL, 0, plain, sizeof plain));
    assert_memory_equal(plain, data, sizeof data);
    free(pack_memory);
    free(unpack_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_tells_what_it_is),
        cmocka_unit_test(an_image_with_any_bit_flipped_is_refused),
        cmocka_unit_test(a_cut_image_is_refused),
        cmocka_unit_test(images_of_others_are_refused_by_name),
        cmocka_unit_test(tables_that_do_not_fit_are_refused),
        cmocka_unit_test(blocks_come_back_with_their_prefix_only),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
