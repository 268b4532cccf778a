/* A server on libmicrohttpd with epoll in one thread, for bench/http: microhttpd PORT. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

static struct MHD_Response *answer;

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    (void)context, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (*state == NULL) { /* the first call has the head alone */
        *state = answer;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, answer);
}

int main(int count, char **words)
{
    static char body[] = "hello, world\n";
    if (count < 2)
        return 1;
    const unsigned port = (unsigned)strtoul(words[1], NULL, 10);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    answer = MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    if (answer == NULL || MHD_add_response_header(answer, "Content-Type", "text/plain") != MHD_YES)
        return 1;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)port, NULL, NULL, handle, NULL,
                         MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_CONNECTION_LIMIT,
                         20000u, MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    for (;;)
        pause();
}
