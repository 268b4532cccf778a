/* One interface for making objects; what lies under it is picked by what the program is:
 *
 *   mode      objects come from      and die                       header   move
 *   compiler  an arena               all at once, by a reset       none     no
 *   runtime   a generational heap    when they are unreachable     8 B      yes
 *   vm        the same, compacting   when they are unreachable     8 B      yes
 *   server    a slab with a limit    when they are released        none     no
 *
 * A program that is written for one mode calls what that mode needs. One that keeps to three rules
 * is right in all of them: pointers into objects are stored by firn_context_write, what it holds
 * across a call marked [moves] stands in a root, and what it no longer needs is released. Where the
 * mode does not need a call, it costs a branch. docs/contexts.md shows a compiler, a runtime and a
 * server.
 *
 * In all modes: objects are 8-aligned; their content is not to be relied on, unless they were asked
 * for zeroed; a size of 0 is taken as 1; an unknown type, a size above PTRDIFF_MAX and a lack of
 * memory are answered with NULL, and the context stays usable.
 *
 * A context is confined to one thread; there may be many, and they share nothing. */
#ifndef FIRN_CONTEXT_H
#define FIRN_CONTEXT_H

#include <firn/arena.h>
#include <firn/heap.h>
#include <firn/slab.h>

FIRN_BEGIN

typedef enum firn_mode {
    FIRN_MODE_COMPILER,
    FIRN_MODE_RUNTIME,
    FIRN_MODE_VM,
    FIRN_MODE_SERVER
} firn_mode;

/* "compiler", "runtime", "vm" or "server"; NULL for a number that is none. Static; thread-safe. */
FIRN_API const char *firn_mode_name(firn_mode mode);

/* --- the context --- */

/* The part that inlined calls use; private. Each count is 0 where its call does not apply, so that
 * comparing a type with it finds the mode and an unknown type in one step. */
typedef struct firn_context {
    uint32_t arena_types; /* types whose objects come straight from the arena */
    uint32_t slab_types;  /* the same for the slab */
    firn_heap *young;     /* where they come straight from a heap; else one without types */
    firn_heap *heap;      /* of the collected modes; else NULL */
    union {
        firn_arena arena;
        firn_slab slab;
    } from;
} firn_context;

#define FIRN_CONTEXT_LIMIT_MIN ((size_t)4096)       /* of a compiler's context */
#define FIRN_CONTEXT_MEMORY_MIN ((size_t)128 << 10) /* of a server's */
#define FIRN_CONTEXT_HEAP_MIN ((size_t)17 << 19)    /* of a runtime's or vm's: 8.5 MiB */

typedef struct firn_context_options {
    firn_mode mode;
    bool statistics; /* count the objects of each type as they are made and released; the calls of
                      * compiler and server then are some nanoseconds slower */
    bool stress;     /* runtime, vm: collect and move at every allocation: for tests, very slow */
    const firn_allocator *allocator; /* of the context, its types and a compiler's chunks; NULL: the
                                      * system's. NULL where memory is given */
    size_t limit_bytes;       /* of what objects come from, not of the context itself and its types
                               * (48 bytes each). compiler: at least 4,096; 0: none. runtime,
                               * vm: at least 4 * nursery_bytes + 8 MiB; 0: 16 GiB. server: at least
                               * 128 KiB, and not 0 unless memory is given */
    void *memory;             /* server: all there is, the context included: nothing is ever taken
                               * from anywhere else. The caller's until destroy; at any address */
    size_t memory_bytes;      /* at least 128 KiB: 16 KiB and a 256th are the slab's tables, 16 KiB
                               * the context and up to 8 types, and sizes up to 32 KiB get 16 KiB
                               * or more at a time for each class of the slab */
    size_t nursery_bytes;     /* runtime, vm: as in firn_heap_options, but 0 is less than 2 MiB
                               * where limit_bytes asks for it */
    uint64_t pause_target_ns; /* runtime, vm: as in firn_heap_options */
    size_t reserved[2];       /* must be 0 */
} firn_context_options;

/* Makes a context; options NULL: a compiler's, without a limit. FIRN_INVALID for options out of
 * range or not of the mode, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_context_create(const firn_context_options *options,
                                                        firn_context **ret_context);
/* Frees the context and all its objects, without running finalisers. context may be NULL. */
FIRN_API void firn_context_destroy(firn_context *context);

FIRN_API firn_mode firn_context_mode(const firn_context *context);

/* What lies underneath, for what only it can do, or NULL where it is something else: marks of an
 * arena; collecting, handles and weak references of a heap; releases from other threads into a
 * slab. Their allocators (firn_arena_allocator, firn_slab_allocator) put containers into the
 * context. Objects made or freed there directly, as by a rewind, are in no statistics. */
