/* Cookies that hostile servers set: lines of the input are URLs (with a colon before the first
 * blank) and values of Set-Cookie, which come from the last URL. What is sent is no header of its
 * own, and goes to no other host. */
#include "tabs/host/host.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void ask(const char *url)
{
    char out[512];
    const size_t size = cookies_give(url, out, sizeof out);
    check(size < sizeof out);
    for (size_t i = 0; i < size; i++)
        check(out[i] != '\n' && out[i] != '\r' && out[i] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char url[300] = "http://www.example.org/a/b";
    char out[512];
    const char *at = (const char *)data, *last = at + size;
    bool is_own = true; /* all cookies are of one host */
    while (at < last) {
        const char *end = memchr(at, '\n', (size_t)(last - at));
        const size_t bytes = (size_t)((end != NULL ? end : last) - at);
        if (bytes > 7 && bytes < sizeof url && memcmp(at, "http", 4) == 0) {
            memcpy(url, at, bytes);
            url[bytes] = '\0';
            is_own = false;
        } else {
            cookies_take(url, at, bytes);
        }
        ask(url);
        at += bytes + 1;
    }
    ask("https://www.example.org/");
    if (is_own) {
        check(cookies_give("http://example.com/", out, sizeof out) == 0);
        check(cookies_give("http://notexample.org/a/b", out, sizeof out) == 0);
    }
    cookies_end();
    return 0;
}
