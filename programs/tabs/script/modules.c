/* Module scripts, which the engine's C interface does not load: what a module imports and exports,
 * and its text with these rewritten, by tree-sitter's grammar of JavaScript. modules.js makes a
 * function of the text, in which an imported name is a property of an object and a called one a
 * call of a function, so that bindings stay live; exported ones are variables of the function
 * itself.
 *
 * Invariants:
 *   I1  edits are in the order of the text and keep its line ends, so that lines stay what they are
 *   I2  `hidden` of an import counts the scopes around the cursor that declare its name
 *
 * Complexity: O(text), and once more for what functions declare. The tree is walked by a cursor, so
 * that no depth of a text is one of the stack; patterns are at most 64 deep.
 */
#include "tabs/script/native.h"

#include <firn/intern.h>

#include <stdio.h>
#include <string.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_javascript(void);

#define PATTERN_DEPTH_MAX 64

struct edit {
    uint32_t start, end;
    char *text;
    size_t size;
};

struct declared_name { /* of a scope: an import that it hides */
    uint32_t depth, import;
};

struct rewriting {
    script_engine *engine;
    const char *source, *object, *function, *meta; /* names that the text does not have */
    size_t size;
    bool module, no_memory, awaits, returns;
    struct edit *edits;
    size_t edit_count, edit_room;
    firn_intern *imports; /* names that are imported, by number */
    uint32_t *hidden;
    size_t hidden_room;
    struct declared_name *scopes;
    size_t scope_count, scope_room;
    uint32_t depth, functions; /* of the cursor; how many functions it is in */
    JSObjectRef lists[5];
    unsigned counts[5];
};

enum { LIST_REQUESTS, LIST_IMPORTS, LIST_LOCALS, LIST_INDIRECT, LIST_NAMED };

/* --- nodes and lists --- */

static bool is(TSNode node, const char *type)
{
    return strcmp(ts_node_type(node), type) == 0;
}

static TSNode field(TSNode node, const char *name)
{
    return ts_node_child_by_field_name(node, name, (uint32_t)strlen(name));
}

static void push(struct rewriting *rewriting, int list, const char *text, size_t size)
{
    script_engine *engine = rewriting->engine;
    JSObjectSetPropertyAtIndex(engine->context, rewriting->lists[list], rewriting->counts[list]++,
                               native_string(engine, text, size), NULL);
}

static void push_text(struct rewriting *rewriting, int list, const char *text)
{
    push(rewriting, list, text, strlen(text));
}

/* A name, or what stands within the quotes of a string. */
static void push_name(struct rewriting *rewriting, int list, TSNode node)
{
    uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
    if (is(node, "string") && end - start >= 2)
        start++, end--;
    push(rewriting, list, rewriting->source + start, end - start);
}

static void edit(struct rewriting *rewriting, uint32_t start, uint32_t end, const char *text)
{
    size_t lines = 0, size = strlen(text);
    for (uint32_t i = start; i < end; i++)
        lines += rewriting->source[i] == '\n';
    char *made = firn_allocate(NULL, size + lines + 1);
    if (made == NULL || !firn_grow(NULL, (void **)&rewriting->edits, &rewriting->edit_room,
                                   rewriting->edit_count + 1, sizeof *rewriting->edits)) {
        firn_release(NULL, made, size + lines + 1);
        rewriting->no_memory = true;
        return;
    }
    memcpy(made, text, size);
    memset(made + size, '\n', lines); /* I1 */
    rewriting->edits[rewriting->edit_count++] = (struct edit){start, end, made, size + lines};
}

/* The same with a name of the source between two texts. */
static void edit_name(struct rewriting *rewriting, TSNode node, const char *before,
                      const char *middle, const char *after)
{
    script_text text = {0};
    uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
    firn_status status = script_text_append(&text, before, strlen(before));
    if (status == FIRN_OK)
        status = script_text_append(&text, middle, strlen(middle));
    if (status == FIRN_OK)
        status = script_text_append(&text, rewriting->source + start, end - start);
    if (status == FIRN_OK)
        status = script_text_append(&text, after, strlen(after));
    if (status == FIRN_OK)
        edit(rewriting, start, end, text.bytes);
    else
        rewriting->no_memory = true;
    script_text_fini(&text);
}

