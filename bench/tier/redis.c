/* bench/tier: Redis on a socket, nothing saved to disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tier/server.h"
#include "tier/store.h"

static struct server server;

void store_open(const struct store_options *options)
{
    char path[256];
    snprintf(path, sizeof path, "%s/socket", options->folder);
    const char *command[] = {"redis-server", "--port", "0",     "--unixsocket",  path, "--save", "",
                             "--appendonly", "no",     "--dir", options->folder, NULL};
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

bool store_put(const char *key, size_t key_size, const char *value, size_t size)
{
    char head[128];
    int head_size = snprintf(head, sizeof head, "*3\r\n$3\r\nSET\r\n$%zu\r\n%.*s\r\n$%zu\r\n",
                             key_size, (int)key_size, key, size);
    if (server_add_put(&server, head, head_size, value, size))
        server_take_answers(&server, "+OK");
    return true;
}

void store_settle(void)
{
    server_take_answers(&server, "+OK");
}

ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity)
{
    char head[128];
    int head_size = snprintf(head, sizeof head, "*2\r\n$3\r\nGET\r\n$%zu\r\n%.*s\r\n", key_size,
                             (int)key_size, key);
    server_add(&server, head, (size_t)head_size);
    server_send(&server);
    const char *line = server_line(&server);
    if (line[0] != '$')
        exit(1);
    long size = strtol(line + 1, NULL, 10);
    return size < 0 ? -1 : server_copy(&server, (size_t)size, out, capacity);
}

bool store_round_trip(void)
{
    server_add(&server, "PING\r\n", 6);
    server_send(&server);
    return strcmp(server_line(&server), "+PONG") == 0;
}

int64_t store_disk_gets(void)
{
    return 0;
}
