/* Ten thousand Lua interpreters, each with its own state and data, all asleep but the few in use.
 *
 *     sleepy-lua [-n INTERPRETERS] [-u IN-USE] [-r REQUESTS] [-b BOUND-MB] [-l LEVEL]
 *
 * First it makes interpreters that stay awake, until they fill the bound; then all of them, each
 * put to sleep when it has run its script; then it answers requests, for which an interpreter is
 * woken and the one that was unused for longest sleeps. Whatever an interpreter computes is
 * compared with one that never slept. */
#include "sleepy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    uint32_t count, in_use, requests;
    double bound_bytes;
    int level;
} options = {10000, 10, 20000, 512e6, 1};

static interpreter *all, *oldest, *newest;
static uint32_t awake_count;
static firn_region_template *sibling;

static void give_up(const char *what)
{
    fprintf(stderr, "sleepy-lua: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t random_below(uint32_t bound)
{
    static uint32_t state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (uint32_t)((uint64_t)state * bound >> 32);
}

/* --- those that are awake, in the order of their use --- */

static void unlink_awake(interpreter *lua)
{
    *(lua->older != NULL ? &lua->older->newer : &oldest) = lua->newer;
    *(lua->newer != NULL ? &lua->newer->older : &newest) = lua->older;
    awake_count--;
}

static void link_awake(interpreter *lua)
{
    lua->older = newest;
    lua->newer = NULL;
    *(newest != NULL ? &newest->newer : &oldest) = lua;
    newest = lua;
    awake_count++;
}

static void put_to_sleep(interpreter *lua)
{
    unlink_awake(lua);
    lua->digest = interpreter_call(lua, "digest", 0);
    if (!interpreter_sleep(lua, options.level, sibling))
        give_up("an interpreter does not sleep");
}

static void use(interpreter *lua)
{
    if (firn_region_state_get(lua->region) == FIRN_REGION_AWAKE) {
        unlink_awake(lua);
    } else {
        if (!interpreter_wake(lua))
            give_up("an interpreter does not wake");
        if (interpreter_call(lua, "digest", 0) != lua->digest)
            give_up("an interpreter woke with other data");
    }
    link_awake(lua);
    while (awake_count > options.in_use)
        put_to_sleep(oldest);
}

/* --- the three parts --- */

static double total(memory taken)
{
    return taken.pages + taken.page_tables + taken.mappings;
}

static void print_memory(const char *what, memory before, memory after, uint32_t count)
{
    double all_bytes = total(after) - total(before);
    printf("%s: %.1f MB: %.1f resident, %.1f page tables, %.1f mappings; %.2f KB each\n", what,
           all_bytes / 1e6, (after.pages - before.pages) / 1e6,
           (after.page_tables - before.page_tables) / 1e6, (after.mappings - before.mappings) / 1e6,
           all_bytes / count / 1e3);
}

static void measure_awake(void)
{
    memory before = memory_now(), after = before;
    uint32_t count = 0;
    while (count < options.count && total(after) - total(before) < options.bound_bytes) {
        if (!interpreter_open(&all[count], count))
            break;
        if (++count % 100 == 0)
            after = memory_now();
    }
    char what[64];
    after = memory_now();
    snprintf(what, sizeof what, "%u awake, as many as fit", count);
    print_memory(what, before, after, count > 0 ? count : 1);
    /* One of them, in which nothing is used yet but the libraries and the script, is what the
     * others are packed against. */
    if (count > 0 && firn_region_template_create(all[0].region, &sibling) != FIRN_OK)
        give_up("no template");
    for (uint32_t i = 0; i < count; i++)
        interpreter_close(&all[i]);
}

static void open_all(void)
{
    memory before = memory_now();
    double begin = now();
    for (uint32_t i = 0; i < options.count; i++) {
        if (!interpreter_open(&all[i], i))
            give_up("an interpreter cannot be made");
        link_awake(&all[i]);
        while (awake_count > options.in_use)
            put_to_sleep(oldest);
    }
    printf("%u made and put to sleep in %.1f s\n", options.count, now() - begin);
    char what[64];
    snprintf(what, sizeof what, "%u asleep, %u awake", options.count - awake_count, awake_count);
    print_memory(what, before, memory_now(), options.count);
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* Some of the interpreters have a twin that never sleeps. */
static void answer_requests(void)
{
    enum { TWINS = 20 };
    static interpreter twins[TWINS];
    double *times = calloc(options.requests, sizeof *times);
    if (times == NULL)
        give_up("out of memory");
    for (uint32_t i = 0; i < TWINS && i < options.count; i++)
        if (!interpreter_open(&twins[i], i))
            give_up("an interpreter cannot be made");
    for (uint32_t i = 0; i < options.requests; i++) {
        uint32_t number = random_below(i % 4 == 0 && options.count > TWINS ? TWINS : options.count);
        uint32_t request = random_below(1000);
        double begin = now();
        use(&all[number]);
        uint32_t answer = interpreter_call(&all[number], "serve", request);
        times[i] = now() - begin;
        if (number < TWINS && answer != interpreter_call(&twins[number], "serve", request))
            give_up("one that slept answers otherwise than its twin that did not");
    }
    qsort(times, options.requests, sizeof *times, compare);
    if (options.requests > 0)
        printf("%u requests, each with a wake, a sleep and two looks at all data: median %.2f ms, "
               "99 %% %.2f ms\n",
               options.requests, times[options.requests / 2] * 1e3,
               times[(size_t)(options.requests * 0.99)] * 1e3);
    for (uint32_t i = 0; i < TWINS && i < options.count; i++)
        interpreter_close(&twins[i]);
    free(times);
}

static void read_options(int count, char **words)
{
    int option;
    while ((option = getopt(count, words, "n:u:r:b:l:h")) != -1) {
        char *end = NULL;
        long number = optarg != NULL ? strtol(optarg, &end, 10) : 0;
        bool good = end != NULL && *end == '\0' && number >= 0 && number <= 1000000;
        if (option == 'n' && good && number > 0)
            options.count = (uint32_t)number;
        else if (option == 'u' && good && number > 0)
            options.in_use = (uint32_t)number;
        else if (option == 'r' && good)
            options.requests = (uint32_t)number;
        else if (option == 'b' && good)
            options.bound_bytes = (double)number * 1e6;
        else if (option == 'l' && good && number > 0 && number <= 19)
            options.level = (int)number;
        else {
            fputs("usage: sleepy-lua [-n INTERPRETERS] [-u IN-USE] [-r REQUESTS] [-b BOUND-MB] "
                  "[-l LEVEL]\n",
                  stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
}

int main(int count, char **words)
{
    read_options(count, words);
    all = calloc(options.count, sizeof *all);
    if (all == NULL)
        give_up("out of memory");
    measure_awake();
    open_all();
    answer_requests();
    for (uint32_t i = 0; i < options.count; i++) {
        use(&all[i]); /* compares the data */
        interpreter_close(&all[i]);
        unlink_awake(&all[i]);
    }
    printf("all %u woke with the data that they went to sleep with\n", options.count);
    firn_region_template_release(sibling);
    free(all);
    return 0;
}
