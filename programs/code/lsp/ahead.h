/* A second thread for requests that look into many files of the index: it loads and decodes one
 * while the session's own thread does so with another. */
#ifndef CODE_LSP_AHEAD_H
#define CODE_LSP_AHEAD_H

#include <pthread.h>

#include "code/lsp/source.h"

enum ahead_state { AHEAD_IDLE, AHEAD_GIVEN, AHEAD_READY, AHEAD_ENDS };

/* Private. */
struct ahead {
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum ahead_state state; /* under the mutex; what follows is the thread's while it is GIVEN */
    struct workspace *workspace;
    struct source source;
    struct extract_scratch scratch;
    struct opened_file file;
    firn_status status;
    firn_error error;
};

/* The workspace is neither opened anew nor closed before fini. */
void ahead_init(struct ahead *ahead, struct workspace *workspace);
void ahead_fini(struct ahead *ahead);

/* Gives a file to be made ready, with its names; the last one was waited for. The file is taken
 * over. Without a thread it is made ready at once. */
void ahead_give(struct ahead *ahead, struct opened_file *file);
/* Waits for it; the source is to be closed before the next is given. Fails as source_of_index and
 * source_names do. */
FIRN_NODISCARD firn_status ahead_wait(struct ahead *ahead, struct source **ret_source,
                                      firn_error *ret_error);

#endif
