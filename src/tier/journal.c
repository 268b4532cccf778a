/* Versions of blobs as a full version and edits since, in a frozen store: the calls.
 *
 * Stands on the store and on firn_edit_pack. journal_pack.c keeps the parts of blobs in segments,
 * journal_table.c the table; journal.h has the nouns and invariants.
 *
 * Edits are always those against the full version, never against other edits: a read applies one
 * piece at most, whatever the number of puts, and a put that changes nothing is seen as such. The
 * price is that each put writes the changes of earlier ones again, up to fold_percent of the blob.
 *
 * Threads: one while it changes; reading is the store's, which may be shared, and the index'.
 * Memory: 36 bytes a blob, and up to FIRN_SEGMENT_BYTES of what is not flushed yet, more for a blob
 * that is larger. Complexity: get and put O(blob); flush O(blobs). */
#include "tier/journal.h"

#include <firn/delta.h>

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { FOLD_PERCENT = 50, LEVEL = 3, LEVEL_MAX = 19 };

static firn_status no_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for the journal");
}

/* --- opening --- */

static firn_status table_open(firn_journal *journal, uint32_t table, firn_error *ret_error)
{
    firn_segment segment;
    firn_status status = firn_store_pin(journal->store, table, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_journal_table_read(&journal->index, segment.data, segment.size);
    firn_store_unpin(journal->store, &segment);
    if (status == FIRN_OK)
        journal->table = table;
    else
        firn_error_set(ret_error, status, 0, "segment %" PRIu32 ": the journal's table: %s", table,
                       firn_status_text(status));
    return status;
}

static bool options_valid(const firn_journal_options *options)
{
    return options->fold_percent <= 100 && options->level >= 0 && options->level <= LEVEL_MAX &&
           options->kind <= UINT32_MAX - FIRN_PACK_TABLE && options->reserved[0] == 0 &&
           options->reserved[1] == 0;
}

firn_status firn_journal_open(firn_store *store, uint32_t table,
                              const firn_journal_options *options, firn_journal **ret_journal,
                              firn_error *ret_error)
{
    static const firn_journal_options defaults = {.allocator = NULL};
    if (options == NULL)
        options = &defaults;
    if (store == NULL || !options_valid(options))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "wrong options for a journal");
    const firn_allocator *allocator =
        options->allocator != NULL ? options->allocator : firn_allocator_system();
    firn_journal *journal = firn_allocate_zeroed(allocator, 1, sizeof *journal);
    if (journal == NULL)
        return no_memory(ret_error);
    journal->store = store;
    journal->kind = options->kind;
    journal->fold_percent = options->fold_percent > 0 ? options->fold_percent : FOLD_PERCENT;
    journal->level = options->level > 0 ? options->level : LEVEL;
    journal->table = FIRN_SEGMENT_NONE;
    for (int role = 0; role < FIRN_PACK_ROLES; role++)
        journal->buffer[role].pack = FIRN_PACK_NONE;
    firn_status status = firn_journal_index_init(&journal->index, allocator);
    if (status != FIRN_OK)
        no_memory(ret_error);
    else if (table != FIRN_SEGMENT_NONE)
        status = table_open(journal, table, ret_error);
    if (status != FIRN_OK) {
        firn_journal_close(journal);
        return status;
    }
    *ret_journal = journal;
    return FIRN_OK;
}

void firn_journal_close(firn_journal *journal)
{
    if (journal == NULL)
        return;
    const firn_allocator *allocator = journal->index.allocator;
    for (int role = 0; role < FIRN_PACK_ROLES; role++)
        firn_release(allocator, journal->buffer[role].data, journal->buffer[role].capacity);
    firn_codec_destroy(journal->codec);
    firn_journal_index_fini(&journal->index);
    firn_release(allocator, journal, sizeof *journal);
}

/* --- putting --- */

