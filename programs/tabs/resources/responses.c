/* Responses by URL, and when they go.
 *
 * Invariants:
 *   I1  the policy holds exactly the hashes that by_url has; the limit counts a body for each URL
 *       that has it, so that what lies here is never more than the limit
 *   I2  two URLs with the same hash are not kept beside each other
 */
#include "tabs/resources/state.h"

#include <string.h>
#include <strings.h>

#define URL_MAX_BYTES 8192u
#define HEADERS_MAX_BYTES 65536u
#define MEMORY_LIMIT_BYTES ((uint64_t)64 << 20)
#define FOLDER_LIMIT_BYTES ((uint64_t)256 << 20)
#define CACHE_BYTES (1u << 20) /* of unpacked segments, which are copied out at once */

/* FNV-1a. */
static uint64_t hash_of(const char *url)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *url != 0; url++)
        hash = (hash ^ (uint8_t)*url) * 0x100000001b3u;
    return hash;
}

static struct response *find(const resources *all, const char *url, uint64_t hash)
{
    const uint32_t *at = firn_map_get(&all->by_url, &hash);
    struct response *found = at != NULL ? &all->items[*at] : NULL;
    return found != NULL && strcmp(found->text, url) == 0 ? found : NULL;
}

static void forget(resources *all, uint64_t hash)
{
    uint32_t at;
    if (firn_map_take(&all->by_url, &hash, &at) != FIRN_OK)
        return;
    struct response *item = &all->items[at];
    bodies_drop(&all->bodies, item->body);
    firn_release(all->allocator, item->text, item->url_bytes + item->header_bytes);
    all->text_bytes -= item->url_bytes + item->header_bytes;
    *item = (struct response){.text = NULL};
    all->url_count--;
    all->is_changed = true;
}

/* The policy's way to say that a hash must go. */
static void evicted(void *context, uint64_t hash, uint64_t size)
{
    (void)size;
    forget(context, hash);
}

static firn_status find_place(resources *all, uint32_t *ret_at)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].text == NULL) {
            *ret_at = (uint32_t)i;
            return FIRN_OK;
        }
    }
    if (!firn_grow(all->allocator, (void **)&all->items, &all->capacity, all->count + 1,
                   sizeof *all->items))
        return FIRN_NO_MEMORY;
    all->items[all->count] = (struct response){.text = NULL};
    *ret_at = (uint32_t)all->count++;
    return FIRN_OK;
}

/* Gives an item its texts; false when there is no memory. */
static bool set_text(resources *all, struct response *item, const char *url, const char *headers)
{
    size_t url_bytes = strlen(url) + 1, header_bytes = strlen(headers) + 1;
    char *text = firn_allocate(all->allocator, url_bytes + header_bytes);
    if (text == NULL)
        return false;
    memcpy(text, url, url_bytes);
    memcpy(text + url_bytes, headers, header_bytes);
    item->text = text;
    item->url_bytes = (uint32_t)url_bytes;
    item->header_bytes = (uint32_t)header_bytes;
    all->text_bytes += url_bytes + header_bytes;
    return true;
}

/* Takes the body's user over where it succeeds. FIRN_LIMIT for one that is not kept. */
firn_status response_add(resources *all, const char *url, const char *headers, unsigned status,
                         uint32_t body, int64_t until_s)
{
    uint64_t hash = hash_of(url);
    uint32_t at;
    if (firn_map_get(&all->by_url, &hash) != NULL) /* I2 */
        return FIRN_LIMIT;
    uint64_t size = strlen(url) + strlen(headers) + all->bodies.items[body].packed_bytes;
    firn_status result = firn_policy_put(all->policy, hash, size + sizeof(struct response));
    if (result != FIRN_OK)
        return result;
    struct response item = {.body = body, .status = (uint16_t)status, .until_s = until_s};
    result = find_place(all, &at);
    if (result == FIRN_OK && !set_text(all, &item, url, headers))
        result = FIRN_NO_MEMORY;
    if (result == FIRN_OK)
        result = firn_map_put_new(&all->by_url, &hash, &at);
    if (result != FIRN_OK) {
        if (item.text != NULL) {
            firn_release(all->allocator, item.text, item.url_bytes + item.header_bytes);
            all->text_bytes -= item.url_bytes + item.header_bytes;
        }
        firn_policy_remove(all->policy, hash); /* I1 */
        return result;
    }
    all->items[at] = item;
    all->url_count++;
    all->is_changed = true;
    return FIRN_OK;
}

