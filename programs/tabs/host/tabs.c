/* `firn tabs`: its options, its script, and the folder where it keeps what is to be kept.
 *
 *     options -> the folder -> lines of the script, with the loop between them -> the end
 *
 * The script engine is not linked here: it is another program, firn-page, that is started with the
 * first tab, so that no other command waits for it to be loaded. */
#include "tabs/tabs.h"

#include "tabs/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (16u << 20)
enum { MAPPED_BYTES = 64 << 10 };

static const struct option options[] = {
    {.name = "store",
     .letter = 's',
     .kind = OPTION_TEXT,
     .argument = "DIR",
     .help = "keep history, responses, storage and the list of tabs in this folder"},
    {.name = "memory",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .help = "of all tabs; beyond it those touched longest ago sleep (default: none)"},
    {.name = "tab-memory",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .fallback = "512M",
     .help = "that one tab may have; 0: no limit"},
    {.name = "tab-seconds",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "10",
     .help = "of the processor that a script may run at once; 0: any"},
    {.name = "warm-seconds",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "30",
     .help = "after which an untouched tab is packed in RAM"},
    {.name = "cold-seconds",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "300",
     .help = "after which it is packed better"},
    {.name = "frozen-seconds",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "3600",
     .help = "after which it goes to disk, and its process ends"},
    {.name = "wake-timers", .kind = OPTION_FLAG, .help = "timers wake the tabs that set them"},
    {.name = NULL}};

static enum exit_status command_tabs(const struct invocation *invocation);

static const struct command commands[] = {
    {.name = NULL,
     .usage = "[SCRIPT]",
     .summary = "Keep many web pages open, asleep when nobody looks",
     .description =
         "Reads commands, one a line, from SCRIPT or standard input, and answers each with one\n"
         "line: open URL|FILE|-, eval TAB JS, text TAB, html TAB, query TAB SELECTOR, click TAB\n"
         "SELECTOR, fill TAB SELECTOR TEXT, console TAB, state TAB [active|warm|cold|frozen],\n"
         "reload TAB, list, history [TEXT], stats, sleep MS, close TAB, help, quit. A command to "
         "a\n"
         "sleeping tab\n"
         "wakes it, with all its state. Each page is a process of its own, without files or\n"
         "sockets. Exit status: 1 when a command failed.",
     .examples = {{"firn tabs", "commands from the terminal"},
                  {"firn tabs --json script.txt", "commands of a file, answers as JSON"},
                  {"firn tabs --store tabs --memory 1G script.txt", "with storage and a budget"}},
     .options = options,
     .operands_min = 0,
     .operands_max = 1,
     .run = command_tabs},
};

const struct command_group tabs_group = {.name = "tabs",
                                         .summary = "Keep many web pages open",
                                         .commands = commands,
                                         .command_count = 1};

/* --- the folder --- */

static firn_status remove_image_file(void *context, const char *name)
{
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/images/%s", (const char *)context, name);
    (void)unlink(path);
    return FIRN_OK;
}

static void remove_private(struct host *host)
{
    char path[PATH_MAX + 8];
    firn_error error;
    if (!host->is_private || host->folder[0] == '\0')
        return;
    snprintf(path, sizeof path, "%s/images", host->folder);
    (void)!firn_folder_visit(path, remove_image_file, host->folder, &error);
    (void)rmdir(path);
    (void)rmdir(host->folder);
    host->folder[0] = '\0';
}

bool tabs_folder(struct host *host)
{
    if (host->folder[0] != '\0')
        return true;
    const char *base = getenv("TMPDIR");
    snprintf(host->folder, sizeof host->folder, "%s/firn-tabs-XXXXXX",
             base != NULL && base[0] == '/' ? base : "/tmp");
    if (mkdtemp(host->folder) != NULL)
        return true;
    report("%s: %s", host->folder, strerror(errno));
    host->folder[0] = '\0';
    return false;
}

