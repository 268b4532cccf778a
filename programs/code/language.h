/* The languages that firn code reads: their names, file suffixes, grammars and tables of names. All
 * of it is constant data, safe between threads. */
#ifndef CODE_LANGUAGE_H
#define CODE_LANGUAGE_H

#include <firn/tree.h>

struct TSLanguage;
struct language_rules; /* languages/rules.h */

struct language {
    const char *name;            /* "c", "cpp", "python", … as stores and --language spell it */
    const char *title;           /* "C", "C++", "Python", … for people */
    const char *const *suffixes; /* ".c", …; ends with NULL */
    const struct TSLanguage *(*grammar)(void);
    const struct language_rules *rules;
};

/* The languages, numbered from 0; the numbers may change between versions, the names do not. */
unsigned language_count(void);
const struct language *language_at(unsigned index);
unsigned language_index(const struct language *language);

/* Finds a language by its name (case does not matter). NULL when there is none. */
const struct language *language_by_name(const char *name);

/* Finds a language by a path's suffix. NULL when no language has it. */
const struct language *language_by_path(const char *path);

/* How nodes are numbered in families: label = the grammar's symbol, and one more label for ERROR.
 */
unsigned language_label_count(const struct language *language);

/* Names all labels and fields of the grammar in a family that is not settled yet. */
FIRN_NODISCARD firn_status language_name_family(const struct language *language,
                                                firn_family *family);

#endif
