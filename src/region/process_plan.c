/* Makes the mappings of a process those of an image; see process_plan.h.
 *
 * Both lists are walked together, cut at each other's ends. Where the same lies in both, at most
 * its rights change; what is only in the process is unmapped, what is only in the image mapped;
 * what differs is replaced. Mappings that no image has (shared ones, the kernel's, the window) are
 * left alone, and so is the stack, which grows by being touched.
 *
 * Called by process_restore.c, and by process_pack.c for husks; calls core/raw. Threads: the
 * process's only one. Memory: the window. Complexity: linear in both lists. */
#include "region/process_plan.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PATH_BYTES = 4096 };

static bool open_file(planning *plan, size_t index)
{
    firn_process_work *work = plan->work;
    const firn_mapping *mapping = &plan->tables->mappings[index];
    char path[PATH_BYTES + 1];
    uint32_t device;
    uint64_t inode;
    if (plan->fds[index] >= 0)
        return true;
    const char *cause = "a file that the process had mapped is not there";
    if (mapping->name_bytes == 0 || mapping->name_bytes > PATH_BYTES)
        return firn_process_work_fail(work, FIRN_CHANGED, 0, cause);
    firn_bytes_copy(path, plan->tables->names + mapping->name_at, mapping->name_bytes);
    path[mapping->name_bytes] = '\0';
    long fd = firn_raw_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return firn_process_work_fail(work, FIRN_CHANGED, fd, cause);
    plan->fds[index] = (int)fd;
    long result = firn_raw_identity((int)fd, &device, &inode);
    if (result < 0)
        return firn_process_work_fail_call(work, result, cause);
    return (device == mapping->device && inode == mapping->inode) ||
           firn_process_work_fail(work, FIRN_CHANGED, 0,
                                  "a file that the process had mapped is another one now");
}

static bool map_anew(planning *plan, size_t index, uint64_t start, uint64_t end, bool taken)
{
    const firn_mapping *mapping = &plan->tables->mappings[index];
    int flags = MAP_PRIVATE | (taken ? MAP_FIXED : MAP_FIXED_NOREPLACE);
    int fd = -1;
    uint64_t offset = 0;
    if (mapping->kind == FIRN_MAPPING_ANONYMOUS) {
        flags |= MAP_ANONYMOUS | MAP_NORESERVE;
    } else {
        fd = mapping->kind == FIRN_MAPPING_TEMPLATE ? plan->work->zygote->fd : plan->fds[index];
        offset = mapping->offset + (start - mapping->start);
    }
    plan->result = firn_raw_map(start, end - start, mapping->rights, flags, fd, offset);
    return plan->result == (long)start;
}

