/* What origins store: localStorage for all tabs, in the folder of --store; sessionStorage for one
 * tab, as long as it is open.
 *
 * An origin's localStorage is a file, local-N, which is replaced as a whole (saved.c): the origin,
 * then keys and values, in the order of keys.
 *
 * I1  an origin's texts together, with PAIR_BYTES for each pair, are at most STORAGE_MAX_BYTES, and
 * a key is one that a map takes; what goes beyond is not kept
 * I2  pages that store without end have the host write now and then only: see saved_due */
#include "tabs/host/host.h"

#include <string.h>

#define STORAGE_MAX_BYTES (16u << 20)

enum { PAIR_BYTES = 64 };

struct value {
    char *data;
    size_t size;
};

struct storage {
    char *origin;
    struct storage *next; /* of a tab's */
    firn_map pairs;       /* from bytes to struct value */
    size_t bytes;
    unsigned file; /* its number; 0: none yet */
    bool changed;
    uint64_t due_ns; /* when it may be written again */
};

static firn_map_type *pairs_type;

static size_t weight(size_t key_bytes, size_t value_bytes)
{
    return key_bytes + value_bytes + PAIR_BYTES;
}

static void remove_pair(struct storage *is, const char *key, size_t size)
{
    const firn_bytes name = {key, size};
    struct value gone;
    if (firn_map_take(&is->pairs, &name, &gone) != FIRN_OK)
        return;
    is->bytes -= weight(size, gone.size);
    firn_release(NULL, gone.data, gone.size + 1);
}

static void set(struct storage *is, const char *key, size_t key_bytes, const char *value,
                size_t value_bytes)
{
    const firn_bytes name = {key, key_bytes};
    const struct value *old = firn_map_get(&is->pairs, &name);
    const size_t old_bytes = old != NULL ? weight(key_bytes, old->size) : 0;
    if (key_bytes > STORAGE_MAX_BYTES || value_bytes > STORAGE_MAX_BYTES ||
        is->bytes - old_bytes + weight(key_bytes, value_bytes) > STORAGE_MAX_BYTES) /* I1 */
        return;
    struct value made = {firn_allocate(NULL, value_bytes + 1), value_bytes};
    if (made.data == NULL)
        return;
    memcpy(made.data, value, value_bytes + 1);
    const struct value before = old != NULL ? *old : (struct value){0};
    if (firn_map_put(&is->pairs, &name, &made) != FIRN_OK) {
        firn_release(NULL, made.data, value_bytes + 1);
        return;
    }
    is->bytes += weight(key_bytes, value_bytes) - old_bytes;
    if (before.data != NULL)
        firn_release(NULL, before.data, before.size + 1);
}

static bool drop_value(void *context, const void *key, void *value)
{
    const struct value *gone = value;
    (void)context, (void)key;
    firn_release(NULL, gone->data, gone->size + 1);
    return true;
}

static void clear(struct storage *is)
{
    (void)!firn_map_visit(&is->pairs, NULL, NULL, drop_value, NULL);
    firn_map_clear(&is->pairs);
    is->bytes = 0;
}

static struct storage *make(const char *origin)
{
    const firn_map_type_options options = {.key = FIRN_KEY_BYTES,
                                           .value_bytes = sizeof(struct value)};
    struct storage *is = firn_allocate_zeroed(NULL, 1, sizeof *is);
    if (is == NULL)
        return NULL;
    tab_set_text(&is->origin, origin);
    if (is->origin != NULL &&
        (pairs_type != NULL || firn_map_type_create(&options, &pairs_type) == FIRN_OK)) {
        firn_map_init(&is->pairs, pairs_type);
        return is;
    }
    tab_drop_text(&is->origin);
    firn_release(NULL, is, sizeof *is);
    return NULL;
}

void storage_drop(struct storage *storage)
{
    while (storage != NULL) {
        struct storage *next = storage->next;
        clear(storage);
        firn_map_fini(&storage->pairs);
        tab_drop_text(&storage->origin);
        firn_release(NULL, storage, sizeof *storage);
        storage = next;
    }
}

/* --- whose it is --- */

static struct storage *of_session(struct tab *tab, const char *origin)
{
    struct storage *is = tab->session;
    while (is != NULL && strcmp(is->origin, origin) != 0)
        is = is->next;
    if (is == NULL && (is = make(origin)) != NULL) {
        is->next = tab->session;
        tab->session = is;
    }
    return is;
}

static struct storage *add_local(struct host *host, const char *origin)
{
    void *locals = host->locals;
    struct storage *is = make(origin);
    if (is == NULL ||
        !firn_grow(NULL, &locals, &host->local_room, host->local_count + 1, sizeof is)) {
        storage_drop(is);
        return NULL;
    }
    host->locals = locals;
    host->locals[host->local_count++] = is;
    return is;
}

