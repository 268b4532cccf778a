/* Which declarations an element has: the selectors of all sheets by what their last element must
 * be, those that match in the order of the cascade, and what wins.
 *
 * Invariants:
 *   I1  the key of a cascade names blocks in the order in which they win, lowest first, each with
 *       where it is from; equal keys are one cascade
 *   I2  numbers of styles, cascades, blocks and texts stay until forget(), which is called between
 *       questions only
 *
 * Complexity: an element's matching O(its classes · log selectors + those of its words).
 */
#include "tabs/css/styles_state.h"

#include "tabs/css/files.h"
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 65536 /* texts; beyond these all is forgotten */

/* --- texts --- */

uint32_t css_keep_text(css_styles *styles, const char *text, size_t size)
{
    uint32_t id = 0;
    if (firn_intern_put(styles->texts, text, size, &id, NULL) != FIRN_OK) {
        styles->no_memory = true;
        return 0;
    }
    return id;
}

const char *css_kept_text(const css_styles *styles, uint32_t text, size_t *ret_size)
{
    return firn_intern_get(styles->texts, text, ret_size);
}

/* --- making and forgetting --- */

static void forget(css_styles *styles)
{
    firn_intern_reset(styles->texts);
    firn_intern_reset(styles->bodies);
    firn_intern_reset(styles->cascade_keys);
    firn_intern_reset(styles->style_keys);
    firn_intern_reset(styles->groups);
    styles->declared_count = styles->block_count = styles->won_count = 0;
    styles->cascade_count = 0;
    styles->style_count = 1;
    memset(styles->seen, 0, sizeof styles->seen);
    for (size_t i = 0; i < styles->seen_rule_count; i++)
        styles->seen_rules[i].block = 0;
    css_keep_text(styles, "", 0); /* text 0 */
}

static firn_status create(css_styles *styles)
{
    firn_status status = css_properties_create(&styles->properties);
    firn_intern **interns[] = {&styles->texts, &styles->bodies, &styles->cascade_keys,
                               &styles->style_keys, &styles->groups};
    for (size_t i = 0; i < 5 && status == FIRN_OK; i++)
        status = firn_intern_create(NULL, interns[i]);
    if (status == FIRN_OK)
        status = css_sheet_create(css_files[1].text, strlen(css_files[1].text), &styles->html);
    if (status == FIRN_OK)
        status = firn_arena_init(&styles->arena, NULL);
    if (status == FIRN_OK)
        status = firn_arena_init(&styles->names, NULL);
    if (status == FIRN_OK &&
        !firn_grow(NULL, (void **)&styles->styles, &styles->style_room, 8, sizeof *styles->styles))
        status = FIRN_NO_MEMORY;
    return status;
}

firn_status css_styles_create(dom *page, css_styles **ret_styles)
{
    css_styles *styles = firn_allocate_zeroed(NULL, 1, sizeof *styles);
    if (styles == NULL)
        return FIRN_NO_MEMORY;
    styles->page = page;
    styles->viewport = (css_viewport){1280, 720, false};
    styles->stale = true;
    firn_status status = create(styles);
    if (status != FIRN_OK) {
        css_styles_destroy(styles);
        return status;
    }
    styles->styles[0] = (struct style){0};
    forget(styles);
    *ret_styles = styles;
    return FIRN_OK;
}

void css_styles_destroy(css_styles *styles)
{
    if (styles == NULL)
        return;
    firn_intern_destroy(styles->texts);
    firn_intern_destroy(styles->bodies);
    firn_intern_destroy(styles->cascade_keys);
    firn_intern_destroy(styles->style_keys);
    firn_intern_destroy(styles->groups);
    firn_release(NULL, styles->entries, styles->entry_room * sizeof *styles->entries);
    firn_release(NULL, styles->seen_rules, styles->seen_rule_room * sizeof *styles->seen_rules);
    firn_release(NULL, styles->layers, styles->layer_room * sizeof *styles->layers);
    firn_release(NULL, styles->declared, styles->declared_room * sizeof *styles->declared);
    firn_release(NULL, styles->blocks, styles->block_room * sizeof *styles->blocks);
    firn_release(NULL, styles->wons, styles->won_room * sizeof *styles->wons);
    firn_release(NULL, styles->cascades, styles->cascade_room * sizeof *styles->cascades);
    firn_release(NULL, styles->styles, styles->style_room * sizeof *styles->styles);
    firn_arena_fini(&styles->arena);
    firn_arena_fini(&styles->names);
    css_sheet_destroy(styles->html);
    css_properties_destroy(styles->properties);
    firn_release(NULL, styles, sizeof *styles);
}

