/* Duktape 2 in memory of a firn_allocator, such as a region's: the heap with all its contexts and
 * objects is in there, and sleeps with it. Header-only; Firn does not link with Duktape.
 *
 *     firn_duktape engine;
 *     duk_context *context = firn_duktape_open(&engine, &allocator);
 *     firn_duktape_call(&engine, work, argument);    work(context, argument), fatal errors caught
 *     firn_duktape_close(&engine);
 *
 * Duktape calls a fatal handler that must not return when an error finds nobody to catch it, or
 * memory runs out where it cannot. Here that ends the firn_duktape_call around it, and the heap is
 * broken for good: its memory goes with the region, not with firn_duktape_close.
 *
 * Outside nevertheless: nothing of Duktape's; what native functions keep for themselves. The seed
 * of its hashes comes from the lower half of an address, so that heaps which ran the same script in
 * regions at the same offsets are alike.
 *
 * Under each block lie 8 bytes with its size, which Duktape does not tell when it frees. Threads:
 * as the heap and the allocator, one at a time. */
#ifndef FIRN_ADAPTERS_DUKTAPE_H
#define FIRN_ADAPTERS_DUKTAPE_H

#include <firn/allocator.h>

#include <duktape.h>
#include <setjmp.h>
#include <string.h>

FIRN_BEGIN

/* The heap's user data, of a fixed address while it lives; fields are private but for those that
 * say so. */
typedef struct firn_duktape {
    const firn_allocator *allocator;
    duk_context *context; /* may be read: the first context; NULL once broken */
    jmp_buf *landing;     /* of the call that runs */
    char message[160];    /* may be read: of the fatal error, empty without one */
} firn_duktape;

typedef void (*firn_duktape_work_fn)(duk_context *context, void *argument);

enum { FIRN_DUKTAPE_HEAD_BYTES = 8 };

static inline void *firn_duktape_finish(void *begin, size_t size)
{
    if (begin == NULL)
        return NULL;
    memcpy(begin, &size, sizeof size);
    return (char *)begin + FIRN_DUKTAPE_HEAD_BYTES;
}

static inline size_t firn_duktape_size(const void *block)
{
    size_t size;
    memcpy(&size, (const char *)block - FIRN_DUKTAPE_HEAD_BYTES, sizeof size);
    return size;
}

static inline void *firn_duktape_allocate(void *engine, duk_size_t size)
{
    if (size == 0 || size > SIZE_MAX - FIRN_DUKTAPE_HEAD_BYTES)
        return NULL;
    size += FIRN_DUKTAPE_HEAD_BYTES;
    return firn_duktape_finish(firn_allocate(((firn_duktape *)engine)->allocator, size), size);
}

static inline void firn_duktape_release(void *engine, void *block)
{
    if (block != NULL)
        firn_release(((firn_duktape *)engine)->allocator, (char *)block - FIRN_DUKTAPE_HEAD_BYTES,
                     firn_duktape_size(block));
}

static inline void *firn_duktape_reallocate(void *engine, void *block, duk_size_t size)
{
    if (block == NULL)
        return firn_duktape_allocate(engine, size);
    if (size == 0) {
        firn_duktape_release(engine, block);
        return NULL;
    }
    if (size > SIZE_MAX - FIRN_DUKTAPE_HEAD_BYTES)
        return NULL;
    size += FIRN_DUKTAPE_HEAD_BYTES;
    return firn_duktape_finish(firn_reallocate(((firn_duktape *)engine)->allocator,
                                               (char *)block - FIRN_DUKTAPE_HEAD_BYTES,
                                               firn_duktape_size(block), size),
                               size);
}

/* The fatal handler. Without a call to end it returns, and Duktape then ends the process. */
static inline void firn_duktape_fatal(void *context, const char *message)
{
    firn_duktape *engine = (firn_duktape *)context;
    size_t length = message != NULL ? strlen(message) : 0;
    if (length >= sizeof engine->message)
        length = sizeof engine->message - 1;
    if (length > 0)
        memcpy(engine->message, message, length);
    engine->message[length] = '\0';
    engine->context = NULL;
    if (engine->landing != NULL)
        longjmp(*engine->landing, 1);
}

/* A new heap in memory of the allocator, which must outlive it; its first context, or NULL when
 * there is no memory. What a failed opening took stays taken in the allocator. */
static inline duk_context *firn_duktape_open(firn_duktape *engine, const firn_allocator *allocator)
{
    jmp_buf landing;
    memset(engine, 0, sizeof *engine);
    engine->allocator = allocator;
    engine->landing = &landing;
    if (setjmp(landing) == 0)
        engine->context = duk_create_heap(firn_duktape_allocate, firn_duktape_reallocate,
                                          firn_duktape_release, engine, firn_duktape_fatal);
    engine->landing = NULL;
    return engine->context;
}

/* Calls work(context, argument). False when a fatal error ended it or an earlier call: the heap
 * must not be used any more. Errors that work catches itself (duk_pcall, duk_peval, duk_safe_call)
 * are not fatal. May be called within itself. */
static inline bool firn_duktape_call(firn_duktape *engine, firn_duktape_work_fn work,
                                     void *argument)
{
    jmp_buf landing, *before = engine->landing;
    if (engine->context == NULL)
        return false;
    engine->landing = &landing;
    if (setjmp(landing) == 0)
        work(engine->context, argument);
    engine->landing = before;
    return engine->context != NULL;
}

/* Runs finalizers and frees the heap, unless it is broken. */
static inline void firn_duktape_close(firn_duktape *engine)
{
    if (engine->context != NULL)
        duk_destroy_heap(engine->context);
    engine->context = NULL;
}

FIRN_END

#endif
