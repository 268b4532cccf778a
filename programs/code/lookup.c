/* A look-up is, in each layer, a binary search in the top table, one segment, a binary search in
 * it, and then the name's entries, which follow each other.
 *
 * The layers' files are merged by their paths. Only where a name occurs in several layers are paths
 * read, and none of the first layer, which has nearly all files: a file of another layer is placed
 * in it once, by the number of the first file there that is not before it.
 *
 * I1: a layer that is on stands on a posting of a file that is not hidden. */
#include "code/lookup.h"

#define NOT_YET UINT32_MAX

struct lookup_layer {
    struct dictionary names;
    struct dictionary_cursor cursor;
    struct postings postings;
    bool is_on;
    char *path; /* of the posting's file, once it is placed */
    uint64_t position;
};

static firn_status explain(firn_status status, firn_error *ret_error)
{
    return status == FIRN_CORRUPT
               ? firn_error_set(ret_error, status, 0,
                                "the index of names in the store is damaged: index the folder "
                                "again")
               : status;
}

/* --- one layer --- */

/* Enters the entry under the cursor if it is the name's. */
static firn_status enter_entry(const struct lookup *lookup, struct lookup_layer *layer)
{
    const struct table_cursor *entry = &layer->cursor.entry;
    if (key_compare(entry->key, entry->key_size, lookup->name, lookup->name_size) != 0)
        return FIRN_END_OF_DATA;
    postings_init(&layer->postings, entry->payload, entry->payload_size, entry->table.is_compact);
    return FIRN_OK;
}

static void forget_path(const struct lookup *lookup, struct lookup_layer *layer)
{
    if (layer->path != NULL)
        firn_release(lookup->opened->allocator, layer->path, strlen(layer->path) + 1);
    layer->path = NULL;
}

/* Goes to the layer's next posting of a file that is there. FIRN_OK also at the end, when the layer
 * is off. */
static firn_status advance(struct lookup *lookup, uint32_t number, firn_error *ret_error)
{
    struct lookup_layer *layer = &lookup->layers[number];
    const struct changes *changes = &lookup->opened->layers[number].changes;
    firn_status status;
    layer->is_on = false;
    forget_path(lookup, layer);
    do {
        status = postings_next(&layer->postings);
        if (status != FIRN_END_OF_DATA)
            continue;
        status = dictionary_next(&layer->cursor, ret_error);
        if (status == FIRN_OK)
            status = enter_entry(lookup, layer);
        if (status == FIRN_OK)
            status = postings_next(&layer->postings);
    } while (status == FIRN_OK && changes_is_hidden(changes, layer->postings.file));
    layer->is_on = status == FIRN_OK; /* I1 */
    return status == FIRN_END_OF_DATA ? FIRN_OK : explain(status, ret_error);
}

