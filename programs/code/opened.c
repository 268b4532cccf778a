/* Opening a store of `firn code`: the meta segment is its root; from there the catalogs of the
 * layers, and by them each file's source and tree. Everything in a segment is checked by its CRC
 * when it is read, and again for sense where it is decoded.
 *
 * Threads: any number may find and load; a language is loaded once, under the mutex. Memory: the
 * store's cache, the catalogs' top tables, a bit a file where files are hidden, and the families
 * that were asked for. */
#include "code/opened.h"

#include <firn/delta.h>

static firn_status explain(firn_status status, const char *what, firn_error *ret_error)
{
    if (status == FIRN_CORRUPT)
        return firn_error_set(ret_error, status, 0,
                              "%s: damaged in the store; index the folder again", what);
    return firn_error_set(ret_error, status, 0, "%s: %s", what, firn_status_text(status));
}

static firn_status read_meta(struct opened *opened, firn_error *ret_error)
{
    const uint32_t root = firn_store_root(opened->store);
    firn_segment_info info;
    if (firn_store_segment_info(opened->store, root, &info) != FIRN_OK || info.kind != SEGMENT_META)
        return firn_error_set(ret_error, FIRN_NOT_STORE, 0,
                              "%s: a store, but not one of `firn code index`", opened->path);
    firn_segment segment;
    firn_status status = firn_store_pin(opened->store, root, &segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = meta_get(segment.data, segment.size, &opened->arena, &opened->meta);
    firn_store_unpin(opened->store, &segment);
    if (status == FIRN_VERSION)
        return firn_error_set(ret_error, status, 0,
                              "%s: written by a later version of firn; use that one, or index the "
                              "folder again",
                              opened->path);
    return status == FIRN_OK ? FIRN_OK : explain(status, opened->path, ret_error);
}

/* --- layers --- */

static firn_status read_changes(struct opened *opened, const struct meta_layer *meta,
                                struct changes *changes, firn_error *ret_error)
{
    firn_segment segment;
    changes_init(changes, opened->allocator, (uint32_t)meta->files);
    if (meta->changes_segment == FIRN_SEGMENT_NONE)
        return FIRN_OK;
    firn_status status = firn_store_pin(opened->store, meta->changes_segment, &segment, ret_error);
    if (status == FIRN_NOT_FOUND)
        return explain(FIRN_CORRUPT, opened->path, ret_error);
    if (status != FIRN_OK)
        return status;
    status = changes_get(changes, segment.data, segment.size);
    firn_store_unpin(opened->store, &segment);
    if (status == FIRN_OK && changes->hidden_count != meta->hidden)
        status = FIRN_CORRUPT;
    return status == FIRN_OK ? FIRN_OK : explain(status, opened->path, ret_error);
}

static firn_status open_layers(struct opened *opened, firn_error *ret_error)
{
    const struct meta *meta = &opened->meta;
    firn_status status = FIRN_OK;
    opened->layers =
        firn_allocate_zeroed(opened->allocator, meta->layer_count, sizeof *opened->layers);
    if (opened->layers == NULL)
        return explain(FIRN_NO_MEMORY, opened->path, ret_error);
    for (uint32_t i = 0; i < meta->layer_count && status == FIRN_OK; i++) {
        struct opened_layer *layer = &opened->layers[i];
        uint64_t count = 0;
        layer->first = opened->number_end;
        opened->number_end += (uint32_t)meta->layers[i].files;
        status = dictionary_open(&layer->catalog, opened->store, meta->layers[i].catalog_segment,
                                 ret_error);
        if (status == FIRN_OK)
            status = read_changes(opened, &meta->layers[i], &layer->changes, ret_error);
        if (status == FIRN_OK && i > 0) /* the count is cheap for those that updates wrote */
            status = dictionary_count(&layer->catalog, &count, ret_error);
        if (status == FIRN_OK && i > 0 && count != meta->layers[i].files)
            status = explain(FIRN_CORRUPT, opened->path, ret_error);
    }
    return status;
}

static void close_layers(struct opened *opened)
{
    for (uint32_t i = 0; opened->layers != NULL && i < opened->meta.layer_count; i++) {
        dictionary_close(&opened->layers[i].catalog);
        changes_fini(&opened->layers[i].changes);
    }
    firn_release(opened->allocator, opened->layers,
                 opened->meta.layer_count * sizeof *opened->layers);
    opened->layers = NULL;
}

/* --- opening --- */

/* Reads what a commit left: the meta segment and what it names. */
static firn_status read_index(struct opened *opened, firn_error *ret_error)
{
    firn_status status =
        firn_arena_init(&opened->arena, &(firn_arena_options){.allocator = opened->allocator});
    if (status == FIRN_OK)
        status = read_meta(opened, ret_error);
    if (status != FIRN_OK)
        return status;
    opened->languages = firn_allocate_zeroed(
        opened->allocator, (size_t)opened->meta.language_count + 1, sizeof *opened->languages);
    if (opened->languages == NULL)
        return explain(FIRN_NO_MEMORY, opened->path, ret_error);
    return open_layers(opened, ret_error);
}

/* Gives back what read_index made. */
static void drop_index(struct opened *opened)
{
    close_layers(opened);
    for (uint32_t i = 0; opened->languages != NULL && i < opened->meta.language_count; i++) {
        extractor_destroy(opened->languages[i].extractor);
        firn_family_destroy(opened->languages[i].family);
    }
    firn_release(opened->allocator, opened->languages,
                 ((size_t)opened->meta.language_count + 1) * sizeof *opened->languages);
    opened->languages = NULL;
    firn_arena_fini(&opened->arena);
}

static firn_status prepare(struct opened *opened, const char *path, const firn_allocator *allocator,
                           firn_error *ret_error)
{
    const size_t size = strlen(path) + 1;
    *opened = (struct opened){.allocator = allocator};
    pthread_mutex_init(&opened->mutex, NULL);
    opened->path = firn_allocate(allocator, size);
    if (opened->path == NULL)
        return explain(FIRN_NO_MEMORY, path, ret_error);
    memcpy(opened->path, path, size);
    return FIRN_OK;
}

firn_status opened_init(struct opened *opened, const char *path, const firn_allocator *allocator,
                        size_t cache_bytes, firn_error *ret_error)
{
    const firn_store_options options = {.allocator = allocator, .cache_bytes = cache_bytes};
    firn_status status = prepare(opened, path, allocator, ret_error);
    if (status == FIRN_OK)
        status = firn_store_open(path, &options, &opened->store, ret_error);
    if (status == FIRN_OK)
        status = read_index(opened, ret_error);
    if (status != FIRN_OK)
        opened_fini(opened);
    return status;
}

firn_status opened_init_on(struct opened *opened, firn_store *store, const char *path,
                           const firn_allocator *allocator, firn_error *ret_error)
{
    firn_status status = prepare(opened, path, allocator, ret_error);
    opened->is_borrowed = true;
    opened->store = store;
    if (status == FIRN_OK)
        status = read_index(opened, ret_error);
    if (status != FIRN_OK)
        opened_fini(opened);
    return status;
}

void opened_fini(struct opened *opened)
{
    drop_index(opened);
    if (!opened->is_borrowed)
        firn_store_close(opened->store);
    if (opened->path != NULL)
        firn_release(opened->allocator, opened->path, strlen(opened->path) + 1);
    pthread_mutex_destroy(&opened->mutex);
    *opened = (struct opened){.allocator = opened->allocator};
}

static bool is_same_family(const struct meta_language *a, const struct meta_language *b)
{
    return strcmp(a->name, b->name) == 0 && a->family.segment == b->family.segment &&
           a->family.offset == b->family.offset && a->family_bytes == b->family_bytes;
}

/* Lets the next state have the families that were loaded for the last: segments' numbers are never
 * used again, so the same place is the same family. */
static void hand_over_languages(struct opened *from, struct opened *to)
{
    for (uint32_t i = 0; i < from->meta.language_count; i++)
        for (uint32_t k = 0; k < to->meta.language_count; k++) {
            struct opened_language *old = &from->languages[i];
            if (!is_same_family(&from->meta.languages[i], &to->meta.languages[k]))
                continue;
            to->languages[k] = *old;
            *old = (struct opened_language){.family = NULL};
            break;
        }
}

firn_status opened_refresh(struct opened *opened, bool *ret_changed, firn_error *ret_error)
{
    bool is_changed = false;
    firn_status status = firn_store_refresh(opened->store, &is_changed, ret_error);
    if (status != FIRN_OK)
        return status;
    is_changed = is_changed || opened->is_stale;
    if (is_changed) {
        struct opened next = {
            .allocator = opened->allocator, .store = opened->store, .path = opened->path};
        opened->is_stale = true;
        status = read_index(&next, ret_error);
        if (status != FIRN_OK) {
            drop_index(&next);
            return status;
        }
        hand_over_languages(opened, &next);
        drop_index(opened);
        opened->arena = next.arena;
        opened->meta = next.meta;
        opened->layers = next.layers;
        opened->number_end = next.number_end;
        opened->languages = next.languages;
        opened->is_stale = false;
    }
    if (ret_changed != NULL)
        *ret_changed = is_changed;
    return FIRN_OK;
}

/* --- languages --- */

static firn_status load_language(struct opened *opened, const struct meta_language *meta,
                                 struct opened_language *language, firn_error *ret_error)
{
    struct content content;
    struct opened_language loaded = {.language = language_by_name(meta->name)};
    firn_status status =
        content_get(opened, &meta->family, meta->family_bytes, &content, ret_error);
    if (status == FIRN_OK) {
        status = firn_family_load(content.data, content.size, opened->allocator, &loaded.family);
        if (status == FIRN_OK && loaded.language != NULL)
            status = extractor_create(loaded.language, loaded.family, opened->allocator,
                                      &loaded.extractor);
        if (status != FIRN_OK)
            status = explain(status, meta->name, ret_error);
    }
    content_release(opened, &content);
    if (status == FIRN_OK)
        *language = loaded;
    else
        firn_family_destroy(loaded.family);
    return status;
}

firn_status opened_language_get(struct opened *opened, uint32_t number,
                                const struct opened_language **ret_language, firn_error *ret_error)
{
    if (number >= opened->meta.language_count)
        return explain(FIRN_CORRUPT, "the list of languages", ret_error);
    struct opened_language *language = &opened->languages[number];
    firn_status status = FIRN_OK;
    pthread_mutex_lock(&opened->mutex);
    if (language->family == NULL)
        status = load_language(opened, &opened->meta.languages[number], language, ret_error);
    pthread_mutex_unlock(&opened->mutex);
    if (status == FIRN_OK)
        *ret_language = language;
    return status;
}

/* --- files --- */

firn_status opened_entry(struct opened *opened, uint32_t layer,
                         const struct dictionary_cursor *cursor, struct opened_file *ret_file,
                         firn_error *ret_error)
{
    const struct opened_layer *of = &opened->layers[layer];
    const struct table_cursor *entry = &cursor->entry;
    struct opened_file file = {.number = of->first + cursor->number};
    firn_status status = memchr(entry->key, 0, entry->key_size) == NULL ? FIRN_OK : FIRN_CORRUPT;
    if (status == FIRN_OK)
        status = record_get(entry->payload, entry->payload_size, opened->allocator, &file.record);
    if (status != FIRN_OK)
        return explain(status, "the catalog of files", ret_error);
    file.path = firn_allocate(opened->allocator, entry->key_size + 1);
    if (file.path == NULL) {
        record_fini(&file.record, opened->allocator);
        return explain(FIRN_NO_MEMORY, "the catalog of files", ret_error);
    }
    memcpy(file.path, entry->key, entry->key_size);
    file.path[entry->key_size] = '\0';
    const int64_t *time = changes_time(&of->changes, (uint32_t)cursor->number);
    if (time != NULL)
        file.record.mtime_ns = *time;
    *ret_file = file;
    return FIRN_OK;
}

static firn_status find_in_layer(struct opened *opened, uint32_t layer, const char *path,
                                 struct dictionary_cursor *cursor, struct opened_file *ret_file,
                                 firn_error *ret_error)
{
    const struct opened_layer *of = &opened->layers[layer];
    const size_t size = strlen(path);
    firn_status status = dictionary_seek(&of->catalog, path, size, cursor, ret_error);
    if (status != FIRN_OK)
        return status;
    if (key_compare(cursor->entry.key, cursor->entry.key_size, path, size) != 0 ||
        changes_is_hidden(&of->changes, (uint32_t)cursor->number))
        return FIRN_END_OF_DATA;
    return opened_entry(opened, layer, cursor, ret_file, ret_error);
}

firn_status opened_find(struct opened *opened, const char *path, struct opened_file *ret_file,
                        firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    firn_status status = FIRN_END_OF_DATA;
    for (uint32_t i = opened->meta.layer_count; i-- > 0 && status == FIRN_END_OF_DATA;)
        status = find_in_layer(opened, i, path, &cursor, ret_file, ret_error);
    dictionary_cursor_close(&cursor);
    return status == FIRN_END_OF_DATA
               ? firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "%s: not in the index", path)
               : status;
}

