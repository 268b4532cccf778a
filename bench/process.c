/* Processes that sleep: what a page process packs to, how long packing, waking and rebuilding take,
 * and what a husk costs, with the kernel's own memory for it.
 *
 *     process [--json] [--quick] [--runs N] [--svg FILE]
 *
 * The kernel's memory is that of a memory cgroup (version 1) of 50 processes, of which a fiftieth
 * counts; it is left out where none can be made. The pages are lists of malloc, and a
 * script engine where JavaScriptCore is installed, which runs as programs that fork need it: no
 * helper threads, the C library's malloc. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <firn/process.h>

#include "process/page.h"
#include "support/contender.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"

enum { ROUNDS_MAX = CONTENDER_RUNS_MAX, HUSKS = 50, IMAGE_MAX_BYTES = 64 << 20 };

static struct shared {
    double pack_ms[ROUNDS_MAX], wake_ms[ROUNDS_MAX], rebuild_ms[ROUNDS_MAX];
    double private_bytes, image_bytes, template_bytes, fork_ms;
    double awake_bytes, awake_kernel_bytes, husk_bytes, husk_kernel_bytes, tables_bytes;
    uint64_t started_ns, asleep_ns;
    size_t image_size;
    volatile unsigned ready, asleep;
    unsigned char image[IMAGE_MAX_BYTES];
} * shared;

static const struct page *page;
static firn_process_template *zygote;
static unsigned rounds;
static char cgroup[200];

static void check(bool is, const char *what)
{
    if (!is) {
        fprintf(stderr, "process: %s: %s\n", page->name, what);
        _exit(1);
    }
}

/* What this process used of processors, which a busy machine changes less than the time. */
static void wake_at_once(firn_process_husk *husk, const void **ret_image, size_t *ret_size)
{
    (void)husk, (void)ret_image, (void)ret_size;
    shared->asleep_ns = cpu_ns();
}

static void freeze(firn_process_husk *husk, const void **ret_image, size_t *ret_size)
{
    (void)ret_image, (void)ret_size;
    memcpy(shared->image, husk->image, husk->image_bytes);
    shared->image_size = husk->image_bytes;
    _exit(40);
}

/* The image is with whoever keeps it. */
static void wait_for_the_end(firn_process_husk *husk, const void **ret_image, size_t *ret_size)
{
    (void)ret_image, (void)ret_size;
    firn_process_husk_drop(husk);
    __atomic_add_fetch(&shared->asleep, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
}

static firn_process_result hibernate(firn_process_husk_fn husk)
{
    const firn_process_hibernate_options options = {.husk = husk};
    firn_process_result result;
    firn_error error;
    firn_status status = firn_process_hibernate(zygote, &options, &result, &error);
    check(status == FIRN_OK, error.text);
    return result;
}

static void sleep_and_wake(void)
{
    page->begin();
    for (unsigned i = 0; i < rounds; i++) {
        check(page->work(i), "the state is not what it was");
        const uint64_t before_ns = cpu_ns();
        const firn_process_result result = hibernate(wake_at_once);
        shared->pack_ms[i] = (double)(shared->asleep_ns - before_ns) / 1e6;
        shared->wake_ms[i] = (double)(cpu_ns() - shared->asleep_ns) / 1e6;
        if (i == 0) {
            shared->private_bytes = (double)result.private_bytes;
            shared->image_bytes = (double)result.image_bytes;
        }
    }
}

static void live_on(void)
{
    page->begin();
    for (unsigned i = 0; i < rounds; i++) {
        check(page->work(i), "the state is not what it was");
        (void)hibernate(freeze);
        shared->rebuild_ms[i] = (double)(wall_ns() - shared->started_ns) / 1e6;
    }
}

static void rebuild(void)
{
    firn_error error;
    firn_status status = firn_process_rebuild(zygote, shared->image, shared->image_size, &error);
    check(status == FIRN_OK, error.text);
}

static void husk(void)
{
    page->begin();
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
    while (shared->ready < HUSKS + 1)
        usleep(1000);
    (void)hibernate(wait_for_the_end);
}

static pid_t start(void (*body)(void))
{
    shared->started_ns = wall_ns();
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    shared->fork_ms = (double)(wall_ns() - shared->started_ns) / 1e6;
    check(child > 0, "fork failed");
    return child;
}

static int wait_for(pid_t child)
{
    int status;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status), "a process was killed");
    return WEXITSTATUS(status);
}

static double number_in(const char *folder, const char *name)
{
    char path[300];
    double number = -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    check(file != NULL && fscanf(file, "%lf", &number) == 1, path);
    fclose(file);
    return number;
}

static double tables_of(pid_t process)
{
    char path[100], line[200];
    double kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmPTE: %lf", &kilobytes);
    if (file != NULL)
        fclose(file);
    return kilobytes * 1024;
}

