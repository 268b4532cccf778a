/* Names of JSON: the keys of its objects, without their quotes and as they are spelled. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"string", KIND_NONE, 1},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("pair", "key", KIND_KEY),
    {0},
};

static const struct scope_rule scopes[] = {
    {0},
};

const struct language_rules rules_json = {labels, rules, scopes, NULL};
