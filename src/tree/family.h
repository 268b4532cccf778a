/* The inside of a family, for the files of src/tree/ alone. */
#ifndef FIRN_TREE_FAMILY_H
#define FIRN_TREE_FAMILY_H

#include "tree/edges.h"
#include "tree/lexis.h"
#include "tree/prefix.h"
#include "tree/productions.h"
#include "tree/successors.h"

#include <firn/arena.h>

#include <pthread.h>

#define FIRN_FAMILY_LIMIT_BYTES (16u << 20) /* when none is given */
#define FIRN_FAMILY_CHECKPOINT_NODES 4096u  /* likewise */
#define FIRN_FIXED_TEXT_MAX 32u             /* bytes of a label's fixed text */
#define FIRN_LATE_CHILDREN                                                                         \
    16u /* longer child lists are always spelled, unless they were settled on */

enum firn_family_phase {
    FIRN_FAMILY_LEARNING,
    FIRN_FAMILY_SETTLED, /* packs, and adds later productions */
    FIRN_FAMILY_LOADED,  /* decodes */
};

/* What a label's nodes look like. */
struct firn_label_model {
    const char *name;
    const char *text; /* for FIRN_LEXIS_FIXED */
    bool named;
    bool is_leaf; /* of a loaded family: without children unless an exception says so */
    uint8_t text_size;
    uint8_t skip;               /* enum firn_skip: before a leaf */
    uint8_t lexis;              /* enum firn_lexis: of a leaf */
    uint8_t tail;               /* enum firn_lexis: behind an inner node's last child */
    struct firn_prefix *prefix; /* of the first `coded` ranks; NULL when rank 0 is all that has a
                                   word, an empty one */
    uint32_t coded;
    uint32_t first; /* production of rank 0 */
    uint32_t count; /* ranks in the table of productions; behind them come the later ones */
    uint32_t late_count;
};

/* What was seen of a label while learning. */
struct firn_label_tally {
    uint32_t skip[FIRN_SKIP_COUNT];
    uint32_t lexis[FIRN_LEXIS_COUNT];
    uint32_t tail[FIRN_LEXIS_COUNT];
    uint8_t
        text_size; /* of text[], the first leaf's, if all leaves had the same; UINT8_MAX when not */
    bool text_known;
    uint32_t leaves;
    char text[FIRN_FIXED_TEXT_MAX];
};

struct firn_family {
    const firn_allocator *allocator;
    enum firn_family_phase phase;
    size_t limit_bytes;
    uint32_t checkpoint_nodes;
    firn_arena strings; /* names, fixed texts, prefix codes */
    struct firn_label_model *label;
    size_t label_capacity;
    unsigned label_count;
    const char **field;
    size_t field_capacity;
    unsigned field_count;
    const char *group[FIRN_GROUP_MAX + 1]; /* NULL for those without a name */
    unsigned group_count;                  /* with group 0 */
    struct firn_edges edges;
    struct firn_productions productions; /* while learning with counts; then by label and rank */
    struct firn_successors successors;
    struct firn_label_tally *tally; /* while learning; of each label */
    size_t tally_count;
    pthread_mutex_t lock;         /* over edges, late and seen, once settled */
    struct firn_productions late; /* those added while packing */
    uint32_t *seen;               /* fingerprints of those seen once */
};

/* The number of a (label, field, flags) for a builder; takes the lock. */
FIRN_NODISCARD firn_status firn_family_edge(firn_family *family, uint64_t key, firn_edge *ret_edge);

/* The rank of a production within its label, FIRN_PRODUCTION_NONE when it must be spelled. Adds it
 * to the table when it is seen the second time. Takes the lock where the table of what was settled
 * does not suffice. */
uint32_t firn_family_rank(firn_family *family, firn_label label, struct firn_children children);

/* What is predicted of a node. */
static inline struct firn_text firn_text_of(const char *data, size_t size)
{
    return (struct firn_text){data, (uint32_t)size};
}
static inline uint32_t firn_leaf_start(const struct firn_label_model *model, unsigned flags,
                                       struct firn_text text, uint32_t at)
{
    return (flags & FIRN_NODE_MISSING) != 0
               ? at
               : firn_lexis_start((enum firn_skip)model->skip, text, at);
}
static inline uint32_t firn_leaf_end(const struct firn_label_model *model, unsigned flags,
                                     struct firn_text text, uint32_t start)
{
    return (flags & FIRN_NODE_MISSING) != 0
               ? start
               : firn_lexis_end((enum firn_lexis)model->lexis, model->text_size, text, start);
}
static inline uint32_t firn_inner_end(const struct firn_label_model *model, struct firn_text text,
                                      uint32_t last_child_end)
{
    return firn_lexis_end((enum firn_lexis)model->tail, 0, text, last_child_end);
}

#endif
