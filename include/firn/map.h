/* Ordered maps that are small at every size: B+ trees whose handle is 16 bytes, which take no
 * memory while empty, one exact block while small, and nodes of exact sizes afterwards.
 *
 * All kinds of keys have the same calls. A `key` parameter points to
 *     FIRN_KEY_U32     a uint32_t
 *     FIRN_KEY_U64     a uint64_t
 *     FIRN_KEY_BYTES   a firn_bytes: any bytes, up to FIRN_MAP_KEY_MAX, in the order of memcmp, a
 *                      prefix before what it begins
 *     FIRN_KEY_FIXED   key_bytes bytes, in the order of a comparator
 * and is copied; it need not be aligned. Values have a fixed size, 0 for a set, and are aligned to
 * the largest power of two that divides it, up to 8. Value pointers that calls return are good
 * until the next call that may change the map, be it only for another value.
 *
 * A map is confined to one thread while it changes; while nobody changes it, any number of threads
 * may read. Follows Bayer and McCreight (1972) with the B+ tree's leaves. */
#ifndef FIRN_MAP_H
#define FIRN_MAP_H

#include <firn/allocator.h>
#include <firn/bytes.h>
#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

#define FIRN_MAP_KEY_MAX 65535u  /* bytes of a key of any kind */
#define FIRN_MAP_FIXED_MAX 256u  /* bytes of a key of FIRN_KEY_FIXED */
#define FIRN_MAP_VALUE_MAX 1024u /* bytes of a value */

/* --- what maps have in common --- */

typedef enum firn_key_kind {
    FIRN_KEY_U32,
    FIRN_KEY_U64,
    FIRN_KEY_BYTES,
    FIRN_KEY_FIXED
} firn_key_kind;

/* Below 0, 0 or above 0 as *a comes before, is or comes after *b: a total order that does not
 * change while keys are in a map. Must not touch the map. Any answers are safe, but with answers
 * that are no order keys are not found again, and firn_map_verify says so. */
typedef int (*firn_compare_fn)(const void *a, const void *b, void *context);

typedef struct firn_map_type_options {
    firn_key_kind key;
    size_t key_bytes;        /* FIRN_KEY_FIXED: 1 to 256; else 0 */
    size_t value_bytes;      /* 0 to FIRN_MAP_VALUE_MAX */
    firn_compare_fn compare; /* FIRN_KEY_FIXED: NULL is the order of memcmp; else NULL */
    void *compare_context;
    const firn_allocator *allocator; /* NULL: the system's */
    size_t node_bytes;  /* the largest node; 0: 4,096 or more, as the sizes need; else 64 to 32,768,
                         * at least what four entries take, of which a multiple of 64 is made */
    size_t reserved[2]; /* must be 0 */
} firn_map_type_options;

typedef struct firn_map_type firn_map_type;

/* Makes a type; it must outlive the maps made of it, and may be shared between threads as its
 * allocator may. FIRN_INVALID, FIRN_NO_MEMORY. */
FIRN_API FIRN_NODISCARD firn_status firn_map_type_create(const firn_map_type_options *options,
                                                         firn_map_type **ret_type);
/* type may be NULL. */
FIRN_API void firn_map_type_destroy(firn_map_type *type);

/* --- maps --- */

/* Private, but here, so that it can lie in the caller's memory; may be moved by memcpy. */
typedef struct firn_map {
    const firn_map_type *type;
    void *content; /* NULL: empty; else the small block or the tree */
} firn_map;

/* Makes an empty map; allocates nothing. */
FIRN_API void firn_map_init(firn_map *map, const firn_map_type *type);
/* Frees all memory; the map is as if zeroed. Also for a zeroed struct. Builds with assertions stop
 * at any other call with such a map; in others it is FIRN_INVALID, as a map that is NULL, or empty.
 */
FIRN_API void firn_map_fini(firn_map *map);

FIRN_API uint64_t firn_map_count(const firn_map *map);

/* The value of a key; NULL when there is none. In a set, some pointer that is not NULL. */
FIRN_API void *firn_map_get(const firn_map *map, const void *key);

/* Sets the value of a key (NULL: zeros), new or not. FIRN_NO_MEMORY; FIRN_LIMIT for a key that is
 * too long, more nodes than references have numbers for (2^31 at most) or more than
 * FIRN_MAP_HEIGHT_MAX levels; the map is then as it was. FIRN_INVALID when map or key is NULL. */
FIRN_API FIRN_NODISCARD firn_status firn_map_put(firn_map *map, const void *key, const void *value);
/* The same for a new key; FIRN_EXISTS, with nothing changed, when it is there. */
FIRN_API FIRN_NODISCARD firn_status firn_map_put_new(firn_map *map, const void *key,
                                                     const void *value);
/* Finds a key or adds it with a zeroed value, in one descent; *ret_value is its value, ret_new (may
 * be NULL) says whether it was added. Fails as firn_map_put. */
FIRN_API FIRN_NODISCARD firn_status firn_map_entry(firn_map *map, const void *key, void **ret_value,
                                                   bool *ret_new);

/* Removes a key: FIRN_OK or FIRN_NOT_FOUND. Never needs memory. */
FIRN_API firn_status firn_map_remove(firn_map *map, const void *key);
/* The same, and copies its value to ret_value (value_bytes; may be NULL for a set). */
FIRN_API firn_status firn_map_take(firn_map *map, const void *key, void *ret_value);
/* Removes all keys from `from` on (NULL: the first) and below `to` (NULL: no end), which must not
 * lie in the map, as a cursor's key may; returns how many they were. */
