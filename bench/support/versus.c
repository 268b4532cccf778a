/* What is left out where a contender is absent shows as a figure that is NAN. */
#include "support/versus.h"

#include <stdio.h>
#include <stdlib.h>

struct row row_versus(const char *id, const char *what, const struct contender *contenders,
                      size_t count, const char *key, const char *unit, double unit_size)
{
    struct row row = {.id = id,
                      .what = what,
                      .value = contender_median(contenders, key) / unit_size,
                      .unit = unit,
                      .target = ROW_NO_TARGET,
                      .least = contender_least(contenders, key) / unit_size,
                      .most = contender_most(contenders, key) / unit_size};
    size_t peers = 0;
    for (size_t i = 1; i < count && peers < ROW_PEERS_MAX; i++) {
        double value = contender_median(&contenders[i], key) / unit_size;
        if (!isnan(value))
            row.peers[peers++] = (struct row_peer){contenders[i].name, value};
    }
    return row;
}

const char *peer_program(const char *name)
{
    char *path;
    if (asprintf(&path, "%s/peers/%s", bench_folder(), name) < 0)
        exit(1);
    return path;
}

void contenders_tell_absent(const struct contender *contenders, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (contenders[i].absent && !contenders[i].left_out)
            fprintf(stderr, "%s is not installed: see scripts/setup bench\n", contenders[i].name);
}
