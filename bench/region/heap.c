/* One heap, asleep by one method: what it takes, packing and waking. A contender of bench/region.
 *
 *     region_heap FOLDER HEAP METHOD TOUCH
 *
 * METHOD is lz4, zstd1, zstd3, zstd9, sibling1, sibling9 for Firn; lz4_64k and lz4_4k for LZ4 alone
 * in blocks of that size; zram for the kernel's, if /dev/zram0 is there, unused, and may be set up.
 * TOUCH is the percent of the pages that are touched once, in no order, or `eager`. */
#include "region/heaps.h"

#include "support/contender.h"
#include "support/measure.h"

#include <fcntl.h>
#include <lz4.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, ALONE_MAX = 65536 };

struct method {
    const char *name;
    int level;
    bool sibling;
    size_t alone; /* bytes of a block by LZ4 alone; 0: Firn, or zram */
    bool zram;
};

static const struct method methods[] = {
    {.name = "lz4", .level = FIRN_REGION_LEVEL_LZ4},
    {.name = "zstd1", .level = 1},
    {.name = "zstd3", .level = 3},
    {.name = "zstd9", .level = 9},
    {.name = "sibling1", .level = 1, .sibling = true},
    {.name = "sibling9", .level = 9, .sibling = true},
    {.name = "lz4_64k", .alone = 65536},
    {.name = "lz4_4k", .alone = 4096},
    {.name = "zram", .zram = true},
};

static void give_up(const char *what, firn_status status)
{
    fprintf(stderr, "region_heap: %s: %s\n", what, firn_status_text(status));
    exit(1);
}

static void check(firn_status status, const char *what)
{
    if (status != FIRN_OK)
        give_up(what, status);
}

/* Wall time and that of all threads. */
struct span {
    uint64_t wall, cpu;
};

static struct span span_begin(void)
{
    return (struct span){wall_ns(), cpu_ns()};
}

static void span_print(struct span begin, const char *what)
{
    printf("%s_ns %llu\n%s_cpu_ns %llu\n", what, (unsigned long long)(wall_ns() - begin.wall), what,
           (unsigned long long)(cpu_ns() - begin.cpu));
}

static firn_region *heap_make(const struct heap *heap, const char *folder, bool full,
                              firn_region_wake_mode mode)
{
    firn_region_options options = {.mode = mode};
    firn_region *region;
    check(firn_region_create(&options, &region), "no region");
    firn_allocator memory = firn_region_allocator(region);
    if (!heap->make(region, &memory, folder, full))
        exit(CONTENDER_ABSENT);
    return region;
}

/* --- which pages there are: those that are not all zero, once what is free was zeroed --- */

struct pages {
    uint8_t **at;
    size_t count;
};

static bool page_is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

static struct pages pages_list(firn_region *region)
{
    uint64_t digest;
    check(firn_region_digest(region, &digest), "no digest"); /* zeroes what is free */
    unsigned char *resident = need(malloc(FIRN_REGION_RESERVE_BYTES / PAGE));
    uint8_t *base = firn_region_base(region);
    struct pages pages = {NULL, 0};
    if (mincore(base, FIRN_REGION_RESERVE_BYTES, resident) != 0)
        give_up("mincore", FIRN_IO);
    for (int round = 0; round < 2; round++) {
        size_t count = 0;
        for (size_t i = 0; i < FIRN_REGION_RESERVE_BYTES / PAGE; i++)
            if ((resident[i] & 1) != 0 && !page_is_zero(base + i * PAGE)) {
                if (pages.at != NULL)
                    pages.at[count] = base + i * PAGE;
                count++;
            }
        pages.count = count;
        if (pages.at == NULL)
            pages.at = need(malloc((count + 1) * sizeof *pages.at));
    }
    free(resident);
    return pages;
}