/* --- opening and closing --- */

static firn_status open_store(resources *all, const char *folder, firn_store_mode mode,
                              firn_error *ret_error)
{
    firn_store_options options = {
        .allocator = all->allocator, .mode = mode, .cache_bytes = CACHE_BYTES, .what = "firn tabs"};
    return firn_store_open(folder, &options, &all->store, ret_error);
}

static void end_parts(resources *all)
{
    for (size_t i = 0; i < all->count; i++)
        firn_release(
            all->allocator, all->items[i].text,
            all->items[i].text != NULL ? all->items[i].url_bytes + all->items[i].header_bytes : 0);
    firn_release(all->allocator, all->items, all->capacity * sizeof *all->items);
    firn_map_fini(&all->by_url);
    firn_map_type_destroy(all->type);
    firn_policy_destroy(all->policy);
    bodies_fini(&all->bodies);
    if (all->store != NULL)
        firn_store_close(all->store);
    *all = (resources){.allocator = all->allocator};
}

static firn_status begin_parts(resources *all, uint64_t limit_bytes)
{
    firn_map_type_options type = {
        .key = FIRN_KEY_U64, .value_bytes = sizeof(uint32_t), .allocator = all->allocator};
    firn_policy_options policy = {.allocator = all->allocator,
                                  .limit_bytes = limit_bytes,
                                  .evicted = evicted,
                                  .context = all};
    firn_status status = firn_map_type_create(&type, &all->type);
    if (status != FIRN_OK)
        return status;
    firn_map_init(&all->by_url, all->type);
    status = firn_policy_create(&policy, &all->policy);
    return status == FIRN_OK ? bodies_init(&all->bodies, all->store, all->allocator) : status;
}

static firn_status begin(resources *all, const resources_options *options, firn_store_mode mode,
                         firn_error *ret_error)
{
    uint64_t limit_bytes = options->limit_bytes;
    if (limit_bytes == 0)
        limit_bytes = options->folder != NULL ? FOLDER_LIMIT_BYTES : MEMORY_LIMIT_BYTES;
    firn_status status =
        options->folder != NULL ? open_store(all, options->folder, mode, ret_error) : FIRN_OK;
    if (status == FIRN_OK)
        status = begin_parts(all, limit_bytes);
    if (status == FIRN_OK && all->store != NULL)
        status = index_read(all);
    all->is_changed = false;
    if (status != FIRN_OK)
        end_parts(all);
    return status;
}

firn_status resources_open(const resources_options *options, resources **ret_resources,
                           firn_error *ret_error)
{
    if (options->reserved[0] != 0 || options->reserved[1] != 0)
        return firn_error_set(ret_error, FIRN_INVALID, 0, "a reserved option is not 0");
    resources *all = firn_allocate_zeroed(options->allocator, 1, sizeof *all);
    if (all == NULL)
        return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
    all->allocator = options->allocator;
    firn_status status = begin(all, options, FIRN_STORE_WRITE, ret_error);
    if (status == FIRN_CORRUPT || status == FIRN_VERSION || status == FIRN_UNSUPPORTED)
        status = begin(all, options, FIRN_STORE_REPLACE, ret_error);
    if (status != FIRN_OK) {
        firn_release(options->allocator, all, sizeof *all);
        return status == FIRN_NO_MEMORY ? firn_error_set(ret_error, status, 0, "out of memory")
                                        : status;
    }
    *ret_resources = all;
    return FIRN_OK;
}