/* --- what scopes declare --- */

static uint32_t import_of(const struct rewriting *rewriting, TSNode name)
{
    uint32_t start = ts_node_start_byte(name);
    return firn_intern_find(rewriting->imports, rewriting->source + start,
                            ts_node_end_byte(name) - start);
}

static void declare(struct rewriting *rewriting, TSNode name)
{
    uint32_t import = ts_node_is_null(name) ? FIRN_INTERN_NONE : import_of(rewriting, name);
    if (import == FIRN_INTERN_NONE)
        return;
    if (!firn_grow(NULL, (void **)&rewriting->scopes, &rewriting->scope_room,
                   rewriting->scope_count + 1, sizeof *rewriting->scopes)) {
        rewriting->no_memory = true;
        return;
    }
    rewriting->scopes[rewriting->scope_count++] = (struct declared_name){rewriting->depth, import};
    rewriting->hidden[import]++; /* I2 */
}

typedef void (*name_fn)(struct rewriting *rewriting, TSNode name);

/* The names that a pattern binds. */
static void visit_pattern(struct rewriting *rewriting, TSNode pattern, name_fn visit, int depth)
{
    if (ts_node_is_null(pattern) || depth > PATTERN_DEPTH_MAX)
        return;
    if (is(pattern, "identifier") || is(pattern, "shorthand_property_identifier_pattern")) {
        visit(rewriting, pattern);
    } else if (is(pattern, "assignment_pattern") || is(pattern, "object_assignment_pattern")) {
        visit_pattern(rewriting, field(pattern, "left"), visit, depth + 1);
    } else if (is(pattern, "pair_pattern")) {
        visit_pattern(rewriting, field(pattern, "value"), visit, depth + 1);
    } else if (is(pattern, "object_pattern") || is(pattern, "array_pattern") ||
               is(pattern, "rest_pattern") || is(pattern, "formal_parameters")) {
        uint32_t count = ts_node_named_child_count(pattern);
        for (uint32_t i = 0; i < count; i++)
            visit_pattern(rewriting, ts_node_named_child(pattern, i), visit, depth + 1);
    }
}

static void visit_declaration(struct rewriting *rewriting, TSNode declaration, name_fn visit)
{
    uint32_t count = ts_node_named_child_count(declaration);
    if (is(declaration, "lexical_declaration") || is(declaration, "variable_declaration")) {
        for (uint32_t i = 0; i < count; i++)
            visit_pattern(rewriting, field(ts_node_named_child(declaration, i), "name"), visit, 0);
    } else if (is(declaration, "function_declaration") || is(declaration, "class_declaration") ||
               is(declaration, "generator_function_declaration")) {
        visit(rewriting, field(declaration, "name"));
    }
}

static bool is_function(TSNode node)
{
    static const char *const types[] = {"function_declaration", "function_expression",
                                        "arrow_function",       "method_definition",
                                        "generator_function",   "generator_function_declaration"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (is(node, types[i]))
            return true;
    }
    return false;
}

static bool is_kind(const struct rewriting *rewriting, TSNode node, const char *word)
{
    TSNode kind = field(node, "kind");
    uint32_t start = ts_node_is_null(kind) ? 0 : ts_node_start_byte(kind);
    return !ts_node_is_null(kind) && ts_node_end_byte(kind) - start == strlen(word) &&
           memcmp(rewriting->source + start, word, strlen(word)) == 0;
}

/* The variables of a function's body, which hold in all of it. */
static void declare_variables(struct rewriting *rewriting, TSNode body)
{
    if (ts_node_is_null(body))
        return;
    TSTreeCursor cursor = ts_tree_cursor_new(body);
    for (bool more = true, first = true; more && !rewriting->no_memory; first = false) {
        TSNode node = ts_tree_cursor_current_node(&cursor);
        if (is(node, "variable_declaration"))
            visit_declaration(rewriting, node, declare);
        else if (is(node, "for_in_statement") && is_kind(rewriting, node, "var"))
            visit_pattern(rewriting, field(node, "left"), declare, 0);
        bool enter = first || !is_function(node);
        more = enter && ts_tree_cursor_goto_first_child(&cursor);
        while (!more) {
            more = ts_tree_cursor_goto_next_sibling(&cursor);
            if (!more && !ts_tree_cursor_goto_parent(&cursor))
                break;
        }
    }
    ts_tree_cursor_delete(&cursor);
}