FIRN_API firn_arena *firn_context_arena(firn_context *context);
FIRN_API firn_heap *firn_context_heap(firn_context *context);
FIRN_API firn_slab *firn_context_slab(firn_context *context);

/* Registers a type, for good; all of a context's types must come from here. options are those of a
 * heap: the name (which must outlive the context), where pointers lie, and a finaliser are the same
 * in all modes, but only the collected ones use the latter two. FIRN_INVALID for contradictory
 * options, FIRN_LIMIT after 65,535 types, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_context_type_put(firn_context *context,
                                                          const firn_type_options *options,
                                                          firn_type *ret_type);

/* --- objects --- */

/* Private: what firn_arena_alloc does, but at multiples of 8: 24 bytes take 24. */
static inline void *firn_context_bump(firn_arena *arena, size_t size)
{
#ifndef FIRN_ARENA_POISONED
    uint8_t *object = arena->by_8.next;
    size_t last = (size - 1) | 7;
    if (last < (uintptr_t)arena->by_8.end - (uintptr_t)object) {
        arena->by_8.next = object + last + 1;
        return object;
    }
#endif
    return firn_arena_alloc_aligned(arena, size, 8);
}

/* [moves] What firn_context_alloc does where no short way leads. */
FIRN_API void *firn_context_alloc_slow(firn_context *context, firn_type type, size_t size);

/* [moves] Makes an object of a type. NULL when there is no memory or the limit is reached, when the
 * type is unknown, and for sizes above PTRDIFF_MAX (FIRN_HEAP_OBJECT_MAX where it is collected).
 * As the strategy underneath it: O(1) but for getting memory or collecting. */
static inline void *firn_context_alloc(firn_context *context, firn_type type, size_t size)
{
    /* Each is expected, so that it falls through: with a jump more the bump took 6 per cent longer.
     * The second compare is the one that firn_heap_alloc makes too, and made once. */
    if (__builtin_expect(type < context->arena_types, 1))
        return firn_context_bump(&context->from.arena, size);
    firn_heap *young = context->young;
    if (__builtin_expect(type < young->type_count, 1))
        return firn_heap_alloc(young, type, size);
    if (type < context->slab_types)
        return firn_slab_alloc(&context->from.slab, size);
    return firn_context_alloc_slow(context, type, size);
}

/* [moves] The same, zeroed, for count objects of size bytes in one; NULL also when the product
 * overflows. Costs nothing more where objects are collected. */
FIRN_API void *firn_context_alloc_zeroed(firn_context *context, firn_type type, size_t count,
                                         size_t size);

/* [moves] The same at a multiple of alignment, not zeroed. NULL also for an alignment that is no
 * power of two, above 4,096, or above 8 where objects move. */
FIRN_API void *firn_context_alloc_aligned(firn_context *context, firn_type type, size_t size,
                                          size_t alignment);

/* [moves] Changes the size of an object, object NULL (old_size 0) being a new one; old_size is what
 * was asked for. The content stays as far as both sizes go, what is new is not zeroed. Returns
 * where the object is now, aligned to 8; the old address is no longer to be used, unless it is the
 * same. NULL, the object staying as it was, for the reasons of firn_context_alloc, and for a type
 * with a finaliser: where objects are collected, a copy is made, and what was copied would be
 * finalised. The copy needs no root; an object that is to be used after a NULL does. */
FIRN_API void *firn_context_realloc(firn_context *context, firn_type type, void *object,
                                    size_t old_size, size_t new_size);

FIRN_API firn_status firn_context_release_slow(firn_context *context, firn_type type, void *object,
                                               size_t size);

/* Says that an object of that type and size (as asked for) is not needed any more; NULL is none.
 * server: frees it. compiler: frees it when it is the newest one, else it stays until the reset.
 * runtime, vm: nothing, since it dies when nothing refers to it. FIRN_INVALID for an unknown type,
 * and for what firn_slab_release finds to be no living object. O(1). */
static inline firn_status firn_context_release(firn_context *context, firn_type type, void *object,
                                               size_t size)
{
    if (type < context->slab_types)
        return firn_slab_release(&context->from.slab, object);
    return firn_context_release_slow(context, type, object, size);
}

/* compiler: frees all objects and keeps the memory for the next ones; O(chunks), and O(types) with
 * statistics. Other modes: FIRN_UNSUPPORTED, and nothing is changed. */
FIRN_API FIRN_NODISCARD firn_status firn_context_reset(firn_context *context);

/* --- pointers and roots: what the collected modes need, and others do without --- */

