/* Pages that `firn serve` makes: the entries of a folder, and figures of the server. */
#include "common/emitter.h"
#include "common/html.h"
#include "serve/path.h"
#include "serve/site.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 100000u

/* --- a folder --- */

static void print_entry(FILE *out, int folder, const char *name)
{
    char address[3 * 256 + 4];
    struct stat stat;
    if (fstatat(folder, name, &stat, 0) != 0 || path_to_address(name, address, sizeof address) == 0)
        return;
    const char *slash = S_ISDIR(stat.st_mode) ? "/" : "";
    /* "./" keeps a name with a colon from being read as a scheme */
    fprintf(out, "<tr><td><a href=\"./%s%s\">", address, slash);
    html_text(out, name);
    fprintf(out, "%s</a><td>", slash);
    if (!S_ISDIR(stat.st_mode))
        fprintf(out, "%lld", (long long)stat.st_size);
    fputs("\n", out);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder that do not begin with a dot, up to ENTRIES_MAX, sorted; in the arena. NULL
 * when there is no memory. */
static char **read_names(int folder, firn_arena *arena, size_t *ret_count)
{
    size_t count = 0, capacity = 64;
    char **names = firn_arena_alloc(arena, capacity * sizeof *names);
    DIR *entries = fdopendir(dup(folder));
    const struct dirent *entry;
    while (entries != NULL && names != NULL && count < ENTRIES_MAX &&
           (entry = readdir(entries)) != NULL) {
        size_t size = strlen(entry->d_name) + 1;
        if (entry->d_name[0] == '.')
            continue;
        if (count == capacity) {
            char **more = firn_arena_alloc(arena, 2 * capacity * sizeof *names);
            if (more != NULL)
                memcpy(more, names, count * sizeof *names);
            names = more;
            capacity *= 2;
        }
        char *name = names != NULL ? firn_arena_alloc(arena, size) : NULL;
        if (name == NULL)
            names = NULL;
        else
            names[count++] = memcpy(name, entry->d_name, size);
    }
    if (entries == NULL || closedir(entries) != 0)
        names = NULL;
    if (names != NULL)
        qsort(names, count, sizeof *names, by_name);
    *ret_count = count;
    return names;
}

static bool print_listing(FILE *out, int folder, const char *path)
{
    firn_arena arena;
    size_t count;
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return false;
    char **names = read_names(folder, &arena, &count);
    fputs("<!doctype html>\n<meta charset=\"utf-8\">\n<title>", out);
    html_text(out, path);
    fputs("</title>\n<h1>", out);
    html_text(out, path);
    fputs("</h1>\n<table>\n", out);
    if (strcmp(path, ".") != 0)
        fputs("<tr><td><a href=\"../\">../</a><td>\n", out);
    for (size_t i = 0; names != NULL && i < count; i++)
        print_entry(out, folder, names[i]);
    fputs("</table>\n", out);
    firn_arena_fini(&arena);
    return names != NULL;
}

/* A page is written to a file in memory, which the server then sends. */
static FILE *page_begin(void)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    FILE *out = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (out == NULL && fd >= 0)
        close(fd);
    return out;
}

static void page_end(firn_http_exchange *exchange, FILE *out, bool is_good, const char *type)
{
    is_good = is_good && out != NULL && fflush(out) == 0;
    off_t size = is_good ? ftello(out) : -1;
    int fd = size >= 0 ? dup(fileno(out)) : -1;
    if (out != NULL)
        fclose(out);
    if (fd < 0) {
        site_answer_status(exchange, 503);
        return;
    }
    bool begun = firn_http_answer_begin(exchange, 200) == FIRN_OK &&
                 firn_http_answer_field(exchange, "Content-Type", type, strlen(type)) == FIRN_OK;
    if (begun)
        (void)!firn_http_answer_file(exchange, fd, 0, (uint64_t)size);
    else
        close(fd);
}

void site_answer_listing(firn_http_exchange *exchange, int folder, const char *path)
{
    FILE *out = page_begin();
    bool is_good = out != NULL && print_listing(out, folder, path);
    close(folder);
    page_end(exchange, out, is_good, "text/html; charset=utf-8");
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
        emitter_number(emitter, "below",
                       slot < 4 ? slot + 1 : (UINT64_C(5) + slot % 4) << (slot / 4 - 1));
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
    emitter_number(emitter, "allocations", stats.allocation_count);
    emitter_number(emitter, "over_limits",
                   atomic_load_explicit(&site->over_limits, memory_order_relaxed));
    emitter_number(emitter, "loops", site->loop_count);
    emitter_number(emitter, "handshakes", stats.handshake_count);
    emitter_number(emitter, "handshakes_resumed", stats.resumed_count);
    emitter_number(emitter, "handshakes_failed", stats.handshake_failed_count);
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
    FILE *out = page_begin();
    bool is_good = false;
    if (out != NULL) {
        struct emitter emitter;
        emitter_begin(&emitter, out, true);
        emit_stats(&emitter, site);
        is_good = emitter_end(&emitter, EXIT_DONE) == EXIT_DONE;
    }
    page_end(exchange, out, is_good, "application/json");
}

/* --- what became of requests --- */

static void note(struct histogram *histogram, uint64_t value)
{
    unsigned slot = (unsigned)(value & 3);
    if (value >= 4) {
        const unsigned top = 63 - (unsigned)__builtin_clzll(value);
        slot = 4 * (top - 1) + (unsigned)(value >> (top - 2) & 3);
    }
    slot = slot < SLOTS ? slot : SLOTS - 1;
    atomic_fetch_add_explicit(&histogram->slots[slot], 1, memory_order_relaxed);
}

/* In the combined log format. */
static void write_log(struct site *site, const firn_http_record *record)
{
    const firn_http_head *head = record->head;
    char date[64], peer[64];
    time_t now = time(NULL);
    if (firn_http_exchange_peer(record->exchange, peer, sizeof peer) != FIRN_OK)
        memcpy(peer, "-", 2);
    struct tm at;
    gmtime_r(&now, &at);
    strftime(date, sizeof date, "%d/%b/%Y:%H:%M:%S +0000", &at);
    const firn_http_field *referer = firn_http_head_find(head, record->data, "referer", 0);
    const firn_http_field *agent = firn_http_head_find(head, record->data, "user-agent", 0);
    pthread_mutex_lock(&site->log_mutex);
    fprintf(site->log, "%s - - [%s] \"", peer, date);
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
    if (record->status == 414 || record->status == 431)
        atomic_fetch_add_explicit(&site->over_limits, 1, memory_order_relaxed);
    else if (record->head->size > 0) { /* it is whole */
        note(&site->fields, record->head->field_count);
        note(&site->head_bytes, record->head->size);
        note(&site->target_bytes, record->head->target.size);
    }
    note(&site->answer_us, record->duration_ns / 1000);
    if (site->log != NULL)
        write_log(site, record);
}
