/* userfaultfd, with partial fills and injected failures handled once; see os_userfault.h. Called by
 * region/. Threads: no state.
 */
#include "core/os_userfault.h"

#include "core/fault.h"
#include "core/os_map.h"
#include "core/page.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int control(int fd, unsigned long request, void *argument)
{
    int error = firn_fault_io(FIRN_FAULT_USERFAULTFD, false, NULL);
    if (error != 0)
        return error;
    return ioctl(fd, request, argument) != 0 ? errno : 0;
}

int firn_os_userfault_open(int *ret_fd)
{
    int error = firn_fault_io(FIRN_FAULT_USERFAULTFD, false, NULL);
    if (error != 0)
        return error;
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    if (fd < 0)
        return errno;
    struct uffdio_api api = {.api = UFFD_API};
    error = control(fd, UFFDIO_API, &api);
    if (error != 0) {
        firn_os_userfault_close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

void firn_os_userfault_close(int fd)
{
    (void)close(fd);
}

int firn_os_userfault_watch(int fd, void *at, size_t size)
{
    struct uffdio_register argument = {
        .range = {.start = (uintptr_t)at, .len = size},
        .mode = UFFDIO_REGISTER_MODE_MISSING,
    };
    return control(fd, UFFDIO_REGISTER, &argument);
}

int firn_os_userfault_unwatch(int fd, void *at, size_t size)
{
    struct uffdio_range argument = {.start = (uintptr_t)at, .len = size};
    return ioctl(fd, UFFDIO_UNREGISTER, &argument) != 0 ? errno : 0;
}

int firn_os_userfault_next(int fd, void **ret_at)
{
    struct uffd_msg message;
    for (;;) {
        ssize_t got = read(fd, &message, sizeof(message));
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (got == (ssize_t)sizeof(message) && message.event == UFFD_EVENT_PAGEFAULT) {
            *ret_at = (void *)(uintptr_t)message.arg.pagefault.address;
            return 0;
        }
    }
}

int firn_os_userfault_fill(int fd, void *at, const void *from, size_t size)
{
    size_t filled = 0, page = firn_page_size();
    while (filled < size) {
        struct uffdio_copy argument = {
            .dst = (uintptr_t)at + filled,
            .src = (uintptr_t)from + filled,
            .len = size - filled,
            .mode = UFFDIO_COPY_MODE_DONTWAKE,
        };
        int error = control(fd, UFFDIO_COPY, &argument);
        if (error == 0)
            return 0;
        if (argument.copy > 0)
            filled += (size_t)argument.copy;
        else if (error == EEXIST)
            filled += page;
        else if (filled == 0 && error != EAGAIN)
            return error;
        else /* what others see already cannot be taken back */
            firn_os_yield();
    }
    return 0;
}

int firn_os_userfault_zero(int fd, void *page, size_t size)
{
    struct uffdio_zeropage argument = {.range = {.start = (uintptr_t)page, .len = size}};
    int error;
    while ((error = control(fd, UFFDIO_ZEROPAGE, &argument)) == EAGAIN)
        firn_os_yield();
    return error == EEXIST || error == ENOENT ? 0 : error;
}

void firn_os_userfault_wake(int fd, void *at, size_t size)
{
    struct uffdio_range argument = {.start = (uintptr_t)at, .len = size};
    (void)ioctl(fd, UFFDIO_WAKE, &argument);
}
