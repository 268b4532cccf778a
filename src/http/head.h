/* What the rooms of the head's parser share. lines.h takes the lines apart, compiled twice by
 * lines_avx2.c and lines_plain.c; fields.c knows what the fields that frame a message mean; start.c
 * what stands in a start line; head.c is what users call. */
#ifndef FIRN_HTTP_HEAD_H
#define FIRN_HTTP_HEAD_H

#include <firn/http_message.h>

#include <string.h>

enum { STAGE_EMPTY, STAGE_START, STAGE_FIELDS, STAGE_DONE, STAGE_REFUSED };

/* head->found */
enum {
    FOUND_HOST = 1,
    FOUND_LENGTH = 2,
    FOUND_CODING = 4,
    FOUND_CLOSE = 8,
    FOUND_KEEP_ALIVE = 16,
    FOUND_UPGRADE = 32,       /* in Connection */
    FOUND_UPGRADE_FIELD = 64, /* itself */
    FOUND_CONTINUE = 128
};

/* Refuses the message; returns NULL, as what parses a line does then. */
static inline const uint8_t *refuse(firn_http_head *head, uint16_t status, const char *because)
{
    head->refusal = head->kind == FIRN_HTTP_RESPONSE ? 502 : status;
    head->because = because;
    head->stage = STAGE_REFUSED;
    return NULL;
}

/* Why a text ended at a byte that it cannot have. */
static inline const char *unfit(uint8_t byte)
{
    return byte == '\n' ? "a line ends in a bare LF" : byte == '\r' ? "a bare CR" : NULL;
}

static inline uint32_t distance(const uint8_t *from, const uint8_t *to)
{
    return (uint32_t)(to - from);
}

/* Whether a token is this one, which has lower-case letters, hyphens and digits only. Fast where
 * the size is known when it is compiled. */
static inline __attribute__((always_inline)) bool token_is(const uint8_t *token, const char *lower,
                                                           size_t size)
{
    uint8_t differs = 0;
    for (size_t i = 0; i < size; i++)
        differs |= (uint8_t)((token[i] | 0x20) ^ (uint8_t)lower[i]);
    return differs == 0;
}

/* Whether a name may be one that firn_http_note knows: host, expect, upgrade, connection,
 * content-length, transfer-encoding. */
static inline bool may_be_noted(const uint8_t *name, size_t size)
{
    static const uint8_t first[18] = {
        [4] = 'h', [6] = 'e', [7] = 'u', [10] = 'c', [14] = 'c', [17] = 't'};
    return size < sizeof first && first[size] == (name[0] | 0x20);
}

/* Notes what a field of such a name says of the message; raw to raw_end is its value with the white
 * space round it. False when it is refused. */
bool firn_http_note(firn_http_head *head, const uint8_t *data, const firn_http_field *field,
                    const uint8_t *raw, const uint8_t *raw_end);

/* Settles what the fields say together, at the empty line. False when it is refused. */
bool firn_http_settle(firn_http_head *head);

/* Tells what a request's method and target are. False when they are refused. */
bool firn_http_note_request(firn_http_head *head, const uint8_t *data);

/* Whether text is a host, with a port or without. */
bool firn_http_is_authority(const uint8_t *text, size_t size);

/* Parse lines as far as they go: FIRN_OK at the end of the head, else as firn_http_head_parse. */
typedef firn_status firn_http_lines_fn(firn_http_head *head, const uint8_t *data, size_t size);
firn_http_lines_fn firn_http_lines_plain, firn_http_lines_avx2;

/* firn_http_head_parse with one of them. */
FIRN_NODISCARD firn_status firn_http_head_parse_by(firn_http_lines_fn *lines, firn_http_head *head,
                                                   const char *data, size_t size);

#endif