static struct storage *of_origin(struct host *host, const char *origin)
{
    for (size_t i = 0; i < host->local_count; i++) {
        if (strcmp(host->locals[i]->origin, origin) == 0)
            return host->locals[i];
    }
    return add_local(host, origin);
}

static struct storage *storage_of(struct host *host, struct tab *tab, bool session)
{
    char origin[300];
    resource_origin(tab->url, origin, sizeof origin);
    return session || strcmp(origin, "null") == 0 ? of_session(tab, origin)
                                                  : of_origin(host, origin);
}

/* --- what pages do --- */

void storage_change(struct host *host, struct tab *tab, message *from)
{
    size_t key_bytes, value_bytes;
    const bool session = message_take_number(from) != 0;
    const uint64_t what = message_take_number(from);
    const char *key = message_take(from, &key_bytes), *value = message_take(from, &value_bytes);
    struct storage *is = from->broken ? NULL : storage_of(host, tab, session);
    if (is == NULL)
        return;
    if (what == MESSAGE_STORE_SET) {
        set(is, key, key_bytes, value, value_bytes);
    } else if (what == MESSAGE_STORE_REMOVE) {
        remove_pair(is, key, key_bytes);
    } else {
        clear(is);
    }
    is->changed = true;
}

static bool add_pair(void *context, const void *key, void *value)
{
    const firn_bytes *name = key;
    const struct value *is = value;
    message_add(context, name->data, name->size);
    message_add(context, is->data, is->size);
    return true;
}

void storage_tell(struct host *host, struct tab *tab, bool session, message_buffer *out)
{
    const struct storage *is = storage_of(host, tab, session);
    if (is != NULL)
        (void)!firn_map_visit(&is->pairs, NULL, NULL, add_pair, out);
}

/* --- on disk --- */

static void path_of(const struct host *host, unsigned file, char *path, size_t size)
{
    snprintf(path, size, "%s/local-%u", host->folder, file);
}

static firn_status load_file(void *context, const char *name)
{
    struct host *host = context;
    char path[PATH_MAX + 24];
    unsigned file;
    int end = 0;
    message fields;
    message_buffer data;
    firn_error error;
    if (sscanf(name, "local-%u%n", &file, &end) != 1 || name[end] != '\0' || file == 0)
        return FIRN_OK;
    path_of(host, file, path, sizeof path);
    if (saved_read(path, &data, &fields, &error) != FIRN_OK) {
        report_error(&error);
        return FIRN_OK;
    }
    struct storage *is = of_origin(host, message_take_text(&fields));
    while (is != NULL && !message_is_at_end(&fields)) {
        size_t key_bytes, value_bytes;
        const char *key = message_take(&fields, &key_bytes);
        const char *value = message_take(&fields, &value_bytes);
        if (!fields.broken)
            set(is, key, key_bytes, value, value_bytes);
    }
    if (is != NULL)
        is->file = file;
    message_fini(&data);
    return FIRN_OK;
}

void storage_load(struct host *host)
{
    firn_error error;
    if (!host->is_private && firn_folder_visit(host->folder, load_file, host, &error) != FIRN_OK)
        report_error(&error);
}

static void save_one(struct host *host, struct storage *is)
{
    char path[PATH_MAX + 24];
    message_buffer fields = {0};
    firn_error error;
    if (is->file == 0) {
        for (size_t i = 0; i < host->local_count; i++) {
            if (host->locals[i]->file >= is->file)
                is->file = host->locals[i]->file + 1;
        }
    }
    const uint64_t began_ns = firn_clock_ns();
    message_add_text(&fields, is->origin);
    (void)!firn_map_visit(&is->pairs, NULL, NULL, add_pair, &fields);
    path_of(host, is->file, path, sizeof path);
    if (saved_write(path, &fields, &error) != FIRN_OK)
        report_error(&error);
    message_fini(&fields);
    is->changed = false;
    is->due_ns = saved_due(began_ns); /* I2 */
}

void storage_save(struct host *host, bool all)
{
    const uint64_t now_ns = firn_clock_ns();
    for (size_t i = 0; i < host->local_count && !host->is_private; i++) {
        if (host->locals[i]->changed && (all || now_ns >= host->locals[i]->due_ns))
            save_one(host, host->locals[i]);
    }
}

void storage_end(struct host *host)
{
    for (size_t i = 0; i < host->local_count; i++)
        storage_drop(host->locals[i]);
    firn_release(NULL, host->locals, host->local_room * sizeof *host->locals);
    host->locals = NULL;
    host->local_count = host->local_room = 0;
    firn_map_type_destroy(pairs_type); /* sessions are gone with their tabs */
    pairs_type = NULL;
}
