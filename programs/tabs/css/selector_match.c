/* Whether elements match selectors: from the right compound of each to the left. What a failure
 * says about other elements that could stand in the place keeps it from being tried for each of
 * them, so that a selector of many combinators takes O(ancestors + siblings), not their power; as
 * Blink does.
 *
 * Invariants:
 *   I1  `counted` is where `counted_at` stands among its siblings (of its type), from 1
 */
#include "tabs/css/scan.h"
#include "tabs/css/selector_parts.h"

#include <string.h>

typedef enum outcome {
    MATCHES,
    FAILS_HERE,     /* this element fails; another may not */
    FAILS_SIBLINGS, /* and so do all its siblings */
    FAILS_ALL,      /* and so do all elements above it */
} outcome;

struct matching {
    const css_scope *scope;
    const dom *page;
    const css_selectors *list; /* the outermost, for its names */
    dom_id anchor;             /* of the :has that is being tried */
    /* where siblings were counted last */
    const part *counting;
    dom_id counted_at;
    int counted;
    uint64_t counted_version;
};

static bool matches_list(struct matching *matching, const css_selectors *list, dom_id element);

/* --- the tree, elements alone --- */

static bool is_element(const dom *page, dom_id node)
{
    return node != 0 && dom_kind_of(page, node) == DOM_ELEMENT;
}

static dom_id parent_element(const dom *page, dom_id element)
{
    dom_id parent = dom_parent(page, element);
    return is_element(page, parent) ? parent : 0;
}

static dom_id sibling(const dom *page, dom_id element, bool backwards)
{
    do
        element = backwards ? dom_previous(page, element) : dom_next(page, element);
    while (element != 0 && dom_kind_of(page, element) != DOM_ELEMENT);
    return element;
}

static bool is_html(const dom *page, dom_id element)
{
    return dom_space_of(page, element) == DOM_SPACE_HTML;
}

static bool is_named(const dom *page, dom_id element, const char *name)
{
    size_t size;
    const char *is = dom_name_text(page, dom_name_of(page, element), &size);
    return is_html(page, element) && size == strlen(name) && memcmp(is, name, size) == 0;
}

static bool is_any_of(const dom *page, dom_id element, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (is_named(page, element, *names))
            return true;
    }
    return false;
}

static bool has_attribute(const dom *page, dom_id element, const char *name)
{
    size_t size;
    return dom_attribute_find(page, element, name, &size) != NULL;
}

/* --- texts --- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 'a' - 'A') : byte;
}

static bool same(const char *a, const char *b, size_t size, bool any_case)
{
    if (!any_case)
        return memcmp(a, b, size) == 0;
    for (size_t i = 0; i < size; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
}

/* Whether a list of words, as class has it, has this one. */
static bool has_word(const char *list, size_t size, const char *word, size_t word_bytes,
                     bool any_case)
{
    for (size_t at = 0; at < size;) {
        size_t start = at;
        while (at < size && !is_blank(list[at]))
            at++;
        if (at - start == word_bytes && word_bytes > 0 &&
            same(list + start, word, word_bytes, any_case))
            return true;
        at++;
    }
    return false;
}

static bool has_within(const char *text, size_t size, const char *what, size_t bytes, bool any_case)
{
    for (size_t at = 0; at + bytes <= size; at++) {
        if (same(text + at, what, bytes, any_case))
            return true;
    }
    return false;
}

/* --- the parts --- */

/* Whether two names are the same without case: browsers compare those of foreign elements in HTML
 * so. */
static bool same_name(const dom *page, dom_name a, dom_name b)
{
    size_t a_bytes, b_bytes;
    const char *a_text = dom_name_text(page, a, &a_bytes);
    const char *b_text = dom_name_text(page, b, &b_bytes);
    return a_bytes == b_bytes && same(a_text, b_text, a_bytes, true);
}

static bool matches_type(const struct matching *matching, const part *one, dom_id element)
{
    uint32_t space = dom_space_of(matching->page, element);
    if (one->none_space && space != DOM_SPACE_NONE)
        return false;
    dom_name name = dom_name_of(matching->page, element);
    if (one->name == FIRN_INTERN_NONE || name == one->name)
        return one->name == FIRN_INTERN_NONE || space != DOM_SPACE_HTML || name == one->lower;
    return space == DOM_SPACE_HTML ? name == one->lower
                                   : same_name(matching->page, name, one->name);
}

