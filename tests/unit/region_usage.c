/* Each figure of firn_region_usage against the kernel's own accounting, awake, asleep and partly
 * woken, in every mode: resident against smaps within 1 % and 32 KiB, the rest exactly against what
 * the test and its allocators hold. */
#include "support/region_heap.h"

#include "core/fault.h"

#include <inttypes.h>
#include <sys/mman.h>

enum { OBJECTS = 4000, NOISE_BYTES = 3 << 20, ARENA_BYTES = 64 << 20, SLACK_BYTES = 32 << 10 };

/* What smaps tells of the mappings within a range. */
static uint64_t rss_of(const void *start, uint64_t size)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    const uint64_t from = (uintptr_t)start;
    uint64_t low, high, kib, sum = 0;
    bool inside = false;
    char line[512];
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &low, &high) == 2)
            inside = low >= from && high <= from + size;
        else if (inside && sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1)
            sum += kib * 1024;
    }
    fclose(smaps);
    return sum;
}

static void expect_near(uint64_t told, uint64_t known, const char *what)
{
    const uint64_t apart = told > known ? told - known : known - told;
    if (apart > known / 100 + SLACK_BYTES)
        fail_msg("%s: %llu told, %llu known", what, (unsigned long long)told,
                 (unsigned long long)known);
}

/* An allocator over one mapping, whose pages are thus what smaps tells of it. */
struct arena {
    firn_allocator allocator;
    uint8_t *at;
    size_t used, live;
};

static void *arena_allocate(void *context, size_t size)
{
    struct arena *arena = context;
    if (size > ARENA_BYTES - arena->used)
        return NULL;
    void *block = arena->at + arena->used;
    arena->used += (size + 15) & ~(size_t)15;
    arena->live += size;
    return block;
}

static void arena_release(void *context, void *block, size_t size)
{
    struct arena *arena = context;
    /* What is whole pages goes; the rest is some KiB. */
    uintptr_t from = ((uintptr_t)block + 4095) & ~(uintptr_t)4095;
    uintptr_t end = ((uintptr_t)block + size) & ~(uintptr_t)4095;
    if (block != NULL && end > from)
        assert_int_equal(madvise((void *)from, end - from, MADV_DONTNEED), 0);
    arena->live -= block != NULL ? size : 0;
}

static void *arena_reallocate(void *context, void *block, size_t old_size, size_t new_size)
{
    void *made = arena_allocate(context, new_size);
    if (made != NULL && block != NULL) {
        memcpy(made, block, old_size < new_size ? old_size : new_size);
        arena_release(context, block, old_size);
    }
    return made;
}

static void arena_make(struct arena *arena)
{
    void *at = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(at != MAP_FAILED);
    /* Set apart from its neighbours in the list of mappings, and without large pages. */
    assert_int_equal(madvise(at, ARENA_BYTES, MADV_DONTDUMP), 0);
    assert_int_equal(madvise(at, ARENA_BYTES, MADV_NOHUGEPAGE), 0);
    *arena = (struct arena){.at = at};
    arena->allocator = (firn_allocator){arena_allocate, arena_reallocate, arena_release, arena};
}

struct heap {
    firn_region *region;
    struct arena arena; /* of the handle and the image */
    uint8_t *objects[OBJECTS];
    uint8_t *noise;
    uint64_t live_bytes;
};

static uint8_t *take(struct heap *heap, size_t size)
{
    firn_allocator memory = firn_region_allocator(heap->region);
    uint8_t *object = firn_allocate(&memory, size);
    assert_non_null(object);
    heap->live_bytes += firn_region_usable_size(heap->region, object);
    return object;
}

static void give(struct heap *heap, uint8_t *object, size_t size)
{
    firn_allocator memory = firn_region_allocator(heap->region);
    heap->live_bytes -= firn_region_usable_size(heap->region, object);
    firn_release(&memory, object, size);
}

static size_t size_of(size_t i)
{
    return 16 + i * 7 % 3000;
}

static void fill(struct heap *heap)
{
    uint64_t noise = 7;
    for (size_t i = 0; i < OBJECTS; i++)
        heap->objects[i] = memset(take(heap, size_of(i)), (int)i, size_of(i));
    heap->noise = take(heap, NOISE_BYTES);
    for (size_t i = 0; i < NOISE_BYTES; i++) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        heap->noise[i] = (uint8_t)(noise >> 56);
    }
    for (size_t i = 0; i < OBJECTS; i += 3)
        give(heap, heap->objects[i], size_of(i));
}

static firn_usage look(struct heap *heap)
{
    firn_usage usage;
    firn_region_usage(heap->region, &usage);
    const uint64_t rss =
        rss_of(firn_region_base(heap->region), firn_region_reserve_bytes(heap->region));
    expect_near(usage.resident_bytes, rss + heap->arena.live, "resident, with what was asked for");
    expect_near(usage.resident_bytes, rss + rss_of(heap->arena.at, ARENA_BYTES), "resident");
    assert_true(usage.live_bytes + usage.overhead_bytes <= usage.reserved_bytes);
    assert_true(usage.resident_bytes <= usage.reserved_bytes);
    assert_int_equal(usage.disk_bytes, 0);
    return usage;
}

