/* The window and what is done in it by all parts of a process's checkpoint; see process_work.h.
 * Called by process_template.c, process_pack.c and process_restore.c; calls core/raw.
 *
 * Invariants:
 *   W1  memory of the window is in no image and is never given back by a restore
 *   W2  what is written lies in the window or on the stack that the caller runs on
 * Threads: one, the process's only one. Memory: the window's. */
#include "region/process_work.h"

#include "core/kernel_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED };
enum { HUGE_BYTES = 2 << 20, HUGE_PAYS_BYTES = 1 << 20 };

firn_status firn_process_work_possible(firn_error *ret_error)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    bool sanitized = true;
#else
    bool sanitized = false;
#endif
#else
    bool sanitized = false;
#endif
    if (sanitized || !firn_raw_supported())
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "a process can be packed on Linux on x86-64 only, in a build without "
                              "sanitizers");
    uint64_t threads;
    if (!firn_kernel_sum("", "/proc/self/status", "Threads", &threads))
        return firn_error_set(ret_error, FIRN_IO, 0, "/proc/self/status cannot be read");
    if (threads != 1)
        return firn_error_set(ret_error, FIRN_BUSY, 0,
                              "the process has %llu threads; only one with a single thread can be "
                              "packed",
                              (unsigned long long)threads);
    return FIRN_OK;
}

static uint64_t window_of(const firn_process_template *zygote)
{
    return (uint64_t)(uintptr_t)zygote;
}

static bool failed(long result)
{
    return result < 0 && result >= -4095;
}

firn_status firn_process_work_begin(const firn_process_template *zygote,
                                    firn_process_work **ret_work)
{
    const uint64_t window = window_of(zygote);
    const uint64_t stack = window + FIRN_WINDOW_STACK_AT + FIRN_PAGE;
    long result = firn_raw_map(stack, window + FIRN_WINDOW_MEMORY_AT - stack,
                               PROT_READ | PROT_WRITE, RESERVED, -1, 0);
    if (failed(result))
        return FIRN_NO_MEMORY;
    firn_process_work *work = (firn_process_work *)(uintptr_t)(window + FIRN_WINDOW_WORK_AT);
    work->zygote = zygote;
    work->top = window + FIRN_WINDOW_MEMORY_AT;
    work->pagemap_fd = -1;
    *ret_work = work;
    return FIRN_OK;
}

/* A failure leaves pages in the window that nobody looks at. */
static void close_range(uint64_t start, uint64_t end)
{
    if (start < end)
        (void)firn_raw_map(start, end - start, PROT_NONE, RESERVED, -1, 0);
}

void firn_process_work_end(const firn_process_template *zygote)
{
    const uint64_t window = window_of(zygote);
    close_range(window + FIRN_WINDOW_STACK_AT, window + zygote->window_bytes);
}

void *firn_process_work_take(firn_process_work *work, size_t size)
{
    const uint64_t end = window_of(work->zygote) + work->zygote->window_bytes;
    if (size > end - work->top || firn_page_up(size) > end - work->top) {
        firn_process_work_fail(work, FIRN_LIMIT, 0, "the template's window is too small");
        return NULL;
    }
    const uint64_t start = work->top > work->ready_end ? work->top : work->ready_end;
    const uint64_t top = work->top + firn_page_up(size);
    long result = 0;
    if (start < top)
        result = firn_raw_map(start, top - start, PROT_READ | PROT_WRITE, RESERVED, -1, 0);
    if (failed(result)) {
        firn_process_work_fail(work, FIRN_NO_MEMORY, result, "there is no memory to work in");
        return NULL;
    }
    void *memory = (void *)(uintptr_t)work->top;
    work->top = top;
    return memory;
}

void firn_process_work_ready(firn_process_work *work, size_t size)
{
    const uint64_t end = window_of(work->zygote) + work->zygote->window_bytes;
    const uint64_t start = (work->top + HUGE_BYTES - 1) & ~(uint64_t)(HUGE_BYTES - 1);
    if (size < HUGE_PAYS_BYTES || start > end || size > end - start)
        return;
    size = (size + HUGE_BYTES - 1) & ~(size_t)(HUGE_BYTES - 1);
    if (size > end - start ||
        failed(firn_raw_map(start, size, PROT_READ | PROT_WRITE, RESERVED, -1, 0)))
        return;
    (void)firn_raw_advise(start, size, MADV_HUGEPAGE);
    work->top = start;
    work->ready_end = start + size;
}

void firn_process_work_release(firn_process_work *work, uint64_t mark)
{
    close_range(mark, work->top > work->ready_end ? work->top : work->ready_end);
    work->top = mark;
    if (work->ready_end > mark)
        work->ready_end = 0;
}

bool firn_process_work_fail(firn_process_work *work, firn_status status, long result,
                            const char *cause)
{
    work->status = status;
    work->cause = cause;
    work->os_errno = failed(result) ? (int)-result : 0;
    return false;
}

bool firn_process_work_fail_call(firn_process_work *work, long result, const char *cause)
{
    return firn_process_work_fail(work, firn_status_from_errno((int)-result), result, cause);
}

