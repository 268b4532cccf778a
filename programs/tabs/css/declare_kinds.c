/* Shorthands taken apart, a function for each kind of them. Complexity: O(pieces) times the
 * longhands. */
#include "tabs/css/declare_parts.h"

#include <string.h>

static bool has_before(const struct css_declaring *declaring, char before)
{
    for (size_t i = 0; i < declaring->count; i++) {
        if (declaring->pieces[i].before == before)
            return true;
    }
    return false;
}

/* Up to four values for the sides, or two for a pair. */
bool css_expand_box(struct css_declaring *declaring)
{
    static const uint8_t of_four[4][4] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 1, 2, 1}, {0, 1, 2, 3}};
    size_t count = declaring->count, sides = declaring->set_count;
    if (count > sides || count > 4 || sides > 4 || has_before(declaring, ',') ||
        has_before(declaring, '/'))
        return false;
    bool good = true;
    for (size_t i = 0; i < sides && good; i++) {
        size_t piece = sides == 4 ? of_four[count - 1][i] : i < count ? i : count - 1;
        good = css_take_piece(declaring, declaring->set[i], piece);
    }
    return good;
}

/* What a part of a border is that is not given, which Chromium writes out. */
static bool take_usual(struct css_declaring *declaring, css_property longhand)
{
    static const char *const usual[][2] = {
        {"-width", "medium"}, {"-style", "none"}, {"-color", "currentcolor"}};
    const char *name = css_property_name(declaring->properties, longhand);
    bool border = strncmp(name, "border-", 7) == 0 || strncmp(name, "outline-", 8) == 0;
    for (size_t i = 0; border && i < 3; i++) {
        size_t size = strlen(name);
        if (size > 6 && strcmp(name + size - 6, usual[i][0]) == 0)
            return css_take_text(declaring, longhand, usual[i][1]);
    }
    return css_take_initial(declaring, longhand);
}

/* Gives each piece, with those behind it that only go together with it, to the first longhand that
 * takes it and has none; the others get their initial value. */
static bool take_any(struct css_declaring *declaring, const css_property *set, size_t count)
{
    for (size_t i = 0; i < declaring->count;) {
        size_t taken = 0;
        const css_piece *from = &declaring->pieces[i];
        for (size_t j = 0; j < count && taken == 0; j++) {
            size_t most = i + 4 < declaring->count ? 4 : declaring->count - i;
            for (size_t length = most; length > 0 && taken == 0; length--) {
                const css_piece *last = &declaring->pieces[i + length - 1];
                size_t size = (size_t)(last->text + last->size - from->text);
                if (!css_is_taken(declaring, set[j]) &&
                    css_fits(declaring, set[j], from->text, size) &&
                    css_take(declaring, set[j], from->text, size))
                    taken = length;
            }
        }
        if (taken == 0)
            return false;
        i += taken;
    }
    for (size_t j = 0; j < count; j++) {
        if (!css_is_taken(declaring, set[j]) && !take_usual(declaring, set[j]))
            return false;
    }
    return true;
}

bool css_expand_any(struct css_declaring *declaring)
{
    const css_property *set = declaring->set;
    if (strcmp(css_property_name(declaring->properties, set[0]), "list-style-position") == 0) {
        const css_property order[3] = {set[0], set[2], set[1]}; /* "none" is of the type first */
        return take_any(declaring, order, 3);
    }
    return take_any(declaring, set, declaring->set_count);
}

/* Width, style and colour of all sides at once. */
bool css_expand_border(struct css_declaring *declaring)
{
    bool four = declaring->set_count > 6;
    if (!take_any(declaring, declaring->set, 3))
        return false;
    for (size_t side = 3; side < (four ? 12u : 6u); side++) {
        size_t same = 0;
        while (declaring->given[same].longhand != declaring->set[side % 3])
            same++;
        size_t start = declaring->given[same].start, size = declaring->given[same].end - start;
        char value[128];
        if (size >= sizeof value || declaring->given_count == CSS_GIVEN_MAX)
            return false;
        memcpy(value, declaring->text.bytes + start, size);
        declaring->given[declaring->given_count].longhand = declaring->set[side];
        declaring->given[declaring->given_count].start = declaring->text.size;
        css_put(&declaring->text, value, size);
        declaring->given[declaring->given_count++].end = declaring->text.size;
    }
    for (size_t i = 12; four && i < declaring->set_count; i++) {
        if (!css_take_initial(declaring, declaring->set[i]))
            return false;
    }
    return true;
}

