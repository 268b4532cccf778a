/* The client: what users call to have requests answered. A call gets a connection, sends, receives
 * the head, once more on a new connection where the kept one was too old, and goes on where a
 * redirect leads. The rooms that it calls are listed in client.h. */
#include "http/client.h"

#include "http/class.h"

#include <firn/system.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REDIRECT_LIMIT 10u
#define CONNECT_MS 10000u
#define WAIT_MS 60000u
#define DRAIN_BYTES 16384u /* of a redirect's body, to keep its connection */
#define DRAIN_MS 1000u
#define USER_AGENT "firn/" FIRN_VERSION_STRING

/* --- making one --- */

static firn_status check_options(const firn_http_client_options *options, firn_error *ret_error)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        if (options->reserved[i] != 0)
            return firn_error_set(ret_error, FIRN_INVALID, 0, "a reserved field is not 0");
    if (firn_http_profile_get(options->profile) == NULL)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "no profile has this number");
    for (const char *at = options->user_agent; at != NULL && *at != '\0'; at++)
        if ((firn_http_class[(uint8_t)*at] & FIRN_HTTP_CLASS_TEXT) == 0)
            return firn_error_set(ret_error, FIRN_INVALID, 0, "a user agent with control bytes");
    return FIRN_OK;
}

static void take_options(firn_http_client *client, const firn_http_client_options *options)
{
    firn_http_client_options *own = &client->options;
    *own = *options;
    own->connect_ms = own->connect_ms > 0 ? own->connect_ms : CONNECT_MS;
    own->wait_ms = own->wait_ms > 0 ? own->wait_ms : WAIT_MS;
    if (own->redirect_limit == 0)
        own->redirect_limit = REDIRECT_LIMIT;
    client->profile = firn_http_profile_get(own->profile);
}

static bool copy_user_agent(firn_http_client *client)
{
    const char *text = client->options.user_agent;
    text = text != NULL ? text : USER_AGENT;
    if (*text == '\0')
        return true;
    client->user_agent_bytes = strlen(text) + 1;
    client->user_agent = firn_allocate(client->options.allocator, client->user_agent_bytes);
    if (client->user_agent == NULL)
        return false;
    memcpy(client->user_agent, text, client->user_agent_bytes);
    return true;
}

