/* Patterns of paths to leave out, as in .gitignore: `*` and `?` match within a name, `[a-z]`,
 * `[!a-z]` and `[[:alpha:]]` one character, `**` any number of folders, a slash at the start or
 * inside ties a pattern to the root, one at the end matches folders only, `!` takes in again what
 * an earlier pattern left out, `\` takes the next character as it is. A bracket that is not closed
 * and a `\` at the end match nothing. The last pattern that matches decides. A file below an
 * excluded folder cannot be taken in again.
 *
 * One thread adds; while none does, any number may match. */
#ifndef CODE_EXCLUDE_H
#define CODE_EXCLUDE_H

#include <firn/allocator.h>
#include <firn/status.h>

struct exclude_pattern;

struct exclude {
    struct exclude_pattern *patterns; /* private, as are the others */
    size_t count;
    size_t capacity;
    const firn_allocator *allocator;
};

void exclude_init(struct exclude *exclude, const firn_allocator *allocator);
void exclude_fini(struct exclude *exclude);

/* Adds a pattern, which is copied. FIRN_INVALID for an empty one or "!" or "/" alone, FIRN_LIMIT
 * for one above 4,096 bytes, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status exclude_add(struct exclude *exclude, const char *pattern);

/* The patterns as they were given, by numbers below exclude_count. */
size_t exclude_count(const struct exclude *exclude);
const char *exclude_text(const struct exclude *exclude, size_t number);

enum exclude_verdict { EXCLUDE_NOTHING, EXCLUDE_OUT, EXCLUDE_IN };

/* What the last pattern that matches says of path, which is relative to the root, without a slash
 * at its start or end. Its folders are taken as looked at before. Takes at most O(pattern * path)
 * steps. */
enum exclude_verdict exclude_decide(const struct exclude *exclude, const char *path,
                                    bool is_folder);

#endif
