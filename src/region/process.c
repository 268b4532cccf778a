/* Hibernating and rebuilding a process: the calls of firn/process.h around process_pack.c and
 * process_restore.c.
 *
 *     hibernate    own stack        window's stack
 *                  checks
 *                  saves context →  takes back what is shared; packs; on failure back
 *                                   gives the pages back; calls the husk function
 *                                   restores the image it gives
 *     rebuild      checks       →   restores, or back
 *     hibernate  ← context          (in the process that was packed, or in a new one)
 *
 * Threads: the process's only one. Memory: the window. */
#include "region/process_pack.h"
#include "region/process_restore.h"
#include "region/process_share.h"

#include <firn/system.h>

#include <string.h>
#include <sys/mman.h>

enum { DEFAULT_LEVEL = 1, LEVEL_MAX = 19 };

firn_status firn_process_template_check(const firn_process_template *zygote, firn_error *ret_error)
{
    uint32_t device;
    uint64_t inode;
    if (zygote == NULL || firn_raw_identity(zygote->fd, &device, &inode) != 0 ||
        device != zygote->device || inode != zygote->inode)
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "the template is none, or its descriptor was closed");
    if ((uint64_t)(uintptr_t)&device - (uint64_t)(uintptr_t)zygote < zygote->window_bytes)
        return firn_error_set(ret_error, FIRN_BUSY, 0, "this is a husk already");
    return firn_process_work_possible(ret_error);
}

static bool options_valid(const firn_process_hibernate_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0)
            return false;
    }
    if (options->base_bytes > 0 && (options->base_read == NULL || options->level < 2))
        return false;
    return options->husk != NULL && options->level >= 0 && options->level <= LEVEL_MAX &&
           options->context_bytes <= FIRN_PROCESS_CONTEXT_MAX_BYTES &&
           (options->context_bytes == 0 || options->context != NULL);
}

static firn_status fail(const firn_process_work *work, const char *what, firn_error *ret_error)
{
    return firn_error_set(ret_error, work->status, work->os_errno, "%s: %s", what, work->cause);
}

/* --- on the window's stack --- */

/* After a failure to give pages back: the image has all of them. */
static _Noreturn void undo(firn_process_work *work)
{
    work->undone = true;
    work->image_bytes = work->image_bytes_all;
    firn_process_restore(work, false);
    firn_raw_end(FIRN_PROCESS_LOST);
}

/* What packing used of the stack, 32 KiB, is not needed again. */
static void trim_stack(const firn_process_work *work)
{
    const uint64_t window = (uint64_t)(uintptr_t)work->zygote;
    const uint64_t start = window + FIRN_WINDOW_STACK_AT + FIRN_PAGE;
    const uint64_t used = firn_page_down((uint64_t)(uintptr_t)__builtin_frame_address(0));
    const uint64_t end = used - FIRN_PAGE; /* this function's own frame lies above */
    if (end > start)
        (void)firn_raw_advise(start, end - start, MADV_DONTNEED);
}

static _Noreturn void be_husk(firn_process_work *work)
{
    firn_process_husk *husk = &work->husk;
    husk->context = work->context;
    husk->image = work->image;
    husk->image_bytes = work->image_bytes;
    trim_stack(work);
    for (;;) {
        const void *image = husk->image;
        size_t image_bytes =
            husk->image != NULL ? work->image_bytes_all : 0; /* with the base behind it */
        work->options.husk(husk, &image, &image_bytes);
        work->image = image;
        work->image_bytes = image_bytes;
        firn_process_restore(work, false);
        husk->refused = work->status;
        firn_error_set(&husk->error, work->status, work->os_errno, "%s", work->cause);
    }
}

static void hibernate_entry(firn_process_work *work)
{
    const uint64_t started_ns = firn_clock_ns();
    if (!firn_process_share_return(work) || !firn_process_pack(work))
        setcontext(work->caller);
    if (!firn_process_release(work))
        undo(work);
    work->result.pack_ns = firn_clock_ns() - started_ns;
    be_husk(work);
}

static void rebuild_entry(firn_process_work *work)
{
    if (firn_process_share_return(work))
        firn_process_restore(work, true);
    setcontext(work->caller);
}

/* --- on the process's own --- */

firn_status firn_process_hibernate(firn_process_template *zygote,
                                   const firn_process_hibernate_options *options,
                                   firn_process_result *ret_result, firn_error *ret_error)
{
    if (options == NULL || !options_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "the options are not valid");
    firn_status status = firn_process_template_check(zygote, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_process_work *work;
    if (firn_process_work_begin(zygote, &work) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "there is no memory to work in");
    work->options = *options;
    if (options->level == 0)
        work->options.level = DEFAULT_LEVEL;
    if (options->context_bytes > 0)
        memcpy(work->context, options->context, options->context_bytes);
    uint64_t mask;
    ucontext_t here;
    firn_raw_mask(NULL, &mask);
    firn_process_work_switch(work, hibernate_entry, &here);
    /* Here is the process again, or it is a new one, in which `work` lies at the same address. */
    status = work->status;
    if (status == FIRN_OK) {
        work->result.restore_ns = firn_clock_ns() - work->result.restore_ns;
        if (ret_result != NULL)
            *ret_result = work->result;
    } else {
        fail(work, "the process cannot be packed", ret_error);
    }
    firn_process_work_end(zygote);
    firn_raw_mask(&mask, NULL);
    return status;
}

firn_status firn_process_rebuild(firn_process_template *zygote, const void *image,
                                 size_t image_bytes, firn_error *ret_error)
{
    if (image == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "there is no image");
    firn_status status = firn_process_template_check(zygote, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_process_work *work;
    if (firn_process_work_begin(zygote, &work) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "there is no memory to work in");
    work->image = image;
    work->image_bytes = image_bytes;
    uint64_t mask;
    ucontext_t here;
    firn_raw_mask(NULL, &mask);
    firn_process_work_switch(work, rebuild_entry, &here);
    status = fail(work, "the process cannot be rebuilt", ret_error);
    firn_process_work_end(zygote);
    firn_raw_mask(&mask, NULL);
    return status;
}

void firn_process_husk_drop(firn_process_husk *husk)
{
    firn_process_work *work = (firn_process_work *)husk;
    husk->image = NULL;
    husk->image_bytes = 0;
    firn_process_work_release(work, work->image_mark);
}

firn_status firn_process_image_look(const void *image, size_t image_bytes,
                                    firn_process_image_info *ret_info, firn_error *ret_error)
{
    firn_process_image_header header;
    const char *cause;
    if (image == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "there is no image");
    firn_status status = firn_process_image_read(image, image_bytes, &header, &cause);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "it %s", cause);
    *ret_info = (firn_process_image_info){
        .template_id = header.template_id,
        .private_bytes = header.page_count * FIRN_PAGE,
        .mapping_count = header.mapping_count,
        .process = header.process,
        .rebuildable = (header.flags & FIRN_PROCESS_IMAGE_CONFINED) == 0,
        .id = firn_process_image_id(&header),
        .base_id = header.base_id,
    };
    return FIRN_OK;
}
