/* Every system call of a template, a packing, a merging, a sharing, a waking and a rebuilding made
 * to fail in turn: the process is whole and says so, or it ends with FIRN_PROCESS_LOST; it never
 * runs with wrong memory.
 * Built with the sources themselves, whose faults are decided here, in memory that all processes
 * share: what fault.c keeps would be packed and restored with the rest. */
#include "support/process_zygote.h"

#include "core/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>

#ifndef EVERY
#define EVERY 9 /* beyond the first few calls, one of so many */
#endif

typedef struct fault_plan {
    firn_fault_call call;
    unsigned long at, count; /* at 0: none fails */
    bool reached;
} fault_plan;

static fault_plan *plan;

int firn_fault_io(firn_fault_call call, bool mutating, size_t *size)
{
    (void)mutating, (void)size;
    if (plan == NULL || plan->at == 0 || call != plan->call || ++plan->count != plan->at)
        return 0;
    plan->reached = true;
    return call == FIRN_FAULT_IOCTL ? EIO : ENOMEM;
}

bool firn_fault_alloc(void)
{
    return false;
}

static void arm(firn_fault_call call, unsigned long at)
{
    *plan = (fault_plan){.call = call, .at = at};
}

static void disarm(void)
{
    plan->at = 0;
}

/* Runs body for each call and moment until nothing is reached any more. */
static unsigned tried;
static void for_each_fault(void (*body)(firn_fault_call call, unsigned long at))
{
    for (unsigned call = 0; call < FIRN_FAULT_CALL_COUNT; call++) {
        for (unsigned long at = 1;; at += at < 10 ? 1 : EVERY) {
            arm((firn_fault_call)call, at);
            plan->at = 0;
            body((firn_fault_call)call, at);
            if (!plan->reached)
                break;
            tried++;
        }
    }
}

