/* Numbers with units, and calc(), min(), max() and clamp() of them (CSS Values and Units Level 4).
 *
 * Complexity: O(size); depth of brackets at most 32.
 */
#include "tabs/css/value.h"

#include <math.h>
#include <string.h>

struct reading {
    css_scanner scanner;
    css_token token;
    const css_measures *measures;
    int depth;
    bool wrong;
};

static void advance(struct reading *reading)
{
    do
        reading->token = css_scan(&reading->scanner);
    while (reading->token.kind == CSS_BLANK);
}

bool css_unit(const css_token *token, const css_measures *measures, double *ret_factor)
{
    static const struct {
        const char *name;
        char by; /* what it is measured by, 0: nothing */
        double factor;
    } units[] = {
        {"px", 0, 1},           {"em", 'e', 1},       {"rem", 'r', 1},       {"%", 0, 0},
        {"pt", 0, 4 / 3.0},     {"vw", 'w', 0.01},    {"vh", 'h', 0.01},     {"ex", 'e', 0.448242},
        {"ch", 'e', 0.5},       {"cm", 0, 96 / 2.54}, {"mm", 0, 9.6 / 2.54}, {"in", 0, 96},
        {"pc", 0, 16},          {"q", 0, 2.4 / 2.54}, {"vmin", 'm', 0.01},   {"vmax", 'x', 0.01},
        {"svw", 'w', 0.01},     {"svh", 'h', 0.01},   {"lvw", 'w', 0.01},    {"lvh", 'h', 0.01},
        {"dvw", 'w', 0.01},     {"dvh", 'h', 0.01},   {"vi", 'w', 0.01},     {"vb", 'h', 0.01},
        {"ic", 'e', 1},         {"cap", 'e', 0.66},   {"lh", 'e', 1.15},     {"rlh", 'r', 1.15},
        {"rex", 'r', 0.448242}, {"rch", 'r', 0.5},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!css_is_word(token, units[i].name))
            continue;
        double by = units[i].by == 0 ? 1 : 0;
        if (units[i].by != 0 && measures != NULL) {
            double small = fmin(measures->width, measures->height);
            double large = fmax(measures->width, measures->height);
            by = units[i].by == 'e'   ? measures->em
                 : units[i].by == 'r' ? measures->rem
                 : units[i].by == 'w' ? measures->width
                 : units[i].by == 'h' ? measures->height
                 : units[i].by == 'm' ? small
                                      : large;
        }
        *ret_factor = by * units[i].factor;
        return true;
    }
    return false;
}

static css_amount wrong(struct reading *reading)
{
    reading->wrong = true;
    return (css_amount){0};
}

static css_amount take_dimension(struct reading *reading)
{
    const css_token *token = &reading->token;
    double number = token->number, factor;
    static const struct {
        const char *name;
        unsigned has;
        double factor;
    } others[] = {
        {"deg", CSS_HAS_DEGREES, 1},    {"rad", CSS_HAS_DEGREES, 57.29577951308232},
        {"turn", CSS_HAS_DEGREES, 360}, {"grad", CSS_HAS_DEGREES, 0.9},
        {"s", CSS_HAS_SECONDS, 1},      {"ms", CSS_HAS_SECONDS, 0.001},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!css_is_word(token, others[i].name))
            continue;
        number *= others[i].factor;
        return others[i].has == CSS_HAS_DEGREES
                   ? (css_amount){.degrees = number, .has = CSS_HAS_DEGREES}
                   : (css_amount){.seconds = number, .has = CSS_HAS_SECONDS};
    }
    if (!css_unit(token, reading->measures, &factor) || (factor == 0 && !reading->measures))
        return wrong(reading);
    return (css_amount){.px = number * factor, .has = CSS_HAS_PX};
}

static css_amount take_sum(struct reading *reading);

static double size_of(const css_amount *amount)
{
    return amount->number + amount->px + amount->percent + amount->degrees + amount->seconds;
}

/* min, max and clamp: of amounts of one kind only. */
static css_amount take_choice(struct reading *reading, const char *name)
{
    css_amount all[16];
    size_t count = 0;
    for (;;) {
        css_amount next = take_sum(reading);
        if (reading->wrong || count == 16 || (count > 0 && next.has != all[0].has) ||
            (next.has & (next.has - 1)) != 0)
            return wrong(reading);
        all[count++] = next;
        if (reading->token.kind != CSS_COMMA)
            break;
        advance(reading);
    }
    css_amount found = all[0];
    if (strcmp(name, "clamp") == 0) {
        if (count != 3)
            return wrong(reading);
        found = size_of(&all[1]) < size_of(&all[2]) ? all[1] : all[2];
        return size_of(&found) > size_of(&all[0]) ? found : all[0];
    }
    for (size_t i = 1; i < count; i++) {
        bool less = size_of(&all[i]) < size_of(&found);
        found = less == (strcmp(name, "min") == 0) ? all[i] : found;
    }
    return found;
}

