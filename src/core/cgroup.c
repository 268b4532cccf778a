/* Limits of control groups. A process is in one group of the v2 hierarchy and in one group of each
 * v1 controller; every ancestor's limit binds it too. /proc/self/cgroup says in which group,
 * /proc/self/mountinfo where that hierarchy is mounted, and which part of it (in a container
 * often only a part). Both versions may be in use at once, so both are asked, and the least counts.
 *
 * Called by system.c; calls kernel_text.c. Threads: no state. Memory: a few paths on the stack.
 * Follows Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the kernel.
 */
#include "core/cgroup.h"

#include "core/kernel_text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* v1 says "no limit" by the largest number of whole pages. */
#define V1_UNLIMITED_BYTES ((uint64_t)1 << 60)

/* Where the group of this process is seen. */
struct place {
    char path[PATH_MAX]; /* of the group's folder, root included */
    size_t mount_size;   /* the part of path that is the mount point: the walk up ends there */
};

typedef void (*visit_fn)(void *context, const char *folder);

/* Whether list, names parted by commas, has name in it. */
static bool list_has(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += size) {
        bool begins = at == list || at[-1] == ',';
        if (begins && (at[size] == '\0' || at[size] == ','))
            return true;
    }
    return false;
}

/* Cuts text at the next `end` and returns what follows, NULL when there is none. */
static char *cut(char *text, char end)
{
    char *at = text != NULL ? strchr(text, end) : NULL;
    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + 1;
}

/* Finds the process's group below a v1 controller, or with NULL the v2 one. Lines are
 * `id:controllers:path`. */
static bool find_group(const char *root, const char *controller, char ret_group[PATH_MAX])
{
    firn_kernel_lines lines;
    if (!firn_kernel_lines_open(&lines, root, "/proc/self/cgroup"))
        return false;
    bool found = false;
    for (char *line; !found && (line = firn_kernel_lines_next(&lines)) != NULL;) {
        char *controllers = cut(line, ':');
        char *group = cut(controllers, ':');
        if (group == NULL)
            continue;
        found = controller != NULL ? list_has(controllers, controller) : *controllers == '\0';
        if (found)
            found = snprintf(ret_group, PATH_MAX, "%s", group) < PATH_MAX;
    }
    firn_kernel_lines_close(&lines);
    return found;
}

/* The part of group below the part of the hierarchy that is mounted; "" when it is not below. */
static const char *below(const char *group, const char *mounted)
{
    size_t size = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
    if (strncmp(group, mounted, size) != 0 || group[size] != '/' || strstr(group, "/..") != NULL)
        return "";
    return group[size + 1] == '\0' ? "" : group + size;
}

/* Takes a mountinfo line apart: `id parent device mounted mount_point options... - type source
 * super_options`. Returns whether it is the mount that is looked for. */
static bool is_mount(char *line, const char *controller, char **ret_mounted, char **ret_point)
{
    char *tail = strstr(line, " - ");
    if (tail == NULL)
        return false;
    *tail = '\0';
    char *type = tail + 3;
    char *options = cut(cut(type, ' '), ' ');
    char *mounted = cut(cut(cut(line, ' '), ' '), ' ');
    char *point = cut(mounted, ' ');
    cut(point, ' ');
    if (options == NULL || point == NULL)
        return false;
    *ret_mounted = mounted;
    *ret_point = point;
    if (controller == NULL)
        return strcmp(type, "cgroup2") == 0;
    return strcmp(type, "cgroup") == 0 && list_has(options, controller);
}

static bool find_place(const char *root, const char *controller, struct place *ret_place)
{
    char group[PATH_MAX];
    firn_kernel_lines lines;
    if (!find_group(root, controller, group) ||
        !firn_kernel_lines_open(&lines, root, "/proc/self/mountinfo"))
        return false;
    bool found = false;
    for (char *line; !found && (line = firn_kernel_lines_next(&lines)) != NULL;) {
        char *mounted, *point;
        if (!is_mount(line, controller, &mounted, &point))
            continue;
        int size = snprintf(ret_place->path, PATH_MAX, "%s%s", root, point);
        if (size < 0 || size >= PATH_MAX)
            continue;
        ret_place->mount_size = (size_t)size;
        size_t room = PATH_MAX - (size_t)size;
        found = (size_t)snprintf(ret_place->path + size, room, "%s", below(group, mounted)) < room;
    }
    firn_kernel_lines_close(&lines);
    return found;
}

