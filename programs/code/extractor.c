/* Compiles a language's tables for a family: names of labels become numbers, rules are grouped by
 * their parent. Once for each language of an index or store; takes some ten microseconds. See
 * extractor.h. */
#include "code/extractor.h"

#include <assert.h>
#include <string.h>

#include "code/extractor_table.h"

#define SLOTS 1024u

/* The labels that the tables name: an open-addressing table of their spellings. */
struct spellings {
    const char *text[SYMBOL_MAX + 1];
    unsigned count;
    symbol slots[SLOTS];
};

static uint32_t hash(bool named, const char *name)
{
    uint32_t value = 2166136261u + named;

    while (*name != '\0')
        value = (value ^ (unsigned char)*name++) * 16777619u;
    return value;
}

/* Whether the table's spelling stands for a label of this name. */
static bool spells(const char *spelling, bool named, const char *name)
{
    bool literal = spelling[0] == '\'';
    return literal != named && strcmp(spelling + literal, name) == 0;
}

static symbol *find_slot(struct spellings *spellings, bool named, const char *name)
{
    uint32_t slot = hash(named, name) % SLOTS;

    while (spellings->slots[slot] != 0 &&
           !spells(spellings->text[spellings->slots[slot]], named, name))
        slot = (slot + 1) % SLOTS;
    return &spellings->slots[slot];
}

static symbol add(struct spellings *spellings, const char *spelling)
{
    if (spelling == NULL)
        return 0;
    bool literal = spelling[0] == '\'';
    symbol *slot = find_slot(spellings, !literal, spelling + literal);
    if (*slot == 0) {
        assert(spellings->count < SYMBOL_MAX); /* tables are constant */
        *slot = (symbol)++spellings->count;
        spellings->text[*slot] = spelling;
    }
    return *slot;
}

static firn_field field_of(const firn_family *family, const char *name)
{
    unsigned count = firn_family_field_count(family);

    if (name == NULL)
        return FIELD_ANY;
    for (unsigned field = 1; field < count; field++)
        if (strcmp(firn_family_field_name(family, (firn_field)field), name) == 0)
            return (firn_field)field;
    return FIELD_ANY - 1; /* no such field: never matches */
}

static size_t count_rules(const struct language_rules *tables)
{
    size_t count = 0;
    for (; tables != NULL; tables = tables->base)
        for (const struct name_rule *rule = tables->rules; rule->parent != NULL; rule++)
            count++;
    return count;
}

static size_t count_bodies(const struct language_rules *tables)
{
    size_t count = 0;
    for (; tables != NULL; tables = tables->base)
        for (const struct scope_rule *scope = tables->scopes; scope->label != NULL; scope++)
            count++;
    return count;
}

static struct extract_rule compile_rule(const struct name_rule *rule, const firn_family *family,
                                        struct spellings *spellings)
{
    return (struct extract_rule){
        .field = field_of(family, rule->field),
        .child = add(spellings, rule->child),
        .with = add(spellings, rule->with),
        .within = add(spellings, rule->within),
        .action = rule->action,
        .kind = rule->kind,
        .scopes = rule->scopes,
        .need = rule->need,
        .deny = rule->deny,
        .mark = rule->mark,
    };
}

/* Puts the rules for a parent at the end of those compiled, in the order of the tables. */
static uint8_t compile_parent(struct extract_rule *compiled, const struct language_rules *tables,
                              const char *parent, const firn_family *family,
                              struct spellings *spellings)
{
    uint8_t count = 0;

    for (; tables != NULL; tables = tables->base)
        for (const struct name_rule *rule = tables->rules; rule->parent != NULL; rule++)
            if (strcmp(rule->parent, parent) == 0)
                compiled[count++] = compile_rule(rule, family, spellings);
    return count;
}

static void compile_rules(struct extractor *extractor, const struct language_rules *tables,
                          struct spellings *spellings, uint16_t *first, uint8_t *counts)
{
    size_t compiled = 0;

    for (const struct language_rules *table = tables; table != NULL; table = table->base)
        for (const struct name_rule *rule = table->rules; rule->parent != NULL; rule++) {
            symbol parent = add(spellings, rule->parent);
            if (counts[parent] > 0)
                continue; /* done with its first rule */
            first[parent] = (uint16_t)compiled;
            counts[parent] = compile_parent(extractor->rules + compiled, tables, rule->parent,
                                            extractor->family, spellings);
            compiled += counts[parent];
        }
    assert(compiled == extractor->rule_count);
}

