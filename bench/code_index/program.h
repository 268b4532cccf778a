/* The program under measurement, and others, run in processes of their own. */
#ifndef FIRN_BENCH_CODE_PROGRAM_H
#define FIRN_BENCH_CODE_PROGRAM_H

#include <stddef.h>

#include <firn/status.h>

#define PROGRAM_WORDS_MAX 16u

/* What one run took. */
struct program_run {
    double seconds; /* by the wall */
    double peak_rss_bytes;
    size_t lines; /* that it printed */
    int status;   /* its exit status; 127 when it cannot be started, -1 for a signal */
};

/* Runs a command, whose words NULL ends, reads all that it prints and keeps as much of it as
 * `output` of size bytes holds, NUL-terminated (NULL: nothing). */
struct program_run program_run(const char *const *words, char *output, size_t size);

/* The program firn, which was built beside the bench's folder. */
const char *program_firn(void);

/* Runs firn with words; a failure ends the bench. */
struct program_run program_run_firn(const char *const *words, char *output, size_t size);

/* A number of a JSON object; one that is missing ends the bench. */
double program_value(const char *json, const char *key);

/* Bytes of all files below a folder, 0 when there is none, and its end. */
double folder_bytes(const char *folder);
void folder_remove(const char *folder);
/* Makes one below TMPDIR, /tmp if it is not set; the name is kept for good. */
const char *folder_make(void);

/* Ends the bench after a line on stderr. */
_Noreturn void bench_fail(const char *what);
void bench_expect(firn_status status, const firn_error *error);

#endif
