/* The tables by which a language says what its names are: data that extract.c interprets.
 *
 * A *name* is a node of one of the language's name labels. From a name one climbs: the first rule
 * for (parent's label, field in it, label climbed from) whose conditions hold decides. It passes
 * (go on at the parent), defines (the name is a definition, the parent is the whole of it), refers
 * (a reference of that kind) or ignores (no name). Where no rule holds, the name is a reference of
 * the kind that the last passing rule gave, or else of its label's own.
 *
 * A label is written as its grammar names it; a literal's with a quote before it ("'extern"). */
#ifndef CODE_LANGUAGES_RULES_H
#define CODE_LANGUAGES_RULES_H

#include "code/kind.h"

#define KIND_NONE 255 /* not a name unless a rule says so */

struct name_label {
    const char *label;
    unsigned char kind;   /* as a reference: enum kind or KIND_NONE */
    unsigned char quoted; /* the first and the last byte are not part of the name */
};

enum rule_action { RULE_PASS, RULE_DEFINE, RULE_REFER, RULE_IGNORE };

/* Where a node stands: the innermost body around it. */
enum scope {
    SCOPE_FILE = 1,
    SCOPE_TYPE = 2, /* of a class, struct, interface, … */
    SCOPE_FUNCTION = 4,
};
#define SCOPE_ANY 0
#define SCOPE_NOT_FUNCTION (SCOPE_FILE | SCOPE_TYPE)

/* What a climb met on its way. Of the first two only the one met first counts, as in C's
 * declarators: `int *f(void)` declares a function, `int (*f)(void)` a pointer. */
enum mark {
    MARK_FUNCTION = 1,
    MARK_OBJECT = 2,
    MARK_PATH = 4, /* the name is not the last of a path */
    MARK_QUALIFIED = 8,
};
#define MARK_DECLARATOR (MARK_FUNCTION | MARK_OBJECT)

struct name_rule {
    const char *parent;
    const char *field; /* NULL: any */
    unsigned char action;
    unsigned char kind;   /* of the definition or reference; for a pass, of the reference that the
                             name is when no later rule holds, where not KIND_NAME */
    unsigned char scopes; /* the parent stands in one of these; SCOPE_ANY */
    unsigned char need;   /* marks that must have been met */
    unsigned char deny;   /* marks that must not */
    unsigned char mark;   /* for a pass: marks to add */
    const char *child;    /* the label climbed from; NULL: any */
    const char *with;     /* the parent has such a child … */
    const char *within;   /* … or a child with such a child */
};

/* A node of this label below this parent (and in this field of it) is a body. NULL: any. */
struct scope_rule {
    const char *parent;
    const char *label;
    const char *field;
    enum scope scope;
};

/* A language's tables. One that extends another has that one's entries too; where both have rules
 * for a parent, its own come first. */
struct language_rules {
    const struct name_label *labels; /* each array ends with an entry of NULLs */
    const struct name_rule *rules;
    const struct scope_rule *scopes;
    const struct language_rules *base; /* NULL: extends none */
};

/* PASS(parent, field, more), DEFINE and REFER(parent, field, kind, more): more are designators. */
#define PASS(parent_, ...)                                                                         \
    {                                                                                              \
        .action = RULE_PASS, .parent = parent_, .field = __VA_ARGS__                               \
    }
#define DEFINE(parent_, field_, ...)                                                               \
    {                                                                                              \
        .action = RULE_DEFINE, .parent = parent_, .field = field_, .kind = __VA_ARGS__             \
    }
#define REFER(parent_, field_, ...)                                                                \
    {                                                                                              \
        .action = RULE_REFER, .parent = parent_, .field = field_, .kind = __VA_ARGS__              \
    }

extern const struct language_rules rules_bash, rules_c, rules_cpp, rules_go, rules_java,
    rules_javascript, rules_json, rules_python, rules_rust, rules_typescript;

#endif
