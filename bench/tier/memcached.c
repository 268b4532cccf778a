/* bench/tier: memcached on a socket; with STORE_EXTSTORE, its values move to a file as soon as they
 * are a second old or RAM gets short, and only their keys stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tier/server.h"
#include "tier/store.h"

enum { ROOM_MB = 2000, SETTLE_SECONDS = 60 };
#ifdef STORE_EXTSTORE
/* Memory that it took once it keeps: values that shall all lie in the file are put so slowly that
 * it writes them as they come. */
enum { PAUSE_NS = 1500000 };
#else
enum { PAUSE_NS = 0 };
#endif

static struct server server;
static bool is_slow;

void store_open(const struct store_options *options)
{
    is_slow = PAUSE_NS > 0 && options->limit_bytes == 0;
    char path[256], memory[32];
    snprintf(path, sizeof path, "%s/socket", options->folder);
    snprintf(memory, sizeof memory, "%llu",
             options->limit_bytes == 0 ? ROOM_MB : (unsigned long long)options->limit_bytes >> 20);
    const char *command[16] = {"memcached", "-u", "root", "-t", "2", "-s", path, "-m", memory};
#ifdef STORE_EXTSTORE
    char file[512];
    snprintf(file, sizeof file, "ext_path=%s/extstore:4G,ext_item_size=64,ext_threads=2%s",
             options->folder, is_slow ? ",ext_item_age=1" : "");
    command[9] = "-o";
    command[10] = file;
#endif
    server_start(&server, command, path);
}

void store_close(void)
{
    server_stop(&server);
}

pid_t store_process(void)
{
    return server.process;
}

static void take_answers(void)
{
    server_take_answers(&server, NULL); /* what it refuses is missing later */
    if (is_slow)
        nanosleep(&(const struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

bool store_put(const char *key, size_t key_size, const char *value, size_t size)
{
    char head[128];
    int head_size = snprintf(head, sizeof head, "set %.*s 0 0 %zu\r\n", (int)key_size, key, size);
    if (server_add_put(&server, head, head_size, value, size))
        take_answers();
    return true;
}

static uint64_t statistic(const char *name)
{
    uint64_t figure = 0;
    size_t name_size = strlen(name);
    server_add(&server, "stats\r\n", 7);
    server_send(&server);
    for (const char *line = server_line(&server); strcmp(line, "END") != 0;
         line = server_line(&server))
        if (strncmp(line + 5, name, name_size) == 0 && line[5 + name_size] == ' ')
            figure = strtoull(line + 5 + name_size, NULL, 10);
    return figure;
}

/* Until a second passes in which nothing is written to the file. */
void store_settle(void)
{
    take_answers();
#ifdef STORE_EXTSTORE
    const struct timespec second = {.tv_sec = 1};
    uint64_t before = 0, now = statistic("extstore_objects_written");
    for (int i = 0; i < SETTLE_SECONDS && (i < 4 || now != before); i++) {
        nanosleep(&second, NULL);
        before = now;
        now = statistic("extstore_objects_written");
    }
#endif
}

ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity)
{
    char head[128];
    int head_size = snprintf(head, sizeof head, "get %.*s\r\n", (int)key_size, key);
    server_add(&server, head, (size_t)head_size);
    server_send(&server);
    const char *line = server_line(&server), *size_word = strrchr(line, ' ');
    if (strcmp(line, "END") == 0)
        return -1;
    if (strncmp(line, "VALUE ", 6) != 0 || size_word == NULL)
        exit(1);
    ptrdiff_t size = server_copy(&server, strtoul(size_word, NULL, 10), out, capacity);
    (void)server_line(&server);
    return size;
}

bool store_round_trip(void)
{
    server_add(&server, "mn\r\n", 4);
    server_send(&server);
    return strcmp(server_line(&server), "MN") == 0;
}

int64_t store_disk_gets(void)
{
#ifdef STORE_EXTSTORE
    static uint64_t before;
    uint64_t now = statistic("get_extstore"), more = now - before;
    before = now;
    return (int64_t)more;
#else
    (void)statistic;
    return 0;
#endif
}
