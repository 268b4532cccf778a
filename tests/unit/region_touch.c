/* Regions that wake on touch: right data in threads, children and signal handlers, EFAULT in system
 * calls, faults that are none of theirs passed on. In both modes, where the kernel allows it. */
#include "support/region_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static firn_region_wake_mode mode = FIRN_REGION_ON_TOUCH;

static firn_region *make(void)
{
    return region_make(&(firn_region_options){.mode = mode});
}

static firn_region_stats stats_of(firn_region *region)
{
    firn_region_stats stats;
    firn_region_stats_get(region, &stats);
    return stats;
}

static void a_touch_wakes_one_block(void **state)
{
    (void)state;
    firn_region *region = make();
    list_make(region, 3000, 3);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_ASLEEP);
    const struct node *first = firn_region_root(region);
    assert_int_equal(first->text[0], 'a' + 2999 % 26);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_PARTLY);
    assert_int_equal(stats_of(region).touch_count, 1);
    assert_true(list_is_right(region, 3000));
    assert_int_equal(firn_region_verify(region), FIRN_OK);
    firn_usage usage;
    firn_region_usage(region, &usage);
    assert_true(usage.live_bytes > usage.compressed_bytes);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAKE);
    assert_true(list_is_right(region, 3000));
    assert_int_equal(firn_region_verify(region), FIRN_OK);
    firn_region_destroy(region);
}

/* What sleeps on is taken over, what was written is packed, and freed memory is none. */
static void what_was_touched_is_packed_anew(void **state)
{
    (void)state;
    firn_region *region = make();
    firn_allocator memory = firn_region_allocator(region);
    list_make(region, 3000, 3);
    uint8_t *large = firn_allocate(&memory, 3000000);
    memset(large, 3, 3000000);
    uint64_t digest = 0, other = 0;
    for (size_t round = 0; round < 20; round++) {
        assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
        large[round * 131072] = (uint8_t)round;
        void *more = firn_allocate(&memory, (size_t)50 << round % 10);
        assert_non_null(more);
        if (round % 3 == 0)
            firn_release(&memory, more, (size_t)50 << round % 10);
        assert_int_equal(firn_region_digest(region, &digest), FIRN_OK);
        assert_int_equal(firn_region_state_get(region), FIRN_REGION_PARTLY);
        assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
        assert_int_equal(firn_region_digest(region, &other), FIRN_OK);
        assert_int_equal(digest, other);
        assert_int_equal(firn_region_verify(region), FIRN_OK);
    }
    const firn_region_hibernate_options lz4 = {.level = FIRN_REGION_LEVEL_LZ4};
    for (size_t i = 0; i < 3000000; i++)
        assert_int_equal(large[i], i % 131072 == 0 && i / 131072 < 20 ? i / 131072 : 3);
    assert_int_equal(firn_region_hibernate(region, &lz4), FIRN_OK);
    firn_release(&memory, large, 3000000); /* asleep as it is */
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_true(stats_of(region).plain_bytes < 3000000);
    assert_true(list_is_right(region, 3000));
    firn_region_destroy(region);
}

static void a_pin_wakes_its_range(void **state)
{
    (void)state;
    firn_region *region = make();
    firn_allocator memory = firn_region_allocator(region);
    uint8_t *large = firn_allocate(&memory, 3000000);
    for (size_t i = 0; i < 3000000; i++)
        large[i] = (uint8_t)(i * i >> 8);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(firn_region_pin(region, large + 500000, 200000), FIRN_OK);
    assert_int_equal(firn_region_state_get(region), FIRN_REGION_PARTLY);
    assert_int_equal(stats_of(region).touch_count, 0);
    int file = open("/dev/null", O_WRONLY);
    assert_int_equal(write(file, large + 500000, 200000), 200000);
    close(file);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_BUSY);
    assert_int_equal(firn_region_unpin(region), FIRN_OK);
    firn_region_destroy(region);
}

/* A system call on what sleeps fails, or works under userfaultfd; pinned it works. */
static void a_system_call_gets_efault_unless_pinned(void **state)
{
    (void)state;
    firn_region *region = make();
    firn_allocator memory = firn_region_allocator(region);
    char *text = firn_allocate(&memory, 200000);
    memset(text, 'x', 200000);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    ssize_t put = write(ends[1], text + 100000, 100);
    if (mode == FIRN_REGION_ON_FAULT) {
        assert_int_equal(put, 100);
    } else {
        assert_int_equal(put, -1);
        assert_int_equal(errno, EFAULT);
        assert_int_equal(firn_region_pin(region, text + 100000, 100), FIRN_OK);
        assert_int_equal(write(ends[1], text + 100000, 100), 100);
        assert_int_equal(firn_region_unpin(region), FIRN_OK);
    }
    char got[100];
    assert_int_equal(read(ends[0], got, 100), 100);
    assert_memory_equal(got, text, 100);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    assert_int_equal(write(ends[1], got, 100), 100);
    put = read(ends[0], text, 100);
    assert_int_equal(put, mode == FIRN_REGION_ON_FAULT ? 100 : -1);
    assert_int_equal(text[0], 'x');
    close(ends[0]);
    close(ends[1]);
    firn_region_destroy(region);
}

