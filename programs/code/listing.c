/* Listings: a cursor a layer, of which the one with the least key is taken again and again. Layers
 * are few, so that looking at each is no slower than a heap. */
#include "code/listing.h"

#define NONE UINT32_MAX

struct listing_layer {
    struct dictionary names; /* open where names are listed */
    struct dictionary_cursor cursor;
    bool is_on;
};

static const struct dictionary *dictionary_of(const struct listing *listing, uint32_t layer)
{
    return listing->is_of_names ? &listing->layers[layer].names
                                : &listing->opened->layers[layer].catalog;
}

/* Takes what a step of the layer's cursor came to, and goes on past hidden files. */
static firn_status settle(struct listing *listing, uint32_t number, firn_status status,
                          firn_error *ret_error)
{
    struct listing_layer *layer = &listing->layers[number];
    const struct changes *changes = &listing->opened->layers[number].changes;
    while (status == FIRN_OK && !listing->is_of_names &&
           changes_is_hidden(changes, (uint32_t)layer->cursor.number))
        status = dictionary_next(&layer->cursor, ret_error);
    layer->is_on = status == FIRN_OK;
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status begin(struct listing *listing, struct opened *opened, const char *from,
                         firn_error *ret_error)
{
    const uint32_t count = opened->meta.layer_count;
    firn_status status = FIRN_OK;
    listing->opened = opened;
    listing->current = NONE;
    listing->layers = firn_allocate_zeroed(opened->allocator, count, sizeof *listing->layers);
    if (listing->layers == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while listing");
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++) {
        struct listing_layer *layer = &listing->layers[i];
        if (listing->is_of_names)
            status = dictionary_open(&layer->names, opened->store,
                                     opened->meta.layers[i].names_segment, ret_error);
        if (status == FIRN_OK) {
            status = dictionary_seek(dictionary_of(listing, i), from, strlen(from), &layer->cursor,
                                     ret_error);
            status = settle(listing, i, status, ret_error);
        }
    }
    return status;
}

static int compare(const struct dictionary_cursor *a, const struct dictionary_cursor *b)
{
    return key_compare(a->entry.key, a->entry.key_size, b->entry.key, b->entry.key_size);
}

static void choose(struct listing *listing)
{
    struct listing_layer *layers = listing->layers;
    listing->current = NONE;
    for (uint32_t i = 0; i < listing->opened->meta.layer_count; i++)
        if (layers[i].is_on && (listing->current == NONE ||
                                compare(&layers[i].cursor, &layers[listing->current].cursor) < 0))
            listing->current = i;
}

static firn_status step(struct listing *listing, uint32_t number, firn_error *ret_error)
{
    firn_status status = dictionary_next(&listing->layers[number].cursor, ret_error);
    return settle(listing, number, status, ret_error);
}

/* --- files --- */

firn_status listing_begin(struct listing *listing, struct opened *opened, const char *from,
                          firn_error *ret_error)
{
    listing->is_of_names = false;
    return begin(listing, opened, from, ret_error);
}

firn_status listing_next(struct listing *listing, struct opened_file *ret_file,
                         firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (listing->current != NONE)
        status = step(listing, listing->current, ret_error);
    if (status != FIRN_OK)
        return status;
    choose(listing);
    return listing->current == NONE
               ? FIRN_END_OF_DATA
               : opened_entry(listing->opened, listing->current,
                              &listing->layers[listing->current].cursor, ret_file, ret_error);
}

/* --- names --- */

firn_status listing_begin_names(struct listing *listing, struct opened *opened, const char *from,
                                firn_error *ret_error)
{
    listing->is_of_names = true;
    return begin(listing, opened, from, ret_error);
}

/* Goes past the current name in all layers, the current one's being the last to move. */
static firn_status leave_name(struct listing *listing, firn_error *ret_error)
{
    const uint32_t count = listing->opened->meta.layer_count, current = listing->current;
    struct listing_layer *layers = listing->layers;
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++)
        while (i != current && layers[i].is_on && status == FIRN_OK &&
               compare(&layers[i].cursor, &layers[current].cursor) == 0)
            status = step(listing, i, ret_error);
    uint8_t name[KEY_MAX_BYTES];
    const size_t size = layers[current].cursor.entry.key_size;
    memcpy(name, layers[current].cursor.entry.key, size);
    while (status == FIRN_OK && layers[current].is_on &&
           key_compare(layers[current].cursor.entry.key, layers[current].cursor.entry.key_size,
                       name, size) == 0)
        status = step(listing, current, ret_error);
    return status;
}

firn_status listing_next_name(struct listing *listing, const char **ret_name, size_t *ret_size,
                              firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (listing->current != NONE)
        status = leave_name(listing, ret_error);
    if (status != FIRN_OK)
        return status;
    choose(listing);
    if (listing->current == NONE)
        return FIRN_END_OF_DATA;
    const struct table_cursor *entry = &listing->layers[listing->current].cursor.entry;
    *ret_name = (const char *)entry->key;
    *ret_size = entry->key_size;
    return FIRN_OK;
}

void listing_end(struct listing *listing)
{
    if (listing->layers == NULL)
        return;
    for (uint32_t i = 0; i < listing->opened->meta.layer_count; i++) {
        dictionary_cursor_close(&listing->layers[i].cursor);
        dictionary_close(&listing->layers[i].names);
    }
    firn_release(listing->opened->allocator, listing->layers,
                 listing->opened->meta.layer_count * sizeof *listing->layers);
    listing->layers = NULL;
}
