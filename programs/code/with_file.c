/* See with_file.h. */
#include "code/with_file.h"

static firn_status show_file(const struct question *question, struct view *view, view_fn show,
                             struct emitter *emitter, firn_error *ret_error)
{
    struct loaded *loaded = &view->loaded;
    firn_status status = loaded_get(view->opened, &view->file, loaded, ret_error);
    if (status == FIRN_OK)
        status = loaded_decode(loaded, &view->file, ret_error);
    if (status == FIRN_OK) {
        status =
            firn_lines_init(&view->lines, loaded->text, loaded->text_size, view->opened->allocator);
        if (status != FIRN_OK)
            firn_error_set(ret_error, status, 0, "%s: %s", view->file.path,
                           firn_status_text(status));
    }
    if (status == FIRN_OK) {
        status = show(question, view, emitter, ret_error);
        firn_lines_fini(&view->lines);
    }
    loaded_release(view->opened, loaded);
    return status;
}

firn_status with_file(struct opened *opened, const struct question *question, const char *path,
                      view_fn show, struct emitter *emitter, firn_error *ret_error)
{
    struct view view = {.opened = opened};
    firn_status status = resolve_file(opened, path, question->folder, &view.file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = show_file(question, &view, show, emitter, ret_error);
    opened_file_fini(opened, &view.file);
    return status;
}
