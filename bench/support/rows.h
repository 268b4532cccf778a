/* What a bench prints: a table, or with --json the rows of the targets by their ids:
 *
 *     {"machine":…,"rows":[{"id","what","value","unit","target","met","peers":[{"name","value"}]}]}
 *
 * Header-only. */
#ifndef FIRN_BENCH_ROWS_H
#define FIRN_BENCH_ROWS_H

#include <stdio.h>
#include <string.h>

#include <firn/system.h>

#include "common/emitter.h"
#include "common/readable.h"

#define ROW_PEERS_MAX 4u

struct row_peer {
    const char *name; /* NULL ends the list */
    double value;
};

struct row {
    const char *id;
    const char *what;
    double value;
    const char *unit;
    double target;
    bool at_least; /* the target is a floor, not a ceiling */
    struct row_peer peers[ROW_PEERS_MAX];
};

static inline bool row_met(const struct row *row)
{
    return row->at_least ? row->value >= row->target : row->value <= row->target;
}

/* "AMD EPYC 7763, 2 processors, 24.0 GB" */
static inline void rows_machine(char *text, size_t size)
{
    char line[256], model[128] = "unknown processor", memory[READABLE_BYTES];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(model, sizeof model, "%.100s", strchr(line, ':') + 2);
            model[strcspn(model, "\n")] = '\0';
            break;
        }
    if (file != NULL)
        fclose(file);
    snprintf(text, size, "%s, %u processors, %s", model, firn_processor_count(),
             readable_bytes(firn_memory_limit_bytes(), memory));
}

static inline void rows_print_plain(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        printf("%-3s  %-54s %10.4g %-10s %s %-8.4g %s", row->id, row->what, row->value, row->unit,
               row->at_least ? ">=" : "<=", row->target, row_met(row) ? "met " : "OPEN");
        for (size_t peer = 0; peer < ROW_PEERS_MAX && row->peers[peer].name != NULL; peer++)
            printf("%s %s %.4g", peer == 0 ? " (" : ",", row->peers[peer].name,
                   row->peers[peer].value);
        puts(row->peers[0].name != NULL ? ")" : "");
    }
}

static inline void rows_print_json(struct emitter *emitter, const struct row *rows, size_t count)
{
    emitter_array_begin(emitter, "rows");
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        emitter_object_begin(emitter, NULL);
        emitter_text(emitter, "id", row->id);
        emitter_text(emitter, "what", row->what);
        emitter_real(emitter, "value", row->value);
        emitter_text(emitter, "unit", row->unit);
        emitter_real(emitter, "target", row->target);
        emitter_flag(emitter, "met", row_met(row));
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
    emitter_array_end(emitter);
}

/* Prints the rows; returns the exit status for main. */
static inline int rows_print(const struct row *rows, size_t count, bool json)
{
    char machine[256];
    struct emitter emitter;
    rows_machine(machine, sizeof machine);
    if (!json) {
        printf("%s\n", machine);
        rows_print_plain(rows, count);
        return 0;
    }
    emitter_begin(&emitter, stdout, true);
    emitter_object_begin(&emitter, NULL);
    emitter_text(&emitter, "machine", machine);
    rows_print_json(&emitter, rows, count);
    emitter_object_end(&emitter);
    return (int)emitter_end(&emitter, EXIT_DONE);
}

#endif