/* Visits the group's folder and those of all ancestors that can be seen. */
static void visit_up(struct place *place, visit_fn visit, void *context)
{
    for (;;) {
        visit(context, place->path);
        char *slash = strrchr(place->path, '/');
        if (slash == NULL || (size_t)(slash - place->path) < place->mount_size)
            return;
        *slash = '\0';
    }
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Lowers *memory by one limit. Pages of files that nobody has used lately count as free, as the
 * kernel drops them before anything else. */
static void apply_limit(firn_cgroup_memory *memory, uint64_t limit, uint64_t used,
                        uint64_t droppable)
{
    if (limit >= V1_UNLIMITED_BYTES)
        return;
    used -= at_most(used, droppable);
    memory->limit_bytes = at_most(memory->limit_bytes, limit);
    memory->room_bytes = at_most(memory->room_bytes, limit - at_most(limit, used));
}

static void memory_v2(void *context, const char *folder)
{
    uint64_t max = UINT64_MAX, high = UINT64_MAX, used = 0, droppable = 0;
    firn_kernel_number(folder, "/memory.max", &max);
    firn_kernel_number(folder, "/memory.high", &high);
    firn_kernel_number(folder, "/memory.current", &used);
    firn_kernel_sum(folder, "/memory.stat", "inactive_file", &droppable);
    /* Above memory.high the kernel slows the process down until it is below again. */
    apply_limit(context, at_most(max, high), used, droppable);
}

static void memory_v1(void *context, const char *folder)
{
    uint64_t limit = UINT64_MAX, used = 0, droppable = 0;
    firn_kernel_number(folder, "/memory.limit_in_bytes", &limit);
    firn_kernel_number(folder, "/memory.usage_in_bytes", &used);
    firn_kernel_sum(folder, "/memory.stat", "total_inactive_file", &droppable);
    apply_limit(context, limit, used, droppable);
}

void firn_cgroup_memory_get(const char *root, firn_cgroup_memory *ret_memory)
{
    firn_cgroup_memory memory = {UINT64_MAX, UINT64_MAX};
    struct place place;
    if (find_place(root, NULL, &place))
        visit_up(&place, memory_v2, &memory);
    if (find_place(root, "memory", &place))
        visit_up(&place, memory_v1, &memory);
    *ret_memory = memory;
}

bool firn_cgroup_folder(const char *root, char *ret_folder, size_t size)
{
    struct place place;
    return find_place(root, NULL, &place) &&
           (size_t)snprintf(ret_folder, size, "%s", place.path) < size;
}

static void apply_quota(uint32_t *processors, uint64_t quota, uint64_t period)
{
    if (quota == UINT64_MAX || quota == 0 || period == 0)
        return;
    uint64_t allowed = quota / period + (quota % period != 0);
    *processors = (uint32_t)at_most(*processors, allowed);
}

/* cpu.max is `quota period`, or `max period`. */
static void processors_v2(void *context, const char *folder)
{
    firn_kernel_lines lines;
    if (!firn_kernel_lines_open(&lines, folder, "/cpu.max"))
        return;
    const char *line = firn_kernel_lines_next(&lines);
    unsigned long long quota, period;
    if (line != NULL && sscanf(line, "%llu %llu", &quota, &period) == 2)
        apply_quota(context, quota, period);
    firn_kernel_lines_close(&lines);
}

static void processors_v1(void *context, const char *folder)
{
    uint64_t quota, period;
    if (firn_kernel_number(folder, "/cpu.cfs_quota_us", &quota) &&
        firn_kernel_number(folder, "/cpu.cfs_period_us", &period))
        apply_quota(context, quota, period);
}

uint32_t firn_cgroup_processors(const char *root)
{
    uint32_t processors = UINT32_MAX;
    struct place place;
    if (find_place(root, NULL, &place))
        visit_up(&place, processors_v2, &processors);
    if (find_place(root, "cpu", &place))
        visit_up(&place, processors_v1, &processors);
    return processors;
}