/* Its value, if it has one whose local name is that of the selector. */
static const char *find_in_any_space(const dom *page, const part *one, dom_id element,
                                     size_t *ret_size)
{
    size_t count = dom_attribute_count(page, element), size, wanted_bytes;
    const char *wanted = dom_name_text(page, one->name, &wanted_bytes);
    for (size_t i = 0; i < count; i++) {
        dom_attribute attribute = dom_attribute_at(page, element, i);
        const char *name = dom_name_text(page, attribute.name, &size);
        const char *colon = attribute.space != DOM_SPACE_NONE ? memchr(name, ':', size) : NULL;
        const char *local = colon != NULL ? colon + 1 : name;
        size -= (size_t)(local - name);
        if (size == wanted_bytes && memcmp(local, wanted, size) == 0)
            return dom_text_get(page, attribute.value, ret_size);
    }
    return NULL;
}

static bool matches_attribute(const struct matching *matching, const part *one, dom_id element)
{
    bool html = is_html(matching->page, element);
    size_t size, bytes = one->text_bytes;
    const char *value = one->any_space ? find_in_any_space(matching->page, one, element, &size)
                                       : dom_attribute_get(matching->page, element,
                                                           html ? one->lower : one->name, &size);
    bool any_case = one->any_case || (one->any_case_html && html);
    if (value == NULL)
        return false;
    switch (one->is) {
    case OPERATOR_EXISTS:
        return true;
    case OPERATOR_EQUALS:
        return size == bytes && same(value, one->text, size, any_case);
    case OPERATOR_INCLUDES:
        return has_word(value, size, one->text, bytes, any_case);
    case OPERATOR_DASH:
        return size >= bytes && same(value, one->text, bytes, any_case) &&
               (size == bytes || value[bytes] == '-');
    case OPERATOR_PREFIX:
        return bytes > 0 && size >= bytes && same(value, one->text, bytes, any_case);
    case OPERATOR_SUFFIX:
        return bytes > 0 && size >= bytes && same(value + size - bytes, one->text, bytes, any_case);
    default:
        return bytes > 0 && has_within(value, size, one->text, bytes, any_case);
    }
}

static bool counts(struct matching *matching, const part *one, dom_id a, dom_id b)
{
    if (one->list != NULL)
        return matches_list(matching, one->list, b);
    return !one->of_type || (dom_name_of(matching->page, a) == dom_name_of(matching->page, b) &&
                             dom_space_of(matching->page, a) == dom_space_of(matching->page, b));
}

/* Where an element stands among its siblings; going on from where it was asked last (I1), so that
 * asking for one after the other takes O(1) each. */
static int place_of(struct matching *matching, const part *one, dom_id element)
{
    uint64_t version = dom_version(matching->page);
    bool known =
        matching->counting == one && matching->counted_version == version && !one->from_last;
    int place = 1;
    for (dom_id at = sibling(matching->page, element, !one->from_last); at != 0;
         at = sibling(matching->page, at, !one->from_last)) {
        if (!counts(matching, one, element, at))
            continue;
        if (known && at == matching->counted_at) {
            place += matching->counted;
            break;
        }
        place++;
    }
    matching->counting = one;
    matching->counted_at = element;
    matching->counted = place;
    matching->counted_version = version;
    return place;
}

static bool matches_nth(struct matching *matching, const part *one, dom_id element)
{
    if (one->list != NULL && !matches_list(matching, one->list, element))
        return false;
    int a = one->a, distance = place_of(matching, one, element) - one->b;
    return a == 0 ? distance == 0 : distance % a == 0 && distance / a >= 0;
}

static bool is_only(struct matching *matching, const part *one, dom_id element)
{
    for (int backwards = 0; backwards <= 1; backwards++) {
        dom_id at = element;
        while ((at = sibling(matching->page, at, backwards != 0)) != 0) {
            if (counts(matching, one, element, at))
                return false;
        }
    }
    return true;
}

static bool is_empty(const dom *page, dom_id element)
{
    for (dom_id child = dom_first(page, element); child != 0; child = dom_next(page, child)) {
        dom_kind kind = dom_kind_of(page, child);
        size_t size = 0;
        if (kind == DOM_TEXT || kind == DOM_CDATA)
            dom_value(page, child, &size);
        if (kind == DOM_ELEMENT || size > 0)
            return false;
    }
    return true;
}

