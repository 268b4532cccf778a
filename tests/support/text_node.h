/* A node of byte strings in a slot of its own, exactly as large as is asked for, for tests of
 * src/map/text.c without a tree. Include setjmp.h, stdarg.h and cmocka.h before. Header-only.
 *
 *     text_node node;
 *     text_node_init(&node, &shape);
 *     text_node_add(&node, key);    moves it to a larger slot when it needs to
 *     text_node_fini(&node); */
#ifndef FIRN_TESTS_TEXT_NODE_H
#define FIRN_TESTS_TEXT_NODE_H

#include "map/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct text_node {
    const firn_shape *shape;
    firn_slot slot;
} text_node;

static inline firn_bytes text_of(const char *text)
{
    return (firn_bytes){text, strlen(text)};
}

/* An empty node in a slot of at least so many bytes, which are not 0 otherwise. */
static inline firn_slot text_slot(size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    firn_slot slot = {malloc(bytes), (uint32_t)bytes};
    assert_non_null(slot.node);
    memset(slot.node, 0xa5, bytes);
    *slot.node = (firn_node){0};
    return slot;
}

static inline void text_node_init(text_node *node, const firn_shape *shape)
{
    node->shape = shape;
    node->slot = text_slot(sizeof(firn_node));
}

static inline void text_node_fini(text_node *node)
{
    firn_node_text.remove(node->shape, node->slot, 0, node->slot.node->count);
    free(node->slot.node);
    node->slot.node = NULL;
}

static inline size_t text_node_need(const text_node *node)
{
    return firn_node_text.need(node->shape, node->slot, 0, node->slot.node->count, 0, NULL);
}

/* Moves a node to a slot of so many bytes. */
static inline void text_node_move(text_node *node, size_t bytes)
{
    assert_true(bytes >= text_node_need(node));
    firn_slot slot = text_slot(bytes);
    firn_node_text.copy(node->shape, node->slot, 0, node->slot.node->count, slot);
    free(node->slot.node);
    node->slot = slot;
}

/* The value's address of a key that was not there. */
static inline void *text_node_add(text_node *node, firn_bytes key)
{
    const firn_node_kind *kind = &firn_node_text;
    bool equal = true;
    void *kept = NULL;
    unsigned position = kind->search(node->shape, node->slot, &key, &equal);
    assert_false(equal);
    assert_int_equal(kind->keep(node->shape, &key, &kept), FIRN_OK);
    unsigned count = node->slot.node->count;
    size_t need = kind->need(node->shape, node->slot, 0, count, position, &key);
    if (need > node->slot.bytes) {
        firn_slot slot = text_slot(need);
        kind->copy(node->shape, node->slot, 0, count, slot);
        free(node->slot.node);
        node->slot = slot;
    }
    void *value = kind->insert(node->shape, node->slot, position, &key, kept);
    assert_in_range(text_node_need(node), 1, need);
    assert_ptr_equal(value, kind->value(node->shape, node->slot, position));
    return value;
}

/* Whether the entry at position has this key. */
static inline bool text_node_has(const text_node *node, unsigned position, firn_bytes key)
{
    firn_key_room room;
    const firn_bytes *got = firn_node_text.key(node->shape, node->slot, position, &room);
    return got->size == key.size && (key.size == 0 || memcmp(got->data, key.data, key.size) == 0);
}

#endif