/* Notes what a node declares for what is in it. */
static void enter_scope(struct rewriting *rewriting, TSNode node)
{
    uint32_t count;
    if (firn_intern_count(rewriting->imports) == 0)
        return;
    if (is_function(node)) {
        if (is(node, "function_expression") || is(node, "generator_function"))
            declare(rewriting, field(node, "name"));
        visit_pattern(rewriting, field(node, "parameters"), declare, 0);
        visit_pattern(rewriting, field(node, "parameter"), declare, 0);
        declare_variables(rewriting, field(node, "body"));
    } else if (is(node, "statement_block") || is(node, "switch_case") ||
               is(node, "switch_default")) {
        count = ts_node_named_child_count(node);
        for (uint32_t i = 0; i < count; i++) {
            TSNode child = ts_node_named_child(node, i);
            if (!is(child, "variable_declaration"))
                visit_declaration(rewriting, child, declare);
        }
    } else if (is(node, "for_statement")) {
        TSNode first = field(node, "initializer");
        if (!ts_node_is_null(first))
            visit_declaration(rewriting, first, declare);
    } else if (is(node, "for_in_statement")) {
        if (!ts_node_is_null(field(node, "kind")))
            visit_pattern(rewriting, field(node, "left"), declare, 0);
    } else if (is(node, "catch_clause")) {
        visit_pattern(rewriting, field(node, "parameter"), declare, 0);
    } else if (is(node, "class")) {
        declare(rewriting, field(node, "name"));
    } else if (is(node, "class_static_block")) {
        declare_variables(rewriting, field(node, "body"));
    }
}

static void leave_scopes(struct rewriting *rewriting, uint32_t depth)
{
    while (rewriting->scope_count > 0 &&
           rewriting->scopes[rewriting->scope_count - 1].depth >= depth)
        rewriting->hidden[rewriting->scopes[--rewriting->scope_count].import]--;
}

/* --- imports --- */

static void add_import(struct rewriting *rewriting, TSNode local, const char *name, TSNode imported)
{
    uint32_t id, start = ts_node_start_byte(local);
    size_t before = rewriting->hidden_room;
    if (firn_intern_put(rewriting->imports, rewriting->source + start,
                        ts_node_end_byte(local) - start, &id, NULL) != FIRN_OK ||
        !firn_grow(NULL, (void **)&rewriting->hidden, &rewriting->hidden_room, (size_t)id + 1,
                   sizeof *rewriting->hidden)) {
        rewriting->no_memory = true;
        return;
    }
    memset(rewriting->hidden + before, 0,
           (rewriting->hidden_room - before) * sizeof *rewriting->hidden);
    push_name(rewriting, LIST_IMPORTS, local);
    if (name != NULL)
        push_text(rewriting, LIST_IMPORTS, name);
    else
        push_name(rewriting, LIST_IMPORTS, imported);
    char number[16];
    snprintf(number, sizeof number, "%u", rewriting->counts[LIST_REQUESTS] / 3);
    push_text(rewriting, LIST_IMPORTS, number);
}

/* Notes a request, behind the names that are imported by it: the source, and a type that is asked
 * for. */
static void add_request(struct rewriting *rewriting, TSNode statement)
{
    push_name(rewriting, LIST_REQUESTS, field(statement, "source"));
    uint32_t count = ts_node_named_child_count(statement);
    TSNode type = {0};
    for (uint32_t i = 0; i < count; i++) {
        TSNode child = ts_node_named_child(statement, i);
        if (!is(child, "import_attribute") || ts_node_named_child_count(child) == 0)
            continue;
        TSNode object = ts_node_named_child(child, 0);
        for (uint32_t j = 0; j < ts_node_named_child_count(object); j++)
            type = field(ts_node_named_child(object, j), "value");
    }
    if (type.id != NULL)
        push_name(rewriting, LIST_REQUESTS, type);
    else
        push_text(rewriting, LIST_REQUESTS, "");
    char line[16];
    snprintf(line, sizeof line, "%u", ts_node_start_point(statement).row + 1);
    push_text(rewriting, LIST_REQUESTS, line);
}

