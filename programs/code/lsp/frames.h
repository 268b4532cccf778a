/* Messages out of a stream of bytes: a header with Content-Length, an empty line, the content.
 * Takes hostile bytes in pieces of any size; what a header claims takes no memory before it has
 * come. Confined to one thread. */
#ifndef CODE_LSP_FRAMES_H
#define CODE_LSP_FRAMES_H

#include "code/index/bytes.h"

#define FRAME_HEADER_MAX 4096u /* all lines of a header */
#define FRAME_CONTENT_MAX ((size_t)32 << 20)

enum frame_event {
    FRAME_MORE,    /* all was taken; more is needed */
    FRAME_MESSAGE, /* content has a message, until the next feed */
    FRAME_LARGE,   /* a message above FRAME_CONTENT_MAX, or above what memory there is, was passed
                      over */
    FRAME_BROKEN,  /* no header: what follows means nothing; problem says why */
};

/* Zeroed it is at the start of a stream, with the system's allocator. */
struct frames {
    struct bytes content;          /* may be read after FRAME_MESSAGE */
    const char *problem;           /* may be read after FRAME_BROKEN; static */
    char header[FRAME_HEADER_MAX]; /* private from here: the line at hand */
    size_t line_size;
    size_t header_size;
    uint64_t length; /* of the content; what is left of it while is_passing */
    bool has_length;
    bool in_content;
    bool is_passing; /* over a message that is too large */
    bool is_done;    /* content was given out */
};

/* Takes bytes up to the end of one message; *ret_taken of them. */
enum frame_event frames_feed(struct frames *frames, const char *data, size_t size,
                             size_t *ret_taken);
/* Whether the stream may end here. */
bool frames_at_boundary(const struct frames *frames);
void frames_fini(struct frames *frames);

#endif
