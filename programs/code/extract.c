/* See extract.h; languages/rules.h tells what rules mean. One pass over the nodes with the path to
 * the node at hand on a stack; a name climbs it as far as rules say.
 *
 * Bounds against hostile trees: a climb ends after CLIMB_MAX levels, and a rule's `with` looks at
 * no more than WITH_MAX children, so that a run is O(nodes). Real sources stay far below both.
 *
 * Invariant: I1 the stack's nodes are the ancestors of the node at hand, root first. */
#include "code/extract.h"

#include <assert.h>
#include <string.h>

#include "code/extractor_table.h"

#define CLIMB_MAX 64u
#define WITH_MAX 32u

struct extract_frame {
    uint32_t node;
    uint32_t end; /* behind its last descendant */
    firn_label label;
    uint8_t scope; /* within it */
};

struct run {
    const struct extractor *extractor;
    struct extract_scratch *scratch;
    const firn_node *nodes;
    size_t depth;
    size_t base; /* climbs end above this depth */
    extract_visit_fn visit;
    void *context;
};

void extract_scratch_fini(struct extract_scratch *scratch)
{
    firn_release(scratch->allocator, scratch->stack,
                 scratch->stack_capacity * sizeof *scratch->stack);
    scratch->stack = NULL;
    scratch->stack_capacity = 0;
}

static const struct extract_label *label_of(const struct run *run, uint32_t node)
{
    return &run->extractor->labels[firn_node_label(&run->nodes[node])];
}

static firn_field field_of(const struct run *run, uint32_t node)
{
    return firn_edge_field(run->extractor->family, run->nodes[node].edge);
}

/* --- rules --- */

static bool has_child(const struct run *run, uint32_t node, symbol wanted)
{
    uint32_t end = run->nodes[node].next;
    unsigned looked_at = 0;

    for (uint32_t child = node + 1; child < end && looked_at < WITH_MAX; looked_at++) {
        if (label_of(run, child)->symbol == wanted)
            return true;
        child = run->nodes[child].next;
    }
    return false;
}

static bool has_grandchild(const struct run *run, uint32_t node, symbol wanted)
{
    uint32_t end = run->nodes[node].next;
    unsigned looked_at = 0;

    for (uint32_t child = node + 1; child < end && looked_at < WITH_MAX; looked_at++) {
        if (has_child(run, child, wanted))
            return true;
        child = run->nodes[child].next;
    }
    return false;
}

static bool holds(const struct run *run, const struct extract_rule *rule,
                  const struct extract_frame *parent, firn_field field, symbol child,
                  unsigned marks)
{
    return (rule->field == field || rule->field == FIELD_ANY) &&
           (rule->child == child || rule->child == 0) &&
           (rule->scopes == SCOPE_ANY || (rule->scopes & parent->scope) != 0) &&
           (rule->need & marks) == rule->need && (rule->deny & marks) == 0 &&
           (rule->with == 0 || has_child(run, parent->node, rule->with)) &&
           (rule->within == 0 || has_grandchild(run, parent->node, rule->within));
}

static const struct extract_rule *
find_rule(const struct run *run, const struct extract_frame *parent, uint32_t child, unsigned marks)
{
    const struct extract_label *label = &run->extractor->labels[parent->label];
    const struct extract_rule *rule = run->extractor->rules + label->first_rule;

    if (label->rule_count == 0)
        return NULL;
    firn_field field = field_of(run, child);
    symbol from = label_of(run, child)->symbol;
    for (unsigned i = 0; i < label->rule_count; i++, rule++)
        if (holds(run, rule, parent, field, from, marks))
            return rule;
    return NULL;
}

/* Of the marks of declarators only the first one met counts. */
static unsigned add_mark(unsigned marks, unsigned mark)
{
    return marks | ((marks & MARK_DECLARATOR) != 0 ? mark & ~(unsigned)MARK_DECLARATOR : mark);
}

/* --- names --- */

