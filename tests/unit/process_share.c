/* Pages that processes alike have in common: what is shared, that nobody sees what another writes,
 * what is refused, and that no file can make a process anything but what it was. */
#include "support/process_zygote.h"

#include "region/process_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { STEPS = 200, ROUNDS = 40, PLAIN_PAGES = 600 };

static int file = -1; /* of shared pages; all children have it */
static unsigned char *plain;

static void run(void (*body)(void))
{
    int status = in_zygote(body);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void okay(firn_status status, const firn_error *error)
{
    if (status != FIRN_OK)
        fprintf(stderr, "%s\n", error->text);
    must(status == FIRN_OK);
}

/* What all children do alike: they begin with the same random numbers. */
static void live(void)
{
    state_change(STEPS);
    plain = mmap(NULL, PLAIN_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(plain != MAP_FAILED);
    for (size_t i = 0; i < PLAIN_PAGES; i++)
        memset(plain + i * PAGE_BYTES, (int)i % 255 + 1, PAGE_BYTES);
}

static void write_file(void)
{
    firn_error error;
    firn_process_share_result result;
    live();
    const uint64_t digest = state_digest();
    okay(firn_process_share_write(zygote, NULL, file, &result, &error), &error);
    must(state_digest() == digest);
    must(result.shared_bytes > PLAIN_PAGES * PAGE_BYTES &&
         result.shared_bytes <= result.private_bytes);
}

static void make_file(void)
{
    firn_error error;
    okay(firn_process_share_create(&file, &error), &error);
    must(in_child(write_file) == 0);
    okay(firn_process_share_seal(file, &error), &error);
}

static size_t mapping_count(void)
{
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    must(maps != NULL);
    for (int byte; (byte = getc(maps)) != EOF;)
        count += byte == '\n';
    fclose(maps);
    return count;
}

static firn_process_share_result map_file(unsigned least_percent)
{
    firn_error error;
    firn_process_share_result result;
    const firn_process_share_options options = {.least_percent = least_percent};
    const uint64_t digest = state_digest();
    okay(firn_process_share_map(zygote, &options, file, &result, &error), &error);
    must(state_digest() == digest);
    must(mapping_count() <= FIRN_PROCESS_SHARE_MAPPINGS_MAX);
    return result;
}

static uint64_t field_bytes(const char *name)
{
    char line[256];
    unsigned long kilobytes;
    uint64_t total = 0;
    const size_t size = strlen(name);
    FILE *rollup = fopen("/proc/self/smaps_rollup", "re");
    must(rollup != NULL);
    while (fgets(line, sizeof line, rollup) != NULL) {
        if (strncmp(line, name, size) == 0 && sscanf(line + size, ": %lu", &kilobytes) == 1)
            total = (uint64_t)kilobytes << 10;
    }
    fclose(rollup);
    return total;
}

/* --- what is shared --- */

static void share_in_child(void)
{
    live();
    const uint64_t before = field_bytes("Anonymous");
    firn_process_share_result result = map_file(50);
    must(result.shared_bytes * 10 > result.private_bytes * 9);
    must(field_bytes("Anonymous") + result.shared_bytes <= before + (256 << 10));
    /* what is written is own again, and what is as it was is not */
    memset(plain, 77, 20 * PAGE_BYTES);
    for (size_t i = 20; i < 40; i++)
        ((volatile unsigned char *)plain)[i * PAGE_BYTES] ^= 255;
    for (size_t i = 20; i < 40; i++)
        ((volatile unsigned char *)plain)[i * PAGE_BYTES] ^= 255;
    result = map_file(0);
    must(result.shared_bytes >= 20 * PAGE_BYTES && result.shared_bytes < 60 * PAGE_BYTES);
    must(plain[0] == 77 && plain[20 * PAGE_BYTES] == 21 && plain[40 * PAGE_BYTES] == 41);
    firn_error error;
    okay(firn_process_share_end(zygote, &error), &error);
    okay(firn_process_share_end(zygote, &error), &error);
    must(plain[0] == 77 && plain[20 * PAGE_BYTES] == 21 && plain[40 * PAGE_BYTES] == 41);
    must(field_bytes("Anonymous") + (256 << 10) >= before && zygote->share_count == 0);
}

static void see_the_file_as_it_was(void)
{
    live();
    (void)map_file(50);
    must(plain[0] == 1 && plain[20 * PAGE_BYTES] == 21);
}

static void share_in_zygote(void)
{
    make_file();
    must(in_child(share_in_child) == 0);
    must(in_child(see_the_file_as_it_was) == 0);
}

static void what_is_alike_exists_once_until_it_is_written(void **state)
{
    (void)state;
    run(share_in_zygote);
}

static void share_little(void)
{
    live();
    for (size_t i = 0; i < PLAIN_PAGES; i++) {
        if (i % 8 != 0)
            plain[i * PAGE_BYTES] = 0;
    }
    must(map_file(95).shared_bytes == 0 && zygote->share_count == 0);
    must(map_file(0).shared_bytes > 0 && zygote->share_count == 1);
}

static void little_in_zygote(void)
{
    make_file();
    must(in_child(share_little) == 0);
}

static void nothing_is_mapped_where_too_little_is_alike(void **state)
{
    (void)state;
    run(little_in_zygote);
}

/* --- many lives --- */

static void one_of(unsigned what)
{
    static const firn_process_hibernate_options options = {.husk = husk_idle, .verify = true};
    firn_error error;
    uint64_t bytes;
    if (what == 0)
        okay(firn_process_hibernate(zygote, &options, NULL, &error), &error);
    else if (what == 1)
        okay(firn_process_merge(zygote, &bytes, &error), &error);
    else if (what == 2)
        okay(firn_process_share_end(zygote, &error), &error);
    else
        (void)map_file(0);
}

static void live_on(void)
{
    live();
    for (unsigned i = 0; i < ROUNDS; i++) {
        one_of(random_below(6));
        state_change(10);
        plain[random_below(PLAIN_PAGES * PAGE_BYTES)]++;
        uint64_t digest = digest_bytes(state_digest(), plain, PLAIN_PAGES * PAGE_BYTES);
        one_of(random_below(6));
        must(digest_bytes(state_digest(), plain, PLAIN_PAGES * PAGE_BYTES) == digest);
    }
}

static void freeze_shared(void)
{
    const firn_process_hibernate_options options = {.husk = husk_freeze, .level = 3};
    firn_process_result result;
    firn_error error;
    live();
    (void)map_file(50);
    state_change(20);
    common->digest = state_digest();
    okay(firn_process_hibernate(zygote, &options, &result, &error), &error);
    must(result.rebuilt && state_digest() == common->digest && zygote->share_count == 0);
    must(map_file(0).shared_bytes > 0);
    common->generation++;
}

static void rebuild_where_another_shares(void)
{
    live();
    (void)map_file(50);
    rebuild_or_say();
}

static void lives_in_zygote(void)
{
    make_file();
    for (unsigned i = 0; i < 6; i++) {
        rng_seed(&state_random, rng_next(&state_random));
        must(in_child(live_on) == 0);
    }
    make_file();
    must(in_child(freeze_shared) == 40);
    must(in_child(rebuild_or_say) == 0 && common->generation == 1);
    must(in_child(rebuild_where_another_shares) == 0 && common->generation == 2);
}

static void a_process_that_shares_changes_sleeps_and_wakes_as_it_was(void **state)
{
    (void)state;
    run(lives_in_zygote);
}

/* What of the file one lives on to have, another has too. */
static void live_on_alike(void)
{
    live();
    (void)map_file(50);
    for (size_t i = 100; i < 300; i++)
        plain[i * PAGE_BYTES] = 200;
}

static void write_more(void)
{
    firn_error error;
    firn_process_share_result result;
    int more;
    okay(firn_process_share_create(&more, &error), &error);
    live_on_alike();
    okay(firn_process_share_write(zygote, NULL, more, &result, &error), &error);
    must(result.shared_bytes >= 200 * PAGE_BYTES && result.shared_bytes < 400 * PAGE_BYTES);
    okay(firn_process_share_seal(more, &error), &error);
    pid_t child = fork(); /* which has the file */
    if (child == 0) {
        okay(firn_process_share_end(zygote, &error), &error);
        for (size_t i = 100; i < 300; i++)
            plain[i * PAGE_BYTES] = (unsigned char)(i % 255 + 1);
        (void)map_file(50);
        for (size_t i = 100; i < 300; i++)
            plain[i * PAGE_BYTES] = 200;
        file = more;
        result = map_file(0);
        must(result.shared_bytes >= 200 * PAGE_BYTES && zygote->share_count == 2);
        for (size_t i = 0; i < PLAIN_PAGES; i++)
            must(plain[i * PAGE_BYTES] == (i >= 100 && i < 300 ? 200 : i % 255 + 1));
        one_of(0);
        must(zygote->share_count == 0 && plain[100 * PAGE_BYTES] == 200);
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child && status == 0);
}

static void share_with_many(void)
{
    firn_error error;
    live();
    for (unsigned i = 0; i < FIRN_PROCESS_SHARE_FILES_MAX + 1; i++) {
        plain[i * PAGE_BYTES]++;
        okay(firn_process_share_create(&file, &error), &error);
        okay(firn_process_share_write(zygote, NULL, file, NULL, &error), &error);
        okay(firn_process_share_seal(file, &error), &error);
        if (i < FIRN_PROCESS_SHARE_FILES_MAX)
            (void)map_file(0);
    }
    must(zygote->share_count == FIRN_PROCESS_SHARE_FILES_MAX);
    const uint64_t digest = state_digest();
    must(firn_process_share_map(zygote, NULL, file, NULL, &error) == FIRN_LIMIT);
    must(state_digest() == digest);
    okay(firn_process_share_end(zygote, &error), &error);
    must(zygote->share_count == 0 && state_digest() == digest);
}

static void more_in_zygote(void)
{
    make_file();
    must(in_child(write_more) == 0);
    must(in_child(share_with_many) == 0);
}

static void more_files_have_what_one_has_not(void **state)
{
    (void)state;
    run(more_in_zygote);
}

/* --- bounds --- */

enum { SINGLES = 6000 };

static void live_with_singles(void)
{
    live();
    plain = mmap(NULL, 2 * SINGLES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(plain != MAP_FAILED);
    for (size_t i = 0; i < 2 * SINGLES; i++)
        plain[i * PAGE_BYTES] = (unsigned char)(i % 2 == 0 ? 5 : getpid() % 255 + 1);
}

static void write_singles(void)
{
    firn_error error;
    live_with_singles();
    okay(firn_process_share_write(zygote, NULL, file, NULL, &error), &error);
}

static void map_singles(void)
{
    live_with_singles();
    const firn_process_share_result result = map_file(0);
    must(result.shared_bytes > 500 * PAGE_BYTES && result.shared_bytes < SINGLES * PAGE_BYTES);
    for (size_t i = 0; i < 2 * SINGLES; i++)
        must(plain[i * PAGE_BYTES] == (i % 2 == 0 ? 5 : getpid() % 255 + 1));
}

static void singles_in_zygote(void)
{
    firn_error error;
    okay(firn_process_share_create(&file, &error), &error);
    must(in_child(write_singles) == 0);
    okay(firn_process_share_seal(file, &error), &error);
    must(in_child(map_singles) == 0);
}

static void the_mappings_stay_within_their_bound(void **state)
{
    (void)state;
    run(singles_in_zygote);
}

static void share_but_kept(void)
{
    firn_error error;
    firn_process_share_result result;
    live();
    const firn_process_range kept = {plain + 5 * PAGE_BYTES, 1};
    const firn_process_share_options options = {.kept = &kept, .kept_count = 1};
    okay(firn_process_share_map(zygote, &options, file, &result, &error), &error);
    must(result.shared_bytes > 0);
    must(madvise(plain, PAGE_BYTES, MADV_DONTNEED) == 0);
    must(plain[0] == 0 && plain[PAGE_BYTES] == 2); /* still without a file */
}

static void kept_in_zygote(void)
{
    make_file();
    must(in_child(share_but_kept) == 0);
}

static void kept_memory_is_not_shared(void **state)
{
    (void)state;
    run(kept_in_zygote);
}

/* --- what is refused --- */

static void refuse_options(void)
{
    firn_error error;
    firn_process_share_result result;
    firn_process_share_options options = {.least_percent = 101};
    must(firn_process_share_map(zygote, &options, file, &result, &error) == FIRN_INVALID);
    must(firn_process_share_write(zygote, &options, file, &result, &error) == FIRN_INVALID);
    options = (firn_process_share_options){.kept_count = 1};
    must(firn_process_share_map(zygote, &options, file, &result, &error) == FIRN_INVALID);
    options = (firn_process_share_options){.reserved = {0, 0, 1}};
    must(firn_process_share_map(zygote, &options, file, &result, &error) == FIRN_INVALID);
    options = (firn_process_share_options){.reserved_too = 1};
    must(firn_process_share_map(zygote, &options, file, &result, &error) == FIRN_INVALID);
    must(firn_process_share_map(NULL, NULL, file, &result, &error) == FIRN_INVALID);
    must(firn_process_share_write(NULL, NULL, file, &result, &error) == FIRN_INVALID);
    must(firn_process_share_end(NULL, &error) == FIRN_INVALID);
    okay(firn_process_share_end(zygote, &error), &error);
}

static firn_status map_status(int fd)
{
    firn_error error = {0};
    const uint64_t digest = state_digest();
    firn_status status = firn_process_share_map(zygote, NULL, fd, NULL, &error);
    must(state_digest() == digest && (status == FIRN_OK || error.text[0] != '\0'));
    must(status == FIRN_OK || zygote->share_count == 0);
    return status;
}

static void refuse_files(void)
{
    firn_error error;
    int other, ends[2];
    must(map_status(-1) == FIRN_INVALID && pipe(ends) == 0 && map_status(ends[0]) == FIRN_INVALID);
    must(firn_process_share_seal(ends[0], &error) == FIRN_INVALID);
    must(firn_process_share_seal(-1, &error) == FIRN_INVALID);
    must(firn_process_share_write(zygote, NULL, ends[1], NULL, &error) == FIRN_INVALID);
    must(firn_process_share_write(zygote, NULL, file, NULL, &error) == FIRN_INVALID); /* sealed */
    okay(firn_process_share_create(&other, &error), &error);
    must(map_status(other) == FIRN_INVALID);
    must(fcntl(other, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    must(map_status(other) == FIRN_INVALID); /* one seal is missing */
    okay(firn_process_share_seal(other, &error), &error);
    must(map_status(other) == FIRN_NOT_STORE); /* nothing is in it */
    other = memfd_create("small", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    must(ftruncate(other, 1 << 20) == 0);
    must(firn_process_share_write(zygote, NULL, other, NULL, &error) == FIRN_INVALID);
    okay(firn_process_share_seal(other, &error), &error);
    must(map_status(other) == FIRN_NOT_STORE);
    okay(firn_process_share_create(&other, &error), &error);
    void *open = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
    must(open != MAP_FAILED && firn_process_share_seal(other, &error) == FIRN_BUSY);
    must(munmap(open, PAGE_BYTES) == 0);
    okay(firn_process_share_seal(other, &error), &error);
}

/* A file whose header is changed at `at`; with all else as it should be. */
static firn_status map_changed(size_t at, unsigned char by, bool fits)
{
    firn_error error;
    firn_process_share_header header;
    okay(firn_process_share_create(&file, &error), &error);
    must(in_child(write_file) == 0);
    must(pread(file, &header, sizeof header, 0) == (ssize_t)sizeof header);
    ((unsigned char *)&header)[at] ^= by;
    if (fits)
        header.crc = firn_crc32c(0, &header, offsetof(firn_process_share_header, crc));
    must(pwrite(file, &header, sizeof header, 0) == (ssize_t)sizeof header);
    okay(firn_process_share_seal(file, &error), &error);
    firn_status status = map_status(file);
    close(file);
    return status;
}

static void refuse_headers(void)
{
    live();
    must(map_changed(0, 0, false) == FIRN_OK);
    firn_error error;
    okay(firn_process_share_end(zygote, &error), &error);
    must(map_changed(offsetof(firn_process_share_header, magic), 1, true) == FIRN_NOT_STORE);
    must(map_changed(offsetof(firn_process_share_header, version), 2, true) == FIRN_VERSION);
    must(map_changed(offsetof(firn_process_share_header, page_bytes), 1, true) == FIRN_CORRUPT);
    must(map_changed(offsetof(firn_process_share_header, template_id), 1, true) == FIRN_NOT_FOUND);
    for (size_t at = offsetof(firn_process_share_header, page_bytes);
         at < sizeof(firn_process_share_header); at += 5)
        must(map_changed(at, 64, false) == FIRN_CORRUPT);
    must(close(zygote->fd) == 0);
    must(firn_process_share_map(zygote, NULL, file, NULL, &error) == FIRN_INVALID);
}

static void refusals(void)
{
    refuse_options();
    make_file();
    refuse_files();
    refuse_headers();
}

static void what_is_no_such_file_is_refused(void **state)
{
    (void)state;
    run(refusals);
}

/* --- hostile files --- */

/* Spoils many of the pages of the file, at their right places. */
static void spoil(rng *random, unsigned one_of_so_many)
{
    off_t at = PAGE_BYTES;
    while ((at = lseek(file, at, SEEK_DATA)) >= 0) {
        const off_t end = lseek(file, at, SEEK_HOLE);
        for (; at < end; at += PAGE_BYTES) {
            const uint64_t noise = rng_next(random);
            if (noise % one_of_so_many == 0)
                must(pwrite(file, &noise, sizeof noise, at + (off_t)(noise >> 32) % 4000) > 0);
        }
    }
}

static void map_spoiled(void)
{
    live();
    const uint64_t digest = digest_bytes(state_digest(), plain, PLAIN_PAGES * PAGE_BYTES);
    for (unsigned i = 0; i < 2; i++) {
        (void)map_file(0);
        must(digest_bytes(state_digest(), plain, PLAIN_PAGES * PAGE_BYTES) == digest);
    }
    one_of(0);
    must(digest_bytes(state_digest(), plain, PLAIN_PAGES * PAGE_BYTES) == digest);
}

static void spoiled_in_zygote(void)
{
    rng random;
    rng_seed(&random, 7);
    for (unsigned i = 0; i < 5; i++) {
        firn_error error;
        okay(firn_process_share_create(&file, &error), &error);
        must(in_child(write_file) == 0);
        spoil(&random, i + 1);
        okay(firn_process_share_seal(file, &error), &error);
        must(in_child(map_spoiled) == 0);
        close(file);
    }
}

static void a_hostile_file_changes_nothing(void **state)
{
    (void)state;
    run(spoiled_in_zygote);
}

int main(void)
{
    rng_init(&state_random, "process_share");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike_exists_once_until_it_is_written),
        cmocka_unit_test(nothing_is_mapped_where_too_little_is_alike),
        cmocka_unit_test(a_process_that_shares_changes_sleeps_and_wakes_as_it_was),
        cmocka_unit_test(more_files_have_what_one_has_not),
        cmocka_unit_test(the_mappings_stay_within_their_bound),
        cmocka_unit_test(kept_memory_is_not_shared),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(a_hostile_file_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
