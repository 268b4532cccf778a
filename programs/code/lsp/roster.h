/* The names that the index defines, in memory: what a search for names with a text anywhere in them
 * goes over, in place of the dictionary with all names and their files. Confined to one thread. */
#ifndef CODE_LSP_ROSTER_H
#define CODE_LSP_ROSTER_H

#include "code/index/entries.h"
#include "code/lsp/workspace.h"

/* Of all layers; one above it has no roster. 10 million lines of C take 10 MB. */
#define ROSTERS_MAX_BYTES ((size_t)20 << 20)

/* A place in a roster: before the first name at first. */
struct roster_cursor {
    const uint8_t *at, *end;      /* private */
    size_t shared;                /* bytes that the key has of the one before, or fewer */
    size_t key_size;              /* may be read, as is: */
    char key[NAME_MAX_BYTES + 8]; /* eight bytes may be read at once */
};

/* The names of one layer, ascending, each as: u8 bytes shared with the one before | varint size of
 * the rest | the rest. */
struct roster {
    uint32_t segment; /* the top table of the layer's names, which tells layers apart */
    enum { ROSTER_BEGUN, ROSTER_WHOLE, ROSTER_TOO_LARGE } state;
    struct bytes names;
    struct roster_cursor last; /* on the last name, until it is whole */
};

/* Zeroed it is empty. */
struct rosters {
    struct roster *items;
    size_t count;
    size_t capacity;
};

/* Gives the roster of a layer, made with the first call; NULL where it would be too large. Drops
 * those of layers that are gone. FIRN_CHANGED when the request was cancelled (the next call goes on
 * where this one ended), FIRN_NO_MEMORY, and as dictionary_next. */
FIRN_NODISCARD firn_status rosters_get(struct rosters *rosters, struct workspace *workspace,
                                       uint32_t layer, const struct dictionary *names,
                                       const struct roster **ret_roster, firn_error *ret_error);
/* Drops all: before another store is opened. */
void rosters_clear(struct rosters *rosters, const firn_allocator *allocator);

void roster_begin(const struct roster *roster, struct roster_cursor *cursor);
/* Goes to the next name; false behind the last. */
bool roster_next(struct roster_cursor *cursor);

#endif
