/* Places in a map of either form: an entry, or the end of a leaf. For map.c, cursor.c and range.c.
 */
#ifndef FIRN_MAP_PLACE_H
#define FIRN_MAP_PLACE_H

#include "map/content.h"

typedef struct firn_place {
    firn_slot leaf;
    unsigned at;    /* in the leaf */
    firn_path path; /* to it, when the map is a tree; at of the leaf's level is not kept */
} firn_place;

/* Finds a key; false when it is not there. */
bool firn_place_find(const firn_map *map, const void *key, firn_place *ret_place);
/* The first entry at or after key (NULL: of all); false when there is none. */
bool firn_place_ceiling(const firn_map *map, const void *key, firn_place *ret_place);
/* The last entry at or before key (NULL: of all); false when there is none. */
bool firn_place_floor(const firn_map *map, const void *key, firn_place *ret_place);

/* To the first entry of the next leaf, or to the last one of the one before; false, and nothing
 * changed, when there is none. */
bool firn_place_next_leaf(const firn_map *map, firn_place *place);
bool firn_place_previous_leaf(const firn_map *map, firn_place *place);

/* The leaf behind a place's, when it has the same parent; else one whose node is NULL. */
firn_slot firn_place_leaf_behind(const firn_map *map, const firn_place *place);

/* The position in the place's leaf that keys from `to` on (NULL: none) begin at. */
unsigned firn_place_end(const firn_map *map, const firn_place *place, const void *to);

/* Removes entries from the place up to, and without, end in its leaf. */
void firn_place_remove(firn_map *map, firn_place *place, unsigned end);

#endif
