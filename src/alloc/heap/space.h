/* The layout of a heap, and how to get about in it; all files of the heap include this, and nothing
 * of it calls back up.
 *
 *   base                          old_base                                   limit of the range
 *   | survivor 0 | eden | survivor 1 | block 0 | block 1 | ...                          |
 *
 *   object    header (8 bytes), payload; an address of an object is that of its payload
 *   block     64 KiB of the old space: cells of one size, or the head or tail of a large object
 *   chunk     64 blocks, made usable at once; a word of the bit maps of blocks
 *   bin       a size of cells, with the blocks that have free ones; small objects without slots
 *             have bins of their own, so that marking never looks at them
 *   card      128 bytes of the range; its byte says whether a slot there was written (CARD_*)
 *   sheet     64 cards; its byte has each bit that a card of it has
 *   live bits of a block: its alloc bits if it was swept since the last marking, else its mark bits
 */
#ifndef FIRN_ALLOC_HEAP_SPACE_H
#define FIRN_ALLOC_HEAP_SPACE_H

#include <firn/heap.h>

#include <assert.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIRN_HEAP_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_HEAP_POISONED 1
#endif
#endif

#ifdef FIRN_HEAP_POISONED
#include <sanitizer/asan_interface.h>
#define EVERY_OBJECT true /* takes the slow path */
#define HEAP_POISON(start, size) ASAN_POISON_MEMORY_REGION(start, size)
#define HEAP_UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION(start, size)
#else
#define EVERY_OBJECT false
#define HEAP_POISON(start, size) ((void)(start), (void)(size))
#define HEAP_UNPOISON(start, size) ((void)(start), (void)(size))
#endif

#define BLOCK_SHIFT 16
#define BLOCK_BYTES ((size_t)1 << BLOCK_SHIFT)
#define CHUNK_BLOCKS 64
#define CARD_SHIFT FIRN_HEAP_CARD_SHIFT
#define CARD_BYTES ((size_t)1 << CARD_SHIFT)
#define BLOCK_CARDS (BLOCK_BYTES >> CARD_SHIFT)
#define SHEET_SHIFT FIRN_HEAP_SHEET_SHIFT
#define SHEET_BYTES ((size_t)1 << SHEET_SHIFT)
#define SHEET_CARDS (SHEET_BYTES >> CARD_SHIFT) /* a line of the cache */
#define BLOCK_SHEETS (BLOCK_BYTES >> SHEET_SHIFT)
_Static_assert(BLOCK_SHEETS % sizeof(uint64_t) == 0, "dirty bytes are sought by words");
#define MAP_WORDS 64 /* of one bit map of a block: 4,096 cells of 16 bytes */
#define CELL_MAX ((size_t)32768)
_Static_assert(CELL_MAX - 8 == FIRN_HEAP_PLAIN_MAX, "a header is 8 bytes");
#define SIZE_COUNT 65
#define LEAF_SIZE_COUNT 24 /* up to 256 bytes: larger ones cost little for their bytes */
#define BIN_COUNT (SIZE_COUNT + LEAF_SIZE_COUNT)
#define NO_BLOCK UINT32_MAX
#define EDEN_MIN ((size_t)64 << 10) /* bytes; the least nursery has an eden of 96 KiB */

/* A card's byte, and a sheet's. The write barrier sets both bits. */
#define CARD_YOUNG 1  /* may hold pointers to young objects */
#define CARD_MARKED 2 /* written since the marking looked */
#define CARD_BOTH 3

/* A header: bit 0 forwarded (the rest is the new address), 1 pinned, 2 to 7 spare, 8 to 11 age,
 * 12 to 15 spare, 16 to 31 type, 32 to 63 size in bytes. */
typedef uint64_t header_word;
#define HEADER_BYTES 8
_Static_assert(sizeof(header_word) == HEADER_BYTES, "a header is 8 bytes");
#define HEADER_FORWARDED ((header_word)1)
#define HEADER_PINNED ((header_word)2)
#define HEADER_AGE_SHIFT 8
#define HEADER_AGE ((header_word)15 << HEADER_AGE_SHIFT)