static bool is_link(const dom *page, dom_id element)
{
    static const char *const names[] = {"a", "area", NULL};
    size_t size;
    if (dom_space_of(page, element) != DOM_SPACE_SVG)
        return is_any_of(page, element, names) && has_attribute(page, element, "href");
    const char *name = dom_name_text(page, dom_name_of(page, element), &size);
    return size == 1 && *name == 'a' &&
           (has_attribute(page, element, "href") || has_attribute(page, element, "xlink:href"));
}

static bool is_language(const struct matching *matching, const part *one, dom_id element)
{
    size_t size = 0, bytes = one->text_bytes;
    const char *language = NULL;
    for (; element != 0 && language == NULL; element = parent_element(matching->page, element))
        language = dom_attribute_get(matching->page, element, matching->list->lang_name, &size);
    return language != NULL && size >= bytes && same(language, one->text, bytes, true) &&
           (size == bytes || language[bytes] == '-' || bytes == 0);
}

static bool is_direction(const struct matching *matching, const part *one, dom_id element)
{
    size_t size;
    bool right = false, wants_right = css_equals(one->text, one->text_bytes, "rtl");
    for (; element != 0; element = parent_element(matching->page, element)) {
        const char *value =
            dom_attribute_get(matching->page, element, matching->list->dir_name, &size);
        if (value == NULL)
            continue;
        right = css_equals(value, size, "rtl");
        if (right || css_equals(value, size, "ltr"))
            break;
    }
    return wants_right ? right : !right && css_equals(one->text, one->text_bytes, "ltr");
}

/* --- states of form controls --- */

static const char *const disabled_by_attribute[] = {"button",   "input",  "select",   "textarea",
                                                    "optgroup", "option", "fieldset", NULL};
static const char *const with_value[] = {"input", "select", "textarea", NULL};
static const char *const optional[] = {"input", "select", "textarea", "button", NULL};

/* Within a fieldset that is disabled, but for what is in its first legend. */
static bool is_in_disabled_fieldset(const dom *page, dom_id element)
{
    dom_id child = element;
    for (dom_id at = parent_element(page, element); at != 0;
         child = at, at = parent_element(page, at)) {
        if (!is_named(page, at, "fieldset") || !has_attribute(page, at, "disabled"))
            continue;
        dom_id legend = dom_first(page, at);
        while (legend != 0 && !(is_element(page, legend) && is_named(page, legend, "legend")))
            legend = dom_next(page, legend);
        if (legend == 0 || legend != child)
            return true;
    }
    return false;
}

static bool is_disabled(const dom *page, dom_id element)
{
    if (!is_any_of(page, element, disabled_by_attribute))
        return false;
    if (has_attribute(page, element, "disabled"))
        return true;
    if (is_named(page, element, "optgroup"))
        return false;
    if (!is_named(page, element, "option"))
        return is_in_disabled_fieldset(page, element);
    dom_id parent = parent_element(page, element);
    bool group = parent != 0 && is_named(page, parent, "optgroup");
    if (group && has_attribute(page, parent, "disabled"))
        return true;
    parent = group ? parent_element(page, parent) : parent;
    return parent != 0 && is_named(page, parent, "select") &&
           (has_attribute(page, parent, "disabled") || is_in_disabled_fieldset(page, parent));
}

static bool is_type(const dom *page, dom_id input, const char *const *types)
{
    size_t size;
    const char *type = dom_attribute_find(page, input, "type", &size);
    for (; *types != NULL; types++) {
        if (type != NULL && css_equals(type, size, *types))
            return true;
    }
    return false;
}

static bool asks(const struct matching *matching, dom_id element, css_state state)
{
    return matching->scope->state(matching->scope->context, element, state);
}

/* Checked boxes and chosen options, as the callback knows them, else as they are marked. */
static bool is_checked(const struct matching *matching, dom_id element)
{
    static const char *const boxes[] = {"checkbox", "radio", NULL};
    bool box =
        is_named(matching->page, element, "input") && is_type(matching->page, element, boxes);
    bool option = is_named(matching->page, element, "option");
    if (!box && !option)
        return false;
    if (matching->scope->state != NULL)
        return asks(matching, element, CSS_STATE_CHECKED);
    return has_attribute(matching->page, element, box ? "checked" : "selected");
}

