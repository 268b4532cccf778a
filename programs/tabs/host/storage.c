/* What origins store: localStorage for all tabs, in the folder of --store; sessionStorage for one
 * tab, as long as it is open.
 *
 * An origin's localStorage is a file, local-N, which is replaced as a whole (saved.c): the origin,
 * then keys and values.
 *
 * I1  an origin's texts together are at most STORAGE_MAX_BYTES; what goes beyond is not kept */
#include "tabs/host/host.h"

#include <string.h>

#define STORAGE_MAX_BYTES (10u << 20)

struct pair {
    char *key, *value;
    size_t key_bytes, value_bytes;
};

struct storage {
    char *origin;
    struct storage *next; /* of a tab's */
    struct pair *pairs;
    size_t count, room, bytes;
    unsigned file; /* its number; 0: none yet */
    bool changed;
};

static char *copy(const char *text, size_t size)
{
    char *made = firn_allocate(NULL, size + 1);
    if (made != NULL)
        memcpy(made, text, size + 1);
    return made;
}

static void drop_pair(struct storage *is, size_t at)
{
    const struct pair pair = is->pairs[at];
    is->bytes -= pair.key_bytes + pair.value_bytes;
    firn_release(NULL, pair.key, pair.key_bytes + 1);
    firn_release(NULL, pair.value, pair.value_bytes + 1);
    memmove(is->pairs + at, is->pairs + at + 1, (--is->count - at) * sizeof pair);
}

static size_t find(const struct storage *is, const char *key, size_t size)
{
    size_t at = 0;
    while (at < is->count &&
           (is->pairs[at].key_bytes != size || memcmp(is->pairs[at].key, key, size) != 0))
        at++;
    return at;
}

static void set(struct storage *is, const char *key, size_t key_bytes, const char *value,
                size_t value_bytes)
{
    void *pairs = is->pairs;
    size_t at = find(is, key, key_bytes);
    const size_t old = at < is->count ? is->pairs[at].value_bytes : 0;
    if (key_bytes + value_bytes > STORAGE_MAX_BYTES ||
        is->bytes - old + key_bytes + value_bytes > STORAGE_MAX_BYTES) /* I1 */
        return;
    struct pair made = {copy(key, key_bytes), copy(value, value_bytes), key_bytes, value_bytes};
    if (made.key == NULL || made.value == NULL ||
        !firn_grow(NULL, &pairs, &is->room, is->count + 1, sizeof made)) {
        firn_release(NULL, made.key, key_bytes + 1);
        firn_release(NULL, made.value, value_bytes + 1);
        return;
    }
    is->pairs = pairs;
    is->bytes += key_bytes + value_bytes;
    if (at < is->count) { /* in its place, so that keys keep their order */
        const struct pair gone = is->pairs[at];
        is->pairs[at] = made;
        is->bytes -= gone.key_bytes + gone.value_bytes;
        firn_release(NULL, gone.key, gone.key_bytes + 1);
        firn_release(NULL, gone.value, gone.value_bytes + 1);
        return;
    }
    is->pairs[is->count++] = made;
}

static struct storage *make(const char *origin)
{
    struct storage *is = firn_allocate_zeroed(NULL, 1, sizeof *is);
    if (is == NULL)
        return NULL;
    tab_set_text(&is->origin, origin);
    if (is->origin != NULL)
        return is;
    firn_release(NULL, is, sizeof *is);
    return NULL;
}

void storage_drop(struct storage *storage)
{
    while (storage != NULL) {
        struct storage *next = storage->next;
        while (storage->count > 0)
            drop_pair(storage, storage->count - 1);
        firn_release(NULL, storage->pairs, storage->room * sizeof *storage->pairs);
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
        size_t at = find(is, key, key_bytes);
        if (at < is->count)
            drop_pair(is, at);
    } else {
        while (is->count > 0)
            drop_pair(is, is->count - 1);
    }
    is->changed = true;
}

void storage_tell(struct host *host, struct tab *tab, bool session, message_buffer *out)
{
    const struct storage *is = storage_of(host, tab, session);
    for (size_t i = 0; is != NULL && i < is->count; i++) {
        message_add(out, is->pairs[i].key, is->pairs[i].key_bytes);
        message_add(out, is->pairs[i].value, is->pairs[i].value_bytes);
    }
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
    message_add_text(&fields, is->origin);
    for (size_t i = 0; i < is->count; i++) {
        message_add(&fields, is->pairs[i].key, is->pairs[i].key_bytes);
        message_add(&fields, is->pairs[i].value, is->pairs[i].value_bytes);
    }
    path_of(host, is->file, path, sizeof path);
    if (saved_write(path, &fields, &error) != FIRN_OK)
        report_error(&error);
    message_fini(&fields);
    is->changed = false;
}

void storage_save(struct host *host)
{
    for (size_t i = 0; i < host->local_count && !host->is_private; i++) {
        if (host->locals[i]->changed)
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
}
