/* The form of a page's nodes asleep, which both of its sides share. It lives in the memory of one
 * process, or in its image, and has no page of its own under docs/. A block of dom/asleep.h, whose
 * number is the page's version. Numbers are varints, a block is one of columns (firn/columns.h)
 * with one column of texts.
 *
 *   names     a block, in the order of their numbers
 *   spaces    how many, and a name each
 *   shapes    how many, and of each but the first: before, namespace, name
 *   common    a block of texts that labels have, absent without any
 *   labels    how many, and each: what a node is (its head without flags), then of a text, or of an
 *             element behind its shape, each value: 1 + its place in common, or 0: among the values
 *   others    the same for nodes whose label is LABEL_OTHER, in their order, all values 0
 *   family    that of the tree, whose root, LABEL_ROOT, has the page's trees as children
 *   numbers   of the nodes: zigzag of a run's first less what would go on, how many more it has
 *   flags     of nodes that have some: how many nodes have none before, flags
 *   contents  pairs of template element and fragment
 *   shared    a byte for each value that no label has, in the order of the nodes, of an element the
 *             last one first: how many bytes it begins with as the one before of its name (texts
 *             and what doctypes have go by one name more), or SHARED_AGAIN
 *   rests     the other bytes, as texts
 *   again     of values that were there: how many values before */
#ifndef TABS_DOM_DORMANT_PARTS_H
#define TABS_DOM_DORMANT_PARTS_H

#include "tabs/dom/asleep.h"
#include "tabs/dom/state.h"

#include <firn/bytes.h>

#define DORMANT_VERSION 2u
#define LABEL_ROOT 0u
#define LABEL_OTHER 1u
#define LABEL_FIRST 2u /* of those in the table */
#define SHARED_AGAIN 255u
#define HEAD_FLAGS (((1u << (HEAD_NAME_SHIFT - HEAD_FLAG_SHIFT)) - 1) << HEAD_FLAG_SHIFT)

enum {
    PART_NAMES,
    PART_SPACES,
    PART_SHAPES,
    PART_COMMON,
    PART_LABELS,
    PART_OTHERS,
    PART_FAMILY,
    PART_TREE,
    PART_NUMBERS,
    PART_FLAGS,
    PART_CONTENTS,
    PART_SHARED,
    PART_RESTS,
    PART_AGAIN,
    PART_COUNT,
};

/* The largest number of a node where so many live: a page that has made and freed many more is not
 * packed, since a damaged block could else ask for any amount of memory. */
static inline uint64_t dormant_number_max(uint64_t node_count)
{
    return node_count * 64 + 65536;
}

#endif
