/* Reads a sample of a process's pages and packs it: see asleep.h. Called by memory.c; calls the
 * codec.
 *
 * The kernel's pagemap tells which pages are the process's own and in memory: in private mappings,
 * present, and not those of a file. They are taken together in blocks of 64 KiB by address, as a
 * region would. A sample of blocks is drawn, one of each stretch of equal length, read by
 * process_vm_readv, which stops nothing, and packed one by one: zeros cost nothing, what does not
 * shrink by 27 % stays as it is. The sum over the sample times blocks over sampled ones is the
 * estimate. A page that was given back since then is read as zeros.
 *
 * Memory: 16 bytes a block and the codec. Time: 0.2 ms a block of the sample. */
#include "tune/asleep.h"

#include "common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK_BYTES ((uint64_t)64 << 10)
#define PAGE_BYTES ((uint64_t)4096)
#define BLOCK_PAGES ((unsigned)(BLOCK_BYTES / PAGE_BYTES))
#define RAW_ABOVE (BLOCK_BYTES - BLOCK_BYTES * 27 / 100)
#define BLOCK_COST 16.0 /* of an image for each block that it has */

/* Bits of an entry of pagemap. */
#define PAGE_PRESENT ((uint64_t)1 << 63)
#define PAGE_OF_FILE ((uint64_t)1 << 61)

struct block {
    uint64_t start;
    uint32_t pages; /* a bit each */
    uint32_t mapping;
};

struct measuring {
    const struct asleep_options *options;
    const struct smaps *smaps;
    struct smaps other; /* of the sibling */
    struct block *blocks;
    size_t count, capacity;
    firn_codec *codec;
    uint64_t random;
    uint8_t data[64 << 10], base[64 << 10], packed[80 << 10];
};

static bool no_memory(void)
{
    report("pages: out of memory; close something else and try again");
    return false;
}

/* --- the blocks --- */

static bool add_page(struct measuring *measuring, uint64_t address, uint32_t mapping)
{
    const uint64_t start = address & ~(BLOCK_BYTES - 1);
    struct block *last = measuring->count > 0 ? &measuring->blocks[measuring->count - 1] : NULL;
    if (last == NULL || last->start != start) {
        if (!firn_grow(NULL, (void **)&measuring->blocks, &measuring->capacity,
                       measuring->count + 1, sizeof *last))
            return no_memory();
        last = &measuring->blocks[measuring->count++];
        *last = (struct block){.start = start, .mapping = mapping};
    }
    last->pages |= 1u << (address - start) / PAGE_BYTES;
    return true;
}

static bool add_mapping(struct measuring *measuring, int fd, uint32_t number, uint64_t *ret_pages)
{
    const struct smaps_mapping *mapping = &measuring->smaps->mappings[number];
    uint64_t entries[512];
    uint64_t address = mapping->start;
    while (address < mapping->end) {
        const uint64_t left = (mapping->end - address) / PAGE_BYTES;
        const size_t wanted = left < 512 ? (size_t)left : 512;
        const ssize_t got = pread(fd, entries, wanted * sizeof entries[0],
                                  (off_t)(address / PAGE_BYTES * sizeof entries[0]));
        if (got <= 0)
            return true; /* it was unmapped since */
        for (size_t i = 0; i < (size_t)got / sizeof entries[0]; i++, address += PAGE_BYTES) {
            if ((entries[i] & PAGE_PRESENT) == 0 || (entries[i] & PAGE_OF_FILE) != 0)
                continue;
            *ret_pages += 1;
            if (!add_page(measuring, address, number))
                return false;
        }
    }
    return true;
}

static bool find_blocks(struct measuring *measuring, uint64_t *ret_pages)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/pagemap", (long)measuring->options->pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report("process %ld: its pages cannot be looked at: %s", (long)measuring->options->pid,
               strerror(errno));
        return false;
    }
    bool is_good = true;
    for (size_t i = 0; is_good && i < measuring->smaps->count; i++) {
        const struct smaps_mapping *mapping = &measuring->smaps->mappings[i];
        if (mapping->is_private && mapping->sums.anonymous > 0)
            is_good = add_mapping(measuring, fd, (uint32_t)i, ret_pages);
    }
    close(fd);
    return is_good;
}