/* Climbs from a name and says what it is in ret_name; its kind is KIND_NONE when it is none. */
static void classify(const struct run *run, uint32_t node, struct extract_name *ret_name)
{
    const struct extract_frame *stack = run->scratch->stack;
    size_t top = run->depth;
    uint32_t child = node;
    unsigned marks = 0;

    ret_name->node = node;
    ret_name->whole = EXTRACT_NONE;
    ret_name->kind = label_of(run, node)->kind;
    ret_name->is_definition = false;
    for (unsigned climbed = 0; climbed < CLIMB_MAX && top > run->base; climbed++) {
        const struct extract_frame *parent = &stack[--top];
        const struct extract_rule *rule = find_rule(run, parent, child, marks);
        if (rule == NULL)
            return;
        if (rule->action != RULE_PASS) {
            ret_name->kind = rule->action == RULE_IGNORE ? KIND_NONE : rule->kind;
            ret_name->is_definition = rule->action == RULE_DEFINE;
            ret_name->whole = ret_name->is_definition ? parent->node : EXTRACT_NONE;
            return;
        }
        if (rule->kind != KIND_NAME)
            ret_name->kind = rule->kind;
        marks = add_mark(marks, rule->mark);
        child = parent->node;
    }
}

static firn_status visit_name(const struct run *run, uint32_t node)
{
    unsigned quote = (label_of(run, node)->traits & LABEL_QUOTED) != 0 ? 1 : 0;
    const firn_node *place = &run->nodes[node];
    struct extract_name name;

    if (place->end - place->start <= 2 * quote)
        return FIRN_OK; /* a missing node, or nothing between the quotes */
    classify(run, node, &name);
    if (name.kind == KIND_NONE)
        return FIRN_OK;
    name.start = place->start + quote;
    name.end = place->end - quote;
    return run->visit(run->context, &name);
}

/* --- the pass --- */

static uint8_t scope_within(const struct run *run, uint32_t node, uint8_t outside)
{
    const struct extractor *extractor = run->extractor;
    const struct extract_label *label = label_of(run, node);

    if ((label->traits & LABEL_BODY) == 0 || run->depth == 0)
        return outside;
    firn_label parent_label = run->scratch->stack[run->depth - 1].label;
    symbol parent = extractor->labels[parent_label].symbol;
    firn_field field = field_of(run, node);
    for (size_t i = 0; i < extractor->body_count; i++) {
        const struct extract_body *body = &extractor->bodies[i];
        if (body->label == label->symbol && (body->parent == 0 || body->parent == parent) &&
            (body->field == FIELD_ANY || body->field == field))
            return body->scope;
    }
    return outside;
}

static firn_status push(struct run *run, uint32_t node)
{
    struct extract_scratch *scratch = run->scratch;

    if (run->depth == scratch->stack_capacity) {
        void *stack = scratch->stack;
        if (!firn_grow(scratch->allocator, &stack, &scratch->stack_capacity, run->depth + 1,
                       sizeof *scratch->stack))
            return FIRN_NO_MEMORY;
        scratch->stack = stack;
    }
    uint8_t outside = run->depth == 0 ? SCOPE_FILE : scratch->stack[run->depth - 1].scope;
    scratch->stack[run->depth] = (struct extract_frame){
        .node = node,
        .end = run->nodes[node].next,
        .label = firn_node_label(&run->nodes[node]),
        .scope = scope_within(run, node, outside),
    };
    run->depth++;
    return FIRN_OK;
}

/* Visits the names of the nodes from first to end, whose ancestors are on the stack. */
static firn_status visit_names(struct run *run, uint32_t first, uint32_t end)
{
    const struct extract_scratch *scratch = run->scratch;
    const firn_node *nodes = run->nodes;
    firn_status status = FIRN_OK;

    for (uint32_t i = first; i < end && status == FIRN_OK; i++) {
        assert(firn_node_label(&nodes[i]) < run->extractor->label_count);
        bool is_name = (label_of(run, i)->traits & LABEL_NAME) != 0;
        bool is_leaf = nodes[i].next == i + 1;
        if (is_leaf && !is_name)
            continue;
        while (run->depth > 0 && scratch->stack[run->depth - 1].end <= i)
            run->depth--; /* I1 */
        if (is_name)
            status = visit_name(run, i);
        if (!is_leaf && status == FIRN_OK)
            status = push(run, i);
    }
    return status;
}

