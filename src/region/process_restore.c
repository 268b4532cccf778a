/* Becomes the process of an image: unpacks all of it aside, looks whether it can be, and only then
 * changes the present process; see firn/process.h.
 *
 *   1  the image is checked and unpacked into the window, with the template's bytes as prefixes
 *   2  mappings are compared; files that must be mapped anew are opened
 *   3  the data segment's end is set
 *   --- from here on there is no way back: what fails ends the process with FIRN_PROCESS_LOST
 *   4  all private pages are given back, so that the template's bytes or zeros are there
 *   5  mappings are unmapped, made, and given their rights
 *   6  pages are copied in, then signals, the thread's id and the signal stack set
 *   7  the context is set, with which the process goes on behind firn_process_hibernate
 *
 * Invariants:
 *   R1  from 4 to 7 only this file, core/raw and setcontext run, on the window's memory
 *   R2  the code of these, and where it is bound to, is the same in the template and in all images
 *       against it: process_template.c calls all of it once before it makes the template
 * Called by process.c; calls process_image.c, process_plan.c. Threads: the process's only one.
 * Memory: the window: the plain pages at once. Complexity: linear in the image and the mappings. */
#include "region/process_restore.h"

#include "region/process_plan.h"

#include <firn/system.h>

#include <string.h>
#include <sys/mman.h>

typedef struct restoring {
    firn_process_work *work;
    firn_process_image_header header;
    firn_process_image_tables tables;
    firn_block_unpacker *blocks;
    uint8_t *pages; /* plain, those of all data runs one after the other */
    uint8_t *prefix;
    firn_process_work_list own;
    uint64_t tid_address;
    uint32_t mapping_at; /* of the run at hand */
} restoring;

static bool damaged(restoring *restorer)
{
    return firn_process_work_fail(restorer->work, FIRN_CORRUPT, 0,
                                  "the image of the process is damaged");
}

/* --- 1: unpacking --- */

static bool read_header(restoring *restorer)
{
    firn_process_work *work = restorer->work;
    const char *cause;
    firn_status status =
        firn_process_image_read(work->image, work->image_bytes, &restorer->header, &cause);
    if (status != FIRN_OK)
        return firn_process_work_fail(work, status, 0, cause);
    if (restorer->header.template_id != work->zygote->id)
        return firn_process_work_fail(work, FIRN_NOT_FOUND, 0,
                                      "is an image against another template than this process has");
    return true;
}

static bool unpack_tables(restoring *restorer)
{
    firn_process_work *work = restorer->work;
    const firn_process_template *zygote = work->zygote;
    const uint64_t size = firn_process_image_tables_bytes(&restorer->header);
    const uint64_t known_bytes = zygote->mapping_count * sizeof(firn_mapping);
    if (size > zygote->window_bytes)
        return damaged(restorer);
    uint8_t *known = firn_process_work_take(work, known_bytes);
    uint8_t *tables = known != NULL ? firn_process_work_take(work, size) : NULL;
    if (tables == NULL)
        return false;
    long result = firn_raw_read_at(zygote->fd, known, known_bytes, 0);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "the template cannot be read");
    uint64_t image_at = restorer->header.tables_at;
    for (uint64_t at = 0; at < size; at += FIRN_BLOCK_BYTES) {
        uint64_t part = size - at < FIRN_BLOCK_BYTES ? size - at : FIRN_BLOCK_BYTES;
        uint64_t prefix = known_bytes > at ? known_bytes - at : 0;
        prefix = prefix < FIRN_BLOCK_BYTES ? prefix : FIRN_BLOCK_BYTES;
        if (!firn_process_image_block_unpack(restorer->blocks, work->image, work->image_bytes,
                                             &image_at, known + (prefix > 0 ? at : 0), prefix,
                                             tables + at, part))
            return damaged(restorer);
    }
    restorer->tables = firn_process_image_tables_in(&restorer->header, tables);
    return (image_at == work->image_bytes &&
            firn_process_image_tables_check(&restorer->header, &restorer->tables)) ||
           damaged(restorer);
}

/* Gathers what the template has for page_count pages of one mapping. */
static bool gather_prefix(restoring *restorer, const firn_mapping *mapping, uint64_t address,
                          uint32_t page_count, uint8_t *prefix, bool *ret_based)
{
    const firn_process_template *zygote = restorer->work->zygote;
    const uint32_t step = mapping->kind == FIRN_MAPPING_STACK ? 1 : page_count;
    for (uint32_t i = 0; i < page_count; i += step) {
        uint8_t *to = prefix + (size_t)i * FIRN_PAGE;
        const size_t size = (size_t)step * FIRN_PAGE;
        uint64_t offset;
        if (!firn_template_base(zygote, mapping, address + (uint64_t)i * FIRN_PAGE, &offset)) {
            memset(to, 0, size);
            continue;
        }
        *ret_based = true;
        long result = firn_raw_read_at(zygote->fd, to, size, offset);
        if (result < 0)
            return firn_process_work_fail_call(restorer->work, result,
                                               "the template cannot be read");
    }
    return true;
}

