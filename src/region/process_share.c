/* Maps what a process has alike with a file of shared pages from there, and makes it its own again;
 * see firn/process.h and process_share.h.
 *
 *   1  the file's seals and header are looked at
 *   2  each own page is compared with the file's at its place; runs of those alike are listed
 *   3  where they are too many, the shortest are dropped
 *   4  each run is mapped from the file, which frees the process's pages
 *
 * A page that is written later becomes the process's own again, by the kernel; sharing once more
 * gives back those that are the file's again.
 *
 * Invariants:
 *   S1  nothing is mapped but what was compared, and what was compared cannot change: the file is
 *       sealed, no signal handler runs, and there is no other thread
 *   S2  every byte of the process is afterwards what it was, also after an error
 *   S3  the template's struct names each file from before its first page is mapped until none is
 *   S4  between taking a page away and putting it back only core/raw and firn_bytes_copy run: the
 *       C library's own data may lie in that page
 * Called by its users, process.c and process_share_file.c; calls process_work.c. Threads: the
 * process's only one. Memory: the window. Complexity: linear in the own pages and the mappings. */
#include "region/process_share.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A mapping takes 0.2 to 0.4 KB of the kernel's memory, two for a run, so that a run of one page
 * gains: of a dashboard's 10 MB alike 0.5 are such. */
enum { READ_BYTES = 256 << 10, RUNS_MAX = 1 << 16, LENGTHS = 256 };

typedef struct run {
    uint64_t start, end, offset; /* the latter in the file */
    uint64_t rights;
} run;

typedef struct sharing {
    firn_process_work *work;
    const firn_process_share_options *options;
    int fd;
    const firn_mapping *mapping; /* at hand */
    bool mapped;                 /* it is one of the file already */
    uint32_t device;             /* of the file */
    uint64_t inode;
    uint8_t *bytes; /* of the file, READ_BYTES */
    run *runs;
    size_t run_count;
    firn_process_share_result result;
} sharing;

/* --- which file it is --- */

static bool is_of(const firn_mapping *mapping, uint32_t device, uint64_t inode)
{
    return mapping->kind == FIRN_MAPPING_FILE && mapping->inode == inode &&
           mapping->device == device;
}

bool firn_process_share_is(const firn_process_template *zygote, const firn_mapping *mapping)
{
    for (uint32_t i = 0; i < zygote->share_count; i++) {
        if (is_of(mapping, zygote->shares[i].device, zygote->shares[i].inode))
            return true;
    }
    return false;
}

static firn_process_template *open_template(firn_process_work *work)
{
    long result =
        firn_raw_protect((uint64_t)(uintptr_t)work->zygote, FIRN_PAGE, PROT_READ | PROT_WRITE);
    if (result == 0)
        return (firn_process_template *)(uintptr_t)work->zygote;
    firn_process_work_fail_call(work, result, "the template cannot be written");
    return NULL;
}

static void close_template(const firn_process_template *zygote)
{
    (void)firn_raw_protect((uint64_t)(uintptr_t)zygote, FIRN_PAGE, PROT_READ);
}

static bool name_none(firn_process_work *work)
{
    firn_process_template *zygote = open_template(work);
    if (zygote == NULL)
        return false;
    zygote->share_count = 0;
    close_template(zygote);
    return true;
}

static bool name_file(firn_process_work *work, uint32_t device, uint64_t inode)
{
    const firn_process_template *is = work->zygote;
    for (uint32_t i = 0; i < is->share_count; i++) {
        if (is->shares[i].device == device && is->shares[i].inode == inode)
            return true;
    }
    if (is->share_count == FIRN_PROCESS_SHARE_FILES_MAX)
        return firn_process_work_fail(work, FIRN_LIMIT, 0, "is one more than a process may share");
    firn_process_template *zygote = open_template(work);
    if (zygote == NULL)
        return false;
    zygote->shares[zygote->share_count].device = device;
    zygote->shares[zygote->share_count++].inode = inode;
    close_template(zygote);
    return true;
}

/* --- to and fro --- */

/* Looks behind a mapping that failed whether what lay there is there. If not, memory comes in its
 * place, which the caller must fill (S2). */
