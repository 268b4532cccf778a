/* What a profile of `firn tune track` recommends: see evidence.h. Called by evidence.c.
 *
 * The blocks that lived at the peak are laid out twice, by their sizes: as malloc of the GNU C
 * library has them, and in the slabs of `firn run`, in pools or in an arena. What both lose to the
 * holes between blocks that were freed, an exact profile knows: what malloc held at most, and what
 * slabs would have. On real programs the difference was within a tenth of what the kernel saw, or
 * 1.2 MB (lua 15.7 MB for 15.0, python 11.1 for 11.1, and -6.0 for -6.6). */
#include "tune/evidence.h"

#include "common/readable.h"

#include <firn/firn.h>

#include <math.h>
#include <string.h>

#define SIZES_MAX 2048u
#define SMALL_BYTES 32768.0    /* larger blocks have pages of their own */
#define UNIT_BYTES 16384.0     /* that a class takes at a time */
#define LIBRARY_BYTES 262144.0 /* of libfirn-run, its tables and what it keeps ready */
#define LIBRARY_SECONDS 0.002  /* that it takes to load: 1.4 to 2.1 ms of the processor */
#define SAMPLE_SECONDS 1e-6    /* that a noted call and its free cost */
#define CALLS_MANY 3e5         /* a second of the processor, from which on their time tells */
#define LIVE_FEW 0.1           /* of the calls: blocks at the peak of a program that frees them */
#define COMPILER_MORE 0.1      /* of what it allocates, that a program may take for its time */
#define SOON_SECONDS 60.0      /* a program that ends within it ends soon */
#define REST_BYTES 32u         /* of a command, for ARGS in place of what does not fit */
#define POOL_MIN 250000.0      /* bytes, that a pool or an arena saves at least */
#define SAVING_MIN 3e6         /* bytes: the estimate errs by up to 1.3 MB where much is freed */
#define POOL_BYTES_MAX 1024.0  /* larger blocks are not counted by their size */
#define POOL_ADVICE 3u
#define HOLES_WORTH 0.02 /* of what the program takes: a word */
#define POOL_WORTH 0.02  /* of what the program takes */
#define ARENA_STAYS 0.99 /* of a site's bytes, that no one frees before the peak */
#define CHUNK_MIN 4096.0
#define CHUNK_MAX 1048576.0

struct size {
    double bytes, calls, blocks, block_bytes; /* the latter two at the peak */
};

struct program {
    const char *path;
    const json_t *root;
    const char *command;
    struct size sizes[SIZES_MAX];
    unsigned count;
    double now, then;           /* bytes at the peak, by malloc and in slabs */
    double holes;               /* of now, in malloc */
    double laid_now, laid_then; /* the same without holes: for mode compiler */
    double kept;            /* of it, large blocks that were freed and that firn run would keep */
    double held, slab_held; /* at most, by malloc and by firn run; 0: not known */
    double calls, cpu_seconds, blocks; /* blocks: at the peak */
    bool is_sampled;
};

/* --- what blocks take --- */

/* Of glibc: 8 bytes more, in steps of 16, 32 at least. */
static double malloc_bytes(double size)
{
    return fmax(32, 16 * ceil((size + 8) / 16));
}

static double pool_bytes(double size)
{
    return 8 * ceil(size / 8) * (1 + 1.0 / 512);
}

static double slab_bytes(firn_slab *slab, double size)
{
    void *block = firn_slab_alloc(slab, (size_t)fmax(1, ceil(size)));
    const double bytes = block != NULL ? (double)firn_slab_usable_size(slab, block) : size;
    if (block != NULL)
        (void)firn_slab_release(slab, block);
    return fmax(bytes, size);
}

static bool lay_out(struct program *program)
{
    firn_slab slab;
    double class_bytes = 0, class_sum = 0;
    if (firn_slab_init(&slab, NULL) != FIRN_OK) {
        report("%s: no memory", program->path);
        return false;
    }
    program->now = 0;
    program->then = LIBRARY_BYTES + program->kept;
    for (unsigned i = 0; i < program->count; i++) {
        const struct size *size = &program->sizes[i];
        if (!(size->blocks > 0))
            continue;
        program->blocks += size->blocks;
        if (size->bytes > SMALL_BYTES) {
            program->now += size->block_bytes;
            program->then += size->block_bytes;
            continue;
        }
        const double bytes = slab_bytes(&slab, size->bytes);
        if (bytes != class_bytes) { /* sizes ascend, and so do classes */
            program->then += UNIT_BYTES * ceil(class_sum / UNIT_BYTES);
            class_sum = 0;
            class_bytes = bytes;
        }
        class_sum += size->blocks * bytes;
        program->now += size->blocks * malloc_bytes(size->bytes <= POOL_BYTES_MAX
                                                        ? size->bytes
                                                        : size->block_bytes / size->blocks);
    }
    program->then += UNIT_BYTES * ceil(class_sum / UNIT_BYTES);
    program->laid_now = program->now;
    program->laid_then = program->then;
    firn_slab_fini(&slab);
    return true;
}