/* What the zygote's children cost, the zygote itself having been charged elsewhere. */
static void measure_husks(void)
{
    static const char all[] = "memory.usage_in_bytes", kernels[] = "memory.kmem.usage_in_bytes";
    pid_t husks[HUSKS];
    char path[sizeof cgroup + 20];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("0\n", file) < 0 || fclose(file) != 0)
        return;
    const double before = number_in(cgroup, all), kernel_before = number_in(cgroup, kernels);
    for (unsigned i = 0; i < HUSKS; i++)
        husks[i] = start(husk);
    while (shared->ready < HUSKS)
        usleep(1000);
    shared->awake_bytes = (number_in(cgroup, all) - before) / HUSKS;
    shared->awake_kernel_bytes = (number_in(cgroup, kernels) - kernel_before) / HUSKS;
    shared->ready++;
    while (shared->asleep < HUSKS)
        usleep(1000);
    usleep(300000); /* freed pages leave the processors' own lists */
    shared->husk_bytes = (number_in(cgroup, all) - before) / HUSKS;
    shared->husk_kernel_bytes = (number_in(cgroup, kernels) - kernel_before) / HUSKS;
    shared->tables_bytes = tables_of(husks[0]);
    for (unsigned i = 0; i < HUSKS; i++)
        kill(husks[i], SIGKILL);
    for (unsigned i = 0; i < HUSKS; i++)
        waitpid(husks[i], NULL, 0);
}

static void be_zygote(void)
{
    firn_error error;
    firn_usage usage;
    page->load();
    firn_status status = firn_process_template_create(NULL, &zygote, &error);
    check(status == FIRN_OK, error.text);
    firn_process_template_usage(zygote, &usage);
    shared->template_bytes = (double)usage.live_bytes;
    check(wait_for(start(sleep_and_wake)) == 0, "sleeping failed");
    int ended = wait_for(start(live_on));
    while (ended == 40)
        ended = wait_for(start(rebuild));
    check(ended == 0, "rebuilding failed");
    measure_husks();
}

static struct row row(const char *what, double value, const char *unit)
{
    static char texts[32][80];
    static unsigned next;
    char *text = texts[next++ % 32];
    snprintf(text, sizeof texts[0], "%s: %s", page->name, what);
    return (struct row){
        .id = "page", .what = text, .value = value, .unit = unit, .target = ROW_NO_TARGET};
}

static struct row row_of_runs(const char *what, double *values)
{
    struct row made = row(what, 0, "ms");
    made.value = median(values, rounds);
    made.least = values[0];
    made.most = values[rounds - 1];
    return made;
}

static size_t add_rows(struct row *rows)
{
    size_t count = 0;
    rows[count++] = row("the template", shared->template_bytes, "B");
    rows[count++] = row("private pages", shared->private_bytes, "B");
    rows[count++] = row("its image", shared->image_bytes, "B");
    rows[count++] = row_of_runs("packing and giving back, CPU", shared->pack_ms);
    rows[count++] = row_of_runs("waking in the husk, CPU", shared->wake_ms);
    rows[count++] = row_of_runs("rebuilding, with the fork, time", shared->rebuild_ms);
    rows[count++] = row("the last fork", shared->fork_ms, "ms");
    if (shared->husk_bytes > 0) {
        rows[count++] = row("a page awake, all memory", shared->awake_bytes, "B");
        rows[count++] = row("of that, the kernel's", shared->awake_kernel_bytes, "B");
        rows[count++] = row("a husk, all memory", shared->husk_bytes, "B");
        rows[count++] = row("of that, the kernel's", shared->husk_kernel_bytes, "B");
        rows[count++] = row("of that, page tables", shared->tables_bytes, "B");
    }
    return count;
}

int main(int argc, char **words)
{
    static const struct bench_about about = {
        .text = "Page processes that sleep, wake and are rebuilt.", .runs = 51};
    static const struct page *const pages[] = {&page_malloc, &page_script};
    struct bench_options options;
    struct row rows[2 * 12];
    size_t count = 0;
    if (setenv("JSC_useJIT", "0", 0) != 0 || setenv("JSC_useConcurrentGC", "0", 0) != 0 ||
        setenv("JSC_numberOfGCMarkers", "1", 0) != 0 || setenv("Malloc", "1", 0) != 0)
        return 1;
    if (getenv("FIRN_BENCH_AGAIN") == NULL) { /* the engine looks before main */
        setenv("FIRN_BENCH_AGAIN", "1", 1);
        execv("/proc/self/exe", words);
    }
    bench_options_read(&options, argc, words, &about);
    rounds = options.runs < ROUNDS_MAX ? options.runs : ROUNDS_MAX;
    if (rounds < 3)
        rounds = 3;
    for (size_t i = 0; i < 2; i++) {
        page = pages[i];
        if (page->name == NULL)
            continue;
        shared =
            mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        snprintf(cgroup, sizeof cgroup, "/sys/fs/cgroup/memory/firn-bench-%d", (int)getpid());
        (void)mkdir(cgroup, 0755);
        const int ended = shared != MAP_FAILED ? wait_for(start(be_zygote)) : 1;
        rmdir(cgroup);
        if (ended != 0)
            return 1;
        count += add_rows(rows + count);
        munmap(shared, sizeof *shared);
    }
    return rows_report(rows, count, &options);
}
