/* How the paths that a scan passed over are reported: in JSON as an array "skipped", in plain text
 * as lines behind the result. */
#ifndef CODE_SKIPPED_H
#define CODE_SKIPPED_H

#include "code/scan.h"
#include "common/emitter.h"

void emit_skipped(struct emitter *emitter, const struct scan *scan);
void print_skipped(struct emitter *emitter, const struct scan *scan);

#endif
