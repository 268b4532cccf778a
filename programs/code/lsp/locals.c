/* See locals.h. From a name one climbs as long as rules of the language pass (through declarators
 * and patterns); a rule that binds says which node does, and the scope is the next node above it
 * whose label is in the list of scopes. What binds outside of every scope is not local. */
#include "code/lsp/locals.h"

#include <string.h>

#define CLIMB_MAX 24u

/* A child in this field (NULL: any) of this parent: passes on, or is bound by it. */
struct rule {
    const char *parent;
    const char *field;
    bool binds;
};

struct tables {
    const char *languages; /* as language_among takes them */
    const struct rule *rules;
    const char *const *scopes;
};

static const struct rule c_rules[] = {{"init_declarator", "declarator", false},
                                      {"pointer_declarator", "declarator", false},
                                      {"array_declarator", "declarator", false},
                                      {"function_declarator", "declarator", false},
                                      {"parenthesized_declarator", NULL, false},
                                      {"attributed_declarator", NULL, false},
                                      {"reference_declarator", NULL, false},
                                      {"structured_binding_declarator", NULL, false},
                                      {"declaration", "declarator", true},
                                      {"parameter_declaration", "declarator", true},
                                      {"optional_parameter_declaration", "declarator", true},
                                      {"for_range_loop", "declarator", true},
                                      {"condition_clause", "value", false},
                                      {"labeled_statement", "label", true},
                                      {0}};
static const char *const c_scopes[] = {"compound_statement",
                                       "function_definition",
                                       "for_statement",
                                       "for_range_loop",
                                       "lambda_expression",
                                       "catch_clause",
                                       NULL};

static const struct rule python_rules[] = {{"pattern_list", NULL, false},
                                           {"tuple_pattern", NULL, false},
                                           {"list_pattern", NULL, false},
                                           {"list_splat_pattern", NULL, false},
                                           {"dictionary_splat_pattern", NULL, false},
                                           {"assignment", "left", true},
                                           {"named_expression", "name", true},
                                           {"for_statement", "left", true},
                                           {"for_in_clause", "left", true},
                                           {"as_pattern_target", NULL, true},
                                           {"typed_parameter", NULL, true},
                                           {"default_parameter", "name", true},
                                           {"typed_default_parameter", "name", true},
                                           {"parameters", NULL, true},
                                           {"lambda_parameters", NULL, true},
                                           {0}};
static const char *const python_scopes[] = {"function_definition",
                                            "lambda",
                                            "list_comprehension",
                                            "set_comprehension",
                                            "dictionary_comprehension",
                                            "generator_expression",
                                            NULL};

static const struct rule javascript_rules[] = {{"object_pattern", NULL, false},
                                               {"array_pattern", NULL, false},
                                               {"pair_pattern", "value", false},
                                               {"assignment_pattern", "left", false},
                                               {"object_assignment_pattern", "left", false},
                                               {"rest_pattern", NULL, false},
                                               {"variable_declarator", "name", true},
                                               {"formal_parameters", NULL, true},
                                               {"arrow_function", "parameter", true},
                                               {"required_parameter", "pattern", true},
                                               {"optional_parameter", "pattern", true},
                                               {"catch_clause", "parameter", true},
                                               {"for_in_statement", "left", true},
                                               {0}};
static const char *const javascript_scopes[] = {"statement_block",
                                                "function_declaration",
                                                "function_expression",
                                                "generator_function",
                                                "generator_function_declaration",
                                                "arrow_function",
                                                "method_definition",
                                                "for_statement",
                                                "for_in_statement",
                                                "catch_clause",
                                                NULL};

static const struct rule go_rules[] = {{"expression_list", NULL, false},
                                       {"short_var_declaration", "left", true},
                                       {"var_spec", "name", true},
                                       {"const_spec", "name", true},
                                       {"parameter_declaration", "name", true},
                                       {"variadic_parameter_declaration", "name", true},
                                       {"range_clause", "left", true},
                                       {"receive_statement", "left", true},
                                       {"type_switch_statement", "alias", true},
                                       {"labeled_statement", "label", true},
                                       {0}};
