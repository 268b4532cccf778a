/* Records as columns before zstd, against the same rows as they are: 10^6 visits of pages (row T10)
 * and the lines of dpkg's log.
 *
 *     columns [--json] [--quick] [--runs N] [--svg FILE] [DIR]
 *
 * Addresses and titles are real: the links of all HTML files below DIR (/usr/share/doc when it is
 * not given; scripts/setup bench installs some) and the home pages of Debian's packages. What is
 * made up is who visits what when: sessions that begin at a page, the first ones of a shuffled list
 * being much more frequent, go on to near pages or back to recent ones, and tell microseconds.
 * A row is its time in 8 bytes and its texts, each ended by a NUL. */
#include <ctype.h>
#include <fts.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <firn/codec.h>
#include <firn/columns.h>
#include <firn/intern.h>

#include "support/contender.h"
#include "support/measure.h"
#include "support/options.h"
#include "support/plot.h"

enum { VISITS = 1000000, QUICK_VISITS = 200000, BLOCK_MAX = 1 << 17, LOG_MAX = 1 << 20 };

static const char HOST[] = "https://docs.debian.org", DASH[] = " - ";
static const char PACKAGES[] = "https://packages.debian.org/bookworm/";
static const char DETAILS[] = "Debian -- Details of package ";

/* --- pages: addresses and titles --- */

static firn_intern *pages; /* addresses; ids are pages */
static firn_intern *titles;
static uint32_t *title_of; /* of each page */
static size_t title_room;

struct text {
    char data[1000];
    size_t size;
};

static uint32_t intern(firn_intern *table, const char *text, size_t size, bool *ret_new)
{
    uint32_t id;
    if (firn_intern_put(table, text, size, &id, ret_new) != FIRN_OK)
        exit(1);
    return id;
}

static void page_add(const struct text *url, const struct text *title)
{
    bool is_new;
    uint32_t page = intern(pages, url->data, url->size, &is_new);
    if (!is_new)
        return;
    void *block = title_of;
    if (!firn_grow(NULL, &block, &title_room, page + 1, sizeof *title_of))
        exit(1);
    title_of = block;
    title_of[page] = intern(titles, title->data, title->size, NULL);
}

/* Adds what is between two places without tags, spaces in a row as one. */
static void plain_add(struct text *text, const char *at, const char *end)
{
    bool in_tag = false;
    for (; at < end && text->size < sizeof text->data; at++) {
        bool space = isspace((unsigned char)*at);
        if (*at == '<' || *at == '>')
            in_tag = *at == '<';
        else if (!in_tag && (!space || (text->size > 0 && text->data[text->size - 1] != ' ')))
            text->data[text->size++] = space ? ' ' : *at;
    }
}

/* The links of a page, relative ones below its folder. A link's title is its text and the page's
 * own title. */
static void links_read(const char *path, const char *html)
{
    const char *head = strstr(html, "<title>");
    const char *head_end = head != NULL ? strstr(head, "</title>") : NULL;
    for (const char *at = html; (at = strstr(at, "<a ")) != NULL; at++) {
        const char *end = strstr(at, "</a>"), *close = strchr(at, '>');
        const char *href = strstr(at, "href=\"");
        struct text url = {.size = 0}, title = {.size = 0};
        if (end == NULL || close == NULL || href == NULL || href > close || close > end)
            continue;
        href += strlen("href=\"");
        const char *href_end = href + strcspn(href, "\""), *scheme = strstr(href, "://");
        if (scheme == NULL || scheme > href_end) {
            const char *folder_end = href[0] == '#' ? path + strlen(path) : strrchr(path, '/') + 1;
            plain_add(&url, HOST, HOST + strlen(HOST));
            plain_add(&url, path, folder_end);
        }
        plain_add(&url, href, href_end);
        plain_add(&title, close, end);
        if (title.size == 0)
            continue;
        if (head_end != NULL) {
            plain_add(&title, DASH, DASH + strlen(DASH));
            plain_add(&title, head + strlen("<title>"), head_end);
        }
        page_add(&url, &title);
    }
}

