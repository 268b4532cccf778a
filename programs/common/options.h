/* Commands and their options as data. One table feeds the parser, --help, the manual page and the
 * completion, so that they cannot disagree.
 *
 * Every command also takes --json, --quiet, --color and --help, which its own table leaves out.
 * Values are read by the option's long name: option_text(invocation, "store"). */
#ifndef FIRN_PROGRAMS_OPTIONS_H
#define FIRN_PROGRAMS_OPTIONS_H

#include "common/report.h"

enum option_kind {
    OPTION_FLAG,   /* no value */
    OPTION_TEXT,   /* any text; given more than once, option_text has the last */
    OPTION_NUMBER, /* a whole number from 0 */
    OPTION_SIZE,   /* bytes, with an optional K, M, G or T (powers of 1,024) behind the number */
    OPTION_CHOICE, /* one of the words in `argument`, which are separated by '|' */
};

/* A table of these ends with one whose name is NULL. */
struct option {
    const char *name; /* long, without its dashes */
    char letter;      /* short, 0 when there is none */
    enum option_kind kind;
    const char *argument; /* what --help calls the value; NULL for a flag */
    const char *fallback; /* the value when it is not given, NULL when it then has none */
    bool required;
    const char *help; /* a phrase without a full stop */
};

struct example {
    const char *line; /* what to type */
    const char *what; /* what that does */
};

struct invocation;

struct command {
    const char *name;        /* the last word: "find"; NULL when the group is the command */
    const char *usage;       /* what follows the name, options left out: "NAME" */
    const char *summary;     /* one line */
    const char *description; /* what else to know, for --help and the manual; may be NULL */
    struct example examples[3];
    const struct option *options;
    unsigned operands_min;
    unsigned operands_max; /* UINT_MAX: any number */
    enum exit_status (*run)(const struct invocation *invocation);
    bool launches; /* becomes another program: its options end at the first operand, and SIGPIPE
                    * is as firn inherited it */
};

/* Commands that are called as `firn GROUP COMMAND`, or one without a name, called as `firn GROUP`.
 */
struct command_group {
    const char *name;
    const char *summary;
    const struct command *commands;
    size_t command_count;
};

static inline bool group_is_command(const struct command_group *group)
{
    return group->commands[0].name == NULL;
}

/* What follows the word firn on its command line: "code find", "run". Returns title. */
#define COMMAND_TITLE_BYTES 64
char *command_title(const struct command_group *group, const struct command *command,
                    char title[COMMAND_TITLE_BYTES]);

/* An option as it was given. */
struct option_value {
    const struct option *option;
    const char *text;
    uint64_t number; /* of OPTION_NUMBER and OPTION_SIZE */
};

/* A parsed command line. The texts are those of argv. */
struct invocation {
    const struct command_group *group;
    const struct command *command;
    const char **operands; /* what is not an option, "-" among it */
    unsigned operand_count;
    bool json;
    bool quiet;
    bool color;                  /* stdout may be coloured */
    struct option_value *values; /* private, in the order given */
    unsigned value_count;
    void *block; /* private: where operands and values lie */
    size_t block_bytes;
};

/* The options that every command has. */
extern const struct option common_options[];

/* Parses what follows the command's name. EXIT_DONE with *help set when --help was among it (the
 * command must then not run); EXIT_USAGE or EXIT_FAILED after one line on stderr. The caller calls
 * options_release after EXIT_DONE. */
enum exit_status options_parse(const struct command_group *group, const struct command *command,
                               int argument_count, char **arguments, struct invocation *ret_parsed,
                               bool *ret_help);
void options_release(struct invocation *invocation);

/* The value of an option of the command's table, or its fallback; NULL when it has neither. */
const char *option_text(const struct invocation *invocation, const char *name);
/* The same as a number or as bytes; 0 when it has neither. */
uint64_t option_number(const struct invocation *invocation, const char *name);
bool option_flag(const struct invocation *invocation, const char *name);
/* The n-th value (from 0) of an option that may be given several times; NULL behind the last. */
const char *option_nth(const struct invocation *invocation, const char *name, unsigned n);

/* Parses "50M", "1G", "4096". False when text is no size or does not fit. */
bool size_parse(const char *text, uint64_t *ret_bytes);

#endif
