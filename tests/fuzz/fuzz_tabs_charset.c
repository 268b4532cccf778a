/* Documents in any encoding, or in none: what comes is UTF-8. The first byte says whether it is
 * HTML; a Content-Type ends with the first line. */
#include "tabs/resources/charset.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* How many bytes a sequence has; 0: it is none. */
static size_t sequence(const uint8_t *at, size_t left)
{
    const uint8_t first = at[0];
    const size_t size = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    const bool is_wrong = (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
                          (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f);
    return is_wrong ? 0 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char type[100] = "";
    charset_text text;
    if (size == 0)
        return 0;
    const bool is_html = data[0] & 1;
    const uint8_t *end = memchr(data, '\n', size < sizeof type ? size : sizeof type);
    if (end != NULL) {
        memcpy(type, data + 1, (size_t)(end - data) > 0 ? (size_t)(end - data) - 1 : 0);
        size -= (size_t)(end - data) + 1;
        data = end + 1;
    }
    if (charset_decode(data, size, type[0] != '\0' ? type : NULL, is_html, "shift_jis", NULL,
                       &text) != FIRN_OK)
        return 0;
    check(text.text[text.size] == '\0' && text.charset != NULL && text.size < text.block_bytes);
    for (size_t at = 0, bytes; at < text.size; at += bytes) {
        bytes = sequence((const uint8_t *)text.text + at, text.size - at);
        check(bytes > 0);
    }
    firn_release(NULL, text.text, text.block_bytes);
    return 0;
}