static void take_import_clause(struct rewriting *rewriting, TSNode clause)
{
    for (uint32_t i = 0; i < ts_node_named_child_count(clause); i++) {
        TSNode part = ts_node_named_child(clause, i);
        if (is(part, "identifier")) {
            add_import(rewriting, part, "default", part);
        } else if (is(part, "namespace_import")) {
            add_import(rewriting, ts_node_named_child(part, 0), "*", part);
        } else if (is(part, "named_imports")) {
            for (uint32_t j = 0; j < ts_node_named_child_count(part); j++) {
                TSNode one = ts_node_named_child(part, j), alias = field(one, "alias");
                TSNode name = field(one, "name");
                if (is(one, "import_specifier") && !ts_node_is_null(name))
                    add_import(rewriting, ts_node_is_null(alias) ? name : alias, NULL, name);
            }
        }
    }
}

static void take_import(struct rewriting *rewriting, TSNode statement)
{
    for (uint32_t i = 0; i < ts_node_named_child_count(statement); i++) {
        TSNode child = ts_node_named_child(statement, i);
        if (is(child, "import_clause"))
            take_import_clause(rewriting, child);
    }
    add_request(rewriting, statement);
}

/* --- exports --- */

static void export_local(struct rewriting *rewriting, TSNode name)
{
    push_name(rewriting, LIST_LOCALS, name);
    push_name(rewriting, LIST_LOCALS, name);
}

/* name, what it is there, and the request that it comes by. */
static void export_indirect(struct rewriting *rewriting, TSNode name, TSNode imported)
{
    char number[16];
    if (ts_node_is_null(name))
        push_text(rewriting, LIST_INDIRECT, "*");
    else
        push_name(rewriting, LIST_INDIRECT, name);
    if (ts_node_is_null(imported))
        push_text(rewriting, LIST_INDIRECT, "*");
    else
        push_name(rewriting, LIST_INDIRECT, imported);
    snprintf(number, sizeof number, "%u", rewriting->counts[LIST_REQUESTS] / 3);
    push_text(rewriting, LIST_INDIRECT, number);
}

static void take_clause(struct rewriting *rewriting, TSNode clause, bool from)
{
    for (uint32_t i = 0; i < ts_node_named_child_count(clause); i++) {
        TSNode one = ts_node_named_child(clause, i), alias = field(one, "alias");
        TSNode name = field(one, "name");
        if (!is(one, "export_specifier") || ts_node_is_null(name))
            continue;
        if (from) {
            export_indirect(rewriting, ts_node_is_null(alias) ? name : alias, name);
        } else {
            push_name(rewriting, LIST_LOCALS, ts_node_is_null(alias) ? name : alias);
            push_name(rewriting, LIST_LOCALS, name);
        }
    }
}

/* A function without a name is declared as one of a name that nobody has; a value is a constant. */
static void take_default(struct rewriting *rewriting, TSNode statement, TSNode value)
{
    uint32_t start = ts_node_start_byte(statement), from = ts_node_start_byte(value);
    char name[64], text[160];
    snprintf(name, sizeof name, "%s_default", rewriting->object);
    push_text(rewriting, LIST_LOCALS, "default");
    push_text(rewriting, LIST_LOCALS, name);
    bool function = is(value, "function_expression") || is(value, "generator_function");
    if (function && ts_node_is_null(field(value, "name"))) {
        uint32_t place = ts_node_start_byte(field(value, "parameters"));
        edit(rewriting, start, from, "");
        snprintf(text, sizeof text, " %s", name);
        edit(rewriting, place, place, text);
        push_text(rewriting, LIST_NAMED, name);
    } else {
        snprintf(text, sizeof text, "const %s={default:", name);
        edit(rewriting, start, from, text);
    }
}