/* Appends a full version and makes it the blob's; the old parts become garbage. */
static firn_status full_put(firn_journal *journal, uint64_t id, firn_blob *known, const void *data,
                            size_t size, firn_error *ret_error)
{
    firn_blob blob = {.size = (uint32_t)size};
    blob.part[FIRN_PACK_EDITS].pack = FIRN_PACK_NONE;
    firn_status status = firn_pack_append(journal, FIRN_PACK_BASE, data, size,
                                          &blob.part[FIRN_PACK_BASE], ret_error);
    if (status != FIRN_OK)
        return status;
    if (known != NULL) {
        for (int role = 0; role < FIRN_PACK_ROLES; role++)
            firn_pack_drop(journal, &known->part[role]);
        *known = blob;
    } else if (firn_map_put_new(&journal->index.blobs, &id, &blob) != FIRN_OK) {
        firn_pack_drop(journal, &blob.part[FIRN_PACK_BASE]);
        return no_memory(ret_error);
    }
    journal->changed = true;
    return FIRN_OK;
}

/* Puts edits in the place of those that a blob has; none for size 0. */
static firn_status edits_put(firn_journal *journal, firn_blob *blob, const void *edits,
                             size_t edits_size, size_t size, firn_error *ret_error)
{
    firn_place *part = &blob->part[FIRN_PACK_EDITS], to;
    if (part->size == edits_size) {
        const uint8_t *old;
        firn_segment segment;
        firn_status status = firn_pack_pin(journal, FIRN_PACK_EDITS, part, &old, &segment, NULL);
        bool same = status == FIRN_OK && (edits_size == 0 || memcmp(old, edits, edits_size) == 0);
        if (status == FIRN_OK)
            firn_pack_unpin(journal, &segment);
        if (same)
            return FIRN_OK;
    }
    firn_status status =
        firn_pack_append(journal, FIRN_PACK_EDITS, edits, edits_size, &to, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_pack_drop(journal, part);
    *part = to;
    blob->size = (uint32_t)size;
    journal->changed = true;
    return FIRN_OK;
}

/* *ret_fold: the edits would be too long, and nothing was done. */
static firn_status edits_try(firn_journal *journal, firn_blob *blob, const void *data, size_t size,
                             const uint8_t *base, bool *ret_fold, firn_error *ret_error)
{
    size_t base_size = blob->part[FIRN_PACK_BASE].size, edits_size;
    void *edits;
    *ret_fold = false;
    if (base_size == size && memcmp(base, data, size) == 0)
        return edits_put(journal, blob, NULL, 0, size, ret_error);
    firn_status status =
        firn_edit_pack(base, base_size, data, size, journal->index.allocator, &edits, &edits_size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "no memory for the edits of %zu bytes", size);
    *ret_fold = (uint64_t)edits_size * 100 > (uint64_t)size * journal->fold_percent;
    if (!*ret_fold)
        status = edits_put(journal, blob, edits, edits_size, size, ret_error);
    firn_release(journal->index.allocator, edits, edits_size);
    return status;
}

static firn_status size_check(size_t size, firn_error *ret_error)
{
    if (size <= FIRN_SEGMENT_MAX_BYTES)
        return FIRN_OK;
    return firn_error_set(ret_error, FIRN_LIMIT, 0, "a blob of %zu bytes, above %u; cut it", size,
                          FIRN_SEGMENT_MAX_BYTES);
}

firn_status firn_journal_put(firn_journal *journal, uint64_t id, const void *data, size_t size,
                             firn_error *ret_error)
{
    firn_blob *blob = firn_map_get(&journal->index.blobs, &id);
    firn_status status = size_check(size, ret_error);
    if (status != FIRN_OK)
        return status;
    bool fold = true;
    if (blob != NULL && size == 0 && blob->size == 0)
        return FIRN_OK;
    if (blob != NULL && size > 0 && blob->part[FIRN_PACK_BASE].size > 0) {
        const uint8_t *base;
        firn_segment segment;
        status = firn_pack_pin(journal, FIRN_PACK_BASE, &blob->part[FIRN_PACK_BASE], &base,
                               &segment, ret_error);
        if (status != FIRN_OK)
            return status;
        status = edits_try(journal, blob, data, size, base, &fold, ret_error);
        firn_pack_unpin(journal, &segment);
    }
    return status == FIRN_OK && fold ? full_put(journal, id, blob, data, size, ret_error) : status;
}

firn_status firn_journal_replace(firn_journal *journal, uint64_t id, const void *data, size_t size,
                                 firn_error *ret_error)
{
    firn_status status = size_check(size, ret_error);
    if (status != FIRN_OK)
        return status;
    return full_put(journal, id, firn_map_get(&journal->index.blobs, &id), data, size, ret_error);
}

firn_status firn_journal_remove(firn_journal *journal, uint64_t id)
{
    firn_blob blob;
    firn_status status = firn_map_take(&journal->index.blobs, &id, &blob);
    if (status != FIRN_OK)
        return status;
    for (int role = 0; role < FIRN_PACK_ROLES; role++)
        firn_pack_drop(journal, &blob.part[role]);
    journal->changed = true;
    return FIRN_OK;
}

/* --- reading --- */

/* Into out, which has room for the blob's size. */
static firn_status parts_apply(const firn_journal *journal, const firn_blob *blob,
                               const uint8_t *base, uint8_t *out, firn_error *ret_error)
{
    const firn_place *part = &blob->part[FIRN_PACK_EDITS];
    const uint8_t *edits;
    firn_segment segment;
    size_t told;
    firn_status status = firn_pack_pin(journal, FIRN_PACK_EDITS, part, &edits, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_edit_target_size(edits, part->size, &told);
    if (status == FIRN_OK && told != blob->size)
        status = FIRN_CORRUPT;
    if (status == FIRN_OK)
        status = firn_edit_apply(base, blob->part[FIRN_PACK_BASE].size, edits, part->size, out,
                                 blob->size);
    firn_pack_unpin(journal, &segment);
    if (status != FIRN_OK)
        firn_error_set(ret_error, status, 0, "a blob's edits do not fit it; put it anew");
    return status;
}

static firn_status blob_read(const firn_journal *journal, const firn_blob *blob, uint8_t *out,
                             firn_error *ret_error)
{
    const uint8_t *base;
    firn_segment segment;
    firn_status status = firn_pack_pin(journal, FIRN_PACK_BASE, &blob->part[FIRN_PACK_BASE], &base,
                                       &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    if (blob->part[FIRN_PACK_EDITS].size > 0)
        status = parts_apply(journal, blob, base, out, ret_error);
    else
        memcpy(out, base, blob->size);
    firn_pack_unpin(journal, &segment);
    return status;
}

firn_status firn_journal_get(const firn_journal *journal, uint64_t id,
                             const firn_allocator *allocator, void **ret_data, size_t *ret_size,
                             firn_error *ret_error)
{
    const firn_blob *blob = firn_map_get(&journal->index.blobs, &id);
    if (blob == NULL)
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "no blob %" PRIu64, id);
    uint8_t *data = NULL;
    if (blob->size > 0) {
        data = firn_allocate(allocator, blob->size);
        if (data == NULL)
            return no_memory(ret_error);
        firn_status status = blob_read(journal, blob, data, ret_error);
        if (status != FIRN_OK) {
            firn_release(allocator, data, blob->size);
            return status;
        }
    }
    *ret_data = data;
    *ret_size = blob->size;
    return FIRN_OK;
}

firn_status firn_journal_next(const firn_journal *journal, uint64_t from,
                              firn_journal_info *ret_info)
{
    firn_map_cursor cursor;
    firn_map_cursor_init(&cursor, &journal->index.blobs);
    if (firn_map_ceiling(&cursor, &from) != FIRN_OK)
        return FIRN_END_OF_DATA;
    const firn_blob *blob = cursor.value;
    *ret_info = (firn_journal_info){.size_bytes = blob->size,
                                    .base_bytes = blob->part[FIRN_PACK_BASE].size,
                                    .edits_bytes = blob->part[FIRN_PACK_EDITS].size};
    memcpy(&ret_info->id, cursor.key, sizeof ret_info->id);
    return FIRN_OK;
}

/* --- flushing --- */

static firn_status table_put(firn_journal *journal, uint32_t *ret_table, firn_error *ret_error)
{
    void *data;
    size_t size;
    firn_status status = firn_journal_table_write(&journal->index, &data, &size);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "the journal's table: %s",
                              firn_status_text(status));
    status = firn_journal_segment_put(journal, FIRN_PACK_TABLE, data, size, ret_table, ret_error);
    firn_release(journal->index.allocator, data, size);
    return status;
}

/* The old table goes, and what the new one does not need. */
static firn_status old_remove(firn_journal *journal)
{
    firn_status status = FIRN_OK;
    if (journal->table != FIRN_SEGMENT_NONE)
        status = firn_store_remove(journal->store, journal->table);
    return status == FIRN_OK ? firn_packs_sweep(journal) : status;
}

firn_status firn_journal_flush(firn_journal *journal, uint32_t *ret_table, firn_error *ret_error)
{
    uint32_t table = FIRN_SEGMENT_NONE;
    if (!journal->changed) {
        *ret_table = journal->table;
        return FIRN_OK;
    }
    firn_status status = firn_packs_move(journal, ret_error);
    for (int role = 0; status == FIRN_OK && role < FIRN_PACK_ROLES; role++)
        status = firn_pack_write(journal, role, ret_error);
    if (status == FIRN_OK)
        status = table_put(journal, &table, ret_error);
    if (status != FIRN_OK)
        return status;
    status = old_remove(journal);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "what the journal needs no more: %s",
                              firn_status_text(status));
    journal->table = table;
    journal->changed = false;
    *ret_table = table;
    return FIRN_OK;
}

