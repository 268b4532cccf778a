/* Colours: words by binary search, the functions from their arguments. Complexity: O(size). */
#include "tabs/css/color.h"

#include "tabs/css/scan.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t rgb;
} words[] = {
    {"activetext", 0xff0000},
    {"aliceblue", 0xf0f8ff},
    {"antiquewhite", 0xfaebd7},
    {"aqua", 0x00ffff},
    {"aquamarine", 0x7fffd4},
    {"azure", 0xf0ffff},
    {"beige", 0xf5f5dc},
    {"bisque", 0xffe4c4},
    {"black", 0x000000},
    {"blanchedalmond", 0xffebcd},
    {"blue", 0x0000ff},
    {"blueviolet", 0x8a2be2},
    {"brown", 0xa52a2a},
    {"burlywood", 0xdeb887},
    {"buttonborder", 0x000000},
    {"buttonface", 0xefefef},
    {"buttontext", 0x000000},
    {"cadetblue", 0x5f9ea0},
    {"canvas", 0xffffff},
    {"canvastext", 0x000000},
    {"chartreuse", 0x7fff00},
    {"chocolate", 0xd2691e},
    {"coral", 0xff7f50},
    {"cornflowerblue", 0x6495ed},
    {"cornsilk", 0xfff8dc},
    {"crimson", 0xdc143c},
    {"cyan", 0x00ffff},
    {"darkblue", 0x00008b},
    {"darkcyan", 0x008b8b},
    {"darkgoldenrod", 0xb8860b},
    {"darkgray", 0xa9a9a9},
    {"darkgreen", 0x006400},
    {"darkgrey", 0xa9a9a9},
    {"darkkhaki", 0xbdb76b},
    {"darkmagenta", 0x8b008b},
    {"darkolivegreen", 0x556b2f},
    {"darkorange", 0xff8c00},
    {"darkorchid", 0x9932cc},
    {"darkred", 0x8b0000},
    {"darksalmon", 0xe9967a},
    {"darkseagreen", 0x8fbc8f},
    {"darkslateblue", 0x483d8b},
    {"darkslategray", 0x2f4f4f},
    {"darkslategrey", 0x2f4f4f},
    {"darkturquoise", 0x00ced1},
    {"darkviolet", 0x9400d3},
    {"deeppink", 0xff1493},
    {"deepskyblue", 0x00bfff},
    {"dimgray", 0x696969},
    {"dimgrey", 0x696969},
    {"dodgerblue", 0x1e90ff},
    {"field", 0xffffff},
    {"fieldtext", 0x000000},
    {"firebrick", 0xb22222},
    {"floralwhite", 0xfffaf0},
    {"forestgreen", 0x228b22},
    {"fuchsia", 0xff00ff},
    {"gainsboro", 0xdcdcdc},
    {"ghostwhite", 0xf8f8ff},
    {"gold", 0xffd700},
    {"goldenrod", 0xdaa520},
    {"gray", 0x808080},
    {"graytext", 0x808080},
    {"green", 0x008000},
    {"greenyellow", 0xadff2f},
    {"grey", 0x808080},
    {"highlight", 0x3367d1},
    {"highlighttext", 0xffffff},
    {"honeydew", 0xf0fff0},
    {"hotpink", 0xff69b4},
    {"indianred", 0xcd5c5c},
    {"indigo", 0x4b0082},
    {"ivory", 0xfffff0},
    {"khaki", 0xf0e68c},
    {"lavender", 0xe6e6fa},
    {"lavenderblush", 0xfff0f5},
    {"lawngreen", 0x7cfc00},
    {"lemonchiffon", 0xfffacd},
    {"lightblue", 0xadd8e6},
    {"lightcoral", 0xf08080},
    {"lightcyan", 0xe0ffff},
    {"lightgoldenrodyellow", 0xfafad2},
    {"lightgray", 0xd3d3d3},
    {"lightgreen", 0x90ee90},
    {"lightgrey", 0xd3d3d3},
    {"lightpink", 0xffb6c1},
    {"lightsalmon", 0xffa07a},
    {"lightseagreen", 0x20b2aa},
    {"lightskyblue", 0x87cefa},
    {"lightslategray", 0x778899},
    {"lightslategrey", 0x778899},
    {"lightsteelblue", 0xb0c4de},
    {"lightyellow", 0xffffe0},
    {"lime", 0x00ff00},
    {"limegreen", 0x32cd32},
    {"linen", 0xfaf0e6},
    {"linktext", 0x0000ee},
    {"magenta", 0xff00ff},
    {"mark", 0xffff00},
    {"marktext", 0x000000},
    {"maroon", 0x800000},
    {"mediumaquamarine", 0x66cdaa},
    {"mediumblue", 0x0000cd},
    {"mediumorchid", 0xba55d3},
    {"mediumpurple", 0x9370db},
    {"mediumseagreen", 0x3cb371},
    {"mediumslateblue", 0x7b68ee},
    {"mediumspringgreen", 0x00fa9a},
    {"mediumturquoise", 0x48d1cc},
    {"mediumvioletred", 0xc71585},
    {"midnightblue", 0x191970},
    {"mintcream", 0xf5fffa},
    {"mistyrose", 0xffe4e1},
    {"moccasin", 0xffe4b5},
    {"navajowhite", 0xffdead},
    {"navy", 0x000080},
    {"oldlace", 0xfdf5e6},
    {"olive", 0x808000},
    {"olivedrab", 0x6b8e23},
    {"orange", 0xffa500},
    {"orangered", 0xff4500},
    {"orchid", 0xda70d6},
    {"palegoldenrod", 0xeee8aa},
    {"palegreen", 0x98fb98},
    {"paleturquoise", 0xafeeee},
    {"palevioletred", 0xdb7093},
    {"papayawhip", 0xffefd5},
    {"peachpuff", 0xffdab9},
    {"peru", 0xcd853f},
    {"pink", 0xffc0cb},
    {"plum", 0xdda0dd},
    {"powderblue", 0xb0e0e6},
    {"purple", 0x800080},
    {"rebeccapurple", 0x663399},
    {"red", 0xff0000},
    {"rosybrown", 0xbc8f8f},
    {"royalblue", 0x4169e1},
    {"saddlebrown", 0x8b4513},
    {"salmon", 0xfa8072},
    {"sandybrown", 0xf4a460},
    {"seagreen", 0x2e8b57},
    {"seashell", 0xfff5ee},
    {"sienna", 0xa0522d},
    {"silver", 0xc0c0c0},
    {"skyblue", 0x87ceeb},
    {"slateblue", 0x6a5acd},
    {"slategray", 0x708090},
    {"slategrey", 0x708090},
    {"snow", 0xfffafa},
    {"springgreen", 0x00ff7f},
    {"steelblue", 0x4682b4},
    {"tan", 0xd2b48c},
    {"teal", 0x008080},
    {"thistle", 0xd8bfd8},
    {"tomato", 0xff6347},
    {"turquoise", 0x40e0d0},
    {"violet", 0xee82ee},
    {"visitedtext", 0x551a8b},
    {"wheat", 0xf5deb3},
    {"white", 0xffffff},
    {"whitesmoke", 0xf5f5f5},
    {"yellow", 0xffff00},
    {"yellowgreen", 0x9acd32},
};

