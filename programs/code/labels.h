/* The set of labels in a tree, as a file's record keeps it. */
#ifndef CODE_LABELS_H
#define CODE_LABELS_H

#include <firn/tree.h>

#include "code/index/record.h"

/* Sets a record's labels to those of the nodes. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status labels_set(struct file_record *record, const firn_nodes *nodes,
                                      const firn_allocator *allocator);

/* Whether the record's labels are those of the nodes, or unknown. */
bool labels_fit(const struct file_record *record, const firn_nodes *nodes);

#endif