/* What stands behind the value of a default export that take_default began. */
static void end_default(struct rewriting *rewriting, TSNode value)
{
    bool function = is(value, "function_expression") || is(value, "generator_function");
    uint32_t end = ts_node_end_byte(value);
    if (!function || !ts_node_is_null(field(value, "name")))
        edit(rewriting, end, end, "}.default");
}

/* The declaration or value in an export that stays where it is; a null node for none. */
static TSNode take_export(struct rewriting *rewriting, TSNode statement)
{
    TSNode declaration = field(statement, "declaration"), value = field(statement, "value");
    TSNode source = field(statement, "source"), none = {0};
    bool is_default = false;
    for (uint32_t i = 0; i < ts_node_child_count(statement) && ts_node_is_null(source); i++) {
        TSNode child = ts_node_child(statement, i);
        is_default = is_default || is(child, "default");
        if (is(child, "export_clause"))
            take_clause(rewriting, child, false);
    }
    if (!ts_node_is_null(declaration)) {
        if (is_default) {
            push_text(rewriting, LIST_LOCALS, "default");
            push_name(rewriting, LIST_LOCALS, field(declaration, "name"));
        } else {
            visit_declaration(rewriting, declaration, export_local);
        }
        edit(rewriting, ts_node_start_byte(statement), ts_node_start_byte(declaration), "");
        return declaration;
    }
    if (!ts_node_is_null(value))
        return value;
    edit(rewriting, ts_node_start_byte(statement), ts_node_end_byte(statement), ";");
    return none;
}

/* --- references --- */

static bool is_called(TSNode node, TSNode parent)
{
    TSNode callee = field(parent, "function");
    return is(parent, "call_expression") && !ts_node_is_null(callee) && ts_node_eq(callee, node);
}

static void take_name(struct rewriting *rewriting, TSNode node)
{
    uint32_t import = import_of(rewriting, node);
    if (import == FIRN_INTERN_NONE || rewriting->hidden[import] > 0)
        return;
    if (!is(node, "identifier")) { /* {name} is {name:object.name} */
        uint32_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);
        script_text text = {0};
        if (script_text_append(&text, ":", 1) != FIRN_OK ||
            script_text_append(&text, rewriting->object, strlen(rewriting->object)) != FIRN_OK ||
            script_text_append(&text, ".", 1) != FIRN_OK ||
            script_text_append(&text, rewriting->source + start, end - start) != FIRN_OK)
            rewriting->no_memory = true;
        else
            edit(rewriting, end, end, text.bytes);
        script_text_fini(&text);
    } else if (is_called(node, ts_node_parent(node))) {
        edit_name(rewriting, node, rewriting->function, "(\"", "\")");
    } else {
        edit_name(rewriting, node, rewriting->object, ".", "");
    }
}

static void take_node(struct rewriting *rewriting, TSNode node)
{
    if (is(node, "identifier") || is(node, "shorthand_property_identifier") ||
        is(node, "shorthand_property_identifier_pattern")) {
        if (firn_intern_count(rewriting->imports) > 0)
            take_name(rewriting, node);
    } else if (is(node, "import")) {
        edit_name(rewriting, node, rewriting->meta, ".", "");
    } else if (is(node, "meta_property") && rewriting->module &&
               rewriting->source[ts_node_start_byte(node)] == 'i') {
        char text[80];
        snprintf(text, sizeof text, "%s.meta", rewriting->meta);
        edit(rewriting, ts_node_start_byte(node), ts_node_end_byte(node), text);
    } else if (rewriting->functions == 0 && is(node, "await_expression")) {
        rewriting->awaits = true;
    } else if (rewriting->functions == 0 && is(node, "return_statement")) {
        rewriting->returns = true;
    } else if (rewriting->functions == 0 && is(node, "for_in_statement")) {
        for (uint32_t i = 0; i < ts_node_child_count(node) && i < 3; i++)
            rewriting->awaits |= is(ts_node_child(node, i), "await");
    }
}

/* --- the walk --- */

struct exporting { /* the default export that the cursor is in, whose end is to be written */
    TSNode value;
    bool is;
};

