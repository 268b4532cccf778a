/* Notes samples: see record.h. Called by calls.c; calls stack.c, store.c, lives.c, maps.c,
 * kept.c, slabs.c.
 *
 *     an allocation -> its stack -> the site of that stack -> the site's sums, and a life
 *
 * Invariants:
 *   R1  all below `lock` is read and written under it, but by the only thread of a child of fork
 *   R2  a thread in here is `busy`; what it (a handler of a signal, the loader) allocates then is
 *       counted, but never noted, so that nobody waits for himself
 *   R3  a site's peak_bytes are those of the moment that its `version` names, see trace.h: what all
 *       sites had at the peak is known without looking at them all when there is a new one; so are
 *       a size's
 *
 * Memory: a life is 40 bytes in a table at most half full, a site 100 bytes and 8 a frame.
 * Complexity: constant but for the stack's depth. */
#include "tune/preload/record.h"

#include "tune/preload/kept.h"
#include "tune/preload/maps.h"
#include "tune/preload/slabs.h"
#include "tune/preload/stack.h"
#include "tune/preload/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MODULES_MAX = 4096, PATH_BYTES = 512, TICK = 64, LOOK_NS = 1000000 };

/* From one look at what the allocator holds to the next, unless much more lives than ever. */
#define HELD_NS 5000000u /* at least, */
#define HELD_PART 50u    /* and so many times what a look takes */
#define HELD_MORE 1.03

#pragma weak mallinfo2 /* another C library has none */

static struct trace_thread nobody = {.remaining = INT64_MIN / 2};
TRACK_TLS struct trace_thread *track_mine = &nobody;
static TRACK_TLS unsigned end_rounds;
_Alignas(4096) uint8_t track_filter[1u << TRACK_FILTER_BITS];

static struct {
    pthread_mutex_t lock;
    enum { UNBORN, BEGINNING, AT_WORK, BROKEN } stage;
    double interval; /* 0: exact */
    uint64_t calls;  /* of all threads, as far as they told */
    uint64_t random, ticks;
    uint64_t look_ns; /* when to look at the processor's time next, */
    uint64_t held_ns; /* and at what the allocator holds */
    double held_live; /* the most that lived at such a look */
    pthread_key_t key;
    bool has_key;
    struct module {
        uint64_t start, end;
        uint32_t place;
    } modules[MODULES_MAX];
    unsigned module_count;
} track = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t clock_of(clockid_t clock)
{
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- modules --- */

static const struct module *module_of(uint64_t address)
{
    for (unsigned i = track.module_count; i-- > 0;)
        if (address >= track.modules[i].start && address < track.modules[i].end)
            return &track.modules[i];
    return NULL;
}

static bool note_module(void *context, const struct track_mapping *mapping)
{
    (void)context;
    if (!mapping->is_code)
        return true;
    for (unsigned i = 0; i < track.module_count; i++) {
        struct module *module = &track.modules[i];
        struct trace_module *record = track_store_at(module->place);
        if (module->start != mapping->start || module->end != mapping->end ||
            strncmp(record->path, mapping->path, PATH_BYTES - 1) != 0)
            continue;
        record->to = UINT32_MAX; /* it is still there */
        return true;
    }
    if (track.module_count == MODULES_MAX)
        return true;
    const size_t path_bytes = strnlen(mapping->path, PATH_BYTES - 1);
    struct trace_module *record = track_store_add(TRACE_MODULE, sizeof *record + path_bytes + 1);
    if (record == NULL)
        return false;
    record->start = mapping->start;
    record->end = mapping->end;
    record->offset = mapping->offset;
    record->from = track_head->generation;
    record->to = UINT32_MAX;
    memcpy(record->path, mapping->path, path_bytes);
    track_store_commit();
    track.modules[track.module_count++] =
        (struct module){mapping->start, mapping->end, track_store_place(record)};
    return true;
}

/* Looks at what is loaded now; what is no longer there ends with this generation. */
static void look_at_modules(void)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < track.module_count; i++)
        ((struct trace_module *)track_store_at(track.modules[i].place))->to =
            track_head->generation;
    (void)track_maps_visit(note_module, NULL);
    for (unsigned i = 0; i < track.module_count; i++)
        if (((struct trace_module *)track_store_at(track.modules[i].place))->to == UINT32_MAX)
            track.modules[kept++] = track.modules[i];
    if (kept != track.module_count) {
        track.module_count = kept;
        track_head->generation++;
        track_stack_forget();
    }
}

