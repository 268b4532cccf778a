/* See values.h. */
#include "report/values.h"

#include "common/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *value_need(json_t *value)
{
    if (value == NULL) {
        report("no memory for the report");
        exit(EXIT_FAILED);
    }
    return value;
}

void value_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value_need(value)) != 0)
        value_need(NULL);
}

void value_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value_need(value)) != 0)
        value_need(NULL);
}

json_t *value_text(const char *text)
{
    char plain[512];
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    snprintf(plain, sizeof plain, "%s", text);
    for (char *at = plain; *at != '\0'; at++)
        if ((*at & 0x80) != 0)
            *at = '?';
    return value_need(json_string(plain));
}

json_t *value_real(double number)
{
    return value_need(isfinite(number) ? json_real(number) : json_null());
}

const char *value_get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

double value_get_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

json_t *value_find(const json_t *array, const char *key, const char *text)
{
    size_t i;
    json_t *each;
    json_array_foreach(array, i, each)
    {
        if (strcmp(value_get_text(each, key), text) == 0)
            return each;
    }
    return NULL;
}