static bool is_hole(uint64_t start, uint64_t size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    long result = firn_raw_map(start, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (result != (long)start && result != -EEXIST)
        firn_raw_end(FIRN_PROCESS_LOST);
    return result == (long)start;
}

static bool map_run(sharing *share, const run *it)
{
    const uint64_t size = it->end - it->start;
    long result = firn_raw_map(it->start, size, (int)it->rights, MAP_PRIVATE | MAP_FIXED, share->fd,
                               it->offset);
    if (result == (long)it->start)
        return true;
    if (is_hole(it->start, size)) {
        if (firn_raw_read_at(share->fd, (void *)(uintptr_t)it->start, size, it->offset) < 0 ||
            firn_raw_protect(it->start, size, (int)it->rights) < 0)
            firn_raw_end(FIRN_PROCESS_LOST);
    }
    return firn_process_work_fail_call(share->work, result, "pages cannot be mapped");
}

/* Puts bytes where memory was just mapped to be written (S4). */
static long fill(const run *it, const uint8_t *bytes)
{
    const uint64_t size = it->end - it->start;
    firn_raw_populate(it->start, size);
    firn_bytes_copy((void *)(uintptr_t)it->start, bytes, size);
    const int both = PROT_READ | PROT_WRITE;
    return it->rights == both ? 0 : firn_raw_protect(it->start, size, (int)it->rights);
}

/* Makes some pages own again; bytes is room for them. */
static bool take_back(firn_process_work *work, const run *it, uint8_t *bytes)
{
    const bool is_anonymous = it->offset >= FIRN_SHARE_ANONYMOUS;
    const int flags = MAP_PRIVATE | MAP_FIXED | (is_anonymous ? MAP_ANONYMOUS | MAP_NORESERVE : 0);
    const uint64_t size = it->end - it->start;
    long result = 0;
    if ((it->rights & PROT_READ) == 0)
        result = firn_raw_protect(it->start, size, PROT_READ);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "a mapping cannot be made readable");
    firn_bytes_copy(bytes, (const void *)(uintptr_t)it->start, size);
    result = firn_raw_map(it->start, size, PROT_READ | PROT_WRITE, flags,
                          is_anonymous ? -1 : work->zygote->fd, is_anonymous ? 0 : it->offset);
    if (result == (long)it->start) {
        result = fill(it, bytes);
        return result == 0 ||
               firn_process_work_fail_call(work, result, "a mapping's rights are lost");
    }
    if (is_hole(it->start, size))
        (void)fill(it, bytes);
    else
        (void)firn_raw_protect(it->start, size, (int)it->rights);
    return firn_process_work_fail_call(work, result, "pages cannot be taken back");
}

static bool take_back_mapping(firn_process_work *work, const firn_mapping *mapping, uint8_t *bytes)
{
    bool done = true;
    for (uint64_t at = mapping->start; done && at < mapping->end; at += READ_BYTES) {
        const uint64_t end = mapping->end - at < READ_BYTES ? mapping->end : at + READ_BYTES;
        const run it = {at, end, mapping->offset + (at - mapping->start),
                        mapping->rights & FIRN_MAPPING_RIGHTS};
        done = take_back(work, &it, bytes);
    }
    return done;
}

bool firn_process_share_return(firn_process_work *work)
{
    firn_process_work_list list;
    if (work->zygote->share_count == 0)
        return true;
    const uint64_t mark = work->top;
    uint8_t *bytes = firn_process_work_take(work, READ_BYTES);
    bool done = bytes != NULL && firn_process_work_list_own(work, "/proc/self/maps", &list);
    for (size_t i = 0; done && i < list.count; i++) {
        if (firn_process_share_is(work->zygote, &list.mappings[i]))
            done = take_back_mapping(work, &list.mappings[i], bytes);
    }
    done = done && name_none(work); /* S3 */
    firn_process_work_release(work, mark);
    return done;
}

/* --- what is alike --- */

/* What the kernel may write at any time stays own. */
static bool is_kernels(uint64_t page)
{
    const uint64_t at = (uint64_t)(uintptr_t)firn_process_work_rseq();
    return at >= page && at - page < FIRN_PAGE;
}

static bool add_page(sharing *share, uint64_t page)
{
    const uint64_t offset = firn_process_share_place(share->mapping, page);
    run *last = share->run_count > 0 ? &share->runs[share->run_count - 1] : NULL;
    if (last != NULL && last->end == page && page > share->mapping->start) {
        last->end = page + FIRN_PAGE;
    } else if (share->run_count < RUNS_MAX) {
        share->runs[share->run_count++] =
            (run){page, page + FIRN_PAGE, offset, share->mapping->rights & FIRN_MAPPING_RIGHTS};
    }
    return true;
}

/* Of a page that is mapped from the file already, its own copy goes. */
static bool give_back(sharing *share, uint64_t page)
{
    long result = firn_raw_advise(page, FIRN_PAGE, MADV_DONTNEED);
    share->result.shared_bytes += FIRN_PAGE;
    return result == 0 ||
           firn_process_work_fail_call(share->work, result, "pages cannot be given back");
}