/* --- reading --- */

/* The given pages of a block, the others zero. False when the process is gone. */
static bool read_block(pid_t pid, uint64_t start, uint32_t pages, uint8_t *data)
{
    memset(data, 0, BLOCK_BYTES);
    for (unsigned first = 0; first < BLOCK_PAGES;) {
        unsigned end = first;
        while (end < BLOCK_PAGES && (pages >> end & 1) != 0)
            end++;
        if (end == first) {
            first++;
            continue;
        }
        const size_t size = (end - first) * PAGE_BYTES;
        struct iovec here = {data + first * PAGE_BYTES, size};
        struct iovec there = {(void *)(uintptr_t)(start + first * PAGE_BYTES), size};
        if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && errno != EFAULT)
            return false;
        first = end;
    }
    return true;
}

/* Where the sibling has what lies at a place here: at the same address where that is the same
 * mapping (after a fork), else as far into its mapping of the same name. */
static uint64_t place_in_sibling(const struct measuring *measuring, const struct block *block)
{
    const struct smaps_mapping *mapping = &measuring->smaps->mappings[block->mapping];
    uint64_t found = 0;
    for (size_t i = 0; i < measuring->other.count; i++) {
        const struct smaps_mapping *other = &measuring->other.mappings[i];
        if (other->kind != mapping->kind || strcmp(other->name, mapping->name) != 0 ||
            strcmp(other->rights, mapping->rights) != 0 || other->offset != mapping->offset)
            continue;
        if (other->start == mapping->start)
            return block->start;
        if (found == 0 && mapping->name[0] != '\0')
            found = other->start + (block->start - mapping->start);
    }
    return found;
}

/* --- packing --- */

