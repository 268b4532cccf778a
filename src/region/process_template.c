/* The template of a zygote: its private pages as a sealed file in memory, from which it and its
 * children map them; see firn/process.h.
 *
 *     file   0         the mappings of the zygote, as an image has them
 *            k*4 GiB   the bytes of one run of pages each, with room behind it: whoever makes such
 * a mapping longer (mremap) finds zeros there, as in memory without a file
 *
 * A page that the zygote never wrote keeps what it is. In memory without a file whatever lies
 * within 64 KiB of a written page goes along, so that few mappings come from many. Writing a hole's
 * page costs the file a page of zeros once, for all children together.
 *
 * Invariants:
 *   T1  the file never changes after it is sealed
 *   T2  each step of a rebase leaves every byte of the process as it was
 * Threads: the process's only one. Memory: the window, the file. Complexity: linear in the pages.
 */
#include "core/entropy.h"
#include "region/process_work.h"

#include <firn/checksum.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

enum {
    CHUNK = 64 << 10,
    DEFAULT_WINDOW_SHIFT = 32,
    WARM_BYTES = 4096,
};
#define SLOT_BYTES (UINT64_C(4) << 30)
#define FILE_BYTES (UINT64_C(1) << 60)

typedef struct rebasing {
    firn_process_work *work;
    firn_process_template *zygote;
    const firn_process_template_options *options;
    uint64_t next; /* free in the file */
    /* of the mapping at hand */
    const firn_mapping *mapping;
    uint64_t start, end; /* pages to go together, none where end is 0 */
} rebasing;

static bool call_fail(firn_process_work *work, long result)
{
    return firn_process_work_fail_call(work, result, "the template's file cannot be made");
}

static uint64_t slot_take(rebasing *rebase, uint64_t size)
{
    uint64_t at = rebase->next;
    rebase->next = (at + size + 2 * SLOT_BYTES - 1) / SLOT_BYTES * SLOT_BYTES;
    return at;
}

static bool page_is_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)(const void *)page;
    uint64_t all = 0;
    for (size_t i = 0; i < FIRN_PAGE / sizeof *words; i++)
        all |= words[i];
    return all == 0;
}

/* Writes the pages that are not zero. */
static bool write_pages(rebasing *rebase, uint64_t start, uint64_t end, uint64_t offset)
{
    for (uint64_t at = start; at < end;) {
        const uint8_t *data = (const uint8_t *)(uintptr_t)at;
        uint64_t stop = at;
        while (stop < end && !page_is_zero((const uint8_t *)(uintptr_t)stop))
            stop += FIRN_PAGE;
        if (stop > at) {
            long result =
                firn_raw_write_at(rebase->zygote->fd, data, stop - at, offset + (at - start));
            if (result < 0)
                return call_fail(rebase->work, result);
            rebase->zygote->held_bytes += stop - at;
        }
        at = stop < end ? stop + FIRN_PAGE : end;
    }
    return true;
}

/* Moves the pages that were gathered into the file (T2). */
static bool flush(rebasing *rebase)
{
    const uint64_t start = rebase->start, end = rebase->end;
    const int rights = rebase->mapping->rights;
    if (end == 0)
        return true;
    rebase->end = 0;
    const uint64_t offset = slot_take(rebase, end - start);
    if ((rights & PROT_READ) == 0) {
        long result = firn_raw_protect(start, end - start, rights | PROT_READ);
        if (result < 0)
            return call_fail(rebase->work, result);
    }
    bool written = write_pages(rebase, start, end, offset);
    long mapped = 0;
    if (written) {
        mapped = firn_raw_map(start, end - start, rights, MAP_PRIVATE | MAP_FIXED,
                              rebase->zygote->fd, offset);
        written = mapped >= 0 || call_fail(rebase->work, mapped);
    }
    if (!written && (rights & PROT_READ) == 0)
        (void)firn_raw_protect(start, end - start, rights);
    return written;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool gather(void *context, uint64_t start, uint64_t end)
{
    rebasing *rebase = context;
    const firn_mapping *mapping = rebase->mapping;
    if (mapping->kind == FIRN_MAPPING_ANONYMOUS) {
        start = larger(start & ~(uint64_t)(CHUNK - 1), mapping->start);
        end = smaller((end + CHUNK - 1) & ~(uint64_t)(CHUNK - 1), mapping->end);
        if (rebase->end != 0 && start > rebase->end && !flush(rebase))
            return false;
    }
    if (rebase->end == 0)
        rebase->start = start;
    rebase->end = larger(rebase->end, end);
    return true;
}

static bool is_kept(const firn_process_template_options *options, const firn_mapping *mapping)
{
    for (size_t i = 0; i < options->kept_count; i++) {
        const uint64_t start = (uint64_t)(uintptr_t)options->kept[i].start;
        if (start < mapping->end && start + options->kept[i].size > mapping->start)
            return true;
    }
    return false;
}

static bool rebase_all(rebasing *rebase)
{
    firn_process_work *work = rebase->work;
    const uint64_t mark = work->top;
    firn_process_work_list list;
    if (!firn_process_work_list_own(work, "/proc/self/smaps", &list) ||
        !firn_process_work_scan_open(work))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < list.count; i++) {
        const firn_mapping *mapping = &list.mappings[i];
        if ((mapping->kind != FIRN_MAPPING_ANONYMOUS && mapping->kind != FIRN_MAPPING_FILE) ||
            mapping->flags != 0 || is_kept(rebase->options, mapping))
            continue;
        rebase->mapping = mapping;
        done = firn_process_work_scan(work, mapping->start, mapping->end, gather, rebase) &&
               flush(rebase);
    }
    firn_process_work_scan_close(work);
    firn_process_work_release(work, mark);
    return done;
}

