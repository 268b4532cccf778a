/* Names of Go. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},        {"type_identifier", KIND_TYPE, 0},
    {"field_identifier", KIND_FIELD, 0}, {"package_identifier", KIND_NAME, 0},
    {"label_name", KIND_NAME, 0},        {0},
};

static const struct name_rule rules[] = {
    DEFINE("package_clause", NULL, KIND_MODULE),
    DEFINE("function_declaration", "name", KIND_FUNCTION),
    DEFINE("method_declaration", "name", KIND_METHOD),
    DEFINE("method_elem", "name", KIND_METHOD),
    DEFINE("type_spec", "name", KIND_STRUCT, .with = "struct_type"),
    DEFINE("type_spec", "name", KIND_INTERFACE, .with = "interface_type"),
    DEFINE("type_spec", "name", KIND_TYPE),
    DEFINE("type_alias", "name", KIND_TYPE),
    DEFINE("const_spec", "name", KIND_CONSTANT, .scopes = SCOPE_FILE),
    DEFINE("var_spec", "name", KIND_VARIABLE, .scopes = SCOPE_FILE),
    DEFINE("field_declaration", "name", KIND_FIELD),

    REFER("import_spec", "name", KIND_IMPORT),
    PASS("selector_expression", "field", .kind = KIND_FIELD),
    REFER("call_expression", "function", KIND_CALL),
    {0},
};

static const struct scope_rule scopes[] = {
    {NULL, "block", NULL, SCOPE_FUNCTION},
    {0},
};

const struct language_rules rules_go = {labels, rules, scopes, NULL};
