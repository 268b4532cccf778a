/* Names of Rust. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {"type_identifier", KIND_TYPE, 0},
    {"field_identifier", KIND_FIELD, 0},
    {"shorthand_field_identifier", KIND_FIELD, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("function_item", "name", KIND_METHOD, .scopes = SCOPE_TYPE),
    DEFINE("function_item", "name", KIND_FUNCTION),
    DEFINE("function_signature_item", "name", KIND_METHOD, .scopes = SCOPE_TYPE),
    DEFINE("function_signature_item", "name", KIND_DECLARATION),
    DEFINE("struct_item", "name", KIND_STRUCT),
    DEFINE("union_item", "name", KIND_UNION),
    DEFINE("enum_item", "name", KIND_ENUM),
    DEFINE("enum_variant", "name", KIND_ENUMERATOR),
    DEFINE("trait_item", "name", KIND_TRAIT),
    DEFINE("type_item", "name", KIND_TYPE),
    DEFINE("associated_type", "name", KIND_TYPE),
    DEFINE("const_item", "name", KIND_CONSTANT, .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("static_item", "name", KIND_VARIABLE, .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("mod_item", "name", KIND_MODULE),
    DEFINE("macro_definition", "name", KIND_MACRO),
    DEFINE("field_declaration", "name", KIND_FIELD),

    /* paths: only the last name of one is what is called */
    PASS("scoped_identifier", "name"),
    PASS("scoped_identifier", "path", .mark = MARK_PATH),
    PASS("generic_function", "function"),
    PASS("field_expression", "field", .kind = KIND_FIELD),
    REFER("call_expression", "function", KIND_CALL, .deny = MARK_PATH),
    REFER("macro_invocation", "macro", KIND_MACRO, .deny = MARK_PATH),
    REFER("attribute", NULL, KIND_MACRO, .deny = MARK_PATH),

    PASS("use_as_clause", NULL),
    PASS("use_list", NULL),
    PASS("scoped_use_list", NULL),
    PASS("use_wildcard", NULL),
    REFER("use_declaration", NULL, KIND_IMPORT),
    REFER("extern_crate_declaration", NULL, KIND_IMPORT),
    {0},
};

static const struct scope_rule scopes[] = {
    {NULL, "block", NULL, SCOPE_FUNCTION},
    {"impl_item", "declaration_list", NULL, SCOPE_TYPE},
    {"trait_item", "declaration_list", NULL, SCOPE_TYPE},
    {0},
};

const struct language_rules rules_rust = {labels, rules, scopes, NULL};