#define TYPE_FINAL 0x10000 /* in a firn_type: it has a finaliser, so objects take the slow path */

struct type {
    const char *name;
    uint32_t kind;
    uint32_t extent; /* the end of the last slot of a map */
    uint32_t *offsets;
    size_t offset_count;
    firn_trace_fn trace;
    firn_finalise_fn finalise;
    void *context;
    uint64_t bits; /* where all slots lie in the first 64 words: a bit a slot; else 0 */
};
_Static_assert(sizeof(struct type) == 64, "a type is found by a shift");

enum block_kind { BLOCK_FREE, BLOCK_CELLS, BLOCK_LARGE, BLOCK_TAIL };

struct block {
    uint32_t cell_bytes; /* of a large object: all its blocks' */
    uint32_t reciprocal; /* 2^32 / cell_bytes, rounded up; 0 for a large object */
    uint32_t epoch;      /* of the last sweep */
    uint32_t next;       /* in its bin's list, or NO_BLOCK */
    union {
        uint32_t head; /* of a tail: its large object's block */
        uint32_t span; /* of a large object: its blocks */
    };
    uint16_t cell_count;
    uint16_t live;      /* set alloc bits */
    uint8_t kind;       /* enum block_kind */
    uint8_t bin;        /* its index */
    uint8_t overflowed; /* a marked object in it was not pushed */
    uint8_t evacuating; /* compaction empties it */
    uint8_t leaf;       /* its objects have no slots */
    uint8_t spare[3];
};
_Static_assert(sizeof(struct block) == 32, "a descriptor is 32 bytes");

/* Bytes of the tables for a block. */
#define BLOCK_TABLES                                                                               \
    (sizeof(struct block) + 2 * MAP_WORDS * sizeof(uint64_t) + BLOCK_CARDS + BLOCK_SHEETS)

/* Cells are taken off a run of free ones that adjoin; those from `noted` to `at` have no alloc bits
 * yet. */
struct bin {
    uint8_t *at, *end, *noted;
    uint32_t cell_bytes;
    uint32_t current;   /* block, or NO_BLOCK */
    uint32_t next_cell; /* of it, after the run */
    uint32_t first;     /* of the list of swept blocks with free cells */
};

struct firn_weak {
    void *target;
    firn_weak *next, **link; /* in the list of young or old ones, or of cleared ones */
};

#define HANDLE_CHUNK 254
typedef struct handle_chunk {
    struct handle_chunk *previous, *next;
    void *slots[HANDLE_CHUNK];
} handle_chunk;

/* A list of objects that grows; room is made before it is needed. */
typedef struct object_list {
    void **items;
    size_t count, capacity;
} object_list;

enum phase { PHASE_IDLE, PHASE_MARK };

struct heap {
    firn_heap front; /* first, so that a firn_heap * is a heap * */
    const firn_allocator *allocator;

    /* the range */
    void *range, *side; /* mappings: objects; tables */
    size_t range_bytes, side_bytes;
    uintptr_t base, old_base;
    size_t nursery_bytes, survivor_bytes;
    uint8_t *cards;        /* a byte a card of the whole range */
    uint8_t *sheets;       /* a byte a sheet */
    struct block *blocks;  /* a descriptor a block */
    uint64_t *maps;        /* a block: MAP_WORDS mark bits, then MAP_WORDS alloc bits */
    uint64_t *free_blocks; /* a bit a block: neither in use nor beyond the frontier */
    uint64_t *warm_blocks; /* of those, the ones backed by memory */
    size_t page_bytes;

    /* blocks */
    uint32_t block_max;   /* of the range */
    uint32_t frontier;    /* blocks below it are usable; a multiple of CHUNK_BLOCKS */
    uint32_t block_limit; /* of used ones */
    uint32_t reserve;     /* free ones kept for the next minor collection */
    uint32_t used, free_count, warm_count;
    uint32_t used_lately; /* the most of `used`; an eighth of the way down to it at each marking */
    uint32_t take_hint;   /* a word of free_blocks; none before it has a bit */
    uint64_t cold_taken;  /* blocks without memory, ever */
    uint64_t fault_ns;    /* of a page that the kernel gives memory to */
    bool trimming;        /* there may be much to give back */

