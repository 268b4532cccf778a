/* What a page asks of its host: fetches and their ends, where it goes, what it stores; and a page
 * that can ask for nothing. */
#include "support/page_around.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct around around;

static script_engine *start(const char *folder, const char *html)
{
    firn_error error = {0};
    script_engine *engine;
    engine_hooks hooks = around_start(&around, AROUND_ORIGIN, folder);
    if (engine_create(&hooks, &engine, &error) != FIRN_OK)
        fail_msg("%s", error.text);
    assert_int_equal(engine_load(engine, AROUND_ORIGIN "dir/page?q", html, strlen(html)), FIRN_OK);
    around_run(&around, engine, 1000);
    return engine;
}

static void expect(script_engine *engine, const char *script, const char *wanted)
{
    char *text;
    size_t size;
    firn_status status = engine_eval(engine, script, strlen(script), &text, &size);
    assert_string_equal(text, wanted);
    assert_int_equal(status, FIRN_OK);
    firn_release(NULL, text, size + 1);
}

/* Runs a script and what follows, and looks at what was told. */
static void told(script_engine *engine, const char *script, const char *wanted)
{
    char *text;
    size_t size;
    around.told_bytes = 0;
    around.told[0] = 0;
    (void)engine_eval(engine, script, strlen(script), &text, &size);
    firn_release(NULL, text, size + 1);
    around_run(&around, engine, around.now + 1000);
    assert_string_equal(around.told, wanted);
}

static void stop(script_engine *engine)
{
    around_end(&around);
    engine_destroy(engine);
}

/* --- where it goes --- */

static void a_page_says_where_it_goes(void **state)
{
    (void)state;
    script_engine *engine =
        start(".", "<a id=a href='../x?y#z'>l</a><a id=h href='#h'>h</a>"
                   "<a id=d href=f download>d</a><a id=m href='mailto:x'>m</a>");
    told(engine, "a.click()", "navigate: GET http://page.test/x?y#z\n");
    told(engine, "h.click(); location.hash", "");
    expect(engine, "location.href", "http://page.test/dir/page?q#h");
    told(engine, "d.click()", "");
    told(engine, "m.click()", "navigate: GET mailto:x\n");
    told(engine, "a.onclick = () => false; a.click()", "");
    told(engine, "location.href = '/b'", "navigate: GET http://page.test/b\n");
    told(engine, "location = 'c'", "navigate: GET http://page.test/dir/c\n");
    told(engine, "location.assign('c')", "navigate: GET http://page.test/dir/c\n");
    told(engine, "location.replace('c')", "replace: GET http://page.test/dir/c\n");
    told(engine, "location.reload()", "replace: GET http://page.test/dir/page?q\n");
    told(engine, "location.search = 'r=1'", "navigate: GET http://page.test/dir/page?r=1#h\n");
    told(engine, "history.go(-1)", ""); /* within the document, before #h */
    expect(engine, "location.hash", "");
    told(engine, "history.go(-1)", "traverse: -1\n");
    told(engine, "history.go(3)", "traverse: 2\n");
    told(engine, "location = 'javascript:void(globalThis.ran = 1)'", "");
    expect(engine, "ran", "1");
    stop(engine);
}

static void a_form_is_sent(void **state)
{
    (void)state;
    script_engine *engine =
        start(".", "<form id=f action=/to><input name=a value='1 &'><input name=b value='\xc3\xa9'>"
                   "<button id=go name=x value=y formaction=/other>go</button></form>");
    told(engine, "f.submit()", "navigate: GET http://page.test/to?a=1+%26&b=%C3%A9\n");
    told(engine, "go.click()", "navigate: GET http://page.test/other?a=1+%26&b=%C3%A9&x=y\n");
    told(engine, "f.onsubmit = () => false; go.click()", "");
    told(engine, "f.method = 'post'; f.submit()",
         "navigate: POST http://page.test/to\n"
         "with: Content-Type: application/x-www-form-urlencoded\r\na=1+%26&b=%C3%A9\n");
    told(engine, "f.enctype = 'text/plain'; f.submit()",
         "navigate: POST http://page.test/to\nwith: Content-Type: text/plain\r\na=1 &\r\nb=\xc3\xa9"
         "\r\n\n");
    told(engine, "f.enctype = 'multipart/form-data'; f.submit()",
         "navigate: POST http://page.test/to\n"
         "with: Content-Type: multipart/form-data; boundary=----FirnFormBoundary0101010101014101\r"
         "\n------FirnFormBoundary0101010101014101\r\nContent-Disposition: form-data; name=\"a\"\r"
         "\n\r\n1 &\r\n------FirnFormBoundary0101010101014101\r\nContent-Disposition: form-data; "
         "name=\"b\"\r\n\r\n\xc3\xa9\r\n------FirnFormBoundary0101010101014101--\r\n\n");
    stop(engine);
}