firn_status extract_names(const struct extractor *extractor, struct extract_scratch *scratch,
                          const firn_nodes *nodes, extract_visit_fn visit, void *context)
{
    struct run run = {extractor, scratch, nodes->node, 0, 0, visit, context};
    return visit_names(&run, 0, nodes->count);
}

firn_status extract_names_below(const struct extractor *extractor, struct extract_scratch *scratch,
                                const firn_nodes *nodes, const firn_path_node *path, size_t depth,
                                extract_visit_fn visit, void *context)
{
    struct run run = {extractor, scratch, nodes->node, 0, 0, visit, context};
    firn_status status = FIRN_OK;
    for (size_t i = 0; i + 1 < depth && status == FIRN_OK; i++)
        status = push(&run, path[i].index);
    run.base = depth - 1;
    const uint32_t first = path[depth - 1].index;
    return status == FIRN_OK ? visit_names(&run, first, nodes->node[first].next) : status;
}

/* --- names of one spelling --- */

/* Goes on from the node that was visited last to a later one, or from the root: puts all above it
 * on the stack. *ahead is the last node's next sibling, or behind its parent. */
static firn_status stand_at(struct run *run, uint32_t node, uint32_t *ahead)
{
    const struct extract_scratch *scratch = run->scratch;
    while (run->depth > 0 && scratch->stack[run->depth - 1].end <= node)
        *ahead = scratch->stack[--run->depth].end; /* I1 */
    for (uint32_t at = *ahead; at != node; at++) {
        while (run->nodes[at].next <= node)
            at = run->nodes[at].next;
        if (at == node)
            break;
        firn_status status = push(run, at);
        if (status != FIRN_OK)
            return status;
    }
    *ahead = node;
    return FIRN_OK;
}

/* Visits the names whose text stands at an offset; their nodes begin there or a mark before. */
static firn_status visit_at(struct run *run, const firn_nodes *nodes, uint32_t offset, size_t size,
                            unsigned quote, uint32_t *ahead)
{
    const uint32_t start = offset - quote;
    uint32_t low = *ahead, high = nodes->count;
    firn_status status = FIRN_OK;
    while (low < high) { /* the first that begins there */
        const uint32_t middle = low + (high - low) / 2;
        if (nodes->node[middle].start < start)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < nodes->count && nodes->node[low].start == start && status == FIRN_OK; low++) {
        const unsigned traits = label_of(run, low)->traits;
        if ((traits & LABEL_NAME) == 0 || ((traits & LABEL_QUOTED) != 0) != (quote != 0) ||
            nodes->node[low].end - start != size + 2 * (size_t)quote)
            continue;
        status = stand_at(run, low, ahead);
        if (status == FIRN_OK)
            status = visit_name(run, low);
    }
    return status;
}

firn_status extract_spelled(const struct extractor *extractor, struct extract_scratch *scratch,
                            const firn_nodes *nodes, const char *text, size_t text_size,
                            const char *name, size_t size, extract_visit_fn visit, void *context)
{
    struct run run = {extractor, scratch, nodes->node, 0, 0, visit, context};
    firn_status status = FIRN_OK;
    uint32_t ahead = 0; /* a node from which the next is reached */
    const char *end = text + text_size;
    for (const char *at = text; size > 0 && status == FIRN_OK; at++) {
        at = memmem(at, (size_t)(end - at), name, size);
        if (at == NULL)
            break;
        const uint32_t offset = (uint32_t)(at - text);
        if (offset > 0)
            status = visit_at(&run, nodes, offset, size, 1, &ahead);
        if (status == FIRN_OK)
            status = visit_at(&run, nodes, offset, size, 0, &ahead);
    }
    return status;
}

bool extract_may_define(const struct extractor *extractor, firn_label label)
{
    const struct extract_label *of = &extractor->labels[label];
    for (unsigned i = 0; i < of->rule_count; i++)
        if (extractor->rules[of->first_rule + i].action == RULE_DEFINE)
            return true;
    return false;
}
