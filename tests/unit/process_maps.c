/* Reading the kernel's lists of mappings. */
#include "region/process_maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { CAPACITY = 16 };

static firn_mapping mappings[CAPACITY];
static size_t count;

static firn_status parse(const char *text)
{
    return firn_maps_parse(text, strlen(text), mappings, CAPACITY, &count);
}

static void the_kernels_list_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "55f0c0a00000-55f0c0a02000 r--p 00000000 fe:00 1234   /usr/bin/a program\n"
        "55f0c0a02000-55f0c0a05000 rw-p 00002000 fe:00 1234   /usr/bin/a program\n"
        "55f0c1000000-55f0c1021000 rw-p 00000000 00:00 0      [heap]\n"
        "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n"
        "7f0000002000-7f0000003000 rw-s 00000000 00:01 99     /dev/zero (deleted)\n"
        "7ffd10000000-7ffd10021000 rw-p 00000000 00:00 0      [stack]\n"
        "7ffd10100000-7ffd10104000 r--p 00000000 00:00 0      [vvar]\n"
        "7ffd10104000-7ffd10106000 r-xp 00000000 00:00 0      [vdso]\n"
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";
    static const firn_mapping_kind kinds[] = {
        FIRN_MAPPING_FILE,      FIRN_MAPPING_FILE,    FIRN_MAPPING_ANONYMOUS,
        FIRN_MAPPING_ANONYMOUS, FIRN_MAPPING_SHARED,  FIRN_MAPPING_STACK,
        FIRN_MAPPING_SPECIAL,   FIRN_MAPPING_SPECIAL, FIRN_MAPPING_SPECIAL,
    };
    assert_int_equal(parse(text), FIRN_OK);
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(mappings[i].kind, kinds[i]);
    const firn_mapping *second = &mappings[1];
    assert_int_equal(second->start, 0x55f0c0a02000);
    assert_int_equal(second->end, 0x55f0c0a05000);
    assert_int_equal(second->rights, FIRN_MAPPING_READ | FIRN_MAPPING_WRITE);
    assert_int_equal(second->offset, 0x2000);
    assert_int_equal(second->device, 0xfe << 20);
    assert_int_equal(second->inode, 1234);
    assert_memory_equal(text + second->name_at, "/usr/bin/a program", second->name_bytes);
    assert_int_equal(second->name_bytes, strlen("/usr/bin/a program"));
    assert_int_equal(mappings[3].rights, 0);
    assert_int_equal(mappings[3].name_bytes, 0);
    assert_int_equal(mappings[8].rights, FIRN_MAPPING_EXECUTE);
}

static void flags_of_smaps_tell_what_a_copy_would_lack(void **state)
{
    (void)state;
    assert_int_equal(parse("1000-2000 rw-p 00000000 00:00 0 \n"
                           "Size:                  4 kB\n"
                           "VmFlags: rd wr mr mw me ac sd \n"
                           "2000-3000 rw-p 00000000 00:00 0 \n"
                           "VmFlags: rd wr mr mw me lo ac sd \n"
                           "3000-4000 rw-p 00000000 00:00 0 \n"
                           "VmFlags: rd wr wf\n"),
                     FIRN_OK);
    assert_int_equal(count, 3);
    assert_int_equal(mappings[0].flags, 0);
    assert_int_equal(mappings[1].flags, FIRN_MAPPING_PECULIAR);
    assert_int_equal(mappings[2].flags, FIRN_MAPPING_PECULIAR);
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "1000-2000 rw-p 00000000 00:00 0",                        /* cut off */
        "2000-1000 rw-p 00000000 00:00 0 \n",                     /* turned round */
        "1000-1000 rw-p 00000000 00:00 0 \n",                     /* empty */
        "1001-2000 rw-p 00000000 00:00 0 \n",                     /* no page */
        "1000-2000 rwp 00000000 00:00 0 \n",                      /* rights */
        "1000-2000 rw-q 00000000 00:00 0 \n",                     /* rights */
        "1000-2000 zw-p 00000000 00:00 0 \n",                     /* rights */
        "1000-2000\n",                                            /* short */
        "11111111111111111000-2000 rw-p 00000000 00:00 0 \n",     /* 65 bits */
        "1000-2000 rw-p 00000000 00:00 99999999999999999999 \n",  /* 67 bits */
        "1000-2000 rw-p 00000000 1000:00 0 \n",                   /* major */
        "1000-3000 rw-p 0 00:00 0 \n2000-4000 rw-p 0 00:00 0 \n", /* overlap */
        "3000-4000 rw-p 0 00:00 0 \n1000-2000 rw-p 0 00:00 0 \n", /* order */
        "\n",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(parse(broken[i]), FIRN_CORRUPT);
    assert_int_equal(parse(""), FIRN_OK);
    assert_int_equal(count, 0);
    assert_int_equal(parse("VmFlags: lo\n"), FIRN_OK);
    const char *two = "1000-2000 rw-p 0 00:00 0 \n2000-3000 rw-p 0 00:00 0 \n";
    assert_int_equal(firn_maps_parse(two, strlen(two), mappings, 1, &count), FIRN_LIMIT);
}

static void a_mapping_is_found_by_address(void **state)
{
    (void)state;
    assert_int_equal(parse("1000-3000 rw-p 00000000 00:00 0 \n"
                           "5000-6000 rw-p 00001000 08:01 7 /f\n"
                           "6000-8000 r--p 00002000 08:01 7 /f\n"),
                     FIRN_OK);
    assert_int_equal(firn_maps_find(mappings, count, 0), 0);
    assert_int_equal(firn_maps_find(mappings, count, 0x2fff), 0);
    assert_int_equal(firn_maps_find(mappings, count, 0x3000), 1);
    assert_int_equal(firn_maps_find(mappings, count, 0x6000), 2);
    assert_int_equal(firn_maps_find(mappings, count, 0x8000), 3);
    assert_true(firn_mapping_same_content(&mappings[1], &mappings[2], 0x6000));
    assert_false(firn_mapping_same_content(&mappings[0], &mappings[1], 0x5000));
    firn_mapping moved = mappings[2];
    moved.offset += 4096;
    assert_false(firn_mapping_same_content(&moved, &mappings[2], 0x6000));
    moved = mappings[2];
    moved.inode++;
    assert_false(firn_mapping_same_content(&moved, &mappings[2], 0x6000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernels_list_is_read),
        cmocka_unit_test(flags_of_smaps_tell_what_a_copy_would_lack),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_mapping_is_found_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