const css_properties *css_styles_properties(const css_styles *styles)
{
    return styles->properties;
}

css_viewport *css_styles_viewport(css_styles *styles)
{
    return &styles->viewport;
}

void css_styles_usage(const css_styles *styles, css_styles_stats *ret_usage)
{
    firn_usage part;
    *ret_usage = (css_styles_stats){.selector_count = styles->entry_count,
                                    .style_count = styles->style_count - 1,
                                    .cascade_count = styles->cascade_count,
                                    .group_count = firn_intern_count(styles->groups),
                                    .value_count = firn_intern_count(styles->texts)};
    const firn_intern *interns[] = {styles->texts, styles->bodies, styles->cascade_keys,
                                    styles->style_keys, styles->groups};
    for (size_t i = 0; i < 5; i++) {
        firn_intern_usage(interns[i], &part);
        ret_usage->bytes += part.reserved_bytes;
    }
    ret_usage->bytes += styles->entry_room * sizeof *styles->entries +
                        styles->seen_rule_room * sizeof *styles->seen_rules +
                        styles->declared_room * sizeof *styles->declared +
                        styles->block_room * sizeof *styles->blocks +
                        styles->won_room * sizeof *styles->wons +
                        styles->cascade_room * sizeof *styles->cascades +
                        styles->style_room * sizeof *styles->styles + styles->arena.reserved_bytes;
}

/* Forgets what was made of the sheets. */
static void go_stale(css_styles *styles)
{
    styles->stale = true;
    forget(styles);
    firn_arena_reset(&styles->arena);
    styles->sheets = NULL;
    styles->sheet_count = styles->entry_count = styles->seen_rule_count = 0;
}

firn_status css_styles_apply(css_styles *styles, const css_applied *sheets, size_t count)
{
    go_stale(styles);
    firn_arena_reset(&styles->names);
    styles->applied_count = 0;
    styles->applied = firn_arena_alloc(&styles->names, (count + 1) * sizeof *styles->applied);
    if (styles->applied == NULL)
        return FIRN_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const char *layer = sheets[i].layer != NULL ? sheets[i].layer : "";
        styles->applied[i].sheet = sheets[i].sheet;
        styles->applied[i].layer = firn_arena_strndup(&styles->names, layer, strlen(layer));
        if (styles->applied[i].layer == NULL)
            return FIRN_NO_MEMORY;
    }
    styles->applied_count = count;
    return FIRN_OK;
}

static void release(void *block, size_t *room, size_t size)
{
    void **at = block;
    firn_release(NULL, *at, *room * size);
    *at = NULL;
    *room = 0;
}

void css_styles_rest(css_styles *styles)
{
    firn_intern **interns[] = {&styles->texts, &styles->bodies, &styles->cascade_keys,
                               &styles->style_keys, &styles->groups};
    if (styles->stale) /* nothing is there; and what a template has is left alone */
        return;
    go_stale(styles);
    firn_arena_fini(&styles->arena);
    (void)!firn_arena_init(&styles->arena, NULL); /* allocates nothing */
    release(&styles->entries, &styles->entry_room, sizeof *styles->entries);
    release(&styles->seen_rules, &styles->seen_rule_room, sizeof *styles->seen_rules);
    release(&styles->declared, &styles->declared_room, sizeof *styles->declared);
    release(&styles->blocks, &styles->block_room, sizeof *styles->blocks);
    release(&styles->wons, &styles->won_room, sizeof *styles->wons);
    release(&styles->cascades, &styles->cascade_room, sizeof *styles->cascades);
    for (size_t i = 0; i < 5; i++) {
        firn_intern *fresh;
        if (firn_intern_create(NULL, &fresh) != FIRN_OK)
            continue; /* the old one is empty, too */
        firn_intern_destroy(*interns[i]);
        *interns[i] = fresh;
    }
    css_keep_text(styles, "", 0); /* as forget does */
}

/* --- blocks --- */

struct collecting {
    css_styles *styles;
    bool important;
};

