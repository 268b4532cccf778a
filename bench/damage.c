/* What a store keeps when its writer is killed, the disk fills or fails, and bits change: row S5.
 *
 *     damage [--json] [--quick] [--runs N] [--svg FILE]
 *
 * A writer puts a segment in each of 12 steps, removes the fourth last, commits, and now and then
 * compacts or opens the store anew. It is run once for each of its calls that write, create, sync,
 * rename or remove (damage/calls.c), and something goes wrong at that call: then each commit that
 * was acknowledged must be there, as it was, and the next writer must go on. And each bit of the
 * files of such a store is changed, with --quick each 11th: then what is read must be right or
 * refused. Power that fails, and the same for caches, are in tests/fault. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <firn/store.h>

#include "damage/calls.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"

enum { STEPS = 12, ALIVE = 3, CONTENT_MAX = 1000, PATH_BYTES = 4096, TEXT = 128 };

/* How often a trial did not go as it must. */
struct findings {
    unsigned tried, lost, wrong, stuck;
};

static char folder[PATH_BYTES], path[PATH_BYTES + 8];

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "damage: %s\n", what);
    exit(1);
}

/* --- a step's segment --- */

static size_t content_of(uint32_t step, unsigned char content[CONTENT_MAX])
{
    uint32_t sequence = step * 2654435761u + 1;
    const size_t size = 40 + step * 71 % 600;
    for (size_t i = 0; i < size; i++)
        content[i] = (unsigned char)(i % 8 < 4 ? 'a' + step : random_next(&sequence) >> 24);
    return size;
}

static bool is_right(const firn_segment *segment, uint32_t step)
{
    unsigned char content[CONTENT_MAX];
    const size_t size = content_of(step, content);
    return segment->size == size && memcmp(segment->data, content, size) == 0;
}

/* --- the writer --- */

static bool write_step(firn_store *store, firn_codec *codec, uint32_t step)
{
    unsigned char content[CONTENT_MAX];
    const firn_store_put_options options = {
        .kind = step, .codec = step % 2 == 0 ? FIRN_CODEC_LZ4 : FIRN_CODEC_RAW};
    const firn_store_compact_options compact = {.garbage_percent = 1};
    const size_t size = content_of(step, content);
    uint32_t number;
    uint64_t moved;
    if (firn_store_put(store, codec, &options, content, size, &number, NULL) != FIRN_OK ||
        (step > ALIVE && firn_store_remove(store, step - ALIVE - 1) != FIRN_OK))
        return false;
    if (step % 5 == 0 && firn_store_compact(store, codec, &compact, &moved, NULL) != FIRN_OK)
        return false;
    return firn_store_commit(store, number, NULL) == FIRN_OK;
}

/* Writes steps until one fails. *acknowledged is the last that was committed. */
static void write_all(uint32_t *acknowledged)
{
    static const firn_store_options options = {.mode = FIRN_STORE_WRITE};
    firn_store *store = NULL;
    firn_codec *codec;
    if (firn_codec_create(NULL, &codec) != FIRN_OK)
        fail("no memory");
    for (uint32_t step = 1; step <= STEPS; step++) {
        if (step % 4 == 1) {
            firn_store_close(store);
            store = NULL;
            if (firn_store_open(path, &options, &store, NULL) != FIRN_OK)
                break;
        }
        if (!write_step(store, codec, step))
            break;
        *acknowledged = step;
    }
    firn_store_close(store);
    firn_codec_destroy(codec);
}

/* --- what it left --- */

static void empty_folder(void)
{
    char name[PATH_BYTES + 300];
    DIR *list = opendir(path);
    struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) != 0)
            fail("cannot remove a file");
    }
    if (list != NULL)
        closedir(list);
    rmdir(path);
}

/* Reads the last step's segments. The step: 0 for an empty store. False: something was wrong. */
static bool read_steps(const firn_store *open, bool *ret_refused, uint32_t *ret_step)
{
    firn_store *store = (firn_store *)(uintptr_t)open;
    const uint32_t root = firn_store_root(store);
    const uint32_t step = root == FIRN_SEGMENT_NONE ? 0 : root + 1;
    bool right = true;
    *ret_step = step;
    *ret_refused = false;
    for (uint32_t i = step > ALIVE ? step - ALIVE + 1 : 1; i <= step && step <= STEPS; i++) {
        firn_segment segment;
        if (firn_store_pin(store, i - 1, &segment, NULL) != FIRN_OK) {
            *ret_refused = true;
            continue;
        }
        right = right && is_right(&segment, i);
        firn_store_unpin(store, &segment);
    }
    return right && step <= STEPS;
}

/* Whether the next writer finds the same and can commit. */
static bool goes_on(uint32_t step)
{
    static const firn_store_options options = {.mode = FIRN_STORE_WRITE};
    static const firn_store_put_options raw = {.codec = FIRN_CODEC_RAW};
    firn_store *store;
    firn_codec *codec;
    uint32_t number;
    if (firn_store_open(path, &options, &store, NULL) != FIRN_OK)
        return false;
    if (firn_codec_create(NULL, &codec) != FIRN_OK)
        fail("no memory");
    const uint32_t root = firn_store_root(store);
    const bool goes = (root == FIRN_SEGMENT_NONE ? 0 : root + 1) == step &&
                      firn_store_put(store, codec, &raw, "on", 2, &number, NULL) == FIRN_OK &&
                      firn_store_commit(store, number, NULL) == FIRN_OK;
    firn_codec_destroy(codec);
    firn_store_close(store);
    return goes;
}

