/* Names of C++: those of C, and what classes, templates and namespaces add. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"namespace_identifier", KIND_NAME, 0},
    {"operator_name", KIND_NAME, 0},   /* with the word `operator` */
    {"destructor_name", KIND_NAME, 0}, /* with the tilde */
    {0},
};

static const struct name_rule rules[] = {
    /* declarators, from the name outwards */
    PASS("pointer_type_declarator", "declarator", .mark = MARK_OBJECT),
    PASS("reference_declarator", NULL, .mark = MARK_OBJECT),

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
    DEFINE("alias_declaration", "name", KIND_TYPE),
    DEFINE("concept_definition", "name", KIND_TYPE),
    DEFINE("field_declaration", "declarator", KIND_DECLARATION, .need = MARK_FUNCTION),

    DEFINE("class_specifier", "name", KIND_CLASS, .with = "field_declaration_list"),
    REFER("class_specifier", "name", KIND_TYPE),
    DEFINE("namespace_definition", "name", KIND_NAMESPACE),
    DEFINE("namespace_alias_definition", "name", KIND_NAMESPACE),
    PASS("nested_namespace_specifier", NULL),
    REFER("using_declaration", NULL, KIND_IMPORT),
    {0},
};

static const struct scope_rule scopes[] = {{0}};

const struct language_rules rules_cpp = {labels, rules, scopes, &rules_c};
