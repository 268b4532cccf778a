/* `$`: what lies outside of the page, by the hooks of its host: the console, clocks, fetches,
 * navigation, storage; and texts as bytes.
 *
 * Invariants:
 *   I1  the lowest bits of a fetch's number are its destination, so that its answer is made into
 *       the value that is wanted without asking for it
 */
#include "tabs/script/native.h"

#include "tabs/script/engine.h"
#include "tabs/script/utf8.h"

#include <string.h>

#define DESTINATION_BITS 3

static JSValueRef text_or_null(script_engine *engine, const char *text)
{
    return text != NULL ? native_string(engine, text, strlen(text))
                        : JSValueMakeNull(engine->context);
}

/* --- bytes --- */

static void release_bytes(void *bytes, void *size)
{
    firn_release(NULL, bytes, (size_t)(uintptr_t)size);
}

/* A buffer with a copy of bytes; NULL when there is no memory. */
static JSValueRef make_buffer(script_engine *engine, const void *bytes, size_t size)
{
    size_t room = size != 0 ? size : 1;
    void *copy = firn_allocate(NULL, room);
    if (copy == NULL)
        return NULL;
    if (size != 0)
        memcpy(copy, bytes, size);
    return JSObjectMakeArrayBufferWithBytesNoCopy(engine->context, copy, size, release_bytes,
                                                  (void *)(uintptr_t)room, NULL);
}

/* The bytes of a buffer or of a view of one; false for what is neither. */
static bool see_bytes(script_engine *engine, JSValueRef value, const void **ret_bytes,
                      size_t *ret_size)
{
    JSContextRef context = engine->context;
    JSTypedArrayType type = JSValueGetTypedArrayType(context, value, NULL);
    if (type == kJSTypedArrayTypeNone)
        return false;
    JSObjectRef object = JSValueToObject(context, value, NULL);
    if (type == kJSTypedArrayTypeArrayBuffer) {
        *ret_bytes = JSObjectGetArrayBufferBytesPtr(context, object, NULL);
        *ret_size = JSObjectGetArrayBufferByteLength(context, object, NULL);
    } else {
        const char *start = JSObjectGetTypedArrayBytesPtr(context, object, NULL);
        *ret_size = JSObjectGetTypedArrayByteLength(context, object, NULL);
        *ret_bytes =
            start != NULL ? start + JSObjectGetTypedArrayByteOffset(context, object, NULL) : NULL;
    }
    return true;
}

/* decode(bytes): the text that they are in UTF-8. */
NATIVE(decode)
{
    const void *bytes;
    size_t size;
    BEGIN(1);
    if (!see_bytes(engine, arguments[0], &bytes, &size))
        return native_throw(engine, thrown, FIRN_INVALID, "no bytes");
    script_text *text = &engine->texts[0];
    text->size = 0;
    CHECK(utf8_repair(text, bytes, size));
    return native_string(engine, text->bytes, text->size);
}

/* encode(text): its bytes in UTF-8, in a buffer. */
NATIVE(encode)
{
    BEGIN(1);
    TEXT(text, 0);
    JSValueRef buffer = make_buffer(engine, text->bytes, text->size);
    CHECK(buffer != NULL ? FIRN_OK : FIRN_NO_MEMORY);
    return buffer;
}

/* --- fetches --- */

/* destination, method, url, headers, body: null, a text, or bytes. */
static firn_status read_request(script_engine *engine, const JSValueRef *arguments,
                                engine_request *ret_request)
{
    engine_request made = {.destination = (engine_destination)native_number(engine, arguments[0])};
    script_text *texts = engine->texts;
    const void *bytes = NULL;
    size_t size = 0;
    for (size_t i = 0; i < 3; i++) {
        firn_status status = native_text(engine, &texts[i], arguments[i + 1]);
        if (status != FIRN_OK)
            return status;
    }
    JSValueRef body = arguments[4];
    if (!see_bytes(engine, body, &bytes, &size) && !JSValueIsNull(engine->context, body) &&
        !JSValueIsUndefined(engine->context, body)) {
        firn_status status = native_text(engine, &texts[3], body);
        if (status != FIRN_OK)
            return status;
        bytes = texts[3].bytes;
        size = texts[3].size;
    }
    made.method = texts[0].bytes;
    made.url = texts[1].bytes;
    made.headers = texts[2].bytes;
    made.body = bytes;
    made.body_bytes = size;
    *ret_request = made;
    return FIRN_OK;
}