static void add_declared(css_styles *styles, uint32_t property, const char *text, size_t size,
                         bool important)
{
    if (!firn_grow(NULL, (void **)&styles->declared, &styles->declared_room,
                   styles->declared_count + 1, sizeof *styles->declared)) {
        styles->no_memory = true;
        return;
    }
    uint32_t value = css_keep_text(styles, text, size);
    styles->declared[styles->declared_count++] = (struct declared){
        .property = property, .value = value & 0x7fffffff, .important = important};
}

static void collect(void *context, css_property longhand, const char *text, size_t size)
{
    struct collecting *collecting = context;
    css_styles *styles = collecting->styles;
    add_declared(styles, styles->properties->longhands[longhand].physical, text, size,
                 collecting->important);
}

/* The declarations of a body, in longhands; equal bodies are one block. From 1 on. */
static uint32_t block_of(css_styles *styles, const char *text, size_t size)
{
    uint32_t id;
    bool fresh;
    firn_arena arena;
    css_body body;
    css_declaration declaration;
    if (firn_intern_put(styles->bodies, text, size, &id, &fresh) != FIRN_OK ||
        !firn_grow(NULL, (void **)&styles->blocks, &styles->block_room, (size_t)id + 1,
                   sizeof *styles->blocks) ||
        firn_arena_init(&arena, NULL) != FIRN_OK) {
        styles->no_memory = true;
        return 0;
    }
    if (fresh) {
        styles->blocks[id].first = (uint32_t)styles->declared_count;
        css_body_begin(&body, &arena, text, size);
        while (css_body_next(&body, &declaration)) {
            struct collecting collecting = {styles, declaration.important};
            bool custom = declaration.name_bytes > 2 && memcmp(declaration.name, "--", 2) == 0;
            css_property property = custom ? CSS_NO_PROPERTY
                                           : css_property_find(styles->properties, declaration.name,
                                                               declaration.name_bytes);
            if (custom) {
                uint32_t name = css_keep_text(styles, declaration.name, declaration.name_bytes);
                add_declared(styles, CUSTOM | name, declaration.value, declaration.value_bytes,
                             declaration.important);
            } else if (property != CSS_NO_PROPERTY) {
                css_declare(styles->properties, property, declaration.value,
                            declaration.value_bytes, collect, &collecting);
            }
        }
        styles->blocks[id].count = (uint32_t)styles->declared_count - styles->blocks[id].first;
        styles->block_count = styles->block_count > id ? styles->block_count : id + 1;
    }
    firn_arena_fini(&arena);
    return id + 1;
}

/* --- matching --- */

enum { ORIGIN_HTML, ORIGIN_SHEET, ORIGIN_INLINE };

struct match {
    uint32_t specificity, order, block;
    uint16_t layer;
    uint8_t origin;
};

#define MATCHES_MAX 512

struct matching {
    css_styles *styles;
    const css_scope *scope;
    dom_id element;
    uint16_t pseudo;
    struct match matches[MATCHES_MAX];
    size_t count;
};

/* NULL: memory is short, or it has no selectors. */
static struct seen_rule *see(css_styles *styles, const struct entry *entry)
{
    struct sheet_state *sheet = &styles->sheets[entry->sheet];
    size_t size, where;
    if (sheet->seen[entry->rule] > 0)
        return &styles->seen_rules[sheet->seen[entry->rule] - 1];
    struct seen_rule rule = {0};
    const char *text = css_sheet_prelude(sheet->sheet, entry->rule, &size);
    if (css_selectors_read(styles->page, &styles->arena, text, size, &rule.selectors, &where) !=
            FIRN_OK ||
        !firn_grow(NULL, (void **)&styles->seen_rules, &styles->seen_rule_room,
                   styles->seen_rule_count + 1, sizeof rule))
        return NULL;
    styles->seen_rules[styles->seen_rule_count++] = rule;
    sheet->seen[entry->rule] = (uint32_t)styles->seen_rule_count;
    return &styles->seen_rules[styles->seen_rule_count - 1];
}

