/* Who reads a page in which a bench failed sees so in the target's own row. Every text goes through
 * html_text, whoever printed it. */
#include "report/page.h"

#include "common/readable.h"
#include "common/report.h"
#include "common/html.h"
#include "report/page_style.h"
#include "report/plot.h"
#include "report/values.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static void put(FILE *out, const char *before, const char *text, const char *behind)
{
    fputs(before, out);
    html_text(out, text);
    fputs(behind, out);
}

static void put_number(FILE *out, const char *before, double number, const char *behind)
{
    char text[HTML_NUMBER_BYTES];
    fprintf(out, "%s%s%s", before, html_number(number, text), behind);
}

static bool is_of(const json_t *object, const json_t *system)
{
    return strcmp(value_get_text(object, "system"), value_get_text(system, "id")) == 0;
}

/* --- tables --- */

static const char *class_of(const char *verdict)
{
    return strcmp(verdict, "met") == 0 ? "met" : strcmp(verdict, "open") == 0 ? "open" : "quiet";
}

static const char *words_of(const char *verdict)
{
    return strcmp(verdict, "unjudged") == 0     ? "not judged"
           : strcmp(verdict, "unmeasured") == 0 ? "not measured"
                                                : verdict;
}

static void put_peers(FILE *out, const json_t *row)
{
    const json_t *peers = json_object_get(row, "peers"), *peer;
    size_t i;
    fputs("<td>", out);
    json_array_foreach(peers, i, peer)
    {
        put(out, i > 0 ? ", " : "", value_get_text(peer, "name"), " ");
        put_number(out, "", value_get_number(peer, "value"), "");
    }
    fputs("</td>", out);
}

static void put_figure(FILE *out, const json_t *row)
{
    const json_t *met = json_object_get(row, "met");
    const double least = value_get_number(row, "least"), most = value_get_number(row, "most");
    put(out, "<tr class=\"figure\" data-bench=\"", value_get_text(row, "bench"), "\"><td></td>");
    put(out, "<td>", value_get_text(row, "what"), "</td>");
    put_number(out, "<td class=\"number\">", value_get_number(row, "value"), " ");
    put(out, "", value_get_text(row, "unit"), "</td><td class=\"number quiet\">");
    if (isfinite(least) && isfinite(most) && least < most) {
        put_number(out, "", least, " – ");
        put_number(out, "", most, "");
    }
    put_number(out, "</td><td class=\"number\">", value_get_number(row, "target"), "</td>");
    if (json_is_boolean(met))
        fprintf(out, "<td class=\"%s\">%s</td>", json_is_true(met) ? "met" : "open",
                json_is_true(met) ? "met" : "open");
    else
        put(out, "<td class=\"open\">", value_get_text(row, "missing"), "</td>");
    put_peers(out, row);
    fputs("</tr>\n", out);
}

static void put_target(FILE *out, const json_t *target)
{
    const char *verdict = value_get_text(target, "verdict");
    const char *reason = value_get_text(target, "reason");
    const json_t *row;
    size_t i;
    put(out, "<tbody id=\"", value_get_text(target, "id"), "\"><tr class=\"target\"><td><b>");
    put(out, "", value_get_text(target, "id"), "</b></td><td><b>");
    put(out, "", value_get_text(target, "what"), "</b></td><td colspan=\"3\">target ");
    html_text(out, value_get_text(target, "target"));
    fprintf(out, "</td><td class=\"verdict %s\">%s</td><td class=\"quiet\">elsewhere: ",
            class_of(verdict), words_of(verdict));
    html_text(out, value_get_text(target, "elsewhere"));
    if (*reason != '\0')
        put(out, strncmp(reason, "bench ", 6) == 0 ? "<br><span class=\"open\">" : "<br><span>",
            reason, "</span>");
    fputs("</td></tr>\n", out);
    json_array_foreach(json_object_get(target, "figures"), i, row) put_figure(out, row);
    fputs("</tbody>\n", out);
}

static void begin_table(FILE *out)
{
    fputs("<div class=\"wide\"><table><thead><tr><th></th><th>what</th><th>value</th>"
          "<th>spread</th><th>target</th><th></th><th>peers</th></tr></thead>\n",
          out);
}

static void put_others(FILE *out, const json_t *document, const json_t *system)
{
    const json_t *row;
    size_t i;
    bool any = false;
    json_array_foreach(json_object_get(document, "others"), i, row)
    {
        if (!is_of(row, system))
            continue;
        if (!any) {
            fputs("<h3>Other figures</h3>\n", out);
            begin_table(out);
            fputs("<tbody>\n", out);
        }
        any = true;
        put_figure(out, row);
    }
    if (any)
        fputs("</tbody></table></div>\n", out);
}

/* --- plots --- */

static void put_row_plot(FILE *out, const json_t *row)
{
    if (json_array_size(json_object_get(row, "peers")) == 0 ||
        !isfinite(value_get_number(row, "value")))
        return;
    put(out, "<figure><figcaption><b>", value_get_text(row, "id"), "</b> ");
    put(out, "", value_get_text(row, "what"), *plot_bars_unit(row) != '\0' ? ", " : "");
    put(out, "", plot_bars_unit(row), "</figcaption>\n");
    plot_bars(out, row);
    fputs("</figure>\n", out);
}

