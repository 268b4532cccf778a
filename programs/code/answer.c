/* The table of what can be asked. */
#include "code/answer.h"

#include <stdarg.h>
#include <string.h>

static const struct method methods[] = {
    {"find", "name", answer_find},       {"refs", "name", answer_refs},
    {"outline", "file", answer_outline}, {"at", "place", answer_at},
    {"tree", "file", answer_tree},       {"query", "pattern", answer_query},
    {"cat", "file", answer_cat},         {"stats", NULL, answer_stats},
};

const struct method *method_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

void outcome_empty(struct outcome *outcome, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    outcome->is_empty = true;
    (void)vsnprintf(outcome->remark, sizeof outcome->remark, format, arguments);
    va_end(arguments);
}
