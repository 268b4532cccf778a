/* A language's tables of names, compiled: what extractor.c makes and extract.c interprets. */
#ifndef CODE_EXTRACTOR_TABLE_H
#define CODE_EXTRACTOR_TABLE_H

#include <firn/tree.h>

#include "code/languages/rules.h"

/* A *symbol* is a label that the tables name, as a number from 1; 0: any label, or none of them. */
typedef uint8_t symbol;
#define SYMBOL_MAX 255

#define FIELD_ANY UINT16_MAX

struct extract_rule {
    firn_field field; /* or FIELD_ANY */
    symbol child, with, within;
    uint8_t action, kind, scopes, need, deny, mark;
};

struct extract_body {
    firn_field field; /* or FIELD_ANY */
    symbol parent, label;
    uint8_t scope;
};

#define LABEL_NAME 1u   /* may be a name */
#define LABEL_QUOTED 2u /* its first and last byte are not part of the name */
#define LABEL_BODY 4u   /* may be a body */

struct extract_label {
    symbol symbol;
    uint8_t traits; /* LABEL_… */
    uint8_t kind;   /* as a reference; KIND_NONE */
    uint8_t rule_count;
    uint16_t first_rule; /* of those for children of this label */
};

struct extractor {
    const firn_family *family;
    const firn_allocator *allocator;
    struct extract_label *labels;
    unsigned label_count;
    struct extract_rule *rules; /* grouped by parent */
    size_t rule_count;
    struct extract_body *bodies;
    size_t body_count;
};

#endif
