/* Finds the sources below a folder: a list sorted by path of files that have a language, and a list
 * of what was passed over and why. Links are not followed; `.git`, `.hg`, `.svn` and the store's
 * own folder are left out, as is what the patterns exclude, or the tree's ignore files where the
 * patterns say nothing. Files without a known suffix are passed over silently. */
#ifndef CODE_SCAN_H
#define CODE_SCAN_H

#include <firn/arena.h>
#include "code/exclude.h"
#include "code/language.h"

struct scan_file {
    const char *path; /* relative to the root, any bytes but NUL */
    const struct language *language;
    uint64_t size;
    int64_t mtime_ns;
};

struct scan_skipped {
    const char *path;
    const char *reason; /* one line, such as "permission denied" */
};

/* Called for each folder before its names are read, with its whole path; a failure ends the scan.
 */
typedef firn_status (*scan_folder_fn)(void *context, const char *path, firn_error *ret_error);

struct scan_options {
    const firn_allocator *allocator; /* NULL: the system's */
    const struct exclude *exclude;   /* NULL: nothing */
    bool no_ignore;                  /* .gitignore, .ignore and the like mean nothing */
    const char *store;               /* a folder to leave out (as the user names it); may be NULL */
    scan_folder_fn folder;           /* may be NULL */
    void *context;                   /* for it */
};

/* The result; paths and reasons live until scan_fini. */
struct scan {
    struct scan_file *files; /* sorted by path, as bytes */
    size_t file_count;
    struct scan_skipped *skipped; /* sorted likewise */
    size_t skipped_count;
    uint64_t source_bytes; /* of all files */

    size_t file_capacity; /* private from here */
    size_t skipped_capacity;
    firn_arena arena;
    const firn_allocator *allocator;
};

/* Walks root. What cannot be read is listed as skipped; the call itself fails when root is not a
 * folder or cannot be read, or when memory ends (ret_error tells which). The caller's struct needs
 * no preparation and, on success, scan_fini. */
FIRN_NODISCARD firn_status scan_run(const char *root, const struct scan_options *options,
                                    struct scan *ret_scan, firn_error *ret_error);
void scan_fini(struct scan *scan);

/* Adds a path to the skipped ones, for what turns out later (the text is copied). They are sorted
 * again by scan_sort_skipped. */
FIRN_NODISCARD firn_status scan_skip(struct scan *scan, const char *path, const char *reason);
void scan_sort_skipped(struct scan *scan);

#endif
