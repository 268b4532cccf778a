/* See place.h.
 *
 * Invariant: I1 start[i] ascends, start[0] is 0; before each other start stands LF, or a CR that no
 * LF follows. */
#include "code/lsp/place.h"

#include <assert.h>
#include <string.h>

#include "code/lsp/utf8.h"

void rows_fini(struct rows *rows)
{
    firn_release(rows->allocator, rows->start, rows->capacity * sizeof *rows->start);
    *rows = (struct rows){.allocator = rows->allocator};
}

/* The first line start behind `from` that is at most end; 0 when there is none. A text without CR,
 * as nearly all are, is left to memchr: counting lines was a tenth of what references take. */
static uint32_t next_start(const char *text, size_t size, size_t from, size_t end, bool has_cr)
{
    if (!has_cr) {
        const char *found = from < end ? memchr(text + from, '\n', end - from) : NULL;
        return found == NULL ? 0 : (uint32_t)(found - text) + 1;
    }
    for (size_t at = from; at < end; at++) {
        if (text[at] == '\n')
            return (uint32_t)at + 1;
        if (text[at] == '\r' && (at + 1 == size || text[at + 1] != '\n'))
            return (uint32_t)at + 1;
    }
    return 0;
}

/* Line starts behind from, up to end: counts them, and puts them into out unless it is NULL. */
static uint32_t find_starts(const char *text, size_t size, size_t from, size_t end, uint32_t *out)
{
    uint32_t count = 0;
    const bool has_cr = from < end && memchr(text + from, '\r', end - from) != NULL;
    for (uint32_t at; (at = next_start(text, size, from, end, has_cr)) != 0; from = at) {
        if (out != NULL)
            out[count] = at;
        count++;
    }
    return count;
}

static bool make_room(struct rows *rows, size_t wanted)
{
    void *block = rows->start;
    if (!firn_grow(rows->allocator, &block, &rows->capacity, wanted, sizeof *rows->start))
        return false;
    rows->start = block;
    return true;
}

firn_status rows_count(struct rows *rows, const char *text, size_t size)
{
    uint32_t count = 1 + find_starts(text, size, 0, size, NULL);
    if (!make_room(rows, count))
        return FIRN_NO_MEMORY;
    rows->start[0] = 0;
    find_starts(text, size, 0, size, rows->start + 1);
    rows->count = count;
    return FIRN_OK;
}

firn_status rows_change(struct rows *rows, const char *text, size_t size, uint32_t start,
                        uint32_t old_end, uint32_t new_end)
{
    assert(rows->count > 0 && start <= old_end && start <= new_end && new_end <= size);
    /* A change may tear CR and LF apart at its edges, or join them: one line more on each side. */
    uint32_t first = rows_at(rows, start);
    first -= first > 0;
    uint32_t last = rows_at(rows, old_end) + 2;
    if (last > rows->count)
        last = rows->count;
    const uint32_t kept = rows->count - last; /* lines behind, which only move */
    const uint32_t shift = new_end - old_end; /* modulo 2^32 */
    const size_t end = kept > 0 ? rows->start[last] + shift - 1u : size;
    const uint32_t found = find_starts(text, size, rows->start[first], end, NULL);
    const uint32_t count = first + 1 + found + kept;
    if (!make_room(rows, count))
        return FIRN_NO_MEMORY;
    memmove(rows->start + first + 1 + found, rows->start + last, kept * sizeof *rows->start);
    for (uint32_t i = first + 1 + found; i < count; i++)
        rows->start[i] += shift;
    find_starts(text, size, rows->start[first], end, rows->start + first + 1);
    rows->count = count;
    return FIRN_OK;
}

uint32_t rows_at(const struct rows *rows, uint32_t offset)
{
    uint32_t low = 0, high = rows->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (rows->start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where a line's text ends, before its line end. */
static uint32_t line_end(const struct rows *rows, const char *text, size_t size, uint32_t line)
{
    const uint32_t start = rows->start[line];
    uint32_t end = line + 1 < rows->count ? rows->start[line + 1] : (uint32_t)size;
    if (line + 1 == rows->count)
        return end;
    end--;
    return end > start && text[end] == '\n' && text[end - 1] == '\r' ? end - 1 : end;
}

/* The bytes of the character at text, and the units that it counts. */
static unsigned measure(const char *text, size_t size, enum encoding encoding, uint32_t *units)
{
    unsigned length = utf8_length(text, size);
    length = length == 0 ? 1 : length;
    *units = encoding == ENCODING_UTF8 ? length : length == 4 ? 2 : 1;
    return length;
}

uint32_t spot_offset(const struct rows *rows, const char *text, size_t size, enum encoding encoding,
                     struct spot spot)
{
    if (spot.line >= rows->count)
        return (uint32_t)size;
    uint32_t at = rows->start[spot.line];
    const uint32_t end = line_end(rows, text, size, spot.line);
    for (uint32_t left = spot.character, units; at < end && left > 0; left -= units) {
        unsigned length = measure(text + at, end - at, encoding, &units);
        if (units > left)
            break;
        at += length;
    }
    return at;
}

struct spot offset_spot(const struct rows *rows, const char *text, size_t size,
                        enum encoding encoding, uint32_t offset)
{
    const uint32_t line = rows_at(rows, offset);
    const uint32_t end = line_end(rows, text, size, line);
    struct spot spot = {.line = line};
    offset = offset < end ? offset : end;
    for (uint32_t at = rows->start[line], units; at < offset;) {
        unsigned length = measure(text + at, end - at, encoding, &units);
        if (at + length > offset)
            break;
        spot.character += units;
        at += length;
    }
    return spot;
}
