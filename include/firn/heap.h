/* A precise generational collector for the objects of a language runtime.
 *
 * New objects are bumped off a nursery, which copying minor collections empty; what survives some
 * of them moves to an old space that is marked in small steps and swept lazily. Every object has a
 * header of 8 bytes before the address that the caller holds.
 *
 * What a user must do, and what happens otherwise:
 *  - Any call marked [moves] may collect and move objects. A pointer that is to be good afterwards
 *    must stand in a root (a frame, a handle, a root slot) or in a reachable object, which then is
 *    updated; other copies dangle.
 *  - A pointer is stored into an object by firn_heap_write; otherwise the collector may miss it and
 *    free what it points to (firn_heap_verify finds such a slot). A plain store is right only into
 *    an object of up to FIRN_HEAP_PLAIN_MAX bytes that no call marked [moves] has seen since the
 * one that made it.
 *  - A slot (in an object or a root) holds NULL, the address of an object of this heap, an address
 *    outside of the heap, or any value whose low three bits are not all 0 (a tagged number).
 *
 * A heap is confined to one thread. Objects are 8-aligned and of 1 to FIRN_HEAP_OBJECT_MAX bytes.
 */
#ifndef FIRN_HEAP_H
#define FIRN_HEAP_H

#include <firn/allocator.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_HEAP_YOUNG_MAX 8192               /* larger objects are born old */
#define FIRN_HEAP_PLAIN_MAX 32760              /* larger ones never move; see above */
#define FIRN_HEAP_OBJECT_MAX ((size_t)1 << 30) /* bytes of one object */
#define FIRN_HEAP_CARD_SHIFT 7                 /* bytes a card, as a power of two; private */
#define FIRN_HEAP_SHEET_SHIFT 13               /* bytes a sheet of cards; private */

/* --- roots --- */

/* A frame of roots on the C stack: `count` slots, which the collector reads and updates. */
typedef struct firn_roots {
    struct firn_roots *previous;
    void **slots;
    size_t count;
} firn_roots;

/* --- the heap --- */

typedef uint32_t firn_type; /* what firn_heap_type_put returned */

/* The part of a heap that inlined calls use; private. */
typedef struct firn_heap {
    uint8_t *next;       /* where the next young object goes */
    uint8_t *end;        /* how far it may reach without the slow path */
    uintptr_t cards;     /* the card of address 0, if there were one */
    uintptr_t sheets;    /* and its sheet of cards */
    firn_roots *roots;   /* the newest frame */
    uint32_t type_count; /* types below it need nothing special when an object is made */
} firn_heap;

typedef struct firn_heap_options {
    const firn_allocator *allocator; /* for types, handles, weak references; NULL: the system's */
    size_t limit_bytes;              /* of all that the heap holds; 0: 16 GiB; else at least
                                      * 4 * nursery_bytes + 8 MiB and at most 2^42 */
    size_t nursery_bytes;     /* eden and both survivor halves (an eighth each), rounded up to
                               * 64 KiB; 0: 8 MiB, or less where limit_bytes asks for it; else
                               * 128 KiB to 256 MiB. It is a bound: the part in use is chosen */
    uint64_t pause_target_ns; /* what pauses are kept below; 0: 2,000,000; else 100,000 to 2^61 */
    size_t step_bytes;        /* the most that one step marks; 0: 4 MiB; else 4,096 to 2^61 */
    uint32_t promote_age;     /* minor collections that an object survives before it is old: the
                               * last of them moves it; 0: 3; else 1 to 15. A bound, too: fewer
                               * while most of what survives does so again */
    uint32_t growth_percent;  /* how far the old space grows over what lived at the last marking
                               * before the next must be done; 0: 16 to 200, so that marking takes
                               * a seventh of the time, and 8 MiB at least; else 10 to 1,000 */
    bool fixed_nursery;       /* do not shrink the nursery to keep the pause target */
    bool no_compaction;       /* never compact, even at the limit, unless asked to */
    bool stress;              /* collect and move at every allocation: for tests, very slow */
    size_t reserved[2];       /* must be 0 */
} firn_heap_options;

