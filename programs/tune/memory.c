/* `firn tune memory`: what the memory of a running process is made of, what of it was used lately,
 * and what it would hold asleep. A look at it:
 *
 *     clear the bits of use -> wait -> smaps -> a sample of its pages, packed -> print
 *
 * The process is never stopped. Clearing the bits holds up its page faults for a time that is
 * measured and told; reading a block those that change its mappings, for some microseconds. */
#include "common/emitter.h"
#include "common/program.h"
#include "common/readable.h"
#include "tune/asleep.h"
#include "tune/start.h"
#include "tune/tune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 200, MS = 1000000 };

struct look {
    struct smaps smaps;
    struct asleep asleep;
    bool is_cleared; /* the bits of use tell about the interval */
    uint64_t clear_ns, interval_ms;
    char command[512];
};

struct target {
    pid_t pid;
    bool is_ours; /* firn started it */
    bool ended;
    int status;
};

/* --- a look --- */

static void sleep_ms(uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000 * MS)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static bool has_ended(struct target *target)
{
    if (target->is_ours && !target->ended)
        target->ended = waitpid(target->pid, &target->status, WNOHANG) == target->pid;
    return target->ended;
}

/* Waits, but not longer than a program that firn started. */
static void wait_for(struct target *target, uint64_t ms)
{
    const uint64_t end = firn_clock_ns() + ms * MS;
    if (!target->is_ours) {
        sleep_ms(ms);
        return;
    }
    while (!has_ended(target) && firn_clock_ns() < end) {
        const uint64_t left = (end - firn_clock_ns()) / MS + 1;
        sleep_ms(left < 20 ? left : 20);
    }
}

static void look_release(struct look *look)
{
    smaps_release(&look->smaps);
    *look = (struct look){.interval_ms = 0};
}

/* False after one line on stderr, but none for a program of ours that has ended. */
static bool look_at(const struct invocation *invocation, struct target *target, uint64_t ms,
                    struct look *look)
{
    const struct asleep_options options = {.pid = target->pid,
                                           .sibling = (pid_t)option_number(invocation, "sibling"),
                                           .blocks =
                                               option_number(invocation, "sample") / (64 << 10)};
    *look = (struct look){.interval_ms = ms};
    look->is_cleared = ms > 0 && smaps_clear(target->pid, &look->clear_ns);
    wait_for(target, ms);
    if (has_ended(target))
        return false;
    smaps_command(target->pid, look->command, sizeof look->command);
    if (!smaps_read(&look->smaps, target->pid))
        return false;
    if (asleep_measure(&options, &look->smaps, &look->asleep))
        return true;
    look_release(look);
    return false;
}

/* --- what is printed --- */

/* Of what is in memory, what was not used in the interval. */
static double untouched_share(const struct look *look)
{
    const struct smaps_sums *all = &look->smaps.all;
    return all->rss > 0 && all->referenced < all->rss
               ? (double)(all->rss - all->referenced) / (double)all->rss
               : 0;
}

static void put_sentence(char *text, size_t size, const struct look *look)
{
    char rss[READABLE_BYTES], asleep[READABLE_BYTES], took[READABLE_BYTES];
    const double best = look->asleep.sibling > 0 ? look->asleep.sibling : look->asleep.zstd;
    int used = snprintf(text, size, "%s", readable_bytes(look->smaps.all.rss, rss));
    if (look->is_cleared)
        used += snprintf(text + used, size - (size_t)used, ", %.0f %% untouched for %s",
                         100 * untouched_share(look),
                         readable_seconds((double)look->interval_ms / 1e3, took));
    (void)snprintf(text + used, size - (size_t)used, ", asleep %s",
                   readable_bytes((uint64_t)(best + 0.5), asleep));
}

static void emit_sums(struct emitter *emitter, const struct look *look,
                      const struct smaps_sums *sums)
{
    emitter_bytes(emitter, "size_bytes", sums->size);
    emitter_bytes(emitter, "rss_bytes", sums->rss);
    emitter_bytes(emitter, "private_bytes", sums->private);
    emitter_bytes(emitter, "shared_bytes", sums->shared);
    emitter_bytes(emitter, "dirty_bytes", sums->dirty);
    if (look->is_cleared)
        emitter_bytes(emitter, "touched_bytes", sums->referenced);
}

