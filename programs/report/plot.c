/* Bars have a scale of their own each; a series has two axes with some five ticks. */
#include "report/plot.h"

#include "common/html.h"
#include "report/values.h"

#include <math.h>
#include <string.h>

#define OWN_PEER "firn, "

enum { WIDTH = 640, BAR_LEFT = 190, BAR_WIDTH = 350, BAR_LINE = 20, BARS_MAX = 32 };
enum { HEIGHT = 300, LEFT = 78, RIGHT = 36, TOP = 30, BOTTOM = 46, COLOURS = 8, LEGEND = 18 };

/* --- bars --- */

struct bar {
    const char *name;
    double value;
    bool own;
};

/* Where peers are told in another unit than the row's, such as ns beside a ratio, one named "firn,
 * ns" has the row's own value in it, and no target can be drawn. NULL: there is none. */
static const json_t *own_peer(const json_t *row)
{
    size_t i;
    const json_t *peer;
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        if (strncmp(value_get_text(peer, "name"), OWN_PEER, strlen(OWN_PEER)) == 0)
            return peer;
    }
    return NULL;
}

const char *plot_bars_unit(const json_t *row)
{
    const json_t *own = own_peer(row);
    return own != NULL ? value_get_text(own, "name") + strlen(OWN_PEER)
                       : value_get_text(row, "unit");
}

/* The own one first; returns how many. */
static size_t bars_of(const json_t *row, struct bar bars[BARS_MAX])
{
    const json_t *own = own_peer(row), *peer;
    size_t i, count = 0;
    bars[count++] = (struct bar){"firn", value_get_number(own != NULL ? own : row, "value"), true};
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        if (peer != own && count < BARS_MAX)
            bars[count++] =
                (struct bar){value_get_text(peer, "name"), value_get_number(peer, "value"), false};
    }
    return count;
}

static double bar_width(const struct bar *bar, double most)
{
    return isfinite(bar->value) && bar->value > 0 ? bar->value / most * BAR_WIDTH : 0;
}

static void put_bar(FILE *out, int y, const struct bar *bar, double most)
{
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", BAR_LEFT - 8, y + 14);
    html_text(out, bar->name);
    fprintf(out, "</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
            bar->own ? "own" : "peer", BAR_LEFT, y + 2, bar_width(bar, most), BAR_LINE - 5);
}

/* Behind the bar, above the line of the target. */
static void put_bar_value(FILE *out, int y, const struct bar *bar, double most)
{
    char number[HTML_NUMBER_BYTES];
    fprintf(out, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%s</text>\n",
            BAR_LEFT + bar_width(bar, most) + 6, y + 14, html_number(bar->value, number));
}

void plot_bars(FILE *out, const json_t *row)
{
    struct bar bars[BARS_MAX];
    const size_t count = bars_of(row, bars);
    const double target = own_peer(row) != NULL ? (double)NAN : value_get_number(row, "target");
    const int height = BAR_LINE * (int)count + 8;
    double most = fmax(target, 0); /* of which NAN is none */
    for (size_t i = 0; i < count; i++)
        most = fmax(most, bars[i].value);
    most = most > 0 ? most : 1;
    fprintf(out, "<svg class=\"bars\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
            height);
    html_text(out, value_get_text(row, "what"));
    fputs("\">\n", out);
    for (size_t i = 0; i < count; i++)
        put_bar(out, 2 + BAR_LINE * (int)i, &bars[i], most);
    if (isfinite(target)) {
        const double x = BAR_LEFT + fmax(target, 0) / most * BAR_WIDTH;
        fprintf(out, "<line class=\"target\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>\n", x, x,
                height);
    }
    for (size_t i = 0; i < count; i++)
        put_bar_value(out, 2 + BAR_LINE * (int)i, &bars[i], most);
    fputs("</svg>\n", out);
}

/* --- axes --- */

struct axis {
    double least, most;
    bool is_log;
    double begin, end; /* where they lie */
};

static double place(const struct axis *axis, double value)
{
    double share;
    if (axis->is_log)
        share = log(fmax(value, axis->least) / axis->least) / log(axis->most / axis->least);
    else
        share = (value - axis->least) / (axis->most - axis->least);
    return axis->begin + fmin(fmax(share, 0), 1) * (axis->end - axis->begin);
}

/* Widens the range so that it is one, and a logarithm's so that it ends at powers of ten, unless it
 * is hardly beyond one. */
