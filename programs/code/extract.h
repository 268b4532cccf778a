/* Names in a tree: which leaves are names, which of them define something, of what kind, and how
 * the others use it. Works on the plain nodes of any tree, whether just built or decoded. It visits
 * as it goes, so it takes no memory but for the path to the node at hand. */
#ifndef CODE_EXTRACT_H
#define CODE_EXTRACT_H

#include <firn/tree.h>
#include "code/extractor.h"
#include "code/kind.h"

struct extract_frame;

/* What a run needs besides; kept from file to file. Zero it before the first run (setting the
 * allocator, if wanted); it serves any extractor. Belongs to one thread. */
struct extract_scratch {
    const firn_allocator *allocator;
    struct extract_frame *stack; /* private from here */
    size_t stack_capacity;
};
void extract_scratch_fini(struct extract_scratch *scratch);

#define EXTRACT_NONE UINT32_MAX

/* A name where it stands. */
struct extract_name {
    uint32_t start; /* of the name's bytes in the text */
    uint32_t end;   /* > start */
    uint32_t node;  /* the name's own node */
    uint32_t whole; /* the node of all that it defines; EXTRACT_NONE for a reference */
    uint8_t kind;   /* enum kind */
    bool is_definition;
};

/* Takes one name; FIRN_OK goes on, anything else ends the run and is returned by it. */
typedef firn_status (*extract_visit_fn)(void *context, const struct extract_name *name);

/* Visits all names of a tree in preorder. Definitions nest by their whole nodes, but a whole node
 * may begin before an earlier definition's name (the name of a C typedef stands last). Parameters
 * and local variables are references; prototypes and extern declarations are definitions of
 * KIND_DECLARATION. O(nodes). FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status extract_names(const struct extractor *extractor,
                                         struct extract_scratch *scratch, const firn_nodes *nodes,
                                         extract_visit_fn visit, void *context);

/* The same for the names of one spelling in the text that the nodes are of. Looks at the places
 * where the text has it alone: O(text) as memmem takes it, and O(log nodes + path) for each. */
FIRN_NODISCARD firn_status extract_spelled(const struct extractor *extractor,
                                           struct extract_scratch *scratch, const firn_nodes *nodes,
                                           const char *text, size_t text_size, const char *name,
                                           size_t size, extract_visit_fn visit, void *context);

/* The same as extract_names for the last node of a path and all below it, of a tree of which only
 * these nodes and those of the path, root first, need be decoded. What is defined by nodes above is
 * no definition then. O(nodes below). */
FIRN_NODISCARD firn_status extract_names_below(const struct extractor *extractor,
                                               struct extract_scratch *scratch,
                                               const firn_nodes *nodes, const firn_path_node *path,
                                               size_t depth, extract_visit_fn visit, void *context);

/* Whether a node of a label may be all that a name defines. */
bool extract_may_define(const struct extractor *extractor, firn_label label);

#endif
