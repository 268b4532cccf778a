/* A profile as JSON (docs/formats/profile.md), as text for people, as folded stacks and as a flame
 * graph. */
#ifndef TUNE_PROFILE_WRITE_H
#define TUNE_PROFILE_WRITE_H

#include "common/emitter.h"
#include "tune/profile.h"

/* The keys of a document, within an object that is open. */
void profile_emit(struct emitter *emitter, const struct profile *profile);

/* What people want to see of it: sums and the first sites. Plain text. */
void profile_print(struct emitter *emitter, const struct profile *profile);

/* `command;outermost;...;innermost BYTES`, a line a site, as flame graph tools take them. */
void profile_fold(FILE *out, const struct profile *profile);

/* A self-contained SVG of the profiles of several processes, widths by bytes. False: no memory. */
bool profile_flame(FILE *out, const struct profile *profiles, size_t count);

#endif