static void put_plots(FILE *out, const json_t *document, const json_t *system)
{
    const json_t *each, *row;
    size_t i, j;
    fputs("<div class=\"plots\">\n", out);
    json_array_foreach(json_object_get(document, "series"), i, each)
    {
        if (!is_of(each, system) || !plot_can(each))
            continue;
        put(out, "<figure><figcaption><b>", value_get_text(each, "id"), "</b> ");
        put(out, "", value_get_text(each, "what"), "</figcaption>\n");
        plot_series(out, each);
        fputs("</figure>\n", out);
    }
    json_array_foreach(json_object_get(document, "targets"), i, each)
    {
        if (!is_of(each, system))
            continue;
        json_array_foreach(json_object_get(each, "figures"), j, row) put_row_plot(out, row);
    }
    fputs("</div>\n", out);
}

/* --- the page --- */

static void put_system(FILE *out, const json_t *document, const json_t *system)
{
    const json_t *target;
    size_t i;
    put(out, "<section id=\"", value_get_text(system, "name"), "\"><h2>");
    put(out, "", value_get_text(system, "name"), "</h2>\n<p>");
    put(out, "", value_get_text(system, "about"), ". ");
    put(out, "<span class=\"verdict\">", value_get_text(system, "verdict"), "</span></p>\n");
    begin_table(out);
    json_array_foreach(json_object_get(document, "targets"), i, target)
    {
        if (is_of(target, system))
            put_target(out, target);
    }
    fputs("</table></div>\n", out);
    put_plots(out, document, system);
    put_others(out, document, system);
    fputs("</section>\n", out);
}

static void put_head(FILE *out, const json_t *document)
{
    char took[READABLE_BYTES];
    const json_t *system;
    size_t i;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>Firn, measured</title>\n<style>\n",
          out);
    fputs(page_style, out);
    put(out, "</style></head><body>\n<h1>Firn ", value_get_text(document, "firn"),
        ", measured</h1>\n");
    put(out, "<p>", value_get_text(document, "machine"), "; ");
    put(out, "", value_get_text(document, "when"), "; ");
    fprintf(out, "%s%s.</p>\n",
            readable_seconds(fmax(value_get_number(document, "seconds"), 0), took),
            json_is_true(json_object_get(document, "quick"))
                ? "; with --quick: fewer runs of smaller works, so that figures are a look"
                : "");
    fprintf(out,
            "<p>Targets: <b class=\"met\">%.0f met</b>, <b class=\"open\">%.0f open</b>, "
            "%.0f not judged, %.0f not measured.</p>\n<ul>\n",
            value_get_number(document, "met"), value_get_number(document, "open"),
            value_get_number(document, "unjudged"), value_get_number(document, "unmeasured"));
    json_array_foreach(json_object_get(document, "systems"), i, system)
    {
        put(out, "<li><a href=\"#", value_get_text(system, "name"), "\">");
        put(out, "", value_get_text(system, "name"), "</a>: ");
        put(out, "", value_get_text(system, "verdict"), "</li>\n");
    }
    fputs("</ul>\n<p class=\"quiet\">A value is the median of its runs, which took turns with "
          "those of its peers; spread is the least and the most. A line across bars is the target. "
          "Times are good as ratios within a row, sizes as they are.</p>\n",
          out);
}

static void put_benches(FILE *out, const json_t *document)
{
    const json_t *bench, *name;
    size_t i, j;
    fputs("<section id=\"benches\"><h2>benches</h2>\n<div class=\"wide\"><table><thead><tr>"
          "<th>bench</th><th>state</th><th>time</th><th>not installed here</th><th></th></tr>"
          "</thead><tbody>\n",
          out);
    json_array_foreach(json_object_get(document, "benches"), i, bench)
    {
        char took[READABLE_BYTES];
        const char *state = value_get_text(bench, "state");
        put(out, "<tr class=\"bench\"><td>", value_get_text(bench, "name"), "</td>");
        put(out, strcmp(state, "done") == 0 ? "<td>" : "<td class=\"open\">", state, "</td>");
        fprintf(out, "<td class=\"number\">%s</td><td>",
                readable_seconds(fmax(value_get_number(bench, "seconds"), 0), took));
        json_array_foreach(json_object_get(bench, "absent"), j, name)
            put(out, j > 0 ? ", " : "", json_is_string(name) ? json_string_value(name) : "", "");
        put(out, "</td><td>", value_get_text(bench, "message"), "</td></tr>\n");
    }
    fputs("</tbody></table></div></section>\n", out);
}

bool page_write(const json_t *document, const char *path)
{
    const json_t *system;
    size_t i;
    FILE *out = fopen(path, "we");
    bool written = out != NULL;
    if (written) {
        put_head(out, document);
        json_array_foreach(json_object_get(document, "systems"), i, system)
            put_system(out, document, system);
        put_benches(out, document);
        fputs("</body></html>\n", out);
        written = !ferror(out);
        written = fclose(out) == 0 && written;
    }
    if (!written)
        report("%s: cannot be written: %s; name another file with --output", path, strerror(errno));
    return written;
}
