/* Shorthands of lists: each layer, between commas, gives each longhand one entry of its list.
 * Complexity: O(pieces) times the longhands. */
#include "tabs/css/declare_parts.h"

#include <string.h>

#define LONGHANDS_MAX 12

struct layers {
    struct css_declaring *declaring;
    css_text lists[LONGHANDS_MAX];
    bool has[LONGHANDS_MAX];  /* in this layer */
    bool ever[LONGHANDS_MAX]; /* in any */
};

/* A layer's own word for what is not given: of a list, where the initial value is computed. */
static const char *missing(const char *name)
{
    static const char *const words[][2] = {
        {"background-position", "0% 0%"},
        {"mask-position", "0% 0%"},
    };
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(words[i][0], name) == 0)
            return words[i][1];
    }
    return NULL;
}

static const char *name_of(const struct layers *layers, size_t longhand)
{
    const struct css_declaring *declaring = layers->declaring;
    return css_property_name(declaring->properties, declaring->set[longhand]);
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

static void put_entry(struct layers *layers, size_t longhand, const char *text, size_t size)
{
    css_put(&layers->lists[longhand], text, size);
    layers->has[longhand] = layers->ever[longhand] = true;
}

/* How many pieces from `at` on a longhand takes together; 0 for none. */
static size_t fits(struct layers *layers, size_t longhand, size_t at, size_t end)
{
    struct css_declaring *declaring = layers->declaring;
    const css_piece *from = &declaring->pieces[at];
    const char *name = name_of(layers, longhand);
    bool several =
        ends_with(name, "-position") || ends_with(name, "-size") || ends_with(name, "-repeat");
    for (size_t count = several && end - at > 1 ? (end - at < 4 ? end - at : 4) : 1; count > 0;
         count--) {
        const css_piece *last = &declaring->pieces[at + count - 1];
        bool slash = false;
        for (size_t i = at + 1; i < at + count; i++)
            slash = slash || declaring->pieces[i].before == '/';
        size_t limit = ends_with(name, "-position") ? 4 : 2;
        if (!slash && count <= limit &&
            css_fits(declaring, declaring->set[longhand], from->text,
                     (size_t)(last->text + last->size - from->text)))
            return count;
    }
    return 0;
}

static bool take_layer(struct layers *layers, size_t at, size_t end, bool last_layer)
{
    struct css_declaring *declaring = layers->declaring;
    size_t count = declaring->set_count;
    memset(layers->has, 0, sizeof layers->has);
    while (at < end) {
        size_t taken = 0;
        bool slash = declaring->pieces[at].before == '/';
        for (size_t i = 0; i < count && taken == 0; i++) {
            const char *name = name_of(layers, i);
            if (layers->has[i] || slash != ends_with(name, "-size") ||
                (ends_with(name, "background-color") && !last_layer) ||
                strstr(name, "-range-") != NULL || ends_with(name, "-timeline"))
                continue;
            taken = fits(layers, i, at, end);
            const css_piece *from = &declaring->pieces[at], *to = from + taken - (taken > 0);
            if (taken > 0)
                put_entry(layers, i, from->text, (size_t)(to->text + to->size - from->text));
        }
        if (taken == 0)
            return false;
        at += taken;
    }
    size_t origin = count, clip = count;
    for (size_t i = 0; i < count; i++) {
        origin = ends_with(name_of(layers, i), "-origin") ? i : origin;
        clip = ends_with(name_of(layers, i), "-clip") ? i : clip;
    }
    if (origin < count && clip < count && layers->has[origin] && !layers->has[clip]) {
        const css_text *list = &layers->lists[origin]; /* one box is both */
        size_t start = list->size;
        while (start > 0 && list->bytes[start - 1] != ',' && list->bytes[start - 1] != ' ')
            start--;
        put_entry(layers, clip, list->bytes + start, list->size - start);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = name_of(layers, i);
        const char *word = missing(name);
        if (!layers->has[i] && (!ends_with(name, "background-color") || last_layer))
            css_put_text(
                &layers->lists[i],
                word != NULL ? word : declaring->properties->longhands[declaring->set[i]].initial);
    }
    return true;
}

bool css_expand_layers(struct css_declaring *declaring)
{
    struct layers layers = {.declaring = declaring};
    bool good = declaring->set_count <= LONGHANDS_MAX;
    for (size_t at = 0; at < declaring->count && good;) {
        size_t end = at + 1;
        while (end < declaring->count && declaring->pieces[end].before != ',')
            end++;
        bool color_only = false;
        for (size_t i = 0; i < declaring->set_count && at > 0; i++) {
            color_only = strcmp(name_of(&layers, i), "background-color") == 0;
            css_put_text(&layers.lists[i], color_only ? "" : ", ");
        }
        good = take_layer(&layers, at, end, end == declaring->count);
        at = end;
    }
    for (size_t i = 0; i < declaring->set_count && i < LONGHANDS_MAX; i++) {
        const char *name = name_of(&layers, i);
        bool reset =
            !layers.ever[i] || strstr(name, "-range-") != NULL || ends_with(name, "-timeline");
        if (good)
            good = reset ? css_take_initial(declaring, declaring->set[i])
                         : css_take(declaring, declaring->set[i], layers.lists[i].bytes,
                                    layers.lists[i].size);
    }
    for (size_t i = 0; i < LONGHANDS_MAX; i++)
        css_text_fini(&layers.lists[i]);
    return good;
}
