/* Nodes and the trees that they make.
 *
 * Invariants:
 *   I1  a root has neither parent nor siblings
 *   I2  a first child's `previous` is the last child, whose `next` is 0
 *   I3  a node that an element of `contents` names is a fragment, the root of its own tree
 *
 * No call recurses: trees may be as deep as memory lets them be. Complexity: as the links that are
 * followed; dom_compare and dom_within O(depth).
 */
#include "tabs/dom/state.h"

#include <string.h>

static firn_status make(dom *page, dom_kind kind, uint32_t space, dom_name name, dom_id *ret_node)
{
    struct dom_node *node = firn_pool_alloc(&page->nodes);
    if (node == NULL)
        return FIRN_NO_MEMORY;
    *node = (struct dom_node){.head = (uint32_t)kind | space << HEAD_SPACE_SHIFT |
                                      name << HEAD_NAME_SHIFT};
    *ret_node = firn_pool_handle_of(&page->nodes, node);
    return FIRN_OK;
}

firn_status dom_element(dom *page, uint32_t space, dom_name name, dom_id *ret_node)
{
    return make(page, DOM_ELEMENT, space, name, ret_node);
}

firn_status dom_container(dom *page, dom_kind kind, dom_id *ret_node)
{
    return make(page, kind, 0, 0, ret_node);
}

static firn_status make_with_text(dom *page, dom_kind kind, dom_name name, const char *text,
                                  size_t size, dom_id *ret_node)
{
    dom_text value;
    firn_status status = dom_text_put(page, text, size, &value);
    if (status == FIRN_OK)
        status = make(page, kind, 0, name, ret_node);
    if (status == FIRN_OK)
        node_at(page, *ret_node)->text = value;
    return status;
}

firn_status dom_characters(dom *page, dom_kind kind, const char *text, size_t size,
                           dom_id *ret_node)
{
    return make_with_text(page, kind, 0, text, size, ret_node);
}

firn_status dom_instruction(dom *page, dom_name target, const char *text, size_t size,
                            dom_id *ret_node)
{
    return make_with_text(page, DOM_INSTRUCTION, target, text, size, ret_node);
}

firn_status dom_doctype(dom *page, dom_name name, const char *public_id, const char *system_id,
                        dom_id *ret_node)
{
    dom_text text;
    dom_id node;
    firn_status status = dom_text_put(page, system_id, strlen(system_id), &text);
    if (status == FIRN_OK)
        status = make_with_text(page, DOM_DOCTYPE, name, public_id, strlen(public_id), &node);
    if (status != FIRN_OK)
        return status;
    node_at(page, node)->system_id = text;
    *ret_node = node;
    return FIRN_OK;
}

/* --- ways through a tree --- */

bool dom_is_node(const dom *page, dom_id node)
{
    return node_at(page, node) != NULL;
}

dom_kind dom_kind_of(const dom *page, dom_id node)
{
    return kind_of(node_at(page, node));
}

dom_id dom_parent(const dom *page, dom_id node)
{
    return node_at(page, node)->parent;
}

static inline dom_id first_of(const struct dom_node *node)
{
    return has_children(kind_of(node)) ? node->first : 0;
}

dom_id dom_first(const dom *page, dom_id node)
{
    return first_of(node_at(page, node));
}

dom_id dom_last(const dom *page, dom_id node)
{
    dom_id first = dom_first(page, node);
    return first != 0 ? node_at(page, first)->previous : 0; /* I2 */
}

dom_id dom_next(const dom *page, dom_id node)
{
    return node_at(page, node)->next;
}

dom_id dom_previous(const dom *page, dom_id node)
{
    dom_id previous = node_at(page, node)->previous;
    return previous != 0 && node_at(page, previous)->next != 0 ? previous : 0; /* I2 */
}

dom_id dom_root(const dom *page, dom_id node)
{
    for (dom_id parent; (parent = dom_parent(page, node)) != 0;)
        node = parent;
    return node;
}

