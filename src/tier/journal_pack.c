/* The journal's packs: parts of blobs are gathered in a buffer for each role, which becomes a
 * segment of the store; what is live in packs that are mostly garbage moves to others.
 *
 * Called by journal.c. Full versions and edits have packs of their own, because edits are replaced
 * with each put and full versions stay. A pack is moved when more than half of it is garbage, or
 * when there are MERGE_COUNT of its role below SMALL_BYTES, as many small commits leave them: so
 * moving costs no more than the puts that made it needed, and their number stays bounded. */
#include "tier/journal.h"

#include <assert.h>
#include <string.h>

enum { SMALL_BYTES = FIRN_SEGMENT_BYTES / 4, MERGE_COUNT = 8 };

static firn_pack *pack_of(const firn_journal *journal, uint32_t pack)
{
    assert(pack < journal->index.pack_count);
    return &journal->index.packs[pack];
}

firn_status firn_journal_segment_put(firn_journal *journal, int role, const void *data, size_t size,
                                     uint32_t *ret_segment, firn_error *ret_error)
{
    firn_store_put_options options = {
        .kind = journal->kind + (uint32_t)role, .codec = FIRN_CODEC_ZSTD, .level = journal->level};
    if (journal->codec == NULL) {
        firn_status status = firn_codec_create(journal->index.allocator, &journal->codec);
        if (status != FIRN_OK)
            return firn_error_set(ret_error, status, 0, "no memory for packing");
    }
    return firn_store_put(journal->store, journal->codec, &options, data, size, ret_segment,
                          ret_error);
}

firn_status firn_pack_write(firn_journal *journal, int role, firn_error *ret_error)
{
    uint32_t index = journal->buffer[role].pack;
    if (index == FIRN_PACK_NONE)
        return FIRN_OK;
    firn_pack *pack = pack_of(journal, index);
    if (pack->live > 0) {
        firn_status status = firn_journal_segment_put(journal, role, journal->buffer[role].data,
                                                      pack->total, &pack->segment, ret_error);
        if (status != FIRN_OK)
            return status;
    } else {
        *pack = (firn_pack){.segment = FIRN_SEGMENT_NONE};
    }
    journal->buffer[role].pack = FIRN_PACK_NONE;
    return FIRN_OK;
}

/* A free index, or a new one. */
static firn_status pack_begin(firn_journal *journal, int role)
{
    firn_journal_index *all = &journal->index;
    size_t index = 0;
    while (index < all->pack_count && all->packs[index].total > 0)
        index++;
    if (index == all->pack_count) {
        void *block = all->packs;
        if (!firn_grow(all->allocator, &block, &all->pack_capacity, index + 1, sizeof *all->packs))
            return FIRN_NO_MEMORY;
        all->packs = block;
        all->pack_count++;
    }
    all->packs[index] = (firn_pack){.segment = FIRN_SEGMENT_NONE, .role = (uint8_t)role};
    journal->buffer[role].pack = (uint32_t)index;
    return FIRN_OK;
}

firn_status firn_pack_append(firn_journal *journal, int role, const void *data, size_t size,
                             firn_place *ret_place, firn_error *ret_error)
{
    *ret_place = (firn_place){.pack = FIRN_PACK_NONE};
    if (size == 0)
        return FIRN_OK; /* J2 */
    size_t held = journal->buffer[role].pack != FIRN_PACK_NONE
                      ? pack_of(journal, journal->buffer[role].pack)->total
                      : 0;
    if (held > 0 && held + size > FIRN_SEGMENT_BYTES) {
        firn_status status = firn_pack_write(journal, role, ret_error);
        if (status != FIRN_OK)
            return status;
        held = 0;
    }
    void *block = journal->buffer[role].data;
    bool grown = firn_grow(journal->index.allocator, &block, &journal->buffer[role].capacity,
                           held + size, 1);
    journal->buffer[role].data = block;
    if (!grown ||
        (journal->buffer[role].pack == FIRN_PACK_NONE && pack_begin(journal, role) != FIRN_OK))
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "no memory for a blob of %zu bytes",
                              size);
    memcpy(journal->buffer[role].data + held, data, size);
    firn_pack *pack = pack_of(journal, journal->buffer[role].pack);
    *ret_place = (firn_place){journal->buffer[role].pack, pack->total, (uint32_t)size};
    pack->total += (uint32_t)size;
    pack->live += (uint32_t)size;
    return FIRN_OK;
}

void firn_pack_drop(firn_journal *journal, const firn_place *place)
{
    if (place->size == 0)
        return;
    firn_pack *pack = pack_of(journal, place->pack);
    assert(pack->live >= place->size); /* J1 */
    pack->live -= place->size;
}

