/* Places in a text as the protocol counts them: lines that end with LF, CR LF or CR, and characters
 * of a line in UTF-16 units or in bytes. A byte that is no UTF-8 counts as one character. */
#ifndef CODE_LSP_PLACE_H
#define CODE_LSP_PLACE_H

#include <firn/allocator.h>
#include <firn/status.h>

enum encoding { ENCODING_UTF16, ENCODING_UTF8 };

/* Where lines begin. Zeroed it has none, with the system's allocator. */
struct rows {
    uint32_t *start; /* start[0] is 0 */
    uint32_t count;
    size_t capacity;
    const firn_allocator *allocator;
};

/* Counts the lines of a text below 4 GiB. FIRN_NO_MEMORY leaves it as it was. */
FIRN_NODISCARD firn_status rows_count(struct rows *rows, const char *text, size_t size);
/* The same after the bytes from start to old_end of the text that was counted have become those
 * from start to new_end. O(lines changed + lines behind). FIRN_NO_MEMORY leaves it as it was. */
FIRN_NODISCARD firn_status rows_change(struct rows *rows, const char *text, size_t size,
                                       uint32_t start, uint32_t old_end, uint32_t new_end);
void rows_fini(struct rows *rows);

/* The line of an offset; O(log lines). */
uint32_t rows_at(const struct rows *rows, uint32_t offset);

struct spot {
    uint32_t line;
    uint32_t character;
};

/* The offset of a spot. One behind a line's end means its end, one behind the text's the text's;
 * one inside a character its beginning. */
uint32_t spot_offset(const struct rows *rows, const char *text, size_t size, enum encoding encoding,
                     struct spot spot);
/* The spot of an offset of at most size. */
struct spot offset_spot(const struct rows *rows, const char *text, size_t size,
                        enum encoding encoding, uint32_t offset);

#endif