static bool compare_pages(void *context, uint64_t start, uint64_t end)
{
    sharing *share = context;
    const firn_mapping *mapping = share->mapping;
    share->result.private_bytes += end - start;
    while (start < end) {
        const uint64_t size = end - start < READ_BYTES ? end - start : READ_BYTES;
        long result = firn_raw_read_at(share->fd, share->bytes, size,
                                       firn_process_share_place(mapping, start));
        if (result < 0)
            return firn_process_work_fail_call(share->work, result, "it cannot be read");
        for (uint64_t at = 0; at < size; at += FIRN_PAGE) {
            const void *page = (const void *)(uintptr_t)(start + at);
            if (memcmp(page, share->bytes + at, FIRN_PAGE) != 0 || is_kernels(start + at))
                continue;
            if (!(share->mapped ? give_back(share, start + at) : add_page(share, start + at)))
                return false;
        }
        start += size;
    }
    return true;
}

static bool compare_all(sharing *share, const firn_process_work_list *list)
{
    firn_process_work *work = share->work;
    bool done = firn_process_work_scan_open(work);
    for (size_t i = 0; done && i < list->count; i++) {
        share->mapping = &list->mappings[i];
        share->mapped = is_of(share->mapping, share->device, share->inode);
        if (firn_process_share_may(work->zygote, share->options, share->mapping))
            done = firn_process_work_scan(work, share->mapping->start, share->mapping->end,
                                          compare_pages, share);
    }
    firn_process_work_scan_close(work);
    return done;
}

/* --- mapping --- */

static uint64_t pages_of(const run *it)
{
    return (it->end - it->start) / FIRN_PAGE;
}

/* The pages that a run must have to be mapped, so that the mappings stay within their bound: each
 * adds two at most. */
static uint64_t least_pages(const sharing *share, size_t mapping_count)
{
    uint32_t counts[LENGTHS] = {0};
    size_t count = share->run_count;
    for (size_t i = 0; i < share->run_count; i++) {
        const uint64_t pages = pages_of(&share->runs[i]);
        counts[pages < LENGTHS ? pages : LENGTHS - 1]++;
    }
    uint64_t least = 1;
    while (least < LENGTHS && mapping_count + 2 * count > FIRN_PROCESS_SHARE_MAPPINGS_MAX)
        count -= counts[least++];
    return least < LENGTHS ? least : UINT64_MAX;
}

static bool map_all(sharing *share, uint64_t least)
{
    bool done = true;
    for (size_t i = 0; done && i < share->run_count; i++) {
        const run *it = &share->runs[i];
        if (pages_of(it) < least)
            continue;
        done = map_run(share, it);
        share->result.shared_bytes += it->end - it->start;
    }
    return done;
}

static bool is_worth_it(const sharing *share, uint64_t least)
{
    uint64_t bytes = share->result.shared_bytes;
    for (size_t i = 0; i < share->run_count; i++)
        bytes += pages_of(&share->runs[i]) >= least ? share->runs[i].end - share->runs[i].start : 0;
    const uint64_t percent = share->options != NULL ? share->options->least_percent : 0;
    return bytes > 0 &&
           bytes / FIRN_PAGE * 100 >= share->result.private_bytes / FIRN_PAGE * percent;
}

static bool share_all(firn_process_work *work, void *context)
{
    sharing *share = context;
    share->work = work;
    firn_process_work_list list;
    if (!firn_process_share_check(work, share->fd))
        return false;
    long result = firn_raw_identity(share->fd, &share->device, &share->inode);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "cannot be read");
    share->bytes = firn_process_work_take(work, READ_BYTES);
    share->runs =
        share->bytes != NULL ? firn_process_work_take(work, RUNS_MAX * sizeof(run)) : NULL;
    if (share->runs == NULL || !firn_process_work_list_own(work, "/proc/self/smaps", &list) ||
        !compare_all(share, &list))
        return false;
    const uint64_t least = least_pages(share, list.count);
    if (!is_worth_it(share, least)) {
        share->result.shared_bytes = 0;
        return true;
    }
    return name_file(work, share->device, share->inode) && /* S3 */
           map_all(share, least);
}

firn_status firn_process_share_map(firn_process_template *zygote,
                                   const firn_process_share_options *options, int fd,
                                   firn_process_share_result *ret_result, firn_error *ret_error)
{
    sharing share = {.options = options, .fd = fd};
    if (!firn_process_share_options_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "the options are not valid");
    firn_status status = firn_process_work_call(
        zygote, share_all, &share, "pages cannot be shared: the file", ret_error); /* S1 */
    if (status == FIRN_OK && ret_result != NULL)
        *ret_result = share.result;
    return status;
}

static bool end_all(firn_process_work *work, void *context)
{
    (void)context;
    return firn_process_share_return(work);
}

firn_status firn_process_share_end(firn_process_template *zygote, firn_error *ret_error)
{
    return firn_process_work_call(zygote, end_all, NULL, "pages are still shared:", ret_error);
}
