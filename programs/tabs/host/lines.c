/* Commands, one a line, and what they answer.
 *
 *     WORD ARGUMENTS     blanks between; "..." or '...' round a selector that has blanks
 *
 * Empty lines and those that begin with # are passed over. What a page is asked for is a script
 * that is evaluated in it, with the user's words in it as quoted texts. */
#include "tabs/host/host.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDIN_MAX_BYTES (64u << 20)

/* What follows the command's name. */
struct words {
    char *rest;
    size_t size; /* up to the end of the line */
};

/* Takes a word, quoted or not, which ends with a NUL then. NULL: there is none. */
static char *take_word(struct words *words)
{
    char *word = words->rest, *last = words->rest + words->size;
    const char quote = words->size > 0 && (*word == '"' || *word == '\'') ? *word : '\0';
    if (words->size == 0)
        return NULL;
    word += quote != '\0';
    char *end = word;
    while (end < last && (quote != '\0' ? *end != quote : !isblank((unsigned char)*end)))
        end++;
    if (quote != '\0' && end == last)
        return NULL;
    char *next = end < last ? end + 1 : end;
    while (next < last && isblank((unsigned char)*next))
        next++;
    *end = '\0';
    words->rest = next;
    words->size = (size_t)(last - next);
    return word;
}

/* Takes the number of a tab. NULL: it has been answered why there is none. */
static struct tab *take_tab(struct host *host, struct words *words)
{
    char *word = take_word(words), *end;
    if (word == NULL) {
        answer_error(host, "the number of a tab is missing");
        return NULL;
    }
    const unsigned long long number = strtoull(word, &end, 10);
    struct tab *tab = *end == '\0' && isdigit((unsigned char)*word) ? tab_find(host, number) : NULL;
    if (tab == NULL)
        answer_error(host, "%s: there is no such tab", word);
    else
        tab->used_ns = firn_clock_ns();
    if (tab != NULL)
        tab->told = tab->hops = 0;
    return tab;
}

/* --- scripts --- */

static uint64_t reply_limit_ms(const struct host *host)
{
    return host->tab_seconds > 0 ? host->tab_seconds * UINT64_C(4000) + 20000 : UINT64_C(86400000);
}

/* Has a script evaluated; the reply is the tab's. False: it has been answered what went wrong. */
static bool evaluate(struct host *host, struct tab *tab, const char *script, size_t size,
                     const char **ret_text, size_t *ret_size)
{
    char why[300];
    size_t used;
    message reply;
    if (!sleep_wake(host, tab, why, sizeof why)) {
        answer_error(host, "tab %u: %s", tab->number, why);
        return false;
    }
    tab->has_reply = false;
    message_begin(&tab->out, MESSAGE_EVAL, 0);
    message_add(&tab->out, script, size);
    message_end(&tab->out);
    tab->is_asked = true;
    const uint32_t instance = tab->instance;
    loop_send(host, tab);
    const bool replied = loop_wait_reply(host, tab, reply_limit_ms(host));
    loop_leave(host, tab);
    if (!replied && tab->state != TAB_LOST && tab->instance != instance) {
        answer_error(host, "tab %u: it went to another document meanwhile", tab->number);
        return false;
    }
    if (!replied) {
        if (tab->state != TAB_LOST)
            tab_lose(host, tab, "it did not answer and was stopped");
        answer_error(host, "tab %u: %s", tab->number, tab->failed);
        return false;
    }
    if (message_find(tab->reply.data, tab->reply.size, &reply, &used) != MESSAGE_WHOLE ||
        reply.kind != MESSAGE_VALUE) {
        answer_error(host, "tab %u: it answered something else", tab->number);
        return false;
    }
    const bool threw = message_take_number(&reply) != 0;
    *ret_text = message_take(&reply, ret_size);
    if (threw)
        answer_error(host, "%s", *ret_text);
    return !threw;
}

static void let_reply_go(struct tab *tab)
{
    message_fini(&tab->reply);
    tab->has_reply = false;
}