static bool is_submit(const dom *page, dom_id element)
{
    static const char *const inputs[] = {"submit", "image", NULL};
    static const char *const others[] = {"button", "reset", NULL};
    return is_named(page, element, "button")
               ? !is_type(page, element, others)
               : is_named(page, element, "input") && is_type(page, element, inputs);
}

static dom_id form_of(const dom *page, dom_id element)
{
    do
        element = parent_element(page, element);
    while (element != 0 && !is_named(page, element, "form"));
    return element;
}

/* Whether it is the first button that sends its form. */
static bool is_first_submit(const dom *page, dom_id element)
{
    dom_id form = form_of(page, element), at = form;
    if (form == 0 || !is_submit(page, element))
        return false;
    while (at != element && !(is_element(page, at) && is_submit(page, at)))
        at = dom_follow(page, at, form);
    return at == element;
}

static bool is_default(const dom *page, dom_id element)
{
    static const char *const boxes[] = {"checkbox", "radio", NULL};
    if (is_first_submit(page, element))
        return true;
    if (is_named(page, element, "option"))
        return has_attribute(page, element, "selected");
    return is_named(page, element, "input") && is_type(page, element, boxes) &&
           has_attribute(page, element, "checked");
}

static bool is_read_write(const dom *page, dom_id element)
{
    static const char *const fixed[] = {"hidden", "range",  "color", "checkbox", "radio", "file",
                                        "submit", "button", "image", "reset",    NULL};
    size_t size;
    bool text = is_named(page, element, "textarea") ||
                (is_named(page, element, "input") && !is_type(page, element, fixed));
    if (text)
        return !has_attribute(page, element, "readonly") && !is_disabled(page, element);
    for (; element != 0; element = parent_element(page, element)) {
        const char *editable = dom_attribute_find(page, element, "contenteditable", &size);
        if (editable != NULL)
            return !css_equals(editable, size, "false");
    }
    return false;
}

static bool is_required(const dom *page, dom_id element)
{
    return is_any_of(page, element, with_value) && has_attribute(page, element, "required");
}

/* Of HTML all but names with a hyphen are; of these the callback knows. */
static bool is_defined(const struct matching *matching, dom_id element)
{
    size_t size;
    const char *name = dom_name_text(matching->page, dom_name_of(matching->page, element), &size);
    if (!is_html(matching->page, element) || memchr(name, '-', size) == NULL)
        return true;
    return matching->scope->state != NULL && asks(matching, element, CSS_STATE_DEFINED);
}

static bool has_validity(const dom *page, dom_id element)
{
    static const char *const names[] = {"input", "select",   "textarea", "button",
                                        "form",  "fieldset", "output",   NULL};
    return is_any_of(page, element, names);
}

/* A radio button of a group in which none is checked, or a progress without a value. */
static bool is_indeterminate(const struct matching *matching, dom_id element)
{
    static const char *const radio[] = {"radio", NULL};
    const dom *page = matching->page;
    size_t size, other_bytes;
    if (is_named(page, element, "progress"))
        return !has_attribute(page, element, "value");
    if (!is_named(page, element, "input") || !is_type(page, element, radio))
        return false;
    const char *name = dom_attribute_find(page, element, "name", &size);
    if (name == NULL || size == 0)
        return !is_checked(matching, element);
    dom_id form = form_of(page, element);
    dom_id top = form != 0 ? form : dom_root(page, element);
    for (dom_id at = top; at != 0; at = dom_follow(page, at, top)) {
        if (!is_element(page, at) || !is_named(page, at, "input") || !is_type(page, at, radio))
            continue;
        const char *other = dom_attribute_find(page, at, "name", &other_bytes);
        if (other != NULL && other_bytes == size && memcmp(name, other, size) == 0 &&
            is_checked(matching, at))
            return false;
    }
    return true;
}

/* Whether a control without a value shows what should stand there. */
static bool shows_placeholder(const dom *page, dom_id element)
{
    static const char *const without[] = {"hidden", "range",  "color", "checkbox", "radio", "file",
                                          "submit", "button", "image", "reset",    NULL};
    size_t size = 0;
    if (!has_attribute(page, element, "placeholder"))
        return false;
    if (is_named(page, element, "textarea"))
        return is_empty(page, element);
    if (!is_named(page, element, "input") || is_type(page, element, without))
        return false;
    return dom_attribute_find(page, element, "value", &size) == NULL || size == 0;
}