static const char *const go_scopes[] = {"block",
                                        "function_declaration",
                                        "method_declaration",
                                        "func_literal",
                                        "if_statement",
                                        "for_statement",
                                        "expression_switch_statement",
                                        "type_switch_statement",
                                        "expression_case",
                                        "type_case",
                                        "default_case",
                                        "communication_case",
                                        NULL};

static const struct rule rust_rules[] = {{"tuple_pattern", NULL, false},
                                         {"slice_pattern", NULL, false},
                                         {"mut_pattern", NULL, false},
                                         {"ref_pattern", NULL, false},
                                         {"reference_pattern", NULL, false},
                                         {"captured_pattern", NULL, false},
                                         {"or_pattern", NULL, false},
                                         {"struct_pattern", NULL, false},
                                         {"field_pattern", "pattern", false},
                                         {"field_pattern", "name", false},
                                         {"tuple_struct_pattern", "type", true},
                                         {"tuple_struct_pattern", NULL, false},
                                         {"let_declaration", "pattern", true},
                                         {"let_condition", "pattern", true},
                                         {"parameter", "pattern", true},
                                         {"closure_parameters", NULL, true},
                                         {"for_expression", "pattern", true},
                                         {"match_pattern", NULL, true},
                                         {0}};
static const char *const rust_scopes[] = {
    "block",         "function_item",    "closure_expression", "for_expression",
    "if_expression", "while_expression", "match_arm",          NULL};

static const struct rule java_rules[] = {{"variable_declarator", "name", false},
                                         {"local_variable_declaration", "declarator", true},
                                         {"formal_parameter", "name", true},
                                         {"spread_parameter", NULL, true},
                                         {"catch_formal_parameter", "name", true},
                                         {"enhanced_for_statement", "name", true},
                                         {"lambda_expression", "parameters", true},
                                         {"inferred_parameters", NULL, true},
                                         {"resource", "name", true},
                                         {"instanceof_expression", "name", true},
                                         {"labeled_statement", NULL, true},
                                         {0}};
static const char *const java_scopes[] = {"block",
                                          "method_declaration",
                                          "constructor_declaration",
                                          "compact_constructor_declaration",
                                          "constructor_body",
                                          "lambda_expression",
                                          "for_statement",
                                          "enhanced_for_statement",
                                          "catch_clause",
                                          "try_with_resources_statement",
                                          NULL};

static const struct rule bash_rules[] = {{"variable_assignment", "name", true},
                                         {"declaration_command", NULL, true},
                                         {"for_statement", "variable", true},
                                         {0}};
static const char *const bash_scopes[] = {"function_definition", NULL};

static const struct tables languages[] = {
    {" c cpp ", c_rules, c_scopes},
    {" python ", python_rules, python_scopes},
    {" javascript typescript tsx ", javascript_rules, javascript_scopes},
    {" go ", go_rules, go_scopes},
    {" rust ", rust_rules, rust_scopes},
    {" java ", java_rules, java_scopes},
    {" bash ", bash_rules, bash_scopes},
};

static const struct tables *tables_of(const struct language *language)
{
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (language_among(language, languages[i].languages))
            return &languages[i];
    return NULL;
}

/* The rule for a child of a parent; NULL when the climb ends there. */
static const struct rule *rule_for(const struct tables *tables, const struct source *source,
                                   uint32_t parent, uint32_t child)
{
    const char *label = source_label(source, parent);
    const firn_field number = source_field(source, child);
    const char *field = number == 0 ? NULL : firn_family_field_name(source->family, number);
    for (const struct rule *rule = tables->rules; rule->parent != NULL; rule++)
        if (strcmp(rule->parent, label) == 0 &&
            (rule->field == NULL || (field != NULL && strcmp(rule->field, field) == 0)))
            return rule;
    return NULL;
}

