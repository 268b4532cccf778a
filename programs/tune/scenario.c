/* A line is a keyword and its values; a table says which keywords a kind has and what they take.
 * Every mistake is told with its line and column. */
#include "tune/scenario.h"

#include "common/options.h"
#include "common/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1024u
#define COUNT_MAX 100000000u

#define KINDS "objects|map|cache" /* in the order of enum scenario_kind */
#define FIRST_LINE "the first line must be `scenario " KINDS "`"

const char *scenario_kind_name(enum scenario_kind kind, size_t *ret_size)
{
    const char *name = KINDS;
    for (unsigned i = 0; i < (unsigned)kind; i++)
        name += strcspn(name, "|") + 1;
    *ret_size = strcspn(name, "|");
    return name;
}

struct place {
    const char *path;
    unsigned line;
    const char *text; /* of the line */
};

static bool refuse(const struct place *place, const char *at, const char *why)
{
    report("%s:%u:%u: %s", place->path, place->line, (unsigned)(at - place->text) + 1, why);
    return false;
}

/* --- values --- */

/* A word and where it stands in its line. */
struct word {
    const char *at;
    char text[64];
};

/* The next word; its text is empty at the end of the line, and cut when it is too long. */
static const char *next_word(const char *from, struct word *word)
{
    from += strspn(from, " \t");
    size_t size = strcspn(from, " \t\n#");
    word->at = from;
    snprintf(word->text, sizeof word->text, "%.*s", size < 63 ? (int)size : 63, from);
    return from + size;
}

static bool read_count(const struct place *place, const struct word *word, uint64_t *ret_number)
{
    char *end;
    const unsigned long long number = strtoull(word->text, &end, 10);
    if (word->text[0] < '0' || word->text[0] > '9' || *end != '\0')
        return refuse(place, word->at, "a whole number must stand here");
    if (number == 0 || number > COUNT_MAX)
        return refuse(place, word->at, "out of range: 1 to 100000000");
    *ret_number = number;
    return true;
}

static bool read_bytes(const struct place *place, const struct word *word, uint64_t *ret_bytes)
{
    if (!size_parse(word->text, ret_bytes) || *ret_bytes == 0 || *ret_bytes > UINT64_C(1) << 40)
        return refuse(place, word->at, "a size must stand here, such as 64 or 16M");
    return true;
}

/* "64", "64:10", "100-200:5": bytes, and how often against the others. */
static bool read_size(const struct place *place, const struct word *word, struct scenario *scenario)
{
    char *end;
    struct scenario_size size = {.weight = 1};
    if (scenario->size_count == SCENARIO_SIZES_MAX)
        return refuse(place, word->at, "more than 32 sizes");
    size.least = size.most = strtoull(word->text, &end, 10);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        size.most = strtoull(end + 1, &end, 10);
    if (*end == ':' && end[1] >= '0' && end[1] <= '9')
        size.weight = strtoull(end + 1, &end, 10);
    if (word->text[0] < '0' || word->text[0] > '9' || *end != '\0')
        return refuse(place, word->at, "a size must stand here, such as 64, 64:10 or 100-200:5");
    if (size.least == 0 || size.most < size.least || size.most > 1u << 20 || size.weight == 0 ||
        size.weight > 1000000)
        return refuse(place, word->at, "out of range: 1 to 1048576 bytes, weights to 1000000");
    scenario->sizes[scenario->size_count++] = size;
    scenario->weights += size.weight;
    return true;
}