static void tree_read(const char *root)
{
    static char html[1 << 24];
    char *roots[] = {(char *)(uintptr_t)root, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        const char *end = strrchr(entry->fts_name, '.');
        if (entry->fts_info != FTS_F || end == NULL || strcmp(end, ".html") != 0)
            continue;
        FILE *file = fopen(entry->fts_accpath, "r");
        html[file != NULL ? fread(html, 1, sizeof html - 1, file) : 0] = '\0';
        if (file != NULL)
            fclose(file);
        links_read(entry->fts_path, html);
    }
    if (tree != NULL)
        fts_close(tree);
}

/* Home pages with what they are about, and each package's page, as apt knows them. */
static void packages_read(void)
{
    static char line[1 << 16];
    struct text home = {.size = 0}, about = {.size = 0}, url, title;
    FILE *pipe = popen("apt-cache dumpavail 2>/dev/null", "r");
    while (pipe != NULL && fgets(line, sizeof line, pipe) != NULL) {
        char *value = strchr(line, ':') != NULL ? strchr(line, ':') + 1 : line;
        char *end = line + strlen(line);
        value += *value == ' ';
        if (strncmp(line, "Package: ", 9) == 0) {
            url.size = title.size = home.size = 0;
            plain_add(&url, PACKAGES, PACKAGES + strlen(PACKAGES));
            plain_add(&url, value, end - 1);
            plain_add(&title, DETAILS, DETAILS + strlen(DETAILS));
            plain_add(&title, value, end - 1);
            page_add(&url, &title);
        } else if (strncmp(line, "Homepage: ", 10) == 0) {
            plain_add(&home, value, end - 1);
        } else if (strncmp(line, "Description: ", 13) == 0) {
            about.size = 0;
            plain_add(&about, value, end - 1);
        } else if (line[0] == '\n' && home.size > 0) {
            page_add(&home, &about);
            home.size = 0;
        }
    }
    if (pipe != NULL)
        pclose(pipe);
}

/* --- visits --- */

static uint64_t times[VISITS];
static uint32_t visited[VISITS]; /* pages */

static double fraction(uint32_t *state)
{
    return random_next(state) / 4294967296.0;
}

/* The pages as they were found are near each other: so a session's steps are along them. */
static void visits_make(uint32_t count)
{
    uint32_t state = 5, page_count = firn_intern_count(pages);
    uint64_t now = UINT64_C(1700000000000000);
    uint32_t *shuffled = need(malloc(page_count * sizeof *shuffled));
    for (uint32_t i = 0; i < page_count; i++) {
        uint32_t other = random_below(&state, i + 1);
        shuffled[i] = shuffled[other];
        shuffled[other] = i;
    }
    for (uint32_t i = 0, left = 0, page = 0; i < count; i++, left--) {
        if (left == 0) {
            double place = fraction(&state);
            page = shuffled[(uint32_t)(place * place * place * page_count)];
            left = 1 + (uint32_t)(-6 * log(1 - fraction(&state)));
            now += (uint64_t)(-3600e6 * log(1 - fraction(&state)));
        }
        uint32_t back = 1 + (uint32_t)(-30 * log(1 - fraction(&state)));
        if (i > 500 && fraction(&state) < 0.4) {
            visited[i] = visited[i - back];
        } else {
            page = (page + 1 + random_below(&state, 3)) % page_count;
            visited[i] = page;
        }
        now += (uint64_t)(1e6 * exp(6 * fraction(&state) - 0.5));
        times[i] = now;
    }
    free(shuffled);
}

/* --- packing --- */

struct batch {
    uint32_t rows;
    uint64_t times[BLOCK_MAX];
    firn_bytes texts[3][BLOCK_MAX];
    firn_column columns[4];
    size_t column_count;
};

struct result {
    double plain, rows, columns; /* bytes */
    double pack_ns, unpack_ns;   /* of the columns, zstd not counted */
};

static double packed(firn_codec *codec, int level, const void *data, size_t size)
{
    size_t frame_size;
    void *frame = need(malloc(firn_codec_bound(size)));
    if (firn_codec_pack(codec, FIRN_CODEC_ZSTD, level, data, size, frame, &frame_size) != FIRN_OK)
        exit(1);
    free(frame);
    return (double)frame_size;
}

