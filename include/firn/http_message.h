/* HTTP/1.1 messages as they arrive (RFC 9110, RFC 9112): heads are parsed in place, in as many
 * reads as they come in, and bodies in chunks are taken apart. Nothing is allocated or copied;
 * texts are places in the caller's buffer.
 *
 * Strict: what two programs could read in two ways is refused with the status that a server should
 * answer, after which the connection must be closed. Beyond what the grammar forbids, these are
 * refused: a line that ends in a bare LF, folded lines, white space round a length or a transfer
 * coding, more than one of either or both together, a transfer coding that is not `chunked` alone,
 * a Host that is missing, repeated, empty or other than that of an absolute target, and trailers
 * that would change how a message is framed. Bytes above 0x7f may stand in the values of fields
 * only.
 *
 * Threads: a head or a body is confined to one; there is no other state. */
#ifndef FIRN_HTTP_MESSAGE_H
#define FIRN_HTTP_MESSAGE_H

#include <firn/status.h>

FIRN_BEGIN

/* A place in the buffer of the message, from its beginning. */
typedef struct firn_http_text {
    uint32_t offset, size; /* bytes */
} firn_http_text;

typedef struct firn_http_field {
    firn_http_text name;  /* as it was written; compare without case */
    firn_http_text value; /* without blanks and tabs around it; may be empty */
} firn_http_field;

typedef enum firn_http_kind {
    FIRN_HTTP_REQUEST = 0,
    FIRN_HTTP_RESPONSE = 1,
    FIRN_HTTP_TRAILERS = 2 /* the fields behind a body in chunks, with the empty line */
} firn_http_kind;

typedef enum firn_http_method {
    FIRN_HTTP_OTHER = 0, /* see method_text */
    FIRN_HTTP_GET,
    FIRN_HTTP_HEAD,
    FIRN_HTTP_POST,
    FIRN_HTTP_PUT,
    FIRN_HTTP_DELETE,
    FIRN_HTTP_CONNECT,
    FIRN_HTTP_OPTIONS,
    FIRN_HTTP_TRACE,
    FIRN_HTTP_PATCH
} firn_http_method;

/* The forms of a request's target (RFC 9112, 3.2). */
typedef enum firn_http_target {
    FIRN_HTTP_ORIGIN,    /* "/path?query" */
    FIRN_HTTP_ABSOLUTE,  /* "http://host/path" */
    FIRN_HTTP_AUTHORITY, /* "host:port", of CONNECT alone */
    FIRN_HTTP_ASTERISK   /* "*", of OPTIONS alone */
} firn_http_target;

/* How a body ends (RFC 9112, 6.3). */
typedef enum firn_http_body {
    FIRN_HTTP_BODY_NONE,
    FIRN_HTTP_BODY_LENGTH, /* after `length` bytes */
    FIRN_HTTP_BODY_CHUNKED,
    FIRN_HTTP_BODY_CLOSE /* with the connection; of responses alone */
} firn_http_body;

typedef struct firn_http_limits {
    uint32_t head_bytes;   /* of start line and fields; 0: 65,536; else at most 2^24. Refused with
                            * 431 */
    uint32_t target_bytes; /* 0: 8,192. Refused with 414 */
} firn_http_limits;

/* A head: what the parser has found, and its place in the buffer. */
typedef struct firn_http_head {
    firn_http_kind kind;
    uint8_t minor;           /* the version is 1.minor */
    firn_http_method method; /* of a request; for a response set it to that of its request */
    firn_http_text method_text;
    firn_http_target form;
    firn_http_text target;
    firn_http_text host; /* of the target where it is absolute, else of Host; with the port */
    uint16_t status;     /* of a response: 100 to 599 */
    firn_http_text reason;
    firn_http_body body;
    uint64_t length;   /* of the body, for FIRN_HTTP_BODY_LENGTH */
    bool keep_alive;   /* the connection may serve another message */
    bool has_upgrade;  /* Connection names upgrade, and there is an Upgrade */
    bool has_continue; /* it waits for 100 (Continue) */
    uint32_t size;     /* bytes of the head with its empty line, once it is whole */
    uint32_t field_count;
    firn_http_field *fields; /* the caller's */
    uint32_t field_capacity;

    uint16_t refusal;    /* the status to answer a refused message with, 400 to 505; 0: none */
    const char *because; /* why, half a sentence; static */

    uint32_t line, seen; /* private from here: the next line, and how far it has no LF */
    firn_http_limits limits;
    uint16_t found;
    uint8_t stage;
} firn_http_head;

