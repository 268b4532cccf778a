/* textDocument/references and documentHighlight. A local name's are those that mean the same
 * binding in the same file; another's all of its spelling in languages that mix, but for those that
 * mean something local where they stand, and in C those on the other side of `.` and `->`. */
#include "code/index/entries.h"
#include "code/lookup.h"
#include "code/lsp/ahead.h"
#include "code/lsp/candidates.h"
#include "code/lsp/locals.h"
#include "code/lsp/overlay.h"
#include "code/lsp/session.h"

#include <firn/system.h>

#define REFERENCES_MAX 10000u
#define PART_MAX 500u               /* references, and */
#define PART_NS UINT64_C(100000000) /* since the last, until a part is sent */

struct references {
    struct session *session;
    struct out *out;
    char name[NAME_MAX_BYTES + 1];
    size_t size;
    const struct language *language; /* of the file at hand */
    bool is_field;                   /* in C: the name of a field */
    bool wants_definitions;
    unsigned count;
    const json_t *params; /* the client may want the answer in parts */
    unsigned sent;        /* of count */
    uint64_t sent_ns;
    struct locals locals;
    void (*write)(struct references *references, const struct source *source,
                  const struct extract_name *name);
};

static void write_location(struct references *references, const struct source *source,
                           const struct extract_name *name)
{
    out_location(references->out, source, name->start, name->end);
}

static void write_highlight(struct references *references, const struct source *source,
                            const struct extract_name *name)
{
    struct out *out = references->out;
    out_open(out, '{');
    out_key(out, "range");
    out_range(out, source, name->start, name->end);
    out_key(out, "kind");
    out_number(out, name->is_definition ? 3 : 2);
    out_close(out, '{');
}

static bool is_same_name(const struct references *references, const struct source *source,
                         const struct extract_name *name)
{
    return name->end - name->start == references->size &&
           memcmp(source->text + name->start, references->name, references->size) == 0;
}

static bool is_c(const struct language *language)
{
    return strcmp(language->name, "c") == 0;
}

/* In C the names of fields are apart from all others. */
static bool is_other_side(const struct references *references, const struct source *source,
                          const struct extract_name *name)
{
    return is_c(references->language) && is_c(source->language) &&
           references->is_field != (name->kind == KIND_FIELD);
}

static bool is_wanted(const struct references *references, const struct source *source,
                      const struct extract_name *name)
{
    return is_same_name(references, source, name) && !is_other_side(references, source, name) &&
           (!name->is_definition || references->wants_definitions);
}

/* Finds what the name means locally, where it may; and the lines. */
static firn_status prepare(struct references *references, struct source *source)
{
    firn_status status = FIRN_OK;
    if (references->is_field && is_c(references->language) && is_c(source->language))
        references->locals.count = 0; /* no field is local */
    else
        status = locals_find(source, references->name, references->size, &references->locals, NULL);
    return status == FIRN_OK ? source_rows(source, NULL) : status;
}

static firn_status visit_source(void *context, struct source *source)
{
    struct references *references = context;
    size_t first = 0;
    if (!languages_mix(references->language, source->language))
        return FIRN_OK;
    while (first < source->name_count && !is_wanted(references, source, &source->names[first]))
        first++;
    if (first == source->name_count)
        return FIRN_OK; /* without what is made for the others */
    firn_status status = prepare(references, source);
    for (size_t i = first; i < source->name_count && status == FIRN_OK; i++) {
        const struct extract_name *name = &source->names[i];
        if (!is_wanted(references, source, name) ||
            locals_resolve(&references->locals, source, name) != NULL)
            continue;
        if (references->count == REFERENCES_MAX)
            return FIRN_LIMIT;
        references->write(references, source, name);
        references->count++;
    }
    return status;
}

/* The names of the file that mean the same local binding. */
static void visit_local(struct references *references, const struct source *source,
                        const struct local *local)
{
    const uint32_t scope = local->scope;
    for (size_t i = 0; i < source->name_count && references->count < REFERENCES_MAX; i++) {
        const struct extract_name *name = &source->names[i];
        if (!is_same_name(references, source, name))
            continue;
        const struct local *other = locals_resolve(&references->locals, source, name);
        bool is_binding = other != NULL && other->name->start == name->start;
        if (other == NULL || other->scope != scope ||
            (is_binding && !references->wants_definitions))
            continue;
        references->write(references, source, name);
        references->count++;
    }
}

/* --- the index --- */

/* Whether a file of the index is on disk as it was indexed. */
static firn_status is_fresh(struct workspace *workspace, const struct opened_file *file,
                            bool *ret_fresh)
{
    char *path;
    size_t path_size;
    firn_status status =
        path_join(workspace->allocator, workspace->opened.meta.root, file->path, &path, &path_size);
    if (status != FIRN_OK)
        return status;
    status = workspace_is_fresh(workspace, path, &file->record, ret_fresh);
    firn_release(workspace->allocator, path, path_size);
    return status;
}

/* The next file in which the name is, as it was indexed. FIRN_END_OF_DATA; FIRN_CHANGED when the
 * request was cancelled. */
static firn_status next_file(struct workspace *workspace, struct lookup *lookup, uint64_t *last,
                             struct opened_file *ret_file, firn_error *ret_error)
{
    for (;;) {
        bool fresh = false;
        firn_status status =
            workspace_stopped(workspace) ? FIRN_CHANGED : lookup_next(lookup, ret_error);
        if (status != FIRN_OK)
            return status;
        if (lookup->postings.file == *last)
            continue;
        *last = lookup->postings.file;
        status = opened_at(&workspace->opened, *last, ret_file, ret_error);
        if (status != FIRN_OK)
            return status;
        status = is_fresh(workspace, ret_file, &fresh);
        if (status == FIRN_OK && fresh)
            return FIRN_OK;
        opened_file_fini(&workspace->opened, ret_file);
        if (status != FIRN_OK)
            return status;
    }
}

