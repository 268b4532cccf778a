/* Complexity: O(size); runs of what is right are copied at once. */
#include "tabs/script/utf8.h"

/* How many bytes of a character stand at `at`, and whether they are a whole one: the first byte
 * narrows what the second may be, so that surrogates and overlong forms are none. */
static size_t look(const uint8_t *at, const uint8_t *end, bool *ret_whole)
{
    uint8_t first = *at, low = 0x80, high = 0xbf;
    size_t wanted = first < 0x80   ? 1
                    : first < 0xc2 ? 0
                    : first < 0xe0 ? 2
                    : first < 0xf0 ? 3
                    : first < 0xf5 ? 4
                                   : 0;
    low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : low;
    high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : high;
    size_t taken = 1;
    while (taken < wanted && at + taken < end && at[taken] >= low && at[taken] <= high) {
        taken++;
        low = 0x80;
        high = 0xbf;
    }
    *ret_whole = taken == wanted;
    return taken;
}

firn_status utf8_repair(script_text *into, const void *bytes, size_t size)
{
    firn_status status = script_text_append(into, "", 0);
    if (size == 0)
        return status;
    const uint8_t *at = bytes, *end = at + size, *run = at;
    while (at < end && status == FIRN_OK) {
        bool whole;
        size_t taken = look(at, end, &whole);
        if (!whole) {
            status = script_text_append(into, (const char *)run, (size_t)(at - run));
            if (status == FIRN_OK)
                status = script_text_append(into, "\xef\xbf\xbd", 3);
            run = at + taken;
        }
        at += taken;
    }
    if (status == FIRN_OK && at != run)
        status = script_text_append(into, (const char *)run, (size_t)(at - run));
    return status;
}
