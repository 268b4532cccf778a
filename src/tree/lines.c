/* Where the lines of a text begin, so that offsets become rows and columns. A line ends behind its
 * \n; columns are bytes. One pass to build, four bytes a line. */
#include <firn/tree.h>

#include <string.h>

#define COUNTED_AT_ONCE                                                                            \
    240u /* bytes, whose count fits one, so that 16 or more are added at once                      \
          */

static uint32_t count_ends(const char *text, size_t size)
{
    uint32_t count = 0;
    for (size_t at = 0; at < size;) {
        const size_t end = size - at < COUNTED_AT_ONCE ? size : at + COUNTED_AT_ONCE;
        uint8_t some = 0;
        for (; at < end; at++)
            some = (uint8_t)(some + (text[at] == '\n'));
        count += some;
    }
    return count;
}

firn_status firn_lines_init(firn_lines *lines, const char *text, size_t text_size,
                            const firn_allocator *allocator)
{
    if (text_size >= UINT32_MAX)
        return FIRN_LIMIT;
    const uint32_t count = 1 + count_ends(text, text_size);
    const char *end = text_size > 0 ? text + text_size : text;
    uint32_t *start = firn_allocate(allocator, count * sizeof *start);
    if (start == NULL)
        return FIRN_NO_MEMORY;
    start[0] = 0;
    uint32_t row = 1;
    for (const char *at = text; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        start[row++] = (uint32_t)(at + 1 - text);
    *lines = (firn_lines){start, count, allocator};
    return FIRN_OK;
}

void firn_lines_fini(firn_lines *lines)
{
    firn_release(lines->allocator, lines->start, lines->count * sizeof *lines->start);
    *lines = (firn_lines){0};
}

firn_point firn_lines_point(const firn_lines *lines, uint32_t offset)
{
    uint32_t low = 0, high = lines->count; /* start[low] <= offset < start[high] */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (lines->start[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return (firn_point){low, offset - lines->start[low]};
}

uint32_t firn_lines_offset(const firn_lines *lines, firn_point point, size_t text_size)
{
    if (point.row >= lines->count)
        return UINT32_MAX;
    uint64_t offset = lines->start[point.row] + (uint64_t)point.column;
    uint64_t end =
        point.row + 1 < lines->count ? lines->start[point.row + 1] : (uint64_t)text_size + 1;
    return offset < end ? (uint32_t)offset : UINT32_MAX;
}
