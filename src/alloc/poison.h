/* What tells memory that holds no object: AddressSanitizer's poison where it is built in, else, in
 * builds with assertions, a pattern. FIRN_CHECKED is defined in both. For pool.c and slab.
 */
#ifndef FIRN_ALLOC_POISON_H
#define FIRN_ALLOC_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIRN_POISON_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_POISON_ASAN 1
#endif
#endif

#if defined(FIRN_POISON_ASAN) || !defined(NDEBUG)
#define FIRN_CHECKED 1
#endif

#ifdef FIRN_POISON_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define FIRN_POISON_BYTE 0xdf

static inline void firn_poison(void *start, size_t size)
{
#if defined(FIRN_POISON_ASAN)
    ASAN_POISON_MEMORY_REGION(start, size);
#elif defined(FIRN_CHECKED)
    memset(start, FIRN_POISON_BYTE, size);
#else
    (void)start;
    (void)size;
#endif
}

static inline void firn_unpoison(void *start, size_t size)
{
#ifdef FIRN_POISON_ASAN
    ASAN_UNPOISON_MEMORY_REGION(start, size);
#else
    (void)start;
    (void)size;
#endif
}

/* Whether nobody wrote to poisoned memory, as far as this build can tell. */
static inline bool firn_poison_holds(const void *start, size_t size)
{
#if !defined(FIRN_POISON_ASAN) && defined(FIRN_CHECKED)
    const uint8_t *bytes = start;
    return bytes[0] == FIRN_POISON_BYTE && memcmp(bytes, bytes + 1, size - 1) == 0;
#else
    (void)start;
    (void)size;
    return true;
#endif
}

#endif