firn_status resources_flush(resources *all, firn_error *ret_error)
{
    if (all->store == NULL || !all->is_changed)
        return FIRN_OK;
    firn_status status = index_write(all, ret_error);
    all->is_changed = status != FIRN_OK;
    return status;
}

void resources_close(resources *all)
{
    if (all == NULL)
        return;
    (void)!resources_flush(all, NULL);
    const firn_allocator *allocator = all->allocator;
    end_parts(all);
    firn_release(allocator, all, sizeof *all);
}

/* --- a response --- */

/* The headers, and behind them the validators, as texts of one block. */
static bool copy_texts(const resources *all, const struct response *item, resource *ret)
{
    static const char *const names[2] = {"ETag", "Last-Modified"};
    const char *headers = item->text + item->url_bytes, **places[2] = {&ret->etag, &ret->modified};
    firn_bytes values[2] = {{NULL, 0}, {NULL, 0}};
    size_t size = item->header_bytes;
    for (size_t i = 0; i < 2; i++)
        if (fields_find(headers, names[i], &values[i]))
            size += values[i].size + 1;
    char *text = firn_allocate(all->allocator, size);
    if (text == NULL)
        return false;
    memcpy(text, headers, item->header_bytes);
    ret->headers = ret->text_block = text;
    ret->text_block_bytes = size;
    text += item->header_bytes;
    for (size_t i = 0; i < 2; i++) {
        if (values[i].data == NULL)
            continue;
        memcpy(text, values[i].data, values[i].size);
        text[values[i].size] = 0;
        *places[i] = text;
        text += values[i].size + 1;
    }
    return true;
}

static firn_status copy_response(resources *all, const struct response *item, resource *ret)
{
    ret->body_bytes = ret->body_block_bytes = all->bodies.items[item->body].size;
    if (ret->body_bytes > 0) {
        ret->body = ret->body_block = firn_allocate(all->allocator, ret->body_bytes);
        if (ret->body == NULL)
            return FIRN_NO_MEMORY;
    }
    firn_status status = bodies_get(&all->bodies, item->body, ret->body_block);
    if (status == FIRN_OK && !copy_texts(all, item, ret))
        status = FIRN_NO_MEMORY;
    return status;
}

firn_status resources_get(resources *all, const char *url, int64_t time_s, resource *ret_resource)
{
    uint64_t hash = hash_of(url);
    const struct response *item = find(all, url, hash);
    if (item == NULL) {
        all->miss_count++;
        return FIRN_NOT_FOUND;
    }
    firn_policy_get(all->policy, hash);
    resource found = {
        .status = item->status, .is_fresh = time_s < item->until_s, .allocator = all->allocator};
    firn_status status = copy_response(all, item, &found);
    if (status == FIRN_OK) {
        all->hit_count++;
        *ret_resource = found;
        return FIRN_OK;
    }
    resource_let_go(&found);
    if (status != FIRN_NO_MEMORY)
        resources_remove(all, url);
    return status;
}

void resource_let_go(resource *gone)
{
    firn_release(gone->allocator, gone->body_block,
                 gone->body_block != NULL ? gone->body_block_bytes : 0);
    firn_release(gone->allocator, gone->text_block, gone->text_block_bytes);
    gone->body_block = gone->text_block = NULL;
    gone->text_block_bytes = 0;
}

void resources_remove(resources *all, const char *url)
{
    uint64_t hash = hash_of(url);
    if (find(all, url, hash) == NULL)
        return;
    firn_policy_remove(all->policy, hash);
    forget(all, hash);
}