/* The same as rows: what a store of records would keep. */
static size_t rows_write(const struct batch *batch, char *out)
{
    char *at = out;
    for (uint32_t row = 0; row < batch->rows; row++) {
        memcpy(at, &batch->times[row], 8);
        at += 8;
        for (size_t i = 1; i < batch->column_count; i++) {
            const firn_bytes *text = &batch->texts[i - 1][row];
            if (text->size > 0)
                memcpy(at, text->data, text->size);
            at += text->size;
            *at++ = '\0';
        }
    }
    return (size_t)(at - out);
}

static void unpack_check(const struct batch *batch, const void *data, size_t size)
{
    static firn_bytes texts[BLOCK_MAX];
    static uint64_t numbers[BLOCK_MAX];
    firn_columns view;
    bool same = firn_columns_open(data, size, &view) == FIRN_OK &&
                firn_columns_numbers(&view, 0, numbers) == FIRN_OK &&
                memcmp(numbers, batch->times, batch->rows * sizeof *numbers) == 0;
    for (size_t i = 1; same && i < batch->column_count; i++) {
        void *block;
        size_t block_size;
        same = firn_columns_texts(&view, i, NULL, texts, &block, &block_size) == FIRN_OK;
        for (uint32_t row = 0; same && row < batch->rows; row++) {
            const firn_bytes *text = &batch->texts[i - 1][row];
            same = texts[row].size == text->size &&
                   (text->size == 0 || memcmp(texts[row].data, text->data, text->size) == 0);
        }
        if (same)
            firn_release(NULL, block, block_size);
    }
    if (!same) {
        fprintf(stderr, "what was unpacked is not what was packed\n");
        exit(1);
    }
}

static void batch_measure(struct batch *batch, firn_codec *codec, int level, struct result *result)
{
    static char plain[64 << 20];
    void *data;
    size_t size, plain_size = rows_write(batch, plain);
    uint64_t begin = cpu_ns();
    if (firn_columns_pack(batch->columns, batch->column_count, batch->rows, NULL, &data, &size) !=
        FIRN_OK)
        exit(1);
    uint64_t between = cpu_ns();
    unpack_check(batch, data, size);
    result->unpack_ns += (double)(cpu_ns() - between);
    result->pack_ns += (double)(between - begin);
    result->plain += (double)plain_size;
    result->rows += packed(codec, level, plain, plain_size);
    result->columns += packed(codec, level, data, size);
    firn_release(NULL, data, size);
}

static struct batch batch;

static struct result visits_measure(firn_codec *codec, int level, uint32_t count, uint32_t block)
{
    struct result result = {0};
    for (uint32_t first = 0; first < count; first += block) {
        batch.rows = count - first < block ? count - first : block;
        for (uint32_t row = 0; row < batch.rows; row++) {
            uint32_t page = visited[first + row];
            firn_bytes *url = &batch.texts[0][row], *title = &batch.texts[1][row];
            batch.times[row] = times[first + row];
            url->data = firn_intern_get(pages, page, &url->size);
            title->data = firn_intern_get(titles, title_of[page], &title->size);
        }
        batch.column_count = 3;
        batch.columns[0] = (firn_column){.kind = FIRN_COLUMN_NUMBER, .numbers = batch.times};
        batch.columns[1] = (firn_column){.kind = FIRN_COLUMN_TEXT, .texts = batch.texts[0]};
        batch.columns[2] =
            (firn_column){.kind = FIRN_COLUMN_TEXT, .like = 2, .texts = batch.texts[1]};
        batch_measure(&batch, codec, level, &result);
    }
    return result;
}

/* Lines of dpkg's log: date, time, what happened, and to what. */
static struct result log_measure(firn_codec *codec, int level, const char *log, size_t size)
{
    struct result result = {0};
    batch.rows = 0;
    for (const char *at = log, *end; batch.rows < BLOCK_MAX && at < log + size; at = end + 1) {
        struct tm date = {.tm_isdst = 0};
        end = memchr(at, '\n', (size_t)(log + size - at));
        if (end == NULL)
            break;
        if (end - at < 21 || strptime(at, "%Y-%m-%d %H:%M:%S ", &date) == NULL)
            continue;
        const char *word = memchr(at + 20, ' ', (size_t)(end - at - 20));
        word = word != NULL ? word : end;
        batch.times[batch.rows] = (uint64_t)timegm(&date);
        batch.texts[0][batch.rows] = (firn_bytes){at + 20, (size_t)(word - at - 20)};
        word += word < end;
        batch.texts[1][batch.rows++] = (firn_bytes){word, (size_t)(end - word)};
    }
    batch.column_count = 3;
    batch.columns[0] = (firn_column){.kind = FIRN_COLUMN_NUMBER, .numbers = batch.times};
    batch.columns[1] = (firn_column){.kind = FIRN_COLUMN_TEXT, .texts = batch.texts[0]};
    batch.columns[2] = (firn_column){.kind = FIRN_COLUMN_WORDS, .texts = batch.texts[1]};
    batch_measure(&batch, codec, level, &result);
    return result;
}

