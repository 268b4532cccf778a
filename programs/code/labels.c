/* See labels.h. Time: O(nodes), below a nanosecond a node. */
#include "code/labels.h"

_Static_assert(RECORD_LABELS_MAX_BYTES * 8 == FIRN_LABEL_MAX + 1, "each label has a bit");

/* Returns the set's size: that of its bytes up to the last that is not 0. */
static uint32_t gather(const firn_nodes *nodes, uint8_t set[static RECORD_LABELS_MAX_BYTES])
{
    uint32_t size = 0;
    memset(set, 0, RECORD_LABELS_MAX_BYTES);
    for (uint32_t i = 0; i < nodes->count; i++) {
        const firn_label label = firn_node_label(&nodes->node[i]);
        set[label / 8] |= (uint8_t)(1u << label % 8);
        if (label / 8u >= size)
            size = label / 8u + 1;
    }
    return size;
}

firn_status labels_set(struct file_record *record, const firn_nodes *nodes,
                       const firn_allocator *allocator)
{
    uint8_t set[RECORD_LABELS_MAX_BYTES];
    const uint32_t size = gather(nodes, set);
    uint8_t *labels = firn_allocate(allocator, size);
    if (labels == NULL)
        return FIRN_NO_MEMORY;
    memcpy(labels, set, size);
    firn_release(allocator, record->labels, record->labels_size);
    record->labels = labels;
    record->labels_size = size;
    return FIRN_OK;
}

bool labels_fit(const struct file_record *record, const firn_nodes *nodes)
{
    uint8_t set[RECORD_LABELS_MAX_BYTES];
    if (record->labels == NULL)
        return true;
    return gather(nodes, set) == record->labels_size &&
           memcmp(set, record->labels, record->labels_size) == 0;
}
