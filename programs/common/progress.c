/* The progress line. Adding is an atomic addition, a look at the clock, and for one thread in a
 * tenth of a second a write of the line; the thread that moves next_draw_ns draws. The line comes
 * in one write, so that lines of two threads cannot mix. No memory but the struct. */
#include "common/progress.h"

#include "common/readable.h"

#include <firn/firn.h>

#include <stdio.h>
#include <unistd.h>

#define REDRAW_NS 100000000u
#define WIPE "\r\033[K"

static const char *amount(const struct progress *progress, uint64_t number,
                          char buffer[READABLE_BYTES])
{
    return progress->in_bytes ? readable_bytes(number, buffer) : readable_number(number, buffer);
}

static void draw(struct progress *progress, uint64_t now_ns)
{
    const uint64_t done = atomic_load(&progress->done);
    const uint64_t total = atomic_load(&progress->total);
    const double seconds = (double)(now_ns - progress->start_ns) / 1e9;
    const double rate = seconds > 0 ? (double)done / seconds : 0;
    char texts[4][READABLE_BYTES];
    char of[READABLE_BYTES + 8] = "";
    char left[READABLE_BYTES + 8] = "";
    if (total > 0)
        snprintf(of, sizeof of, " of %s", amount(progress, total, texts[1]));
    if (total > done && rate > 0)
        snprintf(left, sizeof left, ", %s left",
                 readable_seconds((double)(total - done) / rate, texts[3]));
    fprintf(stderr, WIPE "%.24s %s%s, %s/s%s", progress->what, amount(progress, done, texts[0]), of,
            amount(progress, (uint64_t)rate, texts[2]), left);
    fflush(stderr);
}

void progress_begin(struct progress *progress, const char *what, uint64_t total, bool in_bytes,
                    bool wanted)
{
    *progress = (struct progress){.what = what, .in_bytes = in_bytes};
    atomic_store(&progress->total, total);
    progress->shown = wanted && isatty(STDERR_FILENO) == 1;
    if (progress->shown) {
        progress->start_ns = firn_clock_ns();
        atomic_store(&progress->next_draw_ns, progress->start_ns + REDRAW_NS);
    }
}

void progress_add(struct progress *progress, uint64_t done)
{
    atomic_fetch_add(&progress->done, done);
    if (!progress->shown)
        return;
    const uint64_t now_ns = firn_clock_ns();
    uint64_t due_ns = atomic_load(&progress->next_draw_ns);
    if (now_ns >= due_ns &&
        atomic_compare_exchange_strong(&progress->next_draw_ns, &due_ns, now_ns + REDRAW_NS))
        draw(progress, now_ns);
}

void progress_total(struct progress *progress, uint64_t total)
{
    atomic_store(&progress->total, total);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs(WIPE, stderr);
    progress->shown = false;
}