/* --- looking at it --- */

static bool blob_sum(void *context, const void *key, void *value)
{
    firn_journal_summary *summary = context;
    const firn_blob *blob = value;
    (void)key;
    summary->edited_count += blob->part[FIRN_PACK_EDITS].size > 0;
    summary->blob_bytes += blob->size;
    return true;
}

void firn_journal_summary_get(const firn_journal *journal, firn_journal_summary *ret_summary)
{
    firn_journal_summary summary = {.blob_count = firn_map_count(&journal->index.blobs)};
    firn_status status = firn_map_visit(&journal->index.blobs, NULL, NULL, blob_sum, &summary);
    assert(status == FIRN_OK);
    (void)status;
    for (size_t i = 0; i < journal->index.pack_count; i++) {
        const firn_pack *pack = &journal->index.packs[i];
        summary.live_bytes += pack->live;
        summary.garbage_bytes += pack->total - pack->live;
        summary.segment_count += pack->segment != FIRN_SEGMENT_NONE;
    }
    *ret_summary = summary;
}

struct verification {
    const firn_journal *journal;
    firn_status first;
    uint64_t damaged;
    firn_error *ret_error;
};

static bool blob_verify(void *context, const void *key, void *value)
{
    struct verification *v = context;
    const firn_allocator *allocator = v->journal->index.allocator;
    uint64_t id;
    void *data;
    size_t size;
    (void)value;
    memcpy(&id, key, sizeof id);
    firn_status status = firn_journal_get(v->journal, id, allocator, &data, &size,
                                          v->first == FIRN_OK ? v->ret_error : NULL);
    if (status == FIRN_OK) {
        firn_release(allocator, data, size);
        return true;
    }
    v->damaged++;
    if (v->first == FIRN_OK || status == FIRN_NO_MEMORY)
        v->first = status;
    return status != FIRN_NO_MEMORY;
}

