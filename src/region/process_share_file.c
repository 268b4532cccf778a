/* The file of pages that processes alike have in common: made, written, sealed, looked at; see
 * process_share.h.
 *
 * It is written through a shared mapping in the window, not by write calls: a process that may
 * write no files (RLIMIT_FSIZE, a filter of system calls) can.
 *
 * Invariants:
 *   F1  until it is sealed nobody maps it but to write; when a write is done nobody has it mapped
 *   F2  what is read of it is bounded by its size, which seals keep
 * Called by its users and process_share.c; calls process_work.c. Threads: the process's only one.
 * Memory: the window, the file. Complexity: linear in the own pages. */
#include "region/process_share.h"

#include <firn/checksum.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

typedef struct writing {
    firn_process_work *work;
    const firn_mapping *mapping; /* at hand */
    const firn_process_share_options *options;
    int fd;
    uint64_t room; /* WRITE_BYTES of the window, in which parts of the file are mapped */
    uint64_t private_bytes, written_bytes;
} writing;

enum { WRITE_BYTES = 1 << 20 };

firn_status firn_process_share_create(int *ret_fd, firn_error *ret_error)
{
    long fd = firn_raw_memfd("firn-share");
    long result = fd >= 0 ? firn_raw_resize((int)fd, FIRN_SHARE_FILE_BYTES) : fd;
    if (result < 0) {
        if (fd >= 0)
            firn_raw_close((int)fd);
        return firn_error_set(
            ret_error, result == -ENOSYS ? FIRN_UNSUPPORTED : firn_status_from_errno((int)-result),
            (int)-result, "a file in memory cannot be made");
    }
    *ret_fd = (int)fd;
    return FIRN_OK;
}

firn_status firn_process_share_seal(int fd, firn_error *ret_error)
{
    long result = firn_raw_seal(fd);
    if (result >= 0)
        return FIRN_OK;
    firn_status status = result == -EBUSY ? FIRN_BUSY : FIRN_INVALID;
    if (result != -EBUSY && result != -EINVAL && result != -EBADF && result != -EPERM)
        status = firn_status_from_errno((int)-result);
    return firn_error_set(ret_error, status, (int)-result, "the file cannot be sealed");
}

bool firn_process_share_options_valid(const firn_process_share_options *options)
{
    if (options == NULL)
        return true;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0)
            return false;
    }
    return options->reserved_too == 0 && options->least_percent <= 100 &&
           (options->kept_count == 0 || options->kept != NULL);
}

bool firn_process_share_may(const firn_process_template *zygote,
                            const firn_process_share_options *options, const firn_mapping *mapping)
{
    const uint8_t both = FIRN_MAPPING_READ | FIRN_MAPPING_WRITE;
    if ((mapping->kind != FIRN_MAPPING_TEMPLATE && mapping->kind != FIRN_MAPPING_ANONYMOUS &&
         !firn_process_share_is(zygote, mapping)) ||
        (mapping->rights & both) != both || mapping->flags != 0)
        return false;
    for (size_t i = 0; options != NULL && i < options->kept_count; i++) {
        const uint64_t start = (uint64_t)(uintptr_t)options->kept[i].start;
        if (start < mapping->end && start + options->kept[i].size > mapping->start)
            return false;
    }
    return true;
}

uint64_t firn_process_share_place(const firn_mapping *mapping, uint64_t address)
{
    return mapping->kind == FIRN_MAPPING_ANONYMOUS
               ? FIRN_SHARE_ANONYMOUS + address
               : mapping->offset + (address - mapping->start); /* of files shared the same */
}

/* --- looking --- */

static uint32_t header_crc(const firn_process_share_header *header)
{
    return firn_crc32c(0, header, offsetof(firn_process_share_header, crc));
}

static bool look(firn_process_work *work, const firn_process_share_header *header)
{
    if (header->magic != FIRN_SHARE_MAGIC)
        return firn_process_work_fail(work, FIRN_NOT_STORE, 0, "is no file of shared pages");
    if (header->version != FIRN_SHARE_VERSION)
        return firn_process_work_fail(work, FIRN_VERSION, 0, "is of a later version");
    if (header->crc != header_crc(header) || header->page_bytes != FIRN_PAGE)
        return firn_process_work_fail(work, FIRN_CORRUPT, 0, "has a damaged header");
    return header->template_id == work->zygote->id ||
           firn_process_work_fail(work, FIRN_NOT_FOUND, 0, "is against another template");
}