/* The bytes of the stack in use; it stays where it is, since the C library looks for its bounds in
 * the list of mappings. */
static bool copy_stack(rebasing *rebase, const firn_process_work_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const firn_mapping *mapping = &list->mappings[i];
        if (mapping->kind != FIRN_MAPPING_STACK)
            continue;
        firn_process_template *zygote = rebase->zygote;
        zygote->stack_low = firn_page_down((uint64_t)(uintptr_t)&mapping);
        zygote->stack_end = mapping->end;
        zygote->stack_at = slot_take(rebase, mapping->end - zygote->stack_low);
        if (zygote->stack_low < mapping->start || zygote->stack_low >= mapping->end)
            break; /* called on another stack */
        return write_pages(rebase, zygote->stack_low, zygote->stack_end, zygote->stack_at);
    }
    return firn_process_work_fail(rebase->work, FIRN_UNSUPPORTED, 0,
                                  "the process does not run on its own stack");
}

static bool write_mappings(rebasing *rebase)
{
    firn_process_work *work = rebase->work;
    firn_process_work_list list;
    if (!firn_process_work_list_own(work, "/proc/self/maps", &list) || !copy_stack(rebase, &list))
        return false;
    for (size_t i = 0; i < list.count; i++)
        list.mappings[i].name_at = list.mappings[i].name_bytes = 0;
    rebase->zygote->mapping_count = (uint32_t)list.count;
    long result = firn_raw_write_at(rebase->zygote->fd, list.mappings,
                                    list.count * sizeof list.mappings[0], 0);
    return result >= 0 || call_fail(work, result);
}

/* Binds all that a restore calls, so that no restored page lacks where it lies. */
static void warm_entry(firn_process_work *work)
{
    setcontext(work->caller);
}

static bool warm_up(firn_process_work *work)
{
    const uint64_t mark = work->top;
    const size_t pack = firn_block_packer_bytes(1), unpack = firn_block_unpacker_bytes();
    uint8_t *data =
        firn_process_work_take(work, WARM_BYTES * 4 + FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES);
    void *packer_memory = data != NULL ? firn_process_work_take(work, pack) : NULL;
    void *unpacker_memory = packer_memory != NULL ? firn_process_work_take(work, unpack) : NULL;
    if (unpacker_memory == NULL)
        return false;
    firn_block_packer *packer = firn_block_packer_init(packer_memory, pack, 1);
    firn_block_unpacker *unpacker = firn_block_unpacker_init(unpacker_memory, unpack);
    uint64_t at = 0;
    bool same = packer != NULL && unpacker != NULL;
    if (same) {
        memset(data, 5, WARM_BYTES);
        memcpy(data + WARM_BYTES, data, WARM_BYTES);
        memcpy(data, FIRN_VERSION_STRING, sizeof FIRN_VERSION_STRING);
        uint8_t *packed = data + 2 * WARM_BYTES;
        size_t size =
            firn_process_image_block_pack(packer, data, WARM_BYTES, data, WARM_BYTES, packed);
        same = firn_process_image_block_unpack(unpacker, packed, size, &at, data, WARM_BYTES,
                                               data + WARM_BYTES, WARM_BYTES) &&
               memcmp(data, data + WARM_BYTES, WARM_BYTES) == 0;
    }
    ucontext_t here;
    firn_process_work_switch(work, warm_entry, &here);
    firn_process_work_release(work, mark);
    return same ||
           firn_process_work_fail(work, FIRN_UNSUPPORTED, 0, "zstd does not work as expected");
}

