/* What looks of `firn tune memory` recommend: see evidence.h. Called by evidence.c.
 *
 * Looks at one process with different intervals say how much of its memory stays untouched for how
 * long. What is untouched for T and no longer is woken again if it sleeps after T: the age is the
 * shortest interval from which on that is 0.2 % of the memory a minute at most, as the cache and
 * the swapper steer theirs (Lagar-Cavilla et al., "Software-defined far memory", 2019). */
#include "tune/evidence.h"

#include <math.h>

#define ASLEEP_SHARE 0.5  /* untouched, from which on sleeping is worth its wakes */
#define WOKEN_SHARE 0.002 /* of the memory, a minute */

bool evidence_memory(const char *path, const json_t *root, struct advices *advices)
{
    const json_t *asleep = json_object_get(root, "asleep");
    const json_t *process = json_object_get(root, "pid");
    struct look look = {.process = json_number_value(process)};
    if (!evidence_number(path, asleep, "own_bytes", &look.own_bytes) ||
        !evidence_number(path, asleep, "zstd_bytes", &look.packed_bytes) ||
        !evidence_number(path, root, "untouched_share", &look.untouched) ||
        !evidence_number(path, root, "interval_seconds", &look.seconds))
        return false;
    if (look.untouched > 1)
        return evidence_refuse(path, "untouched_share", "more than 1");
    if (advices->look_count == LOOKS_MAX)
        return evidence_refuse(path, "asleep", "one of more than 64 looks; give fewer");
    unsigned at = advices->look_count++;
    for (; at > 0 && (advices->looks[at - 1].process > look.process ||
                      (advices->looks[at - 1].process == look.process &&
                       advices->looks[at - 1].seconds > look.seconds));
         at--)
        advices->looks[at] = advices->looks[at - 1];
    advices->looks[at] = look;
    return true;
}

/* What is woken in a minute of what sleeps after this look's interval, as far as the next one
 * tells. */
static double woken(const struct look *look)
{
    const double seconds = look[1].seconds - look->seconds;
    return seconds > 0 ? fmax(0, look->untouched - look[1].untouched) / seconds * 60 : 0;
}

static void advise_age(const struct look *looks, unsigned count, struct advices *advices)
{
    unsigned at = 0;
    while (at + 1 < count && woken(&looks[at]) > WOKEN_SHARE)
        at++;
    const struct look *look = &looks[at];
    const double packed = look->own_bytes > 0 ? look->packed_bytes / look->own_bytes : 0;
    struct advice *advice = advice_add(advices);
    advice->now_bytes = advice->then_bytes = look->own_bytes;
    if (look->untouched < ASLEEP_SHARE) {
        snprintf(advice->setting, sizeof advice->setting, "awake, as it is");
        snprintf(advice->because, sizeof advice->because,
                 "%.0f %% of its memory was touched within %.0f s: look with a longer --interval",
                 100 * (1 - look->untouched), look->seconds);
        return;
    }
    advice->then_bytes =
        look->own_bytes * (1 - look->untouched) + look->packed_bytes * look->untouched;
    snprintf(advice->setting, sizeof advice->setting, "asleep after %.0f s", look->seconds);
    snprintf(advice->paste, sizeof advice->paste,
             "firn_swapper_options: .age_ms = {%.0f}, .level = {1} (firn/swapper.h)",
             look->seconds * 1000);
    if (at + 1 < count)
        snprintf(advice->because, sizeof advice->because,
                 "%.0f %% of its memory was not touched for %.0f s, packs to %.0f %%, and %.2f %% "
                 "of it a minute would be woken",
                 100 * look->untouched, look->seconds, 100 * packed, 100 * woken(look));
    else
        snprintf(advice->because, sizeof advice->because,
                 "%.0f %% of its memory was not touched for %.0f s, and packs to %.0f %%; how much "
                 "would be woken only looks with longer intervals tell",
                 100 * look->untouched, look->seconds, 100 * packed);
}

void evidence_conclude(struct advices *advices)
{
    unsigned begin = 0;
    while (begin < advices->look_count) {
        unsigned end = begin + 1;
        while (end < advices->look_count &&
               advices->looks[end].process == advices->looks[begin].process)
            end++;
        advise_age(&advices->looks[begin], end - begin, advices);
        begin = end;
    }
}
