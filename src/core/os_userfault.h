/* The system calls of userfaultfd, each in one place; fault.h may make any of them fail. All return
 * 0 or an errno value. Thread-safe: there is no state. */
#ifndef FIRN_CORE_OS_USERFAULT_H
#define FIRN_CORE_OS_USERFAULT_H

#include <stddef.h>

/* Opens one that serves faults inside system calls, too: EPERM for those who may not. */
int firn_os_userfault_open(int *ret_fd);
void firn_os_userfault_close(int fd);
/* Has accesses to pages that hold nothing wait for what is told below. */
int firn_os_userfault_watch(int fd, void *at, size_t size);
int firn_os_userfault_unwatch(int fd, void *at, size_t size);
/* Waits for an access; gives its address. */
int firn_os_userfault_next(int fd, void **ret_at);
/* Fills pages; pages that hold something already are left as they are. Who waits waits on until
 * firn_os_userfault_wake. When it fails it has filled none. */
int firn_os_userfault_fill(int fd, void *at, const void *from, size_t size);
/* The same with zeros, for one page, and who waits for it goes on. Also where it is there, or not
 * watched any more. */
int firn_os_userfault_zero(int fd, void *page, size_t size);
/* Lets those who wait try again. */
void firn_os_userfault_wake(int fd, void *at, size_t size);

#endif