bool firn_process_share_check(firn_process_work *work, int fd)
{
    firn_process_share_header header;
    uint64_t size = 0;
    long result = firn_raw_is_sealed(fd);
    if (result <= 0)
        return firn_process_work_fail(work, FIRN_INVALID, result, "is not sealed");
    result = firn_raw_size(fd, &size);
    if (result == 0 && size != FIRN_SHARE_FILE_BYTES) /* F2 */
        return firn_process_work_fail(work, FIRN_NOT_STORE, 0, "is no file of shared pages");
    if (result == 0)
        result = firn_raw_read_at(fd, &header, sizeof header, 0);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "cannot be read");
    return look(work, &header);
}

/* --- writing --- */

static bool map_part(writing *writer, uint64_t size, uint64_t offset)
{
    long result = firn_raw_map(writer->room, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                               writer->fd, offset);
    return result == (long)writer->room ||
           firn_process_work_fail_call(writer->work, result, "the file cannot be mapped");
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, FIRN_PAGE - 1) == 0;
}

static bool write_pages(void *context, uint64_t start, uint64_t end)
{
    writing *writer = context;
    writer->private_bytes += end - start;
    while (start < end) {
        const uint64_t size = end - start < WRITE_BYTES ? end - start : WRITE_BYTES;
        if (!map_part(writer, size, firn_process_share_place(writer->mapping, start)))
            return false;
        for (uint64_t at = 0; at < size; at += FIRN_PAGE) {
            const uint8_t *page = (const uint8_t *)(uintptr_t)(start + at);
            if (is_zero(page))
                continue;
            memcpy((void *)(uintptr_t)(writer->room + at), page, FIRN_PAGE);
            writer->written_bytes += FIRN_PAGE;
        }
        start += size;
    }
    return true;
}

static bool write_header(writing *writer)
{
    firn_process_share_header header = {
        .magic = FIRN_SHARE_MAGIC,
        .version = FIRN_SHARE_VERSION,
        .page_bytes = FIRN_PAGE,
        .template_id = writer->work->zygote->id,
    };
    header.crc = header_crc(&header);
    if (!map_part(writer, FIRN_PAGE, 0))
        return false;
    memcpy((void *)(uintptr_t)writer->room, &header, sizeof header);
    return true;
}

static bool write_all(firn_process_work *work, void *context)
{
    writing *writer = context;
    firn_process_work_list list;
    uint64_t size = 0;
    writer->work = work;
    if (!firn_process_work_list_own(work, "/proc/self/smaps", &list))
        return false;
    long result = firn_raw_size(writer->fd, &size);
    if (result < 0 || size != FIRN_SHARE_FILE_BYTES || firn_raw_is_sealed(writer->fd) != 0)
        return firn_process_work_fail(work, FIRN_INVALID, result,
                                      "the file was not made for it, or is sealed");
    const uint64_t mark = work->top;
    writer->room = (uint64_t)(uintptr_t)firn_process_work_take(work, WRITE_BYTES);
    if (writer->room == 0 || !firn_process_work_scan_open(work))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < list.count; i++) {
        writer->mapping = &list.mappings[i];
        if (firn_process_share_may(work->zygote, writer->options, writer->mapping))
            done = firn_process_work_scan(work, list.mappings[i].start, list.mappings[i].end,
                                          write_pages, writer);
    }
    done = done && write_header(writer);
    firn_process_work_scan_close(work);
    firn_process_work_release(work, mark); /* F1 */
    return done;
}

firn_status firn_process_share_write(firn_process_template *zygote,
                                     const firn_process_share_options *options, int fd,
                                     firn_process_share_result *ret_result, firn_error *ret_error)
{
    writing writer = {.options = options, .fd = fd};
    if (!firn_process_share_options_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "the options are not valid");
    firn_status status = firn_process_work_call(zygote, write_all, &writer,
                                                "pages cannot be written to be shared:", ret_error);
    if (status == FIRN_OK && ret_result != NULL)
        *ret_result = (firn_process_share_result){.private_bytes = writer.private_bytes,
                                                  .shared_bytes = writer.written_bytes};
    return status;
}
