/* The web's interfaces: the pages of tests/tabs/web answer what Chromium answers, line by line
 * (NAME.txt, by make_web.py); scripts that throw, timers, and trees that no script reaches any
 * more. */
#include "tabs/script/engine.h"

#include <firn/file.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A page that nothing happens around: time goes on when it is told to. */
struct around {
    double now, wake;
    char printed[8192];
    size_t size;
    uint8_t random;
};

static void print(void *context, const char *level, const char *text, size_t size)
{
    struct around *around = context;
    around->size +=
        (size_t)snprintf(around->printed + around->size, sizeof around->printed - around->size,
                         "%s: %.*s\n", level, (int)size, text);
}

static void wake_in(void *context, double ms)
{
    ((struct around *)context)->wake = ms;
}

static double now(void *context)
{
    return ((struct around *)context)->now;
}

static double wall(void *context)
{
    return 1.7e12 + now(context);
}

static void fill(void *context, void *data, size_t size)
{
    memset(data, ++((struct around *)context)->random, size);
}

static script_engine *start(struct around *around)
{
    const engine_hooks hooks = {.print = print,
                                .wake_in = wake_in,
                                .now = now,
                                .time = wall,
                                .random = fill,
                                .context = around};
    script_engine *engine;
    firn_error error = {0};
    *around = (struct around){.wake = -1};
    firn_status status = engine_create(&hooks, &engine, &error);
    if (status != FIRN_OK)
        fail_msg("%s", error.text);
    return engine;
}

static void load(script_engine *engine, const char *html)
{
    assert_int_equal(engine_load(engine, "https://example.org/page", html, strlen(html)), FIRN_OK);
}

static char *eval(script_engine *engine, const char *script)
{
    char *text;
    size_t size;
    assert_int_equal(engine_eval(engine, script, strlen(script), &text, &size), FIRN_OK);
    assert_int_equal(strlen(text), size);
    return text;
}

static void expect(script_engine *engine, const char *script, const char *wanted)
{
    char *text = eval(engine, script);
    assert_string_equal(text, wanted);
    firn_release(NULL, text, strlen(text) + 1);
}

/* --- pages --- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    assert_true(size > 0 && size < (1 << 20) - 1);
    fclose(file);
    return text;
}

/* Compares two texts line by line, and tells the lines that differ. */
static size_t compare(const char *page, char *ours, char *theirs)
{
    size_t wrong = 0;
    char *our_end, *their_end;
    for (;;) {
        char *a = strtok_r(ours, "\n", &our_end), *b = strtok_r(theirs, "\n", &their_end);
        ours = theirs = NULL;
        if (a == NULL && b == NULL)
            return wrong;
        if (a == NULL || b == NULL || strcmp(a, b) != 0) {
            fprintf(stderr, "%s: %s\n  Chromium: %s\n", page, a ? a : "-", b ? b : "-");
            wrong++;
        }
        if (a == NULL || b == NULL)
            return wrong;
    }
}

static size_t check_page(const char *folder, const char *name)
{
    struct around around;
    char path[1024];
    script_engine *engine = start(&around);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *html = read_file(path);
    load(engine, html);
    if (around.size > 0)
        fprintf(stderr, "%s: %s", name, around.printed);
    char *ours = eval(engine, "lines.map(line => line.replace(/\\n/g, '\\\\n')).join('\\n')");
    size_t size = strlen(ours);
    snprintf(path + strlen(path) - 5, 8, ".txt");
    char *theirs = read_file(path);
    size_t wrong = compare(name, ours, theirs);
    firn_release(NULL, ours, size + 1);
    free(theirs);
    free(html);
    engine_destroy(engine);
    return wrong;
}

static void pages_answer_what_chromium_answers(void **state)
{
    char folder[512];
    size_t wrong = 0, pages = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/tabs/web", getenv("FIRN_SOURCE"));
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".html") == 0) {
            wrong += check_page(folder, entry->d_name);
            pages++;
        }
    }
    closedir(entries);
    assert_true(pages > 0);
    assert_int_equal(wrong, 0);
}

/* --- scripts --- */