static JSValueRef make_body(script_engine *engine, engine_destination destination,
                            const engine_response *response)
{
    if (destination != ENGINE_SCRIPT && destination != ENGINE_STYLE)
        return make_buffer(engine, response->body, response->body_bytes);
    script_text *text = &engine->texts[0];
    text->size = 0;
    firn_status status = utf8_repair(text, response->body, response->body_bytes);
    if (status != FIRN_OK)
        return NULL;
    size_t mark = text->size >= 3 && memcmp(text->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    JSValueRef made = native_string(engine, text->bytes + mark, text->size - mark);
    script_text_trim(text); /* before the script runs, which is long */
    script_text_trim(&engine->scratch);
    return made;
}

bool outside_answer(script_engine *engine, engine_destination destination,
                    const engine_response *response, JSValueRef values[ANSWER_VALUES])
{
    values[0] = text_or_null(engine, response->error);
    values[1] = JSValueMakeNumber(engine->context, response->status);
    values[2] = text_or_null(engine, response->url);
    values[3] = text_or_null(engine, response->headers);
    values[4] = response->error == NULL ? make_body(engine, destination, response)
                                        : JSValueMakeNull(engine->context);
    values[5] = JSValueMakeNumber(engine->context, response->width);
    values[6] = JSValueMakeNumber(engine->context, response->height);
    return values[4] != NULL;
}

static const engine_response unreachable = {.error = "this page cannot fetch"};

/* fetch(number, destination, method, url, headers, body): false where the page cannot; its answer
 * comes to the interfaces' fetched(). */
NATIVE(fetch)
{
    engine_request request;
    BEGIN(6);
    if (engine->hooks.fetch == NULL)
        return JSValueMakeBoolean(context, false);
    CHECK(read_request(engine, arguments + 1, &request));
    uint32_t id = (uint32_t)native_number(engine, arguments[0]) << DESTINATION_BITS;
    engine->hooks.fetch(engine->hooks.context, id | request.destination, &request); /* I1 */
    return JSValueMakeBoolean(context, true);
}

void engine_fetched(script_engine *engine, uint32_t id, const engine_response *response)
{
    const engine_response failed = {.error = "the answer does not fit into memory"};
    engine_destination destination =
        (engine_destination)(id & ((1u << DESTINATION_BITS) - 1)); /* I1 */
    JSValueRef values[1 + ANSWER_VALUES] = {
        JSValueMakeNumber(engine->context, id >> DESTINATION_BITS)};
    if (!outside_answer(engine, destination, response, values + 1))
        outside_answer(engine, destination, &failed, values + 1);
    engine_call(engine, "fetched", 1 + ANSWER_VALUES, values);
    engine_trim(engine);
}

/* abort(number, destination) */
NATIVE(abort_fetch)
{
    BEGIN(2);
    uint32_t id = (uint32_t)native_number(engine, arguments[0]) << DESTINATION_BITS;
    if (engine->hooks.abort != NULL)
        engine->hooks.abort(engine->hooks.context,
                            id | (uint32_t)native_number(engine, arguments[1])); /* I1 */
    return JSValueMakeUndefined(context);
}

/* fetchNow(destination, method, url, headers, body): the answer, as fetched() has it. */
NATIVE(fetch_now)
{
    engine_request request;
    engine_response response = unreachable;
    JSValueRef values[ANSWER_VALUES];
    BEGIN(5);
    CHECK(read_request(engine, arguments, &request));
    if (engine->hooks.fetch_now != NULL)
        engine->hooks.fetch_now(engine->hooks.context, &request, &response);
    CHECK(outside_answer(engine, request.destination, &response, values) ? FIRN_OK
                                                                         : FIRN_NO_MEMORY);
    return JSObjectMakeArray(context, ANSWER_VALUES, values, thrown);
}

/* --- where the page goes --- */

/* navigate(method, url, headers, body, replace) */
NATIVE(navigate)
{
    engine_request request;
    JSValueRef all[5];
    BEGIN(5);
    all[0] = JSValueMakeNumber(context, ENGINE_DOCUMENT);
    memcpy(all + 1, arguments, 4 * sizeof *arguments);
    CHECK(read_request(engine, all, &request));
    if (engine->hooks.navigate != NULL)
        engine->hooks.navigate(engine->hooks.context, &request,
                               JSValueToBoolean(context, arguments[4]));
    return JSValueMakeUndefined(context);
}

NATIVE(traverse)
{
    BEGIN(1);
    if (engine->hooks.traverse != NULL)
        engine->hooks.traverse(engine->hooks.context, (int)native_number(engine, arguments[0]));
    return JSValueMakeUndefined(context);
}

/* moved(url, title) */
NATIVE(moved)
{
    BEGIN(2);
    TEXT(url, 0);
    TEXT(title, 1);
    if (engine->hooks.moved != NULL)
        engine->hooks.moved(engine->hooks.context, url->bytes, title->bytes);
    return JSValueMakeUndefined(context);
}

/* --- storage --- */

/* store(session, key, value): key null is all, value null none. */
NATIVE(store)
{
    BEGIN(3);
    TEXT(key, 1);
    TEXT(content, 2);
    bool all = JSValueIsNull(context, arguments[1]), none = JSValueIsNull(context, arguments[2]);
    if (engine->hooks.store != NULL)
        engine->hooks.store(engine->hooks.context, JSValueToBoolean(context, arguments[0]),
                            all ? NULL : key->bytes, all ? 0 : key->size,
                            none ? NULL : content->bytes, none ? 0 : content->size);
    return JSValueMakeUndefined(context);
}

struct stored_list {
    script_engine *engine;
    JSObjectRef array;
    unsigned count;
    JSValueRef *thrown;
};

static void note_stored(void *visitor, const char *key, size_t key_bytes, const char *value,
                        size_t value_bytes)
{
    struct stored_list *list = visitor;
    JSContextRef context = list->engine->context;
    JSObjectSetPropertyAtIndex(context, list->array, list->count++,
                               native_string(list->engine, key, key_bytes), list->thrown);
    JSObjectSetPropertyAtIndex(context, list->array, list->count++,
                               native_string(list->engine, value, value_bytes), list->thrown);
}

/* stored(session): keys and values in turn. */
NATIVE(stored)
{
    BEGIN(1);
    struct stored_list list = {engine, JSObjectMakeArray(context, 0, NULL, thrown), 0, thrown};
    if (engine->hooks.stored != NULL && list.array != NULL)
        engine->hooks.stored(engine->hooks.context, JSValueToBoolean(context, arguments[0]),
                             note_stored, &list);
    return list.array;
}

/* --- the console, clocks, random numbers --- */

NATIVE(print)
{
    BEGIN(2);
    TEXT(level, 0);
    TEXT(line, 1);
    engine->hooks.print(engine->hooks.context, level->bytes, line->bytes, line->size);
    return JSValueMakeUndefined(context);
}

NATIVE(wake_in)
{
    BEGIN(1);
    engine->hooks.wake_in(engine->hooks.context, native_number(engine, arguments[0]));
    return JSValueMakeUndefined(context);
}

NATIVE(now)
{
    BEGIN_ALONE;
    return JSValueMakeNumber(engine->context, engine->hooks.now(engine->hooks.context));
}

NATIVE(time)
{
    BEGIN_ALONE;
    return JSValueMakeNumber(engine->context, engine->hooks.time(engine->hooks.context));
}

/* Fills a typed array. */
NATIVE(random_fill)
{
    BEGIN(1);
    JSObjectRef array = JSValueToObject(engine->context, arguments[0], thrown);
    void *data =
        array != NULL ? JSObjectGetTypedArrayBytesPtr(engine->context, array, thrown) : NULL;
    if (data == NULL)
        return JSValueMakeUndefined(context);
    size_t offset = JSObjectGetTypedArrayByteOffset(engine->context, array, thrown);
    size_t size = JSObjectGetTypedArrayByteLength(engine->context, array, thrown);
    engine->hooks.random(engine->hooks.context, (uint8_t *)data + offset, size);
    return JSValueMakeUndefined(context);
}

/* --- microtasks --- */

/* The engine's own, exported though of no header: a holder of its lock, and the running of what
 * promises wait for. Its C interface does this only when the outermost call returns, which is too
 * late behind each listener of an event that no script has dispatched. */
extern void engine_lock(void *holder,
                        JSContextGroupRef group) __asm__("_ZN3JSC12JSLockHolderC1EPNS_2VME");
extern void engine_unlock(void *holder) __asm__("_ZN3JSC12JSLockHolderD1Ev");
extern void engine_drain(JSContextGroupRef group) __asm__("_ZN3JSC2VM15drainMicrotasksEv");

NATIVE(checkpoint)
{
    BEGIN_ALONE;
    void *holder = NULL;
    JSContextGroupRef group = JSContextGetGroup(engine->context);
    engine_lock(&holder, group);
    engine_drain(group);
    engine_unlock(&holder);
    return JSValueMakeUndefined(context);
}

const JSStaticFunction outside_functions[] = {
    {"decode", decode, HIDDEN},
    {"encode", encode, HIDDEN},
    {"fetch", fetch, HIDDEN},
    {"abort", abort_fetch, HIDDEN},
    {"fetchNow", fetch_now, HIDDEN},
    {"navigate", navigate, HIDDEN},
    {"traverse", traverse, HIDDEN},
    {"moved", moved, HIDDEN},
    {"store", store, HIDDEN},
    {"stored", stored, HIDDEN},
    {"print", print, HIDDEN},
    {"wakeIn", wake_in, HIDDEN},
    {"now", now, HIDDEN},
    {"time", time, HIDDEN},
    {"random", random_fill, HIDDEN},
    {"checkpoint", checkpoint, HIDDEN},
    {NULL, NULL, 0},
};