FIRN_API uint64_t firn_map_remove_range(firn_map *map, const void *from, const void *to);
/* Removes all, and gives the memory back. */
FIRN_API void firn_map_clear(firn_map *map);

/* Makes a copy that shares nothing, of the same type, in an uninitialised map, its nodes full.
 * FIRN_NO_MEMORY; *ret_copy is then an empty map. */
FIRN_API FIRN_NODISCARD firn_status firn_map_clone(const firn_map *map, firn_map *ret_copy);

/* Gives the next entry for firn_map_load_sorted: sets *ret_key and *ret_value (NULL: zeros), which
 * must be good until its next call. Returns false after the last. */
typedef bool (*firn_map_source_fn)(void *context, const void **ret_key, const void **ret_value);
/* Fills an empty map from entries in strictly ascending order, nodes full. FIRN_INVALID for keys
 * out of order or twice, or a map that is not empty; FIRN_NO_MEMORY, FIRN_LIMIT; the map is then
 * empty (or as it was). */
FIRN_API FIRN_NODISCARD firn_status firn_map_load_sorted(firn_map *map, firn_map_source_fn source,
                                                         void *context);

/* Moves all entries into full nodes, where that saves memory. FIRN_NO_MEMORY; the map is then as it
 * was. */
FIRN_API FIRN_NODISCARD firn_status firn_map_shrink(firn_map *map);

/* --- cursors --- */

#define FIRN_MAP_HEIGHT_MAX 24

/* Private: where a key is put together that does not lie in one piece. */
typedef struct firn_key_room {
    firn_bytes bytes;
    uint8_t text[FIRN_MAP_FIXED_MAX];
} firn_key_room;

/* A place in a map: at an entry, or at none. In the caller's memory; needs no end; may be copied,
 * but for its key. A change of the map makes it invalid, except through the cursor itself; use with
 * a changed map is FIRN_CHANGED where that is noticed (always, but for a multiple of 65,536 changes
 * to a map of one block, and maps that were cleared in between) and must be followed by a new
 * search. Private but for key and value. */
typedef struct firn_map_cursor {
    const void *key; /* of the entry, as a key parameter; valid until the cursor moves; or NULL */
    void *value;
    const firn_map *map;
    uint64_t version;
    void *leaf;
    uint32_t leaf_bytes;
    uint32_t height;                    /* 0: at no entry */
    uint32_t path[FIRN_MAP_HEIGHT_MAX]; /* nodes from the root */
    uint16_t at[FIRN_MAP_HEIGHT_MAX];   /* and the entry in each */
    firn_key_room room;
} firn_map_cursor;

/* Puts a cursor at no entry; a map may be changed under it until it is placed. */
FIRN_API void firn_map_cursor_init(firn_map_cursor *cursor, const firn_map *map);
/* Each places the cursor: FIRN_OK, FIRN_NOT_FOUND when there is no such entry (it then is at none),
 * FIRN_CHANGED for next and previous.
 * floor: the last entry at or before key. ceiling: the first at or after it. */
FIRN_API FIRN_NODISCARD firn_status firn_map_first(firn_map_cursor *cursor);
FIRN_API FIRN_NODISCARD firn_status firn_map_last(firn_map_cursor *cursor);
FIRN_API FIRN_NODISCARD firn_status firn_map_seek(firn_map_cursor *cursor, const void *key);
FIRN_API FIRN_NODISCARD firn_status firn_map_floor(firn_map_cursor *cursor, const void *key);
FIRN_API FIRN_NODISCARD firn_status firn_map_ceiling(firn_map_cursor *cursor, const void *key);
FIRN_API FIRN_NODISCARD firn_status firn_map_next(firn_map_cursor *cursor);
FIRN_API FIRN_NODISCARD firn_status firn_map_previous(firn_map_cursor *cursor);
/* Removes the entry and goes to the next one; FIRN_NOT_FOUND when it was the last. */
FIRN_API FIRN_NODISCARD firn_status firn_map_cursor_remove(firn_map *map, firn_map_cursor *cursor);

/* Calls visit for the entries from `from` on (NULL: the first) and below `to` (NULL: no end), until
 * it returns false. Faster than a cursor. visit may change values, not the map. */
typedef bool (*firn_map_visit_fn)(void *context, const void *key, void *value);
FIRN_API FIRN_NODISCARD firn_status firn_map_visit(const firn_map *map, const void *from,
                                                   const void *to, firn_map_visit_fn visit,
                                                   void *context);

/* --- looking at it --- */

/* live: keys and values as given, at most reserved, though keys of bytes may take less than they
 * have; resident is taken as reserved. O(nodes). */
FIRN_API void firn_map_usage(const firn_map *map, firn_usage *ret_usage);

typedef struct firn_map_stats {
    uint32_t height; /* levels of nodes; 0: empty, 1: one block or leaf */
    uint64_t leaf_count, inner_count;
    uint64_t node_bytes;   /* of all nodes' slots */
    uint64_t filled_bytes; /* of them, in use */
} firn_map_stats;
FIRN_API void firn_map_stats_get(const firn_map *map, firn_map_stats *ret_stats);

/* Checks every invariant: FIRN_OK, or FIRN_CORRUPT with the first thing wrong, keys out of order by
 * the comparator among them. O(n). */
FIRN_API FIRN_NODISCARD firn_status firn_map_verify(const firn_map *map, firn_error *ret_error);

FIRN_END

#endif
