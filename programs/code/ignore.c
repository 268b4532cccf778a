/* See ignore.h. A level is one ignore file; levels stand in the order in which the walk came to
 * them, those of a folder as .git/info/exclude, .gitignore, .ignore.
 *
 * Memory: the patterns of the folders above the one at hand. Time: an entry costs its levels'
 * patterns, of which most are passed over by their last bytes (exclude.c). */
#include "code/ignore.h"

#include "code/exclude.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <firn/file.h>

#define IGNORE_MAX_BYTES (1u << 20) /* of an ignore file */

enum ignore_kind { IGNORE_GIT, IGNORE_OWN };

struct ignore_level {
    struct exclude patterns;
    char *folder; /* ends in a slash */
    size_t folder_size;
    enum ignore_kind kind;
    bool ends_git; /* the folder holds a repository: no .gitignore above it counts */
};

struct reading {
    struct ignore *ignore;
    const char *folder;
    ignore_skip_fn skip;
    void *context;
};

void ignore_init(struct ignore *ignore, const firn_allocator *allocator)
{
    *ignore = (struct ignore){.allocator = allocator};
}

static void drop_level(struct ignore *ignore)
{
    struct ignore_level *level = &ignore->levels[--ignore->count];
    exclude_fini(&level->patterns);
    firn_release(ignore->allocator, level->folder, level->folder_size + 1);
}

void ignore_fini(struct ignore *ignore)
{
    while (ignore->count > 0)
        drop_level(ignore);
    firn_release(ignore->allocator, ignore->levels, ignore->capacity * sizeof *ignore->levels);
    ignore_init(ignore, ignore->allocator);
}

bool ignore_is_file(const char *name)
{
    return strcmp(name, ".gitignore") == 0 || strcmp(name, ".ignore") == 0;
}

/* --- reading --- */

/* Adds a level without patterns for the folder being read; NULL when there is no memory. */
static struct ignore_level *add_level(const struct reading *reading, enum ignore_kind kind)
{
    struct ignore *ignore = reading->ignore;
    struct ignore_level level = {.folder_size = strlen(reading->folder), .kind = kind};
    void *levels = ignore->levels;
    if (!firn_grow(ignore->allocator, &levels, &ignore->capacity, ignore->count + 1,
                   sizeof *ignore->levels))
        return NULL;
    ignore->levels = levels;
    level.folder = firn_allocate(ignore->allocator, level.folder_size + 1);
    if (level.folder == NULL)
        return NULL;
    memcpy(level.folder, reading->folder, level.folder_size + 1);
    exclude_init(&level.patterns, ignore->allocator);
    ignore->levels[ignore->count] = level;
    return &ignore->levels[ignore->count++];
}

/* Takes off blanks at a line's end that no backslash keeps. */
static void trim(char *line)
{
    char *blanks = NULL;
    for (char *at = line; *at != '\0'; at++) {
        if (*at == ' ') {
            blanks = blanks != NULL ? blanks : at;
            continue;
        }
        blanks = NULL;
        if (*at == '\\' && at[1] != '\0')
            at++;
    }
    if (blanks != NULL)
        *blanks = '\0';
}

/* Adds the pattern of a line; what is none is passed over. */
static firn_status add_line(struct ignore_level *level, char *line, size_t size)
{
    if (size > 0 && line[size - 1] == '\r')
        line[size - 1] = '\0';
    if (line[0] == '#')
        return FIRN_OK;
    trim(line);
    const firn_status status = exclude_add(&level->patterns, line);
    return status == FIRN_NO_MEMORY ? status : FIRN_OK;
}

/* text has room for a NUL behind its size bytes. */
static firn_status add_lines(struct ignore_level *level, char *text, size_t size)
{
    firn_status status = FIRN_OK;
    size_t at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    text[size] = '\0';
    while (at < size && status == FIRN_OK) {
        char *line = text + at;
        char *end = memchr(line, '\n', size - at);
        const size_t line_size = end != NULL ? (size_t)(end - line) : size - at;
        line[line_size] = '\0';
        status = add_line(level, line, line_size);
        at += line_size + 1;
    }
    return status;
}

static firn_status add_text(const struct reading *reading, enum ignore_kind kind, const void *data,
                            size_t size)
{
    const firn_allocator *allocator = reading->ignore->allocator;
    struct ignore_level *level = add_level(reading, kind);
    char *text = level != NULL ? firn_allocate(allocator, size + 1) : NULL;
    if (text == NULL)
        return FIRN_NO_MEMORY;
    memcpy(text, data, size);
    firn_status status = add_lines(level, text, size);
    firn_release(allocator, text, size + 1);
    return status;
}

/* Whether there is such a file: in a folder that may not be searched, nobody can tell, and the
 * folder itself is told about. */
static bool is_there(const char *path)
{
    firn_path_kind kind;
    return firn_path_kind_get(path, &kind, NULL, NULL) == FIRN_OK;
}