/* --- mappings --- */

static bool read_text(firn_process_work *work, const char *path, char *text, size_t *ret_size)
{
    long fd = firn_raw_open(path, O_RDONLY);
    long got = fd;
    size_t size = 0;
    while (got >= 0 && size < FIRN_MAPS_TEXT_MAX_BYTES) {
        got = firn_raw_read((int)fd, text + size, FIRN_MAPS_TEXT_MAX_BYTES - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (fd >= 0)
        firn_raw_close((int)fd);
    *ret_size = size;
    if (got < 0)
        return firn_process_work_fail_call(work, got, "the list of mappings cannot be read");
    return true;
}

static void classify(const firn_process_template *zygote, firn_mapping *mapping)
{
    const uint64_t window = window_of(zygote);
    if (mapping->start >= window && mapping->end <= window + zygote->window_bytes)
        mapping->kind = FIRN_MAPPING_WINDOW;
    else if (mapping->kind == FIRN_MAPPING_FILE && mapping->inode == zygote->inode &&
             mapping->device == zygote->device)
        mapping->kind = FIRN_MAPPING_TEMPLATE;
}

/* Cuts the mapping across an address in two. */
static size_t cut(firn_mapping *mappings, size_t count, uint64_t at)
{
    size_t index = firn_maps_find(mappings, count, at);
    if (index == count || mappings[index].start >= at)
        return count;
    for (size_t i = count; i > index; i--)
        mappings[i] = mappings[i - 1];
    mappings[index].end = at;
    mappings[index + 1].offset += mappings[index].inode != 0 ? at - mappings[index].start : 0;
    mappings[index + 1].start = at;
    return count + 1;
}

bool firn_process_work_list_own(firn_process_work *work, const char *path,
                                firn_process_work_list *ret_list)
{
    char *text = firn_process_work_take(work, FIRN_MAPS_TEXT_MAX_BYTES);
    firn_mapping *mappings =
        text != NULL ? firn_process_work_take(work, FIRN_MAPPINGS_MAX * sizeof *mappings) : NULL;
    size_t size, count = 0;
    if (mappings == NULL || !read_text(work, path, text, &size))
        return false;
    firn_status status = firn_maps_parse(text, size, mappings, FIRN_MAPPINGS_MAX - 2, &count);
    if (status != FIRN_OK)
        return firn_process_work_fail(work, status, 0, "the list of mappings is not as expected");
    /* The kernel shows reserved memory of the process and the window beside it as one mapping. */
    const uint64_t window = window_of(work->zygote);
    count = cut(mappings, count, window);
    count = cut(mappings, count, window + work->zygote->window_bytes);
    for (size_t i = 0; i < count; i++)
        classify(work->zygote, &mappings[i]);
    *ret_list = (firn_process_work_list){mappings, count, text};
    return true;
}

/* --- pages --- */

bool firn_process_work_scan_open(firn_process_work *work)
{
    long fd = firn_raw_open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0)
        return firn_process_work_fail_call(work, fd, "/proc/self/pagemap cannot be opened");
    work->pagemap_fd = (int)fd;
    return true;
}

void firn_process_work_scan_close(firn_process_work *work)
{
    if (work->pagemap_fd >= 0)
        firn_raw_close(work->pagemap_fd);
    work->pagemap_fd = -1;
}

/* Where the kernel has no PAGEMAP_SCAN: bit 61 is set for pages of files, 62 and 63 for those that
 * are swapped out or present. Zero pages are among them. */
static bool scan_pagemap(firn_process_work *work, uint64_t start, uint64_t end, firn_run_fn visit,
                         void *context)
{
    uint64_t entries[256], first = 0;
    bool inside = false;
    for (uint64_t at = start; at < end;) {
        uint64_t count = (end - at) / FIRN_PAGE;
        count = count < 256 ? count : 256;
        long result = firn_raw_read_at(work->pagemap_fd, entries, count * sizeof entries[0],
                                       at / FIRN_PAGE * sizeof entries[0]);
        if (result < 0)
            return firn_process_work_fail_call(work, result, "/proc/self/pagemap cannot be read");
        for (uint64_t i = 0; i < count; i++, at += FIRN_PAGE) {
            bool own = entries[i] >> 62 != 0 && (entries[i] >> 61 & 1) == 0;
            if (own && !inside)
                first = at;
            else if (!own && inside && !visit(context, first, at))
                return false;
            inside = own;
        }
    }
    return !inside || visit(context, first, end);
}

bool firn_process_work_scan(firn_process_work *work, uint64_t start, uint64_t end,
                            firn_run_fn visit, void *context)
{
    firn_raw_page_region regions[64];
    firn_raw_page_scan scan = {
        .size = sizeof scan,
        .start = start,
        .end = end,
        .vec = (uint64_t)(uintptr_t)regions,
        .vec_len = sizeof regions / sizeof regions[0],
        .category_inverted = FIRN_PAGE_IS_FILE | FIRN_PAGE_IS_PFNZERO,
        .category_mask = FIRN_PAGE_IS_FILE | FIRN_PAGE_IS_PFNZERO,
        .category_anyof_mask = FIRN_PAGE_IS_PRESENT | FIRN_PAGE_IS_SWAPPED,
        .return_mask = FIRN_PAGE_IS_PRESENT,
    };
    while (!work->scan_unknown && scan.start < end) {
        long count = firn_raw_scan(work->pagemap_fd, &scan);
        if (count == -ENOTTY || count == -EINVAL) {
            work->scan_unknown = true;
            break;
        }
        if (count < 0)
            return firn_process_work_fail_call(work, count, "/proc/self/pagemap cannot be scanned");
        for (long i = 0; i < count; i++) {
            if (!visit(context, regions[i].start, regions[i].end))
                return false;
        }
        scan.start = scan.walk_end;
    }
    return !work->scan_unknown || scan_pagemap(work, scan.start, end, visit, context);
}

/* --- stacks --- */

/* makecontext passes ints. */
static void enter(unsigned high, unsigned low, unsigned entry_high, unsigned entry_low)
{
    firn_process_work *work = (firn_process_work *)(uintptr_t)((uint64_t)high << 32 | low);
    void (*entry)(firn_process_work *) =
        (void (*)(firn_process_work *))(uintptr_t)((uint64_t)entry_high << 32 | entry_low);
    entry(work);
    firn_raw_end(FIRN_PROCESS_LOST); /* entry goes on elsewhere */
}

void firn_process_work_switch(firn_process_work *work, void (*entry)(firn_process_work *work),
                              ucontext_t *ret_here)
{
    const uint64_t window = window_of(work->zygote);
    const uint64_t stack = window + FIRN_WINDOW_STACK_AT + FIRN_PAGE;
    const uint64_t at = (uint64_t)(uintptr_t)work, code = (uint64_t)(uintptr_t)entry;
    getcontext(&work->alternate);
    work->alternate.uc_stack.ss_sp = (void *)(uintptr_t)stack;
    work->alternate.uc_stack.ss_size = window + FIRN_WINDOW_WORK_AT - stack;
    work->alternate.uc_link = NULL;
    work->caller = ret_here;
    makecontext(&work->alternate, (void (*)(void))enter, 4, (unsigned)(at >> 32), (unsigned)at,
                (unsigned)(code >> 32), (unsigned)code);
    swapcontext(ret_here, &work->alternate);
}

static bool page_differs(const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < FIRN_PAGE / sizeof *a; i++) {
        if (((const volatile uint64_t *)a)[i] != b[i])
            return true;
    }
    return false;
}

