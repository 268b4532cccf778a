/* See json.h. jansson frees without telling a size, so that each block has it before it. The hooks
 * and the count are global because jansson's are. */
#include "code/lsp/json.h"

#include <firn/allocator.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "code/lsp/utf8.h"

#define HEADER_BYTES 16u

static atomic_size_t taken_bytes;

static void *take(size_t size)
{
    if (size > JSON_LIMIT_BYTES)
        return NULL;
    const size_t total = size + HEADER_BYTES;
    if (atomic_fetch_add(&taken_bytes, total) > JSON_LIMIT_BYTES - total) {
        atomic_fetch_sub(&taken_bytes, total);
        return NULL;
    }
    char *block = firn_allocate(NULL, total);
    if (block == NULL) /* again: jansson's reader goes astray when one of its own fails */
        block = firn_allocate(NULL, total);
    if (block == NULL) {
        atomic_fetch_sub(&taken_bytes, total);
        return NULL;
    }
    memcpy(block, &total, sizeof total);
    return block + HEADER_BYTES;
}

static void give_back(void *bytes)
{
    if (bytes == NULL)
        return;
    char *block = (char *)bytes - HEADER_BYTES;
    size_t total;
    memcpy(&total, block, sizeof total);
    atomic_fetch_sub(&taken_bytes, total);
    firn_release(NULL, block, total);
}

void json_begin(void)
{
    json_set_alloc_funcs(take, give_back);
    json_object_seed(0);
}

json_t *json_read(char *json, size_t size, firn_status *ret_status)
{
    json_error_t error;
    utf8_repair(json, size);
    json_t *value = json_loadb(json, size, JSON_ALLOW_NUL, &error);
    if (value == NULL)
        *ret_status =
            json_error_code(&error) == json_error_out_of_memory ? FIRN_NO_MEMORY : FIRN_INVALID;
    return value;
}

const char *member_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

bool member_number(const json_t *object, const char *key, uint32_t *ret_number)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > INT32_MAX)
        return false;
    *ret_number = (uint32_t)json_integer_value(value);
    return true;
}

bool member_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

const json_t *member_path(const json_t *object, const char *path)
{
    char key[64];
    while (object != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");
        if (size >= sizeof key)
            return NULL;
        memcpy(key, path, size);
        key[size] = '\0';
        object = json_object_get(object, key);
        path += size;
        path += *path == '.';
    }
    return object;
}
