/* What servers have recorded: the pages of `firn serve --stats`, added up. */
#ifndef TUNE_RECORDED_H
#define TUNE_RECORDED_H

#include <firn/http_server.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RECORDED_SLOTS_MAX 256u

/* How often values were below a bound, and not below the next smaller one. Sorted. */
struct recorded_histogram {
    struct recorded_slot {
        uint64_t below, count;
    } slots[RECORDED_SLOTS_MAX];
    unsigned slot_count;
    uint64_t count;
};

struct recorded {
    struct recorded_histogram fields, head_bytes, target_bytes;
    uint64_t loops, connections, busy;
    uint64_t busy_of[FIRN_HTTP_PROFILE_COUNT]; /* by the profile in use */
    unsigned files_of[FIRN_HTTP_PROFILE_COUNT];
    uint64_t over_limits;          /* heads that the profile in use was too small for */
    uint32_t over_limits_of_bytes; /* the head limit of the largest such profile */
    unsigned files;
};

/* Adds a page that was read from path. False after one line on stderr that names the place. */
bool recorded_add(struct recorded *recorded, const char *path, const json_t *root);

/* How many values are at most this one. */
uint64_t recorded_within(const struct recorded_histogram *histogram, uint64_t value);
/* The largest value that so many in 1,000 are at most. */
uint64_t recorded_per_mille(const struct recorded_histogram *histogram, unsigned share);

#endif
