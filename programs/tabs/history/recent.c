/* The newest visits: see recent.h for the file.
 *
 * Invariants:
 *   I1  the first file_bytes bytes of the file are its head and whole records
 *   I2  the records in memory are the last ones of these
 */
#include "tabs/history/recent.h"

#include <firn/checksum.h>

#include <stdio.h>
#include <string.h>

#define VERSION 1u
#define FILE_MAX_BYTES (256u << 20)

static const char magic[8] = "FIRNVIS\n";

static uint64_t read_number(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = bytes; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

static void write_number(uint8_t *at, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

static uint32_t head_checksum(const uint8_t *head)
{
    return firn_crc32c(firn_crc32c(0, head, 12), head + 16, 8);
}

static void write_head(uint8_t head[RECENT_HEAD_BYTES], uint64_t first)
{
    memcpy(head, magic, sizeof magic);
    write_number(head + 8, 4, VERSION);
    write_number(head + 16, 8, first);
    write_number(head + 12, 4, head_checksum(head));
}

static firn_status read_head(const uint8_t *data, size_t size, uint64_t *ret_first)
{
    if (size < RECENT_HEAD_BYTES || memcmp(data, magic, sizeof magic) != 0)
        return FIRN_NOT_STORE;
    if (read_number(data + 12, 4) != head_checksum(data))
        return FIRN_CORRUPT;
    if (read_number(data + 8, 4) != VERSION)
        return FIRN_VERSION;
    *ret_first = read_number(data + 16, 8);
    return FIRN_OK;
}

/* The bytes of the record that begins here; 0 when none does. */
static size_t record_size(const uint8_t *data, size_t size)
{
    if (size < RECENT_RECORD_BYTES)
        return 0;
    size_t whole = RECENT_RECORD_BYTES + read_number(data + 12, 2) + read_number(data + 14, 2);
    if (whole > size || read_number(data, 4) != firn_crc32c(0, data + 4, whole - 4))
        return 0;
    return whole;
}

static bool make_room(recent *newest, size_t bytes)
{
    return firn_grow(newest->allocator, (void **)&newest->data, &newest->capacity,
                     newest->size + bytes, 1) &&
           firn_grow(newest->allocator, (void **)&newest->at, &newest->at_capacity,
                     newest->count + 1, sizeof *newest->at);
}

static void note(recent *newest, size_t bytes)
{
    newest->at[newest->count++] = (uint32_t)newest->size;
    newest->size += bytes;
}

firn_status recent_read(recent *newest, const void *bytes, size_t size, uint64_t skip,
                        uint64_t *ret_first, size_t *ret_right_bytes)
{
    const uint8_t *data = bytes;
    uint64_t first;
    firn_status status = read_head(data, size, &first);
    if (status != FIRN_OK)
        return status;
    size_t at = RECENT_HEAD_BYTES;
    uint64_t number = first;
    for (size_t whole; (whole = record_size(data + at, size - at)) != 0; at += whole, number++) {
        if (number < skip)
            continue;
        if (!make_room(newest, whole))
            return FIRN_NO_MEMORY;
        memcpy(newest->data + newest->size, data + at, whole);
        note(newest, whole);
    }
    *ret_first = first;
    *ret_right_bytes = at;
    return FIRN_OK;
}

static firn_status begin_file(recent *newest, uint64_t first, firn_error *ret_error)
{
    uint8_t head[RECENT_HEAD_BYTES];
    write_head(head, first);
    firn_status status = firn_file_replace(newest->path, head, sizeof head, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_file_close(&newest->file);
    newest->file_bytes = sizeof head;
    newest->is_torn = false;
    return firn_file_open(newest->path, FIRN_FILE_APPEND, &newest->file, ret_error);
}

static firn_status read_file(recent *newest, uint64_t visit_count, firn_error *ret_error)
{
    void *data = NULL;
    size_t size = 0, right = 0;
    uint64_t first;
    firn_status status = firn_file_read_all(newest->path, FILE_MAX_BYTES, newest->allocator, &data,
                                            &size, NULL, ret_error);
    if (status == FIRN_NOT_FOUND)
        return begin_file(newest, visit_count, ret_error);
    if (status != FIRN_OK)
        return status;
    status = recent_read(newest, data, size, visit_count, &first, &right);
    firn_release(newest->allocator, data, size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0,
                              "%s: %s; remove the file to go on without the newest visits",
                              newest->path, firn_status_text(status));
    if (newest->count == 0) /* all of it is in the store */
        return begin_file(newest, visit_count, ret_error);
    newest->file_bytes = right;
    newest->is_torn = right < size;
    return firn_file_open(newest->path, FIRN_FILE_APPEND, &newest->file, ret_error);
}

firn_status recent_open(recent *newest, const char *folder, uint64_t visit_count,
                        const firn_allocator *allocator, firn_error *ret_error)
{
    *newest = (struct recent){.allocator = allocator, .file = {.fd = -1}};
    newest->path_bytes = strlen(folder) + sizeof "/recent";
    newest->path = firn_allocate(allocator, newest->path_bytes);
    if (newest->path == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s: out of memory", folder);
    snprintf(newest->path, newest->path_bytes, "%s/recent", folder);
    firn_status status = read_file(newest, visit_count, ret_error);
    if (status != FIRN_OK)
        recent_close(newest);
    return status;
}

void recent_close(recent *newest)
{
    firn_file_close(&newest->file);
    firn_release(newest->allocator, newest->path, newest->path_bytes);
    firn_release(newest->allocator, newest->data, newest->capacity);
    firn_release(newest->allocator, newest->at, newest->at_capacity * sizeof *newest->at);
    *newest = (struct recent){.file = {.fd = -1}};
}

/* Opens the file again: the old one, or the one that came into its place. */
static firn_status reopen(recent *newest, firn_error *ret_error)
{
    firn_file_info info;
    firn_status status = firn_file_open(newest->path, FIRN_FILE_APPEND, &newest->file, ret_error);
    if (status == FIRN_OK && firn_file_info_get(&newest->file, &info) == FIRN_OK &&
        info.size < newest->file_bytes)
        newest->file_bytes = info.size;
    return status;
}

/* Cuts off what an earlier write left half done, since nothing behind it would be read. */
static firn_status mend(recent *newest, firn_error *ret_error)
{
    firn_status status = newest->file.fd < 0 ? reopen(newest, ret_error) : FIRN_OK;
    if (status != FIRN_OK || !newest->is_torn)
        return status;
    status = firn_file_truncate(&newest->file, newest->file_bytes);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", newest->path,
                              firn_status_text(status));
    newest->is_torn = false;
    return FIRN_OK;
}

firn_status recent_add(recent *newest, const history_visit *visit, firn_error *ret_error)
{
    size_t whole = RECENT_RECORD_BYTES + visit->url.size + visit->title.size;
    if (!make_room(newest, whole))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    firn_status status = mend(newest, ret_error);
    if (status != FIRN_OK)
        return status;
    uint8_t *at = newest->data + newest->size;
    write_number(at + 4, 8, (uint64_t)visit->time_ms);
    write_number(at + 12, 2, visit->url.size);
    write_number(at + 14, 2, visit->title.size);
    if (visit->url.size > 0)
        memcpy(at + RECENT_RECORD_BYTES, visit->url.data, visit->url.size);
    if (visit->title.size > 0)
        memcpy(at + RECENT_RECORD_BYTES + visit->url.size, visit->title.data, visit->title.size);
    write_number(at, 4, firn_crc32c(0, at + 4, whole - 4));
    status = firn_file_write(&newest->file, at, whole);
    if (status != FIRN_OK) {
        newest->is_torn = true; /* I1 */
        return firn_error_set(ret_error, status, 0, "%s: %s", newest->path,
                              firn_status_text(status));
    }
    newest->file_bytes += whole;
    note(newest, whole); /* I2 */
    return FIRN_OK;
}

void recent_clear(recent *newest, uint64_t visit_count)
{
    newest->size = newest->count = 0;
    if (begin_file(newest, visit_count, NULL) != FIRN_OK)
        firn_file_close(&newest->file); /* the new one may be in place or not */
}

firn_status recent_sync(recent *newest, firn_error *ret_error)
{
    firn_status status = mend(newest, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_file_sync(&newest->file);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: %s", newest->path,
                              firn_status_text(status));
    return FIRN_OK;
}

history_visit recent_get(const recent *newest, size_t index)
{
    const uint8_t *at = newest->data + newest->at[index];
    size_t url = read_number(at + 12, 2);
    return (history_visit){.url = {at + RECENT_RECORD_BYTES, url},
                           .title = {at + RECENT_RECORD_BYTES + url, read_number(at + 14, 2)},
                           .time_ms = (int64_t)read_number(at + 4, 8)};
}