static bool is_scope(const struct tables *tables, const char *label)
{
    for (const char *const *scope = tables->scopes; *scope != NULL; scope++)
        if (strcmp(*scope, label) == 0)
            return true;
    return false;
}

/* The node that binds a name; UINT32_MAX when it is a use. */
static uint32_t binder_of(const struct tables *tables, const struct source *source, uint32_t node)
{
    for (unsigned climbed = 0; climbed < CLIMB_MAX; climbed++) {
        uint32_t parent = source->parents[node];
        const struct rule *rule =
            parent == UINT32_MAX ? NULL : rule_for(tables, source, parent, node);
        if (rule == NULL)
            return UINT32_MAX;
        /* The type of a pattern is named, not bound. */
        if (rule->binds && strcmp(rule->parent, "tuple_struct_pattern") == 0)
            return UINT32_MAX;
        if (rule->binds)
            return parent;
        node = parent;
    }
    return UINT32_MAX;
}

/* Where there is no body, as in a prototype, what is around a list of parameters is their scope. */
static uint32_t scope_of(const struct tables *tables, const struct source *source, uint32_t binder)
{
    for (uint32_t node = binder; node != UINT32_MAX; node = source->parents[node])
        if (is_scope(tables, source_label(source, node)))
            return node;
    if (strstr(source_label(source, binder), "parameter") == NULL)
        return UINT32_MAX;
    const uint32_t list = source->parents[binder];
    return list == UINT32_MAX ? UINT32_MAX : source->parents[list];
}

firn_status locals_find(struct source *source, const char *name, size_t size, struct locals *locals,
                        firn_error *ret_error)
{
    const struct tables *tables = tables_of(source->language);
    locals->count = 0;
    firn_status status = source_names(source, ret_error);
    if (status == FIRN_OK)
        status = source_parents(source, ret_error);
    if (status != FIRN_OK || tables == NULL)
        return status;
    for (size_t i = 0; i < source->name_count && locals->count < LOCALS_MAX; i++) {
        const struct extract_name *at = &source->names[i];
        if (at->is_definition || at->end - at->start != size ||
            memcmp(source->text + at->start, name, size) != 0)
            continue;
        uint32_t binder = binder_of(tables, source, at->node);
        uint32_t scope = binder == UINT32_MAX ? UINT32_MAX : scope_of(tables, source, binder);
        if (scope != UINT32_MAX)
            locals->items[locals->count++] = (struct local){at, binder, scope};
    }
    return FIRN_OK;
}

/* Whether a name is one that could mean a local binding: not what stands behind a dot. */
static bool can_be_local(const struct source *source, const struct extract_name *name)
{
    if (name->is_definition || name->kind == KIND_FIELD ||
        strcmp(source_label(source, name->node), "type_identifier") == 0)
        return false;
    if (name->kind != KIND_CALL || source->parents[name->node] == UINT32_MAX)
        return true;
    /* obj.method() is a call, too: its name is in a field of a member access. */
    const firn_field field = source_field(source, name->node);
    const char *label = source_label(source, source->parents[name->node]);
    const char *in = field == 0 ? "" : firn_family_field_name(source->family, field);
    if (strcmp(label, "method_invocation") == 0)
        return strcmp(in, "object") == 0;
    return strcmp(in, "field") != 0 && strcmp(in, "attribute") != 0 && strcmp(in, "property") != 0;
}

const struct local *locals_resolve(const struct locals *locals, const struct source *source,
                                   const struct extract_name *name)
{
    const struct local *best = NULL;
    if (locals->count == 0 || !can_be_local(source, name))
        return NULL;
    for (size_t i = 0; i < locals->count; i++) {
        const struct local *local = &locals->items[i];
        if (name->node < local->scope || name->node >= source->nodes.node[local->scope].next)
            continue;
        if (best == NULL || local->scope > best->scope ||
            (local->scope == best->scope && local->name->start <= name->start))
            best = local;
    }
    return best;
}