/* Adds a user's text as a literal of JavaScript. */
static void add_quoted(message_buffer *script, const char *text, size_t size)
{
    char escape[8];
    message_add_raw(script, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            message_add_raw(script, text + i, 1);
            continue;
        }
        snprintf(escape, sizeof escape, "\\u%04x", byte);
        message_add_raw(script, escape, 6);
    }
    message_add_raw(script, "\"", 1);
}

/* Evaluates `before` + first + `between` + second + `after`, first and second quoted, and waits for
 * the document that it may have gone to. NULL: it has been answered. */
static const char *evaluate_with(struct host *host, struct tab *tab, const char *const parts[3],
                                 const char *first, const char *second, size_t *ret_size)
{
    message_buffer script = {0};
    const char *text = NULL;
    message_add_raw(&script, parts[0], strlen(parts[0]));
    if (first != NULL)
        add_quoted(&script, first, strlen(first));
    message_add_raw(&script, parts[1], strlen(parts[1]));
    if (second != NULL)
        add_quoted(&script, second, strlen(second));
    message_add_raw(&script, parts[2], strlen(parts[2]));
    if (script.failed)
        answer_error(host, "out of memory");
    else if (!evaluate(host, tab, script.data, script.size, &text, ret_size))
        text = NULL;
    message_fini(&script);
    return text;
}

/* --- commands --- */

static void answer_loaded(struct host *host, struct tab *tab)
{
    const bool is_there = load_wait(host, tab);
    host->list_changed = true; /* with the title */
    if (is_there)
        answer_tab(host, tab);
    else
        answer_error(host, "tab %u: %s", tab->number,
                     tab->failed != NULL ? tab->failed : "it is lost");
}

static bool open_stdin(struct host *host, struct tab *tab)
{
    message_buffer text = {0};
    ssize_t got = 1;
    while (got > 0 && text.size < STDIN_MAX_BYTES && message_reserve(&text, 64 << 10)) {
        got = read(STDIN_FILENO, text.data + text.size, 64 << 10);
        text.size += got > 0 ? (size_t)got : 0;
    }
    load_given(host, tab, "about:blank", text.data, text.size);
    message_fini(&text);
    return got == 0;
}

static void command_open(struct host *host, struct words *words)
{
    char url[8192], why[400];
    const bool is_stdin = strcmp(words->rest, "-") == 0;
    if (words->size == 0) {
        answer_error(host, "open needs a URL or a file");
        return;
    }
    if (is_stdin && host->reads_stdin) {
        answer_error(host, "-: standard input has the commands; give these as a file");
        return;
    }
    if (!is_stdin && !load_name(words->rest, url, sizeof url, why, sizeof why)) {
        answer_error(host, "%s", why);
        return;
    }
    struct tab *tab = pages_begin(host) ? tab_add(host) : NULL;
    if (tab == NULL) {
        answer_error(host, "%s",
                     host->zygote_failed[0] != '\0' ? host->zygote_failed : "out of memory");
        return;
    }
    const struct document document = {.method = "GET", .url = url};
    if (is_stdin)
        (void)open_stdin(host, tab);
    else
        load_begin(host, tab, &document, false); /* is fetched while the zygote starts */
    const bool has_zygote = pages_wait(host);
    if (has_zygote && (load_wait(host, tab) || tab->visits.count > 0)) {
        answer_loaded(host, tab);
        return;
    }
    answer_error(host, "%s",
                 !has_zygote           ? host->zygote_failed
                 : tab->failed != NULL ? tab->failed
                                       : "it cannot be opened");
    if (tab->number == host->next_number) /* what follows in a script counts on its own numbers */
        host->next_number--;
    tab_remove(host, tab);
}

static void command_reload(struct host *host, struct words *words)
{
    struct tab *tab = take_tab(host, words);
    if (tab == NULL)
        return;
    const struct document document = {.method = "GET", .url = tab->url, .is_reload = true};
    load_begin(host, tab, &document, true);
    answer_loaded(host, tab);
}

