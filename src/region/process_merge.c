/* Gives back the pages of the calling process whose bytes are the template's again: a collector
 * marks all objects that it finds, those of the zygote too, which makes the zygote's pages the
 * process's own, and many of them are as they were when it has done.
 *
 * Invariants:
 *   M1  every byte of the process is afterwards what it was; no signal handler runs meanwhile
 *   M2  of memory without a file, pages that are all zero are given back; the stack is left alone
 * Called by its users; calls process_work.c. Threads: the process's only one. Memory: the window.
 * Complexity: linear in the private pages. */
#include "region/process_work.h"

#include <string.h>
#include <sys/mman.h>

enum { READ_PAGES = 16 };

typedef struct merging {
    firn_process_work *work;
    const firn_mapping *mapping; /* at hand */
    uint8_t *base;               /* READ_PAGES pages of the template, or zeros */
    uint64_t start, end;         /* pages side by side to give back */
    uint64_t given_bytes;
} merging;

static bool flush(merging *merge)
{
    const uint64_t size = merge->end - merge->start;
    if (size == 0)
        return true;
    long result = firn_raw_advise(merge->start, size, MADV_DONTNEED);
    merge->given_bytes += size;
    merge->start = merge->end;
    return result == 0 ||
           firn_process_work_fail_call(merge->work, result, "pages cannot be given back");
}

static bool give_back(merging *merge, uint64_t page)
{
    if (page != merge->end) {
        if (!flush(merge))
            return false;
        merge->start = page;
    }
    merge->end = page + FIRN_PAGE;
    return true;
}

static bool visit_pages(void *context, uint64_t start, uint64_t end)
{
    merging *merge = context;
    const firn_process_template *zygote = merge->work->zygote;
    while (start < end) {
        uint64_t size = end - start, offset;
        if (size > READ_PAGES * FIRN_PAGE)
            size = READ_PAGES * FIRN_PAGE;
        if (firn_template_base(zygote, merge->mapping, start, &offset)) {
            long result = firn_raw_read_at(zygote->fd, merge->base, size, offset);
            if (result < 0)
                return firn_process_work_fail_call(merge->work, result,
                                                   "the template cannot be read");
        }
        for (uint64_t at = 0; at < size; at += FIRN_PAGE) {
            const void *page = (const void *)(uintptr_t)(start + at);
            if (memcmp(page, merge->base + at, FIRN_PAGE) == 0 && !give_back(merge, start + at))
                return false;
        }
        start += size;
    }
    return true;
}

static bool merge_mapping(merging *merge, const firn_mapping *mapping)
{
    const uint8_t both = FIRN_MAPPING_READ | FIRN_MAPPING_WRITE;
    if ((mapping->kind != FIRN_MAPPING_TEMPLATE && mapping->kind != FIRN_MAPPING_ANONYMOUS) ||
        (mapping->rights & both) != both || mapping->flags != 0)
        return true;
    merge->mapping = mapping;
    if (mapping->kind == FIRN_MAPPING_ANONYMOUS)
        memset(merge->base, 0, READ_PAGES * FIRN_PAGE); /* M2 */
    return firn_process_work_scan(merge->work, mapping->start, mapping->end, visit_pages, merge) &&
           flush(merge);
}

static bool merge_all(firn_process_work *work, void *context)
{
    merging *merge = context;
    merge->work = work;
    firn_process_work_list list;
    merge->base = firn_process_work_take(work, READ_PAGES * FIRN_PAGE);
    if (merge->base == NULL || !firn_process_work_list_own(work, "/proc/self/maps", &list) ||
        !firn_process_work_scan_open(work))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < list.count; i++)
        done = merge_mapping(merge, &list.mappings[i]);
    firn_process_work_scan_close(work);
    return done;
}

firn_status firn_process_merge(firn_process_template *zygote, uint64_t *ret_bytes,
                               firn_error *ret_error)
{
    merging merge = {0};
    firn_status status = firn_process_work_call(zygote, merge_all, &merge,
                                                "pages cannot be merged:", ret_error); /* M1 */
    if (status == FIRN_OK)
        *ret_bytes = merge.given_bytes;
    return status;
}
