/* Walks a folder without following links and without recursion: folders to come stand on a stack.
 * See scan.h. `index` and `update` call it once; it calls firn_folder_visit and firn_path_kind_get
 * for all that touches the disk.
 *
 * Memory: paths of sources, folders and skipped entries in an arena; other names are not kept. */
#include "code/scan.h"

#include "code/ignore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <firn/file.h>

struct walk {
    struct scan *scan;
    const struct scan_options *options;
    const struct exclude *exclude;
    struct ignore ignore;
    const char **folders; /* to come; relative, "" for the root */
    size_t folder_count, folder_capacity;
    char *path; /* the entry at hand: root, slash, relative path */
    size_t path_capacity;
    size_t root_size;   /* of the root and its slash */
    size_t folder_size; /* of the root, the folder at hand, and their slashes */
    bool has_store;
    uint64_t store_device, store_inode;
};

/* --- results --- */

static firn_status add_file(struct scan *scan, const char *path, const struct language *language,
                            const firn_file_info *info)
{
    void *files = scan->files;
    if (!firn_grow(scan->allocator, &files, &scan->file_capacity, scan->file_count + 1,
                   sizeof *scan->files))
        return FIRN_NO_MEMORY;
    scan->files = files;
    char *copy = firn_arena_strndup(&scan->arena, path, strlen(path));
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    scan->files[scan->file_count++] =
        (struct scan_file){copy, language, info->size, info->mtime_ns};
    scan->source_bytes += info->size;
    return FIRN_OK;
}

firn_status scan_skip(struct scan *scan, const char *path, const char *reason)
{
    void *skipped = scan->skipped;
    if (!firn_grow(scan->allocator, &skipped, &scan->skipped_capacity, scan->skipped_count + 1,
                   sizeof *scan->skipped))
        return FIRN_NO_MEMORY;
    scan->skipped = skipped;
    struct scan_skipped entry = {firn_arena_strndup(&scan->arena, path, strlen(path)),
                                 firn_arena_strndup(&scan->arena, reason, strlen(reason))};
    if (entry.path == NULL || entry.reason == NULL)
        return FIRN_NO_MEMORY;
    scan->skipped[scan->skipped_count++] = entry;
    return FIRN_OK;
}

static int compare_files(const void *left, const void *right)
{
    return strcmp(((const struct scan_file *)left)->path, ((const struct scan_file *)right)->path);
}

static int compare_skipped(const void *left, const void *right)
{
    return strcmp(((const struct scan_skipped *)left)->path,
                  ((const struct scan_skipped *)right)->path);
}

void scan_sort_skipped(struct scan *scan)
{
    if (scan->skipped_count > 0)
        qsort(scan->skipped, scan->skipped_count, sizeof *scan->skipped, compare_skipped);
}

static const char *reason_of(const firn_error *error)
{
    switch (error->os_errno) {
    case 0:
        return firn_status_text(error->status);
    case ENOENT:
        return "vanished while the folder was read";
    case EACCES:
    case EPERM:
        return "permission denied";
    case ENAMETOOLONG:
        return "path too long";
    default:
        return strerror(error->os_errno);
    }
}

/* --- entries --- */

static const char *relative(const struct walk *walk)
{
    return walk->path + walk->root_size;
}

/* Puts name behind the folder at hand. */
static bool set_path(struct walk *walk, const char *name)
{
    size_t size = strlen(name) + 1;
    void *path = walk->path;

    /* 3 more, for the suffix that follows a link. */
    if (!firn_grow(walk->scan->allocator, &path, &walk->path_capacity, walk->folder_size + size + 3,
                   1))
        return false;
    walk->path = path;
    memcpy(walk->path + walk->folder_size, name, size);
    return true;
}

static firn_status push_folder(struct walk *walk, const char *path)
{
    void *folders = walk->folders;
    if (!firn_grow(walk->scan->allocator, &folders, &walk->folder_capacity, walk->folder_count + 1,
                   sizeof *walk->folders))
        return FIRN_NO_MEMORY;
    walk->folders = folders;
    char *copy = firn_arena_strndup(&walk->scan->arena, path, strlen(path));
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    walk->folders[walk->folder_count++] = copy;
    return FIRN_OK;
}

