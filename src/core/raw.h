/* System calls straight from the kernel, for code that must touch no memory but its own: they set
 * no errno, take no lock and look at nothing that the process could have on a page which is just
 * being given back or written. All return what the kernel does: a negative errno value when they
 * fail. fault.h may make any of them fail.
 *
 * Thread-safe: there is no state.
 */
#ifndef FIRN_CORE_RAW_H
#define FIRN_CORE_RAW_H

#include <stddef.h>
#include <stdint.h>

enum { FIRN_RAW_SIGNALS = 64 }; /* that the kernel knows, from 1 */

/* The kernel's own struct sigaction and stack_t, of x86-64. */
typedef struct firn_raw_action {
    uint64_t handler, flags, restorer, mask;
} firn_raw_action;
typedef struct firn_raw_stack {
    uint64_t address;
    uint32_t flags, reserved;
    uint64_t size;
} firn_raw_stack;

/* What PAGEMAP_SCAN of Linux 6.7 reads and writes; the headers of older systems lack it. */
typedef struct firn_raw_page_region {
    uint64_t start, end, categories;
} firn_raw_page_region;
typedef struct firn_raw_page_scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
} firn_raw_page_scan;
enum {
    FIRN_PAGE_IS_FILE = 1 << 2,
    FIRN_PAGE_IS_PRESENT = 1 << 3,
    FIRN_PAGE_IS_SWAPPED = 1 << 4,
    FIRN_PAGE_IS_PFNZERO = 1 << 5,
};

/* Whether these work as described on the machine that this was built for. */
int firn_raw_supported(void);

long firn_raw_open(const char *path, int flags);
long firn_raw_close(int fd);
/* Device and inode of what fd stands for. */
long firn_raw_identity(int fd, uint32_t *ret_device, uint64_t *ret_inode);
long firn_raw_size(int fd, uint64_t *ret_size);
/* Once, with what has come so far. */
long firn_raw_read(int fd, void *buffer, size_t size);
/* All of size bytes, or -EIO where the file ends before. */
long firn_raw_read_at(int fd, void *buffer, size_t size, uint64_t offset);
long firn_raw_write_at(int fd, const void *data, size_t size, uint64_t offset);
/* Returns the address, or what is negative as a long from -4095. */
long firn_raw_map(uint64_t address, size_t size, int protection, int flags, int fd,
                  uint64_t offset);
long firn_raw_unmap(uint64_t address, size_t size);
long firn_raw_protect(uint64_t address, size_t size, int protection);
long firn_raw_advise(uint64_t address, size_t size, int advice);
/* Makes pages of a writable range that will be written in one call rather than by a fault each.
 * Only saves time, and may do nothing. */
void firn_raw_populate(uint64_t address, size_t size);
long firn_raw_scan(int pagemap_fd, firn_raw_page_scan *scan);
/* The new end of the data segment, which is the old one where it cannot be moved; 0 tells it. */
uint64_t firn_raw_brk(uint64_t end);
/* set may be NULL, ret_old too. */
long firn_raw_action_of(int number, const firn_raw_action *set, firn_raw_action *ret_old);
long firn_raw_signal_stack(const firn_raw_stack *set, firn_raw_stack *ret_old);
/* Sets a mask of signals; NULL blocks all that can be. Cannot fail. */
void firn_raw_mask(const uint64_t *set, uint64_t *ret_old);
/* The address at which the C library keeps this thread's id. */
long firn_raw_tid_address(uint64_t *ret_address);
long firn_raw_tid(void);
long firn_raw_memfd(const char *name);
/* Makes the size of a file in memory, and forbids any change to it from then on. */
long firn_raw_resize(int fd, uint64_t size);
long firn_raw_seal(int fd);
/* Whether all of that is forbidden: 1 or 0. */
long firn_raw_is_sealed(int fd);
_Noreturn void firn_raw_end(int exit_status);

#endif