firn_status resources_put(resources *all, const char *url, unsigned status, const char *headers,
                          const void *body, size_t body_bytes, int64_t requested_s, bool *ret_kept)
{
    freshness fresh = freshness_of(status, headers, requested_s);
    uint32_t number;
    resources_remove(all, url);
    if (ret_kept != NULL)
        *ret_kept = false;
    if (!fresh.may_keep || body_bytes > RESOURCES_BODY_MAX_BYTES || strlen(url) > URL_MAX_BYTES ||
        strlen(headers) > HEADERS_MAX_BYTES)
        return FIRN_OK;
    firn_status result = bodies_put(&all->bodies, body, body_bytes, &number);
    if (result != FIRN_OK)
        return result;
    result = response_add(all, url, headers, status, number, fresh.until_s);
    if (result != FIRN_OK)
        bodies_drop(&all->bodies, number);
    else if (ret_kept != NULL)
        *ret_kept = true;
    return result == FIRN_LIMIT ? FIRN_OK : result;
}

/* Whether a field of a 304 takes the place of the one that is there: all but those that tell of the
 * body, which did not come. */
static bool renews(const char *headers, firn_bytes name)
{
    firn_bytes field, value;
    if (fields_is_name(name, "Content-Length") || fields_is_name(name, "Content-Encoding") ||
        fields_is_name(name, "Content-Type") || fields_is_name(name, "Transfer-Encoding"))
        return false;
    while (fields_next(&headers, &field, &value))
        if (field.size == name.size && strncasecmp(field.data, name.data, name.size) == 0)
            return true;
    return false;
}

static char *add_field(char *to, firn_bytes name, firn_bytes value)
{
    memcpy(to, name.data, name.size);
    to += name.size;
    memcpy(to, ": ", 2);
    memcpy(to + 2, value.data, value.size);
    to += 2 + value.size;
    memcpy(to, "\r\n", 2);
    return to + 2;
}

/* The old fields that stay, then those of a 304 that count. Room must be for both and their ends.
 */
static void merge(const char *old, const char *renewed, char *to)
{
    firn_bytes name, value;
    for (const char *at = old; fields_next(&at, &name, &value);)
        if (!renews(renewed, name))
            to = add_field(to, name, value);
    for (const char *at = renewed; fields_next(&at, &name, &value);)
        if (renews(renewed, name))
            to = add_field(to, name, value);
    *to = 0;
}

firn_status resources_renew(resources *all, const char *url, const char *headers,
                            int64_t requested_s)
{
    struct response *item = find(all, url, hash_of(url));
    if (item == NULL)
        return FIRN_NOT_FOUND;
    const char *old = item->text + item->url_bytes;
    size_t room = 2 * (strlen(old) + strlen(headers)) + 4;
    char *merged = firn_allocate(all->allocator, room);
    struct response now = *item;
    if (merged == NULL)
        return FIRN_NO_MEMORY;
    merge(old, headers, merged);
    now.until_s = freshness_of(item->status, merged, requested_s).until_s;
    bool done = strlen(merged) <= HEADERS_MAX_BYTES && set_text(all, &now, url, merged);
    firn_release(all->allocator, merged, room);
    if (!done)
        return FIRN_NO_MEMORY;
    firn_release(all->allocator, item->text, item->url_bytes + item->header_bytes);
    all->text_bytes -= item->url_bytes + item->header_bytes;
    *item = now;
    all->is_changed = true;
    return FIRN_OK;
}

void resources_usage(const resources *all, resources_summary *ret_summary)
{
    firn_usage store = {.disk_bytes = 0}, map;
    firn_map_usage(&all->by_url, &map);
    if (all->store != NULL)
        firn_store_usage(all->store, &store);
    *ret_summary = (resources_summary){
        .url_count = all->url_count,
        .body_count = all->bodies.live_count,
        .plain_bytes = all->bodies.plain_bytes,
        .packed_bytes = all->bodies.packed_bytes,
        .ram_bytes = all->text_bytes + all->capacity * sizeof *all->items +
                     all->bodies.capacity * sizeof *all->bodies.items + map.reserved_bytes +
                     store.reserved_bytes + (all->store == NULL ? all->bodies.packed_bytes : 0),
        .disk_bytes = store.disk_bytes,
        .hit_count = all->hit_count,
        .miss_count = all->miss_count,
    };
}