/* What a link that is not followed is listed as; NULL when it is nobody's business. A path that
 * ends in "/." follows the link without opening what it names. */
static const char *link_reason(struct walk *walk)
{
    size_t size = strlen(walk->path);
    firn_path_kind kind;
    firn_error error = {0};

    memcpy(walk->path + size, "/.", 3);
    firn_status status = firn_path_kind_get(walk->path, &kind, NULL, &error);
    walk->path[size] = '\0';
    if (status != FIRN_OK && error.os_errno == ENOENT)
        return "dangling symbolic link";
    if (status != FIRN_OK && error.os_errno == ELOOP)
        return "loop of symbolic links";
    return language_by_path(relative(walk)) == NULL ? NULL : "symbolic link, not followed";
}

static bool is_store(const struct walk *walk, const firn_file_info *info)
{
    return walk->has_store && info->device == walk->store_device &&
           info->inode == walk->store_inode;
}

static bool is_repository(const char *name)
{
    return strcmp(name, ".git") == 0 || strcmp(name, ".hg") == 0 || strcmp(name, ".svn") == 0;
}

/* The user's patterns decide before the tree's ignore files. */
static bool is_left_out(const struct walk *walk, bool is_folder)
{
    const enum exclude_verdict verdict =
        walk->exclude != NULL ? exclude_decide(walk->exclude, relative(walk), is_folder)
                              : EXCLUDE_NOTHING;
    if (verdict != EXCLUDE_NOTHING || walk->options->no_ignore)
        return verdict == EXCLUDE_OUT;
    return ignore_match(&walk->ignore, walk->path, is_folder);
}

/* An ignore file that cannot be read is one of the skipped paths; above the root it has no name
 * there, and is passed over. */
static firn_status skip_ignore(void *context, const char *path, const firn_error *error)
{
    struct walk *walk = context;
    if (strncmp(path, walk->path, walk->root_size) != 0)
        return FIRN_OK;
    return scan_skip(walk->scan, path + walk->root_size, reason_of(error));
}

static firn_status visit_file(struct walk *walk, const firn_file_info *info)
{
    return add_file(walk->scan, relative(walk), language_by_path(relative(walk)), info);
}

static firn_status visit_entry(void *context, const char *name)
{
    struct walk *walk = context;
    firn_path_kind kind;
    firn_file_info info;
    firn_error error = {0};

    if (is_repository(name))
        return FIRN_OK;
    if (!set_path(walk, name))
        return FIRN_NO_MEMORY;
    firn_status status = firn_path_kind_get(walk->path, &kind, &info, &error);
    if (status == FIRN_NO_MEMORY)
        return status;
    if (status != FIRN_OK)
        return scan_skip(walk->scan, relative(walk), reason_of(&error));
    if (kind == FIRN_PATH_FILE && language_by_path(name) == NULL)
        return FIRN_OK;
    if (is_left_out(walk, kind == FIRN_PATH_FOLDER))
        return FIRN_OK;

    const char *reason = NULL;
    switch (kind) {
    case FIRN_PATH_FILE:
        return visit_file(walk, &info);
    case FIRN_PATH_FOLDER:
        return is_store(walk, &info) ? FIRN_OK : push_folder(walk, relative(walk));
    case FIRN_PATH_LINK:
        reason = link_reason(walk);
        break;
    case FIRN_PATH_OTHER:
        reason = "a FIFO, socket or device";
        break;
    }
    return reason == NULL ? FIRN_OK : scan_skip(walk->scan, relative(walk), reason);
}

/* --- folders --- */

/* Visits the names in the folder at hand. Its path is copied, because the visit of a name changes
 * and may move the walk's. */
static firn_status visit_names(struct walk *walk, firn_error *ret_error)
{
    size_t size = walk->folder_size + 1;
    char *path = firn_allocate(walk->scan->allocator, size);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    memcpy(path, walk->path, size);
    firn_status status = firn_folder_visit(path, visit_entry, walk, ret_error);
    firn_release(walk->scan->allocator, path, size);
    return status;
}

