/* Text to data. What has been read of a list or a string stands on the stack of values until all of
 * it is there (R1). */
#include "lisp.h"

#include <ctype.h>

#define CLOSE IMMEDIATE(SPECIAL, 16) /* what read_item returns for ) and . */
#define DOT IMMEDIATE(SPECIAL, 17)

static value read_item(lisp *l, source *s);

static int next(source *s)
{
    int c = getc(s->file);
    s->line += c == '\n';
    return c;
}

static int peek(source *s)
{
    return ungetc(getc(s->file), s->file);
}

_Noreturn static void bad(lisp *l, source *s, const char *what)
{
    s->start = s->line;
    fail(l, NULL, "%s", what);
}

static value read_list(lisp *l, source *s, bool is_vector)
{
    const size_t base = l->stack.count;
    value item, rest = NIL;
    while ((item = read_item(l, s)) != CLOSE && item != DOT) {
        if (item == END_OF_FILE)
            bad(l, s, "a list that does not end");
        push(l, item);
    }
    size_t count = l->stack.count - base;
    if (item == DOT) {
        item = read_item(l, s);
        push(l, item);
        if (count == 0 || is_vector || item == CLOSE || item == DOT || read_item(l, s) != CLOSE)
            bad(l, s, "an unexpected .");
        rest = pop(l);
    }
    item = is_vector ? make_vector(l, l->stack.slots + base, count) : pop_list(l, count, rest);
    l->stack.count = base;
    return item;
}

static value read_quoted(lisp *l, source *s, enum handle name)
{
    value item = read_item(l, s);
    if (item == END_OF_FILE || item == CLOSE || item == DOT)
        bad(l, s, "nothing to quote");
    item = cons(l, item, NIL);
    return cons(l, *l->handles[name], item);
}

static value read_string(lisp *l, source *s)
{
    size_t size = 0;
    for (int c; (c = next(s)) != '"'; size++) {
        if (c == '\\') {
            c = next(s);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (c == EOF)
            bad(l, s, "a string that does not end");
        push(l, FIXNUM(c));
    }
    char *made = make_string(l, NULL, size);
    while (size > 0)
        made[--size] = (char)INTEGER(pop(l));
    return made;
}

static bool ends_atom(int c)
{
    return c == EOF || isspace(c) || memchr("()\";'", c, 5) != NULL;
}

/* A number, a symbol, a dot, or #t or #f. */
static value read_atom(lisp *l, source *s, int c)
{
    char token[256];
    size_t size = 0;
    for (token[size++] = (char)c; !ends_atom(peek(s)); token[size++] = (char)next(s))
        if (size == sizeof token - 1)
            bad(l, s, "a name that is too long");
    token[size] = '\0';
    if (strcmp(token, "#t") == 0 || strcmp(token, "#f") == 0)
        return BOOLEAN(token[1] == 't');
    if (*token == '#')
        bad(l, s, "a # that begins nothing");
    value number = strcmp(token, ".") == 0 ? DOT : parse_number(l, token);
    return number != FALSE ? number : intern(l, token, size);
}

static value read_item(lisp *l, source *s)
{
    int c;
    check_depth(l);
    while (isspace(c = next(s)) || c == ';')
        while (c == ';' && peek(s) != '\n' && peek(s) != EOF)
            next(s);
    s->start = s->start == 0 ? s->line : s->start;
    if (c == EOF || c == ')')
        return c == EOF ? END_OF_FILE : CLOSE;
    if (c == '(' || (c == '#' && peek(s) == '('))
        return read_list(l, s, c == '#' && next(s) == '(');
    if (c == '"')
        return read_string(l, s);
    if (c == ',' && peek(s) == '@' && next(s) == '@')
        return read_quoted(l, s, SPLICE);
    if (c == '\'' || c == '`' || c == ',')
        return read_quoted(l, s, c == '\'' ? QUOTE : c == '`' ? QUASIQUOTE : UNQUOTE);
    return read_atom(l, s, c);
}

value read_datum(lisp *l, source *s)
{
    s->start = 0;
    value item = read_item(l, s);
    if (item == CLOSE || item == DOT)
        bad(l, s, item == CLOSE ? "an unexpected )" : "an unexpected .");
    return item;
}