static void check(uint32_t acknowledged, struct findings *findings)
{
    firn_store *store;
    uint32_t step = 0;
    bool refused = false;
    findings->tried++;
    if (firn_store_open(path, NULL, &store, NULL) == FIRN_OK) {
        const bool right = read_steps(store, &refused, &step);
        findings->wrong += !right || step > acknowledged + 1;
        firn_store_close(store);
    }
    findings->lost += refused || step < acknowledged;
    findings->stuck += !goes_on(step);
}

/* --- calls that go wrong --- */

static unsigned run_writer(enum calls_wrong wrong, unsigned at, uint32_t *acknowledged)
{
    struct {
        uint32_t acknowledged;
        unsigned made;
    } *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    if (shared == MAP_FAILED)
        fail("no memory");
    empty_folder();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        calls = (struct calls){.wrong = wrong, .at = at};
        write_all(&shared->acknowledged);
        shared->made = calls.made;
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        fail("cannot start a process");
    if (WIFSIGNALED(status) != (wrong == CALLS_KILL) || (WIFEXITED(status) && status != 0))
        fail("the writer did not end as it should");
    const unsigned made = shared->made;
    *acknowledged = shared->acknowledged;
    munmap(shared, sizeof *shared);
    return made;
}

static void try_each_call(enum calls_wrong wrong, unsigned count, struct findings *findings)
{
    uint32_t acknowledged;
    for (unsigned at = 1; at <= count; at++) {
        run_writer(wrong, at, &acknowledged);
        check(acknowledged, findings);
    }
}

/* --- bits that change --- */

static void try_bit(int file, off_t at, unsigned bit, struct findings *findings)
{
    firn_store *store;
    unsigned char byte, changed;
    if (pread(file, &byte, 1, at) != 1)
        fail("cannot read a file");
    changed = (unsigned char)(byte ^ 1u << bit);
    if (pwrite(file, &changed, 1, at) != 1)
        fail("cannot write a file");
    findings->tried++;
    if (firn_store_open(path, NULL, &store, NULL) == FIRN_OK) {
        bool refused;
        uint32_t step;
        /* An older state would be right for a file whose end is torn, and here is an old answer. */
        findings->wrong += !read_steps(store, &refused, &step) || step != STEPS;
        firn_store_close(store);
    }
    if (pwrite(file, &byte, 1, at) != 1)
        fail("cannot write a file");
}

static void try_bits(unsigned every, struct findings *findings)
{
    char name[PATH_BYTES + 300];
    DIR *list = opendir(path);
    struct dirent *entry;
    uint64_t bits = 0;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        struct stat about;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        const int file = entry->d_name[0] != '.' ? open(name, O_RDWR | O_CLOEXEC) : -1;
        if (file < 0 || fstat(file, &about) != 0)
            continue;
        for (off_t at = 0; at < about.st_size; at++)
            for (unsigned bit = 0; bit < 8; bit++)
                if (bits++ % every == 0)
                    try_bit(file, at, bit, findings);
        close(file);
    }
    if (list == NULL)
        fail("there is no store");
    closedir(list);
}

/* --- rows --- */

enum { KILLS, FULL, ERRORS, BITS, KINDS };

static struct row rows[3 * KINDS];
static char texts[3 * KINDS][TEXT];
static size_t row_count;

static void add(const char *when, unsigned tried, const char *what, unsigned value)
{
    snprintf(texts[row_count], TEXT, "%s (%u tried): %s", when, tried, what);
    rows[row_count] =
        (struct row){.id = "S5", .what = texts[row_count], .value = value, .unit = "", .target = 0};
    row_count++;
}

int main(int count, char **words)
{
    static const struct bench_about about = {
        .text = "A store whose writer is killed, whose disk fails, whose bits change.", .runs = 1};
    static const char *const when[KINDS] = {"killed in a call of a writer",
                                            "a full disk from a call on", "an I/O error in a call",
                                            "a changed bit"};
    struct findings findings[KINDS] = {{0}};
    struct bench_options options;
    uint32_t acknowledged = 0;
    bench_options_read(&options, count, words, &about);
    /* In memory where there is such a folder, as nothing here is lost by a disk. */
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/firn-bench-XXXXXX", parent);
    if (mkdtemp(folder) == NULL)
        fail("cannot make a folder");
    snprintf(path, sizeof path, "%s/store", folder);
    const unsigned made = run_writer(CALLS_GO_WELL, 0, &acknowledged);
    if (acknowledged != STEPS)
        fail("the writer fails where nothing goes wrong");
    try_bits(options.quick ? 11 : 1, &findings[BITS]);
    try_each_call(CALLS_KILL, made, &findings[KILLS]);
    try_each_call(CALLS_FULL, made, &findings[FULL]);
    try_each_call(CALLS_ERROR, made, &findings[ERRORS]);
    empty_folder();
    rmdir(folder);
    for (size_t i = 0; i < KINDS; i++) {
        if (i != BITS) {
            add(when[i], findings[i].tried, "acknowledged commits lost", findings[i].lost);
            add(when[i], findings[i].tried, "the next writer cannot go on", findings[i].stuck);
        }
        add(when[i], findings[i].tried, "wrong or old content returned", findings[i].wrong);
    }
    return rows_report(rows, row_count, &options);
}
