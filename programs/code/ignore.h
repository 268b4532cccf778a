/* What the ignore files of a tree leave out: `.ignore` and `.gitignore` of each folder, and of a
 * repository `.git/info/exclude`, with the rules of gitignore(5) and the ranks of ripgrep. An
 * `.ignore` decides before any `.gitignore`, a deeper file before those above it, a later pattern
 * before an earlier one; of a repository inside another, only its own `.gitignore`s count. What
 * they leave out is looked at no further, so nothing below an ignored folder comes back.
 *
 * One thread uses it, in the order of a walk: what lies below a folder before what stands beside
 * it. */
#ifndef CODE_IGNORE_H
#define CODE_IGNORE_H

#include <firn/allocator.h>
#include <firn/status.h>

struct ignore_level;

struct ignore {
    struct ignore_level *levels; /* private, as are the others; of folders above one another */
    size_t count;
    size_t capacity;
    const firn_allocator *allocator;
};

/* Told of an ignore file that cannot be read, and why; a failure ends the call. */
typedef firn_status (*ignore_skip_fn)(void *context, const char *path, const firn_error *error);

void ignore_init(struct ignore *ignore, const firn_allocator *allocator);
void ignore_fini(struct ignore *ignore);

/* Reads those of the folders above root, an absolute path that ends in a slash, up to the one that
 * holds the repository; none when root is in no repository, or holds it. FIRN_NO_MEMORY, or what
 * skip returned. */
FIRN_NODISCARD firn_status ignore_above(struct ignore *ignore, const char *root,
                                        ignore_skip_fn skip, void *context);

/* Goes on to a folder, whose path ends in a slash, and reads its files. As ignore_above. */
FIRN_NODISCARD firn_status ignore_enter(struct ignore *ignore, const char *folder,
                                        ignore_skip_fn skip, void *context);

/* Whether an entry of the folder that was entered last is left out. */
bool ignore_match(const struct ignore *ignore, const char *path, bool is_folder);

/* Whether a name is that of an ignore file. */
bool ignore_is_file(const char *name);

#endif