static void emit_kinds(struct emitter *emitter, const struct look *look)
{
    static const struct emitter_column columns[] = {
        {"kind", -10},        {"mappings", 8},     {"size_bytes", 9},  {"rss_bytes", 9},
        {"private_bytes", 9}, {"shared_bytes", 9}, {"dirty_bytes", 9}, {"touched_bytes", 9}};
    const unsigned count = sizeof columns / sizeof columns[0] - !look->is_cleared;
    emitter_table_begin(emitter, "kinds", columns, count);
    for (unsigned i = 0; i < SMAPS_KINDS; i++) {
        emitter_row_begin(emitter);
        emitter_text(emitter, "kind", smaps_kind_names[i]);
        emitter_number(emitter, "mappings", look->smaps.kinds[i].mappings);
        emit_sums(emitter, look, &look->smaps.kinds[i]);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static uint64_t whole(double value)
{
    return value > 0 ? (uint64_t)(value + 0.5) : 0;
}

static void emit_asleep(struct emitter *emitter, const struct invocation *invocation,
                        const struct look *look)
{
    const struct asleep *asleep = &look->asleep;
    emitter_object_begin(emitter, "asleep");
    emitter_bytes(emitter, "own_bytes", asleep->pages);
    emitter_bytes(emitter, "sampled_bytes", asleep->sampled);
    emitter_bytes(emitter, "zero_bytes", whole(asleep->zero));
    emitter_bytes(emitter, "lz4_bytes", whole(asleep->lz4));
    emitter_bytes(emitter, "zstd_bytes", whole(asleep->zstd));
    emitter_bytes(emitter, "zstd_error_bytes", whole(asleep->zstd_error));
    if (option_number(invocation, "sibling") > 0)
        emitter_bytes(emitter, "sibling_bytes", whole(asleep->sibling));
    emitter_object_end(emitter);
}

static void emit_mappings(struct emitter *emitter, const struct look *look)
{
    emitter_array_begin(emitter, "mappings");
    for (size_t i = 0; i < look->smaps.count; i++) {
        const struct smaps_mapping *mapping = &look->smaps.mappings[i];
        char start[24];
        snprintf(start, sizeof start, "%llx", (unsigned long long)mapping->start);
        emitter_object_begin(emitter, NULL);
        emitter_text(emitter, "start", start);
        emitter_text(emitter, "kind", smaps_kind_names[mapping->kind]);
        emitter_text(emitter, "rights", mapping->rights);
        emitter_text(emitter, "name", mapping->name);
        emit_sums(emitter, look, &mapping->sums);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
}

static void emit_look(struct emitter *emitter, const struct invocation *invocation,
                      const struct target *target, const struct look *look)
{
    const struct smaps_sums *all = &look->smaps.all;
    char sentence[256];
    put_sentence(sentence, sizeof sentence, look);
    emitter_text(emitter, "summary", sentence);
    emitter_number(emitter, "pid", (uint64_t)target->pid);
    emitter_path(emitter, "command", look->command);
    emitter_bytes(emitter, "rss_bytes", all->rss);
    emitter_bytes(emitter, "pss_bytes", all->pss);
    emitter_bytes(emitter, "private_bytes", all->private);
    emitter_bytes(emitter, "shared_bytes", all->shared);
    emitter_bytes(emitter, "dirty_bytes", all->dirty);
    emitter_bytes(emitter, "swap_bytes", all->swap);
    if (look->is_cleared) {
        emitter_seconds(emitter, "interval_seconds", (double)look->interval_ms / 1e3);
        emitter_bytes(emitter, "touched_bytes", all->referenced);
        emitter_real(emitter, "untouched_share", untouched_share(look));
        emitter_seconds(emitter, "clear_seconds", (double)look->clear_ns / 1e9);
    }
    emitter_seconds(emitter, "longest_read_seconds", (double)look->asleep.longest_read_ns / 1e9);
    emit_asleep(emitter, invocation, look);
    emit_kinds(emitter, look);
    if (invocation->json)
        emit_mappings(emitter, look);
}

static enum exit_status print(const struct invocation *invocation, const struct target *target,
                              const struct look *look)
{
    struct emitter emitter;
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    emit_look(&emitter, invocation, target, look);
    emitter_object_end(&emitter);
    if (look->interval_ms > 0 && !look->is_cleared && !invocation->quiet)
        report("process %ld: what it uses cannot be seen: clear_refs may not be written to",
               (long)target->pid);
    return emitter_end(&emitter, EXIT_DONE);
}

/* A line of a live view: text, or with --json a document a line. */
static bool print_line(const struct invocation *invocation, const struct target *target,
                       const struct look *look)
{
    char sentence[256], own[READABLE_BYTES], dirty[READABLE_BYTES];
    struct emitter emitter;
    if (invocation->json) {
        emitter_begin_line(&emitter, stdout, true);
        emitter_object_begin(&emitter, NULL);
        emit_look(&emitter, invocation, target, look);
        emitter_object_end(&emitter);
        putchar('\n');
    } else {
        put_sentence(sentence, sizeof sentence, look);
        printf("%s; own %s, dirty %s\n", sentence, readable_bytes(look->asleep.pages, own),
               readable_bytes(look->smaps.all.dirty, dirty));
    }
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}

/* --- the process --- */

/* The operand as the id of a process; 0 when it is no number. */
static pid_t pid_of(const char *text)
{
    char *end;
    errno = 0;
    const long number = strtol(text, &end, 10);
    return *end == '\0' && end != text && errno == 0 && number > 0 && number <= 1 << 22
               ? (pid_t)number
               : 0;
}

static enum exit_status choose(const struct invocation *invocation, struct target *target)
{
    const bool is_self = option_flag(invocation, "self");
    if (is_self == (invocation->operand_count > 0))
        return report_usage(
            "give a process's number, --self, or -- and a command; see `firn tune memory --help`");
    if (is_self) {
        target->pid = getpid();
        return EXIT_DONE;
    }
    const pid_t pid = invocation->operand_count == 1 ? pid_of(invocation->operands[0]) : 0;
    if (pid == 0) {
        char path[PATH_MAX];
        const char *name = invocation->operands[0];
        const bool is_there = program_find(name, path);
        target->is_ours = true;
        if (!is_there && name[strspn(name, "0123456789")] == '\0') {
            report("process %s: there is none; it has ended, or never was", name);
            return EXIT_FAILED;
        }
        if (is_there && program_kind_of(path) == PROGRAM_FOREIGN) {
            report("%s: it is for another machine or C library; take one for this machine", name);
            return EXIT_FAILED;
        }
        return start_program(invocation, &target->pid);
    }
    target->pid = pid;
    return EXIT_DONE;
}

/* --- the looks --- */

static uint64_t interval_ms(const struct invocation *invocation)
{
    return 1000 * option_number(invocation, "interval");
}

static enum exit_status watch(const struct invocation *invocation, struct target *target)
{
    struct look look;
    unsigned looks = 0;
    const uint64_t ms = interval_ms(invocation) > 0 ? interval_ms(invocation) : 1000;
    while (look_at(invocation, target, ms, &look)) {
        const bool goes_on = print_line(invocation, target, &look);
        look_release(&look);
        looks++;
        if (!goes_on)
            break;
    }
    return looks > 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Of a program that firn started, the look with the most of its own. The first one comes early, for
 * programs that soon end. */
static enum exit_status follow(const struct invocation *invocation, struct target *target)
{
    struct look best = {.interval_ms = 0}, look;
    bool has_one = false;
    uint64_t ms = interval_ms(invocation);
    ms = ms > 0 && ms < FIRST_MS ? ms : FIRST_MS;
    while (look_at(invocation, target, ms, &look)) {
        ms = interval_ms(invocation) > 0 ? interval_ms(invocation) : 1000;
        if (has_one && look.asleep.pages < best.asleep.pages) {
            look_release(&look);
            continue;
        }
        look_release(&best);
        best = look;
        has_one = true;
    }
    while (!has_ended(target))
        sleep_ms(20);
    if (!has_one) {
        report("%s: it ended before it could be looked at", invocation->operands[0]);
        return EXIT_FAILED;
    }
    const enum exit_status status = print(invocation, target, &best);
    look_release(&best);
    return status;
}

enum exit_status command_tune_memory(const struct invocation *invocation)
{
    struct target target = {.pid = 0};
    struct look look;
    enum exit_status status = choose(invocation, &target);
    if (status != EXIT_DONE)
        return status;
    if (option_flag(invocation, "watch")) {
        status = watch(invocation, &target);
        while (target.is_ours && !has_ended(&target))
            sleep_ms(20);
        return status;
    }
    if (target.is_ours)
        return follow(invocation, &target);
    if (!look_at(invocation, &target, interval_ms(invocation), &look))
        return EXIT_FAILED;
    status = print(invocation, &target, &look);
    look_release(&look);
    return status;
}
