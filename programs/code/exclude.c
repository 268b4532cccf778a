/* Patterns of paths to leave out. See exclude.h for their language; scan.c and ignore.c ask for
 * every path.
 *
 * Nouns: a pattern is *rooted* when it has a slash other than its last; others match the last name
 * of a path alone. Matching goes back to the latest star only (and to the latest `**`), so that it
 * takes O(pattern * path) steps for any input and no recursion: where a later star has matched, an
 * earlier one need not be tried again, because the later one covers whatever the earlier one could
 * give. Follows the rules of gitignore(5). */
#include "code/exclude.h"

#include <ctype.h>
#include <string.h>

#define PATTERN_MAX_BYTES 4096u
#define TAIL_MAX_BYTES 16u

struct exclude_pattern {
    char *given;
    char *text; /* without the marks at its ends */
    size_t size;
    uint8_t tail_size; /* of the bytes at its end that mean themselves: a path must end in them */
    bool rooted;
    bool folder_only;
    bool negated;
};

void exclude_init(struct exclude *exclude, const firn_allocator *allocator)
{
    *exclude = (struct exclude){.allocator = allocator};
}

void exclude_fini(struct exclude *exclude)
{
    for (size_t i = 0; i < exclude->count; i++) {
        struct exclude_pattern *pattern = &exclude->patterns[i];
        firn_release(exclude->allocator, pattern->given, strlen(pattern->given) + 1);
        firn_release(exclude->allocator, pattern->text, pattern->size + 1);
    }
    firn_release(exclude->allocator, exclude->patterns,
                 exclude->capacity * sizeof *exclude->patterns);
    exclude_init(exclude, exclude->allocator);
}

/* Takes the marks off the ends of *text, *size bytes, and notes them. */
static void strip_marks(struct exclude_pattern *pattern, const char **text, size_t *size)
{
    if (*size > 0 && (*text)[0] == '!') {
        pattern->negated = true;
        (*text)++, (*size)--;
    }
    if (*size > 0 && (*text)[*size - 1] == '/') {
        pattern->folder_only = true;
        (*size)--;
    }
    if (memchr(*text, '/', *size) != NULL)
        pattern->rooted = true;
    if (*size > 0 && (*text)[0] == '/')
        (*text)++, (*size)--;
}

/* Most patterns of most ignore files are told from a path by it. */
static uint8_t tail_of(const char *text, size_t size)
{
    size_t tail = 0;
    while (tail < size && tail < TAIL_MAX_BYTES && strchr("*?[]\\/", text[size - 1 - tail]) == NULL)
        tail++;
    return memchr(text, '\\', size) == NULL && memchr(text, '[', size) == NULL ? (uint8_t)tail : 0;
}

firn_status exclude_add(struct exclude *exclude, const char *text)
{
    struct exclude_pattern pattern = {0};
    size_t size = strlen(text), given_size = size + 1;
    const char *given = text;

    if (size > PATTERN_MAX_BYTES)
        return FIRN_LIMIT;
    strip_marks(&pattern, &text, &size);
    if (size == 0)
        return FIRN_INVALID;
    void *patterns = exclude->patterns;
    if (!firn_grow(exclude->allocator, &patterns, &exclude->capacity, exclude->count + 1,
                   sizeof *exclude->patterns))
        return FIRN_NO_MEMORY;
    exclude->patterns = patterns;
    pattern.given = firn_allocate(exclude->allocator, given_size);
    pattern.text = firn_allocate(exclude->allocator, size + 1);
    if (pattern.given == NULL || pattern.text == NULL) {
        firn_release(exclude->allocator, pattern.given, given_size);
        firn_release(exclude->allocator, pattern.text, size + 1);
        return FIRN_NO_MEMORY;
    }
    memcpy(pattern.given, given, given_size);
    memcpy(pattern.text, text, size);
    pattern.text[size] = '\0';
    pattern.size = size;
    pattern.tail_size = tail_of(text, size);
    exclude->patterns[exclude->count++] = pattern;
    return FIRN_OK;
}

size_t exclude_count(const struct exclude *exclude)
{
    return exclude->count;
}

const char *exclude_text(const struct exclude *exclude, size_t number)
{
    return exclude->patterns[number].given;
}

/* Whether byte c is of a class with a name ("alpha:]"); moves *p behind it. False for *ret_known
 * when there is no such class. */
