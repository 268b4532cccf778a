/* What the answers to requests share: the workspace, what the client can do, and the parameters
 * that most requests have. Confined to one thread.
 *
 * An answer takes the request's parameters, of whatever type they are, and writes its result. What
 * it returns becomes the protocol's error: FIRN_INVALID and FIRN_NOT_FOUND wrong parameters,
 * FIRN_CHANGED cancelled, FIRN_UNSUPPORTED null. */
#ifndef CODE_LSP_SESSION_H
#define CODE_LSP_SESSION_H

#include "code/lsp/json.h"
#include "code/lsp/out.h"
#include "code/lsp/roster.h"
#include "code/lsp/sources.h"

struct session {
    struct workspace workspace;
    struct sources sources;
    struct rosters rosters;
    bool has_hierarchy; /* the client takes symbols with children */
    bool has_progress;  /* and progress that the server begins */
    bool has_watching;  /* and being asked to watch files */
    char notice[256];   /* for the user, after the answer; "" for none */
    /* Sends a part of the answer that the client wants in parts; see session_send_part. */
    void (*send_part)(void *context, const json_t *token, const struct out *part);
    void *send_context;
};

typedef firn_status (*answer_fn)(struct session *session, const json_t *params, struct out *out,
                                 firn_error *ret_error);

firn_status answer_document_symbol(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_workspace_symbol(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_definition(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_declaration(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_references(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_highlight(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_hover(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_folding(struct session *, const json_t *, struct out *, firn_error *);
firn_status answer_selection(struct session *, const json_t *, struct out *, firn_error *);

/* The source that params.textDocument.uri names, pinned until the answer is done. */
FIRN_NODISCARD firn_status session_source(struct session *session, const json_t *params,
                                          struct source **ret_source, firn_error *ret_error);
/* A spot of JSON; false when it is none. */
bool session_spot(const json_t *value, struct spot *ret_spot);
/* The source, with names, and the name at params.position; NULL where none stands. */
FIRN_NODISCARD firn_status session_name(struct session *session, const json_t *params,
                                        struct source **ret_source,
                                        const struct extract_name **ret_name,
                                        firn_error *ret_error);
/* For an answer that is a list: sends what out has of it so far, if the client gave a token for
 * parts (params.partialResultToken), and empties the list. False, and nothing happens, if it gave
 * none. */
bool session_send_part(struct session *session, const json_t *params, struct out *out);
/* Tells the user something after the answer. */
FIRN_PRINTF(2, 3) void session_notice(struct session *session, const char *format, ...);

/* {"start":…,"end":…} of the bytes from start to end; the source has rows. */
void out_range(struct out *out, const struct source *source, uint32_t start, uint32_t end);
/* {"uri":…,"range":…} */
void out_location(struct out *out, const struct source *source, uint32_t start, uint32_t end);
void out_source_uri(struct out *out, const struct source *source);
/* The protocol's number of a kind of definition. */
int symbol_kind(uint8_t kind);

#endif