/* Begins a head of a kind. fields (capacity of them) and what limits says must stay as they are
 * while it is parsed; limits may be NULL. FIRN_INVALID for limits out of range. */
FIRN_API FIRN_NODISCARD firn_status firn_http_head_begin(firn_http_head *head, firn_http_kind kind,
                                                         const firn_http_limits *limits,
                                                         firn_http_field *fields,
                                                         uint32_t capacity);

/* Parses what is there: data begins where the message does, and has what it had in the last call,
 * wherever it lies now. FIRN_OK: the head is whole, `size` bytes long. FIRN_END_OF_DATA: more must
 * come. FIRN_LIMIT: there are more fields than `capacity`; call again with `fields` copied into a
 * larger array, `field_capacity` set, or answer 431. FIRN_CORRUPT: refused, see `refusal` and
 * `because`; so is every later call. Takes O(bytes) in all, in however many calls. */
FIRN_API FIRN_NODISCARD firn_status firn_http_head_parse(firn_http_head *head, const char *data,
                                                         size_t size);

/* The first field of a name (lower case), from field `from` on; NULL when there is none. */
FIRN_API const firn_http_field *firn_http_head_find(const firn_http_head *head, const char *data,
                                                    const char *name, uint32_t from);

/* Whether the value of a field, a list of tokens, has this one (lower case); "a, b;q=1" has a. */
FIRN_API bool firn_http_list_has(const char *data, firn_http_text value, const char *token);

/* The reason phrase of a status as RFC 9110 has it; "" for one that it does not name. Static. */
FIRN_API const char *firn_http_reason(uint16_t status);

#define FIRN_HTTP_DATE_BYTES 32

/* Writes seconds since 1970 as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), with its NUL. */
FIRN_API void firn_http_date(int64_t seconds, char out[FIRN_HTTP_DATE_BYTES]);

/* --- bodies in chunks --- */

/* Begin with all bytes 0. */
typedef struct firn_http_chunks {
    uint64_t left;       /* private, and what follows: bytes of the chunk that are to come */
    uint32_t extensions; /* bytes of them, in this body */
    uint8_t state;
    uint8_t digits;
    bool is_done;        /* may be read: the last chunk was taken; trailers follow */
    uint16_t refusal;    /* may be read: as in a head */
    const char *because; /* may be read */
} firn_http_chunks;

#define FIRN_HTTP_EXTENSION_BYTES 4096u /* of all chunk extensions of a body */

/* Takes a body in chunks apart: of data, the next size bytes of the connection, *ret_used are taken
 * and need not come again. FIRN_OK: *ret_part (which may be empty) is the next piece of the body;
 * call again with what is left. FIRN_END_OF_DATA: all of data is used, more must come. With is_done
 * the rest is a head of FIRN_HTTP_TRAILERS. FIRN_CORRUPT: refused. */
FIRN_API FIRN_NODISCARD firn_status firn_http_chunks_next(firn_http_chunks *chunks,
                                                          const char *data, size_t size,
                                                          size_t *ret_used,
                                                          firn_http_text *ret_part);

#define FIRN_HTTP_CHUNK_HEAD_BYTES 18 /* at most */

/* Writes the line before a chunk of size bytes, 1 or more, to out; returns its bytes. Behind the
 * chunk stands CRLF; the body ends with FIRN_HTTP_CHUNK_LAST, or with "0", CRLF, trailers, CRLF. */
FIRN_API size_t firn_http_chunk_head(char *out, uint64_t size);
#define FIRN_HTTP_CHUNK_LAST "0\r\n\r\n"

FIRN_END

#endif
