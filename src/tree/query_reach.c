/* See query_reach.h. A pattern's steps are gone through in order, which all ways but those back to
 * what is repeated follow: a step whose label is absent is passed by its alternative alone. */
#include "tree/query_reach.h"

#include <string.h>

bool firn_query_reach_init(struct firn_query_reach *reach, const firn_query *query,
                           const firn_allocator *allocator)
{
    reach->query = query;
    reach->allocator = allocator;
    reach->is_reached = firn_allocate_zeroed(allocator, query->step_count + 1, 1);
    reach->is_present = firn_allocate_zeroed(allocator, query->label_count + 1, 1);
    return reach->is_reached != NULL && reach->is_present != NULL;
}

void firn_query_reach_fini(struct firn_query_reach *reach)
{
    if (reach->query == NULL)
        return;
    firn_release(reach->allocator, reach->is_reached, reach->query->step_count + 1);
    firn_release(reach->allocator, reach->is_present, reach->query->label_count + 1);
    *reach = (struct firn_query_reach){.query = NULL};
}

static bool reaches_end(struct firn_query_reach *reach, uint32_t first)
{
    const struct firn_query_step *steps = reach->query->steps;
    uint32_t end = first;

    while (steps[end].depth != FIRN_STEP_DONE)
        end++;
    memset(reach->is_reached + first, 0, end - first + 1);
    reach->is_reached[first] = true;
    for (uint32_t i = first; i < end; i++) {
        const struct firn_query_step *step = &steps[i];
        if (!reach->is_reached[i])
            continue;
        if (step->alternative != FIRN_STEP_NONE && step->alternative > i)
            reach->is_reached[step->alternative] = true;
        if (!step->is_jump && (step->label == FIRN_LABEL_ANY || reach->is_present[step->label]))
            reach->is_reached[i + 1] = true;
    }
    return reach->is_reached[end];
}

bool firn_query_reach_end(struct firn_query_reach *reach, const uint8_t *labels, size_t size)
{
    const firn_query *query = reach->query;

    memset(reach->is_present, 0, query->label_count);
    for (unsigned label = 0; label < query->label_count && label / 8 < size; label++)
        if ((labels[label / 8] >> label % 8 & 1) != 0)
            reach->is_present[query->canonical[label]] = true;
    for (uint32_t i = 0; i < query->pattern_count; i++)
        if (reaches_end(reach, query->patterns[i].step))
            return true;
    return false;
}