/* Makes an empty heap; options may be NULL. It reserves twice its limit of address space, of which
 * little is backed by memory. FIRN_INVALID for options out of range, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_heap_create(const firn_heap_options *options,
                                                     firn_heap **ret_heap);
/* Frees the heap and all its objects, without running finalisers. heap may be NULL. */
FIRN_API void firn_heap_destroy(firn_heap *heap);

/* --- types --- */

/* Visits the slots of an object for the collector; made by it. */
typedef struct firn_tracer {
    void (*visit)(struct firn_tracer *tracer, void **slot);
} firn_tracer;

/* To be called by a trace function for each slot of its object that holds a pointer; slot is the
 * address of the slot and lies in the object. The collector may change what it holds. */
static inline void firn_trace(firn_tracer *tracer, void *slot)
{
    tracer->visit(tracer, (void **)slot);
}

/* Calls firn_trace for all slots of an object of `size` bytes (as asked for). Must not call the
 * heap, nor follow pointers, and must be right for an object whose bytes are all 0. */
typedef void (*firn_trace_fn)(void *object, size_t size, firn_tracer *tracer);

/* Called once for an object found dead, whose content is intact, after the collection, outside of
 * its pause, from a call marked [moves]; what it refers to is still there, and weak references to
 * it are cleared already. It may allocate (object is not updated then: put it in a root first) and
 * may make the object reachable again; it is not finalised twice. Finalisers run in no certain
 * order, and not when the heap is destroyed. */
typedef void (*firn_finalise_fn)(firn_heap *heap, void *object, size_t size, void *context);

typedef enum firn_type_kind {
    FIRN_TYPE_LEAF,     /* no pointers */
    FIRN_TYPE_MAP,      /* pointers at given offsets */
    FIRN_TYPE_POINTERS, /* all words are slots; a last incomplete word is not */
    FIRN_TYPE_TRACE     /* a function tells */
} firn_type_kind;

typedef struct firn_type_options {
    const char *name; /* must outlive the heap; NULL: "" */
    firn_type_kind kind;
    const uint32_t *offsets; /* FIRN_TYPE_MAP: of the slots, bytes, multiples of 8; copied. What
                              * lies beyond an object's size is left out */
    size_t offset_count;
    firn_trace_fn trace;       /* FIRN_TYPE_TRACE */
    firn_finalise_fn finalise; /* or NULL */
    void *finalise_context;
    size_t reserved[2]; /* must be 0 */
} firn_type_options;

/* Registers a type, for good. FIRN_INVALID for contradictory options, FIRN_LIMIT after 65,535
 * types, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_heap_type_put(firn_heap *heap,
                                                       const firn_type_options *options,
                                                       firn_type *ret_type);

/* --- objects --- */

/* [moves] What firn_heap_alloc does where it cannot just bump. */
FIRN_API void *firn_heap_alloc_slow(firn_heap *heap, firn_type type, size_t size);

/* [moves] Makes a zeroed object of a type; size 0 is taken as 1. NULL when the limit is reached
 * even after a full collection, when there is no memory, or when the type is unknown or the size
 * above FIRN_HEAP_OBJECT_MAX: firn_heap_status tells which. The heap stays usable. */
static inline void *firn_heap_alloc(firn_heap *heap, firn_type type, size_t size)
{
    size_t bytes = (size + 15) & ~(size_t)7;
    if (size - 1 < FIRN_HEAP_YOUNG_MAX && type < heap->type_count &&
        bytes <= (size_t)(heap->end - heap->next)) {
        uint8_t *at = heap->next;
        uint64_t header = (uint64_t)size << 32 | (uint64_t)type << 16;
        heap->next = at + bytes;
        __builtin_memcpy(at, &header, sizeof header);
        return __builtin_memset(at + sizeof header, 0, bytes - sizeof header);
    }
    return firn_heap_alloc_slow(heap, type, size);
}

/* [moves] The same, but the object never moves; it still dies when it is unreachable. Objects above
 * FIRN_HEAP_PLAIN_MAX bytes never move in any case. */
