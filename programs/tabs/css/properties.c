/* The table of properties, read from the text that the build puts in.
 *
 * Invariants:
 *   I1  longhands are numbered as they stand in the text, shorthands behind them; an alias has the
 * number of what it stands for I2  names, initial values and words lie in the arena, each with a
 * NUL behind it
 *
 * Complexity: O(text) to make, O(1) to find.
 */
#include "tabs/css/properties.h"

#include "tabs/css/files.h"
#include "tabs/css/scan.h"

#include <string.h>

struct line {
    char *parts[5];
    size_t count;
};

/* Takes a line apart in place. */
static struct line take_line(char **at, const char *end)
{
    struct line line = {.parts = {*at}, .count = 1};
    char *byte = *at;
    for (; byte < end && *byte != '\n'; byte++) {
        if (*byte != '|')
            continue;
        *byte = 0;
        if (line.count < 5)
            line.parts[line.count++] = byte + 1;
    }
    *byte = 0;
    *at = byte + 1;
    return line;
}

static uint32_t types_of(const char *letters)
{
    static const char known[] = "LPNIlZCTAUSFRDpnjt";
    static const uint32_t types[] = {
        CSS_LENGTHS,   CSS_PERCENTS, CSS_NUMBERS, CSS_INTEGERS, CSS_BELOW_0, CSS_ZERO,
        CSS_COLORS,    CSS_TIMES,    CSS_ANGLES,  CSS_URLS,     CSS_STRINGS, CSS_WORDS,
        CSS_FRACTIONS, CSS_DASHED,   CSS_BELOW_0, CSS_BELOW_0,  CSS_BELOW_0, CSS_BELOW_0,
    };
    uint32_t all = 0;
    for (; *letters != 0; letters++) {
        const char *found = strchr(known, *letters);
        all |= found != NULL ? types[found - known] : 0;
    }
    return all;
}

/* Values with a grammar of their own. */
static const char free_ones[] =
    " transform filter backdrop-filter box-shadow text-shadow grid-template-columns "
    "grid-template-rows grid-template-areas grid-auto-columns grid-auto-rows clip clip-path "
    "content "
    "quotes counter-increment counter-reset counter-set will-change cursor font-feature-settings "
    "font-variation-settings grid-row-start grid-row-end grid-column-start grid-column-end "
    "text-decoration-line touch-action offset-path shape-outside mask-image contain aspect-ratio "
    "animation-timing-function transition-timing-function transition-property rotate scale "
    "translate "
    "font-variant-numeric font-variant-ligatures font-variant-east-asian stroke-dasharray d "
    "scrollbar-color text-emphasis-position text-underline-position scroll-snap-type fill stroke "
    "border-image-source list-style-image offset-rotate color-scheme border-image-slice "
    "view-timeline-inset timeline-scope object-view-box text-indent justify-items "
    "image-orientation "
    "transform-origin corner-top-left-shape corner-top-right-shape corner-bottom-left-shape "
    "corner-bottom-right-shape paint-order math-depth align-content justify-content align-items "
    "align-self justify-self -webkit-box-reflect -webkit-mask-box-image-slice transition-behavior ";

static void make_longhand(css_longhand *into, const struct line *line)
{
    const char *letters = line->parts[1];
    *into = (css_longhand){.name = line->parts[0],
                           .types = types_of(letters),
                           .count = 1,
                           .list = strchr(letters, ',') != NULL,
                           .inherited = strchr(letters, 'i') != NULL,
                           .initial = line->count > 2 ? line->parts[2] : "",
                           .words = line->count > 3 ? line->parts[3] : "",
                           .functions = line->count > 4 ? line->parts[4] : ""};
    const char *digit = strpbrk(letters, "1234");
    into->count = digit != NULL ? (uint8_t)(*digit - '0') : 1;
    if (css_has_word(free_ones, into->name, strlen(into->name)))
        into->types |= CSS_FREE;
}

static firn_status add_name(css_properties *properties, const char *name, css_property property)
{
    bool fresh;
    uint32_t id;
    firn_status status = firn_intern_put(properties->names, name, strlen(name), &id, &fresh);
    if (status == FIRN_OK && fresh)
        properties->by_name[id] = property;
    return status;
}

