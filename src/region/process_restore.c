/* Becomes the process of an image: unpacks all of it aside, looks whether it can be, and only then
 * changes the present process; see firn/process.h.
 *
 *   1  the image, and the base behind it that it may stand on, are checked and unpacked into the
 *      window
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
 * Called by process.c; calls process_unpack.c, process_plan.c. Threads: the process's only one.
 * Memory: the window: the plain pages at once. Complexity: linear in the image and the mappings. */
#include "region/process_restore.h"

#include "region/process_delta.h"
#include "region/process_plan.h"
#include "region/process_unpack.h"

#include <firn/system.h>

#include <string.h>
#include <sys/mman.h>

typedef struct restoring {
    firn_process_work *work;
    firn_process_unpacked own, base; /* base: where the image stands on one */
    uint64_t tid_address;
    uint32_t mapping_at; /* of the run at hand */
} restoring;

/* --- 1: unpacking --- */

static bool damaged(restoring *restorer)
{
    return firn_process_work_fail(restorer->work, FIRN_CORRUPT, 0,
                                  "the image of the process is damaged");
}

/* The bytes of the image alone, where its base follows. */
static uint64_t own_bytes(const firn_process_work *work)
{
    firn_process_image_header header;
    if (work->image_bytes < sizeof header)
        return work->image_bytes;
    memcpy(&header, work->image, sizeof header);
    return header.magic == FIRN_PROCESS_IMAGE_MAGIC && header.base_id != 0 &&
                   header.image_bytes < work->image_bytes
               ? header.image_bytes
               : work->image_bytes;
}

static bool unpack_base_tables(restoring *restorer, uint64_t own)
{
    firn_process_work *work = restorer->work;
    const firn_process_image_header *header = &restorer->own.header;
    const firn_process_image_header *base = &restorer->base.header;
    if (header->base_id == 0)
        return true;
    if (work->image_bytes - own != header->base_bytes)
        return firn_process_work_fail(work, FIRN_NOT_FOUND, 0,
                                      "is an image that stands on another, which is not there");
    if (!firn_process_unpack_tables(work, (const uint8_t *)work->image + own,
                                    work->image_bytes - own, &restorer->base))
        return false;
    return (firn_process_image_id(base) == header->base_id && base->base_id == 0) ||
           damaged(restorer);
}

/* What firn_process_unpack_pages takes for an image at most. */
static uint64_t most_bytes(const firn_process_image_header *header)
{
    return header->page_count * (FIRN_PAGE + FIRN_DELTA_MASK_BYTES + sizeof(uint64_t)) +
           (uint64_t)4 * FIRN_PAGE;
}

static bool unpack(restoring *restorer)
{
    firn_process_work *work = restorer->work;
    const uint64_t own = own_bytes(work);
    if (!firn_process_unpack_tables(work, work->image, own, &restorer->own) ||
        !unpack_base_tables(restorer, own))
        return false;
    const bool is_based = restorer->own.header.base_id != 0;
    firn_process_work_ready(work, most_bytes(&restorer->own.header) +
                                      (is_based ? most_bytes(&restorer->base.header) : 0));
    return (!is_based || firn_process_unpack_pages(work, &restorer->base, NULL)) &&
           firn_process_unpack_pages(work, &restorer->own, is_based ? &restorer->base : NULL);
}

/* The image's mapping of a run; runs come in order. */
static const firn_mapping *mapping_of(restoring *restorer, const firn_process_image_run *run)
{
    const firn_mapping *mappings = restorer->own.tables.mappings;
    while (mappings[restorer->mapping_at].end <= run->start)
        restorer->mapping_at++;
    return &mappings[restorer->mapping_at];
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

/* The pages of a run have the template's bytes, zeros, or, in a file's mapping, the file's. */
static void make_pages(restoring *restorer, const firn_process_image_run *run, bool is_file)
{
    if (is_file)
        zero(run->start, (uint64_t)run->page_count * FIRN_PAGE);
    for (uint32_t i = 0; i < run->page_count; i++) {
        const uint64_t address = run->start + (uint64_t)i * FIRN_PAGE;
        void *page = (void *)(uintptr_t)address;
        if (restorer->own.header.base_id != 0)
            (void)firn_process_unpacked_apply(&restorer->base, address, page);
        if (run->kind == FIRN_RUN_DATA)
            (void)firn_process_unpacked_apply(&restorer->own, address, page);
    }
}

static void make_runs(restoring *restorer)
{
    const firn_mapping *open = NULL; /* one that is writable for this only */
    restorer->mapping_at = 0;
    for (uint32_t i = 0; i < restorer->own.header.run_count; i++) {
        const firn_process_image_run *run = &restorer->own.tables.runs[i];
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
        if (run->kind == FIRN_RUN_ZERO)
            zero(run->start, size);
        else
            make_pages(restorer, run, mapping->kind == FIRN_MAPPING_FILE);
    }
    if (open != NULL)
        must(firn_raw_protect(open->start, open->end - open->start, open->rights) == 0);
}

static void restore_signals(restoring *restorer)
{
    const firn_process_image_header *header = &restorer->own.header;
    const firn_process_image_signal *next = restorer->own.tables.signals;
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

enum { RSEQ_BYTES = 32 };

static _Noreturn void become(restoring *restorer, planning *plan, bool rebuilt, uint64_t started_ns)
{
    firn_process_work *work = restorer->work;
    const firn_process_image_header *header = &restorer->own.header;
    uint8_t rseq[RSEQ_BYTES];
    uint8_t *rseq_at = firn_process_work_rseq();
    if (rseq_at != NULL)
        firn_bytes_copy(rseq, rseq_at, sizeof rseq);
    discard_pages(work, &plan->own);
    must(firn_process_plan_carry_out(plan));
    make_runs(restorer);
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
        if (rebuilt && (restorer.own.header.flags & FIRN_PROCESS_IMAGE_CONFINED) != 0) {
            firn_process_work_fail(work, FIRN_UNSUPPORTED, 0,
                                   "the process had shared memory that a new one lacks");
        } else {
            long result = firn_raw_tid_address(&restorer.tid_address);
            if (result < 0)
                firn_process_work_fail_call(work, result, "the thread's id cannot be found");
            else if (firn_process_plan_make(&plan, work, &restorer.own.header,
                                            &restorer.own.tables))
                become(&restorer, &plan, rebuilt, started_ns);
        }
    }
    firn_process_work_release(work, mark);
}