static void command_eval(struct host *host, struct words *words)
{
    const char *text;
    size_t size;
    struct tab *tab = take_tab(host, words);
    if (tab == NULL || !evaluate(host, tab, words->rest, words->size, &text, &size))
        return;
    (void)load_wait(host, tab);
    answer_value(host, text, size);
    let_reply_go(tab);
}

static void answer_script(struct host *host, struct words *words, const char *script)
{
    const char *text;
    size_t size;
    struct tab *tab = take_tab(host, words);
    if (tab == NULL || !evaluate(host, tab, script, strlen(script), &text, &size))
        return;
    answer_value(host, text, size);
    let_reply_go(tab);
}

static void command_text(struct host *host, struct words *words)
{
    answer_script(host, words,
                  "document.body?.innerText ?? document.documentElement?.textContent ?? ''");
}

static void command_html(struct host *host, struct words *words)
{
    answer_script(host, words,
                  "[...document.childNodes].map(node => node.nodeType === 10 ? `<!DOCTYPE "
                  "${node.name}>` : node.nodeType === 8 ? `<!--${node.data}-->` : "
                  "node.outerHTML).join('')");
}

static void command_query(struct host *host, struct words *words)
{
    static const char *const parts[3] = {
        "Array.from(document.querySelectorAll(",
        "), each => each.outerHTML.replace(/\\0/g, '\\ufffd') + '\\0').join('')", ""};
    size_t size;
    struct tab *tab = take_tab(host, words);
    if (tab == NULL)
        return;
    if (words->size == 0) {
        answer_error(host, "query needs a selector");
        return;
    }
    const char *text = evaluate_with(host, tab, parts, words->rest, NULL, &size);
    if (text == NULL)
        return;
    answer_values(host, text, size);
    let_reply_go(tab);
}

/* Does something to the first element that a selector finds. */
static void act(struct host *host, struct tab *tab, const char *const parts[3],
                const char *selector, const char *text)
{
    size_t size;
    const char *found = evaluate_with(host, tab, parts, selector, text, &size);
    if (found == NULL)
        return;
    if (strcmp(found, "1") != 0)
        answer_error(host, "tab %u: no element is %s", tab->number, selector);
    else if (load_wait(host, tab))
        answer_done(host);
    else
        answer_error(host, "tab %u: %s", tab->number, tab->failed != NULL ? tab->failed : "lost");
    let_reply_go(tab);
}

static void command_click(struct host *host, struct words *words)
{
    static const char *const parts[3] = {
        "(found => found === null ? 0 : (found.click(), 1))(document.querySelector(", "))", ""};
    struct tab *tab = take_tab(host, words);
    if (tab != NULL && words->size == 0)
        answer_error(host, "click needs a selector");
    else if (tab != NULL)
        act(host, tab, parts, words->rest, NULL);
}

static void command_fill(struct host *host, struct words *words)
{
    static const char *const parts[3] = {
        "((found, text) => { if (found === null) return 0; found.focus?.();"
        "if ('value' in found) found.value = text; else found.textContent = text;"
        "for (const type of ['input', 'change']) found.dispatchEvent(new Event(type, "
        "{ bubbles: true })); return 1; })(document.querySelector(",
        "), ", ")"};
    struct tab *tab = take_tab(host, words);
    const char *selector = tab != NULL ? take_word(words) : NULL;
    if (tab != NULL && selector == NULL)
        answer_error(host, "fill needs a selector and a text");
    else if (tab != NULL)
        act(host, tab, parts, selector, words->rest);
}

static void command_state(struct host *host, struct words *words)
{
    char why[300];
    struct tab *tab = take_tab(host, words);
    if (tab == NULL)
        return;
    if (words->size == 0) {
        answer_tab(host, tab);
        return;
    }
    for (tab_state to = TAB_ACTIVE; to <= TAB_FROZEN; to++) {
        if (strcmp(words->rest, tab_state_name(to)) != 0)
            continue;
        if (!sleep_move(host, tab, to, why, sizeof why)) {
            answer_error(host, "tab %u: %s", tab->number, why);
            return;
        }
        /* a state that was asked for stays until its age is that of the next */
        tab->used_ns = firn_clock_ns();
        answer_tab(host, tab);
        return;
    }
    answer_error(host, "%s: is no state; these are active, warm, cold and frozen", words->rest);
}