    /* the nursery */
    uint8_t *eden, *eden_end, *eden_limit; /* the last as resized */
    uint8_t *survivors[2];
    unsigned from; /* which survivor half is in use */
    uint8_t *from_end;
    uint8_t *eden_touched; /* the highest that eden_limit was */
    size_t copied_most;    /* bytes in use of a survivor half, at most */
    uint8_t *window;       /* how far to allocate before the next step */
    bool closed;           /* the limit allows no young objects */
    uint64_t kept_cost_ns; /* of a KiB that survives; 0: not known yet */
    uint32_t tenure;       /* promote_age, or less while many survive */
    uint32_t tenure_rest;  /* collections before it may rise */

    /* the old space */
    struct bin bins[BIN_COUNT];
    uint8_t bin_of[CELL_MAX / 8 + 1]; /* by the words of an object, header included */
    uint32_t epoch;                   /* of blocks swept since the last marking */
    uint32_t sweep_at, sweep_end;     /* blocks between may be unswept */
    size_t old_bytes, live_bytes, goal_bytes, trigger_bytes;
    uint64_t old_allocated; /* bytes, ever */

    /* marking */
    enum phase phase;
    void **stack; /* reserved for stack_max entries */
    size_t stack_count, stack_capacity, stack_max;
    bool overflowed;
    size_t marked_bytes;   /* of this marking */
    uint64_t paced_at;     /* old_allocated at the last step */
    size_t clean_at;       /* the sheet where precleaning goes on; 0: at the first */
    bool cleaning;         /* nothing is grey but for what is written: steps are close together */
    size_t expected_bytes; /* to be marked */
    size_t owed_bytes;     /* of those, what should have been marked by now */
    uint64_t started_at;   /* old_allocated when it began */
    size_t runway_bytes;   /* to be allocated from the beginning of the next to its goal */
    uint64_t mark_ns;      /* worked for it */
    uint64_t finished_ns,
        finished_at; /* when the last was finished: the thread's clock, old_allocated */

    /* roots and tables */
    struct type *types;
    size_t types_capacity;
    void ***globals;
    size_t global_count, global_capacity;
    handle_chunk *handles, *handles_first;
    size_t handle_count;
    firn_weak *weak_young, *weak_old, *weak_cleared;
    object_list final_young, final_old, final_due;
    bool finalising;

    /* options, status, figures */
    size_t limit_bytes, step_bytes;
    uint64_t pause_target_ns;
    uint32_t promote_age;
    uint32_t growth_percent, growth; /* as asked for, or 0; as chosen */
    bool fixed_nursery, no_compaction, stress;
    uint32_t stress_count;
    firn_status status;
    uint64_t pause_start, minor_ns;
    unsigned pause_depth;
    firn_heap_stats stats;
};

static inline struct heap *heap_of(firn_heap *front)
{
    return (struct heap *)front;
}

/* --- objects --- */

static inline header_word *header_of(void *object)
{
    return (header_word *)object - 1;
}

static inline size_t header_size(header_word of)
{
    return (size_t)(of >> 32);
}

/* Bytes of an object with its header. */
static inline size_t header_bytes(header_word of)
{
    return (header_size(of) + HEADER_BYTES + 7) & ~(size_t)7;
}

static inline const struct type *header_type(const struct heap *heap, header_word of)
{
    return &heap->types[(of >> 16) & 0xffff];
}

static inline bool type_is_leaf(const struct heap *heap, header_word of)
{
    return header_type(heap, of)->kind == FIRN_TYPE_LEAF;
}

#define BITS_BYTES 512 /* of an object whose slots are told by bits */

/* The slots of an object of `size` bytes, a bit a word; 0: it has none, or they must be found by
 * its kind. */
static inline uint64_t slot_bits(const struct type *type, size_t size)
{
    if (size > BITS_BYTES)
        return 0;
    return size >= type->extent ? type->bits : type->bits & (((uint64_t)1 << size / 8) - 1);
}

