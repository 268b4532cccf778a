/* Transforms as a matrix (CSS Transforms Levels 1 and 2). Percentages are of boxes, which have no
 * size here. Complexity: O(functions). */
#include "tabs/css/compute_parts.h"

#include <math.h>
#include <string.h>

#define FUNCTION_ARGUMENTS 16
static const double to_radians = 3.14159265358979323846 / 180;

struct matrix {
    double m[16]; /* by columns */
};

static const struct matrix identity = {{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}};

static struct matrix product(const struct matrix *a, const struct matrix *b)
{
    struct matrix out = {{0}};
    for (int column = 0; column < 4; column++) {
        for (int row = 0; row < 4; row++) {
            for (int i = 0; i < 4; i++)
                out.m[column * 4 + row] += a->m[i * 4 + row] * b->m[column * 4 + i];
        }
    }
    return out;
}

static struct matrix rotation(double x, double y, double z, double degrees)
{
    double length = sqrt(x * x + y * y + z * z);
    if (!(length > 0))
        return identity;
    x /= length, y /= length, z /= length;
    double s = sin(degrees * to_radians), c = cos(degrees * to_radians), t = 1 - c;
    return (struct matrix){{t * x * x + c, t * x * y + s * z, t * x * z - s * y, 0,
                            t * x * y - s * z, t * y * y + c, t * y * z + s * x, 0,
                            t * x * z + s * y, t * y * z - s * x, t * z * z + c, 0, 0, 0, 0, 1}};
}

struct arguments {
    double value[FUNCTION_ARGUMENTS];
    size_t count;
};

static bool is(const char *name, size_t size, const char *wanted)
{
    return css_equals(name, size, wanted);
}

/* Moves and sizes; `flat` stays where nothing leaves the plane. */
static bool make_simple(const char *name, size_t size, const struct arguments *a,
                        struct matrix *into, bool *flat)
{
    const double *v = a->value;
    double second = a->count > 1 ? v[1] : 0, third = a->count > 2 ? v[2] : 0;
    bool three = is(name, size, "translate3d"), z = is(name, size, "translatez");
    if (is(name, size, "translate") || three) {
        into->m[12] = v[0];
        into->m[13] = second;
        into->m[14] = three ? third : 0;
    } else if (is(name, size, "translatex")) {
        into->m[12] = v[0];
    } else if (is(name, size, "translatey")) {
        into->m[13] = v[0];
    } else if (z) {
        into->m[14] = v[0];
    } else if (is(name, size, "scale") || is(name, size, "scale3d")) {
        three = is(name, size, "scale3d");
        into->m[0] = v[0];
        into->m[5] = a->count > 1 ? second : v[0];
        into->m[10] = three ? third : 1;
    } else if (is(name, size, "scalex")) {
        into->m[0] = v[0];
    } else if (is(name, size, "scaley")) {
        into->m[5] = v[0];
    } else if (is(name, size, "scalez")) {
        z = true;
        into->m[10] = v[0];
    } else {
        return false;
    }
    *flat = *flat && !three && !z;
    return true;
}

static bool make_function(const char *name, size_t size, const struct arguments *a,
                          struct matrix *into, bool *flat)
{
    const double *v = a->value;
    *into = identity;
    if (a->count == 0)
        return false;
    if (make_simple(name, size, a, into, flat))
        return true;
    if (is(name, size, "rotate") || is(name, size, "rotatez")) {
        *flat = *flat && is(name, size, "rotate");
        *into = rotation(0, 0, 1, v[0]);
    } else if (is(name, size, "rotatex") || is(name, size, "rotatey")) {
        *flat = false;
        *into = is(name, size, "rotatex") ? rotation(1, 0, 0, v[0]) : rotation(0, 1, 0, v[0]);
    } else if (is(name, size, "rotate3d") && a->count == 4) {
        *flat = false;
        *into = rotation(v[0], v[1], v[2], v[3]);
    } else if (is(name, size, "skew") || is(name, size, "skewx")) {
        into->m[4] = tan(v[0] * to_radians);
        into->m[1] = a->count > 1 ? tan(v[1] * to_radians) : 0;
    } else if (is(name, size, "skewy")) {
        into->m[1] = tan(v[0] * to_radians);
    } else if (is(name, size, "matrix") && a->count == 6) {
        const int places[6] = {0, 1, 4, 5, 12, 13};
        for (int i = 0; i < 6; i++)
            into->m[places[i]] = v[i];
    } else if (is(name, size, "matrix3d") && a->count == 16) {
        *flat = false;
        memcpy(into->m, v, sizeof into->m);
    } else if (is(name, size, "perspective")) {
        *flat = false;
        into->m[11] = v[0] > 0 ? -1 / v[0] : 0;
    } else {
        return false;
    }
    return true;
}

static bool read_arguments(const char *text, size_t size, const css_measures *measures,
                           struct arguments *into)
{
    css_piece pieces[FUNCTION_ARGUMENTS];
    css_amount amount;
    into->count = css_pieces(text, size, pieces, FUNCTION_ARGUMENTS);
    for (size_t i = 0; i < into->count; i++) {
        if (css_equals(pieces[i].text, pieces[i].size, "none"))
            amount = (css_amount){0};
        else if (!css_amount_read(pieces[i].text, pieces[i].size, measures, &amount))
            return false;
        into->value[i] = amount.number + amount.px + amount.degrees;
    }
    return into->count > 0;
}

bool css_put_matrix(const char *text, size_t size, const css_measures *measures, css_text *out)
{
    css_piece pieces[64];
    struct matrix all = identity, one;
    struct arguments arguments;
    bool flat = true;
    size_t count = css_pieces(text, size, pieces, 64);
    for (size_t i = 0; i < count; i++) {
        const char *open = memchr(pieces[i].text, '(', pieces[i].size);
        size_t name = open != NULL ? (size_t)(open - pieces[i].text) : 0;
        if (open == NULL || pieces[i].text[pieces[i].size - 1] != ')' ||
            !read_arguments(open + 1, pieces[i].size - name - 2, measures, &arguments) ||
            !make_function(pieces[i].text, name, &arguments, &one, &flat))
            return false;
        all = product(&all, &one);
    }
    static const int places[6] = {0, 1, 4, 5, 12, 13};
    css_put_text(out, flat ? "matrix(" : "matrix3d(");
    for (int i = 0; i < (flat ? 6 : 16); i++) {
        double value = all.m[flat ? places[i] : i];
        css_put_text(out, i > 0 ? ", " : "");
        css_put_number(out, fabs(value) < 1e-15 ? 0 : value);
    }
    css_put_text(out, ")");
    return count > 0;
}