dom_id dom_after(const dom *page, dom_id node, dom_id top)
{
    while (node != top && node != 0) {
        const struct dom_node *at = node_at(page, node);
        if (at->next != 0)
            return at->next;
        node = at->parent;
    }
    return 0;
}

dom_id dom_follow(const dom *page, dom_id node, dom_id top)
{
    dom_id first = dom_first(page, node);
    return first != 0 ? first : dom_after(page, node, top);
}

bool dom_within(const dom *page, dom_id node, dom_id top)
{
    while (node != top && node != 0)
        node = dom_parent(page, node);
    return node != 0;
}

static size_t depth_of(const dom *page, dom_id node)
{
    size_t depth = 0;
    while ((node = dom_parent(page, node)) != 0)
        depth++;
    return depth;
}

/* Of siblings: goes on from both, so that it takes as long as they are apart or from an end. */
static bool comes_before(const dom *page, dom_id a, dom_id b)
{
    dom_id from_a = a, from_b = b;
    for (;;) {
        from_a = dom_next(page, from_a);
        from_b = dom_next(page, from_b);
        if (from_a == b || from_b == 0)
            return true;
        if (from_b == a || from_a == 0)
            return false;
    }
}

int dom_compare(const dom *page, dom_id a, dom_id b)
{
    size_t depth_a = depth_of(page, a), depth_b = depth_of(page, b);
    dom_id up_a = a, up_b = b;
    for (size_t depth = depth_a; depth > depth_b; depth--)
        up_a = dom_parent(page, up_a);
    for (size_t depth = depth_b; depth > depth_a; depth--)
        up_b = dom_parent(page, up_b);
    if (up_a == up_b)
        return depth_a < depth_b ? -1 : depth_a > depth_b;
    while (dom_parent(page, up_a) != dom_parent(page, up_b)) {
        up_a = dom_parent(page, up_a);
        up_b = dom_parent(page, up_b);
    }
    if (dom_parent(page, up_a) == 0) /* of different trees */
        return up_a < up_b ? -1 : 1;
    return comes_before(page, up_a, up_b) ? -1 : 1;
}

/* --- changing it --- */

void dom_remove(dom *page, dom_id id)
{
    struct dom_node *node = node_at(page, id);
    if (node->parent == 0)
        return;
    struct dom_node *parent = node_at(page, node->parent);
    struct dom_node *first = node_at(page, parent->first);
    if (parent->first == id) {
        parent->first = node->next;
        if (node->next != 0)
            node_at(page, node->next)->previous = node->previous;
    } else {
        node_at(page, node->previous)->next = node->next;
        if (node->next != 0)
            node_at(page, node->next)->previous = node->previous;
        else
            first->previous = node->previous; /* I2 */
    }
    node->parent = node->next = node->previous = 0; /* I1 */
    page->version++;
}

/* Puts the list of nodes from first to last, whose parent is set, before `before`. */
static void link_between(dom *page, struct dom_node *parent, dom_id first, dom_id last,
                         dom_id before)
{
    struct dom_node *head = node_at(page, first), *tail = node_at(page, last);
    if (parent->first == 0) {
        parent->first = first;
        head->previous = last;
        tail->next = 0;
        return;
    }
    struct dom_node *oldest = node_at(page, parent->first);
    dom_id previous = before != 0 ? node_at(page, before)->previous : oldest->previous;
    head->previous = previous;
    tail->next = before;
    if (before == parent->first)
        parent->first = first;
    else
        node_at(page, previous)->next = first;
    if (before != 0)
        node_at(page, before)->previous = last;
    else
        oldest->previous = last;
}

static void insert_children(dom *page, dom_id parent, struct dom_node *fragment, dom_id before)
{
    dom_id first = fragment->first;
    if (first == 0)
        return;
    dom_id last = node_at(page, first)->previous;
    for (dom_id child = first; child != 0; child = dom_next(page, child))
        node_at(page, child)->parent = parent;
    fragment->first = 0;
    link_between(page, node_at(page, parent), first, last, before);
}

