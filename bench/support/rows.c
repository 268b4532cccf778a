/* A line of text or a JSON object for each row. */
#include "support/rows.h"

#include <stdio.h>
#include <string.h>

#include "common/emitter.h"
#include "common/machine.h"

static bool met(const struct row *row)
{
    return row->at_least ? row->value >= row->target : row->value <= row->target;
}

static void print_plain(const struct row *row)
{
    char range[64] = "", target[64] = "";
    if (row->most != 0)
        snprintf(range, sizeof range, "%.3g..%.3g", row->least, row->most);
    if (!isnan(row->target))
        snprintf(target, sizeof target, "%s %-8.4g %s", row->at_least ? ">=" : "<=", row->target,
                 met(row) ? "met" : "OPEN");
    printf("%-5s  %-54s %10.4g %-9s %-14s %-16s", row->id, row->what, row->value, row->unit, range,
           target);
    for (size_t peer = 0; peer < ROW_PEERS_MAX && row->peers[peer].name != NULL; peer++)
        printf("%s %s %.4g", peer == 0 ? " (" : ",", row->peers[peer].name, row->peers[peer].value);
    puts(row->peers[0].name != NULL ? ")" : "");
}

static void print_json(struct emitter *emitter, const struct row *row)
{
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "id", row->id);
    emitter_text(emitter, "what", row->what);
    emitter_real(emitter, "value", row->value);
    emitter_text(emitter, "unit", row->unit);
    emitter_real(emitter, "target", row->target);
    if (isnan(row->target))
        emitter_real(emitter, "met", row->target);
    else
        emitter_flag(emitter, "met", met(row));
    if (row->most != 0) {
        emitter_real(emitter, "least", row->least);
        emitter_real(emitter, "most", row->most);
    }
    emitter_array_begin(emitter, "peers");
    for (size_t peer = 0; peer < ROW_PEERS_MAX && row->peers[peer].name != NULL; peer++) {
        emitter_object_begin(emitter, NULL);
        emitter_text(emitter, "name", row->peers[peer].name);
        emitter_real(emitter, "value", row->peers[peer].value);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
    emitter_object_end(emitter);
}

/* --- series --- */

static struct series all_series[16];
static size_t series_count;

void series_add(const struct series *series)
{
    bool any = false;
    for (size_t i = 0; i < SERIES_LINES_MAX; i++)
        any = any || series->lines[i].count > 0;
    if (any && series_count < sizeof all_series / sizeof *all_series)
        all_series[series_count++] = *series;
}

static void print_line(struct emitter *emitter, const struct series_line *line)
{
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "name", line->name);
    emitter_array_begin(emitter, "points");
    for (size_t i = 0; i < line->count; i++) {
        emitter_array_begin(emitter, NULL);
        emitter_real(emitter, NULL, line->points[i][0]);
        emitter_real(emitter, NULL, line->points[i][1]);
        emitter_array_end(emitter);
    }
    emitter_array_end(emitter);
    emitter_object_end(emitter);
}

static void print_series(struct emitter *emitter, const struct series *series)
{
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "id", series->id);
    emitter_text(emitter, "what", series->what);
    emitter_text(emitter, "kind", series->kind);
    emitter_text(emitter, "x", series->x);
    emitter_text(emitter, "y", series->y);
    emitter_flag(emitter, "log_x", series->log_x);
    emitter_flag(emitter, "log_y", series->log_y);
    emitter_array_begin(emitter, "lines");
    for (size_t i = 0; i < SERIES_LINES_MAX; i++)
        if (series->lines[i].count > 0)
            print_line(emitter, &series->lines[i]);
    emitter_array_end(emitter);
    emitter_object_end(emitter);
}

/* --- the document --- */

static struct emitter emitter;
static bool has_begun;
static size_t printed;

static void begin(bool json)
{
    char machine[MACHINE_BYTES];
    machine_describe(machine);
    has_begun = true;
    if (!json) {
        printf("%s\n", machine);
        return;
    }
    emitter_begin(&emitter, stdout, true);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "machine", machine);
    emitter_array_begin(&emitter, "rows");
}

void rows_so_far(const struct row *rows, size_t count, bool json)
{
    if (!has_begun)
        begin(json);
    for (; printed < count; printed++) {
        if (json)
            print_json(&emitter, &rows[printed]);
        else
            print_plain(&rows[printed]);
    }
    fflush(stdout); /* before what ends this process, or makes another of it */
}

int rows_print(const struct row *rows, size_t count, bool json)
{
    rows_so_far(rows, count, json);
    if (!json)
        return 0;
    emitter_array_end(&emitter);
    emitter_array_begin(&emitter, "series");
    for (size_t i = 0; i < series_count; i++)
        print_series(&emitter, &all_series[i]);
    emitter_array_end(&emitter);
    emitter_object_end(&emitter);
    return (int)emitter_end(&emitter, EXIT_DONE);
}