/* The layer of a file's number, which is below number_end. */
static uint32_t layer_of(const struct opened *opened, uint64_t number)
{
    uint32_t layer = opened->meta.layer_count - 1;
    while (layer > 0 && number < opened->layers[layer].first)
        layer--;
    return layer;
}

bool opened_is_hidden(const struct opened *opened, uint64_t number)
{
    const struct opened_layer *layer = &opened->layers[layer_of(opened, number)];
    return changes_is_hidden(&layer->changes, (uint32_t)(number - layer->first));
}

firn_status opened_at(struct opened *opened, uint64_t number, struct opened_file *ret_file,
                      firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    if (number < opened->number_end && opened_is_hidden(opened, number))
        return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "a file that is not there any more");
    const uint32_t layer = layer_of(opened, number);
    const struct opened_layer *of = &opened->layers[layer];
    firn_status status = dictionary_at(&of->catalog, number - of->first, &cursor, ret_error);
    if (status == FIRN_END_OF_DATA)
        status = explain(FIRN_CORRUPT, "the index of names", ret_error);
    else if (status == FIRN_OK)
        status = opened_entry(opened, layer, &cursor, ret_file, ret_error);
    dictionary_cursor_close(&cursor);
    return status;
}

void opened_file_fini(struct opened *opened, struct opened_file *file)
{
    if (file->path != NULL)
        firn_release(opened->allocator, file->path, strlen(file->path) + 1);
    file->path = NULL;
    record_fini(&file->record, opened->allocator);
}

