/* See with_file.h. */
#include "code/with_file.h"

static firn_status show_file(const struct invocation *invocation, struct view *view, view_fn show,
                             void *context, enum exit_status *ret_exit, firn_error *ret_error)
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
        status = show(invocation, view, context, ret_exit, ret_error);
        firn_lines_fini(&view->lines);
    }
    loaded_release(view->opened, loaded);
    return status;
}

enum exit_status with_file(const struct invocation *invocation, const char *operand, view_fn show,
                           void *context)
{
    struct opened opened;
    struct view view = {.opened = &opened};
    firn_error error = {.status = FIRN_OK};
    enum exit_status exit_status = EXIT_FAILED;
    firn_status status = open_store(invocation, &opened, &error);
    if (status != FIRN_OK)
        return report_error(&error);
    status = resolve_file(&opened, operand, &view.file, &error);
    if (status == FIRN_OK) {
        status = show_file(invocation, &view, show, context, &exit_status, &error);
        opened_file_fini(&opened, &view.file);
    }
    opened_fini(&opened);
    return status == FIRN_OK ? exit_status : report_error(&error);
}
