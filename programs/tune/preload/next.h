/* The allocator that the program would have without this library. */
#ifndef TRACK_NEXT_H
#define TRACK_NEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Found at the first call of each. */
struct track_next {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*reallocarray)(void *, size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    int (*dlclose)(void *);
};
extern struct track_next track_next;

/* Blocks that were given while the allocator was looked for: they are never freed. move gives a
 * copy of one from the allocator. */
bool track_next_is_early(const void *block);
void *track_next_move_early(const void *block, size_t size);

/* The next definition of a name, behind this library or in the runtime of C++; NULL: none. */
void *track_next_find(const char *name);

#endif