/* --- content --- */

/* Copies what a segment has of the bytes from an offset on; *at counts what is there. */
static firn_status copy_piece(struct opened *opened, uint32_t number, size_t offset,
                              struct content *content, size_t *at, firn_error *ret_error)
{
    firn_segment segment;
    firn_status status = firn_store_pin(opened->store, number, &segment, ret_error);
    if (status == FIRN_NOT_FOUND)
        return explain(FIRN_CORRUPT, "a file", ret_error);
    if (status != FIRN_OK)
        return status;
    size_t left = content->size - *at;
    size_t piece = offset < segment.size ? segment.size - offset : 0;
    piece = piece < left ? piece : left;
    if (piece > 0)
        memcpy(content->block + *at, segment.data + offset, piece);
    *at += piece;
    firn_store_unpin(opened->store, &segment);
    return FIRN_OK;
}

static firn_status join_pieces(struct opened *opened, const struct place *place,
                               struct content *content, firn_error *ret_error)
{
    size_t at = 0;
    /* No segment gives more than this, so damage cannot make the block larger than the store. */
    if (content->size / FIRN_SEGMENT_MAX_BYTES > place->more_count)
        return explain(FIRN_CORRUPT, "a file", ret_error);
    content->block = firn_allocate(opened->allocator, content->size);
    if (content->block == NULL)
        return explain(FIRN_NO_MEMORY, "a file", ret_error);
    firn_status status = copy_piece(opened, place->segment, place->offset, content, &at, ret_error);
    for (uint32_t i = 0; i < place->more_count && status == FIRN_OK; i++)
        status = copy_piece(opened, place->more[i], 0, content, &at, ret_error);
    content->data = content->block;
    if (status == FIRN_OK && at != content->size)
        status = explain(FIRN_CORRUPT, "a file", ret_error);
    return status;
}

