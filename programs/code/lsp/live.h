/* The syntax tree of a text that changes: tree-sitter's own, parsed again from what did not change.
 * Its memory comes from a heap of its own within a bound and goes with it. Confined to one thread.
 */
#ifndef CODE_LSP_LIVE_H
#define CODE_LSP_LIVE_H

#include "code/heap.h"
#include "code/language.h"

#define LIVE_LIMIT_BYTES ((size_t)256 << 20) /* what one text's tree may take */
#define LIVE_SECONDS 10u                     /* and how long one parse */

struct TSTree;

/* Zeroed it may be ended. All but failure is private. */
struct live {
    struct heap heap;
    const struct language *language;
    struct TSTree *tree; /* NULL: none */
    bool is_made;
    bool is_current;     /* the tree is that of the text as it stands */
    firn_status failure; /* of the last parse; there is no second try before a change */
    size_t whole_bytes;  /* that the heap had taken when the text was last parsed from nothing */
    const char *text;    /* while it parses, and what follows */
    uint32_t size;
    uint64_t end_ns;
    bool (*stop)(void *context);
    void *stop_context;
    bool was_late, was_stopped;
    firn_builder *builder;
    firn_status fed;
};

/* Begins without a tree; allocates nothing. */
void live_init(struct live *live, const struct language *language, const firn_allocator *allocator);
void live_fini(struct live *live);

/* Tells of a change, before the text changes: bytes from start to old_end become those from start
 * to new_end. before is the text as it was; with, new_end - start bytes, what comes. */
void live_edit(struct live *live, const char *before, uint32_t start, uint32_t old_end,
               const char *with, uint32_t new_end);

/* Parses the text if it changed since the last time. stop (may be NULL), asked now and then, gives
 * the parse up with FIRN_CHANGED. FIRN_LIMIT when it needs more memory or time than the bounds
 * allow, FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status live_parse(struct live *live, const char *text, size_t size,
                                      bool (*stop)(void *context), void *stop_context,
                                      firn_error *ret_error);
/* Feeds the tree of the text that was parsed to a builder. */
FIRN_NODISCARD firn_status live_feed(struct live *live, const char *text, size_t size,
                                     firn_builder *builder, firn_error *ret_error);

#endif
