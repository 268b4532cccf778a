/* Processes that sleep and come back: what a husk is, what a rebuilt one has, what is refused. */
#include "support/process_zygote.h"
#include "support/tempdir.h"

#include "region/process_work.h"

#include <firn/cache.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>

static firn_process_hibernate_options waking = {0}, freezing = {.husk = husk_freeze};

static void run(void (*body)(void))
{
    int status = in_zygote(body);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static firn_status sleep_once(firn_process_result *ret_result)
{
    firn_error error;
    waking.husk = waking.husk != NULL ? waking.husk : husk_idle;
    firn_status status = firn_process_hibernate(zygote, &waking, ret_result, &error);
    if (status != FIRN_OK)
        fprintf(stderr, "%s\n", error.text);
    return status;
}

/* --- what is refused --- */

static void refusals(void)
{
    firn_error error;
    firn_process_result result;
    firn_process_hibernate_options options = {0};
    must(firn_process_hibernate(zygote, NULL, &result, &error) == FIRN_INVALID);
    must(firn_process_hibernate(zygote, &options, &result, &error) == FIRN_INVALID);
    options.husk = husk_idle;
    must(firn_process_hibernate(NULL, &options, &result, &error) == FIRN_INVALID);
    options.level = 20;
    must(firn_process_hibernate(zygote, &options, &result, &error) == FIRN_INVALID);
    options.level = 0;
    options.reserved[1] = 1;
    must(firn_process_hibernate(zygote, &options, &result, &error) == FIRN_INVALID);
    options.reserved[1] = 0;
    options.context_bytes = 1;
    must(firn_process_hibernate(zygote, &options, &result, &error) == FIRN_INVALID);
    options.context = &options;
    options.context_bytes = FIRN_PROCESS_CONTEXT_MAX_BYTES + 1;
    must(firn_process_hibernate(zygote, &options, &result, &error) == FIRN_INVALID);
    must(firn_process_rebuild(zygote, NULL, 0, &error) == FIRN_INVALID);
    must(firn_process_rebuild(zygote, "no image", 8, &error) == FIRN_NOT_STORE);
    must(firn_process_rebuild(NULL, "no image", 8, &error) == FIRN_INVALID);
    firn_process_template *other;
    firn_process_template_options shape = {.window_bytes = 4096};
    must(firn_process_template_create(&shape, &other, &error) == FIRN_INVALID);
    shape = (firn_process_template_options){.reserved = {1}};
    must(firn_process_template_create(&shape, &other, &error) == FIRN_INVALID);
    shape = (firn_process_template_options){.kept_count = 1};
    must(firn_process_template_create(&shape, &other, &error) == FIRN_INVALID);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    run(refusals);
}

static void *wait_for_byte(void *pipe_end)
{
    char byte;
    must(read(*(int *)pipe_end, &byte, 1) == 1);
    return NULL;
}

static void with_a_thread(void)
{
    int ends[2];
    pthread_t thread;
    firn_error error;
    firn_process_result result;
    firn_process_template *other;
    must(pipe(ends) == 0 && pthread_create(&thread, NULL, wait_for_byte, &ends[0]) == 0);
    waking.husk = husk_idle;
    must(firn_process_hibernate(zygote, &waking, &result, &error) == FIRN_BUSY);
    must(strstr(error.text, "2 threads") != NULL);
    must(firn_process_rebuild(zygote, "x", 1, &error) == FIRN_BUSY);
    must(firn_process_template_create(NULL, &other, &error) == FIRN_BUSY);
    must(write(ends[1], "x", 1) == 1 && pthread_join(thread, NULL) == 0);
    /* The kernel may count it for a moment longer. */
    firn_status status;
    for (unsigned i = 0;
         (status = firn_process_hibernate(zygote, &waking, &result, &error)) == FIRN_BUSY &&
         i < 1000;
         i++)
        usleep(1000);
    must(status == FIRN_OK);
}

static void a_process_with_threads_is_refused(void **state)
{
    (void)state;
    run(with_a_thread);
}

static void no_template_left(void)
{
    firn_error error;
    firn_process_result result;
    waking.husk = husk_idle;
    must(close(zygote->fd) == 0);
    must(firn_process_hibernate(zygote, &waking, &result, &error) == FIRN_INVALID);
    must(strstr(error.text, "descriptor") != NULL);
}

static void a_closed_template_is_noticed(void **state)
{
    (void)state;
    run(no_template_left);
}

/* --- damaged and foreign images --- */

/* Gives a damaged image first, and looks at what is said of it. */
static void husk_with_damage(firn_process_husk *husk, const void **ret_image,
                             size_t *ret_image_bytes)
{
    unsigned char *image = common->image;
    if (husk->refused != FIRN_OK) {
        common->husk_faults += husk->refused != FIRN_CORRUPT && husk->refused != FIRN_NOT_STORE;
        common->husk_faults += strstr(husk->error.text, "image") == NULL;
        common->generation++;
        return;
    }
    memcpy(image, husk->image, husk->image_bytes);
    uint64_t bit = *(uint64_t *)husk->context % (husk->image_bytes * 8);
    image[bit / 8] ^= (unsigned char)(1 << bit % 8);
    *ret_image = image;
    *ret_image_bytes = husk->image_bytes;
}

static void wake_with_damage(void)
{
    for (unsigned i = 0; i < 40; i++) {
        uint64_t bit = i < 8 ? i : rng_next(&state_random);
        const uint64_t digest = state_digest();
        firn_process_hibernate_options options = {
            .husk = husk_with_damage, .context = &bit, .context_bytes = sizeof bit};
        must(firn_process_hibernate(zygote, &options, NULL, NULL) == FIRN_OK);
        must(state_digest() == digest && common->generation == i + 1 && common->husk_faults == 0);
    }
}

static void a_damaged_image_is_refused_and_another_one_wakes(void **state)
{
    (void)state;
    run(wake_with_damage);
}

static void freeze_once(void)
{
    state_change(20);
    common->digest = state_digest();
    firn_process_result result;
    must(firn_process_hibernate(zygote, &freezing, &result, NULL) == FIRN_OK);
    must(result.rebuilt && state_digest() == common->digest);
}

static void rebuild_with_damage(void)
{
    must(in_child(freeze_once) == 40);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t bit = rng_next(&state_random) % (common->image_bytes * 8);
        common->image[bit / 8] ^= (unsigned char)(1 << bit % 8);
        int status = in_child(rebuild_or_say);
        must(status == 100 + FIRN_CORRUPT || status == 100 + FIRN_NOT_STORE);
        common->image[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    firn_process_template *first = zygote;
    must(firn_process_template_create(NULL, &zygote, NULL) == FIRN_OK);
    must(firn_process_template_id(zygote) != firn_process_template_id(first));
    must(in_child(rebuild_or_say) == 100 + FIRN_NOT_FOUND);
    zygote = first; /* of which the memory still is the same */
    must(in_child(rebuild_or_say) == 0);
}

static void images_are_refused_that_are_damaged_or_of_another_template(void **state)
{
    (void)state;
    run(rebuild_with_damage);
}

/* --- images in a cache --- */

static char root[TEMPDIR_PATH_BYTES], path[TEMPDIR_PATH_BYTES + 8];

/* Closes the cache and opens it again, so that the image comes from the store's files. */
static void rebuild_from_a_store(void)
{
    const firn_cache_options options = {
        .limit_bytes = 16 << 20, .store = path, .no_thread = true, .ignore_pressure = true};
    const firn_bytes key = {"page 1", 6};
    firn_cache *cache;
    size_t size;
    snprintf(path, sizeof path, "%s/S", root);
    must(in_child(freeze_once) == 40);
    const firn_bytes image = {common->image, common->image_bytes};
    must(firn_cache_open(&options, &cache, NULL) == FIRN_OK);
    must(firn_cache_put(cache, key, image, NULL) == FIRN_OK);
    must(firn_cache_flush(cache, NULL) == FIRN_OK);
    firn_cache_close(cache);
    memset(common->image, 0, common->image_bytes);
    must(firn_cache_open(&options, &cache, NULL) == FIRN_OK);
    must(firn_cache_get(cache, key, common->image, IMAGE_MAX_BYTES, &size, NULL) == FIRN_OK);
    must(size == common->image_bytes);
    must(in_child(rebuild_or_say) == 0);
    firn_cache_close(cache);
}

/* Runs body with a folder. */
static void run_with_folder(void (*body)(void))
{
    tempdir_make(root);
    int status = in_zygote(body);
    tempdir_remove(root);
    if (status == 77)
        skip();
    assert_int_equal(status, 0);
}

static void an_image_comes_back_from_a_cache_and_its_store(void **state)
{
    (void)state;
    run_with_folder(rebuild_from_a_store);
}

/* --- mappings --- */

static void freeze_with_shared_memory(void)
{
    char *own = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(own != MAP_FAILED);
    own[0] = 5;
    must(sleep_once(NULL) == FIRN_OK && own[0] == 5);
    freeze_once();
}

static void rebuild_with_shared_memory(void)
{
    must(in_child(freeze_with_shared_memory) == 40);
    firn_process_image_info info;
    must(firn_process_image_look(common->image, common->image_bytes, &info, NULL) == FIRN_OK);
    must(!info.rebuildable && info.template_id == firn_process_template_id(zygote));
    must(in_child(rebuild_or_say) == 100 + FIRN_UNSUPPORTED);
}

static void shared_memory_of_its_own_wakes_but_is_not_rebuilt(void **state)
{
    (void)state;
    run(rebuild_with_shared_memory);
}

static void freeze_with_file(void)
{
    int fd = open(path, O_RDONLY);
    must(fd >= 0);
    char *text = mmap(NULL, 3 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    must(text != MAP_FAILED && close(fd) == 0);
    text[PAGE_BYTES] = 'B';
    memset(text + 2 * PAGE_BYTES, 0, PAGE_BYTES);
    freeze_once();
    must(text[0] == 'a' && text[PAGE_BYTES] == 'B' && text[PAGE_BYTES + 1] == 'a');
    must(text[2 * PAGE_BYTES] == 0 && text[3 * PAGE_BYTES - 1] == 0);
}

static void rebuild_with_file(void)
{
    static char content[3 * PAGE_BYTES];
    char other[TEMPDIR_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s/a", root);
    snprintf(other, sizeof other, "%s/b", root);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    memset(content, 'a', sizeof content);
    must(fd >= 0 && write(fd, content, sizeof content) == sizeof content);
    must(in_child(freeze_with_file) == 40);
    must(in_child(rebuild_or_say) == 0);
    must(rename(path, other) == 0);
    must(in_child(rebuild_or_say) == 100 + FIRN_CHANGED);
    int second = open(path, O_RDWR | O_CREAT, 0600);
    must(second >= 0 && write(second, content, sizeof content) == sizeof content);
    must(in_child(rebuild_or_say) == 100 + FIRN_CHANGED);
    must(rename(other, path) == 0);
    must(in_child(rebuild_or_say) == 0);
    must(close(fd) == 0 && close(second) == 0);
}

static void a_file_mapped_after_the_template_is_mapped_again(void **state)
{
    (void)state;
    run_with_folder(rebuild_with_file);
}

static void heap_up_and_down(void)
{
    char *start = sbrk(0);
    must(sbrk(1 << 20) == start);
    memset(start, 7, 1 << 20);
    must(sleep_once(NULL) == FIRN_OK);
    must(start[0] == 7 && start[(1 << 20) - 1] == 7);
    must(sbrk(-(1 << 19)) == start + (1 << 20));
    freeze_once();
    char *end = sbrk(0); /* malloc may have taken some more meanwhile */
    must(end >= start + (1 << 19) && (long)end == syscall(SYS_brk, 0));
    must(start[(1 << 19) - 1] == 7);
    must(sbrk(PAGE_BYTES) == end && end[0] == 0);
    must(sbrk(-PAGE_BYTES) == end + PAGE_BYTES);
}

static void grow_and_rebuild(void)
{
    must(sbrk(1 << 20) != (void *)-1); /* the new child begins with more than the old one had */
    rebuild_or_say();
}

static void rebuild_heaps(void)
{
    must(in_child(heap_up_and_down) == 40);
    must(in_child(rebuild_or_say) == 0);
    must(in_child(grow_and_rebuild) == 0);
}

static void the_data_segment_has_its_size_again(void **state)
{
    (void)state;
    run(rebuild_heaps);
}

static char *zygotes_own;
enum { OWN_PAGES = 64 };

static void freeze_with_moved_memory(void)
{
    char *at = zygotes_own;
    must(munmap(at + 8 * PAGE_BYTES, 8 * PAGE_BYTES) == 0);
    must(mprotect(at + 20 * PAGE_BYTES, PAGE_BYTES, PROT_NONE) == 0);
    must(mmap(at + 24 * PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + 24 * PAGE_BYTES);
    char *moved = mremap(at + 32 * PAGE_BYTES, 32 * PAGE_BYTES, 64 * PAGE_BYTES, MREMAP_MAYMOVE);
    must(moved != MAP_FAILED);
    for (unsigned i = 0; i < 32 * PAGE_BYTES; i++)
        must(moved[i] == 'z' && moved[32 * PAGE_BYTES + i] == 0);
    moved[33 * PAGE_BYTES] = 'm';
    moved[0] = 0;
    memset(moved + PAGE_BYTES, 0, PAGE_BYTES);
    freeze_once();
    must(moved[0] == 0 && moved[1] == 'z' && moved[33 * PAGE_BYTES] == 'm');
    must(moved[PAGE_BYTES] == 0 && moved[2 * PAGE_BYTES - 1] == 0 && moved[2 * PAGE_BYTES] == 'z');
    must(at[24 * PAGE_BYTES] == 0 && at[19 * PAGE_BYTES] == 'z');
    unsigned char resident;
    must(mincore(at + 8 * PAGE_BYTES, PAGE_BYTES, &resident) != 0 && errno == ENOMEM);
    must(mprotect(at + 20 * PAGE_BYTES, PAGE_BYTES, PROT_READ) == 0);
    must(at[20 * PAGE_BYTES] == 'z');
}

static void rebuild_moved_memory(void)
{
    zygotes_own = mmap(NULL, OWN_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(zygotes_own != MAP_FAILED);
    memset(zygotes_own, 'z', OWN_PAGES * PAGE_BYTES);
    firn_process_template_destroy(zygote);
    must(firn_process_template_create(NULL, &zygote, NULL) == FIRN_OK);
    must(in_child(freeze_with_moved_memory) == 40);
    must(in_child(rebuild_or_say) == 0);
}

static void what_was_unmapped_moved_or_protected_stays_so(void **state)
{
    (void)state;
    run(rebuild_moved_memory);
}

static void discard_in_child(void)
{
    zygotes_own[0] = 'y';
    must(madvise(zygotes_own, PAGE_BYTES, MADV_DONTNEED) == 0);
    must(zygotes_own[0] == 0); /* kept: zeros, as everywhere else */
    zygotes_own[1] = 'k';
    freeze_once();
    must(zygotes_own[0] == 0 && zygotes_own[1] == 'k' && zygotes_own[PAGE_BYTES] == 'z');
}

static void rebuild_kept_memory(void)
{
    zygotes_own = mmap(NULL, OWN_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(zygotes_own != MAP_FAILED);
    memset(zygotes_own, 'z', OWN_PAGES * PAGE_BYTES);
    const firn_process_range kept = {zygotes_own + 10, 1};
    const firn_process_template_options options = {
        .kept = &kept, .kept_count = 1, .window_bytes = 128 << 20};
    firn_process_template_destroy(zygote);
    must(firn_process_template_create(&options, &zygote, NULL) == FIRN_OK);
    firn_usage usage;
    firn_process_template_usage(zygote, &usage);
    must(usage.live_bytes > 0 && usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    must(in_child(discard_in_child) == 40);
    must(in_child(rebuild_or_say) == 0);
}

static void kept_memory_stays_without_a_file(void **state)
{
    (void)state;
    run(rebuild_kept_memory);
}

enum { WINDOW_BYTES = 64 << 20, BESIDE_BYTES = 2 << 20 };

/* Memory of the page that the kernel lists as one mapping with the template's window. */
static void sleep_and_freeze_beside(void)
{
    char *at = zygotes_own;
    must(mmap(at, BESIDE_BYTES, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == at);
    must(mprotect(at + 2 * PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE) == 0);
    at[2 * PAGE_BYTES] = 'b';
    must(sleep_once(NULL) == FIRN_OK && at[2 * PAGE_BYTES] == 'b');
    freeze_once();
    must(at[2 * PAGE_BYTES] == 'b');
    must(mprotect(at, BESIDE_BYTES, PROT_READ) == 0 && at[0] == 0 && at[2 * PAGE_BYTES] == 'b');
}

static void rebuild_memory_beside(void)
{
    firn_process_template_destroy(zygote);
    char *hole = mmap(NULL, WINDOW_BYTES + 2 * BESIDE_BYTES, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(hole != MAP_FAILED);
    /* The kernel has what is this large end where a large page does. */
    zygotes_own = hole + WINDOW_BYTES + BESIDE_BYTES;
    zygotes_own -= (uintptr_t)zygotes_own % BESIDE_BYTES;
    must(munmap(hole, (size_t)(zygotes_own - hole)) == 0);
    const firn_process_template_options options = {.window_bytes = WINDOW_BYTES};
    must(firn_process_template_create(&options, &zygote, NULL) == FIRN_OK);
    must((char *)zygote + WINDOW_BYTES == zygotes_own);
    must(munmap(zygotes_own, (size_t)(hole + WINDOW_BYTES + 2 * BESIDE_BYTES - zygotes_own)) == 0);
    must(in_child(sleep_and_freeze_beside) == 40);
    must(in_child(rebuild_or_say) == 0);
}

static void memory_beside_the_window_comes_back(void **state)
{
    (void)state;
    run(rebuild_memory_beside);
}

static void too_much_for_the_window(void)
{
    const firn_process_template_options options = {.window_bytes = 64 << 20};
    firn_error error;
    firn_process_template_destroy(zygote);
    must(firn_process_template_create(&options, &zygote, NULL) == FIRN_OK);
    enum { MUCH = 40 << 20 };
    unsigned char *much = malloc(MUCH);
    rng_bytes(&state_random, much, MUCH);
    const uint64_t digest = digest_bytes(1, much, MUCH);
    waking.husk = husk_idle;
    must(firn_process_hibernate(zygote, &waking, NULL, &error) == FIRN_LIMIT);
    must(strstr(error.text, "window") != NULL && digest_bytes(1, much, MUCH) == digest);
    free(much);
    must(sleep_once(NULL) == FIRN_OK);
}

static void more_than_the_window_holds_is_refused(void **state)
{
    (void)state;
    run(too_much_for_the_window);
}

/* --- husks --- */

static void husk_with_signal(firn_process_husk *husk, const void **ret_image,
                             size_t *ret_image_bytes)
{
    (void)husk, (void)ret_image, (void)ret_image_bytes;
    kill(getpid(), SIGUSR1);
    usleep(1000);
    common->husk_faults += signals_seen != 0;
    struct sigaction ignore = {.sa_handler = SIG_IGN}; /* undone by waking */
    sigaction(SIGUSR2, &ignore, NULL);
}

static void signal_in_a_husk(void)
{
    static char stack[1 << 14];
    const stack_t signal_stack = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_ONSTACK};
    sigset_t blocked, now;
    must(sigaltstack(&signal_stack, NULL) == 0);
    must(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    must(sigprocmask(SIG_SETMASK, &blocked, NULL) == 0);
    waking.husk = husk_with_signal;
    must(sleep_once(NULL) == FIRN_OK);
    must(signals_seen == 1 && common->husk_faults == 0);
    must(raise(SIGUSR2) == 0 && signals_seen == 2);
    must(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
    must(sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGUSR1) == 0);
    freeze_once();
    must(raise(SIGUSR2) == 0 && signals_seen == 3);
    stack_t is;
    must(sigaltstack(NULL, &is) == 0 && is.ss_sp == stack && is.ss_flags == 0);
    must(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGTERM) == 1);
}

static void rebuild_signals(void)
{
    must(in_child(signal_in_a_husk) == 40);
    must(in_child(rebuild_or_say) == 0);
}

static void signals_wait_for_the_waking_and_keep_their_handlers(void **state)
{
    (void)state;
    run(rebuild_signals);
}

/* Uses what the zygote has: the environment, the heap, stdio. */
static void husk_at_work(firn_process_husk *husk, const void **ret_image, size_t *ret_image_bytes)
{
    char *image = malloc(husk->image_bytes);
    memcpy(image, husk->image, husk->image_bytes);
    *ret_image = image;
    *ret_image_bytes = husk->image_bytes;
    firn_process_husk_drop(husk);
    const char *variable = getenv("FIRN_TEST_HUSK");
    common->husk_faults += variable == NULL || strcmp(variable, "seen") != 0;
    char text[100];
    snprintf(text, sizeof text, "%s %d", "printed", 5);
    common->husk_faults += strcmp(text, "printed 5") != 0;
    firn_error error;
    const firn_process_hibernate_options again = {.husk = husk_idle};
    common->husk_faults += zygote != NULL; /* it was set after the template was made */
    firn_process_template *given = *(firn_process_template **)husk->context;
    common->husk_faults += firn_process_hibernate(given, &again, NULL, &error) != FIRN_BUSY;
    common->husk_faults += firn_process_rebuild(given, image, 5, &error) != FIRN_BUSY;
    FILE *about = fopen("/proc/self/status", "r");
    common->husk_faults += about == NULL;
    for (char line[200]; fgets(line, sizeof line, about) != NULL;) {
        unsigned long kilobytes;
        if (sscanf(line, "RssAnon: %lu", &kilobytes) == 1)
            common->generation = kilobytes;
    }
    fclose(about);
}

static void work_in_a_husk(void)
{
    enum { MUCH = 8 << 20 };
    unsigned char *much = malloc(MUCH);
    memset(much, 7, MUCH);
    waking.husk = husk_at_work;
    waking.context = &zygote;
    waking.context_bytes = sizeof zygote;
    firn_process_result result;
    must(sleep_once(&result) == FIRN_OK && common->husk_faults == 0);
    must(result.private_bytes > MUCH && result.image_bytes < MUCH / 20);
    must(common->generation > 0 && common->generation < 400); /* KiB, of more than 8 MiB */
    must(digest_bytes(1, much, 1000) != 1 && much[MUCH - 1] == 7);
}

static void with_environment(void)
{
    must(in_child(work_in_a_husk) == 0);
}

static void a_husk_is_small_and_can_work(void **state)
{
    (void)state;
    setenv("FIRN_TEST_HUSK", "seen", 1);
    run(with_environment);
}

static void husk_lost(firn_process_husk *husk, const void **ret_image, size_t *ret_image_bytes)
{
    (void)ret_image, (void)ret_image_bytes;
    _exit(husk->image != NULL ? 7 : 8);
}

static void sleep_and_end(void)
{
    waking.husk = husk_lost;
    (void)sleep_once(NULL);
}

static void end_in_a_husk(void)
{
    must(in_child(sleep_and_end) == 7);
}

static void a_husk_may_end(void **state)
{
    (void)state;
    run(end_in_a_husk);
}

/* --- pages that are the template's again --- */

static uint64_t own_bytes(void)
{
    char line[256];
    unsigned long kilobytes, total = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    must(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Private_Dirty: %lu", &kilobytes) == 1)
            total = kilobytes;
    }
    fclose(file);
    return total << 10;
}

/* Writes all nodes' bytes, and half of them as they were; and zeros to a mapping of its own. */
static void merge_in_child(void)
{
    enum { OWN_BYTES = 1 << 20 };
    firn_error error;
    firn_process_result result;
    uint64_t bytes, second;
    unsigned char *own =
        mmap(NULL, OWN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(own != MAP_FAILED);
    memset(own, 7, OWN_BYTES);
    memset(own, 0, OWN_BYTES);
    own[5000] = 9;
    for (size_t i = 0; i < NODES; i++) {
        for (size_t at = 0; nodes[i] != NULL && at < nodes[i]->size; at++)
            ((volatile unsigned char *)nodes[i]->data)[at] ^= 255;
    }
    for (size_t i = 0; i < NODES; i++) {
        for (size_t at = 0; nodes[i] != NULL && at < nodes[i]->size && i != 7; at++)
            ((volatile unsigned char *)nodes[i]->data)[at] ^= 255;
    }
    state_text[4000] ^= 1;
    const uint64_t digest = state_digest(), before = own_bytes();
    must(firn_process_merge(zygote, &bytes, &error) == FIRN_OK);
    must(own_bytes() + (OWN_BYTES - 2 * PAGE_BYTES) + (64 << 10) <= before);
    must(bytes >= OWN_BYTES && bytes % PAGE_BYTES == 0);
    must(state_digest() == digest && own[5000] == 9 && own[4999] == 0);
    must(firn_process_merge(zygote, &second, &error) == FIRN_OK && second < bytes / 8);
    for (unsigned i = 0; i < 3; i++) { /* what is merged is packed and woken as before */
        must(sleep_once(&result) == FIRN_OK && state_digest() == digest && own[5000] == 9);
        must(firn_process_merge(zygote, &second, &error) == FIRN_OK);
        must(state_digest() == digest && own[5000] == 9);
    }
    must(firn_process_merge(NULL, &bytes, &error) == FIRN_INVALID);
    must(close(zygote->fd) == 0);
    must(firn_process_merge(zygote, &bytes, &error) == FIRN_INVALID);
}

static void pages_that_are_the_templates_again_are_shared_again(void **state)
{
    (void)state;
    run(merge_in_child);
}

int main(void)
{
    rng_init(&state_random, "process");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(a_process_with_threads_is_refused),
        cmocka_unit_test(a_closed_template_is_noticed),
        cmocka_unit_test(a_damaged_image_is_refused_and_another_one_wakes),
        cmocka_unit_test(images_are_refused_that_are_damaged_or_of_another_template),
        cmocka_unit_test(an_image_comes_back_from_a_cache_and_its_store),
        cmocka_unit_test(shared_memory_of_its_own_wakes_but_is_not_rebuilt),
        cmocka_unit_test(a_file_mapped_after_the_template_is_mapped_again),
        cmocka_unit_test(the_data_segment_has_its_size_again),
        cmocka_unit_test(what_was_unmapped_moved_or_protected_stays_so),
        cmocka_unit_test(kept_memory_stays_without_a_file),
        cmocka_unit_test(memory_beside_the_window_comes_back),
        cmocka_unit_test(more_than_the_window_holds_is_refused),
        cmocka_unit_test(signals_wait_for_the_waking_and_keep_their_handlers),
        cmocka_unit_test(a_husk_is_small_and_can_work),
        cmocka_unit_test(a_husk_may_end),
        cmocka_unit_test(pages_that_are_the_templates_again_are_shared_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