static void settle(struct axis *axis)
{
    if (axis->is_log) {
        axis->least = axis->least > 0 ? pow(10, floor(log10(axis->least))) : 1;
        axis->most = axis->most > 0 ? pow(10, ceil(log10(axis->most) - 0.02)) : 10;
        if (axis->most <= axis->least)
            axis->most = axis->least * 10;
    } else if (!(axis->most > axis->least)) {
        axis->most = axis->least + 1;
    }
}

/* 1, 2 or 5 times a power of ten, five steps at most. */
static double step_of(const struct axis *axis)
{
    const double rough = (axis->most - axis->least) / 5;
    const double power = pow(10, floor(log10(rough)));
    const double part = rough / power;
    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static void put_tick(FILE *out, const struct axis *axis, double value, bool is_x)
{
    char number[HTML_NUMBER_BYTES];
    const double at = place(axis, value);
    html_number(fabs(value) < 1e-12 ? 0 : value, number);
    if (is_x)
        fprintf(out,
                "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                at, at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 16, number);
    else
        fprintf(out,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                LEFT, WIDTH - RIGHT, at, at, LEFT - 6, at + 4, number);
}

static void put_axis(FILE *out, const struct axis *axis, bool is_x)
{
    if (axis->is_log) {
        const int decades = (int)lround(log10(axis->most / axis->least)), by = decades / 7 + 1;
        for (int i = 0; i <= decades; i += by)
            put_tick(out, axis, axis->least * pow(10, i), is_x);
        return;
    }
    const double step = step_of(axis);
    const double first = ceil(axis->least / step - 1e-9);
    for (int i = 0; i <= 10 && (first + i) * step <= axis->most + step * 1e-9; i++)
        put_tick(out, axis, (first + i) * step, is_x);
}

/* --- series --- */

enum kind { LINE, STACK, HISTOGRAM };

static double coordinate(const json_t *points, size_t at, size_t which)
{
    return json_number_value(json_array_get(json_array_get(points, at), which));
}

static const json_t *points_of(const json_t *lines, size_t line)
{
    return json_object_get(json_array_get(lines, line), "points");
}

/* What lies below a line's point in a stack: the same point of the lines before. */
static double below(const json_t *lines, size_t line, size_t at)
{
    double sum = 0;
    for (size_t i = 0; i < line; i++)
        sum +=
            at < json_array_size(points_of(lines, i)) ? coordinate(points_of(lines, i), at, 1) : 0;
    return sum;
}

/* Where a bin ends: where the next begins; the last is as wide as the one before. */
static double bin_end(const json_t *points, size_t at)
{
    if (at + 1 < json_array_size(points))
        return coordinate(points, at + 1, 0);
    if (at == 0)
        return coordinate(points, 0, 0) * 2;
    return coordinate(points, at, 0) + coordinate(points, at, 0) - coordinate(points, at - 1, 0);
}

static void measure_axes(const json_t *lines, enum kind kind, struct axis *x, struct axis *y)
{
    x->least = y->least = INFINITY;
    x->most = y->most = -INFINITY;
    for (size_t i = 0; i < json_array_size(lines); i++)
        for (size_t at = 0; at < json_array_size(points_of(lines, i)); at++) {
            const double from = coordinate(points_of(lines, i), at, 0);
            const double value = coordinate(points_of(lines, i), at, 1);
            x->least = x->is_log && from <= 0 ? x->least : fmin(x->least, from);
            x->most = fmax(x->most, kind == HISTOGRAM ? bin_end(points_of(lines, i), at) : from);
            y->least = value > 0 ? fmin(y->least, value) : y->least;
            y->most = fmax(y->most, value + (kind == STACK ? below(lines, i, at) : 0));
        }
    if (!y->is_log || !isfinite(y->least))
        y->least = y->is_log ? 1 : 0;
    settle(x);
    settle(y);
}

static void put_line(FILE *out, const json_t *lines, size_t line, const struct axis *x,
                     const struct axis *y)
{
    const json_t *points = points_of(lines, line);
    fprintf(out, "<polyline class=\"line s%zu\" points=\"", line % COLOURS);
    for (size_t at = 0; at < json_array_size(points); at++)
        fprintf(out, "%.1f,%.1f ", place(x, coordinate(points, at, 0)),
                place(y, coordinate(points, at, 1)));
    fputs("\"/>\n", out);
}

static void put_stack(FILE *out, const json_t *lines, size_t line, const struct axis *x,
                      const struct axis *y)
{
    const json_t *points = points_of(lines, line);
    const size_t count = json_array_size(points);
    fprintf(out, "<polygon class=\"area s%zu\" points=\"", line % COLOURS);
    for (size_t at = 0; at < count; at++)
        fprintf(out, "%.1f,%.1f ", place(x, coordinate(points, at, 0)),
                place(y, below(lines, line, at) + coordinate(points, at, 1)));
    for (size_t at = count; at-- > 0;)
        fprintf(out, "%.1f,%.1f ", place(x, coordinate(points, at, 0)),
                place(y, below(lines, line, at)));
    fputs("\"/>\n", out);
}

static void put_histogram(FILE *out, const json_t *lines, size_t line, const struct axis *x,
                          const struct axis *y)
{
    const json_t *points = points_of(lines, line);
    fprintf(out, "<polygon class=\"bins s%zu\" points=\"", line % COLOURS);
    fprintf(out, "%.1f,%.1f ", place(x, coordinate(points, 0, 0)), y->begin);
    for (size_t at = 0; at < json_array_size(points); at++) {
        const double count = coordinate(points, at, 1);
        const double height = count > 0 ? place(y, count) : y->begin;
        fprintf(out, "%.1f,%.1f %.1f,%.1f ", place(x, coordinate(points, at, 0)), height,
                place(x, bin_end(points, at)), height);
    }
    fprintf(out, "%.1f,%.1f\"/>\n", place(x, bin_end(points, json_array_size(points) - 1)),
            y->begin);
}

static void put_names(FILE *out, const json_t *series, const json_t *lines)
{
    double at = LEFT;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *name = value_get_text(json_array_get(lines, i), "name");
        fprintf(out,
                "<rect class=\"key s%zu\" x=\"%.0f\" y=\"8\" width=\"11\" height=\"11\"/>"
                "<text x=\"%.0f\" y=\"18\">",
                i % COLOURS, at, at + 15);
        html_text(out, name);
        fputs("</text>\n", out);
        at += 15 + 7 * (double)strlen(name) + LEGEND;
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 8);
    html_text(out, value_get_text(series, "x"));
    fprintf(out, "</text><text x=\"14\" y=\"%d\" transform=\"rotate(-90 14 %d)\">", HEIGHT - BOTTOM,
            HEIGHT - BOTTOM);
    html_text(out, value_get_text(series, "y"));
    fputs("</text>\n", out);
}

static bool is_point(const json_t *point)
{
    return json_array_size(point) == 2 && json_is_number(json_array_get(point, 0)) &&
           json_is_number(json_array_get(point, 1));
}

bool plot_can(const json_t *series)
{
    static const char *const texts[] = {"id", "what", "kind", "x", "y"};
    const json_t *lines = json_object_get(series, "lines");
    size_t i, j;
    const json_t *line, *point;
    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!json_is_string(json_object_get(series, texts[i])))
            return false;
    json_array_foreach(lines, i, line)
    {
        const json_t *points = json_object_get(line, "points");
        if (!json_is_string(json_object_get(line, "name")) || json_array_size(points) == 0)
            return false;
        json_array_foreach(points, j, point)
        {
            if (!is_point(point))
                return false;
        }
    }
    return json_array_size(lines) > 0;
}

