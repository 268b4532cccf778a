/* workspace/symbol: names that begin with the query as it is spelled, from the dictionary's order;
 * when these are few, names that have it anywhere, in whatever case, from the rosters of the layers
 * (or, where one is too large for memory, from all of its dictionary). Documents that are open and
 * files that changed come first, from their texts. */
#include <ctype.h>

#include "code/index/entries.h"
#include "code/lsp/overlay.h"
#include "code/lsp/scopes.h"
#include "code/lsp/session.h"

#define SYMBOLS_MAX 128u
#define STOP_MASK 4095u /* how often a scan looks whether it was cancelled */

struct symbols {
    struct session *session;
    uint32_t layer; /* of the index */
    struct out *out;
    const char *query;
    size_t size;
    char rare;         /* the query's character that names have least, folded */
    bool wants_prefix; /* as spelled; else anywhere, but those in any case */
    size_t rare_at;    /* where the key at hand may have it first; SIZE_MAX: nowhere */
    unsigned count;
    struct source text; /* of the file that was looked at last */
    uint64_t file;      /* its number, when the text is there */
};

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool has_prefix(const struct symbols *symbols, const char *name, size_t size)
{
    return size >= symbols->size && memcmp(name, symbols->query, symbols->size) == 0;
}

/* A name that a scan has come to. */
struct key {
    const char *text;
    size_t size;
    size_t room;   /* bytes that may be read */
    size_t shared; /* with the name before */
};

/* Where a key may have a folded character first, in either case, from `at` on; SIZE_MAX when
 * nowhere. Eight bytes at a time, of which those behind the key count for nothing. */
static size_t find_folded(const struct key *key, size_t at, char folded)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t wanted = ones * ((unsigned char)folded | 32u);
    for (; at < key->size; at += 8) {
        uint64_t word = 0;
        if (at + 8 > key->room)
            return at; /* it may be anywhere */
        memcpy(&word, key->text + at, 8);
        word = (word | ones * 32) ^ wanted;
        const uint64_t found = (word - ones) & ~word & ones * 128;
        if (found != 0) {
            const size_t place = at + (unsigned)__builtin_ctzll(found) / 8;
            return place < key->size ? place : SIZE_MAX;
        }
    }
    return SIZE_MAX;
}

static char find_rare(const char *query)
{
    static const char common[] = "e_tairsonldcpmfubgvhxkwyzjq"; /* the most common first */
    char rare = '\0';
    size_t best = 0;
    for (; *query != '\0'; query++) {
        const char *at = strchr(common, fold(*query));
        const size_t rank = at == NULL ? sizeof common : (size_t)(at - common);
        if (rare == '\0' || rank > best) {
            rare = fold(*query);
            best = rank;
        }
    }
    return rare;
}

static bool has_inside(const struct symbols *symbols, const char *text, size_t size)
{
    if (symbols->size == 0 || size < symbols->size)
        return symbols->size == 0;
    const char first = fold(symbols->query[0]);
    for (size_t at = 0; at + symbols->size <= size; at++) {
        size_t same = 1;
        if (fold(text[at]) != first)
            continue;
        while (same < symbols->size && fold(text[at + same]) == fold(symbols->query[same]))
            same++;
        if (same == symbols->size)
            return true;
    }
    return false;
}

/* Whether a document may have a name that is wanted. */
static bool may_have(const void *context, const char *text, size_t size)
{
    const struct symbols *symbols = context;
    return symbols->wants_prefix
               ? symbols->size == 0 || memmem(text, size, symbols->query, symbols->size) != NULL
               : has_inside(symbols, text, size);
}

static bool is_wanted(const struct symbols *symbols, const char *name, size_t size)
{
    return symbols->wants_prefix
               ? has_prefix(symbols, name, size)
               : has_inside(symbols, name, size) && !has_prefix(symbols, name, size);
}

static void write_symbol(struct symbols *symbols, const struct source *source, uint32_t start,
                         size_t size, uint8_t kind)
{
    struct out *out = symbols->out;
    out_open(out, '{');
    out_key(out, "name");
    out_text_sized(out, source->text + start, size);
    out_key(out, "kind");
    out_number(out, symbol_kind(kind));
    out_key(out, "location");
    out_location(out, source, start, start + (uint32_t)size);
    out_close(out, '{');
    symbols->count++;
}

