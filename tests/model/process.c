/* A process that is packed and woken, or rebuilt from its image alone, many times, changing its
 * state in between: each time all of it is as it was. */
#include "support/process_zygote.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/syscall.h>

#ifndef WAKES
#define WAKES 150
#define REBUILDS 60
#endif

static uint64_t template_counter; /* state_counter when the template was made */

static void check_result(const firn_process_result *result, bool rebuilt)
{
    must(result->rebuilt == rebuilt);
    must(result->private_bytes > 0 && result->image_bytes > 0);
    must(result->image_bytes < result->private_bytes);
}

static void wake_many_times(void)
{
    firn_process_hibernate_options options = {
        .husk = husk_wake, .context = &template_counter, .context_bytes = sizeof template_counter};
    for (unsigned i = 0; i < WAKES; i++) {
        state_change(5);
        options.level = i % 3 == 0 ? 3 : 0;
        options.verify = i % 5 == 0;
        const uint64_t digest = state_digest();
        firn_process_result result;
        firn_error error;
        firn_status status = hibernate_deep(random_below(40), &options, &result, &error);
        if (status != FIRN_OK)
            fprintf(stderr, "%s\n", error.text);
        must(status == FIRN_OK && state_digest() == digest && common->husk_faults == 0);
        check_result(&result, false);
    }
}

/* Of an error-checking kind, which knows its owner by the thread's id. */
static void check_thread_id(void)
{
    pthread_mutex_t mutex;
    pthread_mutexattr_t kind;
    must(pthread_mutexattr_init(&kind) == 0);
    must(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK) == 0);
    must(pthread_mutex_init(&mutex, &kind) == 0);
    must(pthread_mutex_lock(&mutex) == 0);
    must(mutex.__data.__owner == (int)syscall(SYS_gettid));
    must(pthread_mutex_unlock(&mutex) == 0);
    must(raise(SIGUSR1) == 0);
}

static void live_many_lives(void)
{
    firn_process_hibernate_options options = {.husk = husk_freeze};
    struct sigaction action = {.sa_handler = count_signal};
    must(sigaction(SIGUSR1, &action, NULL) == 0);
    for (unsigned i = 0; i < REBUILDS; i++) {
        state_change(5);
        common->digest = state_digest();
        options.level = i % 2 == 0 ? 3 : 0;
        const pid_t before = getpid();
        firn_process_result result;
        firn_error error;
        firn_status status = hibernate_deep(random_below(40), &options, &result, &error);
        if (status != FIRN_OK)
            fprintf(stderr, "%s\n", error.text);
        must(status == FIRN_OK && state_digest() == common->digest);
        check_result(&result, true);
        must(getpid() != before);
        check_thread_id();
        must(signals_seen == (int)i + 1);
        common->generation++;
    }
}

/* What a new child has and the old one had not: all of it must go. */
static void become_the_old_one(void)
{
    unsigned char *mess = malloc(1 + 1000 * (common->generation % 300));
    mess[0] = 1;
    void *more = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(more != MAP_FAILED);
    memset(more, 1, AREA_BYTES);
    state_text[5]++;
    firn_error error;
    firn_status status = firn_process_rebuild(zygote, common->image, common->image_bytes, &error);
    fprintf(stderr, "%s: %s\n", firn_status_name(status), error.text);
    _exit(41);
}

static void zygote_of_sleepers(void)
{
    template_counter = state_counter;
    must(in_child(wake_many_times) == 0);
}

static void zygote_of_the_frozen(void)
{
    int ended = in_child(live_many_lives);
    for (unsigned i = 0; i < REBUILDS; i++) {
        must(ended == 40 && common->generation == i);
        nodes[0] = NULL; /* what the zygote writes is no part of a page's memory */
        state_text[i % 9000] ^= 1;
        ended = in_child(become_the_old_one);
    }
    must(ended == 0 && common->generation == REBUILDS);
}

static void run(void (*body)(void))
{
    int status = in_zygote(body);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void a_process_wakes_as_it_was(void **state)
{
    (void)state;
    run(zygote_of_sleepers);
}

static void a_process_is_rebuilt_as_it_was(void **state)
{
    (void)state;
    run(zygote_of_the_frozen);
}

int main(void)
{
    rng_init(&state_random, "process");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_wakes_as_it_was),
        cmocka_unit_test(a_process_is_rebuilt_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