void plot_series(FILE *out, const json_t *series)
{
    const char *name = value_get_text(series, "kind");
    const enum kind kind = strcmp(name, "stack") == 0       ? STACK
                           : strcmp(name, "histogram") == 0 ? HISTOGRAM
                                                            : LINE;
    const json_t *lines = json_object_get(series, "lines");
    struct axis x = {.is_log = json_is_true(json_object_get(series, "log_x")),
                     .begin = LEFT,
                     .end = WIDTH - RIGHT};
    struct axis y = {.is_log = kind != STACK && json_is_true(json_object_get(series, "log_y")),
                     .begin = HEIGHT - BOTTOM,
                     .end = TOP};
    measure_axes(lines, kind, &x, &y);
    fprintf(out, "<svg class=\"series\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
            HEIGHT);
    html_text(out, value_get_text(series, "what"));
    fputs("\">\n", out);
    put_axis(out, &x, true);
    put_axis(out, &y, false);
    for (size_t i = json_array_size(lines); i-- > 0;) {
        if (kind == STACK)
            put_stack(out, lines, i, &x, &y);
        else if (kind == HISTOGRAM)
            put_histogram(out, lines, i, &x, &y);
        else
            put_line(out, lines, i, &x, &y);
    }
    put_names(out, series, lines);
    fputs("</svg>\n", out);
}
