/* textDocument/definition and declaration. */
#include "code/lsp/candidates.h"
#include "code/lsp/locals.h"
#include "code/lsp/session.h"

#define PLACES_MAX 100u /* of one answer */

static void write_places(struct session *session, const struct candidates *candidates,
                         const char *name, size_t size, struct out *out)
{
    unsigned written = 0;
    for (size_t i = 0; i < candidates->count && written < PLACES_MAX; i++) {
        struct source *source;
        uint32_t offset;
        if (candidate_open(&candidates->items[i], &session->sources, &session->workspace, name,
                           size, &source, &offset, NULL) != FIRN_OK)
            continue; /* it has just gone */
        out_location(out, source, offset, offset + (uint32_t)size);
        written++;
    }
}

static firn_status answer(struct session *session, const json_t *params, struct out *out,
                          bool wants_declarations, firn_error *ret_error)
{
    struct source *source;
    const struct extract_name *name;
    struct locals locals;
    struct candidates candidates;
    firn_status status = session_name(session, params, &source, &name, ret_error);
    if (status != FIRN_OK || name == NULL)
        return status;
    const char *text = source->text + name->start;
    const size_t size = name->end - name->start;
    status = locals_find(source, text, size, &locals, ret_error);
    if (status != FIRN_OK)
        return status;
    const struct local *local = locals_resolve(&locals, source, name);
    out_open(out, '[');
    if (local != NULL) {
        out_location(out, source, local->name->start, local->name->end);
    } else {
        status = candidates_init(&candidates, session->workspace.allocator);
        if (status == FIRN_OK) {
            status = candidates_find(&candidates, &session->sources, source, name,
                                     wants_declarations, ret_error);
            if (status == FIRN_OK)
                write_places(session, &candidates, text, size, out);
            candidates_fini(&candidates);
        }
    }
    out_close(out, '[');
    return status;
}

firn_status answer_definition(struct session *session, const json_t *params, struct out *out,
                              firn_error *ret_error)
{
    return answer(session, params, out, false, ret_error);
}

firn_status answer_declaration(struct session *session, const json_t *params, struct out *out,
                               firn_error *ret_error)
{
    return answer(session, params, out, true, ret_error);
}
