/* The protocol: takes messages one after another, keeps the state that they make, writes answers.
 * Confined to one thread; what is slow asks `stop` whether its request was cancelled. */
#ifndef CODE_LSP_SERVER_H
#define CODE_LSP_SERVER_H

#include "code/lsp/indexer.h"
#include "code/lsp/session.h"

/* The protocol's errors. */
enum rpc_error {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_NOT_INITIALIZED = -32002,
    RPC_CANCELLED = -32800,
    RPC_FAILED = -32803,
};

enum server_state { SERVER_NEW, SERVER_RUNNING, SERVER_SHUT_DOWN, SERVER_ENDED };

struct server_options {
    const firn_allocator *allocator;
    const char *store;  /* NULL: the client's, or below its folder */
    size_t cache_bytes; /* of the store */
    /* Takes a message with its header; false: the client is gone, nothing more will be written. */
    bool (*write)(void *context, const void *data, size_t size);
    void *write_context;
    bool (*stop)(void *context); /* whether the request at hand was cancelled; may be NULL */
    void *stop_context;
};

struct server {
    struct server_options options;
    enum server_state state; /* may be read */
    bool is_broken;          /* a write failed; may be read */
    struct session session;  /* private from here */
    struct indexer indexer;
    struct out result;
    struct out message;
    int64_t next_id;
    int64_t progress_id; /* of the request for a token; 0: none is open */
    bool has_token;      /* the client took it */
    bool has_begun;      /* progress was begun */
    bool wants_index;    /* build one when there is none */
    bool is_damaged;     /* the user was told that it cannot be repaired */
    firn_error opening;  /* why there is no index */
    uint64_t looked_ns;  /* when the store was last looked at */
    uint64_t touches;    /* of the workspace, then */
    uint64_t followed;   /* of those the index was brought up to, as far as it could */
};

/* The options' texts must outlive the server. Allocates nothing. */
void server_init(struct server *server, const struct server_options *options);
/* Waits for an indexing that is under way, which is given up. */
void server_fini(struct server *server);

/* Takes a message. */
void server_handle(struct server *server, const json_t *message);
/* Answers a request that was cancelled before it was taken. */
void server_cancelled(struct server *server, const json_t *message);
/* Answers what was no message. */
void server_refuse(struct server *server, enum rpc_error error, const char *text);
/* Tells of an indexing's progress, and takes its result over. To be called every now and then. */
void server_tick(struct server *server);
/* Goes on to what another process committed to the store. To be called when no message waits. */
void server_idle(struct server *server);

/* --- for the rooms of the server --- */

/* The answer to a request, and a message of the server's own: begun, written into, sent. */
struct out *server_begin(struct server *server, const char *method, int64_t id);
void server_send(struct server *server);
/* window/showMessage; type 1 error, 2 warning, 3 information. */
FIRN_PRINTF(3, 4) void server_show(struct server *server, int type, const char *format, ...);

/* initialize and what it sets; the result is in the server's result. */
firn_status server_initialize(struct server *server, const json_t *params, firn_error *ret_error);
/* What follows initialized: watching files, a word about an index that is missing. */
void server_initialized(struct server *server);
/* Begins to build the index. FIRN_BUSY while one is built, FIRN_INVALID without a folder. */
firn_status server_index(struct server *server, firn_error *ret_error);
/* Begins to repair the index, of which a part is damaged, unless it is at work on it. */
void server_repair(struct server *server, const firn_error *error);
/* Notifications about documents and files; false when method is another. */
bool server_synchronize(struct server *server, const char *method, const json_t *params);

#endif