/* The image's mapping of a run; runs come in order. */
static const firn_mapping *mapping_of(restoring *restorer, const firn_process_image_run *run)
{
    const firn_mapping *mappings = restorer->tables.mappings;
    while (mappings[restorer->mapping_at].end <= run->start)
        restorer->mapping_at++;
    return &mappings[restorer->mapping_at];
}

static bool unpack_pages(restoring *restorer)
{
    firn_process_work *work = restorer->work;
    const firn_process_image_header *header = &restorer->header;
    uint64_t image_at = sizeof *header, done = 0; /* pages unpacked */
    uint32_t run_at = 0, run_done = 0;            /* pages of the run in a prefix */
    restorer->mapping_at = 0;
    while (done < header->page_count) {
        uint32_t filled = 0;
        bool based = false;
        for (; filled < FIRN_PROCESS_IMAGE_BLOCK_PAGES && run_at < header->run_count;) {
            const firn_process_image_run *run = &restorer->tables.runs[run_at];
            uint32_t part = run->page_count - run_done;
            if (run->kind != FIRN_RUN_DATA || part == 0) {
                run_at++;
                run_done = 0;
                continue;
            }
            part = part < FIRN_PROCESS_IMAGE_BLOCK_PAGES - filled
                       ? part
                       : FIRN_PROCESS_IMAGE_BLOCK_PAGES - filled;
            if (!gather_prefix(restorer, mapping_of(restorer, run),
                               run->start + (uint64_t)run_done * FIRN_PAGE, part,
                               restorer->prefix + (size_t)filled * FIRN_PAGE, &based))
                return false;
            run_done += part;
            filled += part;
        }
        const size_t size = (size_t)filled * FIRN_PAGE;
        if (!firn_process_image_block_unpack(restorer->blocks, work->image, header->tables_at,
                                             &image_at, restorer->prefix, based ? size : 0,
                                             restorer->pages + done * FIRN_PAGE, size))
            return damaged(restorer);
        done += filled;
    }
    return image_at == header->tables_at || damaged(restorer);
}

static bool unpack(restoring *restorer)
{
    firn_process_work *work = restorer->work;
    if (!read_header(restorer))
        return false;
    const size_t bytes = firn_block_unpacker_bytes();
    void *memory = firn_process_work_take(work, bytes);
    if (memory != NULL)
        restorer->prefix = firn_process_work_take(work, FIRN_BLOCK_BYTES);
    if (restorer->prefix == NULL)
        return false;
    restorer->blocks = firn_block_unpacker_init(memory, bytes);
    if (restorer->blocks == NULL)
        return firn_process_work_fail(work, FIRN_UNSUPPORTED, 0, "zstd does not work as expected");
    if (!unpack_tables(restorer))
        return false;
    const uint64_t page_count = restorer->header.page_count;
    if (page_count > work->zygote->window_bytes / FIRN_PAGE)
        return firn_process_work_fail(work, FIRN_LIMIT, 0, "the template's window is too small");
    restorer->pages =
        firn_process_work_take(work, page_count > 0 ? page_count * FIRN_PAGE : FIRN_PAGE);
    if (restorer->pages == NULL)
        return false;
    firn_raw_populate((uint64_t)(uintptr_t)restorer->pages, page_count * FIRN_PAGE);
    return unpack_pages(restorer);
}

/* --- 4 to 7: no way back --- */

static void must(bool done)
{
    if (!done)
        firn_raw_end(FIRN_PROCESS_LOST);
}

/* Mappings side by side go in one call. */
static void discard_pages(firn_process_work *work, const firn_process_work_list *own)
{
    uint64_t start = 0, end = 0;
    for (size_t i = 0; i <= own->count; i++) {
        if (i < own->count && own->mappings[i].kind == FIRN_MAPPING_STACK)
            must(firn_process_work_reset_stack(work, own->mappings[i].start, own->mappings[i].end));
        bool wanted = i < own->count && firn_mapping_is_private(&own->mappings[i]) &&
                      own->mappings[i].kind != FIRN_MAPPING_STACK;
        if (wanted && own->mappings[i].start == end) {
            end = own->mappings[i].end;
            continue;
        }
        must(start == end || firn_raw_advise(start, end - start, MADV_DONTNEED) == 0);
        start = end = 0;
        if (wanted) {
            start = own->mappings[i].start;
            end = own->mappings[i].end;
        }
    }
}