/* Source, repeat, and slice, width and outset between slashes. */
bool css_expand_border_image(struct css_declaring *declaring)
{
    css_text parts[5] = {{0}};
    size_t number = 1;
    bool good = true;
    for (size_t i = 0; i < declaring->count; i++) {
        const css_piece *piece = &declaring->pieces[i];
        number += piece->before == '/';
        size_t into = css_fits(declaring, declaring->set[0], piece->text, piece->size)   ? 0
                      : css_fits(declaring, declaring->set[4], piece->text, piece->size) ? 4
                                                                                         : number;
        if (into > 4)
            into = 4;
        css_put_text(&parts[into], parts[into].size > 0 ? " " : "");
        css_put(&parts[into], piece->text, piece->size);
    }
    for (size_t i = 0; i < 5; i++) {
        good = good && (parts[i].size == 0 ? css_take_initial(declaring, declaring->set[i])
                                           : css_take(declaring, declaring->set[i], parts[i].bytes,
                                                      parts[i].size));
        css_text_fini(&parts[i]);
    }
    return good;
}

bool css_expand_radius(struct css_declaring *declaring)
{
    static const uint8_t of_four[4][4] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 1, 2, 1}, {0, 1, 2, 3}};
    size_t first = 0, count = declaring->count;
    while (first < count && (first == 0 || declaring->pieces[first].before != '/'))
        first++;
    size_t second = count - first;
    if (first == 0 || first > 4 || second > 4 || has_before(declaring, ','))
        return false;
    for (size_t i = 0; i < 4; i++) {
        css_text both = {0};
        const css_piece *one = &declaring->pieces[of_four[first - 1][i]];
        css_put(&both, one->text, one->size);
        if (second > 0) {
            one = &declaring->pieces[first + of_four[second - 1][i]];
            css_put_text(&both, " ");
            css_put(&both, one->text, one->size);
        }
        bool good = !both.failed && css_take(declaring, declaring->set[i], both.bytes, both.size);
        css_text_fini(&both);
        if (!good)
            return false;
    }
    return true;
}

bool css_expand_flex(struct css_declaring *declaring)
{
    const css_property *set = declaring->set;
    size_t count = declaring->count, numbers = 0;
    if (count == 1 && css_piece_is(declaring, 0, "none"))
        return css_take_text(declaring, set[0], "0") && css_take_text(declaring, set[1], "0") &&
               css_take_text(declaring, set[2], "auto");
    if (count > 3 || has_before(declaring, ',') || has_before(declaring, '/'))
        return false;
    bool basis = false;
    for (size_t i = 0; i < count; i++) {
        bool number = numbers < 2 && css_fits(declaring, set[numbers], declaring->pieces[i].text,
                                              declaring->pieces[i].size);
        if (number && !(i == 2 && numbers == 1)) {
            css_take_piece(declaring, set[numbers++], i);
        } else if (!basis && css_take_piece(declaring, set[2], i)) {
            basis = true;
        } else {
            return false;
        }
    }
    if (numbers == 0 && !css_take_text(declaring, set[0], "1"))
        return false;
    return (numbers == 2 || css_take_text(declaring, set[1], "1")) &&
           (basis || css_take_text(declaring, set[2], numbers > 0 ? "0%" : "auto"));
}

