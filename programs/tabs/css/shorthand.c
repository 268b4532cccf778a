/* Values of shorthands from those of their longhands (CSSOM, 6.7.2). Complexity: O(longhands). */
#include "tabs/css/declare.h"

#include <string.h>

#define SET_MAX 24

struct putting {
    const css_properties *properties;
    const css_property *set;
    size_t count;
    css_text values[SET_MAX];
    css_text *out;
    bool computed;
};

static const char *value(const struct putting *putting, size_t at)
{
    return putting->values[at].bytes != NULL ? putting->values[at].bytes : "";
}

static bool same(const struct putting *putting, size_t a, size_t b)
{
    return strcmp(value(putting, a), value(putting, b)) == 0;
}

static void put(struct putting *putting, size_t at)
{
    css_put_text(putting->out, value(putting, at));
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

/* Those from `first` on in as few as say the same: four sides, or a pair. */
static void put_box(struct putting *putting, size_t count)
{
    size_t shown = count;
    if (count == 4 && same(putting, 1, 3))
        shown = same(putting, 0, 2) ? same(putting, 0, 1) ? 1 : 2 : 3;
    else if (count == 2 && same(putting, 0, 1))
        shown = 1;
    for (size_t i = 0; i < shown; i++) {
        css_put_text(putting->out, i > 0 ? " " : "");
        put(putting, i);
    }
}

static void put_all(struct putting *putting, const char *between)
{
    for (size_t i = 0; i < putting->count; i++) {
        css_put_text(putting->out, i > 0 ? between : "");
        put(putting, i);
    }
}

/* The first three, a width, a style and a colour in any order: specified, without what is as usual.
 * Where that is all it is an outline of "none", which is what most give, or a "medium" border. */
static void put_line(struct putting *putting)
{
    static const char *const ends[] = {"-width", "-style", "-color"};
    static const char *const usual[] = {"medium", "none", "currentcolor"};
    bool any = false;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            if (!ends_with(css_property_name(putting->properties, putting->set[j]), ends[i]) ||
                (!putting->computed && strcmp(value(putting, j), usual[i]) == 0))
                continue;
            css_put_text(putting->out, any ? " " : "");
            put(putting, j);
            any = true;
        }
    }
    bool outline =
        strncmp(css_property_name(putting->properties, putting->set[0]), "outline", 7) == 0;
    css_put_text(putting->out, any ? "" : outline ? "none" : "medium");
}

static void put_border(struct putting *putting)
{
    for (size_t i = 3; i < (putting->count > 6 ? 12u : putting->count); i++) {
        if (!same(putting, i, i % 3))
            return;
    }
    put_line(putting);
}

static void put_radius(struct putting *putting)
{
    struct putting parts[2] = {{.count = 4, .out = putting->out},
                               {.count = 4, .out = putting->out}};
    bool both = false;
    for (size_t i = 0; i < 4; i++) {
        const char *all = value(putting, i), *blank = strchr(all, ' ');
        size_t first = blank != NULL ? (size_t)(blank - all) : strlen(all);
        both = both || blank != NULL;
        css_put(&parts[0].values[i], all, first);
        css_put_text(&parts[1].values[i], blank != NULL ? blank + 1 : all);
    }
    put_box(&parts[0], 4);
    if (both) {
        css_put_text(putting->out, " / ");
        put_box(&parts[1], 4);
    }
    for (size_t i = 0; i < 8; i++)
        css_text_fini(&parts[i / 4].values[i % 4]);
}

static void put_white_space(struct putting *putting)
{
    static const char *const words[][3] = {
        {"collapse", "wrap", "normal"},          {"collapse", "nowrap", "nowrap"},
        {"preserve", "nowrap", "pre"},           {"preserve", "wrap", "pre-wrap"},
        {"preserve-breaks", "wrap", "pre-line"}, {"break-spaces", "wrap", "break-spaces"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value(putting, 0), words[i][0]) == 0 &&
            strcmp(value(putting, 1), words[i][1]) == 0) {
            css_put_text(putting->out, words[i][2]);
            return;
        }
    }
    put_all(putting, " ");
}

/* Its word, which is all that the shorthand takes. */
static const char *stretch_word(const char *percent)
{
    static const char *const words[][2] = {
        {"50%", "ultra-condensed"},  {"62.5%", "extra-condensed"}, {"75%", "condensed"},
        {"87.5%", "semi-condensed"}, {"112.5%", "semi-expanded"},  {"125%", "expanded"},
        {"150%", "extra-expanded"},  {"200%", "ultra-expanded"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], percent) == 0)
            return words[i][1];
    }
    return percent;
}