static int status_of_child(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_child_of_fork_sees_right_data(void **state)
{
    (void)state;
    firn_region *region = make();
    list_make(region, 3000, 3);
    for (int round = 0; round < 3; round++) { /* asleep, partly, awake */
        if (round == 0)
            assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
        if (round == 2)
            assert_int_equal(firn_region_wake(region), FIRN_OK);
        pid_t child = fork();
        if (child == 0) {
            bool is_right = list_is_right(region, 3000);
            ((struct node *)firn_region_root(region))->text[0] = 'A'; /* its own copy */
            is_right &= firn_region_hibernate(region, NULL) == FIRN_OK;
            is_right &= firn_region_verify(region) == FIRN_OK;
            is_right &= ((struct node *)firn_region_root(region))->text[0] == 'A';
            firn_region *other = NULL;
            is_right &= firn_region_create(&(firn_region_options){.mode = mode}, &other) == FIRN_OK;
            if (other != NULL)
                list_make(other, 100, 1);
            is_right &= firn_region_hibernate(other, NULL) == FIRN_OK && list_is_right(other, 100);
            _exit(is_right ? 0 : 1);
        }
        assert_int_equal(status_of_child(child), 0);
        assert_int_equal(((struct node *)firn_region_root(region))->text[0], 'a' + 2999 % 26);
    }
    assert_true(list_is_right(region, 3000));
    firn_region_destroy(region);
}

/* A child that no handler of fork saw, of a region asleep: right data or a SIGSEGV. */
static void a_bare_child_sees_right_data_or_none(void **state)
{
    (void)state;
    firn_region *region = make();
    list_make(region, 300, 3);
    assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        (void)signal(SIGSEGV, mode == FIRN_REGION_ON_FAULT ? SIG_DFL : SIG_IGN);
        syscall(SYS_exit, list_is_right(region, 300) ? 0 : 1);
    }
    int status = status_of_child(child);
    if (mode == FIRN_REGION_ON_FAULT)
        assert_true(WIFSIGNALED(status));
    assert_true(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    assert_true(list_is_right(region, 300));
    firn_region_destroy(region);
}

/* --- signals --- */

static firn_region *signalled;
static atomic_int signal_count, wrong_count;

static void on_alarm(int number)
{
    (void)number;
    if (!list_is_right(signalled, 3000))
        atomic_fetch_add(&wrong_count, 1);
    atomic_fetch_add(&signal_count, 1);
}

static void a_signal_handler_may_touch_what_wakes(void **state)
{
    (void)state;
    signalled = make();
    list_make(signalled, 3000, 3);
    atomic_store(&signal_count, 0);
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigaction(SIGUSR1, &action, &before);
    pthread_t self = pthread_self();
    for (int round = 0; round < 40; round++) {
        assert_int_equal(firn_region_hibernate(signalled, NULL), FIRN_OK);
        pthread_kill(self, SIGUSR1);
        if (round % 2 == 0)
            assert_int_equal(firn_region_wake(signalled), FIRN_OK);
        assert_true(list_is_right(signalled, 3000));
    }
    assert_int_equal(atomic_load(&signal_count), 40);
    assert_int_equal(atomic_load(&wrong_count), 0);
    sigaction(SIGUSR1, &before, NULL);
    firn_region_destroy(signalled);
}

static atomic_bool is_done;

/* The next one comes when the last was handled, and then some: a slow handler must leave time. */
static void *send_signals(void *thread)
{
    while (!atomic_load(&is_done)) {
        const int seen = (int)atomic_load(&signal_count);
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        while (!atomic_load(&is_done) && (int)atomic_load(&signal_count) == seen)
            usleep(50);
        usleep(300);
    }
    return NULL;
}

static void signals_during_a_wake_harm_nothing(void **state)
{
    (void)state;
    signalled = make();
    list_make(signalled, 3000, 3);
    atomic_store(&signal_count, 0);
    atomic_store(&is_done, false);
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGUSR1);
    sigaction(SIGUSR1, &action, &before);
    pthread_t self = pthread_self(), sender;
    assert_int_equal(pthread_create(&sender, NULL, send_signals, &self), 0);
    for (int round = 0; round < 30; round++) {
        pthread_sigmask(SIG_BLOCK, &alarm, NULL); /* nobody may touch it while it falls asleep */
        assert_int_equal(firn_region_hibernate(signalled, NULL), FIRN_OK);
        pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
        assert_int_equal(firn_region_wake(signalled), FIRN_OK);
    }
    atomic_store(&is_done, true);
    pthread_join(sender, NULL);
    assert_true(atomic_load(&signal_count) >= 10);
    assert_int_equal(atomic_load(&wrong_count), 0);
    sigaction(SIGUSR1, &before, NULL);
    firn_region_destroy(signalled);
}