static void command_console(struct host *host, struct words *words)
{
    struct tab *tab = take_tab(host, words);
    if (tab == NULL)
        return;
    const char *lines = tab->console != NULL ? tab->console : "";
    answer_value(host, lines, strlen(lines));
}

static void command_close(struct host *host, struct words *words)
{
    struct tab *tab = take_tab(host, words);
    if (tab == NULL)
        return;
    tab_remove(host, tab);
    answer_done(host);
}

static void command_sleep(struct host *host, struct words *words)
{
    char *end;
    const unsigned long long ms = strtoull(words->rest, &end, 10);
    if (words->size == 0 || *end != '\0' || ms > 86400000) {
        answer_error(host, "sleep needs milliseconds, of a day at most");
        return;
    }
    const uint64_t end_ns = firn_clock_ns() + ms * 1000000;
    for (uint64_t now_ns; (now_ns = firn_clock_ns()) < end_ns;) {
        const int left_ms = (int)((end_ns - now_ns) / 1000000) + 1, next_ms = ageing_step(host);
        (void)loop_turn(host, left_ms < next_ms ? left_ms : next_ms, -1);
    }
    answer_done(host);
}

static void command_history(struct host *host, struct words *words)
{
    answer_history(host, words->rest);
}

static void command_list(struct host *host, struct words *words)
{
    (void)words;
    answer_list(host);
}

static void command_stats(struct host *host, struct words *words)
{
    (void)words;
    stats_answer(host);
}

static void command_help(struct host *host, struct words *words);

static const struct {
    const char *name, *arguments;
    void (*run)(struct host *host, struct words *words);
} commands[] = {
    {"open", "URL|FILE|-", command_open},
    {"eval", "TAB JS", command_eval},
    {"text", "TAB", command_text},
    {"html", "TAB", command_html},
    {"query", "TAB SELECTOR", command_query},
    {"click", "TAB SELECTOR", command_click},
    {"fill", "TAB SELECTOR TEXT", command_fill},
    {"console", "TAB", command_console},
    {"state", "TAB [active|warm|cold|frozen]", command_state},
    {"reload", "TAB", command_reload},
    {"list", "", command_list},
    {"history", "[TEXT]", command_history},
    {"stats", "", command_stats},
    {"sleep", "MS", command_sleep},
    {"close", "TAB", command_close},
    {"help", "", command_help},
};

static void command_help(struct host *host, struct words *words)
{
    char text[800];
    size_t size = 0;
    (void)words;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        size +=
            (size_t)snprintf(text + size, sizeof text - size, "%s%s%s; ", commands[i].name,
                             commands[i].arguments[0] != '\0' ? " " : "", commands[i].arguments);
    size += (size_t)snprintf(text + size, sizeof text - size, "quit");
    answer_value(host, text, size);
}

bool lines_run(struct host *host, char *line, size_t size)
{
    while (size > 0 && isspace((unsigned char)line[size - 1]))
        size--;
    line[size] = '\0';
    struct words words = {line, size};
    while (words.size > 0 && isblank((unsigned char)*words.rest)) {
        words.rest++;
        words.size--;
    }
    if (words.size == 0 || *words.rest == '#')
        return true;
    const size_t length = strcspn(words.rest, " \t");
    const char *name = words.rest;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strlen(commands[i].name) == length && memcmp(name, commands[i].name, length) == 0) {
            (void)take_word(&words);
            commands[i].run(host, &words);
            return true;
        }
    }
    if (length == 4 && memcmp(name, "quit", 4) == 0)
        return false;
    answer_error(host, "%.*s: is no command; `help` tells what there is",
                 (int)(length < 60 ? length : 60), name);
    return true;
}
