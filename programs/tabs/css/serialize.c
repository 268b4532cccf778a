/* Declarations as text. Complexity: O(declarations · shorthands). */
#include "tabs/css/declare.h"

#include <string.h>

struct among {
    const css_properties *properties;
    const css_declared *all;
    size_t count;
    const bool *done; /* those that are written; NULL: none */
    int important;    /* of all that were found: 0 or 1; -1 before the first, 2 where they differ */
};

static const css_declared *find(struct among *among, css_property longhand)
{
    for (size_t i = among->count; i > 0; i--) {
        if (among->all[i - 1].longhand == longhand && (among->done == NULL || !among->done[i - 1]))
            return &among->all[i - 1];
    }
    return NULL;
}

static bool get(void *context, css_property longhand, css_text *out)
{
    struct among *among = context;
    const css_declared *found = find(among, longhand);
    if (found == NULL || (found->value_bytes > 0 && found->value[0] == 1))
        return false;
    among->important =
        among->important < 0 || among->important == found->important ? found->important : 2;
    if (css_wide_of(found->value, found->value_bytes) == CSS_INITIAL)
        css_put_text(out, among->properties->longhands[longhand].initial);
    else
        css_put(out, found->value, found->value_bytes);
    return true;
}

/* The value with var() that all longhands of a shorthand have from it. */
static const css_declared *find_whole(struct among *among, css_property shorthand)
{
    const css_declared *first = NULL;
    for (const css_property *set = css_property_set(among->properties, shorthand);
         *set != CSS_NO_PROPERTY; set++) {
        const css_declared *found = find(among, *set);
        if (found == NULL || found->value_bytes == 0 || found->value[0] != 1)
            return NULL;
        if (first == NULL)
            first = found;
        if (first->value_bytes != found->value_bytes ||
            memcmp(first->value, found->value, found->value_bytes) != 0)
            return NULL;
    }
    return first;
}

static bool put_one(struct among *among, css_property shorthand, css_text *out)
{
    const css_declared *whole = find_whole(among, shorthand);
    size_t start = out->size, wide = 0, count = 0;
    const css_property *set = css_property_set(among->properties, shorthand);
    const css_declared *first = *set != CSS_NO_PROPERTY ? find(among, *set) : NULL;
    if (whole != NULL) {
        const char *colon = memchr(whole->value, ':', whole->value_bytes);
        among->important = whole->important;
        css_put(out, colon + 1, whole->value_bytes - (size_t)(colon + 1 - whole->value));
        return true;
    }
    for (; first != NULL && set[count] != CSS_NO_PROPERTY; count++) {
        const css_declared *one = find(among, set[count]);
        wide += one != NULL && css_wide_of(one->value, one->value_bytes) != CSS_NOT_WIDE &&
                one->value_bytes == first->value_bytes &&
                memcmp(one->value, first->value, one->value_bytes) == 0;
    }
    if (first != NULL && wide == count) {
        among->important = first->important;
        css_put(out, first->value, first->value_bytes);
        return true;
    }
    css_put_shorthand(among->properties, shorthand, false, get, among, out);
    return out->size > start && among->important != 2;
}

bool css_put_declared(const css_properties *properties, const css_declared *all, size_t count,
                      css_property shorthand, css_text *out, bool *ret_important)
{
    struct among among = {properties, all, count, NULL, -1};
    size_t start = out->size;
    if (!put_one(&among, shorthand, out)) {
        out->size = start;
        return false;
    }
    *ret_important = among.important == 1;
    return true;
}

static void put_declaration(css_text *out, const char *name, size_t name_bytes, const char *value,
                            size_t size, bool important)
{
    css_put_text(out, out->size > 0 ? " " : "");
    css_put(out, name, name_bytes);
    css_put_text(out, ": ");
    css_put(out, value, size);
    css_put_text(out, important ? " !important;" : ";");
}

static bool has_longhand(const css_property *set, css_property longhand)
{
    while (*set != CSS_NO_PROPERTY && *set != longhand)
        set++;
    return *set == longhand;
}

/* Writes the largest shorthand that this longhand is of and that all longhands are there for. */
static bool put_largest(struct among *among, bool *done, css_property longhand, css_text *out)
{
    const css_properties *properties = among->properties;
    css_property best = CSS_NO_PROPERTY;
    size_t best_count = 1;
    css_text value = {0};
    bool important = false;
    for (size_t i = 0; i < properties->shorthand_count; i++) {
        css_property shorthand = (css_property)(properties->longhand_count + i);
        const css_property *set = css_property_set(properties, shorthand);
        const char *name = css_property_name(properties, shorthand);
        size_t count = 0;
        css_text one = {0};
        if (name[0] == '-' || strcmp(name, "grid-gap") == 0 || !has_longhand(set, longhand))
            continue;
        while (set[count] != CSS_NO_PROPERTY)
            count++;
        among->important = -1;
        if (count > best_count && put_one(among, shorthand, &one)) {
            best = shorthand;
            best_count = count;
            important = among->important == 1;
            css_text_fini(&value);
            value = one;
        } else {
            css_text_fini(&one);
        }
    }
    if (best != CSS_NO_PROPERTY) {
        const char *name = css_property_name(properties, best);
        put_declaration(out, name, strlen(name), value.bytes, value.size, important);
        for (size_t i = 0; i < among->count; i++)
            done[i] = done[i] ||
                      (among->all[i].longhand != CSS_NO_PROPERTY &&
                       has_longhand(css_property_set(properties, best), among->all[i].longhand));
    }
    css_text_fini(&value);
    return best != CSS_NO_PROPERTY;
}

void css_put_declarations(const css_properties *properties, const css_declared *all, size_t count,
                          css_text *out)
{
    bool *done = firn_allocate_zeroed(NULL, count + 1, sizeof *done);
    struct among among = {properties, all, count, done, -1};
    if (done == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const css_declared *one = &all[i];
        if (done[i])
            continue;
        if (one->longhand == CSS_NO_PROPERTY) {
            put_declaration(out, one->name, one->name_bytes, one->value, one->value_bytes,
                            one->important);
        } else if (!put_largest(&among, done, one->longhand, out) &&
                   !(one->value_bytes > 0 && one->value[0] == 1)) {
            const char *name = css_property_name(properties, one->longhand);
            put_declaration(out, name, strlen(name), one->value, one->value_bytes, one->important);
        }
        done[i] = true;
    }
    firn_release(NULL, done, (count + 1) * sizeof *done);
}