firn_status firn_pack_pin(const firn_journal *journal, int role, const firn_place *place,
                          const uint8_t **ret_data, firn_segment *ret_segment,
                          firn_error *ret_error)
{
    *ret_segment = (firn_segment){.data = NULL};
    *ret_data = NULL;
    if (place->size == 0)
        return FIRN_OK;
    const firn_pack *pack = pack_of(journal, place->pack);
    assert(place->size <= pack->total && place->offset <= pack->total - place->size); /* J2 */
    if (pack->segment == FIRN_SEGMENT_NONE) {
        *ret_data = journal->buffer[role].data + place->offset;
        return FIRN_OK;
    }
    firn_segment segment;
    firn_status status = firn_store_pin(journal->store, pack->segment, &segment, ret_error);
    if (status == FIRN_NOT_FOUND)
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "segment %u of the journal is missing; put its blobs anew",
                              pack->segment);
    if (status != FIRN_OK)
        return status;
    if (segment.size != pack->total) {
        firn_store_unpin(journal->store, &segment);
        return firn_error_set(ret_error, FIRN_CORRUPT, 0,
                              "segment %u is not the one that the journal's table names; put its "
                              "blobs anew",
                              pack->segment);
    }
    *ret_data = segment.data + place->offset;
    *ret_segment = segment;
    return FIRN_OK;
}

void firn_pack_unpin(const firn_journal *journal, firn_segment *segment)
{
    if (segment->data != NULL)
        firn_store_unpin(journal->store, segment);
}

/* --- moving --- */

struct mover {
    firn_journal *journal;
    firn_error *ret_error;
    firn_status status;
};

static firn_status part_move(firn_journal *journal, int role, firn_place *place,
                             firn_error *ret_error)
{
    const uint8_t *data;
    firn_segment segment;
    firn_place to;
    firn_status status = firn_pack_pin(journal, role, place, &data, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = firn_pack_append(journal, role, data, place->size, &to, ret_error);
    firn_pack_unpin(journal, &segment);
    if (status != FIRN_OK)
        return status;
    firn_pack_drop(journal, place);
    *place = to;
    return FIRN_OK;
}

/* What cannot be read stays where it is: to lose it is not for the one who tidies up. */
static bool blob_move(void *context, const void *key, void *value)
{
    struct mover *mover = context;
    firn_blob *blob = value;
    (void)key;
    for (int role = 0; mover->status == FIRN_OK && role < FIRN_PACK_ROLES; role++) {
        firn_place *place = &blob->part[role];
        if (place->size == 0 || !pack_of(mover->journal, place->pack)->moving)
            continue;
        firn_status status = part_move(mover->journal, role, place, mover->ret_error);
        if (status != FIRN_CORRUPT && status != FIRN_VERSION)
            mover->status = status;
    }
    return mover->status == FIRN_OK;
}

static bool pack_small(const firn_pack *pack, int role)
{
    return pack->role == role && pack->live > 0 && pack->segment != FIRN_SEGMENT_NONE &&
           pack->total < SMALL_BYTES;
}

firn_status firn_packs_move(firn_journal *journal, firn_error *ret_error)
{
    firn_journal_index *all = &journal->index;
    size_t moving = 0;
    for (int role = 0; role < FIRN_PACK_ROLES; role++) {
        size_t small = 0;
        for (size_t i = 0; i < all->pack_count; i++)
            small += pack_small(&all->packs[i], role);
        for (size_t i = 0; i < all->pack_count; i++) {
            firn_pack *pack = &all->packs[i];
            if (pack->role != role)
                continue;
            bool garbage = pack->segment != FIRN_SEGMENT_NONE && pack->live > 0 &&
                           pack->live < pack->total - pack->live;
            pack->moving = garbage || (small >= MERGE_COUNT && pack_small(pack, role));
            moving += pack->moving;
        }
    }
    if (moving == 0)
        return FIRN_OK;
    struct mover mover = {.journal = journal, .ret_error = ret_error, .status = FIRN_OK};
    firn_status status = firn_map_visit(&all->blobs, NULL, NULL, blob_move, &mover);
    return status != FIRN_OK ? status : mover.status;
}

firn_status firn_packs_sweep(firn_journal *journal)
{
    for (size_t i = 0; i < journal->index.pack_count; i++) {
        firn_pack *pack = &journal->index.packs[i];
        if (pack->total == 0 || pack->live > 0 || pack->segment == FIRN_SEGMENT_NONE)
            continue;
        firn_status status = firn_store_remove(journal->store, pack->segment);
        if (status != FIRN_OK && status != FIRN_NOT_FOUND)
            return status;
        *pack = (firn_pack){.segment = FIRN_SEGMENT_NONE};
    }
    return FIRN_OK;
}
