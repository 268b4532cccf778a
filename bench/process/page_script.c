/* A page of scripts, where JavaScriptCore is installed: closures, a generator, a map, a promise
 * that waits, private fields, and 3,000 objects. */
#include "process/page.h"

#ifdef FIRN_BENCH_JSC

#include <stdio.h>
#include <string.h>

#include <JavaScriptCore/JavaScript.h>

static JSGlobalContextRef context;

static void evaluate(const char *script, char *text, size_t size)
{
    JSStringRef source = JSStringCreateWithUTF8CString(script);
    JSValueRef thrown = NULL;
    JSValueRef value = JSEvaluateScript(context, source, NULL, NULL, 1, &thrown);
    JSStringRef result = JSValueToStringCopy(context, value != NULL ? value : thrown, NULL);
    JSStringGetUTF8CString(result, text, size);
    JSStringRelease(source);
    JSStringRelease(result);
}

static void run(const char *script)
{
    char text[200];
    evaluate(script, text, sizeof text);
}

static void load(void)
{
    context = JSGlobalContextCreate(NULL);
    run("var library = {};"
        "for (let i = 0; i < 2000; i++) library['f' + i] = function (x) { return x + i };"
        "library.f7(1)");
}

static void begin(void)
{
    run("var counter = (() => { let n = 0; return () => n++ })();"
        "function* steps() { let i = 0; while (true) yield i++ * 10 }"
        "var generator = steps(), map = new Map();"
        "for (let i = 0; i < 500; i++) map.set('k' + i, { text: 'x'.repeat(i) });"
        "var resolve, got = 0; new Promise(r => resolve = r).then(x => got = x);"
        "class Secret { #value = 7; read() { return this.#value } }"
        "var secret = new Secret(), objects = [];"
        "for (let i = 0; i < 3000; i++) objects.push({ i, text: 'v' + i });");
}

static bool work(unsigned round)
{
    char text[200], wanted[200];
    evaluate("[counter(), generator.next().value, map.get('k2').text.length, map.size,"
             " secret.read(), objects[2999].text, got].join()",
             text, sizeof text);
    snprintf(wanted, sizeof wanted, "%u,%u,2,500,7,v2999,%d", round, round * 10,
             round > 0 ? 42 : 0);
    run("resolve(42)"); /* which was waiting over the first sleep */
    return strcmp(text, wanted) == 0;
}

const struct page page_script = {"JavaScriptCore", load, begin, work};

#else

const struct page page_script = {0};

#endif
