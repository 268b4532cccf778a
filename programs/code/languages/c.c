/* Names of C; C++ has these and more (cpp.c). */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {"type_identifier", KIND_TYPE, 0},
    {"primitive_type", KIND_NONE, 0}, /* but a typedef may define uint8_t */
    {"field_identifier", KIND_FIELD, 0},
    {"statement_identifier", KIND_NAME, 0},
    {0},
};

static const struct name_rule rules[] = {
    /* declarators, from the name outwards */
    PASS("function_declarator", "declarator", .mark = MARK_FUNCTION),
    PASS("pointer_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("array_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("parenthesized_declarator", NULL),
    PASS("attributed_declarator", NULL),
    PASS("init_declarator", "declarator"),

    DEFINE("function_definition", "declarator", KIND_FUNCTION),
    DEFINE("declaration", "declarator", KIND_DECLARATION, .need = MARK_FUNCTION,
           .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("declaration", "declarator", KIND_DECLARATION, .within = "'extern",
           .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("declaration", "declarator", KIND_VARIABLE, .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("type_definition", "declarator", KIND_TYPE),
    DEFINE("field_declaration", "declarator", KIND_FIELD),

    DEFINE("struct_specifier", "name", KIND_STRUCT, .with = "field_declaration_list"),
    DEFINE("union_specifier", "name", KIND_UNION, .with = "field_declaration_list"),
    DEFINE("enum_specifier", "name", KIND_ENUM, .with = "enumerator_list"),
    REFER("struct_specifier", "name", KIND_TYPE),
    REFER("union_specifier", "name", KIND_TYPE),
    REFER("enum_specifier", "name", KIND_TYPE),
    DEFINE("enumerator", "name", KIND_ENUMERATOR),

    DEFINE("preproc_def", "name", KIND_MACRO),
    DEFINE("preproc_function_def", "name", KIND_MACRO),
    REFER("preproc_ifdef", "name", KIND_MACRO),
    REFER("preproc_elifdef", "name", KIND_MACRO),
    REFER("preproc_defined", NULL, KIND_MACRO),
    REFER("preproc_if", "condition", KIND_MACRO),
    REFER("preproc_elif", "condition", KIND_MACRO),
    REFER("preproc_include", "path", KIND_MACRO),
    REFER("macro_type_specifier", "name", KIND_MACRO),

    PASS("field_expression", "field", .kind = KIND_FIELD),
    REFER("call_expression", "function", KIND_CALL),
    {0},
};

static const struct scope_rule scopes[] = {
    {NULL, "compound_statement", NULL, SCOPE_FUNCTION},
    {NULL, "field_declaration_list", NULL, SCOPE_TYPE},
    {0},
};

const struct language_rules rules_c = {labels, rules, scopes, NULL};
