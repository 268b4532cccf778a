/* The meta segment: "FIRNCODE", u32 version, then varints and texts (varint size, bytes) in the
 * order of struct meta; the languages come last, each in the order of struct meta_language. Reading
 * takes hostile bytes. */
#include "code/index/meta.h"

static const char magic[8] = {'F', 'I', 'R', 'N', 'C', 'O', 'D', 'E'};

#define HEADER_BYTES 12u

static firn_status put_text(struct bytes *bytes, const char *text)
{
    firn_status status = bytes_put_varint(bytes, strlen(text));
    return status == FIRN_OK ? bytes_put(bytes, text, strlen(text)) : status;
}

static firn_status put_numbers(struct bytes *bytes, const uint64_t *numbers, size_t count)
{
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < count && status == FIRN_OK; i++)
        status = bytes_put_varint(bytes, numbers[i]);
    return status;
}

static firn_status put_totals(struct bytes *bytes, const struct totals *totals)
{
    const uint64_t numbers[] = {totals->files, totals->lines, totals->source_bytes, totals->nodes,
                                totals->tree_bytes};
    return put_numbers(bytes, numbers, 5);
}

static firn_status put_language(struct bytes *bytes, const struct meta_language *language)
{
    const uint64_t numbers[] = {language->productions, language->family_bytes};
    firn_status status = put_text(bytes, language->name);
    if (status == FIRN_OK)
        status = put_totals(bytes, &language->totals);
    if (status == FIRN_OK)
        status = put_numbers(bytes, numbers, 2);
    return status == FIRN_OK ? place_put(bytes, &language->family) : status;
}

static firn_status put_layer(struct bytes *bytes, const struct meta_layer *layer)
{
    const uint64_t numbers[] = {layer->files,           layer->hidden,
                                layer->names,           layer->names_segment,
                                layer->catalog_segment, layer->changes_segment};
    return put_numbers(bytes, numbers, sizeof numbers / sizeof numbers[0]);
}

static firn_status put_excludes(struct bytes *bytes, const struct meta *meta)
{
    firn_status status = bytes_put_varint(bytes, meta->exclude_count);
    for (uint32_t i = 0; i < meta->exclude_count && status == FIRN_OK; i++)
        status = put_text(bytes, meta->excludes[i]);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, meta->no_ignore);
    return status;
}

firn_status meta_put(struct bytes *bytes, const struct meta *meta)
{
    uint8_t version[4];
    bytes_put_u32(version, META_VERSION);
    firn_status status = bytes_put(bytes, magic, sizeof magic);
    if (status == FIRN_OK)
        status = bytes_put(bytes, version, sizeof version);
    if (status == FIRN_OK)
        status = put_text(bytes, meta->root);
    if (status == FIRN_OK)
        status = put_totals(bytes, &meta->totals);
    const uint64_t numbers[] = {meta->parser_tree_bytes, meta->skipped, meta->skipped_segment,
                                firn_zigzag(meta->scanned_ns)};
    if (status == FIRN_OK)
        status = put_numbers(bytes, numbers, sizeof numbers / sizeof numbers[0]);
    if (status == FIRN_OK)
        status = put_excludes(bytes, meta);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, meta->layer_count);
    for (uint32_t i = 0; i < meta->layer_count && status == FIRN_OK; i++)
        status = put_layer(bytes, &meta->layers[i]);
    if (status == FIRN_OK)
        status = bytes_put_varint(bytes, meta->language_count);
    for (uint32_t i = 0; i < meta->language_count && status == FIRN_OK; i++)
        status = put_language(bytes, &meta->languages[i]);
    return status;
}

/* --- reading --- */

/* The bytes that are left; status keeps the first failure, after which reads give nothing. */
struct reader {
    const uint8_t *in;
    const uint8_t *end;
    firn_arena *arena;
    firn_status status;
};

static uint64_t get_number(struct reader *reader)
{
    uint64_t value = 0;
    const uint8_t *next =
        reader->status == FIRN_OK ? firn_varint_get(reader->in, reader->end, &value) : NULL;
    if (next == NULL) {
        reader->status = reader->status == FIRN_OK ? FIRN_CORRUPT : reader->status;
        return 0;
    }
    reader->in = next;
    return value;
}

static uint32_t get_small(struct reader *reader)
{
    uint64_t value = get_number(reader);
    if (value > UINT32_MAX && reader->status == FIRN_OK)
        reader->status = FIRN_CORRUPT;
    return reader->status == FIRN_OK ? (uint32_t)value : 0;
}

static const char *get_text(struct reader *reader)
{
    uint64_t size = get_number(reader);
    if (reader->status == FIRN_OK && (size > (size_t)(reader->end - reader->in) ||
                                      (size > 0 && memchr(reader->in, 0, size) != NULL)))
        reader->status = FIRN_CORRUPT;
    if (reader->status != FIRN_OK)
        return NULL;
    const char *text = firn_arena_strndup(reader->arena, (const char *)reader->in, size);
    reader->in += size;
    if (text == NULL)
        reader->status = FIRN_NO_MEMORY;
    return text;
}

static struct totals get_totals(struct reader *reader)
{
    struct totals totals;
    totals.files = get_number(reader);
    totals.lines = get_number(reader);
    totals.source_bytes = get_number(reader);
    totals.nodes = get_number(reader);
    totals.tree_bytes = get_number(reader);
    return totals;
}

