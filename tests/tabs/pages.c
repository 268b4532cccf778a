/* Whole pages with what they fetch: those of tests/tabs/pages are, after they have loaded, what
 * they are in Chromium (NAME.txt, by make_pages.py).
 *
 *     tabs_pages FOLDER PAGE     prints what any page of a folder becomes, and tells what it told
 */
#include "support/page_around.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define LOADED_MS 9000 /* how long a page has for what it does by timers */

/* The page as HTML, which the caller frees. */
static char *show(struct around *around, const char *folder, const char *page)
{
    char path[1024], url[1024], *text;
    firn_error error = {0};
    script_engine *engine;
    size_t size;
    const char *origin = getenv("ORIGIN");
    origin = origin != NULL ? origin : AROUND_ORIGIN;
    engine_hooks hooks = around_start(around, origin, folder);
    if (engine_create(&hooks, &engine, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    snprintf(path, sizeof path, "%s/%s", folder, page);
    snprintf(url, sizeof url, "%s%s", origin, page);
    char *html = around_read(path, &size);
    assert_non_null(html);
    assert_int_equal(engine_load(engine, url, html, size), FIRN_OK);
    around_run(around, engine, LOADED_MS);
    free(html);
    const char *script = "document.documentElement.outerHTML + '\\n'";
    assert_int_equal(engine_eval(engine, script, strlen(script), &text, &size), FIRN_OK);
    char *copy = strdup(text);
    firn_release(NULL, text, size + 1);
    around_end(around);
    engine_destroy(engine);
    return copy;
}

static struct around around;

static size_t check(const char *folder, const char *name)
{
    char path[1024];
    size_t size, wrong = 0;
    snprintf(path, sizeof path, "%s/%.*s.txt", folder, (int)strlen(name) - 5, name);
    char *theirs = around_read(path, &size), *ours = show(&around, folder, name);
    assert_non_null(theirs);
    if (strstr(around.told, "Uncaught") != NULL || strcmp(ours, theirs) != 0) {
        fprintf(stderr, "%s%s\n--- ours\n%s\n--- Chromium's\n%s\n", around.told, name, ours,
                theirs);
        wrong = 1;
    }
    free(ours);
    free(theirs);
    return wrong;
}

static void pages_become_what_they_become_in_chromium(void **state)
{
    char folder[512];
    size_t wrong = 0, pages = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/tabs/pages", getenv("FIRN_SOURCE"));
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".html") == 0) {
            wrong += check(folder, entry->d_name);
            pages++;
        }
    }
    closedir(entries);
    assert_true(pages > 0);
    assert_int_equal(wrong, 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_become_what_they_become_in_chromium),
    };
    if (count != 3)
        return cmocka_run_group_tests(tests, NULL, NULL);
    char *html = show(&around, arguments[1], arguments[2]);
    fputs(html, stdout);
    fputs(around.told, stderr);
    free(html);
    return 0;
}
