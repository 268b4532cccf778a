/* A page's process: forked from the zygote (zygote.c), it serves one document until the tab goes to
 * another or is closed. Its only way to the world is the socket to the host.
 *
 *     zygote.c    the program: loads the engine, makes the template, forks
 *     page.c      what the host asks for, and the page's timers
 *     around.c    what the engine asks for (tabs/script/hooks.h)
 *     settling.c  what an idle page gives back, and what it shares with pages alike
 *     blocks.c    memory for the engine's objects
 *     heap.c      memory for all else
 *     sleeping.c  packing and waking
 *     ahead.c     a thread of the zygote while it starts
 *     clock.c     the engine's clock while it starts
 *     confine.c   what a page may not do
 *
 * Threads: one, in the zygote once it has started, and in each page. */
#ifndef TABS_PAGE_PAGE_H
#define TABS_PAGE_PAGE_H

#include "tabs/message/message.h"
#include "tabs/script/engine.h"

#include <firn/process.h>

#include <sys/types.h>

/* What settling.c knows; begin with due_ns UINT64_MAX. */
struct settling {
    uint64_t due_ns;        /* when there will be time for it; UINT64_MAX: nothing to give back */
    uint64_t begun_ns;      /* when the work began that it is for */
    uint64_t wait_ns;       /* that pass before it, at least */
    uint64_t cost_ns;       /* as many, behind the last time */
    uint64_t touched_pages; /* at the last time */
    bool was_asked;         /* the host asked for something since */
};

struct page {
    script_engine *engine;
    firn_process_template *zygote;
    zygote_request about;
    uint64_t began_ns;
    uint64_t wake_ns;    /* when its next timer is due; UINT64_MAX: it has none */
    bool is_loading;     /* the host waits to be told */
    bool has_document;   /* another one than the blank one of the zygote */
    uint32_t waiting_id; /* of the last fetch that a script waited for */
    size_t heap_bytes;   /* of page_heap_bytes, after the last collection */
    struct settling settling;
    message_buffer out, in, answer;
    message_buffer held; /* frames that came while a script waited for another */
};

/* --- page.c --- */

/* Serves until the host is gone; ends the process. */
_Noreturn void page_serve(struct page *page);

/* --- around.c --- */

void page_hooks(struct page *page, engine_hooks *ret_hooks);
/* Ends the process when the host is gone. */
void page_send(struct page *page);
/* What MESSAGE_FETCHED holds. */
void page_response(message *from, engine_response *ret_response);

/* --- blocks.c --- */

/* A block, if that is what is asked for; NULL: it is not, or there is no memory. */
void *blocks_take(size_t alignment, size_t size);
/* False: it is none. */
bool blocks_release(void *memory);
/* What malloc and the engine's objects have taken. */
size_t page_heap_bytes(void);
/* Gives back what is free of both; what is left of that is filled with zeros, if wished. */
void page_trim(bool clears);

/* --- heap.c --- */

/* In the zygote: from now on malloc is heap.c's. */
void heap_begin(void);
/* In a new page: what was taken until now is the zygote's. */
void heap_part(void);
/* In another thread of the zygote. */
void heap_not_here(void);
size_t heap_bytes(void);
void heap_trim(bool clears);

/* --- settling.c --- */

/* Notes that the page has done something: because the host asked, or a timer was due. */
void page_worked(struct page *page, bool is_asked);
/* Gives memory back; to be called when settling.due_ns has come and there is nothing else to do. */
void page_settle(struct page *page);
/* Writes its own pages for pages alike, or maps from their file what it has alike (MESSAGE_WRITE,
 * MESSAGE_SHARE), and tells the host. */
void page_share(struct page *page, message *from);
/* Collects, where the heap has grown by more than that since the last time; with the code that
 * scripts were compiled to, if it is to be forgotten. */
void page_collect(struct page *page, size_t grown_bytes, bool forgets);

/* --- sleeping.c --- */

/* base_bytes: of an image that follows in the socket, to be packed against. */
void page_sleep(struct page *page, int level, size_t base_bytes);
/* In a process that has no document yet: becomes that of the image that the host sent. */
_Noreturn void page_rebuild(struct page *page, const message *image);

/* --- ahead.c --- */

/* Around the start of the engine: has another processor do a part of it. */
void ahead_begin(void);
void ahead_end(void);

/* --- clock.c --- */

/* From before the engine starts until it has started. */
void clock_set_behind(bool behind);

/* --- confine.c --- */

/* In the zygote: gives up the view of files but for /proc, where the system lets it. */
void confine_view(void);
/* In a new process: closes what it does not need, limits its memory,
 * and has the kernel refuse what it has no need for. False: it must not run. */
bool confine_page(const zygote_request *about);
/* Packing and waking take memory that scripts may not; a new process may have it as well, until it
 * has a document. */
void confine_memory(bool for_scripts);
/* Ends the process by SIGPROF when it works for longer than this without a pause; 0: no limit. */
void confine_time(unsigned seconds);

#endif
