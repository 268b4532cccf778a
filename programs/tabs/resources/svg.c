/* The natural size of an SVG (CSS Images, "default sizing algorithm"): its width and height, one of
 * them by the ratio of the viewBox; without either the largest of that ratio in 300 by 150. */
#include "tabs/resources/measure.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 64u /* of a number that counts */

struct text {
    const char *at, *end;
};

static bool begins(struct text text, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(text.end - text.at) >= size && memcmp(text.at, word, size) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void pass_spaces(struct text *text)
{
    while (text->at < text->end && is_space(*text->at))
        text->at++;
}

/* Goes behind a word; false where there is none. */
static bool pass_to(struct text *text, const char *word)
{
    while (text->at < text->end && !begins(*text, word))
        text->at++;
    if (text->at >= text->end)
        return false;
    text->at += strlen(word);
    return true;
}

/* Goes behind a doctype, whose entities may have > in quotes and brackets. */
static bool pass_doctype(struct text *text)
{
    int depth = 0;
    for (; text->at < text->end; text->at++) {
        char c = *text->at;
        depth += c == '[';
        depth -= c == ']';
        if (c == '>' && depth <= 0) {
            text->at++;
            return true;
        }
    }
    return false;
}

/* Goes behind "<svg", over what may stand before it. */
static bool find_root(struct text *text)
{
    if (begins(*text, "\xef\xbb\xbf"))
        text->at += 3;
    for (;;) {
        bool passed = false;
        pass_spaces(text);
        if (begins(*text, "<?"))
            passed = pass_to(text, "?>");
        else if (begins(*text, "<!--"))
            passed = pass_to(text, "-->");
        else if (begins(*text, "<!DOCTYPE") || begins(*text, "<!doctype"))
            passed = pass_doctype(text);
        if (!passed)
            break;
    }
    if (!begins(*text, "<svg"))
        return false;
    text->at += 4;
    return text->at < text->end && (is_space(*text->at) || *text->at == '>' || *text->at == '/');
}

/* The next attribute; false at the end of the tag. */
static bool next_attribute(struct text *text, struct text *ret_name, struct text *ret_value)
{
    pass_spaces(text);
    if (text->at >= text->end || *text->at == '>' || *text->at == '/')
        return false;
    ret_name->at = text->at;
    while (text->at < text->end && !is_space(*text->at) && *text->at != '=' && *text->at != '>')
        text->at++;
    ret_name->end = text->at;
    pass_spaces(text);
    if (text->at >= text->end || *text->at != '=')
        return false;
    text->at++;
    pass_spaces(text);
    if (text->at >= text->end || (*text->at != '"' && *text->at != '\''))
        return false;
    const char *close = memchr(text->at + 1, *text->at, (size_t)(text->end - text->at - 1));
    if (close == NULL)
        return false;
    *ret_value = (struct text){text->at + 1, close};
    text->at = close + 1;
    return true;
}

static bool number(struct text *text, double *ret)
{
    char copy[LONGEST + 1], *end;
    while (text->at < text->end && (is_space(*text->at) || *text->at == ','))
        text->at++;
    size_t size = (size_t)(text->end - text->at);
    size = size < LONGEST ? size : LONGEST;
    memcpy(copy, text->at, size);
    copy[size] = 0;
    size_t digits = strspn(copy, "+-.0123456789eE");
    while (digits > 0 && (copy[digits - 1] == 'e' || copy[digits - 1] == 'E'))
        digits--; /* of a unit, such as em */
    copy[digits] = 0;
    double value = strtod(copy, &end);
    if (end == copy || !(value >= -1e9 && value <= 1e9))
        return false;
    text->at += end - copy;
    *ret = value;
    return true;
}

/* A length in pixels; 0 for one that says nothing, as percentages do. */
static double length(struct text text)
{
    static const struct {
        const char *name;
        double pixels;
    } units[] = {{"px", 1},  {"pt", 4.0 / 3}, {"pc", 16}, {"mm", 96 / 25.4}, {"cm", 96 / 2.54},
                 {"in", 96}, {"rem", 16},     {"em", 16}, {"ex", 8},         {"Q", 96 / 101.6}};
    double value;
    if (!number(&text, &value) || value <= 0)
        return 0;
    pass_spaces(&text);
    if (text.at == text.end)
        return value;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (begins(text, units[i].name))
            return value * units[i].pixels;
    return 0;
}

static bool is_name(struct text name, const char *word)
{
    return (size_t)(name.end - name.at) == strlen(word) && begins(name, word);
}

firn_status measure_svg(const char *bytes, size_t size, double *ret_width, double *ret_height)
{
    struct text text = {bytes, bytes + size}, name, value;
    double width = 0, height = 0, box[4] = {0, 0, 0, 0};
    if (size == 0 || !find_root(&text))
        return FIRN_UNSUPPORTED;
    while (next_attribute(&text, &name, &value)) {
        if (is_name(name, "width"))
            width = length(value);
        else if (is_name(name, "height"))
            height = length(value);
        else if (is_name(name, "viewBox"))
            for (size_t i = 0; i < 4 && number(&value, &box[i]); i++)
                continue;
    }
    if (text.at >= text.end)
        return FIRN_CORRUPT;
    double ratio = box[2] > 0 && box[3] > 0 ? box[2] / box[3] : 0;
    if (width > 0 && height == 0)
        height = ratio > 0 ? width / ratio : 150;
    else if (height > 0 && width == 0)
        width = ratio > 0 ? height * ratio : 300;
    else if (width == 0) {
        width = ratio > 0 && ratio < 2 ? 150 * ratio : 300;
        height = ratio >= 2 ? 300 / ratio : 150;
    }
    *ret_width = width < 1 ? 1 : width;
    *ret_height = height < 1 ? 1 : height;
    return FIRN_OK;
}