/* --- faults of others --- */

/* In a child whose handler of SIGSEGV stands before the region's. */
static sigjmp_buf back;

static void on_foreign(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    siglongjmp(back, 1);
}

static int in_child(int (*work)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(work());
    return status_of_child(child);
}

static int touch_foreign(void)
{
    volatile char *foreign = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    firn_region *region = make(), *eager = region_make(NULL);
    list_make(region, 300, 1);
    list_make(eager, 300, 1);
    if (firn_region_hibernate(region, NULL) != FIRN_OK ||
        firn_region_hibernate(eager, NULL) != FIRN_OK)
        return 1;
    volatile char *beyond = (char *)firn_region_base(region) + FIRN_REGION_RESERVE_BYTES / 2;
    volatile char *asleep = firn_region_root(eager);
    volatile char *const places[] = {foreign, beyond, asleep, foreign, (char *)16};
    for (size_t i = 0; i < 5; i++) {
        if (sigsetjmp(back, 1) == 0) {
            (void)*places[i];
            return 2;
        }
    }
    return list_is_right(region, 300) ? 0 : 3;
}

static int with_handler(void)
{
    const struct sigaction action = {.sa_sigaction = on_foreign, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    return touch_foreign();
}

static int without_handler(void)
{
    (void)signal(SIGSEGV, SIG_DFL);
    return touch_foreign();
}

/* The handler is taken once in a process: so these run before any other test makes a region. */
static void other_faults_go_to_the_handler_before(void **state)
{
    (void)state;
    assert_int_equal(in_child(with_handler), 0);
    int status = in_child(without_handler);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* --- the touched ones first --- */

static void what_was_touched_is_fetched_first_the_next_time(void **state)
{
    (void)state;
    firn_region *region = make();
    firn_allocator memory = firn_region_allocator(region);
    uint8_t *large = firn_allocate(&memory, 6400000);
    for (size_t i = 0; i < 6400000; i++)
        large[i] = (uint8_t)(i * i >> 8);
    static const size_t touched[] = {65536 * 3, 65536 * 4, 65536 * 5, 65536 * 40, 65536 * 77};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(firn_region_hibernate(region, NULL), FIRN_OK);
        firn_region_stats before = stats_of(region);
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(large[touched[i]], (uint8_t)(touched[i] * touched[i] >> 8));
        firn_region_stats after = stats_of(region);
        assert_int_equal(after.touch_count - before.touch_count, round == 0 ? 5 : 1);
        uint64_t fetched = after.prefetch_count - before.prefetch_count;
        assert_true(round == 0 ? fetched == 0 : fetched >= 4 && fetched <= 8); /* the slab's, too */
        if (round == 1)
            assert_int_equal(firn_region_wake(region), FIRN_OK); /* is no touch */
    }
    firn_region_destroy(region);
}

/* In a process of its own, where no region was made before. */
static const struct CMUnitTest first_tests[] = {
    cmocka_unit_test(other_faults_go_to_the_handler_before),
};

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_touch_wakes_one_block),
    cmocka_unit_test(what_was_touched_is_packed_anew),
    cmocka_unit_test(a_pin_wakes_its_range),
    cmocka_unit_test(a_system_call_gets_efault_unless_pinned),
    cmocka_unit_test(a_child_of_fork_sees_right_data),
    cmocka_unit_test(a_bare_child_sees_right_data_or_none),
    cmocka_unit_test(a_signal_handler_may_touch_what_wakes),
    cmocka_unit_test(signals_during_a_wake_harm_nothing),
    cmocka_unit_test(what_was_touched_is_fetched_first_the_next_time),
};

int main(void)
{
    int failed = cmocka_run_group_tests_name("first", first_tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("on touch", tests, NULL, NULL);
    mode = FIRN_REGION_ON_FAULT;
    if (fault_is_allowed())
        failed += cmocka_run_group_tests_name("on fault", tests, NULL, NULL);
    return failed;
}
