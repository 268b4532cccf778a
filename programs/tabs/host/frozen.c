/* The images of frozen tabs, in a frozen store: an image is some segments, one behind the other.
 *
 * They are of this host's zygote and of no use to another one, so that the store begins empty. What
 * it holds is packed already, and goes in as it is.
 *
 * I1  segments belong to one image, which may be that of several tabs */
#include "tabs/host/host.h"

#include <string.h>

enum { COMMITS_PER_CLEANING = 16 };

#define PART_BYTES (1u << 20)

struct frozen {
    firn_store *store;
    firn_codec *codec;
    unsigned changes; /* since the last commit */
};

static struct frozen frozen_images;

bool frozen_begin(struct host *host)
{
    char path[PATH_MAX + 8];
    firn_error error;
    const firn_store_options options = {
        .mode = FIRN_STORE_REPLACE, .cache_bytes = 1, .what = "firn tabs"};
    if (host->frozen != NULL)
        return true;
    if (!tabs_folder(host))
        return false;
    snprintf(path, sizeof path, "%s/images", host->folder);
    if (firn_codec_create(NULL, &frozen_images.codec) != FIRN_OK)
        return false;
    if (firn_store_open(path, &options, &frozen_images.store, &error) != FIRN_OK) {
        report_error(&error);
        firn_codec_destroy(frozen_images.codec);
        return false;
    }
    host->frozen = &frozen_images;
    return true;
}

void frozen_end(struct host *host)
{
    if (host->frozen == NULL)
        return;
    firn_store_close(host->frozen->store);
    firn_codec_destroy(host->frozen->codec);
    host->frozen = NULL;
}

/* Moves images out of files that are mostly garbage, now and then. */
static firn_status clean(struct frozen *is, firn_error *ret_error)
{
    const firn_store_compact_options options = {0};
    uint64_t moved;
    if (++is->changes < COMMITS_PER_CLEANING)
        return FIRN_OK;
    is->changes = 0;
    firn_status status = firn_store_commit(is->store, FIRN_SEGMENT_NONE, ret_error);
    if (status == FIRN_OK)
        status = firn_store_compact(is->store, is->codec, &options, &moved, ret_error);
    return status != FIRN_OK ? status : firn_store_commit(is->store, FIRN_SEGMENT_NONE, ret_error);
}

firn_status frozen_put(struct host *host, struct image *image, firn_error *ret_error)
{
    const firn_store_put_options options = {.codec = FIRN_CODEC_RAW};
    const size_t count = (image->data.size + PART_BYTES - 1) / PART_BYTES;
    if (!frozen_begin(host))
        return firn_error_set(ret_error, FIRN_IO, 0, "%s: there is no store of images",
                              host->folder);
    struct frozen *is = host->frozen;
    uint32_t *segments = firn_allocate(NULL, count * sizeof *segments);
    firn_status status = segments != NULL ? FIRN_OK
                                          : firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s",
                                                           firn_status_text(FIRN_NO_MEMORY));
    size_t put = 0;
    for (; status == FIRN_OK && put < count; put += status == FIRN_OK) {
        const size_t at = put * PART_BYTES, left = image->data.size - at;
        status = firn_store_put(is->store, is->codec, &options, image->data.data + at,
                                left < PART_BYTES ? left : PART_BYTES, &segments[put], ret_error);
    }
    if (status == FIRN_OK)
        status = clean(is, ret_error);
    if (status != FIRN_OK) {
        while (put > 0)
            (void)!firn_store_remove(is->store, segments[--put]);
        firn_release(NULL, segments, count * sizeof *segments);
        return status;
    }
    image->segments = segments;
    image->segment_count = count;
    return FIRN_OK;
}

firn_status frozen_get(struct host *host, struct image *image, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    image->data.size = 0;
    (void)!message_reserve(&image->data, image->bytes); /* at once */
    for (size_t i = 0; i < image->segment_count && status == FIRN_OK; i++) {
        firn_segment segment;
        status = firn_store_pin(host->frozen->store, image->segments[i], &segment, ret_error);
        if (status == FIRN_OK) {
            message_add_raw(&image->data, segment.data, segment.size);
            firn_store_unpin(host->frozen->store, &segment);
        }
    }
    if (status == FIRN_OK && image->data.failed)
        status =
            firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s", firn_status_text(FIRN_NO_MEMORY));
    return status;
}

void frozen_remove(struct host *host, struct image *image)
{
    firn_error error;
    for (size_t i = 0; i < image->segment_count; i++)
        (void)!firn_store_remove(host->frozen->store, image->segments[i]);
    firn_release(NULL, image->segments, image->segment_count * sizeof *image->segments);
    if (image->segment_count > 0)
        (void)!clean(host->frozen, &error);
    image->segments = NULL;
    image->segment_count = 0;
}

uint64_t frozen_disk_bytes(const struct host *host)
{
    firn_usage usage;
    if (host->frozen == NULL)
        return 0;
    firn_store_usage(host->frozen->store, &usage);
    return usage.disk_bytes;
}
