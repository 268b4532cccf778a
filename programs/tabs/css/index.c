/* The index of the selectors of all sheets whose conditions hold, by what the last element of each
 * must be; and the layers that they lie in.
 *
 * Invariants:
 *   I1  entries are sorted by hash, those of one hash in the order in which their rules stand
 *
 * Complexity: O(selectors · log selectors), once for each change of a sheet.
 */
#include "tabs/css/styles_state.h"

#include "tabs/css/selector_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- layers --- */

static uint16_t layer_of(css_styles *styles, const char *name)
{
    for (size_t i = 0; i < styles->layer_count; i++) {
        if (strcmp(styles->layers[i], name) == 0)
            return (uint16_t)i;
    }
    if (styles->layer_count >= NO_LAYER - 1 ||
        !firn_grow(NULL, (void **)&styles->layers, &styles->layer_room, styles->layer_count + 1,
                   sizeof *styles->layers)) {
        styles->no_memory = true;
        return NO_LAYER;
    }
    size_t size = strlen(name);
    size = size < 63 ? size : 63;
    memcpy(styles->layers[styles->layer_count], name, size);
    styles->layers[styles->layer_count][size] = 0;
    return (uint16_t)styles->layer_count++;
}

/* Where a layer stands: before those that come after it, and before the one that it lies in. */
int css_compare_layers(const css_styles *styles, uint16_t a, uint16_t b)
{
    if (a == b || a == NO_LAYER || b == NO_LAYER)
        return a == b ? 0 : a == NO_LAYER ? 1 : -1;
    const char *left = styles->layers[a], *right = styles->layers[b];
    size_t same = 0;
    for (size_t i = 0;; i++) {
        bool left_ends = left[i] == 0 || left[i] == '.',
             right_ends = right[i] == 0 || right[i] == '.';
        if (left_ends && right_ends)
            same = i;
        if (left[i] != right[i] || left[i] == 0) {
            if (left_ends && right_ends) /* one lies in the other */
                return left[i] == 0 ? 1 : -1;
            break;
        }
    }
    /* by where the first part that differs came first */
    char names[2][64];
    uint16_t found[2] = {a, b};
    for (size_t side = 0; side < 2; side++) {
        const char *name = side == 0 ? left : right;
        size_t end = same + (name[same] == '.');
        end += strcspn(name + end, ".");
        memcpy(names[side], name, end);
        names[side][end] = 0;
        for (size_t i = 0; i < styles->layer_count; i++) {
            if (strcmp(styles->layers[i], names[side]) == 0)
                found[side] = (uint16_t)i;
        }
    }
    return found[0] < found[1] ? -1 : 1;
}

/* Notes a layer and those that it lies in; an anonymous one has a name that nobody can write. */
static uint16_t enter_layer(css_styles *styles, const char *outer, const char *name, size_t size,
                            char *ret_name)
{
    char full[64] = "";
    size_t length = strlen(outer);
    memcpy(full, outer, length + 1);
    if (length > 0 && length < 62)
        full[length++] = '.';
    if (size == 0)
        length +=
            (size_t)snprintf(full + length, sizeof full - length, " %zu", styles->layer_count);
    for (size_t i = 0; i < size && length < 62; i++) {
        if (name[i] == '.')
            layer_of(styles, full);
        full[length++] = name[i];
        full[length] = 0;
    }
    memcpy(ret_name, full, sizeof full);
    return layer_of(styles, full);
}

/* --- the index --- */

uint32_t css_hash(char kind, const char *text, size_t size)
{
    uint32_t hash = 2166136261u ^ (uint8_t)kind;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        byte = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte; /* of quirks */
        hash = (hash ^ byte) * 16777619u;
    }
    return hash;
}

/* The pseudo-elements that there is style of, from 1 on; 0 for others. */
uint16_t css_pseudo(const char *name, size_t size)
{
    static const char *const names[] = {"before",       "after",    "first-line",
                                        "first-letter", "marker",   "placeholder",
                                        "selection",    "backdrop", "file-selector-button"};
    for (uint16_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (css_equals(name, size, names[i]))
            return (uint16_t)(i + 1);
    }
    return 0;
}

static void key_of(const css_styles *styles, const selector *one, struct entry *entry)
{
    const part *id = NULL, *class = NULL, *type = NULL;
    size_t size;
    for (const part *at = one->last->parts; at != NULL; at = at->next) {
        if (at->kind == PART_PSEUDO_ELEMENT && at->text != NULL)
            entry->pseudo = css_pseudo(at->text, at->text_bytes);
        id = at->kind == PART_ID ? at : id;
        class = at->kind == PART_CLASS ? at : class;
        type = at->kind == PART_TYPE && at->name != FIRN_INTERN_NONE ? at : type;
    }
    if (id != NULL) {
        entry->hash = css_hash('#', id->text, id->text_bytes);
    } else if (class != NULL) {
        entry->hash = css_hash('.', class->text, class->text_bytes);
    } else if (type != NULL) {
        const char *name = dom_name_text(styles->page, type->lower, &size);
        entry->hash = css_hash('<', name, size);
    } else {
        entry->hash = css_hash('*', "", 0);
    }
}