static bool match_named(const char **p, unsigned char c, bool *ret_known)
{
    static const struct {
        const char *name;
        int (*has)(int c);
    } classes[] = {{"alnum:]", isalnum}, {"alpha:]", isalpha}, {"blank:]", isblank},
                   {"cntrl:]", iscntrl}, {"digit:]", isdigit}, {"graph:]", isgraph},
                   {"lower:]", islower}, {"print:]", isprint}, {"punct:]", ispunct},
                   {"space:]", isspace}, {"upper:]", isupper}, {"xdigit:]", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        const size_t size = strlen(classes[i].name);
        if (strncmp(*p, classes[i].name, size) != 0)
            continue;
        *p += size;
        *ret_known = true;
        return c < 128 && classes[i].has(c) != 0;
    }
    *ret_known = false;
    return false;
}

/* Whether the class at *pattern (behind its bracket) has byte c; moves *pattern behind the class. A
 * class without an end is none: returns false and leaves *pattern. */
static bool match_class(const char **pattern, unsigned char c, bool *ret_matched)
{
    const char *p = *pattern;
    bool negated = *p == '!' || *p == '^';
    bool matched = false;

    p += negated;
    for (bool first = true; first || *p != ']'; first = false) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        if (*p == '[' && p[1] == ':') {
            bool is_known;
            p += 2;
            matched |= match_named(&p, c, &is_known);
            if (!is_known)
                return false;
            continue;
        }
        unsigned char low = (unsigned char)*p, high = low;
        if (low == '\0')
            return false;
        p++;
        if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
            p += p[1] == '\\' && p[2] != '\0' ? 2 : 1;
            high = (unsigned char)*p++;
        }
        matched = matched || c == low || (low <= c && c <= high);
    }
    *pattern = p + 1;
    *ret_matched = matched != negated && c != '/';
    return true;
}

/* Matches one byte of the path, which is not its end, against the element at *pattern. */
static bool match_one(const char **pattern, unsigned char c)
{
    const char *p = *pattern;
    bool matched;

    if (*p == '?') {
        *pattern = p + 1;
        return c != '/';
    }
    if (*p == '[') {
        *pattern = p + 1;
        return match_class(pattern, c, &matched) && matched;
    }
    if (*p == '\\' && *++p == '\0')
        return false;
    *pattern = p + 1;
    return (unsigned char)*p == c;
}

/* Where to go on when the rest does not match: a star takes one byte more, unless that is a slash
 * and the star a single one. */
struct retry {
    const char *pattern;
    const char *path;
};

/* A star's kind at p: 0 none, 1 within a name, 2 across folders. `**` is the latter only between
 * slashes or the pattern's ends; else it is as one star. start is where what may have stars begins.
 */
static int star_at(const char *start, const char *p)
{
    if (p[0] != '*')
        return 0;
    bool open = p == start || p[-1] == '/';
    const size_t stars = strspn(p, "*");
    return stars > 1 && open && (p[stars] == '/' || p[stars] == '\0') ? 2 : 1;
}

/* Goes on behind a failure: true when there is a star to give one byte more. */
static bool back_up(struct retry *star, struct retry *folders, const char **p, const char **path)
{
    if (star->pattern != NULL && *star->path != '\0' && *star->path != '/') {
        *p = star->pattern;
        *path = ++star->path;
        return true;
    }
    star->pattern = NULL;
    if (folders->pattern == NULL)
        return false;
    const char *slash = strchr(folders->path, '/');
    if (slash == NULL)
        return false;
    *p = folders->pattern;
    *path = folders->path = slash + 1;
    return true;
}

static bool glob(const char *pattern, const char *path)
{
    struct retry star = {0}, folders = {0};
    const char *p = pattern;

    for (;;) {
        int kind = star_at(pattern, p);
        if (kind == 2) {
            p += strspn(p, "*");
            if (*p == '\0')
                return true;
            p++;
            folders = (struct retry){p, path};
            star.pattern = NULL;
        } else if (kind == 1) {
            while (*p == '*')
                p++;
            star = (struct retry){p, path};
        } else if (*p == '\0' && *path == '\0') {
            return true;
        } else if (*p == '\0' || *path == '\0' || !match_one(&p, (unsigned char)*path)) {
            if (!back_up(&star, &folders, &p, &path))
                return false;
        } else {
            path++;
        }
    }
}

static bool has_tail(const struct exclude_pattern *pattern, const char *name, const char *end)
{
    const size_t size = pattern->tail_size;
    return size <= (size_t)(end - name) &&
           memcmp(end - size, pattern->text + pattern->size - size, size) == 0;
}

static bool pattern_matches(const struct exclude_pattern *pattern, const char *path,
                            const char *name, bool is_folder)
{
    if (pattern->folder_only && !is_folder)
        return false;
    if (!pattern->rooted)
        return glob(pattern->text, name);
    /* As git has it: what means itself before the first special byte is compared apart, and what
     * follows is a pattern of its own, so that the stars of "out**" + "/.c" are at its start. */
    const size_t plain = strcspn(pattern->text, "*?[\\");
    return strncmp(pattern->text, path, plain) == 0 && glob(pattern->text + plain, path + plain);
}

enum exclude_verdict exclude_decide(const struct exclude *exclude, const char *path, bool is_folder)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *end = name + strlen(name);

    for (size_t i = exclude->count; i-- > 0;)
        if (has_tail(&exclude->patterns[i], name, end) &&
            pattern_matches(&exclude->patterns[i], path, name, is_folder))
            return exclude->patterns[i].negated ? EXCLUDE_IN : EXCLUDE_OUT;
    return EXCLUDE_NOTHING;
}