static firn_status visit_folder(struct walk *walk, const char *folder, firn_error *ret_error)
{
    bool is_root = folder[0] == '\0';
    firn_error error = {0};

    walk->folder_size = walk->root_size;
    if (!set_path(walk, folder))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s", firn_status_text(FIRN_NO_MEMORY));
    walk->folder_size += strlen(folder);
    if (!is_root) {
        walk->path[walk->folder_size++] = '/';
        walk->path[walk->folder_size] = '\0';
    }
    firn_status status = FIRN_OK;
    if (walk->options->folder != NULL)
        status = walk->options->folder(walk->options->context, walk->path, ret_error);
    if (status == FIRN_OK && !walk->options->no_ignore &&
        ignore_enter(&walk->ignore, walk->path, skip_ignore, walk) != FIRN_OK)
        status =
            firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s", firn_status_text(FIRN_NO_MEMORY));
    if (status != FIRN_OK)
        return status;
    status = visit_names(walk, &error);
    if (status == FIRN_OK)
        return FIRN_OK;
    if (status == FIRN_NO_MEMORY)
        return firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
    if (is_root) {
        if (ret_error != NULL)
            *ret_error = error;
        return status;
    }
    if (scan_skip(walk->scan, folder, reason_of(&error)) != FIRN_OK)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s", firn_status_text(FIRN_NO_MEMORY));
    return FIRN_OK;
}

static bool set_root(struct walk *walk, const char *root)
{
    size_t size = strlen(root);

    while (size > 1 && root[size - 1] == '/')
        size--;
    void *path = NULL;
    if (!firn_grow(walk->scan->allocator, &path, &walk->path_capacity, size + 8, 1))
        return false;
    walk->path = path;
    memcpy(walk->path, root, size);
    if (walk->path[size - 1] != '/')
        walk->path[size++] = '/';
    walk->root_size = size;
    return true;
}

static void find_store(struct walk *walk, const char *store)
{
    firn_path_kind kind;
    firn_file_info info;

    if (store == NULL || firn_path_kind_get(store, &kind, &info, NULL) != FIRN_OK)
        return;
    walk->has_store = true;
    walk->store_device = info.device;
    walk->store_inode = info.inode;
}

firn_status scan_run(const char *root, const struct scan_options *options, struct scan *ret_scan,
                     firn_error *ret_error)
{
    struct scan scan = {.allocator = options->allocator};
    struct walk walk = {.scan = &scan, .options = options, .exclude = options->exclude};
    firn_status status;

    if (root[0] == '\0')
        return firn_error_set(ret_error, FIRN_INVALID, 0, "the folder's name is empty");
    status = firn_arena_init(&scan.arena, &(firn_arena_options){.allocator = options->allocator});
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
    ignore_init(&walk.ignore, options->allocator);
    find_store(&walk, options->store);
    status = set_root(&walk, root) ? push_folder(&walk, "") : FIRN_NO_MEMORY;
    if (status == FIRN_OK && !options->no_ignore && root[0] == '/') {
        walk.path[walk.root_size] = '\0';
        status = ignore_above(&walk.ignore, walk.path, skip_ignore, &walk);
    }
    if (status != FIRN_OK)
        firn_error_set(ret_error, status, 0, "%s", firn_status_text(status));
    while (status == FIRN_OK && walk.folder_count > 0)
        status = visit_folder(&walk, walk.folders[--walk.folder_count], ret_error);

    firn_release(scan.allocator, walk.folders, walk.folder_capacity * sizeof *walk.folders);
    firn_release(scan.allocator, walk.path, walk.path_capacity);
    ignore_fini(&walk.ignore);
    if (status != FIRN_OK) {
        scan_fini(&scan);
        return status;
    }
    if (scan.file_count > 0)
        qsort(scan.files, scan.file_count, sizeof *scan.files, compare_files);
    scan_sort_skipped(&scan);
    *ret_scan = scan;
    return FIRN_OK;
}

void scan_fini(struct scan *scan)
{
    firn_release(scan->allocator, scan->files, scan->file_capacity * sizeof *scan->files);
    firn_release(scan->allocator, scan->skipped, scan->skipped_capacity * sizeof *scan->skipped);
    firn_arena_fini(&scan->arena);
    *scan = (struct scan){.allocator = scan->allocator};
}