static void try_entry(struct matching *matching, const struct entry *entry)
{
    css_styles *styles = matching->styles;
    size_t size;
    if (entry->pseudo != matching->pseudo || matching->count == MATCHES_MAX - 2)
        return;
    struct seen_rule *rule = see(styles, entry);
    if (rule == NULL ||
        !css_matches_one(rule->selectors, entry->selector, matching->scope, matching->element))
        return;
    if (rule->block == 0) {
        const char *body = css_sheet_body(styles->sheets[entry->sheet].sheet, entry->rule, &size);
        rule->block = block_of(styles, body, size);
    }
    matching->matches[matching->count++] =
        (struct match){.specificity = css_specificity(rule->selectors, entry->selector),
                       .order = entry->order,
                       .block = rule->block,
                       .layer = entry->layer,
                       .origin = entry->sheet == 0 ? ORIGIN_HTML : ORIGIN_SHEET};
}

static void try_hash(struct matching *matching, uint32_t hash)
{
    const css_styles *styles = matching->styles;
    size_t low = 0, high = styles->entry_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        styles->entries[middle].hash < hash ? (low = middle + 1) : (high = middle);
    }
    for (; low < styles->entry_count && styles->entries[low].hash == hash; low++)
        try_entry(matching, &styles->entries[low]);
}

static void match_element(struct matching *matching)
{
    const dom *page = matching->styles->page;
    size_t size;
    const char *name = dom_name_text(page, dom_name_of(page, matching->element), &size);
    try_hash(matching, css_hash('*', "", 0));
    try_hash(matching, css_hash('<', name, size));
    const char *id = dom_attribute_find(page, matching->element, "id", &size);
    if (id != NULL && size > 0)
        try_hash(matching, css_hash('#', id, size));
    const char *classes = dom_attribute_find(page, matching->element, "class", &size);
    for (size_t at = 0, start; classes != NULL && at < size; at++) {
        for (start = at; at < size && strchr(" \t\r\n\f", classes[at]) == NULL;)
            at++;
        if (at > start)
            try_hash(matching, css_hash('.', classes + start, at - start));
    }
    const char *style =
        matching->pseudo == 0 ? dom_attribute_find(page, matching->element, "style", &size) : NULL;
    if (style != NULL && size > 0)
        matching->matches[matching->count++] =
            (struct match){.block = block_of(matching->styles, style, size),
                           .layer = NO_LAYER,
                           .origin = ORIGIN_INLINE};
}

static const css_styles *sorting; /* whose layers are compared; set while qsort runs */

static int by_cascade(const void *a, const void *b)
{
    const struct match *left = a, *right = b;
    if (left->origin != right->origin)
        return left->origin < right->origin ? -1 : 1;
    if (left->layer != right->layer)
        return css_compare_layers(sorting, left->layer, right->layer);
    if (left->specificity != right->specificity)
        return left->specificity < right->specificity ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* --- what wins --- */

static void win(struct won *all, size_t *count, uint32_t property, uint32_t value, bool from_page)
{
    for (size_t i = 0; i < *count; i++) {
        if (all[i].property == property) {
            all[i] = (struct won){property, value, from_page};
            return;
        }
    }
    all[(*count)++] = (struct won){property, value, from_page};
}

static int by_property(const void *a, const void *b)
{
    const struct won *left = a, *right = b;
    return left->property < right->property ? -1 : left->property > right->property;
}

#define KEY_ORIGIN(word) ((word) >> 30)
#define KEY_BLOCK(word) (((word)&0x3fffffffu) - 1)

/* Lets the declarations of a key's blocks win, those that are important in a second round, of which
 * html.css has the last word. */
static size_t decide(const css_styles *styles, const uint32_t *key, size_t count, struct won *into)
{
    size_t won = 0;
    for (size_t i = 0; i < count * 4; i++) {
        const uint32_t *word = &key[i % count];
        bool important = i >= count, html = KEY_ORIGIN(*word) == ORIGIN_HTML;
        size_t round = i / count; /* 0: not important; 1: of sheets; 2: inline; 3: html.css */
        size_t wanted = KEY_ORIGIN(*word) == ORIGIN_INLINE ? 2 : html ? 3 : 1;
        if ((round > 0 && round != wanted) || *word == 0)
            continue;
        const struct block *block = &styles->blocks[KEY_BLOCK(*word)];
        for (uint32_t j = 0; j < block->count; j++) {
            const struct declared *declared = &styles->declared[block->first + j];
            if (declared->important == important)
                win(into, &won, declared->property, declared->value, !html);
        }
    }
    return won;
}

static size_t declared_in(const css_styles *styles, const uint32_t *key, size_t count)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += key[i] != 0 ? styles->blocks[KEY_BLOCK(key[i])].count : 0;
    return all;
}