/* Style, weight, size with the line's height, and family; variants and stretch where they are not
 * as usual. */
static void put_font(struct putting *putting)
{
    static const char *const order[] = {"font-style",   "font-variant-caps", "font-weight",
                                        "font-stretch", "font-size",         "line-height",
                                        "font-family"};
    bool first = true;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        for (size_t j = 0; j < putting->count; j++) {
            const char *text = value(putting, j);
            if (strcmp(css_property_name(putting->properties, putting->set[j]), order[i]) != 0 ||
                strcmp(text, "normal") == 0 || (i == 2 && strcmp(text, "400") == 0) ||
                (i == 3 && strcmp(text, "100%") == 0))
                continue;
            css_put_text(putting->out, i == 5 ? " / " : first ? "" : " ");
            css_put_text(putting->out, i == 3 ? stretch_word(text) : text);
            first = false;
        }
    }
}

/* The entry of a list that stands for a layer; false behind the last. */
static bool entry(const struct putting *putting, size_t longhand, size_t layer, css_text *out)
{
    css_piece pieces[CSS_PIECES_MAX];
    size_t count = css_pieces(value(putting, longhand), putting->values[longhand].size, pieces,
                              CSS_PIECES_MAX);
    size_t at = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        at += pieces[i].before == ',';
        if (at != layer)
            continue;
        css_put_text(out, found ? " " : "");
        css_put(out, pieces[i].text, pieces[i].size);
        found = true;
    }
    return found;
}

/* Layer by layer what each longhand has for it, without what is as usual. */
static void put_layers(struct putting *putting)
{
    for (size_t layer = 0; layer < 64; layer++) {
        css_text line = {0};
        bool any = false;
        for (size_t i = 0; i < putting->count; i++) {
            const char *initial = putting->properties->longhands[putting->set[i]].initial;
            css_text one = {0};
            if (entry(putting, i, layer, &one)) {
                any = any || i == 0;
                const char *name = css_property_name(putting->properties, putting->set[i]);
                bool usual = strcmp(one.bytes, initial) == 0;
                if (strncmp(name, "animation-", 10) == 0) /* of which all is told */
                    usual = strstr(name, "-range-") != NULL || ends_with(name, "-timeline");
                if (!usual) {
                    css_put_text(&line, line.size == 0 ? "" : " ");
                    css_put(&line, one.bytes, one.size);
                }
            }
            css_text_fini(&one);
        }
        if (any && layer > 0)
            css_put_text(putting->out, ", ");
        if (any)
            css_put_text(
                putting->out,
                line.size > 0 ? line.bytes
                : ends_with(css_property_name(putting->properties, putting->set[0]), "-property")
                    ? "all"
                    : "none");
        css_text_fini(&line);
        if (!any)
            return;
    }
}

static size_t find_end(const struct putting *putting, const char *end)
{
    for (size_t i = 0; i < putting->count; i++) {
        if (ends_with(css_property_name(putting->properties, putting->set[i]), end))
            return i;
    }
    return putting->count;
}

/* One layer of a background or mask, in the order in which browsers write it. */
static void put_layer(struct putting *putting, size_t layer, css_text *line)
{
    static const char *const order[] = {"-image", "-repeat", "-attachment", "-position",
                                        "-size",  "-origin", "-clip"};
    static const char *const usual[] = {"none", "repeat",      "scroll",    "0% 0%",
                                        "auto", "padding-box", "border-box"};
    css_text parts[7] = {{0}};
    bool shown[7];
    for (size_t i = 0; i < 7; i++) {
        size_t at = find_end(putting, order[i]);
        bool there = at < putting->count && entry(putting, at, layer, &parts[i]);
        shown[i] = there && (putting->computed || strcmp(parts[i].bytes, usual[i]) != 0);
    }
    shown[3] = shown[3] || (shown[4] && parts[3].size > 0);
    shown[5] = shown[5] || (shown[6] && parts[5].size > 0);
    shown[6] = shown[6] || (shown[5] && parts[6].size > 0);
    for (size_t i = 0; i < 7; i++) {
        if (shown[i]) {
            css_put_text(line, line->size == 0 ? "" : i == 4 ? " / " : " ");
            css_put(line, parts[i].bytes, parts[i].size);
        }
        css_text_fini(&parts[i]);
    }
}