bool firn_process_work_reset_stack(firn_process_work *work, uint64_t start, uint64_t end)
{
    const firn_process_template *zygote = work->zygote;
    uint64_t base[FIRN_PAGE / sizeof(uint64_t)];
    long result = 0;
    if (start < zygote->stack_low)
        result = firn_raw_advise(start, zygote->stack_low - start, MADV_DONTNEED);
    for (uint64_t at = zygote->stack_low; result == 0 && at < end; at += FIRN_PAGE) {
        result = firn_raw_read_at(zygote->fd, base, FIRN_PAGE,
                                  zygote->stack_at + (at - zygote->stack_low));
        if (result == 0 && page_differs((const uint64_t *)(uintptr_t)at, base))
            firn_bytes_copy((void *)(uintptr_t)at, base, FIRN_PAGE);
    }
    return result == 0 || firn_process_work_fail_call(work, result, "pages cannot be given back");
}

firn_status firn_process_work_call(firn_process_template *zygote,
                                   bool (*run)(firn_process_work *work, void *context),
                                   void *context, const char *what, firn_error *ret_error)
{
    firn_process_work *work;
    uint64_t mask;
    firn_status status = firn_process_template_check(zygote, ret_error);
    if (status != FIRN_OK)
        return status;
    if (firn_process_work_begin(zygote, &work) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "there is no memory to work in");
    firn_raw_mask(NULL, &mask);
    if (!run(work, context))
        status =
            firn_error_set(ret_error, work->status, work->os_errno, "%s %s", what, work->cause);
    firn_process_work_end(zygote);
    firn_raw_mask(&mask, NULL);
    return status;
}

bool firn_template_base(const firn_process_template *zygote, const firn_mapping *mapping,
                        uint64_t address, uint64_t *ret_offset)
{
    if (mapping->kind == FIRN_MAPPING_TEMPLATE) {
        *ret_offset = mapping->offset + (address - mapping->start);
        return true;
    }
    if (mapping->kind == FIRN_MAPPING_STACK && address >= zygote->stack_low &&
        address < zygote->stack_end) {
        *ret_offset = zygote->stack_at + (address - zygote->stack_low);
        return true;
    }
    return false;
}

extern const ptrdiff_t __rseq_offset __attribute__((weak));

uint8_t *firn_process_work_rseq(void)
{
    return &__rseq_offset != NULL ? (uint8_t *)__builtin_thread_pointer() + __rseq_offset : NULL;
}