static void compile_bodies(struct extractor *extractor, const struct language_rules *tables,
                           struct spellings *spellings)
{
    struct extract_body *body = extractor->bodies;

    for (; tables != NULL; tables = tables->base)
        for (const struct scope_rule *scope = tables->scopes; scope->label != NULL; scope++)
            *body++ = (struct extract_body){
                .field = field_of(extractor->family, scope->field),
                .parent = add(spellings, scope->parent),
                .label = add(spellings, scope->label),
                .scope = (uint8_t)scope->scope,
            };
}

static void compile_label(const struct extractor *extractor, const struct language_rules *tables,
                          const struct spellings *spellings, struct extract_label *label)
{
    const char *spelling = spellings->text[label->symbol];

    for (; tables != NULL; tables = tables->base)
        for (const struct name_label *name = tables->labels; name->label != NULL; name++)
            if (strcmp(name->label, spelling) == 0) {
                label->traits |= (uint8_t)(LABEL_NAME | (name->quoted ? LABEL_QUOTED : 0));
                label->kind = name->kind;
            }
    for (size_t i = 0; i < extractor->body_count; i++)
        if (extractor->bodies[i].label == label->symbol)
            label->traits |= LABEL_BODY;
}

static void compile_labels(struct extractor *extractor, const struct language_rules *tables,
                           struct spellings *spellings, const uint16_t *first,
                           const uint8_t *counts)
{
    for (unsigned i = 0; i < extractor->label_count; i++) {
        firn_label number = (firn_label)i;
        struct extract_label *label = &extractor->labels[i];
        label->kind = KIND_NONE;
        label->symbol = *find_slot(spellings, firn_family_label_named(extractor->family, number),
                                   firn_family_label_name(extractor->family, number));
        label->first_rule = first[label->symbol];
        label->rule_count = counts[label->symbol];
        if (label->symbol != 0)
            compile_label(extractor, tables, spellings, label);
    }
}

static void compile(struct extractor *extractor, const struct language_rules *tables)
{
    struct spellings spellings = {0};
    uint16_t first[SYMBOL_MAX + 1] = {0};
    uint8_t counts[SYMBOL_MAX + 1] = {0};

    for (const struct language_rules *table = tables; table != NULL; table = table->base)
        for (const struct name_label *name = table->labels; name->label != NULL; name++)
            add(&spellings, name->label);
    compile_rules(extractor, tables, &spellings, first, counts);
    compile_bodies(extractor, tables, &spellings);
    compile_labels(extractor, tables, &spellings, first, counts);
}

firn_status extractor_create(const struct language *language, const firn_family *family,
                             const firn_allocator *allocator, struct extractor **ret_extractor)
{
    const struct language_rules *tables = language->rules;
    struct extractor *extractor = firn_allocate_zeroed(allocator, 1, sizeof *extractor);

    if (extractor == NULL)
        return FIRN_NO_MEMORY;
    extractor->family = family;
    extractor->allocator = allocator;
    extractor->label_count = firn_family_label_count(family);
    extractor->rule_count = count_rules(tables);
    extractor->body_count = count_bodies(tables);
    /* One more of each, because an allocation of nothing fails. */
    extractor->labels =
        firn_allocate_zeroed(allocator, extractor->label_count + 1, sizeof *extractor->labels);
    extractor->rules =
        firn_allocate_zeroed(allocator, extractor->rule_count + 1, sizeof *extractor->rules);
    extractor->bodies =
        firn_allocate_zeroed(allocator, extractor->body_count + 1, sizeof *extractor->bodies);
    if (extractor->labels == NULL || extractor->rules == NULL || extractor->bodies == NULL) {
        extractor_destroy(extractor);
        return FIRN_NO_MEMORY;
    }
    compile(extractor, tables);
    *ret_extractor = extractor;
    return FIRN_OK;
}

void extractor_destroy(struct extractor *extractor)
{
    if (extractor == NULL)
        return;
    firn_release(extractor->allocator, extractor->labels,
                 (extractor->label_count + 1) * sizeof *extractor->labels);
    firn_release(extractor->allocator, extractor->rules,
                 (extractor->rule_count + 1) * sizeof *extractor->rules);
    firn_release(extractor->allocator, extractor->bodies,
                 (extractor->body_count + 1) * sizeof *extractor->bodies);
    firn_release(extractor->allocator, extractor, sizeof *extractor);
}
