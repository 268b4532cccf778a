/* What the machine has: parsed from made-up /proc and cgroup folders, and asked of this machine. */
#include "core/system.h"
#include "core/cgroup.h"
#include "core/kernel_text.h"
#include "core/page.h"
#include "core/pressure.h"

#include "support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static char root[TEMPDIR_PATH_BYTES];

/* Writes a file below the root, with the folders above it. */
static void put(const char *path, const char *text)
{
    char whole[2 * TEMPDIR_PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s%s", root, path);
    for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(whole, 0777);
        *at = '/';
    }
    tempdir_write(whole, text, strlen(text));
}

static int make_root(void **state)
{
    (void)state;
    tempdir_make(root);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

static void put_meminfo(void)
{
    put("/proc/meminfo", "MemTotal:       16777216 kB\n"
                         "MemFree:         1048576 kB\n"
                         "MemAvailable:    8388608 kB\n");
}

static void without_a_cgroup_the_machine_counts(void **state)
{
    (void)state;
    put_meminfo();
    assert_int_equal(firn_memory_available_at(root), 8 * GIB);
    assert_int_equal(firn_memory_limit_at(root), 16 * GIB);
}

static void without_any_file_nothing_is_available(void **state)
{
    (void)state;
    assert_int_equal(firn_memory_available_at(root), 0);
    firn_process_memory memory;
    assert_int_equal(firn_process_memory_at(root, &memory), FIRN_IO);
    assert_int_equal(firn_cgroup_processors(root), UINT32_MAX);
}

static void put_v2(const char *mounted)
{
    char line[256];
    put("/proc/self/cgroup", "0::/a.slice/b.scope\n");
    snprintf(line, sizeof(line),
             "22 1 0:5 / /proc rw - proc proc rw\n"
             "30 22 0:26 %s /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
             mounted);
    put("/proc/self/mountinfo", line);
}

static void the_least_limit_of_all_ancestors_counts_v2(void **state)
{
    (void)state;
    put_meminfo();
    put_v2("/");
    put("/sys/fs/cgroup/a.slice/memory.max", "2147483648\n");
    put("/sys/fs/cgroup/a.slice/memory.current", "2046820352\n"); /* 96 MiB less */
    put("/sys/fs/cgroup/a.slice/b.scope/memory.max", "max\n");
    put("/sys/fs/cgroup/a.slice/b.scope/memory.high", "3221225472\n");
    put("/sys/fs/cgroup/a.slice/b.scope/memory.current", "1073741824\n");
    assert_int_equal(firn_memory_limit_at(root), 2 * GIB);
    assert_int_equal(firn_memory_available_at(root), 96 * MIB);
    put("/sys/fs/cgroup/a.slice/b.scope/memory.high", "1610612736\n");
    assert_int_equal(firn_memory_limit_at(root), 1536 * MIB);
    put("/sys/fs/cgroup/memory.max", "1073741824\n"); /* of a container, where its root is seen */
    assert_int_equal(firn_memory_limit_at(root), 1 * GIB);
    assert_int_equal(firn_memory_available_at(root), 96 * MIB);
}

static void files_read_long_ago_count_as_free_memory(void **state)
{
    (void)state;
    put_meminfo();
    put_v2("/");
    put("/sys/fs/cgroup/a.slice/memory.max", "2147483648\n");
    put("/sys/fs/cgroup/a.slice/memory.current", "2147483648\n");
    put("/sys/fs/cgroup/a.slice/memory.stat", "anon 5\ninactive_file 1048576\nfile 9\n");
    assert_int_equal(firn_memory_available_at(root), 1 * MIB);
}

static void a_group_over_its_limit_has_no_room(void **state)
{
    (void)state;
    put_meminfo();
    put_v2("/");
    put("/sys/fs/cgroup/a.slice/b.scope/memory.max", "1000000\n");
    put("/sys/fs/cgroup/a.slice/b.scope/memory.current", "1000001\n");
    firn_cgroup_memory memory;
    firn_cgroup_memory_get(root, &memory);
    assert_int_equal(memory.room_bytes, 0);
    assert_int_equal(memory.limit_bytes, 1000000);
}

static void the_mounted_part_of_the_hierarchy_is_taken_off(void **state)
{
    (void)state;
    put_v2("/a.slice");
    put("/sys/fs/cgroup/b.scope/memory.max", "4096000\n");
    put("/sys/fs/cgroup/b.scope/memory.current", "0\n");
    firn_cgroup_memory memory;
    firn_cgroup_memory_get(root, &memory);
    assert_int_equal(memory.limit_bytes, 4096000);
}

static void a_group_outside_the_mounted_part_gives_its_root(void **state)
{
    (void)state;
    put_v2("/a.slic"); /* a prefix of the name, but another group */
    put("/sys/fs/cgroup/memory.max", "8192000\n");
    put("/sys/fs/cgroup/e/b.scope/memory.max", "1\n");
    firn_cgroup_memory memory;
    firn_cgroup_memory_get(root, &memory);
    assert_int_equal(memory.limit_bytes, 8192000);
}

static void put_v1(void)
{
    put("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n"
                             "0::/\n");
    put("/proc/self/mountinfo",
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
        "32 31 0:29 /docker/x /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
}

static void limits_of_v1_count_too(void **state)
{
    (void)state;
    put_meminfo();
    put_v1();
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "123456789\n");
    firn_cgroup_memory memory;
    firn_cgroup_memory_get(root, &memory);
    assert_int_equal(memory.limit_bytes, UINT64_MAX);
    put("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "1073741824\n");
    put("/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "805306368\n");
    put("/sys/fs/cgroup/memory/docker/x/memory.stat", "inactive_file 7\n"
                                                      "total_inactive_file 268435456\n");
    assert_int_equal(firn_memory_limit_at(root), 1 * GIB);
    assert_int_equal(firn_memory_available_at(root), 512 * MIB);
}

static void quotas_of_processors_are_rounded_up(void **state)
{
    (void)state;
    put_v2("/");
    put("/sys/fs/cgroup/a.slice/cpu.max", "max 100000\n");
    assert_int_equal(firn_cgroup_processors(root), UINT32_MAX);
    put("/sys/fs/cgroup/a.slice/cpu.max", "250000 100000\n");
    assert_int_equal(firn_cgroup_processors(root), 3);
    put("/sys/fs/cgroup/a.slice/b.scope/cpu.max", "1000 100000\n");
    assert_int_equal(firn_cgroup_processors(root), 1);
    put_v1();
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(firn_cgroup_processors(root), UINT32_MAX);
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    assert_int_equal(firn_cgroup_processors(root), 4);
}

static void figures_of_the_process_come_from_smaps(void **state)
{
    (void)state;
    put("/proc/self/status", "Name:\tx\nVmHWM:\t    5000 kB\nVmRSS:\t    3900 kB\n");
    put("/proc/self/smaps", "00-01 r--p\nRss:  1000 kB\nPss:  400 kB\nPss_Anon: 1 kB\n"
                            "01-02 r--p\nRss:  2000 kB\nPss:  500 kB\n");
    firn_process_memory memory;
    assert_int_equal(firn_process_memory_at(root, &memory), FIRN_OK);
    assert_int_equal(memory.rss_bytes, 3000 * 1024);
    assert_int_equal(memory.pss_bytes, 900 * 1024);
    assert_int_equal(memory.peak_rss_bytes, 5000 * 1024);
    put("/proc/self/smaps_rollup", "00-01 [rollup]\nRss:  6000 kB\nPss:  700 kB\n");
    assert_int_equal(firn_process_memory_at(root, &memory), FIRN_OK);
    assert_int_equal(memory.rss_bytes, 6000 * 1024);
    assert_int_equal(memory.pss_bytes, 700 * 1024);
    assert_int_equal(memory.peak_rss_bytes, 6000 * 1024);
}

static void stalls_of_the_machine_and_of_the_group_count(void **state)
{
    (void)state;
    uint32_t share = 7;
    assert_false(firn_pressure_memory(root, &share));
    assert_int_equal(share, 7);
    put("/proc/pressure/memory", "some avg10=1.50 avg60=0.00 avg300=0.00 total=0\n"
                                 "full avg10=9.00 avg60=0.00 avg300=0.00 total=0\n");
    assert_true(firn_pressure_memory(root, &share));
    assert_int_equal(share, 150);
    put_v2("/");
    put("/sys/fs/cgroup/a.slice/b.scope/memory.pressure", "some avg10=23.07 avg60=0.00\n");
    assert_true(firn_pressure_memory(root, &share));
    assert_int_equal(share, 2307);
    put("/sys/fs/cgroup/a.slice/b.scope/memory.pressure", "some avg10=0.20 avg60=0.00\n");
    assert_true(firn_pressure_memory(root, &share));
    assert_int_equal(share, 150);
    put("/proc/pressure/memory", "some avg10=wrong\n");
    assert_true(firn_pressure_memory(root, &share));
    assert_int_equal(share, 20);
}

static void broken_files_of_the_kernel_are_let_pass(void **state)
{
    (void)state;
    put("/proc/meminfo",
        "MemAvailable\nMemAvailable:\nMemAvailable: -5 kB\nMemAvailable: 9 MB\n"
        "MemAvailable: 99999999999999999999 kB\nMemTotal: 18446744073709551615 kB");
    put("/proc/self/cgroup", "\n:\n0\n0:\n");
    put("/proc/self/mountinfo", "x\n - \n1 2 - cgroup2\n1 2 3 4 5 - cgroup2 x\n");
    assert_int_equal(firn_memory_available_at(root), 0);
    assert_int_equal(firn_memory_limit_at(root), UINT64_MAX);
    put("/proc/self/cgroup", "0::/x\n");
    assert_int_equal(firn_memory_available_at(root), 0);
    put("/proc/meminfo", "MemTotal2 5 kB\nMemTotal: 3 kB\nMemTotal: 18014398509481983 kB\n");
    assert_int_equal(firn_memory_limit_at(root), 3 * 1024);
}

static void lines_of_any_length_are_read(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, 'a', sizeof(text));
    memcpy(text, "first\n\n", 7);
    text[4200] = '\n'; /* cut: the buffer holds 4,095 bytes */
    memcpy(text + 4201, "third\n", 6);
    memcpy(text + sizeof(text) - 7, "\nlast", 6);
    put("/lines", text);
    firn_kernel_lines lines;
    assert_true(firn_kernel_lines_open(&lines, root, "/lines"));
    assert_string_equal(firn_kernel_lines_next(&lines), "first");
    assert_string_equal(firn_kernel_lines_next(&lines), "");
    const char *cut = firn_kernel_lines_next(&lines);
    assert_int_equal(strlen(cut), 4095);
    assert_int_equal(strspn(cut, "a"), 4095);
    assert_string_equal(firn_kernel_lines_next(&lines), "third");
    assert_int_equal(strlen(firn_kernel_lines_next(&lines)), 4095);
    assert_string_equal(firn_kernel_lines_next(&lines), "last");
    assert_null(firn_kernel_lines_next(&lines));
    firn_kernel_lines_close(&lines);
}

static void this_machine_has_plausible_figures(void **state)
{
    (void)state;
    uint64_t limit = firn_memory_limit_bytes();
    uint64_t available = firn_memory_available_bytes();
    assert_true(limit >= 64 * MIB && limit < UINT64_MAX);
    assert_true(available > 0 && available <= limit);
    assert_true(firn_processor_count() >= 1);
    uint64_t before = firn_clock_ns();
    assert_true(firn_clock_ns() >= before);
}

static void memory_that_is_used_shows_in_the_process(void **state)
{
    (void)state;
    const size_t size = 64 * MIB;
    firn_process_memory before, used, after;
    assert_int_equal(firn_process_memory_get(&before), FIRN_OK);
    uint8_t *pages = firn_page_map(size);
    assert_non_null(pages);
    memset(pages, 1, size);
    assert_int_equal(firn_process_memory_get(&used), FIRN_OK);
    assert_true(used.rss_bytes >= before.rss_bytes + size);
    /* Other processes that start meanwhile take their share of the libraries, sanitizers among
     * them. */
    assert_true(used.pss_bytes + 16 * MIB >= before.pss_bytes + size);
    firn_page_discard(pages, size / 2);
    assert_int_equal(pages[0], 0);
    assert_int_equal(pages[size / 2], 1);
    firn_page_unmap(pages, size);
    assert_int_equal(firn_process_memory_get(&after), FIRN_OK);
    assert_true(after.rss_bytes < before.rss_bytes + size / 2);
    assert_true(after.peak_rss_bytes >= size);
}

static void sizes_are_rounded_up_to_pages(void **state)
{
    (void)state;
    size_t page = firn_page_size();
    assert_true(page >= 4096 && (page & (page - 1)) == 0);
    assert_int_equal(firn_page_round(0), 0);
    assert_int_equal(firn_page_round(1), page);
    assert_int_equal(firn_page_round(page), page);
    assert_int_equal(firn_page_round(page + 1), 2 * page);
    assert_int_equal(firn_page_round(SIZE_MAX), 0);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(without_a_cgroup_the_machine_counts),
        WITH_ROOT(without_any_file_nothing_is_available),
        WITH_ROOT(the_least_limit_of_all_ancestors_counts_v2),
        WITH_ROOT(files_read_long_ago_count_as_free_memory),
        WITH_ROOT(a_group_over_its_limit_has_no_room),
        WITH_ROOT(the_mounted_part_of_the_hierarchy_is_taken_off),
        WITH_ROOT(a_group_outside_the_mounted_part_gives_its_root),
        WITH_ROOT(limits_of_v1_count_too),
        WITH_ROOT(quotas_of_processors_are_rounded_up),
        WITH_ROOT(figures_of_the_process_come_from_smaps),
        WITH_ROOT(broken_files_of_the_kernel_are_let_pass),
        WITH_ROOT(lines_of_any_length_are_read),
        WITH_ROOT(stalls_of_the_machine_and_of_the_group_count),
        cmocka_unit_test(this_machine_has_plausible_figures),
        cmocka_unit_test(memory_that_is_used_shows_in_the_process),
        cmocka_unit_test(sizes_are_rounded_up_to_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