static void put_background(struct putting *putting)
{
    size_t color = find_end(putting, "-color"), layers = 0;
    for (css_text one = {0}; layers < 64 && entry(putting, 0, layers, &one); layers++)
        css_text_fini(&one);
    for (size_t layer = 0; layer < layers; layer++) {
        css_text line = {0};
        put_layer(putting, layer, &line);
        const char *text = color < putting->count ? value(putting, color) : "";
        bool colored =
            layer + 1 == layers && text[0] != 0 &&
            (putting->computed ||
             strcmp(text, putting->properties->longhands[putting->set[color]].initial) != 0);
        css_put_text(putting->out, layer > 0 ? ", " : "");
        /* specified, it comes last */
        if (colored && putting->computed)
            css_put_text(putting->out, text);
        if (line.size > 0) {
            css_put_text(putting->out, colored && putting->computed ? " " : "");
            css_put(putting->out, line.bytes, line.size);
        }
        if (colored && !putting->computed) {
            css_put_text(putting->out, line.size > 0 ? " " : "");
            css_put_text(putting->out, text);
        }
        if (line.size == 0 && !colored)
            css_put_text(putting->out, "none");
        css_text_fini(&line);
    }
}

/* Values that are not as usual; the first where all are. */
static void put_unusual(struct putting *putting)
{
    bool any = false;
    for (size_t i = 0; i < putting->count; i++) {
        if (strcmp(value(putting, i), putting->properties->longhands[putting->set[i]].initial) == 0)
            continue;
        css_put_text(putting->out, any ? " " : "");
        put(putting, i);
        any = true;
    }
    if (!any)
        put(putting, 0);
}

static void put_lines(struct putting *putting)
{
    size_t shown = putting->count;
    for (; shown > 1; shown--) { /* what is not given is the other side where that is a name */
        const char *other = value(putting, shown == 4 ? 1 : 0);
        bool name = (other[0] | 0x20) >= 'a' && (other[0] | 0x20) <= 'z' &&
                    strcmp(other, "auto") != 0 && strncmp(other, "span", 4) != 0;
        if (strcmp(value(putting, shown - 1), name ? other : "auto") != 0)
            break;
    }
    putting->count = shown;
    put_all(putting, " / ");
}

static void put_kind(struct putting *putting, const char *name)
{
    size_t size = strlen(name);
    if (css_has_word("border-top border-right border-bottom border-left border-block-start "
                     "border-block-end border-inline-start border-inline-end",
                     name, size) ||
        (strcmp(name, "outline") == 0 && !putting->computed))
        put_line(putting);
    else if (css_has_word("border border-block border-inline", name, size))
        put_border(putting);
    else if (css_has_word("border-radius -webkit-border-radius", name, size))
        put_radius(putting);
    else if (strcmp(name, "white-space") == 0)
        put_white_space(putting);
    else if (strcmp(name, "font") == 0)
        put_font(putting);
    else if (css_has_word("background mask", name, size))
        put_background(putting);
    else if (css_has_word("transition animation -webkit-transition -webkit-animation", name, size))
        put_layers(putting);
    else if (css_has_word("grid-row grid-column grid-area", name, size))
        put_lines(putting);
    else if (strcmp(name, "list-style") == 0 && !putting->computed)
        put_unusual(putting);
    else if (css_has_word("text-decoration font-variant font-synthesis columns flex-flow text-wrap",
                          name, size))
        put_unusual(putting);
    else if (putting->count == 4 || (putting->count == 2 && strncmp(name, "border", 6) != 0 &&
                                     strcmp(name, "container") != 0))
        put_box(putting, putting->count);
    else if (putting->count == 2)
        put_box(putting, 2);
    else
        put_all(putting, " ");
}

void css_put_shorthand(const css_properties *properties, css_property shorthand, bool computed,
                       css_get_fn get, void *context, css_text *out)
{
    struct putting putting = {.properties = properties,
                              .set = css_property_set(properties, shorthand),
                              .out = out,
                              .computed = computed};
    bool good = true, wide = false;
    while (putting.set[putting.count] != CSS_NO_PROPERTY && putting.count < SET_MAX)
        putting.count++;
    for (size_t i = 0; i < putting.count && good; i++) {
        good = get(context, putting.set[i], &putting.values[i]) && !putting.values[i].failed;
        wide = wide || css_wide_of(value(&putting, i), putting.values[i].size) != CSS_NOT_WIDE;
    }
    size_t equal = 1;
    while (wide && equal < putting.count && same(&putting, 0, equal))
        equal++;
    if (good && putting.count > 0 && !wide)
        put_kind(&putting, css_property_name(properties, shorthand));
    else if (good && putting.count > 0 && equal == putting.count)
        put(&putting, 0);
    for (size_t i = 0; i < putting.count; i++)
        css_text_fini(&putting.values[i]);
}