/* What an exact profile knows of holes; both or neither, as they are often alike. */
static void count_holes(struct program *program)
{
    if (!(program->held > 0 && program->slab_held > 0))
        return;
    program->holes = fmax(0, program->held - program->now);
    program->now += program->holes;
    program->then = LIBRARY_BYTES + program->slab_held;
}

/* --- reading --- */

static bool read_sizes(struct program *program)
{
    const json_t *sizes = json_object_get(program->root, "sizes"), *each;
    size_t i;
    if (!json_is_array(sizes) || json_array_size(sizes) > SIZES_MAX)
        return evidence_refuse(program->path, "sizes", "missing, or no list of sizes");
    json_array_foreach(sizes, i, each)
    {
        struct size *size = &program->sizes[program->count];
        if (!evidence_number(program->path, each, "bytes", &size->bytes) ||
            !evidence_number(program->path, each, "calls", &size->calls) ||
            !evidence_number(program->path, each, "peak_calls", &size->blocks) ||
            !evidence_number(program->path, each, "peak_bytes", &size->block_bytes))
            return false;
        if (program->count > 0 && size->bytes <= size[-1].bytes)
            return evidence_refuse(program->path, "sizes", "not ascending");
        program->count++;
    }
    return true;
}

/* The processor's time is that of the program alone, roughly. */
static bool read_sums(struct program *program)
{
    double samples, peak, kept_peak;
    if (!evidence_number(program->path, program->root, "cpu_seconds", &program->cpu_seconds) ||
        !evidence_number(program->path, program->root, "samples", &samples) ||
        !evidence_number(program->path, program->root, "calls", &program->calls) ||
        !evidence_number(program->path, program->root, "peak_bytes", &peak) ||
        !evidence_number(program->path, program->root, "kept_peak_bytes", &kept_peak) ||
        !evidence_number(program->path, program->root, "malloc_peak_bytes", &program->held) ||
        !evidence_number(program->path, program->root, "slab_peak_bytes", &program->slab_held))
        return false;
    program->kept = fmax(0, kept_peak - peak);
    program->cpu_seconds =
        fmax(program->cpu_seconds / 4, program->cpu_seconds - samples * SAMPLE_SECONDS);
    return true;
}

/* --- the mode --- */

/* Adds a word as a shell reads it back; where it does not fit, nothing. */
static size_t quote(char *text, size_t size, size_t used, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    const bool is_plain = word[0] != '\0' && word[strspn(word, plain)] == '\0';
    if (used + 4 * strlen(word) + 4 > size)
        return used;
    text[used++] = ' ';
    if (!is_plain)
        text[used++] = '\'';
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            memcpy(text + used, "'\\'", 3);
            used += 3;
        }
        text[used++] = *word;
    }
    if (!is_plain)
        text[used++] = '\'';
    text[used] = '\0';
    return used;
}

static void set_mode(struct advice *advice, const struct program *program, const char *mode)
{
    advice->time_share = LIBRARY_SECONDS / fmax(program->cpu_seconds, LIBRARY_SECONDS / 10);
    snprintf(advice->setting, sizeof advice->setting, "mode %s", mode);
    size_t used =
        (size_t)snprintf(advice->paste, sizeof advice->paste, "firn run --mode %s --", mode);
    used = quote(advice->paste, sizeof advice->paste, used, program->command);
    const json_t *arguments = json_object_get(program->root, "arguments"), *each;
    size_t i;
    bool is_cut = json_is_true(json_object_get(program->root, "arguments_cut"));
    json_array_foreach(arguments, i, each)
    {
        const char *word = json_string_value(each);
        const size_t before = used;
        if (word != NULL)
            used = quote(advice->paste, sizeof advice->paste - REST_BYTES, used, word);
        is_cut |= used == before;
        if (used == before)
            break;
    }
    if (is_cut)
        (void)quote(advice->paste, sizeof advice->paste, used, "ARGS");
}

