/* Names of Python. A name bound at a module's top level is a variable, in a class a field, in a
 * function a local one; the bodies of `if`, `try` and the like belong to what is around them. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("function_definition", "name", KIND_METHOD, .scopes = SCOPE_TYPE),
    DEFINE("function_definition", "name", KIND_FUNCTION),
    DEFINE("class_definition", "name", KIND_CLASS),
    DEFINE("assignment", "left", KIND_VARIABLE, .scopes = SCOPE_FILE),
    DEFINE("assignment", "left", KIND_FIELD, .scopes = SCOPE_TYPE),
    PASS("pattern_list", NULL),
    PASS("tuple_pattern", NULL),
    PASS("list_pattern", NULL),
    PASS("list_splat_pattern", NULL),
    DEFINE("type_alias_statement", "left", KIND_TYPE),

    PASS("dotted_name", NULL),
    PASS("aliased_import", NULL),
    PASS("relative_import", NULL),
    REFER("import_statement", NULL, KIND_IMPORT),
    REFER("import_from_statement", NULL, KIND_IMPORT),
    REFER("future_import_statement", NULL, KIND_IMPORT),

    PASS("attribute", "attribute", .kind = KIND_FIELD),
    REFER("call", "function", KIND_CALL),
    REFER("decorator", NULL, KIND_CALL),
    PASS("argument_list", NULL),
    REFER("class_definition", "superclasses", KIND_TYPE),
    PASS("type", NULL, .kind = KIND_TYPE),
    REFER("generic_type", NULL, KIND_TYPE),
    {0},
};

static const struct scope_rule scopes[] = {
    {"class_definition", "block", "body", SCOPE_TYPE},
    {"function_definition", "block", "body", SCOPE_FUNCTION},
    {NULL, "lambda", NULL, SCOPE_FUNCTION},
    {0},
};

const struct language_rules rules_python = {labels, rules, scopes, NULL};