static bool is_zero(const uint8_t *data, size_t size)
{
    return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static bool pack(struct measuring *measuring, firn_codec_kind kind, double *sum)
{
    size_t size;
    if (firn_codec_pack(measuring->codec, kind, kind == FIRN_CODEC_ZSTD, measuring->data,
                        BLOCK_BYTES, measuring->packed, &size) != FIRN_OK)
        return no_memory();
    size -= FIRN_FRAME_HEADER_BYTES;
    *sum += BLOCK_COST + (double)(size > RAW_ABOVE ? BLOCK_BYTES : size);
    return true;
}

static bool pack_with_sibling(struct measuring *measuring, const struct block *block,
                              double own_size, double *sum)
{
    const uint64_t place = place_in_sibling(measuring, block);
    firn_dictionary *dictionary = NULL;
    size_t size = 0;
    if (place == 0 ||
        !read_block(measuring->options->sibling, place, UINT16_MAX, measuring->base) ||
        is_zero(measuring->base, BLOCK_BYTES)) {
        *sum += own_size;
        return true;
    }
    *sum += BLOCK_COST;
    if (memcmp(measuring->base, measuring->data, BLOCK_BYTES) == 0)
        return true;
    firn_status status = firn_dictionary_create(NULL, measuring->base, BLOCK_BYTES, 1, &dictionary);
    if (status == FIRN_OK)
        status = firn_codec_pack_with(measuring->codec, dictionary, 1, measuring->data, BLOCK_BYTES,
                                      measuring->packed, &size);
    firn_dictionary_destroy(dictionary);
    if (status != FIRN_OK)
        return no_memory();
    size -= FIRN_FRAME_HEADER_BYTES;
    *sum += (double)(size > RAW_ABOVE ? BLOCK_BYTES : size);
    return true;
}

static bool measure_block(struct measuring *measuring, const struct block *block,
                          struct asleep *asleep)
{
    const uint64_t begin = firn_clock_ns();
    if (!read_block(measuring->options->pid, block->start, block->pages, measuring->data)) {
        report("process %ld: %s", (long)measuring->options->pid,
               errno == ESRCH ? "it ended meanwhile" : strerror(errno));
        return false;
    }
    const uint64_t took = firn_clock_ns() - begin;
    asleep->longest_read_ns = took > asleep->longest_read_ns ? took : asleep->longest_read_ns;
    for (unsigned i = 0; i < BLOCK_PAGES; i++) {
        if ((block->pages >> i & 1) == 0)
            continue;
        asleep->sampled += PAGE_BYTES;
        asleep->zero +=
            is_zero(measuring->data + i * PAGE_BYTES, PAGE_BYTES) ? (double)PAGE_BYTES : 0;
    }
    if (is_zero(measuring->data, BLOCK_BYTES))
        return true;
    const double before = asleep->zstd;
    return pack(measuring, FIRN_CODEC_LZ4, &asleep->lz4) &&
           pack(measuring, FIRN_CODEC_ZSTD, &asleep->zstd) &&
           (measuring->options->sibling == 0 ||
            pack_with_sibling(measuring, block, asleep->zstd - before, &asleep->sibling));
}

/* --- the sample --- */

static uint64_t random_below(struct measuring *measuring, uint64_t bound)
{
    measuring->random ^= measuring->random << 13;
    measuring->random ^= measuring->random >> 7;
    measuring->random ^= measuring->random << 17;
    return (uint64_t)((double)(measuring->random >> 11) * 0x1p-53 * (double)bound);
}

/* One of each stretch of the same length: neighbours are alike, so that this is nearer to the whole
 * than a sample over all would be (of a process with 9 MB of noise in 56 MB, by 64 blocks: off by
 * 1.6 % and not 21). What is left to chance is seen in how each differs from the next one. */
static bool measure_sample(struct measuring *measuring, struct asleep *asleep)
{
    const uint64_t all = measuring->count;
    const uint64_t wanted = measuring->options->blocks == 0 || measuring->options->blocks > all
                                ? all
                                : measuring->options->blocks;
    double last = 0, squares = 0;
    for (uint64_t i = 0; i < wanted; i++) {
        const uint64_t first = i * all / wanted, end = (i + 1) * all / wanted;
        const uint64_t at = first + random_below(measuring, end - first);
        const double before = asleep->zstd;
        if (!measure_block(measuring, &measuring->blocks[at], asleep))
            return false;
        const double cost = asleep->zstd - before;
        squares += i > 0 ? (cost - last) * (cost - last) : 0;
        last = cost;
    }
    if (wanted == 0)
        return true;
    const double scale = (double)all / (double)wanted;
    const double left = 1 - (double)wanted / (double)all; /* of a whole nothing is unknown */
    if (wanted > 1)
        asleep->zstd_error =
            (double)all * sqrt(squares / (2 * (double)(wanted - 1)) * left / (double)wanted);
    asleep->zero *= scale;
    asleep->lz4 *= scale;
    asleep->zstd *= scale;
    asleep->sibling *= scale;
    return true;
}

bool asleep_measure(const struct asleep_options *options, const struct smaps *smaps,
                    struct asleep *ret_asleep)
{
    struct asleep asleep = {.pages = 0};
    struct measuring *measuring = firn_allocate_zeroed(NULL, 1, sizeof *measuring);
    if (measuring == NULL)
        return no_memory();
    measuring->options = options;
    measuring->smaps = smaps;
    measuring->random = firn_clock_ns() | 1;
    bool is_good = options->sibling == 0 || smaps_read(&measuring->other, options->sibling);
    if (is_good && firn_codec_create(NULL, &measuring->codec) != FIRN_OK)
        is_good = no_memory();
    is_good =
        is_good && find_blocks(measuring, &asleep.pages) && measure_sample(measuring, &asleep);
    asleep.pages *= PAGE_BYTES;
    asleep.blocks = measuring->count;
    firn_codec_destroy(measuring->codec);
    firn_release(NULL, measuring->blocks, measuring->capacity * sizeof *measuring->blocks);
    smaps_release(&measuring->other);
    firn_release(NULL, measuring, sizeof *measuring);
    if (is_good)
        *ret_asleep = asleep;
    return is_good;
}
