/* See frames.h. A header's lines end with CR LF; a bare LF is taken, too. Other fields than
 * Content-Length are read past, but a Content-Type that names another charset is refused. */
#include "code/lsp/frames.h"

#include <strings.h>

#define KEEP_BYTES ((size_t)256 << 10)

static enum frame_event broken(struct frames *frames, const char *problem)
{
    frames->problem = problem;
    return FRAME_BROKEN;
}

/* What follows "name:" in the line, without blanks; NULL when it is another field. */
static const char *field_value(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncasecmp(line, name, size) != 0 || line[size] != ':')
        return NULL;
    line += size + 1;
    return line + strspn(line, " \t");
}

static bool parse_length(const char *value, uint64_t *ret_length)
{
    uint64_t length = 0;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 15 || value[digits + strspn(value + digits, " \t")] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        length = length * 10 + (uint64_t)(value[i] - '0');
    *ret_length = length;
    return true;
}

static enum frame_event take_field(struct frames *frames, const char *line)
{
    const char *value = field_value(line, "Content-Length");
    uint64_t length;
    if (value != NULL) {
        if (!parse_length(value, &length))
            return broken(frames, "a Content-Length that is no number");
        if (frames->has_length && frames->length != length)
            return broken(frames, "two different Content-Lengths");
        frames->has_length = true;
        frames->length = length;
        return FRAME_MORE;
    }
    value = field_value(line, "Content-Type");
    const char *charset = value == NULL ? NULL : strstr(value, "charset=");
    if (charset != NULL && strncasecmp(charset + 8, "utf", 3) != 0 &&
        strncasecmp(charset + 8, "\"utf", 4) != 0)
        return broken(frames, "a charset that is not UTF-8");
    return strchr(line, ':') == NULL ? broken(frames, "a header line without a colon") : FRAME_MORE;
}

static enum frame_event end_header(struct frames *frames)
{
    if (!frames->has_length)
        return broken(frames, "a header without Content-Length");
    frames->in_content = true;
    frames->is_passing = frames->length > FRAME_CONTENT_MAX;
    frames->content.size = 0;
    return FRAME_MORE;
}

static enum frame_event end_line(struct frames *frames)
{
    if (frames->line_size > 0 && frames->header[frames->line_size - 1] == '\r')
        frames->line_size--;
    if (memchr(frames->header, '\0', frames->line_size) != NULL)
        return broken(frames, "a zero byte in a header");
    frames->header[frames->line_size] = '\0';
    bool is_last = frames->line_size == 0;
    frames->line_size = 0;
    return is_last ? end_header(frames) : take_field(frames, frames->header);
}

/* Takes header bytes up to the end of a line. */
static enum frame_event feed_header(struct frames *frames, const char *data, size_t size,
                                    size_t *taken)
{
    const char *end = memchr(data, '\n', size);
    size_t piece = end == NULL ? size : (size_t)(end - data) + 1;
    if (piece > FRAME_HEADER_MAX - 1 - frames->header_size)
        return broken(frames, "a header that is too long");
    memcpy(frames->header + frames->line_size, data, piece);
    frames->header_size += piece;
    frames->line_size += piece;
    *taken += piece;
    if (end == NULL)
        return FRAME_MORE;
    frames->line_size--;
    return end_line(frames);
}

static void begin_header(struct frames *frames)
{
    if (frames->content.capacity > KEEP_BYTES)
        bytes_fini(&frames->content);
    frames->content.size = 0;
    frames->line_size = frames->header_size = 0;
    frames->has_length = frames->in_content = frames->is_done = false;
}

static enum frame_event feed_content(struct frames *frames, const char *data, size_t size,
                                     size_t *taken)
{
    uint64_t left = frames->is_passing ? frames->length : frames->length - frames->content.size;
    size_t piece = size < left ? size : (size_t)left;
    if (!frames->is_passing && bytes_put(&frames->content, data, piece) != FIRN_OK) {
        bytes_fini(&frames->content);
        frames->is_passing = true;
        frames->length = left;
    }
    if (frames->is_passing)
        frames->length -= piece;
    *taken += piece;
    if (piece < left)
        return FRAME_MORE;
    frames->is_done = true;
    return frames->is_passing ? FRAME_LARGE : FRAME_MESSAGE;
}

enum frame_event frames_feed(struct frames *frames, const char *data, size_t size,
                             size_t *ret_taken)
{
    enum frame_event event = FRAME_MORE;
    *ret_taken = 0;
    if (frames->is_done)
        begin_header(frames);
    while (event == FRAME_MORE) {
        bool is_complete =
            frames->in_content && !frames->is_passing && frames->content.size == frames->length;
        if (*ret_taken == size && !is_complete)
            break;
        if (frames->in_content)
            event = feed_content(frames, data + *ret_taken, size - *ret_taken, ret_taken);
        else
            event = feed_header(frames, data + *ret_taken, size - *ret_taken, ret_taken);
    }
    return event;
}

bool frames_at_boundary(const struct frames *frames)
{
    return frames->is_done || (!frames->in_content && frames->header_size == 0);
}

void frames_fini(struct frames *frames)
{
    bytes_fini(&frames->content);
}