firn_status firn_journal_verify(const firn_journal *journal, uint64_t *ret_damaged,
                                firn_error *ret_error)
{
    struct verification v = {.journal = journal, .first = FIRN_OK, .ret_error = ret_error};
    firn_status status = firn_map_visit(&journal->index.blobs, NULL, NULL, blob_verify, &v);
    *ret_damaged = v.damaged;
    return status != FIRN_OK ? status : v.first;
}

void firn_journal_usage(const firn_journal *journal, firn_usage *ret_usage)
{
    firn_usage usage;
    firn_map_usage(&journal->index.blobs, &usage);
    uint64_t buffers = 0, held = 0;
    for (int role = 0; role < FIRN_PACK_ROLES; role++) {
        uint32_t pack = journal->buffer[role].pack;
        buffers += journal->buffer[role].capacity;
        held += pack != FIRN_PACK_NONE ? journal->index.packs[pack].live : 0;
    }
    uint64_t packs = journal->index.pack_capacity * sizeof(firn_pack);
    usage.live_bytes += held;
    usage.overhead_bytes += buffers - held + packs + sizeof *journal;
    usage.reserved_bytes += buffers + packs + sizeof *journal;
    usage.resident_bytes += buffers + packs + sizeof *journal;
    *ret_usage = usage;
}