void dom_insert(dom *page, dom_id parent, dom_id id, dom_id before)
{
    struct dom_node *node = node_at(page, id);
    page->version++;
    if (kind_of(node) == DOM_FRAGMENT) {
        insert_children(page, parent, node, before);
        return;
    }
    if (before == id)
        before = node->next;
    dom_remove(page, id);
    node->parent = parent;
    link_between(page, node_at(page, parent), id, id, before);
}

/* --- ending and copying --- */

static void free_one(dom *page, dom_id id)
{
    struct dom_node *node = node_at(page, id);
    if (kind_of(node) == DOM_ELEMENT)
        dom_attributes_free(page, node);
    firn_pool_free(&page->nodes, node);
}

/* What is found on the way down is freed on the way up; contents of templates join the list of
 * children of what is freed. */
void dom_free(dom *page, dom_id root)
{
    if (root == 0)
        return;
    dom_remove(page, root);
    for (dom_id node = root; node != 0;) {
        struct dom_node *at = node_at(page, node);
        dom_id contents = 0;
        if (kind_of(at) == DOM_ELEMENT && firn_map_count(&page->contents) > 0 &&
            firn_map_take(&page->contents, &node, &contents) == FIRN_OK)
            dom_insert(page, node, contents, 0); /* empties it, I3 */
        if (contents != 0)
            free_one(page, contents);
        if (first_of(at) != 0) {
            node = at->first;
            continue;
        }
        dom_id next = at->next, parent = at->parent;
        free_one(page, node);
        if (node == root)
            break;
        node = next != 0 ? next : parent;
        if (next == 0)
            node_at(page, parent)->first = 0;
    }
    page->version++;
}

static firn_status clone_one(dom *page, dom_id from, dom_id *ret_copy)
{
    struct dom_node old = *node_at(page, from);
    uint32_t head =
        old.head & ~(((1u << (HEAD_NAME_SHIFT - HEAD_FLAG_SHIFT)) - 1) << HEAD_FLAG_SHIFT);
    struct dom_node *copy = firn_pool_alloc(&page->nodes);
    if (copy == NULL)
        return FIRN_NO_MEMORY;
    *copy = (struct dom_node){.head = head, .text = old.text};
    if (kind_of(&old) == DOM_DOCTYPE)
        copy->system_id = old.system_id;
    if (kind_of(&old) == DOM_ELEMENT) {
        copy->attributes = 0;
        if (dom_attributes_copy(page, &old, copy) != FIRN_OK) {
            firn_pool_free(&page->nodes, copy);
            return FIRN_NO_MEMORY;
        }
    }
    *ret_copy = firn_pool_handle_of(&page->nodes, copy);
    return FIRN_OK;
}

/* Copies what is below `from` to below `to`, each parent before its children. */
static firn_status clone_below(dom *page, dom_id from, dom_id to)
{
    dom_id top = from, at = to;
    for (dom_id node = dom_first(page, from); node != 0;) {
        dom_id copy;
        firn_status status = clone_one(page, node, &copy);
        if (status != FIRN_OK)
            return status;
        dom_insert(page, at, copy, 0);
        if (dom_first(page, node) != 0) {
            node = dom_first(page, node);
            at = copy;
            continue;
        }
        while (node != top && dom_next(page, node) == 0) {
            node = dom_parent(page, node);
            at = node != top ? dom_parent(page, at) : at;
        }
        node = node != top ? dom_next(page, node) : 0;
    }
    return FIRN_OK;
}

struct pair {
    dom_id from, to;
};

struct pairs {
    struct pair *items;
    size_t count, capacity;
};

/* Gives the copies of the templates of a tree their contents, and lists both: templates of a tree
 * and of its copy come in the same order. */
static firn_status clone_contents(dom *page, struct pair tree, struct pairs *ret_pairs)
{
    dom_id node = tree.from, copy = tree.to;
    for (; node != 0;
         node = dom_follow(page, node, tree.from), copy = dom_follow(page, copy, tree.to)) {
        struct pair pair = {.from = dom_contents_if_any(page, node)};
        if (pair.from == 0)
            continue;
        if (!firn_grow(page->allocator, (void **)&ret_pairs->items, &ret_pairs->capacity,
                       ret_pairs->count + 1, sizeof pair))
            return FIRN_NO_MEMORY;
        firn_status status = dom_contents(page, copy, &pair.to);
        if (status == FIRN_OK)
            status = clone_below(page, pair.from, pair.to);
        if (status != FIRN_OK)
            return status;
        ret_pairs->items[ret_pairs->count++] = pair;
    }
    return FIRN_OK;
}

