/* JSON as it is written, piece by piece into a run of bytes: an answer of ten thousand places never
 * exists as a tree. What is written is valid UTF-8 whatever the texts hold. Failures stick: after
 * the first nothing is written any more. Confined to one thread. */
#ifndef CODE_LSP_OUT_H
#define CODE_LSP_OUT_H

#include "code/index/bytes.h"

/* Zeroed it is empty, with the system's allocator. */
struct out {
    struct bytes bytes; /* may be read */
    firn_status status; /* may be read */
    bool needs_comma;   /* private */
};

void out_fini(struct out *out);
/* Empties it; a large block is given back. */
void out_reset(struct out *out);

/* An object ('{') or array ('['), as a value. */
void out_open(struct out *out, char bracket);
void out_close(struct out *out, char bracket);
void out_key(struct out *out, const char *key);

void out_text(struct out *out, const char *text);
void out_text_sized(struct out *out, const char *text, size_t size);
void out_number(struct out *out, int64_t number);
void out_flag(struct out *out, bool flag);
void out_null(struct out *out);
/* A value that is JSON already. */
void out_json(struct out *out, const void *json, size_t size);

/* Bytes as they are, outside of any value. */
void out_raw(struct out *out, const void *data, size_t size);

#endif
