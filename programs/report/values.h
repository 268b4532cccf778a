/* Short ways to values of jansson. What has no memory ends the program with a line: a report is of
 * no use in parts. */
#ifndef REPORT_VALUES_H
#define REPORT_VALUES_H

#include <jansson.h>
#include <stdbool.h>

/* value, or the end of the program when it is NULL. */
json_t *value_need(json_t *value);

/* Each takes over value. */
void value_put(json_t *object, const char *key, json_t *value);
void value_add(json_t *array, json_t *value);
/* A text, which need not be UTF-8: what is not becomes a question mark. */
json_t *value_text(const char *text);
/* A number, or null when it is not finite. */
json_t *value_real(double number);

/* "" when there is none. */
const char *value_get_text(const json_t *object, const char *key);
/* NAN when there is none. */
double value_get_number(const json_t *object, const char *key);
/* The object of the array whose key has this text; NULL when there is none. */
json_t *value_find(const json_t *array, const char *key, const char *text);

#endif