static void a_script_sees_what_came_before_it(void **state)
{
    struct around around;
    (void)state;
    script_engine *engine = start(&around);
    load(engine,
         "<!doctype html><p id=a></p><script>var seen = [document.querySelectorAll('p').length,"
         "document.readyState, document.currentScript.id]</script><p id=b></p>"
         "<script id=last>seen.push(document.querySelectorAll('p').length, "
         "document.currentScript.id)</script>"
         "<script>document.addEventListener('DOMContentLoaded', () => "
         "seen.push(document.readyState));"
         "onload = () => seen.push(document.readyState)</script>");
    expect(engine, "seen.join()", "1,loading,,2,last,interactive,complete");
    assert_int_equal(around.size, 0);
    engine_destroy(engine);
}

static void a_script_that_throws_is_told_and_the_others_run(void **state)
{
    struct around around;
    (void)state;
    script_engine *engine = start(&around);
    load(engine,
         "<script>nosuch.thing</script><script>syntax error</script><script>var after = 1</script>"
         "<b onclick=1 id=b></b><script>b.addEventListener('x', () => { throw new TypeError('in') "
         "});"
         "b.dispatchEvent(new Event('x')); onerror = m => { said = m; return true }; var said;"
         "b.dispatchEvent(new Event('x'))</script>");
    expect(engine, "after + said", "1Uncaught TypeError: in");
    assert_non_null(strstr(around.printed, "Uncaught ReferenceError: Can't find variable: nosuch"));
    assert_non_null(strstr(around.printed, "Uncaught SyntaxError"));
    assert_non_null(strstr(around.printed, "Uncaught TypeError: in"));
    engine_destroy(engine);
}

static void scripts_are_run_once_where_they_are_put(void **state)
{
    struct around around;
    (void)state;
    script_engine *engine = start(&around);
    load(engine,
         "<div id=d></div><script>var n = 0; d.innerHTML = '<script>n += 100<\\/script>';"
         "const s = document.createElement('script'); s.text = 'n++'; d.append(s); d.append(s);"
         "d.append(s.cloneNode(true)); document.write('<i></i><script>n += 10<\\/script>')</script>"
         "<script type=text/template>n += 1000</script>");
    expect(engine, "n + document.body.innerHTML.replace(/<script.*?<.script>/g, '')",
           "11<div id=\"d\"></div><i></i>");
    assert_int_equal(around.size, 0);
    engine_destroy(engine);
}

static void an_evaluation_that_throws_says_what(void **state)
{
    struct around around;
    char *text;
    size_t size;
    (void)state;
    script_engine *engine = start(&around);
    load(engine, "");
    assert_int_equal(engine_eval(engine, "null.x", 6, &text, &size), FIRN_INVALID);
    assert_non_null(strstr(text, "TypeError"));
    firn_release(NULL, text, size + 1);
    expect(engine, "'h\u00e9\\ud83d\\ude00'", "h\u00e9\U0001f600");
    expect(engine, "typeof $ + typeof web", "undefinedundefined");
    engine_destroy(engine);
}

static void timers_come_in_their_order(void **state)
{
    struct around around;
    (void)state;
    script_engine *engine = start(&around);
    load(engine,
         "<script>var seen = []; setTimeout(() => seen.push('b'), 20); setTimeout(() => "
         "seen.push('a'), 10);"
         "setTimeout(x => seen.push(x), 10, 'c'); const i = setInterval(() => { seen.push('i');"
         "if (seen.length > 5) clearInterval(i) }, 15); clearTimeout(setTimeout(() => "
         "seen.push('no'), 5));"
         "Promise.resolve().then(() => seen.push('soon')); requestAnimationFrame(() => "
         "seen.push('frame'))"
         "</script>");
    for (int i = 0; i < 20 && around.wake >= 0; i++) {
        around.now += around.wake;
        engine_run_timers(engine);
    }
    expect(engine, "seen.join()", "soon,a,c,i,frame,b,i");
    assert_true(around.wake < 0);
    engine_destroy(engine);
}

/* --- what no script reaches goes away --- */

static size_t node_count(script_engine *engine)
{
    dom_usage usage;
    dom_usage_get(engine_dom(engine), &usage);
    return usage.node_count;
}

