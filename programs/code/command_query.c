/* `firn code query`: all matches of a pattern in the trees of the whole index, or of one file. A
 * pattern is compiled for each language in which all of its node types and fields exist; files
 * whose language it does not fit are passed over, and so, without being decoded, are those whose
 * record lacks a label that every match needs (labels.h). Memory: one file. */
#include "code/answer.h"
#include "code/commands.h"
#include "code/listing.h"
#include "code/language.h"

#include <firn/query.h>

#define TEXT_SHOWN_BYTES 160u

/* A language's form of the pattern. */
struct compiled {
    bool is_tried;
    firn_query *query; /* NULL when the pattern does not fit the language */
    firn_query_cursor *cursor;
};

struct search {
    struct opened *opened;
    const struct question *question;
    struct compiled *compiled;
    firn_error misfit; /* why it fits none, from the last one tried */
    bool fits;
    struct emitter *emitter;
    struct opened_file *file; /* the one being searched */
    struct loaded loaded;
    firn_lines lines;
    uint64_t count;
};

/* --- printing --- */

static void emit_capture(struct search *search, const firn_query *query,
                         const firn_query_capture *capture)
{
    struct emitter *emitter = search->emitter;
    const firn_node *node = &search->loaded.nodes.node[capture->node];
    const firn_point end = firn_lines_point(&search->lines, node->end);

    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "name", firn_query_capture_name(query, capture->capture));
    emit_point(emitter, firn_lines_point(&search->lines, node->start));
    emitter_number(emitter, "end_line", end.row + UINT64_C(1));
    emitter_number(emitter, "end_column", end.column + UINT64_C(1));
    emitter_number(emitter, "start_byte", node->start);
    emitter_number(emitter, "end_byte", node->end);
    emitter_text_sized(emitter, "text", search->loaded.text + node->start, node->end - node->start);
    emitter_object_end(emitter);
}

static void emit_match(struct search *search, const firn_query *query,
                       const firn_query_match *match)
{
    struct emitter *emitter = search->emitter;

    emitter_object_begin(emitter, NULL);
    emitter_path(emitter, "path", search->file->path);
    emitter_number(emitter, "pattern", match->pattern);
    emitter_array_begin(emitter, "captures");
    for (uint32_t i = 0; i < match->capture_count; i++)
        emit_capture(search, query, &match->captures[i]);
    emitter_array_end(emitter);
    emitter_object_end(emitter);
}

/* The first line of a captured node. */
static void print_capture(struct search *search, const firn_query *query,
                          const firn_query_capture *capture)
{
    const firn_node *node = &search->loaded.nodes.node[capture->node];
    const firn_point point = firn_lines_point(&search->lines, node->start);
    const char *text = search->loaded.text + node->start;
    const size_t size = node->end - node->start;
    const char *line_end = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t shown = line_end != NULL ? (size_t)(line_end - text) : size;

    if (shown > TEXT_SHOWN_BYTES)
        shown = TEXT_SHOWN_BYTES;
    print_place(search->emitter, search->file->path, point.row, point.column);
    emitter_plain(search->emitter, "@%s ", firn_query_capture_name(query, capture->capture));
    emitter_plain_name(search->emitter, text, shown);
    emitter_plain(search->emitter, shown < size ? " …\n" : "\n");
}

static void print_line(struct search *search, const firn_query *query,
                       const firn_query_match *match)
{
    struct emitter *emitter = search->emitter;

    print_word(emitter, search->file->path);
    emitter_plain(emitter, " %u", match->pattern);
    for (uint32_t i = 0; i < match->capture_count; i++) {
        const firn_node *node = &search->loaded.nodes.node[match->captures[i].node];
        emitter_plain(emitter, " %s %u %u",
                      firn_query_capture_name(query, match->captures[i].capture), node->start,
                      node->end);
    }
    emitter_plain(emitter, "\n");
}

static void print_match(struct search *search, const firn_query *query,
                        const firn_query_match *match)
{
    if (search->emitter->json) {
        emit_match(search, query, match);
        return;
    }
    if (search->question->in_lines) {
        print_line(search, query, match);
        return;
    }
    for (uint32_t i = 0; i < match->capture_count; i++)
        print_capture(search, query, &match->captures[i]);
    if (match->capture_count == 0) {
        emitter_plain_name(search->emitter, search->file->path, strlen(search->file->path));
        emitter_plain(search->emitter, ": pattern %u matches\n", match->pattern + 1);
    }
}

/* --- compiling --- */

static bool is_wanted(const struct search *search, const struct opened_language *language)
{
    return search->question->language == NULL ||
           (language->language != NULL &&
            strcmp(language->language->name, search->question->language) == 0);
}

/* Compiles the pattern for a language. One that does not fit is no failure; one that no language
 * could take is. */
static firn_status compile(struct search *search, const struct opened_language *language,
                           struct compiled *compiled, firn_error *ret_error)
{
    const firn_allocator *allocator = search->opened->allocator;
    const firn_query_cursor_options options = {.allocator = allocator};

