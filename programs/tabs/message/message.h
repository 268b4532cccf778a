/* What the host, the zygote and the pages of `firn tabs` say to each other.
 *
 * A page and the host have a stream of frames: a head, then its payload. The payload of most is a
 * list of fields, each its size in 4 bytes, its bytes and a NUL behind them; that of MESSAGE_PACKED
 * and MESSAGE_WAKE is an image as it is. All are of one machine, so numbers are as it has them. The
 * host takes frames from pages that may be hostile: whatever is no frame is refused, never
 * believed.
 *
 * The zygote and the host have a socket of packets, zygote_request and zygote_notice.
 *
 * Threads: a buffer belongs to one. */
#ifndef TABS_MESSAGE_MESSAGE_H
#define TABS_MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum message_kind {
    /* to the page */
    MESSAGE_LOAD = 1, /* url, html: show a document */
    MESSAGE_EVAL,     /* script */
    MESSAGE_FETCHED,  /* id; error or "", status, url, headers, body, width, height, has error */
    MESSAGE_STORED,   /* pairs of keys and values */
    MESSAGE_SLEEP, /* level of packing, bytes of an image that follow the frame, to pack against */
    MESSAGE_WAKE,  /* an image, alone, or with its base behind it; id: bytes of the former */
    MESSAGE_WRITE, /* a descriptor: write the own pages there, for pages alike */
    MESSAGE_SHARE, /* a descriptor, the percent that must be alike: map from there what is */
    /* to the host */
    MESSAGE_LOADED,   /* title, or what went wrong, and whether it did */
    MESSAGE_VALUE,    /* whether it threw, text */
    MESSAGE_PRINT,    /* level, text */
    MESSAGE_FETCH,    /* id; destination, method, url, headers, body */
    MESSAGE_ABORT,    /* id */
    MESSAGE_NAVIGATE, /* method, url, headers, body, replace */
    MESSAGE_TRAVERSE, /* delta + 2^31 */
    MESSAGE_MOVED,    /* url, title */
    MESSAGE_STORE,    /* session, what (see message_store), key, value */
    MESSAGE_ASK,      /* session: wants MESSAGE_STORED */
    MESSAGE_ASLEEP,  /* microseconds until its next timer or UINT64_MAX, plain bytes, CRC-32C of the
                        image */
    MESSAGE_PACKED,  /* an image, alone, behind MESSAGE_ASLEEP */
    MESSAGE_WAKING,  /* CRC-32C of the image that came, before anything is made of it */
    MESSAGE_AWAKE,   /* ns of restoring */
    MESSAGE_REFUSED, /* why it does not sleep, or not wake */
    MESSAGE_SETTLED, /* it has given back what it does not need, and has nothing to do */
    MESSAGE_WRITTEN, /* bytes; 0: it could not */
    MESSAGE_SHARED,  /* bytes of own pages, and of those mapped or given back for MESSAGE_SHARE */
    MESSAGE_KIND_END,
} message_kind;

typedef enum message_store {
    MESSAGE_STORE_SET,
    MESSAGE_STORE_REMOVE,
    MESSAGE_STORE_CLEAR
} message_store;

#define MESSAGE_MAX_BYTES (1u << 30) /* of a payload */

typedef struct message_head {
    uint32_t kind;
    uint32_t id; /* of a fetch */
    uint64_t size;
} message_head;

/* --- writing --- */

/* Frames, one behind the other. Begin with all bytes 0. */
typedef struct message_buffer {
    char *data;
    size_t size, room;
    size_t frame; /* private: where the open one begins */
    bool failed;  /* memory ran out: what is there is no frame */
} message_buffer;

void message_fini(message_buffer *buffer);
void message_begin(message_buffer *buffer, message_kind kind, uint32_t id);
void message_add(message_buffer *buffer, const void *data, size_t size);
void message_add_text(message_buffer *buffer, const char *text); /* NULL: "" */
void message_add_number(message_buffer *buffer, uint64_t number);
/* Bytes that are no field. */
void message_add_raw(message_buffer *buffer, const void *data, size_t size);
void message_end(message_buffer *buffer);
/* Makes room for more bytes behind what is there; false: no memory. */
bool message_reserve(message_buffer *buffer, size_t more);

/* --- reading --- */

typedef struct message {
    message_kind kind;
    uint32_t id;
    const char *payload; /* in the buffer that it was found in */
    size_t size;
    size_t at;      /* private: the next field */
    bool broken;    /* a field that was asked for is none */
    int descriptor; /* that came along, with MESSAGE_WRITE and MESSAGE_SHARE only; else -1 */
} message;

typedef enum message_found { MESSAGE_WHOLE, MESSAGE_PART, MESSAGE_BROKEN } message_found;

/* Looks for a frame at the beginning of data; *ret_used bytes are its own. */
message_found message_find(const char *data, size_t size, message *ret_message, size_t *ret_used);
bool message_is_at_end(const message *from);
/* The next field: "" and broken where there is none. A NUL stands behind it. */
const char *message_take(message *from, size_t *ret_size);
const char *message_take_text(message *from);
uint64_t message_take_number(message *from);

/* --- over a socket, as a page does --- */

/* Sends all; false: the other side is gone. */
bool message_send_bytes(int socket, const void *data, size_t size);
/* Sends what is in the buffer and empties it. */
bool message_send(int socket, message_buffer *buffer);
/* Waits for so many; false: the other side is gone. */
bool message_receive_bytes(int socket, void *data, size_t size);
/* Sends bytes in one call, with a descriptor at their beginning; flags are sendmsg's. False: not
 * all went. */
bool message_pass(int socket, const void *data, size_t size, int descriptor, int flags);
/* Sends what is in the buffer, with a descriptor at its beginning, if that goes at once; empties it
 * either way. */
bool message_send_with(int socket, message_buffer *buffer, int descriptor);
/* Waits for a frame, which lies in the buffer; its descriptor is the caller's. False: the other
 * side is gone, or sent none. */
bool message_receive(int socket, message_buffer *into, message *ret_message);

/* --- the zygote --- */

typedef struct zygote_request {
    uint32_t tab;
    uint32_t instance;     /* counts the processes of a host */
    uint64_t memory_bytes; /* that it may take */
    uint32_t seconds;      /* of processor time, for what it does at once */
} zygote_request;          /* its socket comes along */

typedef enum zygote_what { ZYGOTE_READY, ZYGOTE_FAILED, ZYGOTE_STARTED, ZYGOTE_ENDED } zygote_what;

typedef struct zygote_notice {
    uint32_t what;
    int32_t process;
    uint32_t tab, instance;
    int32_t status; /* as waitpid gives it */
    int32_t error;  /* errno of a fork that failed, whose process is -1 */
    uint64_t peak_bytes;
    char text[256]; /* of ZYGOTE_FAILED */
} zygote_notice;

#define ZYGOTE_SOCKET 3 /* the descriptor of the zygote's socket, and of each page's own */

#endif
