/* Names of TypeScript, with JSX or without: those of JavaScript, and of types. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"type_identifier", KIND_TYPE, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("abstract_class_declaration", "name", KIND_CLASS),
    DEFINE("interface_declaration", "name", KIND_INTERFACE),
    DEFINE("type_alias_declaration", "name", KIND_TYPE),
    DEFINE("enum_declaration", "name", KIND_ENUM),
    DEFINE("enum_body", "name", KIND_ENUMERATOR),
    DEFINE("enum_assignment", "name", KIND_ENUMERATOR),
    DEFINE("module", "name", KIND_MODULE),
    DEFINE("internal_module", "name", KIND_NAMESPACE),
    PASS("nested_identifier", NULL),
    DEFINE("function_signature", "name", KIND_DECLARATION),
    DEFINE("method_signature", "name", KIND_METHOD),
    DEFINE("abstract_method_signature", "name", KIND_METHOD),
    DEFINE("property_signature", "name", KIND_PROPERTY),
    DEFINE("required_parameter", "pattern", KIND_PROPERTY, .with = "accessibility_modifier"),
    DEFINE("public_field_definition", "name", KIND_METHOD, .with = "arrow_function"),
    DEFINE("public_field_definition", "name", KIND_PROPERTY),
    REFER("extends_clause", "value", KIND_TYPE),
    REFER("import_require_clause", NULL, KIND_IMPORT),
    REFER("import_alias", NULL, KIND_IMPORT),
    {0},
};

static const struct scope_rule scopes[] = {{0}};

const struct language_rules rules_typescript = {labels, rules, scopes, &rules_javascript};