static inline header_word header_make(firn_type type, size_t size)
{
    return (header_word)size << 32 | (header_word)(type & 0xffff) << 16;
}

static inline bool is_young(const struct heap *heap, const void *object)
{
    return (uintptr_t)object - heap->base < heap->nursery_bytes && ((uintptr_t)object & 7) == 0;
}

static inline bool is_old(const struct heap *heap, const void *object)
{
    return (uintptr_t)object - heap->old_base < (size_t)heap->frontier << BLOCK_SHIFT &&
           ((uintptr_t)object & 7) == 0;
}

/* --- cards --- */

static inline uint8_t *card_of(const struct heap *heap, const void *slot)
{
    return heap->cards + (((uintptr_t)slot - heap->base) >> CARD_SHIFT);
}

static inline uint8_t *sheet_of(const struct heap *heap, const void *slot)
{
    return heap->sheets + (((uintptr_t)slot - heap->base) >> SHEET_SHIFT);
}

/* Notes that what the card bit `bit` says may be so of the slot. */
static inline void dirty_slot(const struct heap *heap, const void *slot, uint8_t bit)
{
    *card_of(heap, slot) |= bit;
    *sheet_of(heap, slot) |= bit;
}

/* The first byte from `at` on that has the bit; `end`, a multiple of 8, when there is none. */
static inline size_t next_dirty(const uint8_t *bytes, size_t at, size_t end, uint8_t bit)
{
    uint64_t word, bits = ~(uint64_t)0 / 255 * bit;
    for (; at < end; at++) {
        if (at % sizeof word == 0) {
            memcpy(&word, bytes + at, sizeof word);
            if (!(word & bits)) {
                at += sizeof word - 1;
                continue;
            }
        }
        if (bytes[at] & bit)
            return at;
    }
    return end;
}

/* The first sheet of the old space, and the one after its last. */
static inline size_t first_sheet(const struct heap *heap)
{
    return heap->nursery_bytes >> SHEET_SHIFT;
}

static inline size_t end_sheet(const struct heap *heap)
{
    return first_sheet(heap) + (size_t)heap->frontier * BLOCK_SHEETS;
}

/* --- blocks and cells --- */

static inline uint8_t *block_start(const struct heap *heap, uint32_t index)
{
    return (uint8_t *)heap->old_base + ((size_t)index << BLOCK_SHIFT);
}

static inline uint32_t block_index(const struct heap *heap, const void *at)
{
    return (uint32_t)(((uintptr_t)at - heap->old_base) >> BLOCK_SHIFT);
}

static inline uint64_t *mark_bits(const struct heap *heap, uint32_t index)
{
    return heap->maps + (size_t)index * 2 * MAP_WORDS;
}

static inline uint64_t *alloc_bits(const struct heap *heap, uint32_t index)
{
    return mark_bits(heap, index) + MAP_WORDS;
}

static inline uint64_t *live_bits(const struct heap *heap, uint32_t index)
{
    return heap->blocks[index].epoch == heap->epoch ? alloc_bits(heap, index)
                                                    : mark_bits(heap, index);
}

/* The cell of an offset within its block. */
static inline uint32_t cell_at(const struct block *block, size_t offset)
{
    return (uint32_t)(((uint64_t)offset * block->reciprocal) >> 32);
}

static inline uint32_t cell_of(const struct heap *heap, const void *object, uint32_t index)
{
    size_t offset = ((uintptr_t)object - HEADER_BYTES) & (BLOCK_BYTES - 1);
    return cell_at(&heap->blocks[index], offset);
}

static inline void *cell_object(const struct heap *heap, uint32_t index, uint32_t cell)
{
    return block_start(heap, index) + (size_t)cell * heap->blocks[index].cell_bytes + HEADER_BYTES;
}

static inline uint32_t map_words(const struct block *block)
{
    return ((uint32_t)block->cell_count + 63) / 64;
}

static inline bool is_marked(const struct heap *heap, const void *object)
{
    uint32_t index = block_index(heap, object), cell = cell_of(heap, object, index);
    return mark_bits(heap, index)[cell / 64] >> (cell % 64) & 1;
}

#endif
