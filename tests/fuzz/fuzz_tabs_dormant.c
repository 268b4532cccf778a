/* A page asleep from hostile bytes, past the checksum that guards them: what wakes is a page that
 * can be packed, woken again, written and freed. */
#include "tabs/dom/dormant.h"
#include "tabs/dom/write.h"

#include <firn/codec.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static firn_status count(void *context, const char *text, size_t size)
{
    (void)text;
    *(size_t *)context += size;
    return FIRN_OK;
}

/* Writes all trees; how many bytes that is. */
static size_t written(const dom *page, dom_id last)
{
    size_t bytes = 0;
    for (dom_id id = 1; id <= last; id++)
        if (dom_is_node(page, id) && dom_parent(page, id) == 0)
            check(dom_write_html(page, id, false, count, &bytes) == FIRN_OK);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_codec *codec = NULL;
    dom *page;
    dom_usage usage;
    size_t frame_bytes, again_bytes;
    void *again;
    if (size == 0 || size > 1u << 16)
        return 0;
    void *frame = malloc(firn_codec_bound(size));
    check(frame != NULL && firn_codec_create(NULL, &codec) == FIRN_OK);
    check(firn_codec_pack(codec, FIRN_CODEC_RAW, 0, data, size, frame, &frame_bytes) == FIRN_OK);
    firn_codec_destroy(codec);
    check(dom_create(NULL, &page) == FIRN_OK);
    if (dom_dormant_restore(page, frame, frame_bytes) == FIRN_OK) {
        dom_usage_get(page, &usage);
        dom_id last = (dom_id)(usage.node_count * 64 + 65536);
        size_t bytes = written(page, last);
        check(dom_dormant_pack(page, NULL, &again, &again_bytes) == FIRN_OK);
        check(dom_dormant_restore(page, again, again_bytes) == FIRN_OK);
        firn_release(NULL, again, again_bytes);
        check(written(page, last) == bytes);
    }
    dom_destroy(page);
    free(frame);
    return 0;
}