/* Gets the size bytes at a place as they lie there. */
static firn_status get_plain(struct opened *opened, const struct place *place, uint64_t size,
                             struct content *content, firn_error *ret_error)
{
    *content = (struct content){.size = size};
    if (size == 0)
        return FIRN_OK;
    if (place->more_count > 0)
        return join_pieces(opened, place, content, ret_error);
    firn_status status =
        firn_store_pin(opened->store, place->segment, &content->segment, ret_error);
    if (status == FIRN_NOT_FOUND)
        return explain(FIRN_CORRUPT, "a file", ret_error);
    if (status != FIRN_OK)
        return status;
    content->is_pinned = true;
    if (place->offset > content->segment.size || size > content->segment.size - place->offset)
        return explain(FIRN_CORRUPT, "a file", ret_error);
    content->data = content->segment.data + place->offset;
    return FIRN_OK;
}

/* Applies edits to base; the size of the result was told by the record. */
static firn_status apply_edits(struct opened *opened, const struct content *base,
                               const struct content *edits, uint64_t size, struct content *content,
                               firn_error *ret_error)
{
    size_t target;
    if (firn_edit_target_size(edits->data, edits->size, &target) != FIRN_OK || target != size)
        return explain(FIRN_CORRUPT, "a file", ret_error);
    content->size = target;
    content->block = firn_allocate(opened->allocator, target);
    if (content->block == NULL)
        return explain(FIRN_NO_MEMORY, "a file", ret_error);
    content->data = content->block;
    firn_status status =
        firn_edit_apply(base->data, base->size, edits->data, edits->size, content->block, target);
    return status == FIRN_OK ? FIRN_OK : explain(status, "a file", ret_error);
}

