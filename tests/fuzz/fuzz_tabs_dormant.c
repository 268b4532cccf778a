/* A page asleep from hostile bytes, past the checksums that guard them: what wakes is a page that
 * can be packed, woken again, written and freed. The bytes are those of a block's first frame, and
 * behind a size of two bytes those of the next. */
#include "tabs/dom/dormant.h"
#include "tabs/dom/write.h"

#include "support/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    dom *page;
    dom_usage usage;
    size_t again_bytes;
    void *again;
    struct frames frames;
    if (!frames_make(&frames, data, size))
        return 0;
    check(dom_create(NULL, &page) == FIRN_OK);
    if (dom_dormant_restore(page, frames.block, frames.size) == FIRN_OK) {
        dom_usage_get(page, &usage);
        dom_id last = (dom_id)(usage.node_count * 64 + 65536);
        size_t bytes = written(page, last);
        check(dom_dormant_pack(page, NULL, &again, &again_bytes) == FIRN_OK);
        check(dom_dormant_restore(page, again, again_bytes) == FIRN_OK);
        firn_release(NULL, again, again_bytes);
        check(written(page, last) == bytes);
    }
    dom_destroy(page);
    frames_free(&frames);
    return 0;
}