/* A program that allocates again and again what it soon frees, and ends soon: gcc's compiler proper
 * took 0.92 to 0.96 of its time. One that frees little before its end gains nothing: xmllint 1.07.
 */
static bool is_compiler(const struct program *program)
{
    return program->calls >= CALLS_MANY * program->cpu_seconds &&
           program->blocks <= program->calls * LIVE_FEW && program->cpu_seconds <= SOON_SECONDS &&
           program->cpu_seconds * ADVICE_WORTH >= LIBRARY_SECONDS &&
           program->laid_then <= program->laid_now * (1 + COMPILER_MORE);
}

static void advise_mode(const struct program *program, struct advices *advices)
{
    struct advice *advice = advice_add(advices);
    const double saved = program->now - program->then;
    const double share = program->now > 0 ? saved / program->now : 0;
    char least[READABLE_BYTES], holes[64] = "";
    if (program->holes >= HOLES_WORTH * program->now)
        snprintf(holes, sizeof holes, ", of which %s are holes",
                 readable_bytes(evidence_whole(program->holes), least));
    advice->now_bytes = program->now;
    if (saved >= SAVING_MIN && share >= ADVICE_WORTH) {
        advice->then_bytes = program->then;
        set_mode(advice, program, "runtime");
        snprintf(advice->because, sizeof advice->because,
                 "blocks at the peak take %.0f %% less in slabs, which have no headers and more "
                 "classes than malloc%s%s",
                 100 * share, holes,
                 program->is_sampled ? "; from a sample, --exact is surer" : "");
        return;
    }
    advice->then_bytes = program->now;
    if (program->now >= SAVING_MIN && is_compiler(program)) {
        advice->now_bytes = program->laid_now;
        advice->then_bytes = program->laid_then;
        set_mode(advice, program, "compiler");
        snprintf(
            advice->because, sizeof advice->because,
            "it saves time, not memory (%.1f %% %s): %s calls a second of the processor, for "
            "blocks that are soon freed, are shorter, and nothing is given back before the end",
            100 * fabs(1 - program->laid_then / program->laid_now),
            program->laid_then <= program->laid_now ? "less" : "more",
            readable_number(evidence_whole(program->calls / program->cpu_seconds), least));
        return;
    }
    snprintf(advice->setting, sizeof advice->setting, "malloc, as it is");
    if (program->now < SAVING_MIN)
        snprintf(advice->because, sizeof advice->because,
                 "all that it allocates takes %s at the peak: there is nothing to save",
                 readable_bytes(evidence_whole(program->now), least));
    else
        snprintf(advice->because, sizeof advice->because,
                 "its blocks would take %.1f %% %s with firn run: not worth a change",
                 100 * fabs(share), saved >= 0 ? "less" : "more");
}

/* --- pools --- */

static double pool_saving(const struct size *size)
{
    return size->bytes > 0 && size->bytes <= POOL_BYTES_MAX
               ? size->blocks * (malloc_bytes(size->bytes) - pool_bytes(size->bytes))
               : 0;
}

/* The function that has most of the blocks of this size at the peak. */
static const char *owner_of(const struct program *program, double bytes)
{
    const json_t *sites = json_object_get(program->root, "sites"), *site;
    const char *owner = NULL;
    double most = 0;
    size_t i;
    json_array_foreach(sites, i, site)
    {
        const double calls = json_number_value(json_object_get(site, "calls"));
        const double all = json_number_value(json_object_get(site, "bytes"));
        const double peak = json_number_value(json_object_get(site, "peak_bytes"));
        const char *frame = json_string_value(json_array_get(json_object_get(site, "stack"), 0));
        if (frame == NULL || !(calls > 0) || fabs(all / calls - bytes) > 0.01 * bytes ||
            peak <= most)
            continue;
        most = peak;
        owner = frame;
    }
    return owner;
}

static void advise_pool(const struct program *program, const struct size *size,
                        struct advices *advices)
{
    struct advice *advice = advice_add(advices);
    char blocks[READABLE_BYTES];
    const char *owner = owner_of(program, size->bytes);
    advice->now_bytes = size->blocks * malloc_bytes(size->bytes);
    advice->then_bytes = size->blocks * pool_bytes(size->bytes);
    snprintf(advice->setting, sizeof advice->setting, "a pool for %.0f bytes", size->bytes);
    snprintf(advice->paste, sizeof advice->paste,
             "firn_pool_options: .object_bytes = %.0f, .alignment = %d (firn/pool.h)", size->bytes,
             fmod(size->bytes, 16) == 0 ? 16 : 8);
    snprintf(advice->because, sizeof advice->because,
             "%s of them live at the peak%s%.120s, and malloc takes %.0f for each",
             readable_number(evidence_whole(size->blocks), blocks),
             owner != NULL ? ", most from " : "", owner != NULL ? owner : "",
             malloc_bytes(size->bytes));
}

