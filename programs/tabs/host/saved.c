/* Files of fields, which are replaced as a whole: the list of tabs, and what origins store. Their
 * form is told in docs/formats/tabs.md. */
#include "tabs/host/host.h"

#include <firn/checksum.h>

#include <string.h>

#define SAVED_MAGIC "FIRNTAB1"
#define SAVED_MAX_BYTES (64u << 20)

enum { SAVE_MS = 1000, SAVE_FACTOR = 20 };

struct saved_head {
    char magic[8];
    uint32_t checksum; /* of what follows */
    uint32_t size;
};
_Static_assert(sizeof(struct saved_head) == 16, "as docs/formats/tabs.md says");

firn_status saved_write(const char *path, const message_buffer *fields, firn_error *ret_error)
{
    message_buffer file = {0};
    struct saved_head head = {.checksum = firn_crc32c(0, fields->data, fields->size),
                              .size = (uint32_t)fields->size};
    memcpy(head.magic, SAVED_MAGIC, sizeof head.magic);
    message_add_raw(&file, &head, sizeof head);
    message_add_raw(&file, fields->data, fields->size);
    firn_status status = file.failed || fields->failed || fields->size > SAVED_MAX_BYTES
                             ? firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s: %s", path,
                                              firn_status_text(FIRN_NO_MEMORY))
                             : firn_file_replace(path, file.data, file.size, ret_error);
    message_fini(&file);
    return status;
}

firn_status saved_read(const char *path, message_buffer *ret_data, message *ret_fields,
                       firn_error *ret_error)
{
    void *data;
    size_t size;
    struct saved_head head;
    firn_status status = firn_file_read_all(path, SAVED_MAX_BYTES + sizeof head, NULL, &data, &size,
                                            NULL, ret_error);
    if (status != FIRN_OK)
        return status;
    const char *bytes = data;
    bool is_one = size >= sizeof head;
    if (is_one) {
        memcpy(&head, bytes, sizeof head);
        is_one = memcmp(head.magic, SAVED_MAGIC, sizeof head.magic) == 0 &&
                 head.size == size - sizeof head &&
                 firn_crc32c(0, bytes + sizeof head, head.size) == head.checksum;
    }
    if (!is_one) {
        firn_release(NULL, data, size);
        return firn_error_set(ret_error, FIRN_CORRUPT, 0, "%s: is damaged; it is left out", path);
    }
    *ret_data = (message_buffer){.data = data, .size = size, .room = size};
    *ret_fields = (message){.payload = bytes + sizeof head, .size = head.size};
    return FIRN_OK;
}

uint64_t saved_due(uint64_t began_ns)
{
    const uint64_t now_ns = firn_clock_ns(), least_ns = SAVE_MS * UINT64_C(1000000);
    const uint64_t after_ns = (now_ns - began_ns) * SAVE_FACTOR;
    return now_ns + (after_ns > least_ns ? after_ns : least_ns);
}

/* --- the list of tabs --- */

void saved_list_write(struct host *host)
{
    char path[PATH_MAX + 8];
    firn_error error;
    message_buffer fields = {0};
    const uint64_t began_ns = firn_clock_ns();
    host->list_changed = host->list_moved = false;
    if (host->is_private)
        return;
    for (size_t i = 0; i < host->tab_count; i++) {
        message_add_text(&fields, host->tabs[i]->url);
        message_add_text(&fields, host->tabs[i]->title);
    }
    snprintf(path, sizeof path, "%s/tabs", host->folder);
    if (saved_write(path, &fields, &error) != FIRN_OK)
        report_error(&error);
    message_fini(&fields);
    host->list_due_ns = saved_due(began_ns);
}

void saved_list_read(struct host *host)
{
    char path[PATH_MAX + 8];
    firn_error error;
    message fields;
    message_buffer data;
    snprintf(path, sizeof path, "%s/tabs", host->folder);
    firn_status status = saved_read(path, &data, &fields, &error);
    if (status != FIRN_OK) {
        if (status != FIRN_NOT_FOUND)
            report_error(&error);
        return;
    }
    while (!message_is_at_end(&fields)) {
        const char *url = message_take_text(&fields), *title = message_take_text(&fields);
        struct tab *tab = fields.broken ? NULL : tab_add(host);
        if (tab == NULL)
            break;
        tab_set_text(&tab->url, url);
        tab_set_text(&tab->title, title);
        tab_set_text(&tab->failed, "it was open when an earlier host ended");
    }
    message_fini(&data);
}
