/* Pages that `firn serve` makes: the entries of a folder, and figures of the server. */
#include "common/emitter.h"
#include "serve/path.h"
#include "serve/site.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 100000u

/* --- a folder --- */

/* A text with what HTML would take as markup written otherwise. */
static void print_html(FILE *out, const char *text)
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
        default:
            fputc(*text, out);
        }
    }
}

static void print_entry(FILE *out, int folder, const struct dirent *entry)
{
    char address[3 * 256 + 4];
    struct stat stat;
    if (fstatat(folder, entry->d_name, &stat, 0) != 0 ||
        path_to_address(entry->d_name, address, sizeof address) == 0)
        return;
    const char *slash = S_ISDIR(stat.st_mode) ? "/" : "";
    /* "./" keeps a name with a colon from being read as a scheme */
    fprintf(out, "<tr><td><a href=\"./%s%s\">", address, slash);
    print_html(out, entry->d_name);
    fprintf(out, "%s</a><td>", slash);
    if (!S_ISDIR(stat.st_mode))
        fprintf(out, "%lld", (long long)stat.st_size);
    fputs("\n", out);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void print_listing(FILE *out, int folder, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandirat(folder, ".", &entries, is_shown, by_name);
    fputs("<!doctype html>\n<meta charset=\"utf-8\">\n<title>", out);
    print_html(out, path);
    fputs("</title>\n<h1>", out);
    print_html(out, path);
    fputs("</h1>\n<table>\n", out);
    if (strcmp(path, ".") != 0)
        fputs("<tr><td><a href=\"../\">../</a><td>\n", out);
    for (int i = 0; i < count; i++) {
        if ((unsigned)i < ENTRIES_MAX)
            print_entry(out, folder, entries[i]);
        free(entries[i]);
    }
    free(entries);
    fputs("</table>\n", out);
}

/* Answers with what was written into memory, and frees it. */
static void answer_text(firn_http_exchange *exchange, FILE *out, char **text, const size_t *size,
                        const char *type)
{
    bool failed = out == NULL || ferror(out) != 0;
    failed |= out != NULL && fclose(out) != 0;
    if (failed)
        site_answer_status(exchange, 503);
    else
        firn_http_answer(exchange, 200, type, *text, *size);
    free(*text);
}

void site_answer_listing(firn_http_exchange *exchange, int folder, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL)
        print_listing(out, folder, path);
    close(folder);
    answer_text(exchange, out, &text, &size, "text/html; charset=utf-8");
}

/* --- figures --- */

static void emit_histogram(struct emitter *emitter, const char *key,
                           const struct histogram *histogram)
{
    static const struct emitter_column columns[] = {{"below", 12}, {"count", 12}};
    emitter_table_begin(emitter, key, columns, 2);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        uint64_t count = atomic_load_explicit(&histogram->slots[slot], memory_order_relaxed);
        if (count == 0)
            continue;
        emitter_row_begin(emitter);
        emitter_number(emitter, "below", UINT64_C(1) << slot);
        emitter_number(emitter, "count", count);
        emitter_row_end(emitter);
    }
    emitter_table_end(emitter);
}

static void emit_stats(struct emitter *emitter, const struct site *site)
{
    firn_http_server_stats stats;
    firn_process_memory memory = {0};
    firn_http_server_stats_get(site->server, &stats);
    if (firn_process_memory_get(&memory) != FIRN_OK)
        memory = (firn_process_memory){0};
    emitter_object_begin(emitter, NULL);
    emitter_text(emitter, "profile", site->profile);
    emitter_number(emitter, "accepted", stats.accepted_count);
    emitter_number(emitter, "requests", stats.request_count);
    emitter_number(emitter, "refused", stats.refused_count);
    emitter_number(emitter, "timeouts", stats.timeout_count);
    emitter_number(emitter, "spills", stats.spill_count);
    emitter_bytes(emitter, "received_bytes", stats.received_bytes);
    emitter_bytes(emitter, "sent_bytes", stats.sent_bytes);
    emitter_object_begin(emitter, "connections");
    emitter_number(emitter, "all", stats.connections);
    emitter_number(emitter, "idle", stats.idle);
    emitter_number(emitter, "reading", stats.reading);
    emitter_number(emitter, "handling", stats.handling);
    emitter_number(emitter, "sending", stats.sending);
    emitter_object_end(emitter);
    emitter_object_begin(emitter, "memory");
    emitter_bytes(emitter, "entry_bytes", stats.entry_bytes);
    emitter_bytes(emitter, "block_bytes", stats.block_bytes);
    emitter_bytes(emitter, "rss_bytes", memory.rss_bytes);
    emitter_bytes(emitter, "pss_bytes", memory.pss_bytes);
    emitter_bytes(emitter, "peak_rss_bytes", memory.peak_rss_bytes);
    emitter_object_end(emitter);
    emit_histogram(emitter, "fields", &site->fields);
    emit_histogram(emitter, "head_bytes", &site->head_bytes);
    emit_histogram(emitter, "target_bytes", &site->target_bytes);
    emit_histogram(emitter, "answer_us", &site->answer_us);
    emitter_object_end(emitter);
}

void site_answer_stats(struct site *site, firn_http_exchange *exchange)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) {
        struct emitter emitter;
        emitter_begin(&emitter, out, true);
        emit_stats(&emitter, site);
        (void)emitter_end(&emitter, EXIT_DONE);
    }
    answer_text(exchange, out, &text, &size, "application/json");
}

/* --- what became of requests --- */

static void note(struct histogram *histogram, uint64_t value)
{
    unsigned slot = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
    slot = slot < SLOTS ? slot : SLOTS - 1;
    atomic_fetch_add_explicit(&histogram->slots[slot], 1, memory_order_relaxed);
}

/* In the combined log format. */
static void write_log(struct site *site, const firn_http_record *record)
{
    const firn_http_head *head = record->head;
    char date[64];
    time_t now = time(NULL);
    struct tm at;
    gmtime_r(&now, &at);
    strftime(date, sizeof date, "%d/%b/%Y:%H:%M:%S +0000", &at);
    const firn_http_field *referer = firn_http_head_find(head, record->data, "referer", 0);
    const firn_http_field *agent = firn_http_head_find(head, record->data, "user-agent", 0);
    pthread_mutex_lock(&site->log_mutex);
    fprintf(site->log, "%s - - [%s] \"", record->peer, date);
    print_escaped(site->log, record->data + head->method_text.offset, head->method_text.size);
    fputc(' ', site->log);
    print_escaped(site->log, record->data + head->target.offset, head->target.size);
    fprintf(site->log, " HTTP/1.%u\" %u %llu \"", (unsigned)head->minor, (unsigned)record->status,
            (unsigned long long)record->body_bytes);
    const firn_http_field *const texts[] = {referer, agent};
    for (int i = 0; i < 2; i++) {
        if (texts[i] == NULL)
            fputc('-', site->log);
        else
            print_escaped(site->log, record->data + texts[i]->value.offset, texts[i]->value.size);
        fputs(i == 0 ? "\" \"" : "\"\n", site->log);
    }
    pthread_mutex_unlock(&site->log_mutex);
}

void site_record(void *context, const firn_http_record *record)
{
    struct site *site = context;
    note(&site->fields, record->head->field_count);
    note(&site->head_bytes, record->head->size);
    note(&site->target_bytes, record->head->target.size);
    note(&site->answer_us, record->duration_ns / 1000);
    if (site->log != NULL)
        write_log(site, record);
}
