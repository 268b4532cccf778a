/* The steps that a worker takes a file through. */
#ifndef CODE_WORKER_H
#define CODE_WORKER_H

#include <firn/mapped.h>

#include "code/job.h"

/* A file's text, read, and what it took at the gate. */
struct source {
    size_t file;         /* its index in the scan */
    firn_mapped *mapped; /* holds: */
    const char *text;
    size_t size;
    size_t gate_bytes;
    bool is_skipped; /* it is listed as such; there is no text */
};

FIRN_NODISCARD firn_status worker_init(struct worker *worker, struct job *job, unsigned number,
                                       firn_error *ret_error);
/* Gives back all but the runs. */
void worker_settle(struct worker *worker);
void worker_fini(struct worker *worker);

/* Passes the gate and reads a file; source_fini in any case. */
FIRN_NODISCARD firn_status source_read(struct source *source, struct worker *worker, size_t file,
                                       firn_error *ret_error);
void source_fini(struct source *source, struct worker *worker);

/* Whether a source that was read has the content of the former record, which is then noted. */
bool source_is_same(struct source *source, struct worker *worker);

/* Parses a source that was not skipped into a builder; may skip it. */
FIRN_NODISCARD firn_status source_parse(struct source *source, struct worker *worker,
                                        firn_builder *builder, firn_error *ret_error);

/* Stores a parsed source: its packed tree, its names and its text; may skip it. */
FIRN_NODISCARD firn_status source_store(struct source *source, struct worker *worker,
                                        firn_builder *builder, firn_error *ret_error);

#endif