/* What the tree says where there is no callback: a page on which nothing happened yet. */
static bool is_at_first(const struct matching *matching, dom_id element, css_state state)
{
    switch (state) {
    case CSS_STATE_VALID:
        return true;
    case CSS_STATE_INDETERMINATE:
        return is_indeterminate(matching, element);
    case CSS_STATE_PLACEHOLDER_SHOWN:
        return shows_placeholder(matching->page, element);
    default:
        return false;
    }
}

static bool matches_state(const struct matching *matching, const part *one, dom_id element)
{
    if (one->state == CSS_STATE_VALID && !has_validity(matching->page, element))
        return false;
    if (matching->scope->state == NULL)
        return is_at_first(matching, element, one->state) == (one->kind == PART_STATE);
    return asks(matching, element, one->state) == (one->kind == PART_STATE);
}

/* --- :has --- */

static outcome match(struct matching *matching, const compound *at, dom_id element);

static bool has_below(struct matching *matching, const selector *one, dom_id top)
{
    for (dom_id at = dom_follow(matching->page, top, top); at != 0;
         at = dom_follow(matching->page, at, top)) {
        if (is_element(matching->page, at) && match(matching, one->last, at) == MATCHES)
            return true;
    }
    return false;
}

static bool has_behind(struct matching *matching, const selector *one, dom_id anchor)
{
    for (dom_id at = sibling(matching->page, anchor, false); at != 0;
         at = sibling(matching->page, at, false)) {
        if (match(matching, one->last, at) == MATCHES || has_below(matching, one, at))
            return true;
    }
    return false;
}

static bool matches_has(struct matching *matching, const part *one, dom_id element)
{
    dom_id outer = matching->anchor;
    bool found = false;
    matching->anchor = element;
    for (const selector *next = one->list->first; next != NULL && !found; next = next->next)
        found = next->among_siblings ? has_behind(matching, next, element)
                                     : has_below(matching, next, element);
    matching->anchor = outer;
    return found;
}

/* --- compounds and selectors --- */

static bool is_root(const dom *page, dom_id element)
{
    dom_id parent = dom_parent(page, element);
    return parent != 0 && dom_kind_of(page, parent) == DOM_DOCUMENT;
}

static bool is_scope(const struct matching *matching, dom_id element)
{
    dom_id root = matching->scope->root;
    bool none = root == 0 || !is_element(matching->page, root);
    return none ? is_root(matching->page, element) : element == root;
}

static bool matches_word(const struct matching *matching, const part *one, dom_id element)
{
    bool id = one->kind == PART_ID, quirks = matching->scope->quirks;
    size_t size;
    const char *value = dom_attribute_get(
        matching->page, element, id ? matching->list->id_name : matching->list->class_name, &size);
    if (value == NULL)
        return false;
    return id ? size == one->text_bytes && same(value, one->text, size, quirks)
              : has_word(value, size, one->text, one->text_bytes, quirks);
}

static bool matches_control(const struct matching *matching, const part *one, dom_id element)
{
    const dom *page = matching->page;
    switch (one->kind) {
    case PART_ENABLED:
        return is_any_of(page, element, disabled_by_attribute) && !is_disabled(page, element);
    case PART_DISABLED:
        return is_disabled(page, element);
    case PART_CHECKED:
        return is_checked(matching, element);
    case PART_REQUIRED:
        return is_required(page, element);
    case PART_OPTIONAL:
        return is_any_of(page, element, optional) && !is_required(page, element);
    case PART_READ_WRITE:
        return is_read_write(page, element);
    case PART_READ_ONLY:
        return is_html(page, element) && !is_read_write(page, element);
    case PART_DEFAULT:
        return is_default(page, element);
    case PART_DEFINED:
        return is_defined(matching, element);
    default: /* PART_STATE, PART_INVALID */
        return matches_state(matching, one, element);
    }
}

