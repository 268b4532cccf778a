/* The mappings of a process: what /proc/PID/maps and smaps say, and what an image keeps of it.
 * Nothing is allocated. Thread-safe.
 */
#ifndef FIRN_REGION_PROCESS_MAPS_H
#define FIRN_REGION_PROCESS_MAPS_H

#include <firn/status.h>

typedef enum firn_mapping_kind {
    FIRN_MAPPING_ANONYMOUS = 0, /* private, zero where untouched; the heap too */
    FIRN_MAPPING_TEMPLATE = 1,  /* private, of the template's file */
    FIRN_MAPPING_FILE = 2,      /* private, of another file */
    FIRN_MAPPING_STACK = 3,     /* of the only thread */
    FIRN_MAPPING_SHARED = 4,    /* left alone */
    FIRN_MAPPING_SPECIAL = 5,   /* of the kernel: vdso, vvar, vsyscall; left alone */
    FIRN_MAPPING_WINDOW = 6,    /* of the template's own; left alone */
} firn_mapping_kind;

enum {
    FIRN_MAPPING_READ = 1,
    FIRN_MAPPING_WRITE = 2,
    FIRN_MAPPING_EXECUTE = 4,
    FIRN_MAPPING_RIGHTS = 7, /* as mprotect takes them */
};
enum {
    /* smaps tells something of it that a mapping made anew would lack: locked, wiped on fork, huge
     * pages of their own, ... */
    FIRN_MAPPING_PECULIAR = 1,
};

/* As the format has it, little-endian. */
typedef struct firn_mapping {
    uint64_t start, end; /* whole pages */
    uint64_t offset;     /* in the file, where there is one */
    uint64_t inode;      /* 0: no file */
    uint32_t device;     /* major << 20 | minor */
    uint8_t rights, kind, flags, reserved;
    uint32_t name_at, name_bytes; /* in a text beside */
} firn_mapping;
_Static_assert(sizeof(firn_mapping) == 48, "the format has 48 bytes");

/* Reads the text of maps or smaps. Every mapping gets the kind that the text alone tells. The
 * mappings come in order and do not overlap, or the text is FIRN_CORRUPT; FIRN_LIMIT when there are
 * more than capacity. */
FIRN_NODISCARD firn_status firn_maps_parse(const char *text, size_t size, firn_mapping *mappings,
                                           size_t capacity, size_t *ret_count);

/* Whether a mapping's pages may be a part of an image. */
static inline bool firn_mapping_is_private(const firn_mapping *mapping)
{
    return mapping->kind <= FIRN_MAPPING_STACK;
}

/* Whether what is mapped at address in both is the same but for rights. */
bool firn_mapping_same_content(const firn_mapping *a, const firn_mapping *b, uint64_t address);

/* The first of the mappings that ends behind address, count where there is none. */
size_t firn_maps_find(const firn_mapping *mappings, size_t count, uint64_t address);

#endif