/* Contents may hold templates, which the list lets be found without recursion. */
static firn_status clone_all_contents(dom *page, dom_id from, dom_id to)
{
    struct pairs pairs = {0};
    firn_status status = clone_contents(page, (struct pair){from, to}, &pairs);
    for (size_t i = 0; status == FIRN_OK && i < pairs.count; i++)
        status = clone_contents(page, pairs.items[i], &pairs);
    firn_release(page->allocator, pairs.items, pairs.capacity * sizeof *pairs.items);
    return status;
}

firn_status dom_clone(dom *page, dom_id node, bool deep, dom_id *ret_copy)
{
    dom_id copy;
    firn_status status = clone_one(page, node, &copy);
    if (status != FIRN_OK)
        return status;
    if (deep) {
        status = clone_below(page, node, copy);
        if (status == FIRN_OK && firn_map_count(&page->contents) > 0)
            status = clone_all_contents(page, node, copy);
    }
    if (status == FIRN_OK)
        *ret_copy = copy;
    else
        dom_free(page, copy);
    return status;
}

/* --- what a node has --- */

dom_name dom_name_of(const dom *page, dom_id node)
{
    return node_at(page, node)->head >> HEAD_NAME_SHIFT;
}

uint32_t dom_space_of(const dom *page, dom_id element)
{
    return node_at(page, element)->head >> HEAD_SPACE_SHIFT & (DOM_SPACE_MAX - 1);
}

const char *dom_value(const dom *page, dom_id id, size_t *ret_size)
{
    const struct dom_node *node = node_at(page, id);
    return dom_text_get(page, has_text(kind_of(node)) ? node->text : 0, ret_size);
}

firn_status dom_value_set(dom *page, dom_id id, const char *text, size_t size)
{
    struct dom_node *node = node_at(page, id);
    if (!has_text(kind_of(node)))
        return FIRN_INVALID;
    dom_text value;
    firn_status status = dom_text_put(page, text, size, &value);
    if (status != FIRN_OK)
        return status;
    node->text = value;
    page->version++;
    return FIRN_OK;
}

const char *dom_doctype_public(const dom *page, dom_id node, size_t *ret_size)
{
    return dom_text_get(page, node_at(page, node)->text, ret_size);
}

const char *dom_doctype_system(const dom *page, dom_id node, size_t *ret_size)
{
    return dom_text_get(page, node_at(page, node)->system_id, ret_size);
}

dom_id dom_contents_if_any(const dom *page, dom_id element)
{
    const dom_id *fragment = firn_map_get(&page->contents, &element);
    return fragment != NULL ? *fragment : 0;
}

firn_status dom_contents(dom *page, dom_id element, dom_id *ret_fragment)
{
    dom_id fragment = dom_contents_if_any(page, element);
    firn_status status = FIRN_OK;
    if (fragment == 0) {
        status = dom_container(page, DOM_FRAGMENT, &fragment);
        if (status == FIRN_OK)
            status = firn_map_put(&page->contents, &element, &fragment);
        if (status != FIRN_OK && fragment != 0)
            dom_free(page, fragment);
    }
    if (status == FIRN_OK)
        *ret_fragment = fragment;
    return status;
}

bool dom_flag_get(const dom *page, dom_id node, dom_flag flag)
{
    return (node_at(page, node)->head >> HEAD_FLAG_SHIFT & (uint32_t)flag) != 0;
}

void dom_flag_set(dom *page, dom_id id, dom_flag flag, bool set)
{
    struct dom_node *node = node_at(page, id);
    uint32_t bit = (uint32_t)flag << HEAD_FLAG_SHIFT;
    node->head = set ? node->head | bit : node->head & ~bit;
}
