/* The images of tabs that sleep, and on which of them others stand.
 *
 * Tabs that showed the same document have nearly the same memory. So a tab that becomes cold is
 * packed against the newest image of the same URL (without query and fragment) that stands alone,
 * and only what differs is kept. No other document's: what a page can read in the memory of another
 * must be of its own origin.
 *
 *     tab -> its own image -> (no further)
 *         -> the base that its own stands on
 *
 * I1  a base stands on none; it lives as long as a tab has it, its own tab or one on it
 * I2  an image lies in RAM while a cold tab has it, and in the store while a frozen tab has it */
#include "tabs/host/host.h"

#include <string.h>

/* How much of a URL counts. */
static size_t key_bytes(const char *url)
{
    return strcspn(url, "?#");
}

static bool has_key(const struct image *image, const char *url)
{
    const size_t size = key_bytes(url);
    return strncmp(image->key, url, size) == 0 && image->key[size] == '\0';
}

struct image *images_add(const char *url, message_buffer *data)
{
    firn_process_image_info info = {0};
    firn_error error;
    struct image *image = firn_allocate_zeroed(NULL, 1, sizeof *image);
    if (image == NULL)
        return NULL;
    tab_set_text_sized(&image->key, url, key_bytes(url));
    if (image->key == NULL) {
        firn_release(NULL, image, sizeof *image);
        return NULL;
    }
    if (firn_process_image_look(data->data, data->size, &info, &error) == FIRN_OK) {
        image->id = info.id;
        image->base_id = info.base_id;
    }
    image->holders = 1;
    image->bytes = data->size;
    image->data = *data;
    *data = (message_buffer){0};
    return image;
}

void images_hold(struct image *image)
{
    image->holders++;
}

void images_drop(struct host *host, struct image **image)
{
    struct image *is = *image;
    *image = NULL;
    if (is == NULL || --is->holders > 0)
        return;
    frozen_remove(host, is);
    message_fini(&is->data);
    tab_drop_text(&is->key);
    firn_release(NULL, is, sizeof *is);
}

/* --- bases --- */

static bool may_share(const char *url)
{
    return strncmp(url, "http", 4) == 0 || strncmp(url, "file:", 5) == 0;
}

bool images_alike(const char *url, const char *other)
{
    const size_t size = key_bytes(url);
    return may_share(url) && key_bytes(other) == size && strncmp(url, other, size) == 0;
}

struct image *images_base_for(struct host *host, const struct tab *tab)
{
    struct image *newest = NULL;
    if (!may_share(tab->url))
        return NULL;
    for (size_t i = 0; i < host->tab_count; i++) {
        struct image *const both[] = {host->tabs[i]->own, host->tabs[i]->base};
        for (size_t j = 0; j < 2; j++) {
            if (both[j] != NULL && both[j]->id != 0 && both[j]->base_id == 0 &&
                !both[j]->is_quick && has_key(both[j], tab->url) &&
                (newest == NULL || both[j]->number > newest->number))
                newest = both[j];
        }
    }
    return newest;
}

/* --- where they lie --- */

void images_settle(struct host *host, struct image *image)
{
    if (image == NULL || image->segment_count == 0 || image->data.size == 0)
        return;
    for (size_t i = 0; i < host->tab_count; i++) {
        const struct tab *tab = host->tabs[i];
        if (tab->state != TAB_FROZEN && (tab->own == image || tab->base == image))
            return;
    }
    message_fini(&image->data);
}

firn_status images_freeze(struct host *host, struct tab *tab, firn_error *ret_error)
{
    struct image *const both[] = {tab->own, tab->base};
    for (size_t i = 0; i < 2; i++) {
        firn_status status = FIRN_OK;
        if (both[i] != NULL && both[i]->segment_count == 0)
            status = frozen_put(host, both[i], ret_error);
        if (status != FIRN_OK)
            return status;
    }
    tab->state = TAB_FROZEN;
    for (size_t i = 0; i < 2; i++)
        images_settle(host, both[i]);
    return FIRN_OK;
}

firn_status images_bring(struct host *host, struct image *image, firn_error *ret_error)
{
    if (image == NULL || image->data.size > 0)
        return FIRN_OK;
    return frozen_get(host, image, ret_error);
}

void images_let_go(struct host *host, struct tab *tab)
{
    struct image *both[] = {tab->own, tab->base};
    tab->own = tab->base = NULL;
    for (size_t i = 0; i < 2; i++) {
        images_settle(host, both[i]);
        images_drop(host, &both[i]);
    }
}

uint64_t images_bytes(const struct tab *tab)
{
    const struct image *const both[] = {tab->own, tab->base};
    uint64_t bytes = 0;
    for (size_t i = 0; i < 2; i++)
        bytes += both[i] != NULL ? both[i]->data.room / both[i]->holders : 0;
    return bytes;
}