static void zero(uint64_t address, uint64_t size)
{
    volatile uint64_t *at = (volatile uint64_t *)(uintptr_t)address;
    for (uint64_t i = 0; i < size / sizeof *at; i++)
        at[i] = 0;
}

static void copy_runs(restoring *restorer)
{
    const uint8_t *from = restorer->pages;
    const firn_mapping *open = NULL; /* one that is writable for this only */
    restorer->mapping_at = 0;
    for (uint32_t i = 0; i < restorer->header.run_count; i++) {
        const firn_process_image_run *run = &restorer->tables.runs[i];
        const firn_mapping *mapping = mapping_of(restorer, run);
        const uint64_t size = (uint64_t)run->page_count * FIRN_PAGE;
        if (open != NULL && open != mapping) {
            must(firn_raw_protect(open->start, open->end - open->start, open->rights) == 0);
            open = NULL;
        }
        const int both = PROT_READ | PROT_WRITE;
        if (open == NULL && (mapping->rights & both) != both) {
            must(firn_raw_protect(mapping->start, mapping->end - mapping->start, both) == 0);
            open = mapping;
        }
        if (run->page_count > 1) /* with that in unpack: 690 KB wake in 0.97 ms, not 1.11 */
            firn_raw_populate(run->start, size);
        if (run->kind == FIRN_RUN_ZERO) {
            zero(run->start, size);
            continue;
        }
        firn_bytes_copy((void *)(uintptr_t)run->start, from, size);
        from += size;
    }
    if (open != NULL)
        must(firn_raw_protect(open->start, open->end - open->start, open->rights) == 0);
}

static void restore_signals(restoring *restorer)
{
    const firn_process_image_header *header = &restorer->header;
    const firn_process_image_signal *next = restorer->tables.signals;
    const firn_process_image_signal *end = next + header->signal_count;
    for (int number = 1; number <= FIRN_RAW_SIGNALS; number++) {
        firn_raw_action action = {0};
        if (next < end && next->number == (uint64_t)number)
            action = next++->action;
        if (number != 9 && number != 19) /* these cannot be set */
            must(firn_raw_action_of(number, &action, NULL) == 0);
    }
    firn_raw_stack signal_stack = {
        .address = header->signal_stack,
        .size = header->signal_stack_bytes,
        .flags = header->signal_stack_flags,
    };
    must(firn_raw_signal_stack(&signal_stack, NULL) == 0);
}

/* Where the kernel writes the number of the processor; the image's would be an old one. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
enum { RSEQ_BYTES = 32 };

static uint8_t *rseq_area(void)
{
    return &__rseq_offset != NULL ? (uint8_t *)__builtin_thread_pointer() + __rseq_offset : NULL;
}

static _Noreturn void become(restoring *restorer, planning *plan, bool rebuilt, uint64_t started_ns)
{
    firn_process_work *work = restorer->work;
    const firn_process_image_header *header = &restorer->header;
    uint8_t rseq[RSEQ_BYTES];
    uint8_t *rseq_at = rseq_area();
    if (rseq_at != NULL)
        firn_bytes_copy(rseq, rseq_at, sizeof rseq);
    discard_pages(work, &plan->own);
    must(firn_process_plan_carry_out(plan));
    copy_runs(restorer);
    if (rseq_at != NULL)
        firn_bytes_copy(rseq_at, rseq, sizeof rseq);
    *(uint32_t *)(uintptr_t)restorer->tid_address = (uint32_t)firn_raw_tid();
    restore_signals(restorer);
    if (!work->undone)
        work->status = FIRN_OK;
    work->result.rebuilt = rebuilt;
    work->result.private_bytes = header->page_count * FIRN_PAGE;
    work->result.image_bytes = header->image_bytes;
    work->result.restore_ns = started_ns;
    setcontext((ucontext_t *)(uintptr_t)header->context);
    firn_raw_end(FIRN_PROCESS_LOST);
}

void firn_process_restore(firn_process_work *work, bool rebuilt)
{
    const uint64_t started_ns = firn_clock_ns();
    const uint64_t mark = work->top;
    restoring restorer = {.work = work};
    planning plan;
    if (unpack(&restorer)) {
        if (rebuilt && (restorer.header.flags & FIRN_PROCESS_IMAGE_CONFINED) != 0) {
            firn_process_work_fail(work, FIRN_UNSUPPORTED, 0,
                                   "the process had shared memory that a new one lacks");
        } else {
            long result = firn_raw_tid_address(&restorer.tid_address);
            if (result < 0)
                firn_process_work_fail_call(work, result, "the thread's id cannot be found");
            else if (firn_process_plan_make(&plan, work, &restorer.header, &restorer.tables))
                become(&restorer, &plan, rebuilt, started_ns);
        }
    }
    firn_process_work_release(work, mark);
}