firn_status firn_http_client_create(const firn_http_client_options *options,
                                    firn_http_client **ret_client, firn_error *ret_error)
{
    firn_status status = check_options(options, ret_error);
    if (status != FIRN_OK)
        return status;
    firn_http_client *client = firn_allocate_zeroed(options->allocator, 1, sizeof *client);
    if (client == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    take_options(client, options);
    atomic_flag_clear(&client->urls_in_use);
    status = firn_http_client_tls_init(&client->tls, options->ca_file, options->is_unverified,
                                       options->allocator, ret_error);
    if (status != FIRN_OK) {
        firn_http_client_destroy(client);
        return status;
    }
    const firn_http_pool_options pool = {.origin_limit = options->origin_limit,
                                         .limit = options->limit,
                                         .idle_ms = options->idle_ms,
                                         .close = firn_http_connection_end,
                                         .is_alive = firn_http_connection_lives,
                                         .context = client,
                                         .allocator = options->allocator};
    status = firn_http_pool_create(&pool, &client->pool);
    if (status == FIRN_OK)
        status = firn_url_cache_create(0, options->allocator, &client->urls);
    if (status == FIRN_OK && !copy_user_agent(client))
        status = FIRN_NO_MEMORY;
    if (status != FIRN_OK) {
        firn_http_client_destroy(client);
        return firn_error_set(ret_error, status, 0, "%s",
                              status == FIRN_INVALID ? "a limit of connections beyond all bounds"
                                                     : firn_status_text(status));
    }
    *ret_client = client;
    return FIRN_OK;
}

void firn_http_client_destroy(firn_http_client *client)
{
    if (client == NULL)
        return;
    const firn_allocator *allocator = client->options.allocator;
    firn_http_pool_destroy(client->pool);
    firn_url_cache_destroy(client->urls);
    firn_http_client_tls_fini(&client->tls);
    if (client->user_agent != NULL)
        firn_release(allocator, client->user_agent, client->user_agent_bytes);
    firn_release(allocator, client, sizeof *client);
}

/* --- one request and its reply --- */

static firn_http_method method_of(const char *text)
{
    static const struct {
        const char *text;
        firn_http_method method;
    } methods[] = {{"GET", FIRN_HTTP_GET},       {"HEAD", FIRN_HTTP_HEAD},
                   {"POST", FIRN_HTTP_POST},     {"PUT", FIRN_HTTP_PUT},
                   {"DELETE", FIRN_HTTP_DELETE}, {"OPTIONS", FIRN_HTTP_OPTIONS},
                   {"TRACE", FIRN_HTTP_TRACE},   {"PATCH", FIRN_HTTP_PATCH}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(text, methods[i].text) == 0)
            return methods[i].method;
    return FIRN_HTTP_OTHER;
}

/* Whether asking twice does what asking once does (RFC 9110, 9.2.2). */
static bool is_idempotent(firn_http_method method)
{
    return method != FIRN_HTTP_POST && method != FIRN_HTTP_PATCH && method != FIRN_HTTP_OTHER;
}

/* Whether the body can be had from its beginning. */
static bool begin_body_again(struct call *call)
{
    const firn_http_request *request = call->request;
    if (!call->is_produced || call->drops_body)
        return true;
    if (request->rewind == NULL || !request->rewind(request->produce_context))
        return false;
    call->is_produced = false;
    return true;
}

/* Whether a request that failed on a kept connection may be sent again: the server closed it when
 * the request was on its way, so that no byte of a reply came. */
static bool may_repeat(struct call *call, const firn_http_reply *reply, firn_status status)
{
    const bool came = reply->used > reply->start || reply->interim_count > 0;
    return status == FIRN_IO && !came && !call->is_given_up &&
           (is_idempotent(call->method) || reply->sent_bytes == 0) && begin_body_again(call);
}

/* Receives the head; from a connection that broke while the request was sent, only what is there.
 */
static firn_status receive_head(struct call *call, firn_http_reply *reply, int broken)
{
    firn_status status = FIRN_END_OF_DATA;
    if (reply->phase != PHASE_HEAD)
        return FIRN_OK;
    reply->deadline_ns = broken != 0 ? 0 : call->deadline_ns;
    while (status == FIRN_END_OF_DATA)
        status = firn_http_reply_receive(reply, call->ret_error);
    reply->deadline_ns = call->deadline_ns;
    if (broken == 0 || (status != FIRN_TIMEOUT && status != FIRN_IO))
        return status;
    return firn_http_tell(call->ret_error, &reply->url, FIRN_IO, broken, strerror(broken));
}

static firn_status exchange(struct call *call, firn_http_reply **ret_reply)
{
    bool kept;
    firn_http_reply *reply;
    firn_status status = firn_http_connection_get(call, &reply, &kept);
    if (status != FIRN_OK)
        return status;
    for (;;) {
        int broken = 0;
        status = firn_http_request_send(call, reply, &broken);
        if (status == FIRN_OK)
            status = receive_head(call, reply, broken);
        if (status == FIRN_OK) {
            *ret_reply = reply;
            return FIRN_OK;
        }
        if (!kept || !may_repeat(call, reply, status))
            break;
        kept = false;
        count_one(&call->client->retries);
        status = firn_http_connection_renew(call, reply);
        if (status != FIRN_OK)
            break;
    }
    firn_http_connection_put(reply, false);
    return status;
}

/* --- redirects --- */

static bool is_redirect(uint16_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void change_method(struct call *call, uint16_t status)
{
    const bool by_get = status == 303 ? call->method != FIRN_HTTP_HEAD
                                      : status < 303 && call->method == FIRN_HTTP_POST;
    if (!by_get)
        return;
    call->method = FIRN_HTTP_GET;
    call->method_text = "GET";
    call->drops_body = true;
}

static firn_status go_to(struct call *call, const firn_http_reply *reply, firn_http_text location)
{
    firn_url url;
    firn_error *error = call->ret_error;
    if (call->redirects == call->client->options.redirect_limit)
        return firn_http_tell(error, &reply->url, FIRN_LIMIT, 0, "too many redirects");
    firn_status status =
        firn_url_resolve(&reply->url, firn_http_reply_data(reply) + location.offset, location.size,
                         call->text, sizeof call->text, &url, error);
    if (status == FIRN_OK)
        status = firn_http_url_check(&url, error);
    if (status != FIRN_OK)
        return status;
    if (reply->url.scheme == FIRN_URL_HTTPS && url.scheme == FIRN_URL_HTTP)
        return firn_http_tell(error, &url, FIRN_PERMISSION, 0,
                              "a redirect leads here from https; ask for it itself if it is meant");
    change_method(call, reply->head.status);
    if (!begin_body_again(call))
        return firn_http_tell(error, &url, FIRN_IO, 0,
                              "a redirect leads here, and the body cannot be produced again");
    call->drops_secrets |= !firn_url_is_same_origin(&reply->url, &url);
    call->url = url;
    call->redirects++;
    count_one(&call->client->redirects);
    return FIRN_OK;
}

/* Whether the reply leads elsewhere, or to the same again; then the call is changed for it. */
static firn_status follow(struct call *call, const firn_http_reply *reply, bool *ret_follows)
{
    const firn_http_head *head = &reply->head;
    const char *data = firn_http_reply_data(reply);
    *ret_follows = false;
    if (head->status == 417 && call->wants_continue && !call->is_produced) {
        call->wants_continue = false;
        *ret_follows = true;
        return FIRN_OK;
    }
    if (!is_redirect(head->status) ||
        call->client->options.redirect_limit == FIRN_HTTP_NO_REDIRECTS)
        return FIRN_OK;
    const firn_http_field *location = firn_http_head_find(head, data, "location", 0);
    if (location == NULL)
        return FIRN_OK;
    if (firn_http_head_find(head, data, "location", (uint32_t)(location - head->fields) + 1) !=
        NULL)
        return firn_http_tell(call->ret_error, &reply->url, FIRN_CORRUPT, 0,
                              "a redirect to more than one place");
    *ret_follows = true;
    return go_to(call, reply, location->value);
}

/* Ends a reply that is not the user's, and keeps its connection where that takes little. */
static void pass_over(firn_http_reply *reply)
{
    const uint64_t until = firn_clock_ns() + DRAIN_MS * (uint64_t)1000000;
    reply->deadline_ns = until < reply->deadline_ns ? until : reply->deadline_ns;
    (void)firn_http_reply_drain(reply, DRAIN_BYTES);
    firn_http_reply_close(reply);
}

/* --- what users call --- */

static firn_status parse_url(firn_http_client *client, const char *text, firn_url *ret_url,
                             firn_error *ret_error)
{
    const size_t size = strlen(text);
    if (atomic_flag_test_and_set_explicit(&client->urls_in_use, memory_order_acquire))
        return firn_url_parse(text, size, ret_url, ret_error);
    firn_status status = firn_url_cache_get(client->urls, text, size, ret_url, ret_error);
    atomic_flag_clear_explicit(&client->urls_in_use, memory_order_release);
    return status;
}

static firn_status begin_call(struct call *call)
{
    const firn_http_request *request = call->request;
    firn_status status = firn_http_request_check(request, call->ret_error);
    if (status == FIRN_OK)
        status = parse_url(call->client, request->url, &call->url, call->ret_error);
    if (status == FIRN_OK)
        status = firn_http_url_check(&call->url, call->ret_error);
    if (status != FIRN_OK)
        return status;
    call->method_text = request->method != NULL ? request->method : "GET";
    call->method = method_of(call->method_text);
    call->wants_continue = request->wants_continue;
    call->deadline_ns =
        request->time_ms > 0 ? firn_clock_ns() + request->time_ms * (uint64_t)1000000 : UINT64_MAX;
    return FIRN_OK;
}

firn_status firn_http_client_open(firn_http_client *client, const firn_http_request *request,
                                  firn_http_reply **ret_reply, firn_error *ret_error)
{
    struct call call;                       /* most of it is text, which needs no clearing */
    firn_error error = {.status = FIRN_OK}; /* what fails may be repeated, and is not told then */
    memset(&call, 0, offsetof(struct call, text));
    call.client = client;
    call.request = request;
    call.ret_error = &error;
    firn_status status = begin_call(&call);
    while (status == FIRN_OK) {
        bool follows;
        firn_http_reply *reply = NULL;
        status = exchange(&call, &reply);
        if (status != FIRN_OK)
            break;
        status = follow(&call, reply, &follows);
        if (status == FIRN_OK && !follows) {
            *ret_reply = reply;
            return FIRN_OK;
        }
        pass_over(reply);
    }
    if (ret_error != NULL)
        *ret_error = error;
    return status;
}

void firn_http_client_expire(firn_http_client *client)
{
    firn_http_pool_expire(client->pool);
}

void firn_http_client_stats_get(firn_http_client *client, firn_http_client_stats *ret_stats)
{
    firn_http_client_stats stats = {.request_count = atomic_load(&client->requests),
                                    .connect_count = atomic_load(&client->connects),
                                    .retry_count = atomic_load(&client->retries),
                                    .redirect_count = atomic_load(&client->redirects),
                                    .spill_count = atomic_load(&client->spills)};
    firn_http_pool_stats_get(client->pool, &stats.pool);
    while (atomic_flag_test_and_set_explicit(&client->urls_in_use, memory_order_acquire))
        continue;
    firn_url_cache_stats_get(client->urls, &stats.urls);
    atomic_flag_clear_explicit(&client->urls_in_use, memory_order_release);
    *ret_stats = stats;
}
