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
    const uint64_t numbers[] = {
        meta->parser_tree_bytes, meta->names,           meta->skipped,       meta->names_segment,
        meta->catalog_segment,   meta->skipped_segment, meta->language_count};
    if (status == FIRN_OK)
        status = put_numbers(bytes, numbers, sizeof numbers / sizeof numbers[0]);
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

static void get_languages(struct reader *reader, struct meta *meta)
{
    meta->language_count = get_small(reader);
    /* A language takes ten bytes at least. */
    if (reader->status == FIRN_OK && meta->language_count > (reader->end - reader->in) / 10)
        reader->status = FIRN_CORRUPT;
    if (reader->status != FIRN_OK)
        return;
    meta->languages = firn_arena_alloc_zeroed(reader->arena, (size_t)meta->language_count + 1,
                                              sizeof *meta->languages);
    if (meta->languages == NULL)
        reader->status = FIRN_NO_MEMORY;
    for (uint32_t i = 0; i < meta->language_count && reader->status == FIRN_OK; i++)
        get_language(reader, &meta->languages[i]);
}

firn_status meta_get(const void *data, size_t size, firn_arena *arena, struct meta *ret_meta)
{
    const uint8_t *in = data;
    if (size < HEADER_BYTES || memcmp(in, magic, sizeof magic) != 0)
        return FIRN_NOT_STORE;
    if (bytes_get_u32(in + sizeof magic) != META_VERSION)
        return FIRN_VERSION;
    struct reader reader = {in + HEADER_BYTES, in + size, arena, FIRN_OK};
    struct meta meta = {.root = get_text(&reader)};
    meta.totals = get_totals(&reader);
    meta.parser_tree_bytes = get_number(&reader);
    meta.names = get_number(&reader);
    meta.skipped = get_number(&reader);
    meta.names_segment = get_small(&reader);
    meta.catalog_segment = get_small(&reader);
    meta.skipped_segment = get_small(&reader);
    get_languages(&reader, &meta);
    if (reader.status == FIRN_OK && reader.in != reader.end)
        reader.status = FIRN_CORRUPT;
    if (reader.status == FIRN_OK)
        *ret_meta = meta;
    return reader.status;
}