/* Sends what was found since the last part, now and then. */
static void send_some(struct references *references)
{
    const unsigned waiting = references->count - references->sent;
    const uint64_t now_ns = firn_clock_ns();
    if (waiting == 0 || (waiting < PART_MAX && now_ns - references->sent_ns < PART_NS) ||
        !session_send_part(references->session, references->params, references->out))
        return;
    references->sent = references->count;
    references->sent_ns = now_ns;
}

/* Gives files to be made ready until there is no room, or no file. */
static firn_status give_files(struct references *references, struct lookup *lookup, uint64_t *last,
                              struct ahead *ahead, firn_error *ret_error)
{
    struct opened_file file;
    firn_status status = FIRN_OK;
    while (status == FIRN_OK && !ahead_is_full(ahead)) {
        status = next_file(&references->session->workspace, lookup, last, &file, ret_error);
        if (status == FIRN_OK)
            ahead_give(ahead, &file);
    }
    return status;
}

static firn_status visit_next(struct references *references, struct ahead *ahead,
                              firn_error *ret_error)
{
    struct source *source;
    firn_status status = ahead_next(ahead, &source, ret_error);
    if (status == FIRN_END_OF_DATA)
        return status;
    if (status == FIRN_OK)
        status = visit_source(references, source);
    ahead_drop(ahead);
    send_some(references);
    return status == FIRN_UNSUPPORTED ? FIRN_OK : status;
}

static firn_status visit_index(struct references *references, firn_error *ret_error)
{
    struct workspace *workspace = &references->session->workspace;
    struct lookup lookup = {.opened = NULL};
    struct ahead ahead;
    uint64_t last = UINT64_MAX;
    if (!workspace->is_open)
        return FIRN_OK;
    ahead_init(&ahead, workspace, references->name, references->size);
    firn_status status = lookup_begin(&lookup, &workspace->opened, references->name, ret_error);
    firn_status more = status;
    while (status == FIRN_OK) {
        if (more == FIRN_OK)
            more = give_files(references, &lookup, &last, &ahead, ret_error);
        status = more == FIRN_OK || more == FIRN_END_OF_DATA
                     ? visit_next(references, &ahead, ret_error)
                     : more;
    }
    ahead_fini(&ahead);
    lookup_end(&lookup);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

static firn_status begin(struct references *references, struct session *session,
                         const json_t *params, struct out *out, struct source **ret_source,
                         const struct extract_name **ret_name, firn_error *ret_error)
{
    *references = (struct references){
        .session = session, .out = out, .params = params, .sent_ns = firn_clock_ns()};
    firn_status status = session_name(session, params, ret_source, ret_name, ret_error);
    if (status != FIRN_OK || *ret_name == NULL)
        return status;
    const struct extract_name *name = *ret_name;
    references->size = name->end - name->start;
    if (references->size > NAME_MAX_BYTES) {
        *ret_name = NULL;
        return FIRN_OK;
    }
    memcpy(references->name, (*ret_source)->text + name->start, references->size);
    references->language = (*ret_source)->language;
    references->is_field = name->kind == KIND_FIELD;
    return locals_find(*ret_source, references->name, references->size, &references->locals,
                       ret_error);
}

firn_status answer_references(struct session *session, const json_t *params, struct out *out,
                              firn_error *ret_error)
{
    struct references references;
    struct source *source;
    const struct extract_name *name;
    firn_status status = begin(&references, session, params, out, &source, &name, ret_error);
    if (status != FIRN_OK || name == NULL)
        return status;
    const struct local *local = locals_resolve(&references.locals, source, name);
    references.wants_definitions =
        member_true(member_path(params, "context"), "includeDeclaration");
    references.write = write_location;
    out_open(out, '[');
    if (local != NULL) {
        visit_local(&references, source, local);
    } else {
        status = visit_index(&references, ret_error);
        if (status == FIRN_OK)
            status = overlay_visit(&session->sources, &session->workspace, references.name,
                                   references.size, visit_source, &references, ret_error);
    }
    /* All of it comes in parts, or none. */
    if (references.sent > 0 && references.sent < references.count &&
        (status == FIRN_OK || status == FIRN_LIMIT))
        (void)session_send_part(session, params, out);
    out_close(out, '[');
    if (status != FIRN_LIMIT)
        return status;
    session_notice(session, "%.100s: only the first %u references are listed", references.name,
                   REFERENCES_MAX);
    return FIRN_OK;
}

firn_status answer_highlight(struct session *session, const json_t *params, struct out *out,
                             firn_error *ret_error)
{
    struct references references;
    struct source *source;
    const struct extract_name *name;
    firn_status status = begin(&references, session, params, out, &source, &name, ret_error);
    if (status != FIRN_OK || name == NULL)
        return status;
    const struct local *local = locals_resolve(&references.locals, source, name);
    references.wants_definitions = true;
    references.write = write_highlight;
    out_open(out, '[');
    if (local != NULL)
        visit_local(&references, source, local);
    else
        status = visit_source(&references, source);
    out_close(out, '[');
    return status == FIRN_LIMIT ? FIRN_OK : status;
}
