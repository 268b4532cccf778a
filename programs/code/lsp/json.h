/* JSON as jansson reads it, within a bound of memory that all messages share; and the few types
 * that messages have. All getters take what a hostile client sends: values of any type, and NULL.
 */
#ifndef CODE_LSP_JSON_H
#define CODE_LSP_JSON_H

#include <jansson.h>

#include <firn/status.h>

#define JSON_LIMIT_BYTES ((size_t)256 << 20)

/* Makes jansson take its memory from Firn's allocator, no more than the limit. Called once, before
 * threads are made. */
void json_begin(void);

/* Reads one document; NULL when it is none (*ret_status FIRN_INVALID) or memory ends
 * (FIRN_NO_MEMORY). json, which is repaired as utf8.h tells, may be changed. */
json_t *json_read(char *json, size_t size, firn_status *ret_status);

/* A member's text: NULL when it is no string, or one with a zero byte in it. */
const char *member_text(const json_t *object, const char *key);
/* A whole number of 0 to 2^31 - 1. */
bool member_number(const json_t *object, const char *key, uint32_t *ret_number);
bool member_true(const json_t *object, const char *key);
/* What stands behind keys in each other, "a.b.c"; NULL when there is nothing. */
const json_t *member_path(const json_t *object, const char *path);

#endif
