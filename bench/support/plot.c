/* One block a row: what it is, then a bar for Firn and one for each peer, to a scale of its own,
 * with the target as a line across. Colours come from the style sheet inside, in two sets: for
 * light and for dark. */
#include "support/plot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/contender.h"

enum { WIDTH = 860, LEFT = 110, BAR = 620, LINE = 18, TITLE = 24, GAP = 14 };

static const char style[] =
    "<style>text{font:12px sans-serif;fill:#222}.t{font-weight:bold}.own{fill:#1769aa}"
    ".peer{fill:#a9b4bd}.target{stroke:#c0392b;stroke-width:2}rect.page{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.own{fill:#5aa9e6}.peer{fill:#59646d}"
    "rect.page{fill:#16191c}}</style>";

static size_t bars_of(const struct row *row)
{
    size_t bars = 1;
    while (bars <= ROW_PEERS_MAX && row->peers[bars - 1].name != NULL)
        bars++;
    return bars;
}

static double largest(const struct row *row)
{
    double most = isnan(row->target) ? row->value : fmax(row->value, row->target);
    for (size_t i = 0; i + 1 < bars_of(row); i++)
        most = fmax(most, row->peers[i].value);
    return most > 0 ? most : 1;
}

static int height_of(const struct row *row)
{
    return TITLE + (int)bars_of(row) * LINE + GAP;
}

static void put_text(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", file);
        else if (*text == '&')
            fputs("&amp;", file);
        else
            fputc(*text, file);
    }
}

static void put_bar(FILE *file, int y, const char *name, double value, double most, bool own)
{
    if (isnan(value))
        return;
    double width = value / most * BAR;
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LEFT - 8, y + 13);
    put_text(file, name);
    fprintf(file,
            "</text><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>"
            "<text x=\"%.1f\" y=\"%d\">%.4g</text>\n",
            own ? "own" : "peer", LEFT, y + 2, width, LINE - 4, LEFT + width + 6, y + 13, value);
}

static void put_row(FILE *file, const struct row *row, int y)
{
    double most = largest(row);
    fprintf(file, "<text class=\"t\" x=\"10\" y=\"%d\">", y + 16);
    put_text(file, row->id);
    fputs("  ", file);
    put_text(file, row->what);
    fprintf(file, ", %s</text>\n", row->unit);
    y += TITLE;
    int top = y;
    put_bar(file, y, "firn", row->value, most, true);
    for (size_t i = 0; i + 1 < bars_of(row); i++)
        put_bar(file, y += LINE, row->peers[i].name, row->peers[i].value, most, false);
    if (!isnan(row->target)) {
        double x = LEFT + row->target / most * BAR;
        fprintf(file, "<line class=\"target\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x,
                x, top, y + LINE);
    }
}

bool rows_plot(const struct row *rows, size_t count, const char *path)
{
    FILE *file = fopen(path, "w");
    int height = GAP;
    for (size_t i = 0; i < count; i++)
        height += height_of(&rows[i]);
    if (file != NULL) {
        fprintf(file,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                "viewBox=\"0 0 %d %d\">%s<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n",
                WIDTH, height, WIDTH, height, style);
        int y = GAP / 2;
        for (size_t i = 0; i < count; y += height_of(&rows[i]), i++)
            put_row(file, &rows[i], y);
        fputs("</svg>\n", file);
    }
    bool written = file != NULL && !ferror(file);
    if ((file != NULL && fclose(file) != 0) || !written) {
        fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

int rows_report(const struct row *rows, size_t count, const struct bench_options *options)
{
    int status = rows_print(rows, count, options->json);
    if (contenders_fell_short())
        status = 1;
    if (options->svg != NULL && !rows_plot(rows, count, options->svg))
        status = 1;
    return status;
}
