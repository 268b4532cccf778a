/* Heaps of which a fourth is used all the time and the others never; SWAPPER says what puts those
 * to sleep, and without it nothing does. Prints a line when they are there, then one for each that
 * it reads: what its own memory is, and the processor's time that a round of use takes. */
#include "measured.h"

#include <firn/region.h>
#include <firn/swapper.h>

#include <pthread.h>
#include <unistd.h>

enum { HEAPS = 64, HEAP_BYTES = 1 << 20, USED = HEAPS / 4, ROUND_US = 20000 };

static firn_swapper_resident *residents[HEAPS];
static char *heaps[HEAPS];
static firn_swapper *swapper;
static volatile double round_seconds;

static void fill(char *heap, uint64_t seed)
{
    uint64_t random = seed * 11400714819323198485u | 1;
    for (size_t at = 0; at + 128 < HEAP_BYTES;)
        at += (size_t)snprintf(heap + at, 128, "{id: %u, name: \"name %u\", next: %p}",
                               (unsigned)at, (unsigned)(measured_random(&random) % 5000),
                               (void *)(heap + measured_random(&random) % HEAP_BYTES));
}

static void use(int heap)
{
    if (firn_swapper_pin(swapper, residents[heap], NULL) != FIRN_OK)
        exit(1);
    for (size_t at = 0; at < HEAP_BYTES; at += 512)
        heaps[heap][at]++;
    if (firn_swapper_unpin(swapper, residents[heap]) != FIRN_OK)
        exit(1);
}

static void *work(void *context)
{
    (void)context;
    for (double least = 1;;) {
        struct timespec from, to;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        for (int heap = 0; heap < USED; heap++)
            use(heap);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        const double took =
            (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
        least = took < least ? took : least;
        round_seconds = least;
        usleep(ROUND_US);
    }
    return NULL;
}

int main(void)
{
#ifdef SWAPPER
    const firn_swapper_options options = {.ignore_pressure = true, SWAPPER};
#else
    const firn_swapper_options options = {.ignore_pressure = true, .no_thread = true};
#endif
    pthread_t thread;
    char line[16];
    if (firn_swapper_create(&options, &swapper, NULL) != FIRN_OK)
        return 1;
    for (int i = 0; i < HEAPS; i++) {
        firn_region *region;
        if (firn_region_create(NULL, &region) != FIRN_OK ||
            (heaps[i] = firn_region_alloc_aligned(region, HEAP_BYTES, 65536)) == NULL)
            return 1;
        fill(heaps[i], (uint64_t)i);
        if (firn_swapper_put(swapper, region, NULL, &residents[i]) != FIRN_OK)
            return 1;
    }
    if (pthread_create(&thread, NULL, work, NULL) != 0)
        return 1;
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%.0f %f\n", measured_kb("RssAnon:") * 1024, round_seconds);
        fflush(stdout);
    }
    return 0;
}