static firn_status begin_layer(struct lookup *lookup, uint32_t number, firn_error *ret_error)
{
    struct lookup_layer *layer = &lookup->layers[number];
    firn_status status =
        dictionary_open(&layer->names, lookup->opened->store,
                        lookup->opened->meta.layers[number].names_segment, ret_error);
    if (status == FIRN_OK)
        status = dictionary_seek(&layer->names, lookup->name, lookup->name_size, &layer->cursor,
                                 ret_error);
    if (status == FIRN_OK)
        status = enter_entry(lookup, layer);
    if (status == FIRN_OK)
        return advance(lookup, number, ret_error);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* --- all layers --- */

/* Reads the path of the file that a layer other than the first stands on, and places it there. */
static firn_status place_file(struct lookup *lookup, uint32_t number, firn_error *ret_error)
{
    struct lookup_layer *layer = &lookup->layers[number];
    struct opened *opened = lookup->opened;
    struct dictionary_cursor cursor = {.dictionary = NULL};
    struct opened_file file;
    if (number == 0 || layer->path != NULL)
        return FIRN_OK;
    firn_status status = opened_at(
        opened, (uint64_t)opened->layers[number].first + layer->postings.file, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = dictionary_seek(&opened->layers[0].catalog, file.path, strlen(file.path), &cursor,
                             ret_error);
    layer->position = status == FIRN_OK ? cursor.number : UINT64_MAX;
    dictionary_cursor_close(&cursor);
    layer->path = file.path;
    file.path = NULL;
    opened_file_fini(opened, &file);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static bool is_before(const struct lookup *lookup, uint32_t left, uint32_t right)
{
    const struct lookup_layer *a = &lookup->layers[left], *b = &lookup->layers[right];
    if (left == 0)
        return a->postings.file < b->position;
    if (right == 0)
        return a->position <= b->postings.file;
    return strcmp(a->path, b->path) < 0;
}

/* Finds the layer whose file comes first. FIRN_END_OF_DATA when all are off. */
static firn_status choose(struct lookup *lookup, uint32_t *ret_layer, firn_error *ret_error)
{
    const uint32_t count = lookup->opened->meta.layer_count;
    uint32_t on = 0, chosen = NOT_YET;
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < count; i++)
        on += lookup->layers[i].is_on ? 1 : 0;
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++) {
        if (!lookup->layers[i].is_on)
            continue;
        if (on > 1)
            status = place_file(lookup, i, ret_error);
        if (status == FIRN_OK && (chosen == NOT_YET || is_before(lookup, i, chosen)))
            chosen = i;
    }
    *ret_layer = chosen;
    return status == FIRN_OK && chosen == NOT_YET ? FIRN_END_OF_DATA : status;
}

firn_status lookup_begin(struct lookup *lookup, struct opened *opened, const char *name,
                         firn_error *ret_error)
{
    const uint32_t count = opened->meta.layer_count;
    firn_status status = FIRN_OK;
    lookup->opened = opened;
    lookup->name = name;
    lookup->name_size = strlen(name);
    lookup->current = NOT_YET;
    /* Not zeroed: cursors are large, and what is read before it is written is set here. */
    lookup->layers = firn_allocate(opened->allocator, count * sizeof *lookup->layers);
    if (lookup->layers == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while looking up");
    for (uint32_t i = 0; i < count; i++) {
        lookup->layers[i].names.store = NULL;
        lookup->layers[i].cursor.dictionary = NULL;
        lookup->layers[i].path = NULL;
        lookup->layers[i].is_on = false;
    }
    for (uint32_t i = 0; i < count && status == FIRN_OK; i++)
        status = begin_layer(lookup, i, ret_error);
    return status;
}

firn_status lookup_next(struct lookup *lookup, firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (lookup->current != NOT_YET) {
        lookup->layers[lookup->current].postings = lookup->postings;
        status = advance(lookup, lookup->current, ret_error);
    }
    lookup->current = NOT_YET;
    if (status == FIRN_OK)
        status = choose(lookup, &lookup->current, ret_error);
    if (status != FIRN_OK)
        return status;
    lookup->postings = lookup->layers[lookup->current].postings;
    lookup->postings.file += lookup->opened->layers[lookup->current].first;
    return FIRN_OK;
}

firn_status lookup_definition(struct lookup *lookup, struct definition *ret_definition,
                              firn_error *ret_error)
{
    return explain(postings_definition(&lookup->postings, ret_definition), ret_error);
}

void lookup_end(struct lookup *lookup)
{
    if (lookup->layers == NULL)
        return;
    const uint32_t count = lookup->opened->meta.layer_count;
    for (uint32_t i = 0; i < count; i++) {
        forget_path(lookup, &lookup->layers[i]);
        dictionary_cursor_close(&lookup->layers[i].cursor);
        dictionary_close(&lookup->layers[i].names);
    }
    firn_release(lookup->opened->allocator, lookup->layers, count * sizeof *lookup->layers);
    lookup->layers = NULL;
}
