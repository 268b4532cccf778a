/* What a name in a source stands for: one small set of kinds that all languages share. The numbers
 * are written to stores: they never change, new ones go to the end. */
#ifndef CODE_KIND_H
#define CODE_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* X(constant, number, name). The first row are kinds of references, some of which are also kinds of
 * definitions; the others are kinds of definitions only. */
#define KIND_TABLE(X)                                                                              \
    X(KIND_NAME, 0, "name")                                                                        \
    X(KIND_CALL, 1, "call")                                                                        \
    X(KIND_IMPORT, 2, "import")                                                                    \
    X(KIND_TYPE, 3, "type")                                                                        \
    X(KIND_FIELD, 4, "field")                                                                      \
    X(KIND_MACRO, 5, "macro")                                                                      \
    X(KIND_FUNCTION, 6, "function")                                                                \
    X(KIND_METHOD, 7, "method")                                                                    \
    X(KIND_CLASS, 8, "class")                                                                      \
    X(KIND_STRUCT, 9, "struct")                                                                    \
    X(KIND_UNION, 10, "union")                                                                     \
    X(KIND_ENUM, 11, "enum")                                                                       \
    X(KIND_ENUMERATOR, 12, "enumerator")                                                           \
    X(KIND_INTERFACE, 13, "interface")                                                             \
    X(KIND_TRAIT, 14, "trait")                                                                     \
    X(KIND_VARIABLE, 15, "variable")                                                               \
    X(KIND_CONSTANT, 16, "constant")                                                               \
    X(KIND_PROPERTY, 17, "property")                                                               \
    X(KIND_MODULE, 18, "module")                                                                   \
    X(KIND_NAMESPACE, 19, "namespace")                                                             \
    X(KIND_KEY, 20, "key")                                                                         \
    X(KIND_DECLARATION, 21, "declaration")

enum kind {
#define KIND_ENUM_MEMBER(constant, number, name) constant = number,
    KIND_TABLE(KIND_ENUM_MEMBER)
#undef KIND_ENUM_MEMBER
        KIND_COUNT
};

/* The name of a kind, "?" for a number that is none. Static. */
const char *kind_name(enum kind kind);

/* Finds the kind of a name; false when there is none. */
bool kind_by_name(const char *name, enum kind *ret_kind);

#endif