static int fork_body(void (*body)(firn_fault_call, unsigned long), firn_fault_call call,
                     unsigned long at)
{
    pid_t child = fork();
    if (child == 0) {
        body(call, at);
        _exit(0);
    }
    int status = 1;
    must(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void husk_disarm(firn_process_husk *husk, const void **ret_image, size_t *ret_image_bytes)
{
    (void)husk, (void)ret_image, (void)ret_image_bytes;
    disarm();
}

static void sleep_well(void)
{
    const firn_process_hibernate_options options = {.husk = husk_disarm};
    const uint64_t digest = state_digest();
    must(firn_process_hibernate(zygote, &options, NULL, NULL) == FIRN_OK);
    must(state_digest() == digest);
}

/* Packed at a level from 2 on, all that a process has is one block, of more than a MB. */
static int level;
static unsigned char noise[3 << 19];

static void make_noise(void)
{
    for (size_t i = 0; level > 1 && i < sizeof noise; i++)
        noise[i] = (unsigned char)rng_next(&state_random);
}

static void at_both_levels(void (*body)(firn_fault_call call, unsigned long at))
{
    for_each_fault(body);
    level = 3;
    for_each_fault(body);
}

/* --- the template --- */

static void make_template(firn_fault_call call, unsigned long at)
{
    firn_error error;
    state_change(30);
    const uint64_t digest = state_digest();
    arm(call, at);
    firn_status status = firn_process_template_create(NULL, &zygote, &error);
    disarm();
    must(state_digest() == digest);
    if (status != FIRN_OK) {
        must(plan->reached && error.text[0] != '\0');
        must(firn_process_template_create(NULL, &zygote, &error) == FIRN_OK);
    }
    must(state_digest() == digest);
    state_change(10);
    sleep_well();
}

static void template_once(firn_fault_call call, unsigned long at)
{
    must(fork_body(make_template, call, at) == 0);
}

static void templates(void)
{
    for_each_fault(template_once);
    must(tried > 30);
}

/* --- packing --- */

static void pack(firn_fault_call call, unsigned long at)
{
    const firn_process_hibernate_options options = {
        .husk = husk_disarm, .level = level, .verify = at % 2 == 0};
    firn_error error;
    state_change(30);
    const uint64_t digest = state_digest();
    arm(call, at);
    firn_status status = firn_process_hibernate(zygote, &options, NULL, &error);
    disarm();
    must(state_digest() == digest);
    must(status == FIRN_OK || (plan->reached && error.text[0] != '\0'));
    state_change(10);
    sleep_well();
}

static void pack_once(firn_fault_call call, unsigned long at)
{
    must(fork_body(pack, call, at) == 0);
}

static void packings(void)
{
    at_both_levels(pack_once);
    must(tried > 120);
}

/* --- merging --- */

static void merge(firn_fault_call call, unsigned long at)
{
    firn_error error;
    uint64_t bytes;
    state_change(30);
    const uint64_t digest = state_digest();
    arm(call, at);
    firn_status status = firn_process_merge(zygote, &bytes, &error);
    disarm();
    must(state_digest() == digest);
    must(status == FIRN_OK || (plan->reached && error.text[0] != '\0'));
    sleep_well();
}

static void merge_once(firn_fault_call call, unsigned long at)
{
    must(fork_body(merge, call, at) == 0);
}

static void mergings(void)
{
    for_each_fault(merge_once);
    must(tried > 5);
}

/* --- sharing --- */

static int share_file = -1;

/* Each child begins with the same random numbers, and so does the same. */
static void write_share(void)
{
    state_change(30);
    must(firn_process_share_write(zygote, NULL, share_file, NULL, NULL) == FIRN_OK);
}

static void make_share(void)
{
    must(firn_process_share_create(&share_file, NULL) == FIRN_OK);
    must(in_child(write_share) == 0);
    must(firn_process_share_seal(share_file, NULL) == FIRN_OK);
}

/* After it the process is whole, does the same again, and sleeps. */
static void check_share(firn_status status, const firn_error *error, uint64_t digest)
{
    disarm();
    must(state_digest() == digest);
    must(status == FIRN_OK || (plan->reached && error->text[0] != '\0'));
    must(firn_process_share_map(zygote, NULL, share_file, NULL, NULL) == FIRN_OK);
    must(state_digest() == digest);
    state_change(10);
    sleep_well();
}

static void share(firn_fault_call call, unsigned long at)
{
    firn_error error;
    state_change(30);
    const uint64_t digest = state_digest();
    arm(call, at);
    check_share(firn_process_share_map(zygote, NULL, share_file, NULL, &error), &error, digest);
}

static void share_no_more(firn_fault_call call, unsigned long at)
{
    firn_error error;
    state_change(30);
    must(firn_process_share_map(zygote, NULL, share_file, NULL, &error) == FIRN_OK);
    const uint64_t digest = state_digest();
    arm(call, at);
    check_share(firn_process_share_end(zygote, &error), &error, digest);
}

static void write_for_others(firn_fault_call call, unsigned long at)
{
    firn_error error;
    state_change(30);
    const uint64_t digest = state_digest();
    int fd = -1;
    arm(call, at);
    firn_status status = firn_process_share_create(&fd, &error);
    if (status == FIRN_OK)
        status = firn_process_share_write(zygote, NULL, fd, NULL, &error);
    if (status == FIRN_OK)
        status = firn_process_share_seal(fd, &error);
    check_share(status, &error, digest);
}

static void (*sharing)(firn_fault_call call, unsigned long at);

static void share_once(firn_fault_call call, unsigned long at)
{
    must(fork_body(sharing, call, at) == 0);
}

static void sharings(void)
{
    static void (*const all[])(firn_fault_call, unsigned long) = {share, share_no_more,
                                                                  write_for_others};
    make_share();
    for (unsigned i = 0; i < 3; i++) {
        tried = 0;
        sharing = all[i];
        for_each_fault(share_once);
        must(tried > 15);
    }
}

/* --- waking --- */

typedef struct moment {
    firn_fault_call call;
    unsigned long at;
} moment;

static void husk_arm(firn_process_husk *husk, const void **ret_image, size_t *ret_image_bytes)
{
    (void)ret_image, (void)ret_image_bytes;
    const moment *when = husk->context;
    common->husk_faults += state_counter != common->generation; /* it is the template's */
    if (husk->refused == FIRN_OK)
        arm(when->call, when->at);
    else
        disarm();
}

static void wake(firn_fault_call call, unsigned long at)
{
    const moment when = {call, at};
    const firn_process_hibernate_options options = {
        .husk = husk_arm, .level = level, .context = &when, .context_bytes = sizeof when};
    state_change(30);
    make_noise();
    const uint64_t digest = state_digest();
    must(firn_process_hibernate(zygote, &options, NULL, NULL) == FIRN_OK);
    disarm();
    must(state_digest() == digest && common->husk_faults == 0);
    sleep_well();
}

static unsigned lost, went_on;

static void count_end(int status)
{
    if (status == FIRN_PROCESS_LOST) {
        must(plan->reached);
        lost++;
        return;
    }
    must(status == 0);
    went_on++;
}

static void wake_once(firn_fault_call call, unsigned long at)
{
    count_end(fork_body(wake, call, at));
}

static void wakings(void)
{
    common->generation = state_counter;
    at_both_levels(wake_once);
    must(lost > 20 && went_on > 40);
}

/* --- rebuilding --- */

static void freeze(void)
{
    const firn_process_hibernate_options options = {.husk = husk_freeze, .level = level};
    state_change(30);
    make_noise();
    must(sbrk(1 << 20) != (void *)-1);
    for (unsigned i = 0; i < AREAS; i++)
        change_area(&areas[i]);
    common->digest = state_digest();
    firn_process_result result;
    must(firn_process_hibernate(zygote, &options, &result, NULL) == FIRN_OK);
    disarm();
    must(result.rebuilt && state_digest() == common->digest);
    sleep_well();
}

static void rebuild(firn_fault_call call, unsigned long at)
{
    firn_error error;
    state_change(5);
    const uint64_t digest = state_digest();
    arm(call, at);
    firn_status status = firn_process_rebuild(zygote, common->image, common->image_bytes, &error);
    disarm();
    must(plan->reached && status != FIRN_OK && error.text[0] != '\0');
    must(state_digest() == digest); /* the new child is what it was */
    status = firn_process_rebuild(zygote, common->image, common->image_bytes, &error);
    must(status == FIRN_OK); /* it does not return */
}

static void rebuild_once(firn_fault_call call, unsigned long at)
{
    count_end(fork_body(rebuild, call, at));
}

static void rebuildings(void)
{
    must(in_child(freeze) == 40);
    for_each_fault(rebuild_once);
    level = 3;
    must(in_child(freeze) == 40);
    for_each_fault(rebuild_once);
    must(lost > 20 && went_on > 40);
}

/* --- */

static void run(void (*body)(void))
{
    int status = in_zygote(body);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void a_failed_template_leaves_the_zygote_whole(void **state)
{
    (void)state;
    run(templates);
}

static void a_failed_packing_leaves_the_process_whole(void **state)
{
    (void)state;
    run(packings);
}

static void a_failed_merging_leaves_the_process_whole(void **state)
{
    (void)state;
    run(mergings);
}

static void a_failed_sharing_leaves_the_process_whole(void **state)
{
    (void)state;
    run(sharings);
}

static void a_failed_waking_is_refused_or_ends_the_process(void **state)
{
    (void)state;
    run(wakings);
}

static void a_failed_rebuilding_is_refused_or_ends_the_process(void **state)
{
    (void)state;
    run(rebuildings);
}

int main(void)
{
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan == MAP_FAILED)
        return 1;
    rng_init(&state_random, "process_faults");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_template_leaves_the_zygote_whole),
        cmocka_unit_test(a_failed_packing_leaves_the_process_whole),
        cmocka_unit_test(a_failed_merging_leaves_the_process_whole),
        cmocka_unit_test(a_failed_sharing_leaves_the_process_whole),
        cmocka_unit_test(a_failed_waking_is_refused_or_ends_the_process),
        cmocka_unit_test(a_failed_rebuilding_is_refused_or_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