firn_status content_get(struct opened *opened, const struct place *place, uint64_t size,
                        struct content *content, firn_error *ret_error)
{
    const struct place_edits *edits = place->edits;
    if (edits == NULL || size == 0)
        return get_plain(opened, place, size, content, ret_error);
    struct content base, changes = {.size = 0};
    *content = (struct content){.size = 0};
    firn_status status = get_plain(opened, place, edits->base_size, &base, ret_error);
    if (status == FIRN_OK)
        status = get_plain(opened, &edits->place, edits->size, &changes, ret_error);
    if (status == FIRN_OK)
        status = apply_edits(opened, &base, &changes, size, content, ret_error);
    content_release(opened, &changes);
    content_release(opened, &base);
    return status;
}

void content_release(struct opened *opened, struct content *content)
{
    if (content->is_pinned)
        firn_store_unpin(opened->store, &content->segment);
    firn_release(opened->allocator, content->block, content->size);
    *content = (struct content){.size = 0};
}

/* --- trees --- */

/* Lets the device read the tree, and the source's further segments, beside the source's first. */
static void will_load(struct opened *opened, const struct file_record *record)
{
    if (record->source.edits != NULL)
        firn_store_will_pin(opened->store, record->source.edits->place.segment);
    for (uint32_t i = 0; i < record->source.more_count; i++)
        firn_store_will_pin(opened->store, record->source.more[i]);
    firn_store_will_pin(opened->store, record->tree.segment);
}

firn_status loaded_get(struct opened *opened, const struct opened_file *file, struct loaded *loaded,
                       firn_error *ret_error)
{
    const struct file_record *record = &file->record;
    firn_nodes nodes = loaded->nodes;
    *loaded = (struct loaded){.text = "", .nodes = nodes};
    loaded->nodes.allocator = opened->allocator;
    firn_status status =
        opened_language_get(opened, record->language, &loaded->language, ret_error);
    if (status == FIRN_OK)
        will_load(opened, record);
    if (status == FIRN_OK)
        status = content_get(opened, &record->source, record->size, &loaded->source, ret_error);
    if (status == FIRN_OK)
        status =
            content_get(opened, &record->tree, record->tree_size, &loaded->tree_bytes, ret_error);
    if (status != FIRN_OK)
        return status;
    if (loaded->source.data != NULL)
        loaded->text = (const char *)loaded->source.data;
    loaded->text_size = loaded->source.size;
    status =
        firn_tree_open(loaded->language->family, loaded->tree_bytes.data, loaded->tree_bytes.size,
                       loaded->text, loaded->text_size, &loaded->tree);
    return status == FIRN_OK ? FIRN_OK : explain(status, file->path, ret_error);
}

firn_status loaded_decode(struct loaded *loaded, const struct opened_file *file,
                          firn_error *ret_error)
{
    firn_status status = firn_tree_decode(&loaded->tree, &loaded->nodes);
    return status == FIRN_OK ? FIRN_OK : explain(status, file->path, ret_error);
}

void loaded_close(struct opened *opened, struct loaded *loaded)
{
    content_release(opened, &loaded->source);
    content_release(opened, &loaded->tree_bytes);
}

void loaded_release(struct opened *opened, struct loaded *loaded)
{
    loaded_close(opened, loaded);
    firn_nodes_fini(&loaded->nodes);
}
