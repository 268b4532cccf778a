/* Scenarios of `firn tune bench`, as docs/formats/scenario.md describes them. */
#ifndef TUNE_SCENARIO_H
#define TUNE_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENARIO_SIZES_MAX 32u
#define SCENARIO_BUDGETS_MAX 16u

enum scenario_kind { SCENARIO_OBJECTS, SCENARIO_MAP, SCENARIO_CACHE, SCENARIO_KINDS };

/* In the order of their words in scenario.c. */
enum { FREE_RANDOM, FREE_OLDEST, FREE_NEWEST };
enum { KEY_U32, KEY_U64, KEY_TEXT }; /* text: of 20 bytes */
enum { INSERT_RANDOM, INSERT_SORTED };
enum { PATTERN_UNIFORM, PATTERN_SKEWED };
enum { CONTENT_JSON, CONTENT_RANDOM };

struct scenario {
    enum scenario_kind kind;
    uint64_t count; /* objects that are allocated, or entries */
    struct scenario_size {
        uint64_t least, most, weight;
    } sizes[SCENARIO_SIZES_MAX]; /* bytes of an object or a value */
    unsigned size_count;
    uint64_t weights;                       /* of all sizes together */
    uint64_t live;                          /* 0: all until the end */
    unsigned free;                          /* which one goes: FREE_... */
    unsigned key;                           /* KEY_... */
    unsigned insert;                        /* the order of keys: INSERT_... */
    uint64_t gets;                          /* after all are in */
    uint64_t work_ns;                       /* of the program's own, for each get */
    unsigned pattern;                       /* of gets: PATTERN_... */
    unsigned content;                       /* of values: CONTENT_... */
    uint64_t budgets[SCENARIO_BUDGETS_MAX]; /* bytes */
    unsigned budget_count;
};

/* "objects", "map" or "cache"; not NUL-terminated. */
const char *scenario_kind_name(enum scenario_kind kind, size_t *ret_size);

/* Reads a file; "-" is standard input. False after a line on stderr that names the place. */
bool scenario_read(const char *path, struct scenario *ret_scenario);

/* The next size of the mix; *random is the state of a sequence, not 0. */
uint64_t scenario_size(const struct scenario *scenario, uint64_t *random);

/* The next number below bound, of a sequence that is the same in every run. */
uint64_t scenario_below(uint64_t *random, uint64_t bound);

/* Which of count entries is asked for next. */
uint64_t scenario_pick(const struct scenario *scenario, uint64_t *random, uint64_t count);

#endif
