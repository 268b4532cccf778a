/* Names of JavaScript. A function by whatever syntax is a definition wherever it stands; variables
 * and constants are where they are not local. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {"property_identifier", KIND_FIELD, 0},
    {"private_property_identifier", KIND_FIELD, 0},
    {"shorthand_property_identifier", KIND_NAME, 0},
    {"shorthand_property_identifier_pattern", KIND_NAME, 0},
    {"statement_identifier", KIND_NAME, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("function_declaration", "name", KIND_FUNCTION),
    DEFINE("function_expression", "name", KIND_FUNCTION),
    DEFINE("generator_function_declaration", "name", KIND_FUNCTION),
    DEFINE("generator_function", "name", KIND_FUNCTION),
    DEFINE("class_declaration", "name", KIND_CLASS),
    DEFINE("class", "name", KIND_CLASS),
    DEFINE("method_definition", "name", KIND_METHOD),
    DEFINE("field_definition", "property", KIND_METHOD, .with = "arrow_function"),
    DEFINE("field_definition", "property", KIND_PROPERTY),
    DEFINE("pair", "key", KIND_METHOD, .with = "arrow_function"),
    DEFINE("pair", "key", KIND_METHOD, .with = "function_expression"),
    DEFINE("pair", "key", KIND_METHOD, .with = "generator_function"),

    DEFINE("variable_declarator", "name", KIND_FUNCTION, .with = "arrow_function"),
    DEFINE("variable_declarator", "name", KIND_FUNCTION, .with = "function_expression"),
    DEFINE("variable_declarator", "name", KIND_FUNCTION, .with = "generator_function"),
    DEFINE("variable_declarator", "name", KIND_CLASS, .with = "class"),
    PASS("variable_declarator", "name"),
    DEFINE("lexical_declaration", NULL, KIND_CONSTANT, .with = "'const",
           .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("lexical_declaration", NULL, KIND_VARIABLE, .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("variable_declaration", NULL, KIND_VARIABLE, .scopes = SCOPE_NOT_FUNCTION),
    PASS("object_pattern", NULL),
    PASS("array_pattern", NULL),
    PASS("pair_pattern", "value"),
    PASS("assignment_pattern", "left"),
    PASS("object_assignment_pattern", "left"),
    PASS("rest_pattern", NULL),

    PASS("member_expression", "property", .kind = KIND_FIELD, .mark = MARK_QUALIFIED),
    DEFINE("assignment_expression", "left", KIND_METHOD, .need = MARK_QUALIFIED,
           .with = "function_expression"),
    DEFINE("assignment_expression", "left", KIND_METHOD, .need = MARK_QUALIFIED,
           .with = "arrow_function"),
    DEFINE("assignment_expression", "left", KIND_CLASS, .need = MARK_QUALIFIED, .with = "class"),
    REFER("call_expression", "function", KIND_CALL),
    REFER("new_expression", "constructor", KIND_TYPE),
    REFER("class_heritage", NULL, KIND_TYPE),

    REFER("import_specifier", NULL, KIND_IMPORT),
    REFER("import_clause", NULL, KIND_IMPORT),
    REFER("namespace_import", NULL, KIND_IMPORT),
    {0},
};

static const struct scope_rule scopes[] = {
    {"function_declaration", "statement_block", NULL, SCOPE_FUNCTION},
    {"function_expression", "statement_block", NULL, SCOPE_FUNCTION},
    {"generator_function_declaration", "statement_block", NULL, SCOPE_FUNCTION},
    {"generator_function", "statement_block", NULL, SCOPE_FUNCTION},
    {"arrow_function", "statement_block", NULL, SCOPE_FUNCTION},
    {"method_definition", "statement_block", NULL, SCOPE_FUNCTION},
    {"class_static_block", "statement_block", NULL, SCOPE_FUNCTION},
    {NULL, "class_body", NULL, SCOPE_TYPE},
    {0},
};

const struct language_rules rules_javascript = {labels, rules, scopes, NULL};