static size_t log_read(char *log, size_t capacity)
{
    FILE *file = fopen("/var/log/dpkg.log", "r");
    size_t size = file != NULL ? fread(log, 1, capacity, file) : 0;
    if (file != NULL)
        fclose(file);
    return size;
}

enum { ROWS_MAX = 16 };
static struct row rows[ROWS_MAX];
static size_t row_count;

static void row_add(const char *what, double value, const char *unit, double target,
                    const char *peer, double peer_value)
{
    rows[row_count++] = (struct row){.id = "T10",
                                     .what = what,
                                     .value = value,
                                     .unit = unit,
                                     .target = target,
                                     .at_least = true,
                                     .peers = {{peer, peer_value}}};
}

static void ratio_add(const char *what, const struct result *result, double target)
{
    row_add(what, result->plain / result->columns, "x", target, "rows",
            result->plain / result->rows);
}

int main(int argc, char **words)
{
    static const struct bench_about about = {
        .text = "Visits and log lines as columns, packed by zstd, against rows. Links are taken "
                "from the HTML files below DIR, /usr/share/doc if not given.",
        .word = "[DIR]"};
    static char log[LOG_MAX];
    struct bench_options options;
    firn_codec *codec;
    bench_options_read(&options, argc, words, &about);
    if (firn_intern_create(NULL, &pages) != FIRN_OK ||
        firn_intern_create(NULL, &titles) != FIRN_OK || firn_codec_create(NULL, &codec) != FIRN_OK)
        return 1;
    tree_read(options.word != NULL ? options.word : "/usr/share/doc");
    packages_read();
    if (firn_intern_count(pages) < 1000) {
        fprintf(stderr, "too few links; name a folder with HTML files\n");
        return 1;
    }
    uint32_t count = options.quick ? QUICK_VISITS : VISITS;
    visits_make(count);
    struct result at_9 = visits_measure(codec, 9, count, BLOCK_MAX);
    struct result small = visits_measure(codec, 9, count, 1 << 14);
    row_add("pages", firn_intern_count(pages), "", ROW_NO_TARGET, NULL, 0);
    row_add("a visit as a row", at_9.plain / count, "B", ROW_NO_TARGET, NULL, 0);
    if (!options.quick) {
        struct result at_3 = visits_measure(codec, 3, count, BLOCK_MAX);
        ratio_add("visits in blocks of 131,072, zstd-3", &at_3, ROW_NO_TARGET);
    }
    ratio_add("visits in blocks of 131,072, zstd-9", &at_9, 10);
    if (!options.quick) {
        struct result at_19 = visits_measure(codec, 19, BLOCK_MAX, BLOCK_MAX);
        ratio_add("the first 131,072 visits, zstd-19", &at_19, ROW_NO_TARGET);
    }
    ratio_add("visits in blocks of 16,384, zstd-9", &small, ROW_NO_TARGET);
    row_add("turning a visit into columns", at_9.pack_ns / count, "ns", ROW_NO_TARGET, NULL, 0);
    row_add("and back", at_9.unpack_ns / count, "ns", ROW_NO_TARGET, NULL, 0);
    size_t log_size = log_read(log, sizeof log);
    for (int level = 3; log_size > 0 && level <= 19; level += level == 3 ? 6 : 10) {
        struct result result = log_measure(codec, level, log, log_size);
        ratio_add(level == 3   ? "dpkg's log, zstd-3"
                  : level == 9 ? "dpkg's log, zstd-9"
                               : "dpkg's log, zstd-19",
                  &result, ROW_NO_TARGET);
    }
    int status = rows_report(rows, row_count, &options);
    firn_codec_destroy(codec);
    firn_intern_destroy(pages);
    firn_intern_destroy(titles);
    firn_release(NULL, title_of, title_room * sizeof *title_of);
    return status;
}