FIRN_API void *firn_heap_alloc_pinned(firn_heap *heap, firn_type type, size_t size);

/* Why the last allocation returned NULL: FIRN_LIMIT, FIRN_NO_MEMORY or FIRN_INVALID. */
FIRN_API firn_status firn_heap_status(const firn_heap *heap);

/* Bytes of an object, as asked for. */
static inline size_t firn_heap_size(const void *object)
{
    uint32_t size;
    __builtin_memcpy(&size, (const uint8_t *)object - 4, sizeof size);
    return size;
}

/* The type of an object, as firn_heap_type_put returned it. */
FIRN_API firn_type firn_heap_type(const firn_heap *heap, const void *object);

/* Stores value into a slot of object; the write barrier. slot lies in the object. */
static inline void firn_heap_write(firn_heap *heap, void *object, void *slot, void *value)
{
    (void)object;
    __builtin_memcpy(slot, &value, sizeof value);
    *(uint8_t *)(heap->cards + ((uintptr_t)slot >> FIRN_HEAP_CARD_SHIFT)) = 3;
    *(uint8_t *)(heap->sheets + ((uintptr_t)slot >> FIRN_HEAP_SHEET_SHIFT)) = 3;
}

/* Tells the heap that pointers were stored plainly into `size` bytes from `start` of an object, as
 * by memcpy; since the last call marked [moves]. */
FIRN_API void firn_heap_wrote(firn_heap *heap, void *object, void *start, size_t size);

/* --- roots, again --- */

/* Pushes a frame of `count` slots, which must hold valid values by now; popped in reverse order. */
static inline void firn_roots_begin(firn_heap *heap, firn_roots *frame, void **slots, size_t count)
{
    frame->previous = heap->roots;
    frame->slots = slots;
    frame->count = count;
    heap->roots = frame;
}

/* Pops a frame, and with it all that were pushed later: after a longjmp end the frame that was
 * begun before the setjmp. */
static inline void firn_roots_end(firn_heap *heap, firn_roots *frame)
{
    heap->roots = frame->previous;
}

/* What a root slot holds: *slot, but never read together with its neighbour. A compiler makes one
 * load of 16 bytes of two such reads, which waits for the two stores that just filled the slots:
 * 2 ns of the 9 that a node of a binary tree takes. */
static inline void *firn_root_get(void *const *slot)
{
    return *(void *const volatile *)slot;
}

/* Makes *slot a root until it is removed. FIRN_NO_MEMORY. O(1). */
FIRN_API FIRN_NODISCARD firn_status firn_heap_root_put(firn_heap *heap, void **slot);
/* FIRN_NOT_FOUND when it is none. O(count), from the newest. */
FIRN_API FIRN_NODISCARD firn_status firn_heap_root_remove(firn_heap *heap, void **slot);

/* Handles: root slots that the heap owns and frees by scopes. A handle made between begin and end
 * lives until the end; scopes nest. */
typedef size_t firn_handle_scope;
FIRN_API firn_handle_scope firn_handles_begin(firn_heap *heap);
FIRN_API void firn_handles_end(firn_heap *heap, firn_handle_scope scope);
/* A new handle that holds object; its address is good until the scope ends. NULL: no memory. */
FIRN_API void **firn_handle_get(firn_heap *heap, void *object);

/* Weak references do not keep their object alive, and are cleared before it is finalised. */
typedef struct firn_weak firn_weak;
/* NULL when there is no memory or object is no object of this heap. */
FIRN_API firn_weak *firn_weak_create(firn_heap *heap, void *object);
/* The object, or NULL once it has been found dead. */
FIRN_API void *firn_weak_get(const firn_weak *weak);
/* Not necessary before the heap is destroyed, which frees them too. weak may be NULL. */
FIRN_API void firn_weak_destroy(firn_heap *heap, firn_weak *weak);

/* --- collecting --- */

typedef enum firn_collection {
    FIRN_COLLECT_MINOR,  /* the nursery */
    FIRN_COLLECT_FULL,   /* everything that is unreachable, at once; all young objects become old */
    FIRN_COLLECT_COMPACT /* the same, and sparse blocks of the old space are emptied */
} firn_collection;

