/* Whether the dictionary of names says what the trees say, without holding all names: both sides
 * are summed as 64-bit hashes, the trees' in any order and by any number of threads. A posting that
 * is missing, too many, or of another file, kind or place changes a sum. verify.c calls it.
 *
 * Memory: the names of one file. */
#include "code/names_check.h"

#include "code/index/entries.h"

void names_sum_add(struct names_sum *sum, const struct names_sum *part)
{
    sum->postings += part->postings;
    sum->posting_count += part->posting_count;
    sum->definitions += part->definitions;
    sum->definition_count += part->definition_count;
}

bool names_sum_equal(const struct names_sum *a, const struct names_sum *b)
{
    return a->postings == b->postings && a->posting_count == b->posting_count &&
           a->definitions == b->definitions && a->definition_count == b->definition_count;
}

/* The finaliser of splitmix64: every bit of the input moves every bit of the result. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* FNV-1a, then the file. */
static uint64_t hash_posting(const uint8_t *name, size_t size, uint64_t file)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ name[i]) * 0x100000001b3u;
    return mix(mix(hash) + file);
}

static void add_posting(struct names_sum *sum, uint64_t posting)
{
    sum->postings += posting;
    sum->posting_count++;
}

static void add_definition(struct names_sum *sum, uint64_t posting,
                           const struct definition *definition)
{
    uint64_t place = (uint64_t)definition->row << 32 | definition->column;
    sum->definitions += mix(mix(posting + place) + definition->kind);
    sum->definition_count++;
}

/* --- the trees --- */

void names_adder_fini(struct names_adder *adder)
{
    extract_scratch_fini(&adder->scratch);
    firn_intern_destroy(adder->seen);
    adder->seen = NULL;
}

struct visit {
    struct names_adder *adder;
    const struct loaded *loaded;
    const firn_lines *lines;
    uint64_t file;
    struct names_sum *sum;
};

static firn_status add_name(void *context, const struct extract_name *name)
{
    const struct visit *visit = context;
    const uint8_t *text = (const uint8_t *)visit->loaded->text + name->start;
    size_t size = name->end - name->start;
    uint32_t id;
    bool is_new;
    if (size > NAME_MAX_BYTES)
        return FIRN_OK;
    firn_status status = firn_intern_put(visit->adder->seen, text, size, &id, &is_new);
    if (status != FIRN_OK)
        return status;
    uint64_t posting = hash_posting(text, size, visit->file);
    if (is_new)
        add_posting(visit->sum, posting);
    if (name->is_definition) {
        firn_point point = firn_lines_point(visit->lines, name->start);
        add_definition(visit->sum, posting,
                       &(struct definition){point.row, point.column, name->kind});
    }
    return FIRN_OK;
}

firn_status names_add_file(struct names_adder *adder, const struct opened_file *file,
                           const struct loaded *loaded, struct names_sum *sum)
{
    firn_lines lines;
    firn_status status = FIRN_OK;
    if (loaded->language->extractor == NULL)
        return FIRN_OK;
    adder->scratch.allocator = adder->allocator;
    if (adder->seen == NULL)
        status =
            firn_intern_create(&(firn_intern_options){.allocator = adder->allocator}, &adder->seen);
    if (status == FIRN_OK)
        status = firn_lines_init(&lines, loaded->text, loaded->text_size, adder->allocator);
    if (status != FIRN_OK)
        return status;
    struct names_sum part = {0};
    struct visit visit = {adder, loaded, &lines, file->number, &part};
    firn_intern_reset(adder->seen);
    status = extract_names(loaded->language->extractor, &adder->scratch, &loaded->nodes, add_name,
                           &visit);
    firn_lines_fini(&lines);
    if (status == FIRN_OK)
        names_sum_add(sum, &part);
    return status;
}

/* --- the dictionary --- */

/* The posting that was added last; a file may be split over several entries. */
struct last_posting {
    uint64_t hash;
    bool is_any;
};

static firn_status add_entry(const struct table_cursor *entry, const struct opened_layer *layer,
                             struct last_posting *last, struct names_sum *sum)
{
    struct postings postings;
    struct definition definition;
    firn_status status;
    postings_init(&postings, entry->payload, entry->payload_size, entry->table.is_compact);
    while ((status = postings_next(&postings)) == FIRN_OK) {
        const uint64_t file = (uint64_t)layer->first + postings.file;
        uint64_t posting = hash_posting(entry->key, entry->key_size, file);
        if (changes_is_hidden(&layer->changes, postings.file))
            continue;
        if (!last->is_any || last->hash != posting)
            add_posting(sum, posting);
        *last = (struct last_posting){posting, true};
        while ((status = postings_definition(&postings, &definition)) == FIRN_OK)
            add_definition(sum, posting, &definition);
        if (status != FIRN_END_OF_DATA)
            return status;
    }
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status add_layer(struct opened *opened, uint32_t layer, struct names_sum *sum,
                             firn_error *ret_error)
{
    struct dictionary names;
    struct dictionary_cursor cursor = {.dictionary = NULL};
    struct last_posting last = {0};
    firn_status status =
        dictionary_open(&names, opened->store, opened->meta.layers[layer].names_segment, ret_error);
    if (status != FIRN_OK)
        return status;
    status = dictionary_seek(&names, "", 0, &cursor, ret_error);
    while (status == FIRN_OK) {
        status = add_entry(&cursor.entry, &opened->layers[layer], &last, sum);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "an entry of the index of names is damaged");
        else
            status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    dictionary_close(&names);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status names_add_dictionary(struct opened *opened, struct names_sum *sum,
                                 firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    for (uint32_t i = 0; i < opened->meta.layer_count && status == FIRN_OK; i++)
        status = add_layer(opened, i, sum, ret_error);
    return status;
}
