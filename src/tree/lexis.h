/* Predicting where a leaf of a text starts and ends: a small set of rules that every grammar
 * shares, so that a language is a table of rule numbers, learned from a sample, and not a program.
 * Numbers are part of the tree format (docs/formats/tree.md) and never change their meaning. */
#ifndef FIRN_TREE_LEXIS_H
#define FIRN_TREE_LEXIS_H

#include <firn/api.h>

/* What lies between the end of the node before and a leaf's start. */
enum firn_skip {
    FIRN_SKIP_NONE,
    FIRN_SKIP_SPACES, /* spaces, tabs, form feeds and escaped line ends */
    FIRN_SKIP_BLANKS, /* those and line ends */
    FIRN_SKIP_COUNT,
};

/* What a leaf consists of, from its start; or what an inner node has behind its last child. */
enum firn_lexis {
    FIRN_LEXIS_EMPTY,
    FIRN_LEXIS_FIXED,         /* the label's own text */
    FIRN_LEXIS_WORD,          /* letters, digits, _ and $, all bytes above ASCII */
    FIRN_LEXIS_NUMBER,        /* digits, letters, . _ ' and a sign behind an exponent */
    FIRN_LEXIS_LINE,          /* to the line's end */
    FIRN_LEXIS_LINE_WITH_END, /* the same with its line end */
    FIRN_LEXIS_LOGICAL_LINE,  /* to a line end that is not escaped */
    FIRN_LEXIS_DIRECTIVE,     /* the same, or to a block comment */
    FIRN_LEXIS_COMMENT,       /* a block comment, or a logical line */
    FIRN_LEXIS_QUOTED,        /* from a quotation mark to its pair, escapes skipped */
    FIRN_LEXIS_CONTENT, /* to the quotation mark that stands before it, an escape or a line end */
    FIRN_LEXIS_LONG_CONTENT, /* to the (tripled) quotation mark before it or an escape */
    FIRN_LEXIS_RAW_CONTENT,  /* to the (tripled) quotation mark before it, escapes included */
    FIRN_LEXIS_TEMPLATE,     /* to a backquote, an escape or ${ */
    FIRN_LEXIS_ESCAPE,       /* an escape sequence */
    FIRN_LEXIS_CHARACTER,    /* one UTF-8 character */
    FIRN_LEXIS_PATTERN,      /* a regular expression up to its slash */
    FIRN_LEXIS_MARKUP,       /* text to the next tag, entity or brace */
    FIRN_LEXIS_OPERATOR,     /* a run of punctuation */
    FIRN_LEXIS_SHELL_WORD,   /* to what ends a word in a shell */
    FIRN_LEXIS_LINE_END,     /* spaces, then one line end */
    FIRN_LEXIS_BLANKS,       /* blanks of all kinds */
    FIRN_LEXIS_REST,         /* to the text's end */
    FIRN_LEXIS_COUNT,
};

/* The text that predictions are made from. */
struct firn_text {
    const char *data;
    uint32_t size;
};

/* The start predicted behind `at`. */
uint32_t firn_lexis_start(enum firn_skip skip, struct firn_text text, uint32_t at);

/* The end predicted from `start`; fixed is the label's text (for FIRN_LEXIS_FIXED), taken as given
 * without looking whether the text has it. Both results lie in [at, text.size]. */
uint32_t firn_lexis_end(enum firn_lexis lexis, uint32_t fixed_size, struct firn_text text,
                        uint32_t start);

#endif