static css_color from_rgb(uint32_t rgb)
{
    return (css_color){rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255, 1};
}

bool css_color_word(const char *text, size_t size, css_color *ret_color)
{
    char word[24];
    if (size == 0 || size >= sizeof word)
        return false;
    for (size_t i = 0; i < size; i++)
        word[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 'a' - 'A') : text[i];
    word[size] = 0;
    if (strcmp(word, "transparent") == 0) {
        *ret_color = (css_color){0};
        return true;
    }
    size_t low = 0, high = sizeof words / sizeof words[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(word, words[middle].name);
        if (order == 0) {
            *ret_color = from_rgb(words[middle].rgb);
            return true;
        }
        order < 0 ? (high = middle) : (low = middle + 1);
    }
    return false;
}

bool css_color_hash(const char *text, size_t size, css_color *ret_color)
{
    uint32_t digits[8];
    if (size != 3 && size != 4 && size != 6 && size != 8)
        return false;
    for (size_t i = 0; i < size; i++) {
        char byte = text[i], low = (char)(byte | 0x20);
        if (byte >= '0' && byte <= '9')
            digits[i] = (uint32_t)(byte - '0');
        else if (low >= 'a' && low <= 'f')
            digits[i] = (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    double part[4] = {0, 0, 0, 255};
    bool wide = size > 4;
    for (size_t i = 0; i < (wide ? size / 2 : size); i++)
        part[i] = wide ? digits[2 * i] * 16 + digits[2 * i + 1] : digits[i] * 17;
    *ret_color = (css_color){part[0], part[1], part[2], part[3] / 255};
    return true;
}

/* --- functions --- */

struct argument {
    double number;
    bool percent;
};

/* The three or four arguments, of which the last may stand behind a slash. */
static bool take_arguments(const char *inner, size_t size, struct argument *into, size_t *ret_count)
{
    css_scanner scanner;
    firn_arena none;
    size_t count = 0;
    if (firn_arena_init(&none, NULL) != FIRN_OK)
        return false;
    css_scan_begin(&scanner, &none, inner, size);
    bool good = true, commas = false, slash = false;
    for (css_token token; good && (token = css_scan(&scanner)).kind != CSS_END;) {
        bool numeric =
            token.kind == CSS_NUMBER || token.kind == CSS_PERCENTAGE || token.kind == CSS_DIMENSION;
        bool word = token.kind == CSS_IDENT && css_is_word(&token, "none");
        if (numeric || word) {
            double number = word ? 0 : token.number;
            if (token.kind == CSS_DIMENSION) {
                double unit = css_is_word(&token, "deg")    ? 1
                              : css_is_word(&token, "turn") ? 360
                              : css_is_word(&token, "rad")  ? 57.29577951308232
                              : css_is_word(&token, "grad") ? 0.9
                                                            : NAN;
                number *= unit;
            }
            good = count < 4 && !isnan(number);
            if (good)
                into[count++] = (struct argument){number, token.kind == CSS_PERCENTAGE};
        } else if (token.kind == CSS_COMMA) {
            commas = true;
        } else if (token.kind == CSS_DELIM && token.code == '/') {
            slash = true;
            good = count == 3;
        } else {
            good = token.kind == CSS_BLANK;
        }
    }
    firn_arena_fini(&none);
    *ret_count = count;
    return good && (count == 3 || (count == 4 && (commas || slash)));
}

static double clamp(double value, double most)
{
    return value < 0 || isnan(value) ? 0 : value > most ? most : value;
}

static double hue_part(double hue, double most, double least)
{
    hue = fmod(hue, 360);
    hue = hue < 0 ? hue + 360 : hue;
    double rise = hue < 60 ? hue / 60 : hue < 180 ? 1 : hue < 240 ? (240 - hue) / 60 : 0;
    return least + (most - least) * rise;
}

static css_color from_hue(double hue, double most, double least)
{
    return (css_color){255 * hue_part(hue + 120, most, least), 255 * hue_part(hue, most, least),
                       255 * hue_part(hue - 120, most, least), 1};
}

bool css_color_function(const char *name, size_t name_size, const char *inner, size_t size,
                        css_color *ret_color)
{
    struct argument part[4];
    size_t count;
    bool rgb = css_equals(name, name_size, "rgb") || css_equals(name, name_size, "rgba");
    bool hsl = css_equals(name, name_size, "hsl") || css_equals(name, name_size, "hsla");
    if (!(rgb || hsl || css_equals(name, name_size, "hwb")) ||
        !take_arguments(inner, size, part, &count))
        return false;
    css_color color = {0};
    if (rgb) {
        double *into[3] = {&color.red, &color.green, &color.blue};
        for (size_t i = 0; i < 3; i++)
            *into[i] = clamp(part[i].percent ? part[i].number * 2.55 : part[i].number, 255);
    } else {
        double second = clamp(part[1].number, 100) / 100, third = clamp(part[2].number, 100) / 100;
        double chroma = second * (third < 0.5 ? third : 1 - third);
        if (!hsl && second + third > 1) { /* gray */
            second /= second + third;
            third = 1 - second;
        }
        color = hsl ? from_hue(part[0].number, third + chroma, third - chroma)
                    : from_hue(part[0].number, 1 - third, second);
    }
    color.alpha =
        count == 4 ? clamp(part[3].percent ? part[3].number / 100 : part[3].number, 1) : 1;
    *ret_color = color;
    return true;
}

bool css_color_read(const char *text, size_t size, css_color *ret_color)
{
    while (size > 0 && strchr(" \t\r\n\f", text[0]) != NULL)
        text++, size--;
    while (size > 0 && strchr(" \t\r\n\f", text[size - 1]) != NULL)
        size--;
    if (size > 1 && text[0] == '#')
        return css_color_hash(text + 1, size - 1, ret_color);
    const char *open = size > 0 ? memchr(text, '(', size) : NULL;
    if (open == NULL)
        return css_color_word(text, size, ret_color);
    size_t name = (size_t)(open - text);
    if (text[size - 1] != ')')
        return false;
    return css_color_function(text, name, open + 1, size - name - 2, ret_color);
}

void css_put_color(css_text *text, const css_color *color)
{
    double part[3] = {color->red, color->green, color->blue};
    bool opaque = color->alpha >= 1;
    css_put_text(text, opaque ? "rgb(" : "rgba(");
    for (size_t i = 0; i < 3; i++) {
        if (i > 0)
            css_put_text(text, ", ");
        css_put_number(text, floor(part[i] + 0.5));
    }
    if (!opaque) { /* two digits where these are enough for the byte, else three */
        double byte = floor(color->alpha * 255 + 0.5), two = floor(byte / 2.55 + 0.5) / 100;
        css_put_text(text, ", ");
        css_put_number(text,
                       floor(two * 255 + 0.5) == byte ? two : floor(byte / 0.255 + 0.5) / 1000);
    }
    css_put_text(text, ")");
}
