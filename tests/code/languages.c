/* The table of languages, its kinds, and how grammars become families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tree_sitter/api.h>

#include "code/languages/rules.h"
#include "support/code_tree.h"

static const char *language_of(const char *path)
{
    const struct language *language = language_by_path(path);
    return language == NULL ? "none" : language->name;
}

static void suffixes_tell_languages(void **state)
{
    (void)state;
    assert_string_equal(language_of("a/b.c"), "c");
    assert_string_equal(language_of("b.h"), "c");
    assert_string_equal(language_of("b.hpp"), "cpp");
    assert_string_equal(language_of("b.cc"), "cpp");
    assert_string_equal(language_of("b.C"), "cpp");
    assert_string_equal(language_of("b.pyi"), "python");
    assert_string_equal(language_of("b.mjs"), "javascript");
    assert_string_equal(language_of("b.jsx"), "javascript");
    assert_string_equal(language_of("b.d.ts"), "typescript");
    assert_string_equal(language_of("b.tsx"), "tsx");
    assert_string_equal(language_of("b.go"), "go");
    assert_string_equal(language_of("b.rs"), "rust");
    assert_string_equal(language_of("b.java"), "java");
    assert_string_equal(language_of("b.json"), "json");
    assert_string_equal(language_of("b.sh"), "bash");
    assert_string_equal(language_of("new\nline.c"), "c");
}

static void other_names_have_no_language(void **state)
{
    (void)state;
    assert_string_equal(language_of("Makefile"), "none");
    assert_string_equal(language_of("a.c/b"), "none");
    assert_string_equal(language_of(".c"), "none");
    assert_string_equal(language_of("a/.json"), "none");
    assert_string_equal(language_of("a.c~"), "none");
    assert_string_equal(language_of("a."), "none");
    assert_string_equal(language_of(""), "none");
}

static void languages_are_found_by_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < language_count(); i++) {
        assert_ptr_equal(language_by_name(language_at(i)->name), language_at(i));
        assert_int_equal(language_index(language_at(i)), i);
    }
    assert_ptr_equal(language_by_name("CPP"), language_by_name("cpp"));
    assert_null(language_by_name("cobol"));
    assert_null(language_at(language_count()));
}

static void kinds_have_names_and_back(void **state)
{
    (void)state;
    enum kind kind;
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        assert_true(kind_by_name(kind_name((enum kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(kind_by_name("nonsense", &kind));
    assert_string_equal(kind_name(KIND_COUNT), "?");
}

static void every_grammar_fits_the_core_and_names_a_family(void **state)
{
    (void)state;
    for (unsigned i = 0; i < language_count(); i++) {
        const struct language *language = language_at(i);
        firn_family *family;
        assert_int_equal(firn_family_create(NULL, &family), FIRN_OK);
        assert_int_equal(language_name_family(language, family), FIRN_OK);
        unsigned count = language_label_count(language);
        assert_int_equal(firn_family_label_count(family), count);
        assert_string_equal(firn_family_label_name(family, (firn_label)(count - 1)), "ERROR");
        assert_true(firn_family_label_named(family, (firn_label)(count - 1)));
        assert_int_equal(firn_family_field_count(family),
                         ts_language_field_count(language->grammar()) + 1);
        firn_family_destroy(family);
    }
}

/* A rule that names a label its grammar does not have would silently never hold. */
static bool has_label(const firn_family *family, const char *spelling)
{
    bool literal = spelling[0] == '\'';
    unsigned count = firn_family_label_count(family);

    for (unsigned label = 0; label < count; label++)
        if (firn_family_label_named(family, (firn_label)label) != literal &&
            strcmp(firn_family_label_name(family, (firn_label)label), spelling + literal) == 0)
            return true;
    return false;
}

static bool has_field(const firn_family *family, const char *name)
{
    unsigned count = firn_family_field_count(family);

    for (unsigned field = 1; field < count; field++)
        if (strcmp(firn_family_field_name(family, (firn_field)field), name) == 0)
            return true;
    return false;
}

static void check_label(const struct language *language, const firn_family *family,
                        const char *spelling)
{
    if (spelling != NULL && !has_label(family, spelling))
        fail_msg("%s has no label %s", language->name, spelling);
}

static void check_field(const struct language *language, const firn_family *family,
                        const char *name)
{
    if (name != NULL && !has_field(family, name))
        fail_msg("%s has no field %s", language->name, name);
}

static void every_table_names_what_its_grammar_has(void **state)
{
    (void)state;
    for (unsigned i = 0; i < language_count(); i++) {
        const struct language *language = language_at(i);
        const struct language_rules *tables = language->rules;
        firn_family *family;
        assert_int_equal(firn_family_create(NULL, &family), FIRN_OK);
        assert_int_equal(language_name_family(language, family), FIRN_OK);
        for (const struct name_label *label = tables->labels; label->label != NULL; label++)
            check_label(language, family, label->label);
        for (const struct name_rule *rule = tables->rules; rule->parent != NULL; rule++) {
            check_label(language, family, rule->parent);
            check_label(language, family, rule->child);
            check_label(language, family, rule->with);
            check_label(language, family, rule->within);
            check_field(language, family, rule->field);
        }
        for (const struct scope_rule *scope = tables->scopes; scope->label != NULL; scope++) {
            check_label(language, family, scope->parent);
            check_label(language, family, scope->label);
            check_field(language, family, scope->field);
        }
        firn_family_destroy(family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suffixes_tell_languages),
        cmocka_unit_test(other_names_have_no_language),
        cmocka_unit_test(languages_are_found_by_name),
        cmocka_unit_test(kinds_have_names_and_back),
        cmocka_unit_test(every_grammar_fits_the_core_and_names_a_family),
        cmocka_unit_test(every_table_names_what_its_grammar_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
