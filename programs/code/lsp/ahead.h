/* Files of the index, one after another, for requests that look into many: while the session's
 * thread looks at one, a second thread loads and decodes those that follow; who waits helps.
 *
 * Files come out in the order in which they went in. */
#ifndef CODE_LSP_AHEAD_H
#define CODE_LSP_AHEAD_H

#include <pthread.h>

#include "code/lsp/source.h"

/* At most so many files are held: so that a thread which is done with small ones need not wait for
 * the other's large one. */
#define AHEAD_MAX 4u
/* Behind files of so many bytes no other is taken, as decoded they have five times as many. */
#define AHEAD_MAX_BYTES ((size_t)1 << 20)
/* What a file leaves in memory for those that follow. */
#define AHEAD_KEPT_BYTES ((size_t)1 << 20)

enum ahead_state { AHEAD_FREE, AHEAD_GIVEN, AHEAD_TAKEN, AHEAD_READY };

/* Private. */
struct ahead_slot {
    enum ahead_state state; /* under the mutex; the rest belongs to who has taken it */
    uint64_t bytes;         /* of the file's text; the giver's */
    struct opened_file file;
    struct source source;
    firn_status status;
    firn_error error;
};

struct ahead {
    pthread_t thread;
    bool is_running;
    bool ends; /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct workspace *workspace;
    const char *name; /* the caller's */
    size_t name_size;
    struct extract_scratch scratch; /* the thread's */
    struct ahead_slot slots[AHEAD_MAX];
    unsigned first, count; /* of the slots that are not free, in a ring */
    uint64_t bytes;        /* theirs */
};

/* The workspace is neither opened anew nor closed before fini; the name stays. */
void ahead_init(struct ahead *ahead, struct workspace *workspace, const char *name,
                size_t name_size);
void ahead_fini(struct ahead *ahead);

bool ahead_is_full(const struct ahead *ahead);
/* Gives a file to be made ready, with what it has of the name; not to one that is full. The file is
 * taken over. */
void ahead_give(struct ahead *ahead, struct opened_file *file);
/* Waits for the first of the files that were given; ahead_drop gives it back. FIRN_END_OF_DATA when
 * there is none; else fails as source_of_index and source_spelled do, and it is to be dropped
 * then, too. */
FIRN_NODISCARD firn_status ahead_next(struct ahead *ahead, struct source **ret_source,
                                      firn_error *ret_error);
void ahead_drop(struct ahead *ahead);

#endif