static void walk(struct rewriting *rewriting, TSNode root)
{
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    struct exporting exporting = {.is = false};
    bool *is_in = NULL; /* by depth: a function */
    size_t room = 0;
    for (bool more = true; more && !rewriting->no_memory;) {
        TSNode node = ts_tree_cursor_current_node(&cursor);
        bool enter = true;
        if (exporting.is && ts_node_start_byte(node) >= ts_node_end_byte(exporting.value)) {
            end_default(rewriting, exporting.value);
            exporting.is = false;
        }
        if (!firn_grow(NULL, (void **)&is_in, &room, rewriting->depth + 2, sizeof *is_in)) {
            rewriting->no_memory = true;
            break;
        }
        if (rewriting->module && rewriting->depth == 1 && is(node, "import_statement")) {
            edit(rewriting, ts_node_start_byte(node), ts_node_end_byte(node), ";");
            enter = false;
        } else if (rewriting->module && rewriting->depth == 1 && is(node, "export_statement")) {
            TSNode stays = take_export(rewriting, node);
            enter = stays.id != NULL;
            if (enter && ts_node_eq(stays, field(node, "value"))) {
                take_default(rewriting, node, stays);
                exporting = (struct exporting){stays, true};
            }
        } else {
            take_node(rewriting, node);
        }
        is_in[rewriting->depth] = is_function(node) || is(node, "class_static_block");
        enter = enter && ts_tree_cursor_goto_first_child(&cursor);
        if (enter) {
            enter_scope(rewriting, node);
            rewriting->functions += is_in[rewriting->depth];
            rewriting->depth++;
            continue;
        }
        while (!ts_tree_cursor_goto_next_sibling(&cursor)) {
            more = rewriting->depth > 0 && ts_tree_cursor_goto_parent(&cursor);
            if (!more)
                break;
            rewriting->depth--;
            rewriting->functions -= is_in[rewriting->depth];
            leave_scopes(rewriting, rewriting->depth);
        }
    }
    if (exporting.is)
        end_default(rewriting, exporting.value);
    firn_release(NULL, is_in, room * sizeof *is_in);
    ts_tree_cursor_delete(&cursor);
}

/* The names that the grammar takes for keywords, though they are names of imports and exports: of
 * the same length in what it reads. */
static void hide_defaults(char *text, size_t size)
{
    for (size_t i = 0; i + 7 <= size; i++) {
        if (memcmp(text + i, "default", 7) != 0)
            continue;
        size_t before = i, after = i + 7;
        while (before > 0 && strchr(" \t\r\n", text[before - 1]) != NULL)
            before--;
        while (after < size && strchr(" \t\r\n", text[after]) != NULL)
            after++;
        bool behind = before >= 2 && before < i && memcmp(text + before - 2, "as", 2) == 0;
        bool ahead = after > i + 7 && after + 2 < size && memcmp(text + after, "as", 2) == 0 &&
                     strchr(" \t\r\n", text[after + 2]) != NULL && before > 0 &&
                     strchr("{,", text[before - 1]) != NULL;
        bool alone = before > 0 && after < size && strchr("{,", text[before - 1]) != NULL &&
                     strchr("},", text[after]) != NULL;
        if (behind || ahead || alone)
            text[i] = '_';
    }
}

static JSValueRef write_edits(struct rewriting *rewriting)
{
    script_text out = {0};
    size_t at = 0;
    firn_status status = FIRN_OK;
    for (size_t i = 0; i < rewriting->edit_count && status == FIRN_OK; i++) {
        const struct edit *one = &rewriting->edits[i];
        if (one->start < at) /* of a text that is wrong */
            continue;
        status = script_text_append(&out, rewriting->source + at, one->start - at);
        if (status == FIRN_OK)
            status = script_text_append(&out, one->text, one->size);
        at = one->end;
    }
    if (status == FIRN_OK)
        status = script_text_append(&out, rewriting->source + at, rewriting->size - at);
    JSValueRef value =
        status == FIRN_OK ? native_string(rewriting->engine, out.bytes, out.size) : NULL;
    script_text_fini(&out);
    return value;
}

