/* See session.h. */
#include "code/lsp/session.h"

#include <stdarg.h>
#include <stdio.h>

#include "code/lsp/uri.h"

firn_status session_source(struct session *session, const json_t *params,
                           struct source **ret_source, firn_error *ret_error)
{
    struct workspace *workspace = &session->workspace;
    const char *uri = member_text(member_path(params, "textDocument"), "uri");
    struct document *document;
    char *path;
    size_t path_size;
    if (uri == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "textDocument.uri is no text");
    document = documents_find(&workspace->documents, uri);
    firn_status status;
    if (document != NULL)
        status = sources_document(&session->sources, workspace, document, ret_source, ret_error);
    else {
        status = workspace_path(workspace, uri, &path, &path_size);
        if (status == FIRN_UNSUPPORTED || status == FIRN_INVALID)
            return firn_error_set(ret_error, FIRN_NOT_FOUND, 0, "%.100s: no such document", uri);
        if (status != FIRN_OK)
            return status;
        status = sources_path(&session->sources, workspace, path, ret_source, ret_error);
        firn_release(workspace->allocator, path, path_size);
    }
    if (status == FIRN_OK)
        sources_pin(*ret_source);
    return status == FIRN_OK ? source_rows(*ret_source, ret_error) : status;
}

bool session_spot(const json_t *value, struct spot *ret_spot)
{
    return member_number(value, "line", &ret_spot->line) &&
           member_number(value, "character", &ret_spot->character);
}

firn_status session_name(struct session *session, const json_t *params, struct source **ret_source,
                         const struct extract_name **ret_name, firn_error *ret_error)
{
    struct source *source;
    struct spot spot;
    if (!session_spot(member_path(params, "position"), &spot))
        return firn_error_set(ret_error, FIRN_INVALID, 0, "position has no line and character");
    firn_status status = session_source(session, params, &source, ret_error);
    if (status == FIRN_OK)
        status = source_names(source, ret_error);
    if (status != FIRN_OK)
        return status;
    *ret_source = source;
    *ret_name = source_name_at(source, source_offset(source, spot));
    return FIRN_OK;
}

bool session_send_part(struct session *session, const json_t *params, struct out *out)
{
    const json_t *token = json_object_get(params, "partialResultToken");
    if (session->send_part == NULL || (!json_is_integer(token) && !json_is_string(token)))
        return false;
    out_close(out, '[');
    if (out->status == FIRN_OK)
        session->send_part(session->send_context, token, out);
    const firn_status status = out->status;
    out_reset(out);
    out->status = status;
    out_open(out, '[');
    return true;
}

void session_notice(struct session *session, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->notice, sizeof session->notice, format, arguments);
    va_end(arguments);
}

static void out_spot(struct out *out, const char *key, struct spot spot)
{
    out_key(out, key);
    out_open(out, '{');
    out_key(out, "line");
    out_number(out, spot.line);
    out_key(out, "character");
    out_number(out, spot.character);
    out_close(out, '{');
}

void out_range(struct out *out, const struct source *source, uint32_t start, uint32_t end)
{
    out_open(out, '{');
    out_spot(out, "start", source_spot(source, start));
    out_spot(out, "end", source_spot(source, end));
    out_close(out, '{');
}

void out_source_uri(struct out *out, const struct source *source)
{
    if (source->document != NULL && source->document->uri != NULL)
        out_text(out, source->document->uri);
    else
        out_uri(out, source->path, "");
}

void out_location(struct out *out, const struct source *source, uint32_t start, uint32_t end)
{
    out_open(out, '{');
    out_key(out, "uri");
    out_source_uri(out, source);
    out_key(out, "range");
    out_range(out, source, start, end);
    out_close(out, '{');
}

int symbol_kind(uint8_t kind)
{
    static const unsigned char kinds[KIND_COUNT] = {
        [KIND_TYPE] = 5,      [KIND_FIELD] = 8,       [KIND_MACRO] = 14,      [KIND_FUNCTION] = 12,
        [KIND_METHOD] = 6,    [KIND_CLASS] = 5,       [KIND_STRUCT] = 23,     [KIND_UNION] = 23,
        [KIND_ENUM] = 10,     [KIND_ENUMERATOR] = 22, [KIND_INTERFACE] = 11,  [KIND_TRAIT] = 11,
        [KIND_VARIABLE] = 13, [KIND_CONSTANT] = 14,   [KIND_PROPERTY] = 7,    [KIND_MODULE] = 2,
        [KIND_NAMESPACE] = 3, [KIND_KEY] = 20,        [KIND_DECLARATION] = 12};
    return kind < KIND_COUNT && kinds[kind] != 0 ? kinds[kind] : 13;
}
