/* What packing and restoring of a process share: the window, a range of addresses that belongs to
 * no image, with a stack and working memory of their own; the list of mappings; the list of pages.
 * From firn_process_work_begin on nothing here touches other memory of the process but to read it.
 *
 *     window   0       template (read-only once made)
 *              64 KiB  guard page, then the stack
 *              192 KiB the work itself
 *              256 KiB memory taken by firn_process_work_take, each piece behind the one before
 */
#ifndef FIRN_REGION_PROCESS_WORK_H
#define FIRN_REGION_PROCESS_WORK_H

#include "core/raw.h"
#include "region/process_image.h"
#include "region/process_maps.h"

#include <firn/process.h>

#include <ucontext.h>

enum {
    FIRN_PAGE = 4096,
    FIRN_WINDOW_STACK_AT = 64 << 10,
    FIRN_WINDOW_WORK_AT = 192 << 10,
    FIRN_WINDOW_MEMORY_AT = 256 << 10,
    FIRN_WINDOW_MIN_BYTES = 64 << 20,
    FIRN_MAPPINGS_MAX = 65536,
    FIRN_MAPS_TEXT_MAX_BYTES = 8 << 20,
};

struct firn_process_template {
    uint64_t id;
    uint64_t window_bytes;
    uint64_t held_bytes;
    uint64_t inode; /* of the file */
    uint32_t device;
    int fd;
    uint32_t mapping_count; /* of the zygote, at the beginning of the file */
    uint32_t reserved;
    uint64_t stack_low, stack_end, stack_at; /* addresses, and where in the file their bytes are */
    uint32_t share_count; /* files that this process shares; see process_share.h */
    uint32_t reserved_too;
    struct {
        uint64_t inode;
        uint32_t device, reserved;
    } shares[FIRN_PROCESS_SHARE_FILES_MAX];
};

/* The mappings of the process itself. */
typedef struct firn_process_work_list {
    firn_mapping *mappings;
    size_t count;
    char *text;
} firn_process_work_list;

typedef struct firn_process_work {
    firn_process_husk husk; /* first, so that firn_process_husk_drop finds the rest */
    const firn_process_template *zygote;
    uint64_t top;        /* of what is taken */
    uint64_t ready_end;  /* memory up to here can be written already */
    uint64_t image_mark; /* top below the packed image */
    uint64_t keep_mark;  /* top above it */
    ucontext_t *caller;  /* where a hibernating process goes on: on its own stack */
    ucontext_t alternate;
    firn_process_hibernate_options options;
    const void *image; /* to restore */
    size_t image_bytes;
    size_t image_bytes_all; /* of what was packed, with its base behind it */
    int pagemap_fd;
    bool scan_unknown;  /* the kernel has no PAGEMAP_SCAN */
    bool undone;        /* the restore is for a process that could not be made a husk */
    firn_status status; /* how it ended; with cause and os_errno */
    const char *cause;
    int os_errno;
    firn_process_result result;
    uint8_t context[FIRN_PROCESS_CONTEXT_MAX_BYTES];
} firn_process_work;
_Static_assert(sizeof(firn_process_work) <= FIRN_WINDOW_MEMORY_AT - FIRN_WINDOW_WORK_AT,
               "fits its place");

/* Whether this build and this process can: FIRN_OK, FIRN_UNSUPPORTED, FIRN_BUSY (threads). */
firn_status firn_process_work_possible(firn_error *ret_error);

/* Whether the template can be used here and now: FIRN_INVALID, FIRN_BUSY (in a husk, threads),
 * FIRN_UNSUPPORTED. */
firn_status firn_process_template_check(const firn_process_template *zygote, firn_error *ret_error);

/* Makes stack and work in the window. */
firn_status firn_process_work_begin(const firn_process_template *zygote,
                                    firn_process_work **ret_work);
/* Gives back all but the template; may be called while on the stack only with keep_stack. */
void firn_process_work_end(const firn_process_template *zygote);
/* Does something with the window, signals masked: checks the template, and tells `what` went wrong,
 * with work's cause behind it, where run returns false. */
firn_status firn_process_work_call(firn_process_template *zygote,
                                   bool (*run)(firn_process_work *work, void *context),
                                   void *context, const char *what, firn_error *ret_error);

/* Zeroed memory of the window, at whole pages; NULL with status and cause when there is none. */
void *firn_process_work_take(firn_process_work *work, size_t size);
/* Has the next takes, of so much together, lie in huge pages where the kernel has any: in
 * small ones 4 KiB cost 1.9 us to make and to give back, in huge ones 0.4. Only saves time. */
void firn_process_work_ready(firn_process_work *work, size_t size);
/* Gives back what was taken since work->top was mark. */
void firn_process_work_release(firn_process_work *work, uint64_t mark);

/* Sets how it ended; result is what a raw call returned, or 0. Returns false. */
bool firn_process_work_fail(firn_process_work *work, firn_status status, long result,
                            const char *cause);
/* The same for a raw call, whose errno tells the status. */
bool firn_process_work_fail_call(firn_process_work *work, long result, const char *cause);

/* Lists the process's own mappings. path: "/proc/self/maps" or smaps. */
bool firn_process_work_list_own(firn_process_work *work, const char *path,
                                firn_process_work_list *ret_list);

/* Calls visit for runs of pages in the range that are anonymous and not zero pages: the process's
 * own, or those of its parent that it shares until one of them writes. Stops when visit fails. */
typedef bool (*firn_run_fn)(void *context, uint64_t start, uint64_t end);
bool firn_process_work_scan(firn_process_work *work, uint64_t start, uint64_t end,
                            firn_run_fn visit, void *context);
bool firn_process_work_scan_open(firn_process_work *work);
void firn_process_work_scan_close(firn_process_work *work);

/* Runs entry(work) on the window's stack; returns when somebody sets the context of *ret_here. */
void firn_process_work_switch(firn_process_work *work, void (*entry)(firn_process_work *work),
                              ucontext_t *ret_here);

/* Gives the stack, a mapping from start to end, the bytes that it has in the template, and zeros
 * below. What has them already stays the zygote's. */
bool firn_process_work_reset_stack(firn_process_work *work, uint64_t start, uint64_t end);

/* Where in the template's file the bytes are that a page of this mapping had in the zygote; false
 * where there is none: zero, or a file's. */
bool firn_template_base(const firn_process_template *zygote, const firn_mapping *mapping,
                        uint64_t address, uint64_t *ret_offset);

/* Where the kernel writes the number of the processor; NULL: nowhere. */
uint8_t *firn_process_work_rseq(void);

static inline uint64_t firn_page_down(uint64_t address)
{
    return address & ~(uint64_t)(FIRN_PAGE - 1);
}

static inline uint64_t firn_page_up(uint64_t address)
{
    return firn_page_down(address + FIRN_PAGE - 1);
}

/* A copy without the C library. */
static inline void firn_bytes_copy(void *to, const void *from, size_t size)
{
#if defined(__x86_64__)
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
#else
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
#endif
}

#endif