static void trees_that_no_script_reaches_are_freed(void **state)
{
    struct around around;
    (void)state;
    script_engine *engine = start(&around);
    load(engine, "<div id=d></div>");
    size_t before = node_count(engine);
    expect(
        engine,
        "var kept = document.createElement('p'); kept.append('x', document.createElement('b')); "
        "kept.mine = 7;"
        "for (let i = 0; i < 5000; i++) { const e = document.createElement('i'); e.innerHTML = "
        "'<b>1</b>2';"
        "d.append(e); e.firstChild.mine = i; e.remove(); }"
        "for (let i = 0; i < 1000; i++) { d.innerHTML = '<u><s></s></u>'; d.firstChild.mine = i }"
        "d.innerHTML = '<p><b></b></p>'; var inner = d.querySelector('b'); d.textContent = '';"
        "inner.parentNode.mine = 9; d.innerHTML = '<s></s>';"
        "d.mine = 5; document.querySelector('s').mine = 6; 'done'",
        "done");
    for (int i = 0; i < 3; i++)
        engine_collect(engine);
    assert_in_range(node_count(engine), before, before + 400); /* the stack may still name some */
    expect(engine,
           "kept.childNodes.length + kept.lastChild.nodeName + kept.mine + d.mine +"
           "document.querySelector('s').mine + inner.parentNode.mine",
           "2B7569");
    engine_destroy(engine);
}

/* --- style sheets asleep --- */

static void sheets_wake_when_they_are_asked_for(void **state)
{
    static const char color[] =
        "for (let i = 0; i < 800; i++) rules.push(`.c${i} { color: rgb(${i % 250}, 1, 2) }`);";
    struct around around;
    char html[1000];
    (void)state;
    script_engine *engine = start(&around);
    snprintf(html, sizeof html,
             "<p id=p class=c7></p><p id=q class=late></p><script>var rules = [];%s"
             "const make = text => { const s = document.createElement('style');"
             "s.textContent = text; document.head.append(s); return s; };"
             "var first = make(rules.join(''));"
             "var rule = first.sheet.cssRules[7];"
             "var seen = () => [getComputedStyle(p).color, rule.style.color, rule.selectorText,"
             "first.sheet.cssRules.length].join(); seen()</script>",
             color);
    load(engine, html);
    const char *const wanted = "rgb(7, 1, 2),rgb(7, 1, 2),.c7,800";
    expect(engine, "seen()", wanted);
    for (int i = 0; i < 3; i++) {
        engine_sheets_sleep(engine);
        engine_sheets_sleep(engine); /* they are */
        expect(engine, "1 + 1", "2");
        expect(engine, "seen()", wanted);
    }
    engine_sheets_sleep(engine);
    expect(engine,
           "make('.late { color: rgb(9, 9, 9) }'); for (let i = 0; i < 100; i++) {"
           "const s = make('.g' + i + '{ color: red }'); s.sheet.cssRules.length; s.remove(); } 0",
           "0");
    engine_sheets_sleep(engine);
    for (int i = 0; i < 3; i++)
        engine_collect(engine); /* sheets, too, that are asleep */
    expect(engine, "getComputedStyle(q).color + seen()",
           "rgb(9, 9, 9)rgb(7, 1, 2),rgb(7, 1, 2),.c7,800");
    engine_sheets_sleep(engine);
    expect(engine, "rule.style.color = 'rgb(1, 2, 3)'; getComputedStyle(p).color", "rgb(1, 2, 3)");
    engine_sheets_sleep(engine);
    engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_answer_what_chromium_answers),
        cmocka_unit_test(a_script_sees_what_came_before_it),
        cmocka_unit_test(a_script_that_throws_is_told_and_the_others_run),
        cmocka_unit_test(scripts_are_run_once_where_they_are_put),
        cmocka_unit_test(an_evaluation_that_throws_says_what),
        cmocka_unit_test(timers_come_in_their_order),
        cmocka_unit_test(trees_that_no_script_reaches_are_freed),
        cmocka_unit_test(sheets_wake_when_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