static bool make_file(firn_process_template *zygote, firn_process_work *work)
{
    long fd = firn_raw_memfd("firn-template");
    if (fd < 0)
        return call_fail(work, fd);
    zygote->fd = (int)fd;
    long result = firn_raw_resize(zygote->fd, FILE_BYTES);
    if (result >= 0)
        result = firn_raw_identity(zygote->fd, &zygote->device, &zygote->inode);
    return result >= 0 || call_fail(work, result);
}

static bool template_make(firn_process_template *zygote, firn_process_work *work,
                          const firn_process_template_options *options)
{
    rebasing rebase = {.work = work, .zygote = zygote, .options = options, .next = SLOT_BYTES};
    uint64_t mask;
    if (!warm_up(work) || !make_file(zygote, work))
        return false;
    firn_raw_mask(NULL, &mask);
    bool made = rebase_all(&rebase) && write_mappings(&rebase);
    if (made) {
        long result = firn_raw_seal(zygote->fd);
        made = result >= 0 || call_fail(work, result);
    }
    firn_raw_mask(&mask, NULL);
    return made;
}

static firn_status window_make(size_t bytes, firn_process_template **ret_zygote)
{
    long window =
        firn_raw_map(0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (window < 0 && window >= -4095)
        return FIRN_NO_MEMORY;
    if (firn_raw_protect((uint64_t)window, FIRN_PAGE, PROT_READ | PROT_WRITE) < 0) {
        (void)firn_raw_unmap((uint64_t)window, bytes);
        return FIRN_NO_MEMORY;
    }
    firn_process_template *zygote = (firn_process_template *)window;
    zygote->id = firn_entropy();
    zygote->window_bytes = bytes;
    zygote->fd = -1;
    *ret_zygote = zygote;
    return FIRN_OK;
}

static bool options_valid(const firn_process_template_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0)
            return false;
    }
    return (options->window_bytes == 0 || options->window_bytes >= FIRN_WINDOW_MIN_BYTES) &&
           options->window_bytes % FIRN_PAGE == 0 &&
           (options->kept_count == 0 || options->kept != NULL);
}

firn_status firn_process_template_create(const firn_process_template_options *options,
                                         firn_process_template **ret_template,
                                         firn_error *ret_error)
{
    static const firn_process_template_options defaults;
    if (options == NULL)
        options = &defaults;
    if (!options_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "the template's options are not valid");
    firn_status status = firn_process_work_possible(ret_error);
    if (status != FIRN_OK)
        return status;
    firn_process_template *zygote;
    firn_process_work *work;
    size_t bytes = options->window_bytes;
    if (bytes == 0)
        bytes = (size_t)1 << DEFAULT_WINDOW_SHIFT;
    if (window_make(bytes, &zygote) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0,
                              "there is no address space for the template's window");
    status = firn_process_work_begin(zygote, &work);
    if (status != FIRN_OK) {
        firn_process_template_destroy(zygote);
        return firn_error_set(ret_error, status, 0, "there is no memory to work in");
    }
    bool made = template_make(zygote, work, options);
    if (made && firn_raw_protect((uint64_t)(uintptr_t)zygote, FIRN_PAGE, PROT_READ) < 0)
        made = firn_process_work_fail(work, FIRN_NO_MEMORY, 0, "the template cannot be protected");
    if (!made) {
        status = work->status;
        firn_error_set(ret_error, status, work->os_errno, "no template: %s", work->cause);
        firn_process_template_destroy(zygote);
        return status;
    }
    firn_process_work_end(zygote);
    *ret_template = zygote;
    return FIRN_OK;
}

void firn_process_template_destroy(firn_process_template *zygote)
{
    if (zygote == NULL)
        return;
    if (zygote->fd >= 0)
        firn_raw_close(zygote->fd);
    (void)firn_raw_unmap((uint64_t)(uintptr_t)zygote, zygote->window_bytes);
}

uint64_t firn_process_template_id(const firn_process_template *zygote)
{
    return zygote->id;
}

void firn_process_template_usage(const firn_process_template *zygote, firn_usage *ret_usage)
{
    *ret_usage = (firn_usage){
        .live_bytes = zygote->held_bytes,
        .reserved_bytes = zygote->window_bytes + zygote->held_bytes,
        .resident_bytes = zygote->held_bytes + FIRN_PAGE,
        .overhead_bytes = FIRN_PAGE,
    };
}
