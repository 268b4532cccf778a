/* Names of Bash. A word is a name only as a command or a function. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"variable_name", KIND_NAME, 0},
    {"word", KIND_NONE, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("function_definition", "name", KIND_FUNCTION),
    DEFINE("variable_assignment", "name", KIND_VARIABLE, .scopes = SCOPE_FILE),
    PASS("subscript", "name"),
    REFER("command_name", NULL, KIND_CALL),
    {0},
};

static const struct scope_rule scopes[] = {
    {"function_definition", "compound_statement", NULL, SCOPE_FUNCTION},
    {"function_definition", "subshell", NULL, SCOPE_FUNCTION},
    {"function_definition", "if_statement", NULL, SCOPE_FUNCTION},
    {"function_definition", "test_command", NULL, SCOPE_FUNCTION},
    {0},
};

const struct language_rules rules_bash = {labels, rules, scopes, NULL};