/* Some of them, each once, in no order. */
static void pages_pick(struct pages *pages, double percent)
{
    uint32_t sequence = 1;
    size_t count = (size_t)((double)pages->count * percent / 100);
    for (size_t i = 0; i < count; i++) {
        size_t other = i + random_below(&sequence, (uint32_t)(pages->count - i));
        uint8_t *picked = pages->at[other];
        pages->at[other] = pages->at[i];
        pages->at[i] = picked;
    }
    pages->count = count > 0 ? count : 1;
}

/* --- by Firn --- */

static void sleep_and_wake(firn_region *region, const struct method *method,
                           firn_region_template *sibling, const struct pages *pages)
{
    firn_region_hibernate_options options = {.level = method->level, .sibling = sibling};
    uint64_t before, after;
    firn_usage usage;
    check(firn_region_digest(region, &before), "no digest");
    struct span begin = span_begin();
    check(firn_region_hibernate(region, &options), "does not sleep");
    span_print(begin, "pack");
    firn_region_usage(region, &usage);
    printf("asleep_bytes %llu\n", (unsigned long long)usage.compressed_bytes);
    begin = span_begin();
    if (pages == NULL)
        check(firn_region_wake(region), "does not wake");
    for (size_t i = 0; pages != NULL && i < pages->count; i++)
        (void)*(volatile uint8_t *)pages->at[i];
    span_print(begin, "wake");
    check(firn_region_digest(region, &after), "no digest");
    if (before != after)
        give_up("woke with another content", FIRN_CORRUPT);
}

/* --- by LZ4 alone: pages that are not zero, in blocks --- */

struct alone {
    char *packed;
    int size; /* of the block, as it is kept */
    bool raw;
};

static struct alone alone_pack(const char *block, size_t size)
{
    static char buffer[LZ4_COMPRESSBOUND(ALONE_MAX)];
    int packed = LZ4_compress_default(block, buffer, (int)size, sizeof buffer);
    struct alone one = {.raw = packed <= 0 || (size_t)packed > size - size / 8};
    one.size = one.raw ? (int)size : packed;
    one.packed = need(malloc((size_t)one.size));
    memcpy(one.packed, one.raw ? block : buffer, (size_t)one.size);
    return one;
}

static void alone_unpack(const struct alone *one, char *out, size_t size)
{
    if (one->raw)
        memcpy(out, one->packed, size);
    else if (LZ4_decompress_safe(one->packed, out, one->size, (int)size) != (int)size)
        give_up("LZ4 does not unpack", FIRN_CORRUPT);
}

static void pack_alone(const struct method *method, const struct pages *all,
                       const struct pages *touched)
{
    size_t pages_each = method->alone / PAGE, count = (all->count + pages_each - 1) / pages_each;
    struct alone *blocks = need(calloc(count, sizeof *blocks));
    unsigned char *done = need(calloc(count, 1));
    char *plain = mmap(NULL, count * method->alone, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char block[ALONE_MAX];
    size_t bytes = 0;
    uint32_t sequence = 1;
    if (plain == MAP_FAILED)
        give_up("mmap", FIRN_NO_MEMORY);
    struct span begin = span_begin();
    for (size_t i = 0; i < count; i++) {
        memset(block, 0, sizeof block);
        for (size_t j = 0; j < pages_each && i * pages_each + j < all->count; j++)
            memcpy(block + j * PAGE, all->at[i * pages_each + j], PAGE);
        blocks[i] = alone_pack(block, method->alone);
        bytes += (size_t)blocks[i].size;
    }
    span_print(begin, "pack");
    printf("asleep_bytes %zu\n", bytes);
    size_t touches = touched != NULL ? touched->count : all->count;
    begin = span_begin();
    for (size_t i = 0; i < touches; i++) {
        size_t page = touched != NULL ? random_below(&sequence, (uint32_t)all->count) : i;
        size_t which = page / pages_each;
        if (!done[which])
            alone_unpack(&blocks[which], plain + which * method->alone, method->alone);
        done[which] = 1;
    }
    span_print(begin, "wake");
}

/* --- by the kernel --- */

static FILE *zram_file(const char *name, const char *mode)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/block/zram0/%s", name);
    return fopen(path, mode);
}