/* An export of what another module has. */
static void take_reexport(struct rewriting *rewriting, TSNode statement)
{
    TSNode none = {0};
    for (uint32_t i = 0; i < ts_node_child_count(statement); i++) {
        TSNode child = ts_node_child(statement, i);
        if (is(child, "export_clause"))
            take_clause(rewriting, child, true);
        else if (is(child, "namespace_export"))
            export_indirect(rewriting, ts_node_named_child(child, 0), none);
        else if (is(child, "*"))
            export_indirect(rewriting, none, none);
    }
    add_request(rewriting, statement);
}

/* First what is asked of other modules, in its order: the walk has to know the names. */
static void take_requests(struct rewriting *rewriting, TSNode root)
{
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more;
         more = ts_tree_cursor_goto_next_sibling(&cursor)) {
        TSNode child = ts_tree_cursor_current_node(&cursor);
        if (is(child, "import_statement"))
            take_import(rewriting, child);
        else if (is(child, "export_statement") && !ts_node_is_null(field(child, "source")))
            take_reexport(rewriting, child);
    }
    ts_tree_cursor_delete(&cursor);
}

static bool rewrite(struct rewriting *rewriting)
{
    TSParser *parser = ts_parser_new();
    char *copy = firn_allocate(NULL, rewriting->size + 1);
    TSTree *tree = NULL;
    if (parser != NULL && copy != NULL && rewriting->size < UINT32_MAX &&
        ts_parser_set_language(parser, tree_sitter_javascript())) {
        memcpy(copy, rewriting->source, rewriting->size);
        copy[rewriting->size] = 0;
        if (rewriting->module)
            hide_defaults(copy, rewriting->size);
        tree = ts_parser_parse_string(parser, NULL, copy, (uint32_t)rewriting->size);
    }
    if (tree != NULL) {
        TSNode root = ts_tree_root_node(tree);
        if (rewriting->module)
            take_requests(rewriting, root);
        walk(rewriting, root);
        ts_tree_delete(tree);
    }
    firn_release(NULL, copy, rewriting->size + 1);
    ts_parser_delete(parser);
    return tree != NULL && !rewriting->no_memory;
}

static void fini(struct rewriting *rewriting)
{
    for (size_t i = 0; i < rewriting->edit_count; i++)
        firn_release(NULL, rewriting->edits[i].text, rewriting->edits[i].size + 1);
    firn_release(NULL, rewriting->edits, rewriting->edit_room * sizeof *rewriting->edits);
    firn_release(NULL, rewriting->hidden, rewriting->hidden_room * sizeof *rewriting->hidden);
    firn_release(NULL, rewriting->scopes, rewriting->scope_room * sizeof *rewriting->scopes);
    firn_intern_destroy(rewriting->imports);
}

/* module(text, object, function, meta, isModule): the text, whether it awaits, whether it returns,
 * and lists: requests with their types and lines; imports (local name, name there, request);
 * exported names with those of their variables; re-exports (name, name there, request), "*" being
 * all; functions whose name is "default". The three names are what the text has in place of
 * imports. */
NATIVE(rewrite_module)
{
    BEGIN(5);
    TEXT(text, 0);
    TEXT(object, 1);
    TEXT(called, 2);
    TEXT(meta, 3);
    struct rewriting rewriting = {.engine = engine,
                                  .source = text->bytes,
                                  .size = text->size,
                                  .object = object->bytes,
                                  .function = called->bytes,
                                  .meta = meta->bytes,
                                  .module = JSValueToBoolean(context, arguments[4])};
    CHECK(firn_intern_create(NULL, &rewriting.imports));
    JSValueRef values[8];
    for (int i = 0; i < 5; i++)
        values[3 + i] = rewriting.lists[i] = JSObjectMakeArray(context, 0, NULL, thrown);
    bool good = rewrite(&rewriting);
    values[0] = good ? write_edits(&rewriting) : NULL;
    values[1] = JSValueMakeBoolean(context, rewriting.awaits);
    values[2] = JSValueMakeBoolean(context, rewriting.returns);
    fini(&rewriting);
    if (values[0] == NULL)
        return native_throw(engine, thrown, FIRN_NO_MEMORY, NULL);
    return JSObjectMakeArray(context, 8, values, thrown);
}

const JSStaticFunction module_functions[] = {
    {"module", rewrite_module, HIDDEN},
    {NULL, NULL, 0},
};