/* The longhands of a list of names between blanks, in place. */
static firn_status add_set(css_properties *properties, char *names, css_property **ret_set)
{
    size_t count = 0, size = 2;
    for (const char *byte = names; *byte != 0; byte++)
        size += *byte == ' ';
    css_property *set = firn_arena_alloc(&properties->arena, size * sizeof *set);
    if (set == NULL)
        return FIRN_NO_MEMORY;
    for (char *at = names; *at != 0;) {
        size_t length = strcspn(at, " ");
        css_property found = css_property_find(properties, at, length);
        if (found != CSS_NO_PROPERTY && css_is_longhand(properties, found))
            set[count++] = found;
        at += length + (at[length] == ' ');
    }
    set[count] = CSS_NO_PROPERTY;
    *ret_set = set;
    return FIRN_OK;
}

/* Replaces the part behind a logical property's "-block-start" and the like; pages are written from
 * left to right and from above here. */
static void find_physical(css_properties *properties, css_property property)
{
    static const char *const sides[][2] = {
        {"-block-start", "-top"},
        {"-block-end", "-bottom"},
        {"-inline-start", "-left"},
        {"-inline-end", "-right"},
        {"-start-start-", "-top-left-"},
        {"-start-end-", "-top-right-"},
        {"-end-start-", "-bottom-left-"},
        {"-end-end-", "-bottom-right-"},
        {"block-size", "height"},
        {"inline-size", "width"},
        {"overflow-block", "overflow-y"},
        {"overflow-inline", "overflow-x"},
        {"overscroll-behavior-block", "overscroll-behavior-y"},
        {"overscroll-behavior-inline", "overscroll-behavior-x"},
    };
    css_longhand *one = &properties->longhands[property];
    char name[80];
    one->physical = property;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        const char *found = strstr(one->name, sides[i][0]);
        size_t before = found != NULL ? (size_t)(found - one->name) : 0;
        if (found == NULL || strlen(one->name) > 48)
            continue;
        memcpy(name, one->name, before);
        name[before] = 0;
        const char *rest = found + strlen(sides[i][0]);
        const char *by = sides[i][1];
        if (strcmp(name, "inset") == 0) { /* inset-block-start is top */
            name[0] = 0;
            by++;
        }
        size_t size = strlen(name);
        memcpy(name + size, by, strlen(by) + 1);
        size += strlen(by);
        memcpy(name + size, rest, strlen(rest) + 1);
        css_property physical = css_property_find(properties, name, strlen(name));
        if (physical != CSS_NO_PROPERTY && css_is_longhand(properties, physical))
            one->physical = physical;
        return;
    }
}

static firn_status make_table(css_properties *properties, struct line *lines, size_t count)
{
    firn_status status = FIRN_OK;
    firn_arena *arena = &properties->arena;
    properties->longhands = firn_arena_alloc(arena, count * sizeof *properties->longhands);
    properties->by_name = firn_arena_alloc(arena, count * sizeof *properties->by_name);
    properties->sets = firn_arena_alloc(arena, count * sizeof *properties->sets);
    properties->shorthand_names = firn_arena_alloc(arena, count * sizeof(char *));
    if (properties->longhands == NULL || properties->by_name == NULL || properties->sets == NULL ||
        properties->shorthand_names == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < count && status == FIRN_OK; i++) { /* I1 */
        bool alias = strcmp(lines[i].parts[0], "alias") == 0;
        if (alias || strcmp(lines[i].parts[0], "short") == 0)
            continue;
        make_longhand(&properties->longhands[properties->longhand_count], &lines[i]);
        status =
            add_name(properties, lines[i].parts[0], (css_property)properties->longhand_count++);
    }
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        if (strcmp(lines[i].parts[0], "short") != 0 || lines[i].count < 3)
            continue;
        size_t number = properties->shorthand_count++;
        properties->shorthand_names[number] = lines[i].parts[1];
        status = add_name(properties, lines[i].parts[1],
                          (css_property)(properties->longhand_count + number));
        if (status == FIRN_OK)
            status = add_set(properties, lines[i].parts[2], &properties->sets[number]);
    }
    for (size_t i = 0; i < count && status == FIRN_OK; i++) {
        if (strcmp(lines[i].parts[0], "alias") != 0 || lines[i].count < 3)
            continue;
        css_property known =
            css_property_find(properties, lines[i].parts[2], strlen(lines[i].parts[2]));
        if (known != CSS_NO_PROPERTY)
            status = add_name(properties, lines[i].parts[1], known);
    }
    return status;
}