static void index_rule(css_styles *styles, uint16_t sheet, css_rule rule, uint16_t layer)
{
    firn_arena arena;
    css_selectors *list;
    size_t size, where;
    const char *text = css_sheet_prelude(styles->sheets[sheet].sheet, rule, &size);
    if (firn_arena_init(&arena, NULL) != FIRN_OK)
        return;
    if (css_selectors_read(styles->page, &arena, text, size, &list, &where) == FIRN_OK) {
        uint16_t number = 0;
        for (const selector *one = list->first; one != NULL; one = one->next, number++) {
            struct entry entry = {.rule = rule,
                                  .sheet = sheet,
                                  .layer = layer,
                                  .selector = number,
                                  .order = (uint32_t)styles->entry_count};
            key_of(styles, one, &entry);
            if (css_is_of_pseudo(list, number) && entry.pseudo == 0)
                continue;
            if (!firn_grow(NULL, (void **)&styles->entries, &styles->entry_room,
                           styles->entry_count + 1, sizeof *styles->entries)) {
                styles->no_memory = true;
                break;
            }
            styles->entries[styles->entry_count++] = entry;
        }
    }
    firn_arena_fini(&arena);
}

static size_t name_end(const char *text, size_t size, size_t at)
{
    while (at < size && text[at] != ',')
        at++;
    return at;
}

/* The rules below one, those of conditions that hold. */
static void index_rules(css_styles *styles, uint16_t sheet, css_rule parent, const char *layer_name,
                        uint16_t layer, int depth)
{
    css_sheet *of = styles->sheets[sheet].sheet;
    size_t size;
    for (css_rule rule = css_sheet_first(of, parent); rule != 0; rule = css_sheet_next(of, rule)) {
        const char *text = css_sheet_prelude(of, rule, &size);
        char name[64];
        switch (css_sheet_kind(of, rule)) {
        case CSS_RULE_STYLE:
            index_rule(styles, sheet, rule, layer);
            break;
        case CSS_RULE_MEDIA:
            if (depth < 32 && css_media_holds(text, size, &styles->viewport))
                index_rules(styles, sheet, rule, layer_name, layer, depth + 1);
            break;
        case CSS_RULE_SUPPORTS:
            if (depth < 32 && css_supports(styles->properties, styles->page, text, size))
                index_rules(styles, sheet, rule, layer_name, layer, depth + 1);
            break;
        case CSS_RULE_LAYER_BLOCK:
            if (depth < 32) {
                uint16_t inner = enter_layer(styles, layer_name, text, size, name);
                index_rules(styles, sheet, rule, name, inner, depth + 1);
            }
            break;
        case CSS_RULE_LAYER_STATEMENT:
            for (size_t at = 0, end; at < size; at = end + 1) {
                end = name_end(text, size, at);
                while (at < end && text[at] == ' ')
                    at++;
                enter_layer(styles, layer_name, text + at, end - at, name);
            }
            break;
        default:
            break;
        }
    }
}

static int by_hash(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* Gives back the room that the index has no entries for, a third of it. */
static void trim(css_styles *styles)
{
    const size_t size = sizeof *styles->entries;
    struct entry *trimmed = firn_reallocate(NULL, styles->entries, styles->entry_room * size,
                                            styles->entry_count * size);
    if (trimmed == NULL)
        return;
    styles->entries = trimmed;
    styles->entry_room = styles->entry_count;
}

static firn_status add_sheet(css_styles *styles, css_sheet *sheet, const char *layer_name)
{
    size_t rules;
    char name[64] = "";
    firn_status status = css_sheet_read(sheet, styles->page);
    if (status != FIRN_OK)
        return status;
    css_sheet_usage(sheet, &rules);
    struct sheet_state *state = &styles->sheets[styles->sheet_count];
    *state = (struct sheet_state){.sheet = sheet};
    state->seen = firn_arena_alloc(&styles->arena, (rules + 1) * sizeof *state->seen);
    if (state->seen == NULL)
        return FIRN_NO_MEMORY;
    memset(state->seen, 0, (rules + 1) * sizeof *state->seen);
    uint16_t layer = NO_LAYER;
    if (layer_name[0] != 0)
        layer = enter_layer(styles, "", layer_name, strlen(layer_name), name);
    index_rules(styles, (uint16_t)styles->sheet_count++, 0, name, layer, 0);
    return FIRN_OK;
}

/* Makes the index, unless that was done since the sheets changed. */
firn_status css_index(css_styles *styles)
{
    if (!styles->stale)
        return FIRN_OK;
    if (styles->applied_count > 4096)
        return FIRN_LIMIT;
    styles->entry_count = styles->sheet_count = styles->layer_count = 0;
    styles->sheets =
        firn_arena_alloc(&styles->arena, (styles->applied_count + 1) * sizeof *styles->sheets);
    firn_status status = styles->sheets != NULL ? FIRN_OK : FIRN_NO_MEMORY;
    if (status == FIRN_OK)
        status = add_sheet(styles, styles->html, "");
    for (size_t i = 0; i < styles->applied_count && status == FIRN_OK; i++)
        status = add_sheet(styles, styles->applied[i].sheet, styles->applied[i].layer);
    if (status != FIRN_OK || styles->no_memory)
        return status != FIRN_OK ? status : FIRN_NO_MEMORY;
    qsort(styles->entries, styles->entry_count, sizeof *styles->entries, by_hash); /* I1 */
    if (styles->entry_count > 0 && styles->entry_count < styles->entry_room)
        trim(styles);
    styles->stale = false;
    styles->generation++;
    return FIRN_OK;
}