static uint32_t cascade_of(css_styles *styles, const uint32_t *key, size_t count)
{
    uint32_t id;
    bool fresh;
    if (firn_intern_put(styles->cascade_keys, key, count * sizeof *key, &id, &fresh) != FIRN_OK ||
        !firn_grow(NULL, (void **)&styles->cascades, &styles->cascade_room, (size_t)id + 1,
                   sizeof *styles->cascades)) {
        styles->no_memory = true;
        return 0;
    }
    if (!fresh)
        return id; /* I1 */
    size_t most = declared_in(styles, key, count), first = styles->won_count;
    if (!firn_grow(NULL, (void **)&styles->wons, &styles->won_room, first + most + 1,
                   sizeof *styles->wons)) {
        styles->no_memory = true;
        return 0;
    }
    size_t won = decide(styles, key, count, styles->wons + first);
    qsort(styles->wons + first, won, sizeof *styles->wons, by_property);
    styles->won_count += won;
    styles->cascades[id] = (struct cascade){(uint32_t)first, (uint32_t)won, id};
    styles->cascade_count = id + 1;
    return id;
}

uint32_t css_won(const css_styles *styles, const struct style *style, uint32_t property)
{
    const struct cascade *cascade = &styles->cascades[style->cascade];
    size_t low = 0, high = cascade->count;
    const struct won *all = styles->wons + cascade->first;
    while (low < high) {
        size_t middle = (low + high) / 2;
        all[middle].property < property ? (low = middle + 1) : (high = middle);
    }
    return low < cascade->count && all[low].property == property ? all[low].value : NO_TEXT;
}

uint32_t css_won_of_html(css_styles *styles, const struct style *style, uint32_t property)
{
    size_t size;
    uint32_t found = NO_TEXT, word;
    const char *key =
        firn_intern_get(styles->cascade_keys, styles->cascades[style->cascade].key, &size);
    for (size_t i = 0; i < size / sizeof word; i++) {
        memcpy(&word, key + i * sizeof word, sizeof word);
        if (word == 0 || KEY_ORIGIN(word) != ORIGIN_HTML)
            continue;
        const struct block *block = &styles->blocks[KEY_BLOCK(word)];
        for (uint32_t j = 0; j < block->count; j++) {
            const struct declared *declared = &styles->declared[block->first + j];
            found = declared->property == property ? declared->value : found;
        }
    }
    return found;
}

/* --- styles of elements --- */

static uint32_t style_of(css_styles *styles, uint32_t parent, uint32_t cascade, bool root,
                         bool pseudo)
{
    uint32_t id, key[3] = {parent, cascade, (uint32_t)root | (uint32_t)pseudo << 1};
    bool fresh;
    if (firn_intern_put(styles->style_keys, key, sizeof key, &id, &fresh) != FIRN_OK ||
        !firn_grow(NULL, (void **)&styles->styles, &styles->style_room, (size_t)id + 2,
                   sizeof *styles->styles)) {
        styles->no_memory = true;
        return 0;
    }
    if (fresh) {
        styles->styles[id + 1] = (struct style){
            .parent = parent, .cascade = cascade, .is_root = root, .is_pseudo = pseudo};
        styles->style_count = (size_t)id + 2;
    }
    return id + 1;
}

/* Asks what the page's callback says, and counts: what an element is in changes without a change of
 * the page, so that a style which depends on it is looked for each time. */
struct counting {
    const css_scope *scope;
    size_t asked;
};

static bool count_state(void *context, dom_id element, css_state state)
{
    struct counting *counting = context;
    counting->asked++;
    return counting->scope->state(counting->scope->context, element, state);
}