/* --- sites --- */

struct stack {
    const uint64_t *frames;
    uint32_t count;
};

static bool is_site_of(void *context, uint32_t place)
{
    const struct stack *stack = context;
    const struct trace_site *site = track_store_at(place);
    return site->frame_count == stack->count && site->generation == track_head->generation &&
           memcmp(site->frames, stack->frames, stack->count * sizeof *stack->frames) == 0;
}

static uint64_t hash_of(const struct stack *stack)
{
    uint64_t hash = track_head->generation + 1;
    for (uint32_t i = 0; i < stack->count; i++) {
        hash = (hash ^ stack->frames[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

/* 0: no memory. */
static uint32_t site_of(const struct stack *stack)
{
    const uint64_t hash = hash_of(stack);
    struct stack sought = *stack;
    uint32_t place = track_places_find(hash, is_site_of, &sought);
    if (place != 0)
        return place;
    for (uint32_t i = 0; i < stack->count; i++)
        if (module_of(stack->frames[i]) == NULL) {
            look_at_modules();
            break;
        }
    struct trace_site *site =
        track_store_add(TRACE_SITE, sizeof *site + stack->count * sizeof site->frames[0]);
    if (site == NULL)
        return 0;
    site->frame_count = stack->count;
    site->generation = track_head->generation;
    site->version = track_head->version;
    memcpy(site->frames, stack->frames, stack->count * sizeof site->frames[0]);
    track_store_commit();
    place = track_store_place(site);
    return track_places_put(hash, place) ? place : 0;
}

/* --- sums --- */

static double chance_of(uint64_t size)
{
    if (track.interval == 0)
        return 1;
    return -expm1(-(double)(size | (size == 0)) / track.interval);
}

static void change_size(struct trace_size *size, double calls, double bytes)
{
    if (size->version != track_head->version) { /* R3 */
        size->peak_calls = size->live_calls;
        size->peak_bytes = size->live_bytes;
        size->version = track_head->version;
    }
    size->live_calls += calls;
    size->live_bytes += bytes;
}

/* One more block of life's, or (sign -1) one less. */
static void change_live(const struct life *life, double sign)
{
    const double calls = sign / chance_of(life->size), bytes = calls * (double)life->size;
    struct trace_site *site = track_store_at(life->site);
    if (site->version != track_head->version) { /* R3 */
        site->peak_bytes = site->live_bytes;
        site->version = track_head->version;
    }
    site->live_calls += calls;
    site->live_bytes += bytes;
    change_size(&track_head->sizes[trace_size_slot(life->size)], calls, bytes);
    track_head->live_bytes += bytes;
    if (track_head->live_bytes > track_head->peak_bytes) {
        track_head->peak_bytes = track_head->live_bytes;
        track_head->version++;
    }
    const double kept = (double)track_kept_bytes() + track_head->live_bytes;
    if (kept > track_head->kept_peak_bytes)
        track_head->kept_peak_bytes = kept;
}

static void enter_slabs(struct life *life)
{
    if (track.interval > 0)
        return;
    life->span = track_slabs_alloc(life->size);
    const uint64_t held = track_slabs_bytes() + track_kept_bytes();
    if (held > track_head->slab_peak_bytes)
        track_head->slab_peak_bytes = held;
}

static void end_life(struct life *life, bool is_freed)
{
    change_live(life, -1);
    if (track.interval == 0)
        track_slabs_free(life->size, life->span);
    if (is_freed && track_kept_is_large(life->size))
        track_kept_free(life->size);
    life->lifetime = trace_lifetime_slot(track.calls - life->born);
    track_head->lifetimes[life->lifetime] += 1 / chance_of(life->size);
}

/* Of the GNU C library: 8 bytes more, in steps of 16, 32 at least. */
static uint64_t malloc_bytes(uint64_t size)
{
    return size <= 24 ? 32 : (size + 8 + 15) & ~(uint64_t)15;
}

static void begin_life(struct life *life, uint32_t place)
{
    struct trace_site *site = track_store_at(place);
    const double chance = chance_of(life->size), bytes = (double)life->size;
    struct life old;
    if (track_lives_take(life->block, &old)) /* its end was not seen: R2 */
        end_life(&old, false);
    site->begun.calls += 1 / chance;
    site->begun.bytes += bytes / chance;
    site->begun.malloc_bytes += (double)malloc_bytes(life->size) / chance;
    site->begun.arena_bytes += (double)((life->size + 15) & ~(uint64_t)15) / chance;
    site->begun.calls_variance += (1 - chance) / (chance * chance);
    site->begun.bytes_variance += bytes * bytes * (1 - chance) / (chance * chance);
    track_head->samples++;
    track_head->sizes[trace_size_slot(life->size)].calls += 1 / chance;
    life->site = place;
    if (track_kept_is_large(life->size))
        track_kept_alloc(life->size);
    change_live(life, 1);
    enter_slabs(life);
    if (!track_lives_put(life))
        track_head->lost++;
}

/* --- threads --- */

/* A distance to the next sample, of the exponential distribution. */
static int64_t next_distance(struct trace_thread *thread)
{
    if (track.interval == 0)
        return -1;
    thread->random ^= thread->random << 13;
    thread->random ^= thread->random >> 7;
    thread->random ^= thread->random << 17;
    const double share = ((double)(thread->random >> 11) + 0.5) * 0x1p-53;
    return (int64_t)(-log(share) * track.interval);
}

/* A slot for this thread. Under the lock. */
static struct trace_thread *take_slot(void)
{
    uint32_t at = 1;
    while (at < TRACE_THREADS - 1 && track_threads[at].taken != 0)
        at++;
    struct trace_thread *thread = &track_threads[at];
    track_head->thread_count++;
    thread->taken = 1;
    thread->remaining = INT64_MAX / 2;
    if (at == TRACE_THREADS - 1) /* that of all others: it counts, roughly, and notes nothing */
        return thread;
    thread->stack_low = thread->stack_high = 0;
    track.random += 0x9e3779b97f4a7c15u;
    thread->random = (track.random ^ (uint64_t)(uintptr_t)&end_rounds) | 1;
    (void)next_distance(thread);
    thread->remaining = next_distance(thread);
    return thread;
}

static void tell(struct trace_thread *thread)
{
    track.calls += thread->calls - thread->told;
    thread->told = thread->calls;
}

/* At the end of a thread, its last round of destructors: slot 0 counts what comes yet. */
static void leave(void *context)
{
    struct trace_thread *thread = context;
    if (++end_rounds < _POSIX_THREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(track.key, thread);
        return;
    }
    thread->busy = 1;
    pthread_mutex_lock(&track.lock);
    tell(thread);
    track_mine = &track_threads[0];
    thread->taken = 0;
    thread->busy = 0;
    pthread_mutex_unlock(&track.lock);
}

/* Gives this thread a slot, and the process its tables. False: there are none. */
static bool enter(void)
{
    static TRACK_TLS bool is_entering;
    if (is_entering)
        return false;
    is_entering = true;
    pthread_mutex_lock(&track.lock);
    if (track.stage == UNBORN)
        track_begin();
    if (track.stage == AT_WORK) {
        track_mine = take_slot();
        track_mine->busy = 1;
    }
    pthread_mutex_unlock(&track.lock);
    if (track.has_key && track.stage == AT_WORK)
        pthread_setspecific(track.key, track_mine);
    is_entering = false;
    if (track_mine != &nobody)
        track_mine->busy = 0;
    return track_mine != &nobody;
}

/* --- the calls --- */

/* What malloc has from the kernel: its holes are in it, too. It walks over the free blocks. */
static void look_at_held(void)
{
    if (mallinfo2 == NULL || (track_head->end_ns < track.held_ns &&
                              track_head->live_bytes <= HELD_MORE * track.held_live))
        return;
    const struct mallinfo2 info = mallinfo2();
    const uint64_t held = info.arena + info.hblkhd;
    if (held > track_head->malloc_peak_bytes)
        track_head->malloc_peak_bytes = held;
    track.held_live = fmax(track.held_live, track_head->live_bytes);
    const uint64_t now_ns = clock_of(CLOCK_MONOTONIC);
    track.held_ns = now_ns + HELD_NS + HELD_PART * (now_ns - track_head->end_ns);
}

static void tick(void)
{
    if (track.interval == 0 && track.ticks++ % TICK != 0)
        return;
    track_head->end_ns = clock_of(CLOCK_MONOTONIC);
    if (track_head->end_ns < track.look_ns)
        return;
    look_at_held();
    track_head->cpu_ns = clock_of(CLOCK_PROCESS_CPUTIME_ID); /* a system call */
    track.look_ns = track_head->end_ns + LOOK_NS;
}

static void change_filter(const void *block, int change)
{
    uint8_t *count = &track_filter[track_hash(block)];
    if (track.interval > 0 && *count != UINT8_MAX)
        __atomic_store_n(count, (uint8_t)(*count + change), __ATOMIC_RELAXED);
}

__attribute__((noinline)) void track_born(void *block, size_t size)
{
    const int error = errno;
    uint64_t frames[TRACE_FRAMES_MAX];
    struct trace_thread *thread = track_mine;
    if (thread == &nobody) {
        nobody.remaining = track.stage == BROKEN ? INT64_MAX : INT64_MIN / 2;
        if (track.stage != BROKEN && enter())
            track_count(block, size); /* again, as this thread's; this may be a sample */
        errno = error;
        return;
    }
    if (thread->busy != 0) /* R2 */
        return;
    thread->busy = 1;
    thread->remaining = next_distance(thread);
    const struct stack stack = {frames, track_stack_walk(thread, frames)};
    struct life life = {.block = (uintptr_t)block, .size = size};
    pthread_mutex_lock(&track.lock);
    track_store_open();
    tell(thread);
    life.born = track.calls;
    const uint32_t place = track_store_is_open() ? site_of(&stack) : 0;
    if (place != 0) {
        begin_life(&life, place);
        change_filter(block, 1);
    } else {
        track_head->lost++;
    }
    tick();
    pthread_mutex_unlock(&track.lock);
    thread->busy = 0;
    errno = error;
}

bool track_take(void *block, bool is_freed, struct life *ret_life)
{
    const int error = errno;
    struct trace_thread *thread = track_mine;
    if (thread->busy != 0) /* R2 */
        return false;
    if (thread == &nobody && !enter()) {
        errno = error;
        return false;
    }
    thread = track_mine;
    thread->busy = 1;
    pthread_mutex_lock(&track.lock);
    const bool is_noted = track_lives_take((uintptr_t)block, ret_life);
    if (is_noted) {
        tell(thread);
        end_life(ret_life, is_freed);
        change_filter(block, -1);
    }
    tick();
    pthread_mutex_unlock(&track.lock);
    thread->busy = 0;
    errno = error;
    return is_noted;
}

void track_died(void *block)
{
    struct life life;
    (void)track_take(block, true, &life);
}

void track_put_back(const struct life *life)
{
    struct trace_thread *thread = track_mine;
    struct life back = *life;
    thread->busy = 1;
    pthread_mutex_lock(&track.lock);
    change_live(life, 1);
    enter_slabs(&back);
    track_head->lifetimes[life->lifetime] -= 1 / chance_of(life->size);
    if (track_lives_put(&back))
        change_filter((const void *)life->block, 1);
    else
        track_head->lost++;
    pthread_mutex_unlock(&track.lock);
    thread->busy = 0;
}

void track_unloaded(void)
{
    struct trace_thread *thread = track_mine;
    if (thread == &nobody || thread->busy != 0)
        return;
    const int error = errno;
    thread->busy = 1;
    pthread_mutex_lock(&track.lock);
    look_at_modules();
    pthread_mutex_unlock(&track.lock);
    thread->busy = 0;
    errno = error;
}

/* --- the process --- */

static void read_command(struct trace_head *head)
{
    const ssize_t size = readlink("/proc/self/exe", head->command, TRACE_COMMAND_BYTES - 1);
    const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd >= 0 ? read(fd, head->arguments, TRACE_ARGUMENTS_BYTES) : 0;
    if (fd >= 0)
        close(fd);
    head->command[size > 0 ? size : 0] = '\0';
    head->argument_bytes = got > 0 ? (uint32_t)got : 0;
}

static void fill_head(void)
{
    track_head->magic = TRACE_MAGIC;
    track_head->interval_bytes = (uint64_t)track.interval;
    track_head->begin_ns = track_head->end_ns = clock_of(CLOCK_MONOTONIC);
    track_head->pid = (uint32_t)getpid();
    track_head->version = 1;
    read_command(track_head);
    track.random = track_head->begin_ns ^ (uint64_t)track_head->pid << 32;
}

/* Under the lock, at the first allocation: other libraries allocate before this one's constructor
 * is called. */
void track_begin(void)
{
    const char *interval = getenv(TRACK_INTERVAL);
    track.stage = BEGINNING;
    track.interval = interval != NULL ? strtod(interval, NULL) : 0;
    if (getenv(TRACK_FOLDER) == NULL || !(track.interval >= 0) || !track_store_begin()) {
        track.stage = BROKEN;
        nobody.remaining = INT64_MAX;
        return;
    }
    track_stack_begin();
    if (track.interval == 0)
        memset(track_filter, 1, sizeof track_filter);
    fill_head();
    track_threads[0].remaining = INT64_MAX / 2;
    track_store_open();
    track.stage = AT_WORK;
}

static void before_fork(void)
{
    if (track.stage == UNBORN || track.stage == BEGINNING || track_mine == &nobody)
        (void)enter();
    if (track.stage != AT_WORK)
        return;
    track_mine->busy++; /* handlers of others may allocate while the lock is held */
    pthread_mutex_lock(&track.lock);
}

static void after_fork(void)
{
    if (track.stage != AT_WORK)
        return;
    pthread_mutex_unlock(&track.lock);
    track_mine->busy--;
}

/* The child notes what is its own, in a file that it makes when there is something to note. */
static void after_fork_in_child(void)
{
    if (track.stage != AT_WORK)
        return;
    pthread_mutex_init(&track.lock, NULL);
    track_store_renew();
    track_lives_reset();
    track_places_reset();
    track_kept_reset();
    track_slabs_reset();
    track.module_count = 0;
    track.calls = 0;
    track_threads[0].remaining = INT64_MAX / 2;
    fill_head();
    track_mine = take_slot();
    track_mine->busy = 1;
    if (track.has_key)
        pthread_setspecific(track.key, track_mine);
    track_mine->busy = 0;
}

void track_watch(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
    track.has_key = pthread_key_create(&track.key, leave) == 0;
    if (track.has_key && track_mine != &nobody)
        pthread_setspecific(track.key, track_mine);
}

void track_end(void)
{
    if (track.stage != AT_WORK)
        return;
    pthread_mutex_lock(&track.lock);
    if (track_mine->calls > 0)
        track_store_open();
    track.ticks = track.look_ns = track.held_ns = 0;
    tick();
    pthread_mutex_unlock(&track.lock);
}