/* Those sizes that would save the most, the best first: in the program's own source. */
static void advise_pools(const struct program *program, struct advices *advices)
{
    double below = (double)INFINITY;
    for (unsigned found = 0; found < POOL_ADVICE; found++) {
        const struct size *best = NULL;
        for (unsigned i = 0; i < program->count; i++) {
            const double saving = pool_saving(&program->sizes[i]);
            if (saving < below && (best == NULL || saving > pool_saving(best)))
                best = &program->sizes[i];
        }
        if (best == NULL || pool_saving(best) < POOL_WORTH * program->now ||
            pool_saving(best) < POOL_MIN)
            return;
        below = pool_saving(best);
        advise_pool(program, best, advices);
    }
}

/* --- an arena --- */

struct staying { /* blocks that nobody frees before the peak */
    double blocks, bytes, now, then;
    const char *owner;
    double owner_bytes;
};

static bool find_staying(const struct program *program, struct staying *staying)
{
    const json_t *sites = json_object_get(program->root, "sites"), *site;
    size_t i;
    if (!json_is_array(sites))
        return evidence_refuse(program->path, "sites", "missing, or no list");
    json_array_foreach(sites, i, site)
    {
        double calls, bytes, peak, rounded, in_arena;
        if (!evidence_number(program->path, site, "calls", &calls) ||
            !evidence_number(program->path, site, "bytes", &bytes) ||
            !evidence_number(program->path, site, "peak_bytes", &peak) ||
            !evidence_number(program->path, site, "malloc_bytes", &rounded) ||
            !evidence_number(program->path, site, "arena_bytes", &in_arena))
            return false;
        if (!(calls > 0) || peak < ARENA_STAYS * bytes || bytes > POOL_BYTES_MAX * calls)
            continue;
        staying->blocks += calls;
        staying->bytes += bytes;
        staying->now += rounded;
        staying->then += in_arena;
        if (bytes > staying->owner_bytes) {
            staying->owner_bytes = bytes;
            staying->owner = json_string_value(json_array_get(json_object_get(site, "stack"), 0));
        }
    }
    return true;
}

/* Chunks of an eighth of it, so that the last one wastes no more. */
static bool advise_arena(const struct program *program, struct advices *advices)
{
    struct staying staying = {.owner = NULL};
    double chunk = CHUNK_MIN;
    char blocks[READABLE_BYTES], bytes[READABLE_BYTES];
    if (!find_staying(program, &staying))
        return false;
    const double saved = staying.now - staying.then;
    if (saved < POOL_WORTH * program->now || saved < POOL_MIN)
        return true;
    while (chunk < CHUNK_MAX && chunk * 8 < staying.then)
        chunk *= 2;
    struct advice *advice = advice_add(advices);
    advice->now_bytes = staying.now;
    advice->then_bytes = staying.then;
    snprintf(advice->setting, sizeof advice->setting, "an arena in chunks from %.0f bytes", chunk);
    snprintf(advice->paste, sizeof advice->paste,
             "firn_arena_options: .first_chunk_bytes = %.0f (firn/arena.h)", chunk);
    snprintf(advice->because, sizeof advice->because,
             "%s blocks of %s together are not freed before the peak%s%.120s",
             readable_number(evidence_whole(staying.blocks), blocks),
             readable_bytes(evidence_whole(staying.bytes), bytes),
             staying.owner != NULL ? ", most from " : "",
             staying.owner != NULL ? staying.owner : "");
    return true;
}

bool evidence_profile(const char *path, const json_t *root, struct advices *advices)
{
    static struct program program; /* too large for the stack */
    const char *command = json_string_value(json_object_get(root, "command"));
    double version;
    program = (struct program){.path = path,
                               .root = root,
                               .command = command != NULL ? command : "CMD",
                               .is_sampled = json_is_true(json_object_get(root, "sampled"))};
    if (!evidence_number(path, root, "version", &version))
        return false;
    if (version != 3)
        return evidence_refuse(path, "version", "a profile of another version");
    if (!read_sizes(&program) || !read_sums(&program) || !lay_out(&program))
        return false;
    count_holes(&program);
    advise_mode(&program, advices);
    advise_pools(&program, advices);
    return advise_arena(&program, advices);
}