/* [moves] Collects now, in one pause, and runs finalisers. FIRN_INVALID for another kind;
 * FIRN_LIMIT or FIRN_NO_MEMORY when the heap holds too much to be allocated from afterwards. */
FIRN_API FIRN_NODISCARD firn_status firn_heap_collect(firn_heap *heap, firn_collection kind);

/* [moves] Does a bounded piece of the work in hand (sweeping, marking, giving memory back, one
 * finaliser). For a program that has nothing else to do. Returns whether there is more. */
FIRN_API bool firn_heap_step(firn_heap *heap);

/* --- looking at it --- */

#define FIRN_HEAP_PAUSE_SLOTS 128

/* Pauses by length: slot i counts those of at least firn_heap_pause_ns(i), below that of i + 1. */
typedef struct firn_heap_pauses {
    uint64_t count, total_ns, longest_ns;
    uint64_t slots[FIRN_HEAP_PAUSE_SLOTS];
} firn_heap_pauses;

typedef struct firn_heap_stats {
    uint64_t minor_count, full_count, compact_count;
    uint64_t mark_count;     /* markings of the old space finished, those of full ones too */
    uint64_t step_count;     /* of incremental marking */
    uint64_t young_bytes;    /* in the nursery now, headers included */
    uint64_t old_bytes;      /* cells of old objects, dead ones not yet found included */
    uint64_t live_bytes;     /* of old_bytes, what the last marking found */
    uint64_t goal_bytes;     /* old_bytes at which the present or next marking should be done */
    uint64_t eden_bytes;     /* of the nursery in use, as resized */
    uint64_t growth_percent; /* of the old space until the next marking, as chosen */
    uint64_t copied_bytes;   /* within the nursery, in all */
    uint64_t promoted_bytes; /* into the old space, in all */
    uint64_t moved_bytes;    /* by compaction, in all */
    uint64_t marked_bytes;   /* in all */
    uint64_t finalised_count, weak_cleared_count;
    uint64_t block_bytes;   /* of blocks in use */
    uint64_t spare_bytes;   /* of free blocks still backed by memory */
    firn_heap_pauses minor; /* minor collections alone */
    firn_heap_pauses all;   /* every pause of any kind, as the program feels it */
} firn_heap_stats;

FIRN_API void firn_heap_stats_get(const firn_heap *heap, firn_heap_stats *ret_stats);
/* The shortest pause that slot counts, ns. */
FIRN_API uint64_t firn_heap_pause_ns(size_t slot);
/* The length that `percent` per cent of the pauses stay at or below, to 25 %; 0: none yet. */
FIRN_API uint64_t firn_heap_pause_percentile(const firn_heap_pauses *pauses, double percent);

/* Calls visit for every object, dead ones not yet found included, until it returns false. It must
 * not call the heap, except for firn_heap_size and firn_heap_type. */
typedef bool (*firn_heap_visit_fn)(void *context, void *object, firn_type type, size_t size);
FIRN_API void firn_heap_visit(firn_heap *heap, firn_heap_visit_fn visit, void *context);

/* Objects of one type. */
typedef struct firn_type_stats {
    const char *name;
    uint64_t count;
    uint64_t bytes; /* as asked for */
} firn_type_stats;
/* Fills rows[i] for the i-th type registered, up to `capacity`, by a walk over all objects; returns
 * the number of types. */
FIRN_API size_t firn_heap_type_stats(firn_heap *heap, firn_type_stats *rows, size_t capacity);

/* live: bytes asked for; resident: estimated by what was in use. Walks all objects. */
FIRN_API void firn_heap_usage(firn_heap *heap, firn_usage *ret_usage);

/* Checks every invariant of the heap, and that no store went round firn_heap_write. FIRN_CORRUPT
 * with the first thing wrong, FIRN_NO_MEMORY. O(heap). */
FIRN_API FIRN_NODISCARD firn_status firn_heap_verify(firn_heap *heap, firn_error *ret_error);

FIRN_END

#endif
