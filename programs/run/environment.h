/* How `firn run` tells the library that it preloads what to do: by these variables, which the
 * programs that are started from there inherit. */
#ifndef RUN_ENVIRONMENT_H
#define RUN_ENVIRONMENT_H

#define RUN_LIBRARY "libfirn-run.so"

#define RUN_MODE "FIRN_RUN_MODE"             /* compiler or runtime; runtime when not set */
#define RUN_CEILING "FIRN_RUN_CEILING"       /* bytes, of arenas; RUN_CEILING_BYTES when not set */
#define RUN_STATS "FIRN_RUN_STATS"           /* table or json: a summary on stderr at exit */
#define RUN_STATS_PID "FIRN_RUN_STATS_PID"   /* of this process only; of all when not set */
#define RUN_STATS_FILE "FIRN_RUN_STATS_FILE" /* where every process appends a line of JSON */

/* Small programs take fewer pages for one arena than for the spans of slabs: sort of a short file
 * 90 page faults for 112. But blocks that are freed and taken again all the time are faster in
 * slabs, which leave them alone: with 1 MiB of them, a free and an allocation take 9 ns for 15. */
#define RUN_CEILING_TEXT "256K"
#define RUN_CEILING_BYTES ((size_t)256 << 10)

#endif