static void zram_set(const char *name, const char *value)
{
    FILE *file = zram_file(name, "w");
    bool set = file != NULL && fputs(value, file) >= 0;
    if (file == NULL || fclose(file) != 0 || !set)
        exit(CONTENDER_ABSENT);
}

static unsigned long long zram_get(const char *name, int column)
{
    unsigned long long value = 0;
    FILE *file = zram_file(name, "r");
    if (file == NULL)
        exit(CONTENDER_ABSENT);
    for (int i = 0; i <= column; i++)
        if (fscanf(file, "%llu", &value) != 1)
            exit(CONTENDER_ABSENT);
    fclose(file);
    return value;
}

static void zram_reset(void)
{
    zram_set("reset", "1");
}

/* The pages as a block device's; what it took in all is the third figure of mm_stat. */
static void pack_by_zram(const struct pages *all, const struct pages *touched)
{
    char size[32];
    uint32_t sequence = 1;
    size_t touches = touched != NULL ? touched->count : all->count;
    if (zram_get("disksize", 0) != 0)
        exit(CONTENDER_ABSENT);
    zram_set("comp_algorithm", "lz4");
    snprintf(size, sizeof size, "%zu", (all->count + 1) * PAGE);
    zram_set("disksize", size);
    atexit(zram_reset);
    int device = open("/dev/zram0", O_RDWR | O_DIRECT | O_CLOEXEC);
    char *plain =
        mmap(NULL, all->count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (device < 0 || plain == MAP_FAILED)
        exit(CONTENDER_ABSENT);
    struct span begin = span_begin();
    for (size_t i = 0; i < all->count; i++)
        if (pwrite(device, all->at[i], PAGE, (off_t)(i * PAGE)) != PAGE)
            give_up("zram takes no page", FIRN_IO);
    span_print(begin, "pack");
    printf("asleep_bytes %llu\n", zram_get("mm_stat", 2));
    begin = span_begin();
    for (size_t i = 0; i < touches; i++) {
        size_t page = touched != NULL ? random_below(&sequence, (uint32_t)all->count) : i;
        if (pread(device, plain + page * PAGE, PAGE, (off_t)(page * PAGE)) != PAGE)
            give_up("zram gives no page", FIRN_IO);
    }
    span_print(begin, "wake");
    close(device);
}

int main(int count, char **words)
{
    const struct heap *heap = count == 5 ? heap_find(words[2]) : NULL;
    const struct method *method = NULL;
    for (size_t i = 0; count == 5 && i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, words[3]) == 0)
            method = &methods[i];
    if (heap == NULL || method == NULL || (method->sibling && !heap->has_sibling))
        return CONTENDER_ABSENT;
    bool eager = strcmp(words[4], "eager") == 0;
    firn_region_template *sibling = NULL;
    if (method->sibling) {
        firn_region *first = heap_make(heap, words[1], false, FIRN_REGION_EAGER);
        check(firn_region_template_create(first, &sibling), "no template");
        firn_region_destroy(first);
    }
    firn_region *region =
        heap_make(heap, words[1], true, eager ? FIRN_REGION_EAGER : FIRN_REGION_ON_TOUCH);
    struct pages all = pages_list(region), touched = all;
    printf("plain_bytes %zu\n", all.count * PAGE);
    if (method->alone > 0 || method->zram) {
        touched.at = need(malloc((all.count + 1) * sizeof *touched.at));
        memcpy(touched.at, all.at, all.count * sizeof *all.at);
    }
    if (!eager)
        pages_pick(&touched, strtod(words[4], NULL));
    if (method->alone > 0)
        pack_alone(method, &all, eager ? NULL : &touched);
    else if (method->zram)
        pack_by_zram(&all, eager ? NULL : &touched);
    else
        sleep_and_wake(region, method, sibling, eager ? NULL : &touched);
    return 0;
}
