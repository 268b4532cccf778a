/* Waiting until something changes below a folder, by inotify. Confined to one thread. */
#ifndef CODE_WATCHING_H
#define CODE_WATCHING_H

#include <firn/allocator.h>
#include <firn/status.h>

#include <signal.h>

struct watching {
    const firn_allocator *allocator; /* private, all */
    int descriptor;
    int *watches; /* of the scan at hand, and of the one before */
    size_t count, capacity;
    int *former;
    size_t former_count, former_capacity;
};

/* FIRN_LIMIT when the kernel gives no more instances (the error names the setting); FIRN_IO. fini
 * in any case. */
FIRN_NODISCARD firn_status watching_init(struct watching *watching, const firn_allocator *allocator,
                                         firn_error *ret_error);
void watching_fini(struct watching *watching);

/* Before a scan; watching_folder then for each of its folders, before its names are read, so that
 * no change is missed; after it, folders that it did not have are watched no more. watching_folder
 * is a scan_folder_fn: FIRN_LIMIT when the kernel allows no further watches (the error names the
 * setting), FIRN_NO_MEMORY. */
void watching_begin(struct watching *watching);
FIRN_NODISCARD firn_status watching_folder(void *watching, const char *path, firn_error *ret_error);
void watching_end(struct watching *watching);

/* Waits until something that may matter changed and then nothing for quiet_ms, or most_ms passed
 * since the first change; at most timeout_ms for the first (-1: for ever). Signals are those of
 * mask meanwhile (ppoll). FIRN_END_OF_DATA when a signal came, FIRN_NOT_FOUND when timeout_ms
 * passed without a change, FIRN_IO. */
struct watching_times {
    int quiet_ms;
    int most_ms;
    int timeout_ms;
};
FIRN_NODISCARD firn_status watching_wait(struct watching *watching,
                                         const struct watching_times *times, const sigset_t *mask,
                                         firn_error *ret_error);

#endif