static firn_status visit_overlay(void *context, struct source *source)
{
    struct symbols *symbols = context;
    firn_status status = source_rows(source, NULL);
    for (size_t i = 0; i < source->name_count && status == FIRN_OK; i++) {
        const struct extract_name *name = &source->names[i];
        const size_t size = name->end - name->start;
        if (!name->is_definition || !is_wanted(symbols, source->text + name->start, size))
            continue;
        if (symbols->count == SYMBOLS_MAX)
            return FIRN_LIMIT;
        write_symbol(symbols, source, name->start, size, name->kind);
    }
    return status;
}

/* --- the index --- */

/* Whether the key that a scan has come to may have the query inside. Only what it does not share
 * with the key before is looked at, which passes most keys over: a session of scans takes 0.77 of
 * the time that it takes with whole keys. */
static bool may_have_inside(struct symbols *symbols, const struct key *key, bool is_first)
{
    const size_t shared = is_first ? 0 : key->shared;
    if (is_first || symbols->rare_at >= shared)
        symbols->rare_at = find_folded(key, shared, symbols->rare);
    return symbols->rare_at != SIZE_MAX || symbols->size == 0;
}

static firn_status skip_definitions(struct postings *postings)
{
    struct definition definition;
    firn_status status;
    while ((status = postings_definition(postings, &definition)) == FIRN_OK)
        continue;
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* Opens the text of a file of the index, unless it is that of the last one. FIRN_NOT_FOUND when the
 * index has nothing to tell of it: what is open, or differs from the index, was told before. */
static firn_status open_text(struct symbols *symbols, uint64_t number, firn_error *ret_error)
{
    struct workspace *workspace = &symbols->session->workspace;
    struct opened_file file;
    char *path;
    size_t path_size;
    bool is_fresh = false;
    if (symbols->file == number)
        return FIRN_OK;
    symbols->file = UINT64_MAX;
    firn_status status = opened_at(&workspace->opened, number, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status =
        path_join(workspace->allocator, workspace->opened.meta.root, file.path, &path, &path_size);
    if (status == FIRN_OK) {
        status = workspace_is_fresh(workspace, path, &file.record, &is_fresh);
        if (status == FIRN_OK && is_fresh)
            status = source_of_text(&symbols->text, workspace, path, &file.record, ret_error);
        firn_release(workspace->allocator, path, path_size);
    }
    opened_file_fini(&workspace->opened, &file);
    if (status == FIRN_OK && is_fresh)
        status = source_rows(&symbols->text, ret_error);
    if (status == FIRN_NO_MEMORY)
        return status;
    symbols->file = status == FIRN_OK && is_fresh ? number : UINT64_MAX;
    return symbols->file == number ? FIRN_OK : FIRN_NOT_FOUND;
}

/* The definitions that an entry has in one file. */
static firn_status write_file(struct symbols *symbols, const struct dictionary_cursor *cursor,
                              struct postings *postings, firn_error *ret_error)
{
    const struct opened *opened = &symbols->session->workspace.opened;
    const struct source *source = &symbols->text;
    const uint64_t number = (uint64_t)opened->layers[symbols->layer].first + postings->file;
    const size_t size = cursor->entry.key_size;
    struct definition definition;
    uint32_t start;
    if (opened_is_hidden(opened, number))
        return skip_definitions(postings);
    firn_status status = open_text(symbols, number, ret_error);
    if (status == FIRN_NOT_FOUND)
        return skip_definitions(postings);
    if (status != FIRN_OK)
        return status;
    while ((status = postings_definition(postings, &definition)) == FIRN_OK)
        if (symbols->count < SYMBOLS_MAX &&
            scope_offset(source, definition.row, definition.column, &start) &&
            size <= source->size - start &&
            memcmp(source->text + start, cursor->entry.key, size) == 0)
            write_symbol(symbols, source, start, size, definition.kind);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status write_entry(struct symbols *symbols, const struct dictionary_cursor *cursor,
                               firn_error *ret_error)
{
    struct postings postings;
    firn_status status;
    postings_init(&postings, cursor->entry.payload, cursor->entry.payload_size,
                  cursor->entry.table.is_compact);
    while (symbols->count < SYMBOLS_MAX && (status = postings_next(&postings)) == FIRN_OK) {
        if (postings.definitions_left > 0)
            status = write_file(symbols, cursor, &postings, ret_error);
        if (status != FIRN_OK)
            return status;
    }
    return symbols->count == SYMBOLS_MAX || status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* Goes over the names of the layer from where the query stands in their order, or over all. */
static firn_status scan(struct symbols *symbols, const struct dictionary *names,
                        firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    const struct table_cursor *entry = &cursor.entry;
    const size_t from = symbols->wants_prefix ? symbols->size : 0;
    firn_status status = dictionary_seek(names, symbols->query, from, &cursor, ret_error);
    for (unsigned turn = 0; status == FIRN_OK && symbols->count < SYMBOLS_MAX; turn++) {
        const struct key key = {(const char *)entry->key, entry->key_size, sizeof entry->key,
                                entry->shared};
        if ((turn & STOP_MASK) == 0 && workspace_stopped(&symbols->session->workspace))
            status = FIRN_CHANGED;
        else if (!symbols->wants_prefix && !may_have_inside(symbols, &key, turn == 0))
            status = FIRN_OK;
        else if (is_wanted(symbols, key.text, key.size))
            status = write_entry(symbols, &cursor, ret_error);
        else if (symbols->wants_prefix)
            break;
        if (status == FIRN_OK)
            status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

/* All entries of a name. */
static firn_status write_name(struct symbols *symbols, const struct dictionary *names,
                              const char *name, size_t size, firn_error *ret_error)
{
    struct dictionary_cursor cursor = {.dictionary = NULL};
    firn_status status = dictionary_seek(names, name, size, &cursor, ret_error);
    while (status == FIRN_OK && symbols->count < SYMBOLS_MAX &&
           key_compare(cursor.entry.key, cursor.entry.key_size, name, size) == 0) {
        status = write_entry(symbols, &cursor, ret_error);
        if (status == FIRN_OK)
            status = dictionary_next(&cursor, ret_error);
    }
    dictionary_cursor_close(&cursor);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status scan_roster(struct symbols *symbols, const struct dictionary *names,
                               const struct roster *roster, firn_error *ret_error)
{
    struct roster_cursor cursor;
    firn_status status = FIRN_OK;
    roster_begin(roster, &cursor);
    for (unsigned turn = 0;
         status == FIRN_OK && symbols->count < SYMBOLS_MAX && roster_next(&cursor); turn++) {
        const struct key key = {cursor.key, cursor.key_size, sizeof cursor.key, cursor.shared};
        if ((turn & STOP_MASK) == 0 && workspace_stopped(&symbols->session->workspace))
            status = FIRN_CHANGED;
        else if (may_have_inside(symbols, &key, turn == 0) &&
                 is_wanted(symbols, key.text, key.size))
            status = write_name(symbols, names, key.text, key.size, ret_error);
    }
    return status;
}

static firn_status search_layer(struct symbols *symbols, firn_error *ret_error)
{
    struct session *session = symbols->session;
    struct opened *opened = &session->workspace.opened;
    struct dictionary names = {.store = NULL};
    const struct roster *roster = NULL;
    firn_status status = dictionary_open(
        &names, opened->store, opened->meta.layers[symbols->layer].names_segment, ret_error);
    if (status == FIRN_OK && !symbols->wants_prefix)
        status = rosters_get(&session->rosters, &session->workspace, symbols->layer, &names,
                             &roster, ret_error);
    if (status == FIRN_OK)
        status = roster != NULL ? scan_roster(symbols, &names, roster, ret_error)
                                : scan(symbols, &names, ret_error);
    dictionary_close(&names);
    return status;
}

static firn_status search(struct symbols *symbols, firn_error *ret_error)
{
    struct session *session = symbols->session;
    const uint32_t count =
        session->workspace.is_open ? session->workspace.opened.meta.layer_count : 0;
    firn_status status = overlay_search(&session->sources, &session->workspace, may_have,
                                        visit_overlay, symbols, ret_error);
    if (status == FIRN_LIMIT)
        return FIRN_OK;
    for (symbols->layer = 0; symbols->layer < count && status == FIRN_OK; symbols->layer++)
        status = search_layer(symbols, ret_error);
    return status;
}

firn_status answer_workspace_symbol(struct session *session, const json_t *params, struct out *out,
                                    firn_error *ret_error)
{
    struct symbols symbols = {
        .session = session, .out = out, .wants_prefix = true, .file = UINT64_MAX};
    firn_status status = FIRN_OK;
    symbols.query = member_text(params, "query");
    if (symbols.query == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "query is no text");
    symbols.size = strlen(symbols.query);
    symbols.rare = find_rare(symbols.query);
    out_open(out, '[');
    if (symbols.size <= NAME_MAX_BYTES) {
        status = search(&symbols, ret_error);
        symbols.wants_prefix = false;
        if (status == FIRN_OK && symbols.count < SYMBOLS_MAX)
            status = search(&symbols, ret_error);
    }
    out_close(out, '[');
    source_release(&symbols.text);
    return status;
}
