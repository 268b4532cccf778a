/* Answers: one line each, JSON with --json. */
#include "tabs/host/host.h"

#include "common/emitter.h"

#include <stdarg.h>
#include <string.h>

static void begin(struct host *host, struct emitter *emitter, bool ok)
{
    emitter_begin_line(emitter, stdout, host->json);
    if (host->json) {
        emitter_object_begin(emitter, NULL);
        emitter_flag(emitter, "ok", ok);
    }
}

static void end(struct host *host, struct emitter *emitter)
{
    if (host->json)
        emitter_object_end(emitter);
    else
        emitter_plain(emitter, "\n");
    if (emitter_end(emitter, EXIT_DONE) != EXIT_DONE) { /* nobody reads any more */
        host->is_over = true;
        host->failed = true;
    }
}

void answer_error(struct host *host, const char *format, ...)
{
    struct emitter emitter;
    char text[1000];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    host->failed = true;
    begin(host, &emitter, false);
    if (host->json) {
        emitter_text(&emitter, "error", text);
    } else {
        emitter_plain(&emitter, "error: ");
        emitter_plain_name(&emitter, text, strlen(text));
    }
    end(host, &emitter);
}

void answer_done(struct host *host)
{
    struct emitter emitter;
    begin(host, &emitter, true);
    if (!host->json)
        emitter_plain(&emitter, "ok");
    end(host, &emitter);
}

static void put_tab(struct emitter *emitter, const struct tab *tab)
{
    emitter_number(emitter, "tab", tab->number);
    emitter_text(emitter, "state", tab_state_name(tab->state));
    emitter_text(emitter, "url", tab->url);
    emitter_text(emitter, "title", tab->title);
    if (tab->image_bytes > 0) {
        emitter_number(emitter, "packed_crc", tab->packed_crc);
        emitter_number(emitter, "woken_crc", tab->woken_crc);
    }
}

static void print_tab(struct emitter *emitter, const struct tab *tab)
{
    emitter_plain(emitter, "%u %s ", tab->number, tab_state_name(tab->state));
    emitter_plain_name(emitter, tab->url, strlen(tab->url));
    if (tab->title[0] != '\0') {
        emitter_plain(emitter, " \"");
        emitter_plain_name(emitter, tab->title, strlen(tab->title));
        emitter_plain(emitter, "\"");
    }
}

void answer_tab(struct host *host, const struct tab *tab)
{
    struct emitter emitter;
    begin(host, &emitter, true);
    if (host->json)
        put_tab(&emitter, tab);
    else
        print_tab(&emitter, tab);
    end(host, &emitter);
}

void answer_value(struct host *host, const char *value, size_t size)
{
    struct emitter emitter;
    begin(host, &emitter, true);
    if (host->json)
        emitter_text_sized(&emitter, "value", value, size);
    else
        emitter_plain_name(&emitter, value, size);
    end(host, &emitter);
}

void answer_values(struct host *host, const char *values, size_t size)
{
    struct emitter emitter;
    const char *at = values, *last = values + size;
    begin(host, &emitter, true);
    emitter_array_begin(&emitter, host->json ? "values" : NULL);
    for (bool first = true; at < last; first = false) {
        const size_t length = strnlen(at, (size_t)(last - at));
        if (host->json) {
            emitter_text_sized(&emitter, NULL, at, length);
        } else {
            emitter_plain(&emitter, first ? "" : " | ");
            emitter_plain_name(&emitter, at, length);
        }
        at += length + 1;
    }
    emitter_array_end(&emitter);
    end(host, &emitter);
}

void answer_list(struct host *host)
{
    struct emitter emitter;
    begin(host, &emitter, true);
    emitter_array_begin(&emitter, host->json ? "tabs" : NULL);
    for (size_t i = 0; i < host->tab_count; i++) {
        if (host->json) {
            emitter_object_begin(&emitter, NULL);
            put_tab(&emitter, host->tabs[i]);
            emitter_object_end(&emitter);
        } else {
            emitter_plain(&emitter, i == 0 ? "" : "; ");
            print_tab(&emitter, host->tabs[i]);
        }
    }
    emitter_array_end(&emitter);
    end(host, &emitter);
}

void answer_history(struct host *host, const char *text)
{
    struct emitter emitter;
    firn_error error;
    begin(host, &emitter, true);
    emitter_array_begin(&emitter, host->json ? "visits" : NULL);
    if (kept_history(host, &emitter, text, &error) != FIRN_OK) /* what could be read was told */
        report_error(&error);
    emitter_array_end(&emitter);
    end(host, &emitter);
}