static bool read_choice(const struct place *place, const struct word *word, const char *words,
                        unsigned *ret_choice)
{
    const size_t size = strlen(word->text);
    char why[128];
    unsigned choice = 0;
    for (const char *at = words; size > 0; choice++) {
        const size_t length = strcspn(at, "|");
        if (length == size && strncmp(at, word->text, size) == 0) {
            *ret_choice = choice;
            return true;
        }
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    snprintf(why, sizeof why, "one of %s must stand here", words);
    return refuse(place, word->at, why);
}

/* --- keywords --- */

enum value { COUNT, LIVE, SIZES, GETS, WORK, BUDGETS, CHOICE };

static const struct keyword {
    const char *name;
    enum value value;
    unsigned of;         /* bits of the kinds that have it */
    bool many;           /* takes more than one value */
    const char *choices; /* of a CHOICE, */
    size_t field;        /* and where in the scenario its number goes */
} keywords[] = {
    {"count", COUNT, 7, false, NULL, 0},
    {"sizes", SIZES, 5, true, NULL, 0},
    {"live", LIVE, 1, false, NULL, 0},
    {"free", CHOICE, 1, false, "random|oldest|newest", offsetof(struct scenario, free)},
    {"key", CHOICE, 2, false, "u32|u64|text", offsetof(struct scenario, key)},
    {"value", SIZES, 2, false, NULL, 0},
    {"insert", CHOICE, 2, false, "random|sorted", offsetof(struct scenario, insert)},
    {"gets", GETS, 6, false, NULL, 0},
    {"work", WORK, 6, false, NULL, 0},
    {"pattern", CHOICE, 6, false, "uniform|skewed", offsetof(struct scenario, pattern)},
    {"content", CHOICE, 4, false, "json|random", offsetof(struct scenario, content)},
    {"budget", BUDGETS, 4, true, NULL, 0},
};

static bool read_value(const struct place *place, const struct word *word,
                       const struct keyword *keyword, struct scenario *scenario)
{
    switch (keyword->value) {
    case COUNT:
        return read_count(place, word, &scenario->count);
    case LIVE:
        return strcmp(word->text, "all") == 0 || read_count(place, word, &scenario->live);
    case GETS:
        return read_count(place, word, &scenario->gets);
    case WORK:
        return read_count(place, word, &scenario->work_ns);
    case SIZES:
        return read_size(place, word, scenario);
    case CHOICE:
        return read_choice(place, word, keyword->choices,
                           (unsigned *)(void *)((char *)scenario + keyword->field));
    case BUDGETS:
        break;
    }
    if (scenario->budget_count == SCENARIO_BUDGETS_MAX)
        return refuse(place, word->at, "more than 16 budgets");
    return read_bytes(place, word, &scenario->budgets[scenario->budget_count++]);
}

static const struct keyword *find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

static bool read_line(const struct place *place, struct scenario *scenario, bool *has_kind,
                      unsigned *seen)
{
    struct word word;
    const char *at = next_word(place->text, &word);
    if (word.text[0] == '\0')
        return true;
    if (!*has_kind) {
        unsigned kind = 0;
        if (strcmp(word.text, "scenario") != 0)
            return refuse(place, word.at, FIRST_LINE);
        at = next_word(at, &word);
        *has_kind = true;
        const bool good = read_choice(place, &word, KINDS, &kind);
        scenario->kind = kind;
        next_word(at, &word);
        return good && (word.text[0] == '\0' || refuse(place, word.at, "nothing may follow here"));
    }
    const struct keyword *keyword = find_keyword(word.text);
    if (keyword == NULL || (keyword->of >> scenario->kind & 1) == 0)
        return refuse(place, word.at,
                      keyword == NULL ? "no such keyword"
                                      : "this kind of scenario has no such keyword");
    const unsigned bit = 1u << (keyword - keywords);
    if ((*seen & bit) != 0)
        return refuse(place, word.at, "this keyword stands twice");
    *seen |= bit;
    at = next_word(at, &word);
    do {
        if (!read_value(place, &word, keyword, scenario))
            return false;
        at = next_word(at, &word);
    } while (keyword->many && word.text[0] != '\0');
    return word.text[0] == '\0' || refuse(place, word.at, "nothing may follow here");
}

/* --- the file --- */

/* What must be there, and what is taken where nothing was said. */
static bool complete(const struct place *end, struct scenario *scenario)
{
    const bool has_sizes = scenario->kind != SCENARIO_MAP;
    if (scenario->count == 0)
        return refuse(end, end->text, "`count` is missing");
    if (has_sizes && scenario->size_count == 0)
        return refuse(end, end->text, "`sizes` is missing");
    if (scenario->kind == SCENARIO_CACHE && scenario->budget_count == 0)
        return refuse(end, end->text, "`budget` is missing");
    if (scenario->live > scenario->count)
        return refuse(end, end->text, "`live` is larger than `count`");
    if (!has_sizes && scenario->size_count == 0) {
        scenario->sizes[0] = (struct scenario_size){8, 8, 1};
        scenario->size_count = 1;
        scenario->weights = 1;
    }
    if (!has_sizes &&
        (scenario->sizes[0].most > 1024 || scenario->sizes[0].most != scenario->sizes[0].least))
        return refuse(end, end->text, "`value` of a map is one size, up to 1024");
    if (scenario->gets == 0)
        scenario->gets = scenario->count;
    return true;
}

static bool read_file(FILE *file, struct place *place, struct scenario *scenario)
{
    char line[LINE_MAX_BYTES];
    unsigned seen = 0;
    bool has_kind = false;
    place->text = line;
    while (fgets(line, sizeof line, file) != NULL) {
        place->line++;
        if (strchr(line, '\n') == NULL && !feof(file))
            return refuse(place, line, "a line of more than 1022 bytes");
        if (!read_line(place, scenario, &has_kind, &seen))
            return false;
    }
    place->line++;
    line[0] = '\0';
    if (ferror(file)) {
        report("%s: %s", place->path, strerror(errno));
        return false;
    }
    if (!has_kind)
        return refuse(place, line, FIRST_LINE);
    return complete(place, scenario);
}

bool scenario_read(const char *path, struct scenario *ret_scenario)
{
    const bool is_input = strcmp(path, "-") == 0;
    struct place place = {.path = is_input ? "standard input" : path};
    struct scenario scenario = {.count = 0};
    FILE *file = is_input ? stdin : fopen(path, "re");
    if (file == NULL) {
        report("%s: %s; name a scenario", path, strerror(errno));
        return false;
    }
    const bool good = read_file(file, &place, &scenario);
    if (!is_input)
        fclose(file);
    if (good)
        *ret_scenario = scenario;
    return good;
}

/* --- sequences --- */

uint64_t scenario_below(uint64_t *random, uint64_t bound)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (uint64_t)((double)(*random >> 11) / 9007199254740992.0 * (double)bound);
}

uint64_t scenario_size(const struct scenario *scenario, uint64_t *random)
{
    uint64_t at = scenario->size_count > 1 ? scenario_below(random, scenario->weights) : 0;
    const struct scenario_size *size = scenario->sizes;
    for (; scenario->size_count > 1 && at >= size->weight; size++)
        at -= size->weight;
    return size->least == size->most
               ? size->least
               : size->least + scenario_below(random, size->most - size->least + 1);
}

uint64_t scenario_pick(const struct scenario *scenario, uint64_t *random, uint64_t count)
{
    const double at = (double)scenario_below(random, UINT64_C(1) << 53) / 9007199254740992.0;
    /* half of the gets go to an eighth of the entries */
    return (uint64_t)((scenario->pattern == PATTERN_SKEWED ? at * at * at : at) * (double)count);
}
