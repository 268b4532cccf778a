/* Answering: what each command that reads a store prints, as a function of the opened store and a
 * question, so that the command itself and a server (serve/) give the same. */
#ifndef CODE_ANSWER_H
#define CODE_ANSWER_H

#include "code/opened.h"
#include "common/emitter.h"

struct views;

/* What is asked. The texts are the asker's. */
struct question {
    const char *operand;  /* the name, file, place or pattern; NULL for stats */
    const char *file;     /* query: the only file to search; NULL: all */
    const char *language; /* query: only files of this language; NULL: all */
    bool in_lines;        /* tree, query: as --format lines */
    const char *store;    /* as the asker calls the store */
    const char *folder;   /* where relative paths begin; NULL: where this process stands */
    struct views *views;  /* decoded files that are kept; NULL: none are */
};

#define REMARK_BYTES 2000u

/* What came of it, besides what was printed. */
struct outcome {
    bool is_empty;             /* nothing was found */
    char remark[REMARK_BYTES]; /* which then says so */
};

/* Prints an answer; may be called in several threads with one store. Failures are written to
 * ret_error and returned; what was printed is then incomplete. *outcome is zeroed before. */
typedef firn_status (*answer_fn)(struct opened *opened, const struct question *question,
                                 struct emitter *emitter, struct outcome *outcome,
                                 firn_error *ret_error);

/* One each, in the file of the command. */
firn_status answer_find(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_refs(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_outline(struct opened *opened, const struct question *question,
                           struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_at(struct opened *opened, const struct question *question,
                      struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_tree(struct opened *opened, const struct question *question,
                        struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_query(struct opened *opened, const struct question *question,
                         struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_cat(struct opened *opened, const struct question *question,
                       struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);
firn_status answer_stats(struct opened *opened, const struct question *question,
                         struct emitter *emitter, struct outcome *outcome, firn_error *ret_error);

/* Whether an operand of `at` has the form FILE:LINE:COLUMN. */
bool is_place(const char *operand);

/* A command that can be asked. */
struct method {
    const char *name;    /* of the command, and in the server's protocol */
    const char *operand; /* what the protocol calls question.operand; NULL: it takes none */
    answer_fn answer;
};

/* Finds a method by its name; NULL when there is none. */
const struct method *method_by_name(const char *name);

/* Notes that nothing was found. */
FIRN_PRINTF(2, 3) void outcome_empty(struct outcome *outcome, const char *format, ...);

#endif
