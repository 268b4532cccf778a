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

int rows_print(const struct row *rows, size_t count, bool json)
{
    char machine[MACHINE_BYTES];
    struct emitter emitter;
    machine_describe(machine);
    if (!json) {
        printf("%s\n", machine);
        for (size_t i = 0; i < count; i++)
            print_plain(&rows[i]);
        return 0;
    }
    emitter_begin(&emitter, stdout, true);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "machine", machine);
    emitter_array_begin(&emitter, "rows");
    for (size_t i = 0; i < count; i++)
        print_json(&emitter, &rows[i]);
    emitter_array_end(&emitter);
    emitter_object_end(&emitter);
    return (int)emitter_end(&emitter, EXIT_DONE);
}
