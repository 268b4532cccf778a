/* The table of languages. A language is added here, with its grammar in grammars/ and its tables of
 * names in languages/. See language.h. */
#include "code/language.h"

#include <string.h>
#include <strings.h>
#include <tree_sitter/api.h>

#include "code/languages/rules.h"

const TSLanguage *tree_sitter_bash(void);
const TSLanguage *tree_sitter_c(void);
const TSLanguage *tree_sitter_cpp(void);
const TSLanguage *tree_sitter_go(void);
const TSLanguage *tree_sitter_java(void);
const TSLanguage *tree_sitter_javascript(void);
const TSLanguage *tree_sitter_json(void);
const TSLanguage *tree_sitter_python(void);
const TSLanguage *tree_sitter_rust(void);
const TSLanguage *tree_sitter_tsx(void);
const TSLanguage *tree_sitter_typescript(void);

#define SUFFIXES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct language languages[] = {
    {"c", "C", SUFFIXES(".c", ".h"), tree_sitter_c, &rules_c},
    {"cpp", "C++",
     SUFFIXES(".cpp", ".cc", ".cxx", ".c++", ".C", ".hpp", ".hh", ".hxx", ".h++", ".H", ".ipp",
              ".tpp", ".inl"),
     tree_sitter_cpp, &rules_cpp},
    {"python", "Python", SUFFIXES(".py", ".pyi", ".pyw"), tree_sitter_python, &rules_python},
    {"javascript", "JavaScript", SUFFIXES(".js", ".mjs", ".cjs", ".jsx"), tree_sitter_javascript,
     &rules_javascript},
    {"typescript", "TypeScript", SUFFIXES(".ts", ".mts", ".cts"), tree_sitter_typescript,
     &rules_typescript},
    {"tsx", "TypeScript with JSX", SUFFIXES(".tsx"), tree_sitter_tsx, &rules_typescript},
    {"go", "Go", SUFFIXES(".go"), tree_sitter_go, &rules_go},
    {"rust", "Rust", SUFFIXES(".rs"), tree_sitter_rust, &rules_rust},
    {"java", "Java", SUFFIXES(".java"), tree_sitter_java, &rules_java},
    {"json", "JSON", SUFFIXES(".json", ".geojson", ".webmanifest"), tree_sitter_json, &rules_json},
    {"bash", "Bash", SUFFIXES(".sh", ".bash"), tree_sitter_bash, &rules_bash},
};

unsigned language_count(void)
{
    return sizeof languages / sizeof languages[0];
}

const struct language *language_at(unsigned index)
{
    return index < language_count() ? &languages[index] : NULL;
}

unsigned language_index(const struct language *language)
{
    return (unsigned)(language - languages);
}

const struct language *language_by_name(const char *name)
{
    for (unsigned i = 0; i < language_count(); i++)
        if (strcasecmp(languages[i].name, name) == 0)
            return &languages[i];
    return NULL;
}

static bool has_suffix(const struct language *language, const char *suffix)
{
    for (const char *const *known = language->suffixes; *known != NULL; known++)
        if (strcmp(*known, suffix) == 0)
            return true;
    return false;
}

/* A name that starts with its only dot (".c") has no suffix. */
const struct language *language_by_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *suffix = strrchr(name, '.');

    if (suffix == NULL || suffix == name)
        return NULL;
    for (unsigned i = 0; i < language_count(); i++)
        if (has_suffix(&languages[i], suffix))
            return &languages[i];
    return NULL;
}

unsigned language_label_count(const struct language *language)
{
    return ts_language_symbol_count(language->grammar()) + 1;
}

/* Groups are the grammar's supertypes, in the order of their symbols. */
static firn_status name_groups(const TSLanguage *grammar, firn_family *family)
{
    const uint32_t count = ts_language_symbol_count(grammar);
    firn_status status = FIRN_OK;
    unsigned group = 0;

    for (uint32_t symbol = 0; symbol < count && group < FIRN_GROUP_MAX && status == FIRN_OK;
         symbol++)
        if (ts_language_symbol_type(grammar, (TSSymbol)symbol) == TSSymbolTypeSupertype)
            status = firn_family_name_group(family, ++group,
                                            ts_language_symbol_name(grammar, (TSSymbol)symbol));
    return status;
}

static firn_status name_labels(const TSLanguage *grammar, firn_family *family)
{
    uint32_t count = ts_language_symbol_count(grammar);

    for (uint32_t symbol = 0; symbol < count; symbol++) {
        TSSymbolType type = ts_language_symbol_type(grammar, (TSSymbol)symbol);
        if (type != TSSymbolTypeRegular && type != TSSymbolTypeAnonymous)
            continue; /* never in a tree */
        firn_status status = firn_family_name_label(
            family, (firn_label)symbol, ts_language_symbol_name(grammar, (TSSymbol)symbol),
            type == TSSymbolTypeRegular);
        if (status != FIRN_OK)
            return status;
    }
    return firn_family_name_label(family, (firn_label)count, "ERROR", true);
}

firn_status language_name_family(const struct language *language, firn_family *family)
{
    const TSLanguage *grammar = language->grammar();
    firn_status status = name_labels(grammar, family);
    uint32_t count = ts_language_field_count(grammar);

    if (status == FIRN_OK)
        status = name_groups(grammar, family);
    for (uint32_t field = 1; field <= count && status == FIRN_OK; field++)
        status = firn_family_name_field(family, (firn_field)field,
                                        ts_language_field_name_for_id(grammar, (TSFieldId)field));
    return status;
}