static css_amount take_brackets(struct reading *reading)
{
    static const char *const names[] = {"min", "max", "clamp"};
    const char *choice = NULL;
    css_token open = reading->token;
    if (++reading->depth > 32)
        return wrong(reading);
    for (size_t i = 0; open.kind == CSS_FUNCTION && i < 3; i++)
        choice = css_is_word(&open, names[i]) ? names[i] : choice;
    if (open.kind == CSS_FUNCTION && choice == NULL && !css_is_word(&open, "calc") &&
        !css_is_word(&open, "-webkit-calc"))
        return wrong(reading);
    advance(reading);
    css_amount inner = choice != NULL ? take_choice(reading, choice) : take_sum(reading);
    reading->depth--;
    if (reading->token.kind != CSS_CLOSE_ROUND && reading->token.kind != CSS_END)
        return wrong(reading);
    advance(reading);
    return inner;
}

static css_amount take_one(struct reading *reading)
{
    css_amount amount = {.number = reading->token.number, .has = CSS_HAS_NUMBER};
    switch (reading->token.kind) {
    case CSS_NUMBER:
        break;
    case CSS_PERCENTAGE:
        amount = (css_amount){.percent = reading->token.number, .has = CSS_HAS_PERCENT};
        break;
    case CSS_DIMENSION:
        amount = take_dimension(reading);
        break;
    case CSS_OPEN_ROUND:
    case CSS_FUNCTION:
        return take_brackets(reading);
    case CSS_IDENT:
        if (!css_is_word(&reading->token, "pi") && !css_is_word(&reading->token, "e"))
            return wrong(reading);
        amount.number = css_is_word(&reading->token, "e") ? 2.718281828459045 : 3.141592653589793;
        break;
    default:
        return wrong(reading);
    }
    advance(reading);
    return amount;
}

static css_amount scaled(const css_amount *amount, double by)
{
    return (css_amount){amount->number * by,  amount->px * by,      amount->percent * by,
                        amount->degrees * by, amount->seconds * by, amount->has};
}

static bool is_delim(const struct reading *reading, uint32_t code)
{
    return reading->token.kind == CSS_DELIM && reading->token.code == code;
}

static css_amount take_product(struct reading *reading)
{
    css_amount left = take_one(reading);
    while (!reading->wrong && (is_delim(reading, '*') || is_delim(reading, '/'))) {
        bool over = is_delim(reading, '/');
        advance(reading);
        css_amount right = take_one(reading);
        if (over ? right.has != CSS_HAS_NUMBER || right.number == 0
                 : right.has != CSS_HAS_NUMBER && left.has != CSS_HAS_NUMBER)
            return wrong(reading);
        if (over)
            left = scaled(&left, 1 / right.number);
        else
            left = right.has == CSS_HAS_NUMBER ? scaled(&left, right.number)
                                               : scaled(&right, left.number);
    }
    return left;
}

static css_amount take_sum(struct reading *reading)
{
    css_amount left = take_product(reading);
    while (!reading->wrong && (is_delim(reading, '+') || is_delim(reading, '-'))) {
        double sign = is_delim(reading, '-') ? -1 : 1;
        advance(reading);
        css_amount right = take_product(reading);
        unsigned both = CSS_HAS_PX | CSS_HAS_PERCENT;
        if (left.has != right.has && ((left.has | right.has) & ~both) != 0)
            return wrong(reading);
        left.number += sign * right.number;
        left.px += sign * right.px;
        left.percent += sign * right.percent;
        left.degrees += sign * right.degrees;
        left.seconds += sign * right.seconds;
        left.has |= right.has;
    }
    return left;
}

bool css_amount_read(const char *text, size_t size, const css_measures *measures,
                     css_amount *ret_amount)
{
    firn_arena arena;
    struct reading reading = {.measures = measures};
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    css_scan_begin(&reading.scanner, &arena, text, size);
    advance(&reading);
    css_amount amount = take_one(&reading);
    bool good = !reading.wrong && reading.token.kind == CSS_END;
    firn_arena_fini(&arena);
    if (good)
        *ret_amount = amount;
    return good;
}

static void put_with(css_text *text, double number, const char *unit)
{
    css_put_number(text, number);
    css_put_text(text, unit);
}

void css_put_amount(css_text *text, const css_amount *amount)
{
    if (amount->has == (CSS_HAS_PX | CSS_HAS_PERCENT)) {
        css_put_text(text, "calc(");
        put_with(text, amount->percent, "%");
        css_put_text(text, amount->px < 0 ? " - " : " + ");
        put_with(text, fabs(amount->px), "px)");
    } else if (amount->has == CSS_HAS_PX) {
        put_with(text, amount->px, "px");
    } else if (amount->has == CSS_HAS_PERCENT) {
        put_with(text, amount->percent, "%");
    } else if (amount->has == CSS_HAS_DEGREES) {
        put_with(text, amount->degrees, "deg");
    } else if (amount->has == CSS_HAS_SECONDS) {
        put_with(text, amount->seconds, "s");
    } else {
        css_put_number(text, amount->number);
    }
}
