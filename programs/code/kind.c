/* The table of kinds. See kind.h. */
#include "code/kind.h"

#include <string.h>

static const char *const names[KIND_COUNT] = {
#define KIND_NAME_ENTRY(constant, number, name) [constant] = name,
    KIND_TABLE(KIND_NAME_ENTRY)
#undef KIND_NAME_ENTRY
};

const char *kind_name(enum kind kind)
{
    return (unsigned)kind < KIND_COUNT ? names[kind] : "?";
}

bool kind_by_name(const char *name, enum kind *ret_kind)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (strcmp(names[kind], name) == 0) {
            *ret_kind = (enum kind)kind;
            return true;
        }
    return false;
}
