/* /proc/self/maps, read without allocating and without a descriptor that stays open. Safe in any
 * thread and handler. */
#ifndef TRACK_MAPS_H
#define TRACK_MAPS_H

#include <stdbool.h>
#include <stdint.h>

struct track_mapping {
    uint64_t start, end, offset;
    bool is_code;
    const char *path; /* "" for none; until the next mapping is read */
};

/* Calls visit for each mapping until it returns false. False when the file cannot be read. */
typedef bool (*track_maps_fn)(void *context, const struct track_mapping *mapping);
bool track_maps_visit(track_maps_fn visit, void *context);

/* The bounds of the mapping that an address lies in. */
bool track_maps_bounds(uint64_t address, uint64_t *ret_start, uint64_t *ret_end);

#endif