/* What is to be done between start and end, where wanted and there are one mapping each or NULL. */
static bool step(planning *plan, uint64_t start, uint64_t end, const firn_mapping *wanted,
                 const firn_mapping *there)
{
    if (plan->renews && (wanted == NULL || wanted->kind == FIRN_MAPPING_FILE))
        return true;
    if (there != NULL && start >= plan->gone_start && end <= plan->gone_end)
        there = NULL;
    if (there != NULL && (!firn_mapping_is_private(there) || there->kind == FIRN_MAPPING_STACK)) {
        return wanted == NULL || plan->renews ||
               firn_process_work_fail(plan->work, FIRN_UNSUPPORTED, 0,
                                      "something else lies where the process had memory");
    }
    if (wanted == NULL)
        return there == NULL || !plan->real || firn_raw_unmap(start, end - start) == 0;
    const size_t index = (size_t)(wanted - plan->tables->mappings);
    if (there != NULL && firn_mapping_same_content(wanted, there, start)) {
        if (plan->real && wanted->rights != there->rights)
            plan->result = firn_raw_protect(start, end - start, wanted->rights);
        return plan->result >= 0;
    }
    if (plan->real)
        return map_anew(plan, index, start, end, there != NULL);
    return wanted->kind != FIRN_MAPPING_FILE || open_file(plan, index);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool concerns(const firn_mapping *wanted)
{
    return firn_mapping_is_private(wanted) && wanted->kind != FIRN_MAPPING_STACK;
}

static bool walk(planning *plan)
{
    const firn_mapping *wanted = plan->tables->mappings;
    const firn_mapping *wanted_end = wanted + plan->header->mapping_count;
    const firn_mapping *there = plan->own.mappings, *there_end = there + plan->own.count;
    for (uint64_t at = 0;;) {
        while (wanted < wanted_end && (!concerns(wanted) || wanted->end <= at))
            wanted++;
        while (there < there_end && there->end <= at)
            there++;
        if (wanted == wanted_end && there == there_end)
            return true;
        uint64_t wanted_start = wanted < wanted_end ? wanted->start : UINT64_MAX;
        uint64_t there_start = there < there_end ? there->start : UINT64_MAX;
        if (at < wanted_start && at < there_start) {
            at = smaller(wanted_start, there_start);
            continue;
        }
        uint64_t end = smaller(at < wanted_start ? wanted_start : wanted->end,
                               at < there_start ? there_start : there->end);
        if (at < plan->gone_start)
            end = smaller(end, plan->gone_start);
        else if (at < plan->gone_end)
            end = smaller(end, plan->gone_end);
        if (!step(plan, at, end, at < wanted_start ? NULL : wanted,
                  at < there_start ? NULL : there))
            return false;
        at = end;
    }
}

static void close_files(planning *plan)
{
    for (uint32_t i = 0; i < plan->header->mapping_count; i++) {
        if (plan->fds[i] >= 0)
            firn_raw_close(plan->fds[i]);
    }
}

bool firn_process_plan_make(planning *plan, firn_process_work *work,
                            const firn_process_image_header *header,
                            const firn_process_image_tables *tables)
{
    *plan = (planning){.work = work, .header = header, .tables = tables};
    plan->fds = firn_process_work_take(work, header->mapping_count * sizeof plan->fds[0]);
    if (plan->fds == NULL)
        return false;
    for (uint32_t i = 0; i < header->mapping_count; i++)
        plan->fds[i] = -1;
    plan->brk = firn_raw_brk(0);
    if (header->brk > plan->brk && firn_raw_brk(header->brk) != header->brk)
        return firn_process_work_fail(work, FIRN_NO_MEMORY, 0,
                                      "the heap cannot be made as large as it was");
    if (header->brk < plan->brk) {
        plan->gone_start = firn_page_up(header->brk);
        plan->gone_end = firn_page_up(plan->brk);
    }
    if (firn_process_work_list_own(work, "/proc/self/maps", &plan->own) && walk(plan))
        return true;
    close_files(plan);
    if (header->brk > plan->brk)
        (void)firn_raw_brk(plan->brk);
    return false;
}

bool firn_process_plan_carry_out(planning *plan)
{
    if (plan->header->brk < plan->brk && firn_raw_brk(plan->header->brk) != plan->header->brk)
        return false;
    plan->real = true;
    bool done = walk(plan);
    close_files(plan);
    return done;
}

bool firn_process_plan_renew(firn_process_work *work)
{
    const firn_process_template *zygote = work->zygote;
    const uint64_t bytes = zygote->mapping_count * sizeof(firn_mapping);
    const firn_process_image_header header = {.mapping_count = zygote->mapping_count};
    firn_mapping *mappings = firn_process_work_take(work, bytes);
    if (mappings == NULL)
        return false;
    long result = firn_raw_read_at(zygote->fd, mappings, bytes, 0);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "the template cannot be read");
    const firn_process_image_tables tables = {.mappings = mappings};
    planning plan = {
        .work = work, .header = &header, .tables = &tables, .real = true, .renews = true};
    if (!firn_process_work_list_own(work, "/proc/self/maps", &plan.own))
        return false;
    return walk(&plan) ||
           firn_process_work_fail_call(work, plan.result, "the template's memory cannot be mapped");
}
