/* userfaultfd: one thread serves the touches of all regions of the process, by touch.c, and fills
 * the blocks where they lie, so that system calls wait for it like anybody. Its one weakness is
 * fork: the kernel shows a child zeros where memory waits to be filled. So memory that is watched
 * is not inherited at all, except by a fork that the handlers here prepared: it hands the child
 * what sleeps as PROT_NONE, to be woken by SIGSEGV.
 *
 * Called by region.c, sleep.c, wake.c and calls.c.
 *
 * Invariants:
 *   I1  of a region with watched > 0, so many blocks are watched, not inherited, and usable
 *   I2  the thread holds serve_lock while it serves, so that at a fork no block is half served
 *   I3  a touch that cannot be served ends as a SIGSEGV: its block is made PROT_NONE
 *
 * Threads: list_lock guards list, fd and owner. Complexity: a fork takes a system call or two more
 * for each region of this mode that sleeps.
 */
#include "region/fault.h"

#include "core/os.h"
#include "core/os_map.h"
#include "core/os_signal.h"
#include "core/os_userfault.h"
#include "region/touch.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t serve_lock = PTHREAD_MUTEX_INITIALIZER;
static firn_region *list;
static int served_fd = -1;

static void *serve(void *context)
{
    int fd = (int)(intptr_t)context;
    void *at;
    while (firn_os_userfault_next(fd, &at) == 0) {
        (void)pthread_mutex_lock(&serve_lock);
        firn_touch_serve(fd, at);
        (void)pthread_mutex_unlock(&serve_lock);
    }
    return NULL;
}

static firn_status start(void)
{
    int fd;
    if (firn_os_userfault_open(&fd) != 0)
        return FIRN_UNSUPPORTED;
    firn_signals before = firn_os_signals_block();
    pthread_t thread;
    bool is_made = pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0;
    firn_os_signals_restore(&before);
    if (!is_made) {
        firn_os_userfault_close(fd);
        return FIRN_NO_MEMORY;
    }
    (void)pthread_detach(thread);
    served_fd = fd;
    return FIRN_OK;
}

/* The descriptor, made again in the child of a fork. -1: none. */
static int descriptor(firn_status *ret_status)
{
    (void)pthread_mutex_lock(&list_lock);
    *ret_status = served_fd < 0 ? start() : FIRN_OK;
    int fd = served_fd;
    (void)pthread_mutex_unlock(&list_lock);
    return fd;
}

firn_status firn_fault_add(firn_region *region)
{
    firn_status status;
    (void)descriptor(&status);
    if (status != FIRN_OK)
        return status;
    (void)pthread_mutex_lock(&list_lock);
    region->next = list;
    list = region;
    (void)pthread_mutex_unlock(&list_lock);
    return FIRN_OK;
}

void firn_fault_remove(firn_region *region)
{
    (void)pthread_mutex_lock(&list_lock);
    for (firn_region **at = &list; *at != NULL; at = &(*at)->next) {
        if (*at == region) {
            *at = region->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&list_lock);
}

/* What is late, for a touch that was served long ago, is served after this: from the new image. */
static bool drop(firn_region *region, int fd, size_t bytes, firn_image *image, firn_image **ret_old)
{
    (void)pthread_mutex_lock(&serve_lock);
    bool is_dropped = firn_os_discard(region->base, bytes) == 0;
    if (is_dropped) {
        atomic_store(&region->fault_fd, fd + 1);
        atomic_store(&region->begun, FIRN_WAKE_NOT_BEGUN);
        *ret_old = atomic_exchange(&region->image, image);
    }
    (void)pthread_mutex_unlock(&serve_lock);
    return is_dropped;
}

bool firn_fault_drop(firn_region *region, firn_image *image, firn_image **ret_old)
{
    firn_status status;
    int fd = descriptor(&status);
    uint32_t blocks = atomic_load(&region->usable);
    size_t bytes = blocks * FIRN_BLOCK;
    if (status != FIRN_OK || firn_os_userfault_watch(fd, region->base, bytes) != 0)
        return false;
    if (firn_os_inherit(region->base, bytes, false) != 0 ||
        !drop(region, fd, bytes, image, ret_old)) {
        if (region->watched == 0) {
            (void)firn_os_inherit(region->base, bytes, true);
            (void)firn_os_userfault_unwatch(fd, region->base, bytes);
        }
        return false;
    }
    region->watched = blocks;
    return true;
}

/* Where one of these fails, touches of what was freed are served zeros on, and a bare child has
 * less: both are right. */
void firn_fault_end(firn_region *region)
{
    int fd = atomic_load(&region->fault_fd) - 1;
    if (region->watched == 0)
        return;
    size_t bytes = region->watched * FIRN_BLOCK;
    if (firn_os_inherit(region->base, bytes, true) == 0 &&
        firn_os_userfault_unwatch(fd, region->base, bytes) == 0)
        region->watched = 0;
}

bool firn_fault_reopen(firn_region *region)
{
    if (!atomic_load(&region->is_shut))
        return true;
    if (firn_os_protect(region->base, region->watched * FIRN_BLOCK, true) != 0)
        return false;
    atomic_store(&region->is_shut, false);
    return true;
}

/* --- fork --- */

void firn_fault_before_fork(void)
{
    (void)pthread_mutex_lock(&list_lock);
    (void)pthread_mutex_lock(&serve_lock); /* I2 */
    for (firn_region *i = list; i != NULL; i = i->next) {
        if (i->watched > 0) /* where that fails, the child has none of it: loud, too */
            (void)firn_os_inherit(i->base, i->watched * FIRN_BLOCK, true);
    }
}

void firn_fault_in_parent(void)
{
    for (firn_region *i = list; i != NULL; i = i->next) {
        if (i->watched > 0 && firn_region_image(i) != NULL)
            (void)firn_os_inherit(i->base, i->watched * FIRN_BLOCK, false);
    }
    (void)pthread_mutex_unlock(&serve_lock);
    (void)pthread_mutex_unlock(&list_lock);
}

/* Has a touch of what sleeps be a SIGSEGV in this child, and if by having no memory at all there.
 */
static void shut_sleeping(firn_region *region)
{
    const firn_image *image = firn_region_image(region);
    for (uint32_t i = 0; image != NULL && i < image->entry_count; i++) {
        uint8_t *at = region->base + image->entries[i].block * FIRN_BLOCK;
        if (atomic_load(&image->states[i]) >= 0 && firn_os_protect(at, FIRN_BLOCK, false) != 0) {
            firn_os_unmap(region->base, firn_region_bytes(region));
            break;
        }
    }
    region->watched = 0;
    atomic_store(&region->fault_fd, 0);
}

void firn_fault_in_child(void)
{
    if (served_fd >= 0)
        firn_os_userfault_close(served_fd);
    served_fd = -1;
    for (firn_region *i = list; i != NULL; i = i->next)
        shut_sleeping(i);
    (void)pthread_mutex_unlock(&serve_lock);
    (void)pthread_mutex_unlock(&list_lock);
}
