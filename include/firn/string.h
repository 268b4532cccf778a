/* Strings in 24 bytes: up to 23 bytes of text lie inside, longer ones on the heap, and known ones
 * are the number of an interned text. Any bytes may be in them; there is no final NUL.
 *
 * A struct of zeros is an empty string. A string may be moved by memcpy as long as only one copy is
 * used. It does not keep its allocator, which all calls that may need one are given: always the
 * same one for a string (NULL: the system's). Confined to one thread while it changes. */
#ifndef FIRN_STRING_H
#define FIRN_STRING_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/intern.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_STRING_INLINE_MAX 23u
#define FIRN_STRING_MAX ((size_t)1 << 32) /* bytes of a string */

/* Private, but here, so that reading is inlined. The last byte says which form it is: the number of
 * bytes inside (unused ones are 0), or one of the two constants. */
typedef struct firn_string {
    union {
        uint8_t text[24];
        struct {
            const void *at;  /* the block, or the firn_intern */
            uint64_t size;   /* of the text in the block */
            uint32_t number; /* of 16-byte units in the block, or the id */
            uint8_t unused[3];
            uint8_t form;
        } apart;
    } as;
} firn_string;

#define FIRN_STRING_HEAP 0x40u
#define FIRN_STRING_INTERNED 0x80u

/* Gives back what a string holds; it is empty afterwards. */
FIRN_API void firn_string_fini(firn_string *string, const firn_allocator *allocator);

/* The text; valid until the string changes or moves, or the next put into its firn_intern. */
static inline firn_bytes firn_string_get(const firn_string *string)
{
    firn_bytes bytes = {string->as.text, string->as.apart.form};
    if (string->as.apart.form == FIRN_STRING_HEAP) {
        bytes.data = string->as.apart.at;
        bytes.size = (size_t)string->as.apart.size;
    } else if (string->as.apart.form == FIRN_STRING_INTERNED) {
        bytes.data = firn_intern_get((const firn_intern *)string->as.apart.at,
                                     string->as.apart.number, &bytes.size);
    }
    return bytes;
}

/* Sets the text; it may be a part of the string itself. FIRN_NO_MEMORY, FIRN_LIMIT above
 * FIRN_STRING_MAX; the string is then as it was. So for all calls below. */
FIRN_API FIRN_NODISCARD firn_status firn_string_put(firn_string *string, const void *data,
                                                    size_t size, const firn_allocator *allocator);
/* The same, the text being kept in intern, which must outlive the string's use. Texts of up to 23
 * bytes are interned too, so that all strings of one intern compare by their ids. */
FIRN_API FIRN_NODISCARD firn_status firn_string_put_interned(firn_string *string,
                                                             firn_intern *intern, const void *data,
                                                             size_t size,
                                                             const firn_allocator *allocator);
/* Adds text at the end; it may be a part of the string itself. An interned string becomes one of
 * its own. Amortised O(size). */
FIRN_API FIRN_NODISCARD firn_status firn_string_append(firn_string *string, const void *data,
                                                       size_t size,
                                                       const firn_allocator *allocator);

/* A new string of the texts of a and b, one after the other; *ret_string is not read. */
FIRN_API FIRN_NODISCARD firn_status firn_string_concatenate(const firn_string *a,
                                                            const firn_string *b,
                                                            const firn_allocator *allocator,
                                                            firn_string *ret_string);
/* A new string of `size` bytes from `begin` on; all of an interned string stays interned.
 * FIRN_INVALID when they are not all there. */
FIRN_API FIRN_NODISCARD firn_status firn_string_slice(const firn_string *string, size_t begin,
                                                      size_t size, const firn_allocator *allocator,
                                                      firn_string *ret_string);

/* Below 0, 0 or above 0 in the order of memcmp, a prefix before what it begins. */
FIRN_API int firn_string_compare(const firn_string *a, const firn_string *b);
/* O(1) for texts inside both strings, and for two of the same intern. */
FIRN_API bool firn_string_equal(const firn_string *a, const firn_string *b);
/* The same for equal texts in whatever form; differs between machines: not to be stored. Tables
 * that strangers can fill should choose a random seed. */
FIRN_API uint64_t firn_string_hash(const firn_string *string, uint64_t seed);

/* The id of an interned string, else FIRN_INTERN_NONE. */
FIRN_API uint32_t firn_string_id(const firn_string *string);

/* live: the text and the struct; nothing for a text that an intern holds. */
FIRN_API void firn_string_usage(const firn_string *string, firn_usage *ret_usage);

/* How many bytes from the start are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF): size when all are, else where the first broken character begins. */
FIRN_API size_t firn_utf8_valid(const void *data, size_t size);

FIRN_END

#endif