    compiled->is_tried = true;
    if (!is_wanted(search, language))
        return FIRN_OK;
    firn_status status = firn_query_create(language->family, search->question->operand,
                                           strlen(search->question->operand), allocator,
                                           &compiled->query, ret_error);
    if (status == FIRN_NOT_FOUND && search->question->language == NULL) {
        search->misfit = *ret_error;
        return FIRN_OK;
    }
    if (status == FIRN_OK) {
        search->fits = true;
        status = firn_query_cursor_create(compiled->query, &options, &compiled->cursor);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "out of memory");
    }
    return status;
}

/* --- searching --- */

static firn_status search_nodes(struct search *search, const struct compiled *compiled,
                                firn_error *ret_error)
{
    firn_query_match match;
    firn_status status = firn_lines_init(&search->lines, search->loaded.text,
                                         search->loaded.text_size, search->opened->allocator);
    if (status != FIRN_OK)
        return firn_error_set(ret_error, status, 0, "%s: out of memory", search->file->path);
    firn_query_cursor_begin(compiled->cursor, &search->loaded.nodes, search->loaded.text);
    while ((status = firn_query_cursor_next(compiled->cursor, &match)) == FIRN_OK &&
           !emitter_failed(search->emitter)) {
        print_match(search, compiled->query, &match);
        search->count++;
    }
    firn_lines_fini(&search->lines);
    if (status == FIRN_OK || status == FIRN_END_OF_DATA)
        return FIRN_OK;
    return firn_error_set(ret_error, status, 0, "%s: %s", search->file->path,
                          status == FIRN_LIMIT
                              ? "the pattern has too many matches under way at once"
                              : firn_status_text(status));
}

static bool may_match(const struct compiled *compiled, const struct file_record *record)
{
    return record->labels == NULL ||
           firn_query_cursor_may_match(compiled->cursor, record->labels, record->labels_size);
}

static firn_status search_file(struct search *search, struct opened_file *file,
                               firn_error *ret_error)
{
    struct loaded *loaded = &search->loaded;
    const struct opened_language *language = NULL;
    firn_status status =
        opened_language_get(search->opened, file->record.language, &language, ret_error);
    if (status != FIRN_OK)
        return status;
    struct compiled *compiled = &search->compiled[file->record.language];
    if (!compiled->is_tried)
        status = compile(search, language, compiled, ret_error);
    if (status != FIRN_OK || compiled->query == NULL || !may_match(compiled, &file->record))
        return status;
    search->file = file;
    status = loaded_get(search->opened, file, loaded, ret_error);
    if (status == FIRN_OK)
        status = loaded_decode(loaded, file, ret_error);
    if (status == FIRN_OK)
        status = search_nodes(search, compiled, ret_error);
    loaded_close(search->opened, loaded);
    return status;
}

static firn_status search_one(struct search *search, firn_error *ret_error)
{
    struct opened_file file;
    firn_status status = resolve_file(search->opened, search->question->file,
                                      search->question->folder, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = search_file(search, &file, ret_error);
    opened_file_fini(search->opened, &file);
    return status;
}

static firn_status search_all(struct search *search, firn_error *ret_error)
{
    struct listing listing = {.opened = NULL};
    firn_status status = listing_begin(&listing, search->opened, "", ret_error);

    while (status == FIRN_OK && !emitter_failed(search->emitter)) {
        struct opened_file file;
        status = listing_next(&listing, &file, ret_error);
        if (status != FIRN_OK)
            break;
        status = search_file(search, &file, ret_error);
        opened_file_fini(search->opened, &file);
    }
    listing_end(&listing);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status search_files(struct search *search, firn_error *ret_error)
{
    emitter_array_begin(search->emitter, NULL);
    firn_status status = search->question->file != NULL ? search_one(search, ret_error)
                                                        : search_all(search, ret_error);
    if (status == FIRN_OK && !search->fits && search->misfit.status != FIRN_OK) {
        status = search->misfit.status;
        *ret_error = search->misfit;
    }
    if (status == FIRN_OK)
        emitter_array_end(search->emitter);
    return status;
}

firn_status answer_query(struct opened *opened, const struct question *question,
                         struct emitter *emitter, struct outcome *outcome, firn_error *ret_error)
{
    struct search search = {.opened = opened, .question = question, .emitter = emitter};
    const size_t languages = opened->meta.language_count;
    const size_t count = languages > 0 ? languages : 1;

    search.compiled = firn_allocate_zeroed(opened->allocator, count, sizeof *search.compiled);
    if (search.compiled == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    firn_status status = search_files(&search, ret_error);
    if (status == FIRN_OK && search.count == 0)
        outcome_empty(outcome, "the pattern matches nothing in %s", question->store);
    for (size_t i = 0; i < languages; i++) {
        firn_query_cursor_destroy(search.compiled[i].cursor);
        firn_query_destroy(search.compiled[i].query);
    }
    firn_release(opened->allocator, search.compiled, count * sizeof *search.compiled);
    loaded_release(opened, &search.loaded);
    return status;
}
