/* What tests keep in a region: a list with text of many sizes, and freed memory between.
 * Header-only, for cmocka tests. */
#ifndef FIRN_TESTS_REGION_HEAP_H
#define FIRN_TESTS_REGION_HEAP_H

#include <firn/region.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct node {
    struct node *next;
    size_t size;
    uint8_t text[];
};

/* cmocka takes SIGSEGV at the begin of each test; what the library took must stand again. */
static inline void segv_take_back(void)
{
    static struct sigaction taken;
    static bool is_known;
    if (is_known)
        (void)sigaction(SIGSEGV, &taken, NULL);
    else
        (void)sigaction(SIGSEGV, NULL, &taken);
    is_known = true;
}

static inline firn_region *region_make(const firn_region_options *options)
{
    firn_region *region = NULL;
    assert_int_equal(firn_region_create(options, &region), FIRN_OK);
    if (options != NULL && options->mode != FIRN_REGION_EAGER)
        segv_take_back();
    return region;
}

/* Whether userfaultfd may be used here. */
static inline bool fault_is_allowed(void)
{
    firn_region *region = NULL;
    const firn_region_options options = {.mode = FIRN_REGION_ON_FAULT};
    firn_status status = firn_region_create(&options, &region);
    firn_region_destroy(region);
    if (status == FIRN_UNSUPPORTED)
        printf("userfaultfd is not allowed here\n");
    return status != FIRN_UNSUPPORTED;
}

/* A list whose root the region keeps. */
static inline struct node *list_make(firn_region *region, size_t count, uint64_t seed)
{
    firn_allocator memory = firn_region_allocator(region);
    struct node *first = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t size = 1 + (seed * 31 + i * i * 7) % (i % 100 == 0 ? 90000 : 900);
        struct node *node = firn_allocate(&memory, sizeof(*node) + size);
        void *freed = firn_allocate(&memory, size);
        assert_non_null(node);
        assert_non_null(freed);
        memset(freed, 0x77, size);
        *node = (struct node){first, size};
        memset(node->text, (int)('a' + i % 26), size);
        firn_release(&memory, freed, size);
        first = node;
    }
    assert_int_equal(firn_region_root_set(region, first), FIRN_OK);
    return first;
}

/* Whether a list of so many nodes is whole. */
static inline bool list_is_right(const firn_region *region, size_t count)
{
    size_t i = count;
    for (const struct node *node = firn_region_root(region); node != NULL; node = node->next) {
        if (i-- == 0)
            return false;
        for (size_t at = 0; at < node->size; at++) {
            if (node->text[at] != 'a' + i % 26)
                return false;
        }
    }
    return i == 0;
}

#endif
