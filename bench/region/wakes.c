/* How long a wake takes while others pack, and while they do not: heaps of Duktape with lodash in a
 * swapper. A contender of bench/region.
 *
 *     region_wakes FOLDER alone|packing WAKES
 *
 * One thread has a heap packed (that is not measured) and pins it, which wakes it whole. With
 * `packing`, two more threads pin and hibernate heaps of their own all the while. */
#include "region/heaps.h"

#include "support/contender.h"
#include "support/measure.h"

#include <firn/swapper.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAKERS = 8, PACKERS = 1, WAKES_MAX = 1000 };

static firn_swapper *swapper;
static firn_swapper_resident *residents[WAKERS + PACKERS];
static atomic_bool done;
static atomic_uint packings;

static void check(firn_status status, const char *what)
{
    if (status == FIRN_OK)
        return;
    fprintf(stderr, "region_wakes: %s: %s\n", what, firn_status_text(status));
    exit(1);
}

static firn_region *heap_make(const char *folder, bool full)
{
    const struct heap *heap = heap_find("duktape");
    firn_region_options options = {.thread_count = 1};
    firn_region *region;
    check(firn_region_create(&options, &region), "no region");
    firn_allocator memory = firn_region_allocator(region);
    if (heap == NULL || !heap->make(region, &memory, folder, full))
        exit(CONTENDER_ABSENT);
    return region;
}

static void *pack_all_the_time(void *resident)
{
    while (!atomic_load(&done)) {
        check(firn_swapper_pin(swapper, resident, NULL), "cannot be pinned");
        check(firn_swapper_unpin(swapper, resident), "cannot be unpinned");
        check(firn_swapper_hibernate(swapper, resident, FIRN_TIER_COLD, NULL), "does not sleep");
        atomic_fetch_add(&packings, 1);
    }
    return NULL;
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

int main(int count, char **words)
{
    static double times[WAKES_MAX];
    pthread_t threads[PACKERS];
    firn_region_template *sibling;
    const size_t wakes = count == 4 ? strtoul(words[3], NULL, 10) : 0;
    if (wakes == 0 || wakes > WAKES_MAX)
        return CONTENDER_ABSENT;
    bool packing = strcmp(words[2], "packing") == 0;
    firn_swapper_options options = {.no_thread = true};
    check(firn_swapper_create(&options, &swapper, NULL), "no swapper");
    firn_region *first = heap_make(words[1], false);
    check(firn_region_template_create(first, &sibling), "no template");
    for (size_t i = 0; i < WAKERS + PACKERS; i++)
        check(firn_swapper_put(swapper, heap_make(words[1], true), i < WAKERS ? sibling : NULL,
                               &residents[i]),
              "cannot be put");
    for (size_t i = 0; i < PACKERS && packing; i++)
        if (pthread_create(&threads[i], NULL, pack_all_the_time, residents[WAKERS + i]) != 0)
            check(FIRN_NO_MEMORY, "no thread");
    for (size_t i = 0; i < wakes; i++) {
        firn_swapper_resident *one = residents[i % WAKERS];
        check(firn_swapper_hibernate(swapper, one, FIRN_TIER_COLD, NULL), "does not sleep");
        uint64_t begin = wall_ns();
        check(firn_swapper_pin(swapper, one, NULL), "cannot be pinned");
        times[i] = (double)(wall_ns() - begin);
        check(firn_swapper_unpin(swapper, one), "cannot be unpinned");
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < PACKERS && packing; i++)
        pthread_join(threads[i], NULL);
    qsort(times, wakes, sizeof *times, compare);
    struct gap spread = {.last = 0};
    for (size_t i = 0; i < wakes; i++) {
        spread.last = 0;
        gap_note(&spread, (uint64_t)times[i]);
    }
    gap_print(&spread, "wakes");
    printf("p50_ns %.0f\np99_ns %.0f\nworst_ns %.0f\npackings %u\n", times[wakes / 2],
           times[wakes * 99 / 100], times[wakes - 1], atomic_load(&packings));
    return 0;
}
