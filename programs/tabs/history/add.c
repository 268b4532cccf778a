/* A history: its opening, what is added, and what it takes. Its files are recent.c (the newest
 * visits), pack.c (these into blocks), blocks.c (reading blocks), search.c and match.c.
 *
 * Invariants:
 *   I1  every visit that was added lies in a block that the store's root lists, or in the file of
 *       the recent ones, which says how many of its first ones lie in blocks, too
 */
#include "tabs/history/state.h"

#include <stdio.h>
#include <string.h>

#define CACHE_BYTES (1u << 20) /* of unpacked segments: each is used once in a search */

static firn_status open_store(history *visited, const char *folder, firn_error *ret_error)
{
    firn_store_options options = {.allocator = visited->allocator,
                                  .mode = FIRN_STORE_WRITE,
                                  .cache_bytes = CACHE_BYTES,
                                  .what = "firn tabs"};
    size_t size = strlen(folder) + sizeof "/visits";
    char *path = firn_allocate(visited->allocator, size);
    if (path == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s: out of memory", folder);
    snprintf(path, size, "%s/visits", folder);
    firn_status status = firn_store_open(path, &options, &visited->store, ret_error);
    firn_release(visited->allocator, path, size);
    return status;
}

firn_status history_open(const char *folder, const firn_allocator *allocator, history **ret_history,
                         firn_error *ret_error)
{
    firn_status status = firn_folder_create(folder, ret_error);
    if (status != FIRN_OK && status != FIRN_EXISTS)
        return status;
    history *visited = firn_allocate_zeroed(allocator, 1, sizeof *visited);
    if (visited == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "%s: out of memory", folder);
    visited->allocator = allocator;
    visited->recent.file.fd = -1;
    status = open_store(visited, folder, ret_error);
    if (status == FIRN_OK)
        status = firn_codec_create(allocator, &visited->codec);
    if (status == FIRN_OK)
        status = blocks_read(visited, ret_error);
    if (status == FIRN_OK)
        status = recent_open(&visited->recent, folder, visited->blocks[BLOCK_VISITS].rows,
                             allocator, ret_error);
    if (status != FIRN_OK) {
        history_close(visited);
        return status;
    }
    *ret_history = visited;
    return FIRN_OK;
}

void history_close(history *visited)
{
    if (visited == NULL)
        return;
    recent_close(&visited->recent);
    blocks_free(visited);
    firn_codec_destroy(visited->codec);
    if (visited->store != NULL)
        firn_store_close(visited->store);
    firn_release(visited->allocator, visited, sizeof *visited);
}

static firn_bytes cut(firn_bytes text)
{
    if (text.size > HISTORY_TEXT_MAX_BYTES)
        text.size = HISTORY_TEXT_MAX_BYTES;
    return text;
}

/* Where packing fails, visits go on to be added as they are, and it is tried again after a while,
 * up to four times as many as it takes. */
static firn_status pack_when_due(history *visited, firn_error *ret_error)
{
    recent *newest = &visited->recent;
    if (newest->count < RECENT_MAX_VISITS && newest->size < RECENT_MAX_BYTES)
        return FIRN_OK;
    if (newest->count < visited->retry_at)
        return FIRN_OK;
    firn_status status = history_pack(visited, ret_error);
    visited->retry_at = status == FIRN_OK ? 0 : newest->count + RECENT_MAX_VISITS / 8;
    bool has_room = newest->count < 4 * RECENT_MAX_VISITS && newest->size < 4 * RECENT_MAX_BYTES;
    return has_room ? FIRN_OK : status;
}

firn_status history_add(history *visited, firn_bytes url, firn_bytes title, int64_t time_ms,
                        firn_error *ret_error)
{
    history_visit visit = {cut(url), cut(title), time_ms};
    firn_status status = pack_when_due(visited, ret_error);
    return status == FIRN_OK ? recent_add(&visited->recent, &visit, ret_error) : status;
}

firn_status history_flush(history *visited, firn_error *ret_error)
{
    return recent_sync(&visited->recent, ret_error);
}

void history_usage(const history *visited, history_summary *ret_summary)
{
    firn_usage usage;
    const recent *newest = &visited->recent;
    firn_store_usage(visited->store, &usage);
    *ret_summary = (history_summary){
        .visit_count = visited->blocks[BLOCK_VISITS].rows + newest->count,
        .page_count = visited->blocks[BLOCK_PAGES].rows,
        .disk_bytes = usage.disk_bytes + newest->file_bytes,
        .ram_bytes = usage.reserved_bytes + newest->capacity +
                     newest->at_capacity * sizeof *newest->at + sizeof *visited,
    };
    for (size_t i = 0; i < BLOCK_KINDS; i++)
        ret_summary->ram_bytes += visited->blocks[i].capacity * sizeof(struct block);
}