/* Style, variant, weight and stretch in any order, the size with the line's height, the family. */
bool css_expand_font(struct css_declaring *declaring)
{
    static const char *const front[] = {"font-style", "font-variant-caps", "font-weight",
                                        "font-stretch"};
    css_property size = css_of(declaring, "font-size");
    size_t at = 0, count = declaring->count;
    for (; at < count && at < 4; at++) {
        bool taken = css_piece_is(declaring, at, "normal");
        if (declaring->pieces[at].text[0] == '.' ||
            (declaring->pieces[at].text[0] >= '0' && declaring->pieces[at].text[0] <= '9' &&
             css_fits(declaring, size, declaring->pieces[at].text, declaring->pieces[at].size)))
            break;
        for (size_t i = 0; i < 4 && !taken; i++) {
            css_property property = css_of(declaring, front[i]);
            taken = !css_is_taken(declaring, property) && css_take_piece(declaring, property, at);
        }
        if (!taken)
            break;
    }
    if (at >= count || !css_take_piece(declaring, size, at++))
        return false;
    css_property line = css_of(declaring, "line-height");
    if (at < count && declaring->pieces[at].before == '/' && !css_take_piece(declaring, line, at++))
        return false;
    if (at >= count || declaring->pieces[at].before != ' ')
        return false;
    const css_piece *last = &declaring->pieces[count - 1];
    if (!css_take(declaring, css_of(declaring, "font-family"), declaring->pieces[at].text,
                  (size_t)(last->text + last->size - declaring->pieces[at].text)))
        return false;
    for (size_t i = 0; i < declaring->set_count; i++) {
        if (!css_is_taken(declaring, declaring->set[i]) &&
            !css_take_initial(declaring, declaring->set[i]))
            return false;
    }
    return true;
}

bool css_expand_white_space(struct css_declaring *declaring)
{
    static const char *const words[][3] = {
        {"normal", "collapse", "wrap"},          {"nowrap", "collapse", "nowrap"},
        {"pre", "preserve", "nowrap"},           {"pre-wrap", "preserve", "wrap"},
        {"pre-line", "preserve-breaks", "wrap"}, {"break-spaces", "break-spaces", "wrap"},
    };
    for (size_t i = 0; declaring->count == 1 && i < sizeof words / sizeof words[0]; i++) {
        if (css_piece_is(declaring, 0, words[i][0]))
            return css_take_text(declaring, declaring->set[0], words[i][1]) &&
                   css_take_text(declaring, declaring->set[1], words[i][2]);
    }
    return take_any(declaring, declaring->set, declaring->set_count);
}

/* Parts between slashes, one for each longhand. */
bool css_expand_lines(struct css_declaring *declaring)
{
    size_t count = declaring->set_count, part = 0;
    const char *starts[4] = {NULL}, *ends[4] = {NULL};
    for (size_t i = 0; i < declaring->count; i++) {
        const css_piece *piece = &declaring->pieces[i];
        part += piece->before == '/';
        if (part >= count || part >= 4 || piece->before == ',')
            return false;
        starts[part] = starts[part] != NULL ? starts[part] : piece->text;
        ends[part] = piece->text + piece->size;
    }
    for (size_t i = 0; i < count && i < 4; i++) {
        size_t from = starts[i] != NULL ? i : i == 3 && starts[1] != NULL ? 1 : 0;
        /* a line that is not given is that on the other side where it is a name */
        bool name = starts[i] != NULL ||
                    ((starts[from][0] | 0x20) >= 'a' && (starts[from][0] | 0x20) <= 'z' &&
                     strncmp(starts[from], "span", 4) != 0 && count > 1 &&
                     strcmp(css_property_name(declaring->properties, declaring->set[0]),
                            "container-name") != 0);
        bool good = name ? css_take(declaring, declaring->set[i], starts[from],
                                    (size_t)(ends[from] - starts[from]))
                         : css_take_initial(declaring, declaring->set[i]);
        if (!good)
            return false;
    }
    return true;
}

/* "rows / columns", and "none"; what names areas between its rows is not taken apart here. */
bool css_expand_grid(struct css_declaring *declaring)
{
    size_t slash = 0, count = declaring->count;
    for (size_t i = 1; i < count; i++)
        slash = declaring->pieces[i].before == '/' ? i : slash;
    const css_piece *first = &declaring->pieces[0], *last = &declaring->pieces[count - 1];
    bool good;
    if (slash > 0) {
        const css_piece *end = &declaring->pieces[slash - 1], *next = &declaring->pieces[slash];
        good = css_take(declaring, declaring->set[0], first->text,
                        (size_t)(end->text + end->size - first->text)) &&
               css_take(declaring, declaring->set[1], next->text,
                        (size_t)(last->text + last->size - next->text));
    } else {
        good = count == 1 && css_piece_is(declaring, 0, "none") &&
               css_take_initial(declaring, declaring->set[0]) &&
               css_take_initial(declaring, declaring->set[1]);
    }
    for (size_t i = 2; i < declaring->set_count; i++)
        good = good && css_take_initial(declaring, declaring->set[i]);
    return good;
}