static void look_awake(struct heap *heap)
{
    const firn_usage usage = look(heap);
    assert_int_equal(usage.live_bytes, heap->live_bytes);
    assert_int_equal(usage.compressed_bytes, 0);
}

static void look_asleep(struct heap *heap)
{
    firn_region_stats stats;
    firn_region_stats_get(heap->region, &stats);
    const firn_usage usage = look(heap);
    assert_int_equal(usage.compressed_bytes, stats.packed_bytes);
    assert_int_equal(usage.live_bytes, stats.packed_bytes);
    assert_int_equal(usage.reserved_bytes, heap->arena.live);
    assert_int_equal(usage.resident_bytes, heap->arena.live);
    assert_int_equal(usage.live_bytes + usage.overhead_bytes, usage.reserved_bytes);
    assert_in_range(rss_of(firn_region_base(heap->region), FIRN_REGION_RESERVE_BYTES), 0,
                    SLACK_BYTES);
}

/* A block here and there, and new memory, of which the image knows nothing. */
static void look_partly(struct heap *heap)
{
    firn_region_stats before, after;
    firn_region_stats_get(heap->region, &before);
    for (size_t i = 0; i < NOISE_BYTES; i += 5 * FIRN_REGION_BLOCK_BYTES)
        heap->noise[i]++;
    firn_region_stats_get(heap->region, &after);
    const uint64_t woken =
        after.touch_count + after.prefetch_count - before.touch_count - before.prefetch_count;
    firn_usage usage = look(heap);
    assert_int_equal(firn_region_state_get(heap->region), FIRN_REGION_PARTLY);
    assert_int_equal(usage.live_bytes, after.packed_bytes + woken * FIRN_REGION_BLOCK_BYTES);
    assert_int_equal(usage.compressed_bytes, after.packed_bytes);
    uint8_t *more = memset(take(heap, NOISE_BYTES), 5, NOISE_BYTES);
    const uint64_t resident = usage.resident_bytes;
    usage = look(heap);
    assert_in_range(usage.resident_bytes, resident + NOISE_BYTES, UINT64_MAX);
    give(heap, more, NOISE_BYTES);
    (void)look(heap);
}

static void run(firn_region_wake_mode mode)
{
    static struct heap heap;
    heap.live_bytes = 0;
    arena_make(&heap.arena);
    const firn_region_options options = {.allocator = &heap.arena.allocator, .mode = mode};
    heap.region = region_make(&options);
    look_awake(&heap);
    fill(&heap);
    look_awake(&heap);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(firn_region_hibernate(heap.region, NULL), FIRN_OK);
        look_asleep(&heap);
        if (mode != FIRN_REGION_EAGER && round != 0)
            look_partly(&heap);
        assert_int_equal(firn_region_wake(heap.region), FIRN_OK);
        look_awake(&heap);
    }
    firn_region_destroy(heap.region);
    assert_int_equal(heap.arena.live, 0);
    assert_int_equal(munmap(heap.arena.at, ARENA_BYTES), 0);
}

static void an_eager_region_tells_what_the_kernel_does(void **state)
{
    (void)state;
    run(FIRN_REGION_EAGER);
}

static void a_region_on_touch_tells_what_the_kernel_does(void **state)
{
    (void)state;
    run(FIRN_REGION_ON_TOUCH);
}

static void a_region_on_fault_tells_what_the_kernel_does(void **state)
{
    (void)state;
    if (fault_is_allowed())
        run(FIRN_REGION_ON_FAULT);
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS
/* Where the kernel does not tell, what was handed out and woke stands for it. */
static void without_the_kernel_the_slab_tells(void **state)
{
    (void)state;
    static struct heap heap;
    arena_make(&heap.arena);
    heap.region = region_make(NULL);
    fill(&heap);
    firn_usage with, without;
    firn_region_usage(heap.region, &with);
    setenv("FIRN_FAULT_IO", "mincore:1+", 1);
    firn_fault_reload();
    firn_region_usage(heap.region, &without);
    unsetenv("FIRN_FAULT_IO");
    firn_fault_reload();
    assert_int_equal(with.live_bytes, without.live_bytes);
    expect_near(without.resident_bytes, with.resident_bytes, "resident by the slab");
    firn_region_destroy(heap.region);
    assert_int_equal(munmap(heap.arena.at, ARENA_BYTES), 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_eager_region_tells_what_the_kernel_does),
        cmocka_unit_test(a_region_on_touch_tells_what_the_kernel_does),
        cmocka_unit_test(a_region_on_fault_tells_what_the_kernel_does),
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(without_the_kernel_the_slab_tells),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