static void find_known(css_properties *properties)
{
    static const struct {
        const char *name;
        size_t at;
    } known[] = {
#define CSS_PLACE(name) {#name, offsetof(css_properties, name)},
        CSS_KNOWN(CSS_PLACE)
#undef CSS_PLACE
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char name[40];
        size_t size = strlen(known[i].name);
        for (size_t j = 0; j <= size; j++)
            name[j] = known[i].name[j] == '_' ? '-' : known[i].name[j];
        *(css_property *)(void *)((char *)properties + known[i].at) =
            css_property_find(properties, name, size);
    }
    properties->float_ = css_property_find(properties, "float", 5);
}

static firn_status make(css_properties *properties)
{
    size_t count = 0, size = strlen(css_files[0].text);
    const char *text = css_files[0].text;
    size_t room = size / 8 + 1;
    struct line *lines = firn_allocate(NULL, room * sizeof *lines);
    char *copy = firn_arena_strndup(&properties->arena, text, size);
    firn_status status = lines != NULL && copy != NULL
                             ? firn_intern_create(NULL, &properties->names)
                             : FIRN_NO_MEMORY;
    if (status == FIRN_OK) {
        const char *end = copy + size;
        for (char *at = copy; at < end && count < room;) {
            struct line line = take_line(&at, end);
            if (line.count > 1)
                lines[count++] = line;
        }
        status = make_table(properties, lines, count);
    }
    firn_release(NULL, lines, room * sizeof *lines);
    if (status != FIRN_OK)
        return status;
    for (size_t i = 0; i < properties->longhand_count; i++)
        find_physical(properties, (css_property)i);
    find_known(properties);
    return FIRN_OK;
}

firn_status css_properties_create(css_properties **ret_properties)
{
    css_properties *properties = firn_allocate_zeroed(NULL, 1, sizeof *properties);
    firn_status status =
        properties != NULL ? firn_arena_init(&properties->arena, NULL) : FIRN_NO_MEMORY;
    if (status == FIRN_OK)
        status = make(properties);
    if (status == FIRN_OK)
        *ret_properties = properties;
    else
        css_properties_destroy(properties);
    return status;
}

void css_properties_destroy(css_properties *properties)
{
    if (properties == NULL)
        return;
    firn_intern_destroy(properties->names);
    firn_arena_fini(&properties->arena);
    firn_release(NULL, properties, sizeof *properties);
}

css_property css_property_find(const css_properties *properties, const char *name, size_t size)
{
    char lower[64];
    if (size == 0 || size >= sizeof lower)
        return CSS_NO_PROPERTY;
    for (size_t i = 0; i < size; i++)
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 'a' - 'A') : name[i];
    uint32_t id = firn_intern_find(properties->names, lower, size);
    return id == FIRN_INTERN_NONE ? CSS_NO_PROPERTY : properties->by_name[id];
}

const char *css_property_name(const css_properties *properties, css_property property)
{
    return css_is_longhand(properties, property)
               ? properties->longhands[property].name
               : properties->shorthand_names[property - properties->longhand_count];
}

const css_property *css_property_set(const css_properties *properties, css_property shorthand)
{
    return properties->sets[shorthand - properties->longhand_count];
}

bool css_has_word(const char *words, const char *text, size_t size)
{
    for (const char *at = words; *at != 0;) {
        size_t length = strcspn(at, " ");
        if (length == size && size > 0) {
            size_t i = 0;
            while (i < size && (at[i] == text[i] ||
                                (text[i] >= 'A' && text[i] <= 'Z' && at[i] == text[i] + 'a' - 'A')))
                i++;
            if (i == size)
                return true;
        }
        at += length + (at[length] == ' ');
    }
    return false;
}
