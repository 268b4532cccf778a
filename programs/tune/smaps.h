/* The memory of a process by mapping and kind, as the kernel counts it. */
#ifndef TUNE_SMAPS_H
#define TUNE_SMAPS_H

#include <firn/firn.h>

#include <sys/types.h>

enum smaps_kind { SMAPS_HEAP, SMAPS_ANONYMOUS, SMAPS_FILE, SMAPS_STACK, SMAPS_OTHER, SMAPS_KINDS };

extern const char *const smaps_kind_names[SMAPS_KINDS];

/* In bytes. */
struct smaps_sums {
    uint64_t mappings, size, rss, pss, private, shared, dirty, referenced, anonymous, swap;
};

struct smaps_mapping {
    uint64_t start, end, offset;
    enum smaps_kind kind;
    bool is_private;
    char rights[5];
    char name[256]; /* of the file, cut, or as the kernel calls it */
    struct smaps_sums sums;
};

struct smaps {
    struct smaps_mapping *mappings;
    size_t count, capacity;
    struct smaps_sums kinds[SMAPS_KINDS], all;
};

/* Reads all of it. False after one line on stderr: the process is gone, ending, not ours, or has no
 * memory of its own. The caller calls smaps_release after success. */
bool smaps_read(struct smaps *smaps, pid_t pid);
void smaps_release(struct smaps *smaps);

/* Clears the bits that tell which pages were used, of all pages of the process; the next smaps_read
 * has in `referenced` what was used since. *ret_ns: how long that took, in which the process could
 * not change its mappings, nor get pages. False where that is not allowed. */
bool smaps_clear(pid_t pid, uint64_t *ret_ns);

/* The program's name; "" where it cannot be read. */
void smaps_command(pid_t pid, char *command, size_t size);

#endif