/* Takes the folder of --store, which one host has at a time. */
static bool take_store(struct host *host, const char *folder, firn_lock *ret_lock)
{
    char path[PATH_MAX + 8];
    firn_error error;
    host->is_private = folder == NULL;
    if (folder == NULL)
        return true;
    firn_status status = firn_folder_create(folder, &error);
    if (status != FIRN_OK && status != FIRN_EXISTS) {
        report_error(&error);
        return false;
    }
    if (realpath(folder, host->folder) == NULL || strlen(host->folder) > PATH_MAX - 64) {
        report("%s: %s", folder, strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "%s/lock", host->folder);
    if (firn_lock_acquire(path, "firn tabs", ret_lock, &error) != FIRN_OK) {
        report_error(&error);
        return false;
    }
    saved_list_read(host);
    storage_load(host);
    return true;
}

/* --- signals --- */

static volatile sig_atomic_t asked_to_end;

static void note_signal(int number)
{
    asked_to_end = number;
}

static void end(struct host *host)
{
    storage_save(host, true);
    while (host->tab_count > 0)
        tab_remove(host, host->tabs[host->tab_count - 1]);
    pages_end(host);
    frozen_end(host);
    storage_end(host);
    kept_end();
    cookies_end();
    remove_private(host);
    firn_release(NULL, host->tabs, host->tab_room * sizeof *host->tabs);
}

void tabs_heed(struct host *host)
{
    const int number = asked_to_end;
    if (number == 0)
        return;
    storage_save(host, true);
    pages_end(host);
    frozen_end(host);
    kept_end();
    cookies_end();
    remove_private(host);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* --- the script --- */

struct script {
    int fd;
    char *data;
    size_t size, room;
    bool is_at_end;
    bool is_too_long; /* the line that is being read */
};

/* Reads more of the script; false: memory is short. A line that is too long is passed over. */
static bool read_more(struct script *script)
{
    void *data = script->data;
    script->is_too_long |= script->size >= LINE_MAX_BYTES;
    if (script->is_too_long)
        script->size = 0;
    if (!firn_grow(NULL, &data, &script->room, script->size + 4097, 1))
        return false;
    script->data = data;
    ssize_t got = read(script->fd, script->data + script->size, script->room - script->size - 1);
    if (got > 0)
        script->size += (size_t)got;
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        script->is_at_end = true;
    return true;
}

static void answer_too_long(struct host *host, struct script *script)
{
    answer_error(host, "a line is longer than %u MiB", LINE_MAX_BYTES >> 20);
    script->is_too_long = false;
}

/* Runs the lines that are whole. */
static void run_lines(struct host *host, struct script *script)
{
    size_t at = 0;
    while (!host->is_over && at < script->size) {
        char *line = script->data + at, *end = memchr(line, '\n', script->size - at);
        if (end == NULL && !script->is_at_end)
            break;
        const size_t size = end != NULL ? (size_t)(end - line) : script->size - at;
        at += size + (end != NULL);
        if (script->is_too_long)
            answer_too_long(host, script);
        else
            host->is_over |= !lines_run(host, line, size);
        host->asked_ns = firn_clock_ns();
        (void)ageing_step(host);
    }
    if (script->is_at_end && script->is_too_long)
        answer_too_long(host, script);
    script->size -= at;
    if (script->size > 0)
        memmove(script->data, script->data + at, script->size);
}

static void run_script(struct host *host, int fd)
{
    struct script script = {.fd = fd};
    while (!host->is_over && !script.is_at_end) {
        const int wait_ms = ageing_step(host);
        if (!loop_turn(host, wait_ms, fd))
            continue;
        if (!read_more(&script)) {
            answer_error(host, "out of memory");
            break;
        }
        run_lines(host, &script);
    }
    firn_release(NULL, script.data, script.room);
}

/* --- the command --- */

static bool read_options(struct host *host, const struct invocation *invocation)
{
    const uint64_t second = UINT64_C(1000000000), most = UINT32_MAX;
    const uint64_t seconds = option_number(invocation, "tab-seconds");
    host->memory_bytes = option_number(invocation, "memory");
    host->tab_memory_bytes = option_number(invocation, "tab-memory");
    host->tab_seconds = (uint32_t)seconds;
    const uint64_t warm = option_number(invocation, "warm-seconds"),
                   cold = option_number(invocation, "cold-seconds"),
                   frozen = option_number(invocation, "frozen-seconds");
    host->wakes_timers = option_flag(invocation, "wake-timers");
    host->json = invocation->json;
    host->quiet = invocation->quiet;
    if (warm > cold || cold > frozen || frozen > most || seconds > most / 8000)
        return false;
    host->warm_ns = warm * second;
    host->cold_ns = cold * second;
    host->frozen_ns = frozen * second;
    return true;
}

static enum exit_status command_tabs(const struct invocation *invocation)
{
    static struct host host; /* threads that fetch live as long as the process */
    const char *script = invocation->operand_count > 0 ? invocation->operands[0] : "-";
    const struct sigaction heed = {.sa_handler = note_signal};
    firn_lock lock = {-1};
    /* Images and documents in mappings of their own, which go back to the kernel: 50 sleeping tabs
     * left 18 MB of holes behind. And one heap for all threads: each of its own kept 90 KB. */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    (void)mallopt(M_ARENA_MAX, 1);
    host = (struct host){.zygote = -1, .looked_ns = firn_clock_ns()};
    if (!read_options(&host, invocation))
        return report_usage("tabs become warm, then cold, then frozen: give their seconds so");
    host.reads_stdin = strcmp(script, "-") == 0;
    int fd = host.reads_stdin ? STDIN_FILENO : open(script, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report("%s: %s", script, strerror(errno));
        return EXIT_FAILED;
    }
    if (!fetch_begin(&host)) {
        report("the host: %s", firn_status_text(FIRN_NO_MEMORY));
        return EXIT_FAILED;
    }
    if (!take_store(&host, option_text(invocation, "store"), &lock))
        return EXIT_FAILED;
    (void)sigaction(SIGINT, &heed, NULL);
    (void)sigaction(SIGTERM, &heed, NULL);
    (void)sigaction(SIGHUP, &heed, NULL);
    run_script(&host, fd);
    end(&host);
    if (!host.is_private)
        saved_list_write(&host);
    firn_lock_release(&lock);
    return host.failed ? EXIT_FAILED : EXIT_DONE;
}