/* Reads an ignore file of the folder, if there is one. */
static firn_status read_file(const struct reading *reading, const char *name, enum ignore_kind kind)
{
    const firn_allocator *allocator = reading->ignore->allocator;
    const size_t size = strlen(reading->folder) + strlen(name) + 1;
    firn_error error = {.status = FIRN_OK};
    void *data = NULL;
    size_t data_size = 0;
    char *path = firn_allocate(allocator, size);
    if (path == NULL)
        return FIRN_NO_MEMORY;
    snprintf(path, size, "%s%s", reading->folder, name);
    firn_status status =
        firn_file_read_all(path, IGNORE_MAX_BYTES, allocator, &data, &data_size, NULL, &error);
    if (status == FIRN_OK && data_size > 0)
        status = add_text(reading, kind, data, data_size);
    else if (status == FIRN_NOT_FOUND || error.os_errno == ENOTDIR ||
             (status == FIRN_PERMISSION && !is_there(path)))
        status = FIRN_OK;
    else if (status != FIRN_OK && status != FIRN_NO_MEMORY)
        status = reading->skip(reading->context, path, &error);
    firn_release(allocator, data, data_size);
    firn_release(allocator, path, size);
    return status;
}

static firn_status has_repository(const struct ignore *ignore, const char *folder, size_t size,
                                  bool *ret_has)
{
    char *path = firn_allocate(ignore->allocator, size + sizeof ".git");
    if (path == NULL)
        return FIRN_NO_MEMORY;
    memcpy(path, folder, size);
    memcpy(path + size, ".git", sizeof ".git");
    *ret_has = is_there(path);
    firn_release(ignore->allocator, path, size + sizeof ".git");
    return FIRN_OK;
}

static firn_status read_folder(const struct reading *reading)
{
    struct ignore *ignore = reading->ignore;
    bool has_git = false;
    firn_status status = has_repository(ignore, reading->folder, strlen(reading->folder), &has_git);
    if (status == FIRN_OK && has_git) {
        status = add_level(reading, IGNORE_GIT) != NULL ? FIRN_OK : FIRN_NO_MEMORY;
        if (status == FIRN_OK) {
            ignore->levels[ignore->count - 1].ends_git = true;
            status = read_file(reading, ".git/info/exclude", IGNORE_GIT);
        }
    }
    if (status == FIRN_OK)
        status = read_file(reading, ".gitignore", IGNORE_GIT);
    return status == FIRN_OK ? read_file(reading, ".ignore", IGNORE_OWN) : status;
}

/* --- the walk --- */

static size_t parent_size(const char *path, size_t size)
{
    do
        size--;
    while (size > 0 && path[size - 1] != '/');
    return size;
}

/* Reads the files of the folder that is the first size bytes of path. */
static firn_status read_prefix(struct ignore *ignore, const char *path, size_t size,
                               ignore_skip_fn skip, void *context)
{
    char *folder = firn_allocate(ignore->allocator, size + 1);
    if (folder == NULL)
        return FIRN_NO_MEMORY;
    memcpy(folder, path, size);
    folder[size] = '\0';
    firn_status status = read_folder(&(struct reading){ignore, folder, skip, context});
    firn_release(ignore->allocator, folder, size + 1);
    return status;
}

firn_status ignore_above(struct ignore *ignore, const char *root, ignore_skip_fn skip,
                         void *context)
{
    size_t size = strlen(root);
    bool has_git = false;
    firn_status status = has_repository(ignore, root, size, &has_git);
    if (status != FIRN_OK || has_git)
        return status;
    while (status == FIRN_OK && !has_git && size > 1) {
        size = parent_size(root, size);
        status = has_repository(ignore, root, size, &has_git);
    }
    while (status == FIRN_OK && has_git && root[size] != '\0') {
        status = read_prefix(ignore, root, size, skip, context);
        size += strcspn(root + size, "/") + 1;
    }
    return status;
}

firn_status ignore_enter(struct ignore *ignore, const char *folder, ignore_skip_fn skip,
                         void *context)
{
    while (ignore->count > 0) {
        const struct ignore_level *level = &ignore->levels[ignore->count - 1];
        if (strncmp(folder, level->folder, level->folder_size) == 0)
            break;
        drop_level(ignore);
    }
    return read_folder(&(struct reading){ignore, folder, skip, context});
}

/* What the levels of a kind say, the deepest first. */
static enum exclude_verdict verdict(const struct ignore *ignore, enum ignore_kind kind,
                                    const char *path, bool is_folder)
{
    for (size_t i = ignore->count; i-- > 0;) {
        const struct ignore_level *level = &ignore->levels[i];
        if (level->kind != kind)
            continue;
        const enum exclude_verdict verdict =
            exclude_decide(&level->patterns, path + level->folder_size, is_folder);
        if (verdict != EXCLUDE_NOTHING || level->ends_git)
            return verdict;
    }
    return EXCLUDE_NOTHING;
}

bool ignore_match(const struct ignore *ignore, const char *path, bool is_folder)
{
    enum exclude_verdict own = verdict(ignore, IGNORE_OWN, path, is_folder);
    if (own == EXCLUDE_NOTHING)
        own = verdict(ignore, IGNORE_GIT, path, is_folder);
    return own == EXCLUDE_OUT;
}