static uint32_t find_style(css_styles *styles, const css_scope *scope, dom_id element,
                           uint16_t pseudo, uint32_t parent, bool root)
{
    size_t slot = (element * 31u + pseudo) % SEEN_COUNT;
    uint64_t version = (dom_version(styles->page) << 16) + styles->generation;
    if (styles->seen[slot].element == element && styles->seen[slot].pseudo == pseudo &&
        styles->seen[slot].version == version && styles->seen[slot].parent == parent)
        return styles->seen[slot].style;
    struct counting counting = {scope, 0};
    css_scope counted = *scope;
    if (scope->state != NULL) {
        counted.state = count_state;
        counted.context = &counting;
    }
    struct matching *matching = firn_allocate(NULL, sizeof *matching);
    uint32_t key[MATCHES_MAX];
    if (matching == NULL) {
        styles->no_memory = true;
        return 0;
    }
    matching->styles = styles;
    matching->scope = &counted;
    matching->element = element;
    matching->pseudo = pseudo;
    matching->count = 0;
    match_element(matching);
    sorting = styles;
    qsort(matching->matches, matching->count, sizeof *matching->matches, by_cascade);
    for (size_t i = 0; i < matching->count; i++)
        key[i] = matching->matches[i].block == 0
                     ? 0
                     : matching->matches[i].block | (uint32_t)matching->matches[i].origin << 30;
    size_t count = matching->count;
    firn_release(NULL, matching, sizeof *matching);
    uint32_t style = style_of(styles, parent, cascade_of(styles, key, count), root, pseudo != 0);
    styles->seen[slot].element = counting.asked == 0 ? element : 0;
    styles->seen[slot].pseudo = pseudo;
    styles->seen[slot].version = version;
    styles->seen[slot].parent = parent;
    styles->seen[slot].style = style;
    return style;
}

/* The style of an element, those of the elements above it first. */
static uint32_t style_of_element(css_styles *styles, const css_scope *scope, dom_id element,
                                 uint16_t pseudo)
{
    dom_id *chain = NULL;
    size_t count = 0, room = 0;
    uint32_t style = 0;
    for (dom_id at = element; at != 0; at = dom_parent(styles->page, at)) {
        if (dom_kind_of(styles->page, at) != DOM_ELEMENT)
            break;
        if (!firn_grow(NULL, (void **)&chain, &room, count + 1, sizeof *chain)) {
            styles->no_memory = true;
            break;
        }
        chain[count++] = at;
    }
    for (size_t i = count; i > 0 && !styles->no_memory; i--)
        style = find_style(styles, scope, chain[i - 1], 0, style, i == count);
    if (pseudo != 0 && !styles->no_memory)
        style = find_style(styles, scope, element, pseudo, style, false);
    firn_release(NULL, chain, room * sizeof *chain);
    return style;
}

struct asking {
    css_styles *styles;
    uint32_t style;
};

static bool get_longhand(void *context, css_property longhand, css_text *out)
{
    struct asking *asking = context;
    const css_styles *styles = asking->styles;
    size_t size, start = out->size;
    css_compute(asking->styles, asking->style, longhand, out);
    const char *color = css_kept_text(styles, styles->styles[asking->style].color, &size);
    if (longhand == styles->properties->text_decoration_color && size == out->size - start &&
        memcmp(color, out->bytes + start, size) == 0) {
        out->size = start; /* the text's colour is as usual */
        css_put_text(out, styles->properties->longhands[longhand].initial);
    }
    return true;
}

firn_status css_styles_get(css_styles *styles, const css_scope *scope, dom_id element,
                           const char *pseudo, const char *name, size_t size, css_text *out)
{
    styles->no_memory = false;
    if (firn_intern_count(styles->texts) > KEPT_MAX || styles->style_count > KEPT_MAX / 8)
        forget(styles);
    firn_status status = css_index(styles);
    if (status != FIRN_OK)
        return status;
    uint16_t number = 0;
    if (pseudo != NULL && pseudo[0] != 0) {
        number = css_pseudo(pseudo, strlen(pseudo));
        if (number == 0)
            return FIRN_OK;
    }
    uint32_t style = style_of_element(styles, scope, element, number);
    if (styles->no_memory)
        return FIRN_NO_MEMORY;
    struct asking asking = {styles, style};
    css_property property = css_property_find(styles->properties, name, size);
    if (size > 2 && memcmp(name, "--", 2) == 0) {
        size_t start = out->size;
        if (!css_custom(styles, style, css_keep_text(styles, name, size), 0, out))
            out->size = start;
    } else if (property != CSS_NO_PROPERTY && css_is_longhand(styles->properties, property)) {
        css_compute(styles, style, property, out);
    } else if (property != CSS_NO_PROPERTY) {
        css_put_shorthand(styles->properties, property, true, get_longhand, &asking, out);
    }
    return styles->no_memory || out->failed ? FIRN_NO_MEMORY : FIRN_OK;
}