/* --- what it stores --- */

static void storage_is_the_hosts(void **state)
{
    (void)state;
    script_engine *engine = start(".", "");
    expect(engine, "localStorage.kept + localStorage.length + sessionStorage.length", "before10");
    told(engine, "localStorage.a = 1; sessionStorage.setItem('b', '2')",
         "store: a1\nsession: b2\n");
    told(engine, "localStorage.a = '1'", ""); /* as it is */
    told(engine, "delete localStorage.a; localStorage.removeItem('none')", "store: a (none)\n");
    told(engine, "localStorage.clear(); sessionStorage.clear(); localStorage.clear()",
         "store: (all)  (none)\nsession: (all)  (none)\n");
    expect(engine, "try { localStorage.big = 'x'.repeat(6 << 20) } catch (e) { e.name + e.code }",
           "QuotaExceededError22");
    expect(engine, "localStorage.length", "0");
    stop(engine);
}

/* --- fetches --- */

static void a_fetch_that_was_given_up_is_not_answered(void **state)
{
    (void)state;
    script_engine *engine = start(".", "");
    expect(engine,
           "var seen = [], c = new AbortController();"
           "fetch('/echo', { signal: c.signal }).then(() => seen.push('came'), "
           "e => seen.push(e.name));"
           "fetch('/echo?2').then(() => seen.push('other')); 'asked'",
           "asked");
    assert_int_equal(around.fetch_count, 2);
    uint32_t id = around.fetches[0].id;
    expect(engine, "c.abort(); seen.length", "0");
    assert_int_equal(around.fetch_count, 1);
    around_run(&around, engine, 100);
    expect(engine, "seen.join()", "AbortError,other");
    engine_fetched(engine, id, &(engine_response){.status = 200, .body = "", .headers = ""});
    engine_fetched(engine, 12345, &(engine_response){.error = "no such fetch"});
    expect(engine, "seen.join()", "AbortError,other");
    assert_string_equal(around.told, "");
    stop(engine);
}

static void answers_may_be_anything(void **state)
{
    (void)state;
    script_engine *engine = start(".", "<script src=bad defer></script><img id=i src=bad.png>");
    expect(engine,
           "var seen = []; onerror = m => { seen.push(m); return true };"
           "var s = document.createElement('script'); s.src = '/x.js'; document.head.append(s);"
           "fetch('/y').then(r => r.text()).then(t => seen.push(t)); 'asked'",
           "asked");
    const char bytes[] = "seen.push('\xff\xe2\x82z\0q')";
    engine_response response = {.status = 200, .body = bytes, .body_bytes = sizeof bytes - 1};
    while (around.fetch_count > 0) { /* neither headers nor an address */
        struct around_fetch fetch = around.fetches[--around.fetch_count];
        engine_fetched(engine, fetch.id, &response);
        around_forget(&fetch);
    }
    around_run(&around, engine, 100);
    expect(engine, "seen.length + JSON.stringify(seen.map(t => t.replace(/^seen.push/, '')))",
           "2[\"('\xef\xbf\xbd\xef\xbf\xbdz\\u0000q')\",\"\xef\xbf\xbd\xef\xbf\xbdz\\u0000q\"]");
    stop(engine);
}

static void a_page_without_a_host_has_all_fail(void **state)
{
    (void)state;
    script_engine *engine =
        start(NULL, "<script src=x onerror=\"seen.push('script')\"></script>"
                    "<script>var seen = []; const i = new Image; i.onerror = () => "
                    "seen.push('image'); i.src = 'y'; fetch('z').catch(e => seen.push(e.message));"
                    "try { const x = new XMLHttpRequest; x.open('GET', 'z', false); x.send() } "
                    "catch (e) { seen.push(e.name) }"
                    "localStorage.a = 1; location = 'b'; history.back()</script>"
                    "<link rel=stylesheet href=s onerror=\"seen.push('sheet')\">");
    expect(engine, "seen.sort().join() + localStorage.a + document.readyState",
           "Failed to fetch,NetworkError,image,sheet1complete");
    stop(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_says_where_it_goes),
        cmocka_unit_test(a_form_is_sent),
        cmocka_unit_test(storage_is_the_hosts),
        cmocka_unit_test(a_fetch_that_was_given_up_is_not_answered),
        cmocka_unit_test(answers_may_be_anything),
        cmocka_unit_test(a_page_without_a_host_has_all_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
