/* See with_file.h. */
#include "code/with_file.h"

static firn_status show_opened(const struct question *question, struct view *view, view_fn show,
                               struct emitter *emitter, firn_error *ret_error)
{
    const firn_status status = show(question, view, emitter, ret_error);
    if (status == FIRN_OK)
        views_offer(question->views, view);
    return status;
}

firn_status with_file(struct opened *opened, const struct question *question, const char *path,
                      enum view_kind kind, view_fn show, struct emitter *emitter,
                      firn_error *ret_error)
{
    struct opened_file file;
    struct view view;
    firn_status status = resolve_file(opened, path, question->folder, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    struct view *kept = views_take(question->views, file.number, kind);
    if (kept != NULL) {
        status = show(question, kept, emitter, ret_error);
        views_give(question->views, kept);
        opened_file_fini(opened, &file);
        return status;
    }
    status = view_open(&view, opened, &file, kind, ret_error);
    if (status == FIRN_OK)
        status = show_opened(question, &view, show, emitter, ret_error);
    view_close(&view);
    return status;
}
