/* System calls without the C library, for the checkpoint of a process; see raw.h.
 * Called by region/process*.c; calls the kernel and fault.h.
 *
 * Invariant: nothing here writes to memory but the stack and what the caller passes (with
 * FIRN_FAULTS, the counts of fault.c as well).
 * Threads: no state. Memory: none.
 */
#include "core/raw.h"

#include "core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { POPULATE_WRITE = 23 }; /* MADV_POPULATE_WRITE of Linux 5.14 */

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PAGEMAP_SCAN_REQUEST 0xc0606610ul /* _IOWR('f', 16, struct pm_scan_arg) */
_Static_assert(sizeof(firn_raw_page_scan) == 0x60, "the request's number tells the size");

#if defined(__x86_64__)

int firn_raw_supported(void)
{
    return 1;
}

static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                 uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#else

int firn_raw_supported(void)
{
    return 0;
}

static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                 uint64_t f)
{
    (void)number, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -ENOSYS;
}

#endif

static uint64_t address_of(const void *memory)
{
    return (uint64_t)(uintptr_t)memory;
}

/* A call that fault.h may make fail. */
static long tried(firn_fault_call kind, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                  uint64_t e, uint64_t f)
{
    int error = firn_fault_io(kind, false, NULL);
    return error != 0 ? -error : call(number, a, b, c, d, e, f);
}

long firn_raw_open(const char *path, int flags)
{
    return tried(FIRN_FAULT_OPEN, SYS_openat, (uint64_t)AT_FDCWD, address_of(path),
                 (uint64_t)(flags | O_CLOEXEC), 0, 0, 0);
}

long firn_raw_close(int fd)
{
    return call(SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
}

long firn_raw_identity(int fd, uint32_t *ret_device, uint64_t *ret_inode)
{
    struct stat about;
    long result = tried(FIRN_FAULT_STAT, SYS_fstat, (uint64_t)fd, address_of(&about), 0, 0, 0, 0);
    if (result == 0) {
        *ret_device = (uint32_t)(major(about.st_dev) << 20 | minor(about.st_dev));
        *ret_inode = about.st_ino;
    }
    return result;
}

long firn_raw_size(int fd, uint64_t *ret_size)
{
    struct stat about;
    long result = tried(FIRN_FAULT_STAT, SYS_fstat, (uint64_t)fd, address_of(&about), 0, 0, 0, 0);
    if (result == 0)
        *ret_size = (uint64_t)about.st_size;
    return result;
}

long firn_raw_read(int fd, void *buffer, size_t size)
{
    long result;
    do
        result = tried(FIRN_FAULT_READ, SYS_read, (uint64_t)fd, address_of(buffer), size, 0, 0, 0);
    while (result == -EINTR);
    return result;
}

/* Goes on until all is moved. */
static long move_all(firn_fault_call kind, long number, int fd, uint64_t memory, size_t size,
                     uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        size_t part = size - done;
        long moved = -firn_fault_io(kind, false, &part);
        if (moved == 0)
            moved = call(number, (uint64_t)fd, memory + done, part, offset + done, 0, 0);
        if (moved == -EINTR)
            continue;
        if (moved <= 0)
            return moved < 0 ? moved : -EIO;
        done += (size_t)moved;
    }
    return 0;
}

long firn_raw_read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
    return move_all(FIRN_FAULT_READ, SYS_pread64, fd, address_of(buffer), size, offset);
}

long firn_raw_write_at(int fd, const void *data, size_t size, uint64_t offset)
{
    return move_all(FIRN_FAULT_WRITE, SYS_pwrite64, fd, address_of(data), size, offset);
}

long firn_raw_map(uint64_t address, size_t size, int protection, int flags, int fd, uint64_t offset)
{
    return tried(FIRN_FAULT_MMAP, SYS_mmap, address, size, (uint64_t)protection, (uint64_t)flags,
                 (uint64_t)(int64_t)fd, offset);
}

long firn_raw_unmap(uint64_t address, size_t size)
{
    return tried(FIRN_FAULT_MUNMAP, SYS_munmap, address, size, 0, 0, 0, 0);
}

long firn_raw_protect(uint64_t address, size_t size, int protection)
{
    return tried(FIRN_FAULT_MPROTECT, SYS_mprotect, address, size, (uint64_t)protection, 0, 0, 0);
}

long firn_raw_advise(uint64_t address, size_t size, int advice)
{
    return tried(FIRN_FAULT_MADVISE, SYS_madvise, address, size, (uint64_t)advice, 0, 0, 0);
}

void firn_raw_populate(uint64_t address, size_t size)
{
    (void)call(SYS_madvise, address, size, POPULATE_WRITE, 0, 0, 0);
}

long firn_raw_scan(int pagemap_fd, firn_raw_page_scan *scan)
{
    return tried(FIRN_FAULT_IOCTL, SYS_ioctl, (uint64_t)pagemap_fd, PAGEMAP_SCAN_REQUEST,
                 address_of(scan), 0, 0, 0);
}

uint64_t firn_raw_brk(uint64_t end)
{
    if (end != 0 && firn_fault_io(FIRN_FAULT_BRK, false, NULL) != 0)
        end = 0;
    return (uint64_t)call(SYS_brk, end, 0, 0, 0, 0, 0);
}

long firn_raw_action_of(int number, const firn_raw_action *set, firn_raw_action *ret_old)
{
    return tried(FIRN_FAULT_SIGNAL, SYS_rt_sigaction, (uint64_t)number, address_of(set),
                 address_of(ret_old), sizeof(uint64_t), 0, 0);
}

long firn_raw_signal_stack(const firn_raw_stack *set, firn_raw_stack *ret_old)
{
    return tried(FIRN_FAULT_SIGNAL, SYS_sigaltstack, address_of(set), address_of(ret_old), 0, 0, 0,
                 0);
}

void firn_raw_mask(const uint64_t *set, uint64_t *ret_old)
{
    static const uint64_t all = UINT64_MAX;
    (void)call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, address_of(set != NULL ? set : &all),
               address_of(ret_old), sizeof(uint64_t), 0, 0);
}

long firn_raw_tid_address(uint64_t *ret_address)
{
    return tried(FIRN_FAULT_SIGNAL, SYS_prctl, PR_GET_TID_ADDRESS, address_of(ret_address), 0, 0, 0,
                 0);
}

long firn_raw_tid(void)
{
    return call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

long firn_raw_memfd(const char *name)
{
    return tried(FIRN_FAULT_OPEN, SYS_memfd_create, address_of(name),
                 MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0);
}

long firn_raw_resize(int fd, uint64_t size)
{
    return tried(FIRN_FAULT_TRUNCATE, SYS_ftruncate, (uint64_t)fd, size, 0, 0, 0, 0);
}

long firn_raw_seal(int fd)
{
    return tried(FIRN_FAULT_FSYNC, SYS_fcntl, (uint64_t)fd, F_ADD_SEALS, SEALS, 0, 0, 0);
}

long firn_raw_is_sealed(int fd)
{
    long seals = tried(FIRN_FAULT_STAT, SYS_fcntl, (uint64_t)fd, F_GET_SEALS, 0, 0, 0, 0);
    return seals < 0 ? seals : (seals & SEALS) == SEALS;
}

_Noreturn void firn_raw_end(int exit_status)
{
    for (;;)
        call(SYS_exit_group, (uint64_t)exit_status, 0, 0, 0, 0, 0);
}
