/* Names of C++. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {"type_identifier", KIND_TYPE, 0},
    {"primitive_type", KIND_NONE, 0}, /* but a typedef may define uint8_t */
    {"field_identifier", KIND_FIELD, 0},
    {"statement_identifier", KIND_NAME, 0},
    {"namespace_identifier", KIND_NAME, 0},
    {"operator_name", KIND_NAME, 0},   /* with the word `operator` */
    {"destructor_name", KIND_NAME, 0}, /* with the tilde */
    {0},
};

static const struct name_rule rules[] = {
    /* declarators, from the name outwards */
    PASS("function_declarator", "declarator", .mark = MARK_FUNCTION),
    PASS("pointer_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("pointer_type_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("array_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("reference_declarator", NULL, .mark = MARK_OBJECT),
    PASS("parenthesized_declarator", NULL),
    PASS("attributed_declarator", NULL),
    PASS("init_declarator", "declarator"),

    /* paths and templates */
    PASS("qualified_identifier", "name", .mark = MARK_QUALIFIED),
    PASS("template_function", "name"),
    PASS("template_method", "name"),
    PASS("template_type", "name"),
    PASS("dependent_name", NULL),
    REFER("destructor_name", NULL, KIND_TYPE),

    DEFINE("function_definition", "declarator", KIND_METHOD, .need = MARK_FUNCTION,
           .scopes = SCOPE_TYPE),
    DEFINE("function_definition", "declarator", KIND_METHOD,
           .need = MARK_FUNCTION | MARK_QUALIFIED),
    DEFINE("function_definition", "declarator", KIND_FUNCTION),
    DEFINE("declaration", "declarator", KIND_DECLARATION, .need = MARK_FUNCTION,
           .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("declaration", "declarator", KIND_DECLARATION, .within = "'extern",
           .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("declaration", "declarator", KIND_VARIABLE, .scopes = SCOPE_NOT_FUNCTION),
    DEFINE("type_definition", "declarator", KIND_TYPE),
    DEFINE("alias_declaration", "name", KIND_TYPE),
    DEFINE("concept_definition", "name", KIND_TYPE),
    DEFINE("field_declaration", "declarator", KIND_DECLARATION, .need = MARK_FUNCTION),
    DEFINE("field_declaration", "declarator", KIND_FIELD),

    DEFINE("class_specifier", "name", KIND_CLASS, .with = "field_declaration_list"),
    DEFINE("struct_specifier", "name", KIND_STRUCT, .with = "field_declaration_list"),
    DEFINE("union_specifier", "name", KIND_UNION, .with = "field_declaration_list"),
    DEFINE("enum_specifier", "name", KIND_ENUM, .with = "enumerator_list"),
    REFER("class_specifier", "name", KIND_TYPE),
    REFER("struct_specifier", "name", KIND_TYPE),
    REFER("union_specifier", "name", KIND_TYPE),
    REFER("enum_specifier", "name", KIND_TYPE),
    DEFINE("enumerator", "name", KIND_ENUMERATOR),
    DEFINE("namespace_definition", "name", KIND_NAMESPACE),
    DEFINE("namespace_alias_definition", "name", KIND_NAMESPACE),
    PASS("nested_namespace_specifier", NULL),
    REFER("using_declaration", NULL, KIND_IMPORT),

    DEFINE("preproc_def", "name", KIND_MACRO),
    DEFINE("preproc_function_def", "name", KIND_MACRO),
    REFER("preproc_ifdef", "name", KIND_MACRO),
    REFER("preproc_elifdef", "name", KIND_MACRO),
    REFER("preproc_defined", NULL, KIND_MACRO),
    REFER("preproc_if", "condition", KIND_MACRO),
    REFER("preproc_elif", "condition", KIND_MACRO),
    REFER("preproc_include", "path", KIND_MACRO),

    PASS("field_expression", "field", .kind = KIND_FIELD),
    REFER("call_expression", "function", KIND_CALL),
    {0},
};

static const struct scope_rule scopes[] = {
    {NULL, "compound_statement", NULL, SCOPE_FUNCTION},
    {NULL, "field_declaration_list", NULL, SCOPE_TYPE},
    {0},
};

const struct language_rules rules_cpp = {labels, rules, scopes};