/* Stores value into a slot of object. */
static inline void firn_context_write(firn_context *context, void *object, void *slot, void *value)
{
    if (context->heap != NULL)
        firn_heap_write(context->heap, object, slot, value);
    else
        __builtin_memcpy(slot, &value, sizeof value);
}

/* Tells that pointers were stored plainly into `size` bytes from `start` of an object, as by
 * memcpy; since the last call marked [moves]. */
static inline void firn_context_wrote(firn_context *context, void *object, void *start, size_t size)
{
    if (context->heap != NULL)
        firn_heap_wrote(context->heap, object, start, size);
}

/* A frame of roots on the C stack: `count` slots, which must hold valid values by now and which a
 * call marked [moves] updates; ended in reverse order. */
static inline void firn_context_roots_begin(firn_context *context, firn_roots *frame, void **slots,
                                            size_t count)
{
    if (context->heap != NULL)
        firn_roots_begin(context->heap, frame, slots, count);
}

static inline void firn_context_roots_end(firn_context *context, firn_roots *frame)
{
    if (context->heap != NULL)
        firn_roots_end(context->heap, frame);
}

/* Makes *slot a root until it is removed; FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_context_root_put(firn_context *context, void **slot);
/* FIRN_NOT_FOUND when it is none, where roots are kept at all. */
FIRN_API FIRN_NODISCARD firn_status firn_context_root_remove(firn_context *context, void **slot);

/* --- looking at it --- */

/* Of one type. Sizes are as asked for, 0 as 1. Live are the objects that were neither released nor
 * reset; where objects are collected, those in the heap, dead ones not yet found included. Total
 * are all that were ever made; an object that grows adds what it grows by. */
typedef struct firn_context_type_stats {
    const char *name;
    uint64_t live_count, live_bytes;   /* 0 without statistics, unless objects are collected */
    uint64_t total_count, total_bytes; /* 0 without statistics */
} firn_context_type_stats;

/* Fills rows[i] for the i-th type registered, up to `capacity`; returns the number of types.
 * O(types), O(heap) where objects are collected. */
FIRN_API size_t firn_context_stats(firn_context *context, firn_context_type_stats *rows,
                                   size_t capacity);

/* live: of the strategy underneath, see its header; overhead: with the context and its types.
 * O(all) but in a compiler's context, where it is O(chunks). */
FIRN_API void firn_context_usage(firn_context *context, firn_usage *ret_usage);

typedef enum firn_report {
    FIRN_REPORT_TEXT, /* a table for people */
    FIRN_REPORT_JSON  /* an object in UTF-8: what is no UTF-8 in a name becomes U+FFFD */
} firn_report;

/* Writes usage, statistics and, where objects are collected, what the collector did as text with a
 * final NUL into a buffer of `capacity` bytes, and cuts it off where it does not fit; buffer may be
 * NULL for a capacity of 0. Figures that are not known are left out. Returns the length of the
 * whole text without the NUL, 0 for an unknown form. Allocates nothing. Complexity as both calls
 * above. */
FIRN_API size_t firn_context_report(firn_context *context, firn_report form, char *buffer,
                                    size_t capacity);

/* --- detection --- */

/* What detection goes by. */
typedef struct firn_context_facts {
    uint64_t machine_bytes; /* of memory; 0: not known, taken as 1 GiB */
    uint64_t cgroup_bytes;  /* the smallest limit of a control group over this process; 0: none */
    char mode[24];          /* the text of FIRN_MODE, cut; "": not set */
} firn_context_facts;

/* Reads the facts from /proc, the control groups and the environment. Thread-safe, as long as
 * nobody changes the environment. */
FIRN_API void firn_context_facts_get(firn_context_facts *ret_facts);

/* Picks options by the facts (NULL: those that firn_context_facts_get reads) for a program that
 * usually is what `usual` says:
 *  - FIRN_MODE names another mode. A program follows it only where it keeps to the rules above:
 *    look at ret_options->mode.
 *  - limit_bytes is three quarters of the control group's limit, where that is below the machine's
 *    memory, else half of the machine's memory.
 *  - a runtime whose limit is below 256 MiB compacts: it becomes a vm.
 * All else is as by default. FIRN_INVALID for a FIRN_MODE or `usual` that is no mode, FIRN_LIMIT
 * when the memory does not suffice for the mode; ret_error (may be NULL) then tells more. */
FIRN_API FIRN_NODISCARD firn_status firn_context_detect(const firn_context_facts *facts,
                                                        firn_mode usual,
                                                        firn_context_options *ret_options,
                                                        firn_error *ret_error);

FIRN_END

#endif