static void get_language(struct reader *reader, struct meta_language *language)
{
    language->name = get_text(reader);
    language->totals = get_totals(reader);
    language->productions = get_number(reader);
    language->family_bytes = get_number(reader);
    if (reader->status != FIRN_OK)
        return;
    firn_allocator allocator = firn_arena_allocator(reader->arena);
    reader->status = place_get(reader->in, reader->end, &allocator, &language->family, &reader->in);
}

/* Reads the number of things of at least least bytes each, for which an array of size bytes each
 * is then made. */
static void *get_array(struct reader *reader, size_t least, size_t size, uint32_t *ret_count)
{
    uint32_t count = get_small(reader);
    if (reader->status == FIRN_OK && count > (size_t)(reader->end - reader->in) / least)
        reader->status = FIRN_CORRUPT;
    if (reader->status != FIRN_OK)
        return NULL;
    void *array = firn_arena_alloc_zeroed(reader->arena, (size_t)count + 1, size);
    if (array == NULL)
        reader->status = FIRN_NO_MEMORY;
    *ret_count = count;
    return array;
}

/* A language takes ten bytes at least. */
static void get_languages(struct reader *reader, struct meta *meta)
{
    meta->languages = get_array(reader, 10, sizeof *meta->languages, &meta->language_count);
    for (uint32_t i = 0; i < meta->language_count && reader->status == FIRN_OK; i++)
        get_language(reader, &meta->languages[i]);
}

/* --- version 1: one layer, nothing known of patterns and times --- */

static void get_first_version(struct reader *reader, struct meta *meta)
{
    struct meta_layer *layer = firn_arena_alloc_zeroed(reader->arena, 1, sizeof *layer);
    if (layer == NULL) {
        reader->status = FIRN_NO_MEMORY;
        return;
    }
    meta->parser_tree_bytes = get_number(reader);
    meta->no_ignore = true;
    meta->names = layer->names = get_number(reader);
    meta->skipped = get_number(reader);
    layer->names_segment = get_small(reader);
    layer->catalog_segment = get_small(reader);
    layer->changes_segment = FIRN_SEGMENT_NONE;
    layer->files = meta->totals.files;
    meta->skipped_segment = get_small(reader);
    meta->layers = layer;
    meta->layer_count = 1;
}

/* --- version 2, without ignore files, and 3 --- */

static void get_layer(struct reader *reader, struct meta_layer *layer)
{
    layer->files = get_small(reader);
    layer->hidden = get_small(reader);
    layer->names = get_number(reader);
    layer->names_segment = get_small(reader);
    layer->catalog_segment = get_small(reader);
    layer->changes_segment = get_small(reader);
    bool has_changes = layer->changes_segment != FIRN_SEGMENT_NONE;
    if (reader->status == FIRN_OK &&
        (layer->hidden > layer->files || (layer->hidden > 0 && !has_changes)))
        reader->status = FIRN_CORRUPT;
}

/* Files are numbered over all layers. */
static void get_layers(struct reader *reader, struct meta *meta)
{
    uint64_t files = 0, hidden = 0;
    meta->layers = get_array(reader, 6, sizeof *meta->layers, &meta->layer_count);
    for (uint32_t i = 0; i < meta->layer_count && reader->status == FIRN_OK; i++) {
        get_layer(reader, &meta->layers[i]);
        files += meta->layers[i].files;
        hidden += meta->layers[i].hidden;
        meta->names += meta->layers[i].names;
    }
    if (reader->status == FIRN_OK &&
        (meta->layer_count == 0 || files > UINT32_MAX || files - hidden != meta->totals.files))
        reader->status = FIRN_CORRUPT;
}

static void get_later_version(struct reader *reader, struct meta *meta, uint32_t version)
{
    meta->parser_tree_bytes = get_number(reader);
    meta->skipped = get_number(reader);
    meta->skipped_segment = get_small(reader);
    meta->scanned_ns = firn_unzigzag(get_number(reader));
    meta->excludes = get_array(reader, 1, sizeof *meta->excludes, &meta->exclude_count);
    for (uint32_t i = 0; i < meta->exclude_count && reader->status == FIRN_OK; i++)
        meta->excludes[i] = get_text(reader);
    meta->no_ignore = version == 2 || get_small(reader) != 0;
    if (reader->status == FIRN_OK)
        get_layers(reader, meta);
}

firn_status meta_get(const void *data, size_t size, firn_arena *arena, struct meta *ret_meta)
{
    const uint8_t *in = data;
    if (size < HEADER_BYTES || memcmp(in, magic, sizeof magic) != 0)
        return FIRN_NOT_STORE;
    const uint32_t version = bytes_get_u32(in + sizeof magic);
    if (version == 0 || version > META_VERSION)
        return FIRN_VERSION;
    struct reader reader = {in + HEADER_BYTES, in + size, arena, FIRN_OK};
    struct meta meta = {.root = get_text(&reader)};
    meta.totals = get_totals(&reader);
    if (reader.status == FIRN_OK && version == 1)
        get_first_version(&reader, &meta);
    else if (reader.status == FIRN_OK)
        get_later_version(&reader, &meta, version);
    if (reader.status == FIRN_OK)
        get_languages(&reader, &meta);
    if (reader.status == FIRN_OK && reader.in != reader.end)
        reader.status = FIRN_CORRUPT;
    if (reader.status == FIRN_OK)
        *ret_meta = meta;
    return reader.status;
}
