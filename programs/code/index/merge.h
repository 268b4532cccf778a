/* The merge of runs, and of dictionaries that are to become one, into a stream of sorted entries.
 */
#ifndef CODE_MERGE_H
#define CODE_MERGE_H

#include "code/index/dictionary.h"
#include "code/index/entries.h"
#include "code/index/runs.h"

/* A dictionary of names whose files get other numbers. */
struct merge_layer {
    const struct dictionary *names;
    const uint32_t *numbers; /* ascending but for UINT32_MAX, which drops a file */
    size_t number_count;
};

struct merge_options {
    const firn_allocator *allocator;
    const struct runs *const *files; /* the workers' scratch files */
    size_t file_count;
    size_t first_run; /* counted over all files; those before are left out, as are those behind */
    size_t run_count; /* this many; 0: all */
    const uint32_t *numbers; /* the number that a file gets, UINT32_MAX drops it; NULL: its own */
    size_t number_count;
    const struct merge_layer *layers; /* dictionaries to be merged with the runs */
    size_t layer_count;
    const void *first; /* entries below this name are left out; */
    size_t first_size;
    const void *end; /* so are those that are not below this one, unless it is empty */
    size_t end_size;
    bool (*stopped)(void); /* asked now and then, gives the merge up; may be NULL */
};

/* Runs in all files. */
size_t merge_run_count(const struct merge_options *options);

/* Calls emit for every name's entries in order. FIRN_NO_MEMORY, FIRN_IO, FIRN_CORRUPT (a scratch
 * file was changed, a dictionary is damaged), FIRN_CHANGED when it was stopped, or what emit
 * returned. Any number of threads may merge the same runs. */
FIRN_NODISCARD firn_status merge_runs(const struct merge_options *options, entry_emit_fn emit,
                                      void *context, firn_error *ret_error);

/* Finds a name that cuts what is in the runs into two parts of about the same size; its size is 0
 * when there is too little to cut. name must have room for NAME_MAX_BYTES. */
FIRN_NODISCARD firn_status merge_middle(const struct merge_options *options, uint8_t *name,
                                        size_t *ret_size, firn_error *ret_error);

#endif
