/* Names of Java. */
#include "code/languages/rules.h"

static const struct name_label labels[] = {
    {"identifier", KIND_NAME, 0},
    {"type_identifier", KIND_TYPE, 0},
    {0},
};

static const struct name_rule rules[] = {
    DEFINE("class_declaration", "name", KIND_CLASS),
    DEFINE("record_declaration", "name", KIND_CLASS),
    DEFINE("interface_declaration", "name", KIND_INTERFACE),
    DEFINE("annotation_type_declaration", "name", KIND_INTERFACE),
    DEFINE("enum_declaration", "name", KIND_ENUM),
    DEFINE("enum_constant", "name", KIND_ENUMERATOR),
    DEFINE("method_declaration", "name", KIND_METHOD),
    DEFINE("constructor_declaration", "name", KIND_METHOD),
    DEFINE("compact_constructor_declaration", "name", KIND_METHOD),
    DEFINE("annotation_type_element_declaration", "name", KIND_METHOD),
    PASS("variable_declarator", "name"),
    DEFINE("field_declaration", "declarator", KIND_FIELD),
    DEFINE("constant_declaration", "declarator", KIND_CONSTANT),

    PASS("scoped_identifier", "name"),
    PASS("scoped_identifier", "scope", .mark = MARK_PATH),
    DEFINE("package_declaration", NULL, KIND_MODULE, .deny = MARK_PATH),
    DEFINE("module_declaration", "name", KIND_MODULE, .deny = MARK_PATH),
    REFER("import_declaration", NULL, KIND_IMPORT),
    REFER("method_invocation", "name", KIND_CALL),
    REFER("field_access", "field", KIND_FIELD),
    REFER("annotation", "name", KIND_TYPE, .deny = MARK_PATH),
    REFER("marker_annotation", "name", KIND_TYPE, .deny = MARK_PATH),
    {0},
};

static const struct scope_rule scopes[] = {
    {NULL, "block", NULL, SCOPE_FUNCTION},
    {0},
};

const struct language_rules rules_java = {labels, rules, scopes, NULL};
