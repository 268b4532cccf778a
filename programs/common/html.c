/* See html.h. */
#include "common/html.h"

#include "common/readable.h"

#include <math.h>

void html_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            putc(*text, out);
        }
    }
}

char *html_number(double number, char text[HTML_NUMBER_BYTES])
{
    char whole[READABLE_BYTES];
    if (!isfinite(number))
        snprintf(text, HTML_NUMBER_BYTES, "–");
    else if (fabs(number) >= 1000 && fabs(number) < 1e15)
        snprintf(text, HTML_NUMBER_BYTES, "%s%s", number < 0 ? "-" : "",
                 readable_number((uint64_t)(fabs(number) + 0.5), whole));
    else
        snprintf(text, HTML_NUMBER_BYTES, "%.4g", number);
    return text;
}