static bool matches_part(struct matching *matching, const part *one, dom_id element)
{
    switch (one->kind) {
    case PART_TYPE:
        return matches_type(matching, one, element);
    case PART_ID:
    case PART_CLASS:
        return matches_word(matching, one, element);
    case PART_ATTRIBUTE:
        return matches_attribute(matching, one, element);
    case PART_PSEUDO_ELEMENT: /* whoever asks knows which pseudo-element it is about */
        return true;
    case PART_NEVER:
        return false;
    case PART_ANCHOR:
        return element == matching->anchor;
    case PART_SCOPE:
        return is_scope(matching, element);
    case PART_ROOT:
        return is_root(matching->page, element);
    case PART_EMPTY:
        return is_empty(matching->page, element);
    case PART_NTH:
        return matches_nth(matching, one, element);
    case PART_ONLY:
        return is_only(matching, one, element);
    case PART_IS:
        return matches_list(matching, one->list, element);
    case PART_NOT:
        return !matches_list(matching, one->list, element);
    case PART_HAS:
        return matches_has(matching, one, element);
    case PART_LINK:
        return is_link(matching->page, element);
    case PART_LANG:
        return is_language(matching, one, element);
    case PART_DIR:
        return is_direction(matching, one, element);
    default:
        return matches_control(matching, one, element);
    }
}

static bool matches_compound(struct matching *matching, const compound *at, dom_id element)
{
    for (const part *one = at->parts; one != NULL; one = one->next) {
        if (!matches_part(matching, one, element))
            return false;
    }
    return true;
}

static outcome match_above(struct matching *matching, const compound *at, dom_id element)
{
    while ((element = parent_element(matching->page, element)) != 0) {
        outcome found = match(matching, at->left, element);
        if (found == MATCHES || found == FAILS_ALL)
            return found;
    }
    return FAILS_ALL;
}

static outcome match_before(struct matching *matching, const compound *at, dom_id element)
{
    while ((element = sibling(matching->page, element, true)) != 0) {
        outcome found = match(matching, at->left, element);
        if (found != FAILS_HERE)
            return found;
    }
    return FAILS_SIBLINGS;
}

/* Recursion is as deep as a selector has compounds. */
static outcome match(struct matching *matching, const compound *at, dom_id element)
{
    dom_id next;
    if (!matches_compound(matching, at, element))
        return FAILS_HERE;
    switch (at->to_left) {
    case COMBINE_DESCENDANT:
        return match_above(matching, at, element);
    case COMBINE_CHILD:
        next = parent_element(matching->page, element);
        return next != 0 ? match(matching, at->left, next) : FAILS_ALL;
    case COMBINE_NEXT:
        next = sibling(matching->page, element, true);
        return next != 0 ? match(matching, at->left, next) : FAILS_SIBLINGS;
    case COMBINE_LATER:
        return match_before(matching, at, element);
    default:
        return MATCHES;
    }
}

static bool matches_list(struct matching *matching, const css_selectors *list, dom_id element)
{
    for (const selector *one = list->first; one != NULL; one = one->next) {
        if (!one->of_pseudo && match(matching, one->last, element) == MATCHES)
            return true;
    }
    return false;
}

/* --- the calls --- */

static struct matching begin(const css_selectors *list, const css_scope *scope)
{
    return (struct matching){.scope = scope, .page = scope->page, .list = list};
}

bool css_matches(const css_selectors *list, const css_scope *scope, dom_id element)
{
    struct matching matching = begin(list, scope);
    return matches_list(&matching, list, element);
}

void css_select(const css_selectors *list, const css_scope *scope, dom_id top, css_visit_fn visit,
                void *context)
{
    struct matching matching = begin(list, scope);
    for (dom_id at = dom_follow(scope->page, top, top); at != 0;
         at = dom_follow(scope->page, at, top)) {
        if (is_element(scope->page, at) && matches_list(&matching, list, at) && !visit(context, at))
            return;
    }
}

static const selector *selector_at(const css_selectors *list, size_t index)
{
    const selector *one = list->first;
    while (index-- > 0)
        one = one->next;
    return one;
}

size_t css_selectors_count(const css_selectors *list)
{
    return list->count;
}

uint32_t css_specificity(const css_selectors *list, size_t index)
{
    return selector_at(list, index)->specificity;
}

bool css_is_of_pseudo(const css_selectors *list, size_t index)
{
    return selector_at(list, index)->of_pseudo;
}

bool css_matches_one(const css_selectors *list, size_t index, const css_scope *scope,
                     dom_id element)
{
    struct matching matching = begin(list, scope);
    return match(&matching, selector_at(list, index)->last, element) == MATCHES;
}
