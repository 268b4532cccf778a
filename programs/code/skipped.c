/* See skipped.h. */
#include "code/skipped.h"

#include <string.h>

void emit_skipped(struct emitter *emitter, const struct scan *scan)
{
    emitter_array_begin(emitter, "skipped");
    for (size_t i = 0; i < scan->skipped_count && !emitter_failed(emitter); i++) {
        emitter_object_begin(emitter, NULL);
        emitter_path(emitter, "path", scan->skipped[i].path);
        emitter_text(emitter, "reason", scan->skipped[i].reason);
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
}

void print_skipped(struct emitter *emitter, const struct scan *scan)
{
    if (scan->skipped_count > 0)
        emitter_plain(emitter, "skipped:\n");
    for (size_t i = 0; i < scan->skipped_count && !emitter_failed(emitter); i++) {
        const struct scan_skipped *skipped = &scan->skipped[i];
        emitter_plain(emitter, "  ");
        emitter_plain_name(emitter, skipped->path, strlen(skipped->path));
        emitter_plain(emitter, ": ");
        emitter_plain_name(emitter, skipped->reason, strlen(skipped->reason));
        emitter_plain(emitter, "\n");
    }
}
