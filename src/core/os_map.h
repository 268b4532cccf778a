/* The system calls on mappings, and around them, that a region makes, each in one place; fault.h
 * may make any of them fail. All return 0 or an errno value. Sizes and addresses are multiples of
 * the page size.
 *
 * Async-signal-safe and thread-safe: there is no state, and errno stays as it was.
 */
#ifndef FIRN_CORE_OS_MAP_H
#define FIRN_CORE_OS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reserves addresses that cannot be touched, at a multiple of alignment (a power of two). */
int firn_os_reserve(size_t size, size_t alignment, void **ret_at);
/* The same at a fixed address; EEXIST when a part of it is taken. */
int firn_os_reserve_at(void *at, size_t size);
/* Puts such a reservation in the place of all that is mapped there, page tables included. */
int firn_os_vacate(void *at, size_t size);
/* Maps zeroed memory anywhere. */
int firn_os_map(size_t size, void **ret_at);
void firn_os_unmap(void *at, size_t size);
/* Makes pages readable and writable, or neither. */
int firn_os_protect(void *at, size_t size, bool usable);
/* Moves whole mappings to an address, in the place of what is there, in one step. */
int firn_os_move(void *from, size_t size, void *to);
/* Has these pages read as zero, their memory being the kernel's again. */
int firn_os_discard(void *at, size_t size);
/* Whether a child of fork has these pages. */
int firn_os_inherit(void *at, size_t size, bool inherited);

/* How much of this the kernel has memory for, in mappings without a file. */
int firn_os_resident(void *at, size_t size, size_t *ret_bytes);
/* Asks for large pages; of no effect where there are none. */
void firn_os_prefer_large(void *at, size_t size);
/* Whether an address can be read now. */
bool firn_os_readable(const void *at);
/* Lets another thread run. */
void firn_os_yield(void);

#endif
