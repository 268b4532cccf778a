/* The folder of a test of stores, made and removed around it: for one program's static use. */
#ifndef FIRN_TESTS_STORE_FIXTURE_H
#define FIRN_TESTS_STORE_FIXTURE_H

#include "support/store_content.h"
#include "support/tempdir.h"

static char root[TEMPDIR_PATH_BYTES];
static char path[TEMPDIR_PATH_BYTES + 8]; /* of the store */

/* Opens the store of the test to be written. */
static inline firn_status store_open_as(firn_store_mode mode, firn_store **ret_store,
                                        firn_error *ret_error)
{
    return firn_store_open(path, &(firn_store_options){.mode = mode}, ret_store, ret_error);
}

/* There is no store yet. */
static inline int set_up(void **state)
{
    (void)state;
    tempdir_make_fast(root);
    snprintf(path, sizeof path, "%s/S", root);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    tempdir_remove(root);
    return 0;
}

#endif
