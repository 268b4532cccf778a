/* Checkpoint and restore of the calling process's own pages: a process that will not be needed for
 * a while is packed into an image of a few kilobytes and goes on as a husk, or ends; the image
 * brings it back, in the husk or in a new child of the same parent, with every pointer, its stack
 * and its registers as they were.
 *
 *     zygote:  firn_process_template_create, then fork for each process
 *     child:   firn_process_hibernate, whose `husk` function hands the image out, waits, and gives
 *              an image back; after that the call returns as if nothing had been
 *     later:   a new fork of the zygote calls firn_process_rebuild with the image
 *
 * What you must not do, and what then happens (docs/processes.md says more):
 *   - Threads: none, in the zygote nor in a child; a call is FIRN_BUSY where there are any.
 *   - What lies in the kernel is not a part of the image: descriptors, locks, timers, the working
 *     folder, children. A husk keeps them. A rebuilt process has those of the new child and opens
 *     its own again when firn_process_hibernate returns with `rebuilt` set.
 *   - Private memory that the zygote had when the template was made is a mapping of the template's
 *     file from then on. madvise(MADV_DONTNEED) on it gives the template's bytes back, not zeros.
 *     An allocator that takes zeros for granted there needs its ranges among `kept`, or must be
 *     started after the fork. The C library's malloc does not.
 *   - Ids cached by the program (getpid() kept in a variable) are those of the packed process. The
 *     C library's own are set right.
 *   - Linux on x86-64 only, and no build with AddressSanitizer or ThreadSanitizer, else it is
 *     FIRN_UNSUPPORTED.
 *
 * Threads: a process with one thread calls these. */
#ifndef FIRN_PROCESS_H
#define FIRN_PROCESS_H

#include <firn/status.h>
#include <firn/usage.h>

FIRN_BEGIN

/* A process that a restore had to give up halfway ends with this exit status. */
#define FIRN_PROCESS_LOST 117

/* --- the zygote --- */

/* The memory of the zygote as its children and their images see it. Plain data: valid in the
 * zygote, in its children and in their rebuilt successors. */
typedef struct firn_process_template firn_process_template;

typedef struct firn_process_range {
    const void *start;
    size_t size;
} firn_process_range;

typedef struct firn_process_template_options {
    const firn_process_range *kept; /* mappings that touch one of these stay what they are; images
                                       hold what lies there in full */
    size_t kept_count;
    size_t window_bytes; /* address space for packing and restoring, from 64 MiB: three times the
                            private pages of a child. 0: 4 GiB */
    uint64_t reserved[4];
} firn_process_template_options;

/* Copies the calling process's private pages into a sealed file in memory and maps them from there,
 * at the same addresses, so that they exist once for all children. The process goes on as it was;
 * also after an error, where a part of its pages may already lie in a file. What it writes later is
 * its children's, too, and no part of the template. Calling it again makes another one. FIRN_BUSY,
 * FIRN_UNSUPPORTED, FIRN_INVALID, FIRN_NO_MEMORY, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status
firn_process_template_create(const firn_process_template_options *options,
                             firn_process_template **ret_template, firn_error *ret_error);

/* Gives up the window and the descriptor; what is mapped from the file stays. Images against it can
 * then not be restored by this process and those it forks later. */
FIRN_API void firn_process_template_destroy(firn_process_template *zygote);

/* A number that no other template has; images name it. */
FIRN_API uint64_t firn_process_template_id(const firn_process_template *zygote);

/* live: bytes of pages held; reserved: the window. */
FIRN_API void firn_process_template_usage(const firn_process_template *zygote,
                                          firn_usage *ret_usage);

/* --- a child --- */

/* Gives the calling process's pages back whose bytes are the template's again, or, in memory
 * without a file, zeros: they are the zygote's again, for all children together, until they are
 * written. Worth it behind a collection, which marks the zygote's objects and leaves many pages as
 * they were. Compares all own pages. *ret_bytes: what it gave back. FIRN_INVALID, FIRN_BUSY,
 * FIRN_LIMIT, FIRN_UNSUPPORTED, FIRN_NO_MEMORY, FIRN_IO; the process is whole after an error, too.
 */
FIRN_API FIRN_NODISCARD firn_status firn_process_merge(firn_process_template *zygote,
                                                       uint64_t *ret_bytes, firn_error *ret_error);

/* What processes have alike that have done the same: their own pages, at the same addresses, many
 * of which hold the same bytes. One of them writes its own into a file in memory, and it and others
 * of the same template map from there what they have alike, so that it exists once, until one of
 * them writes.
 *
 *     who sees to it: firn_process_share_create, and gives the descriptor to a child
 *     the child:      firn_process_share_write, and says so
 *     who sees to it: firn_process_share_seal, and gives the descriptor to children
 *     each of them:   firn_process_share_map, and closes it
 *
 * Nothing is believed of what the file holds: a page is mapped where its bytes are the process's
 * own, and they cannot change any more. But whoever gets the file can read all that its writer had
 * in memory.
 *
 * What is mapped so behaves as the zygote's memory does: madvise(MADV_DONTNEED) gives the file's
 * bytes back, not zeros. And where mremap makes a part of it longer, there are no zeros either.
 * The C library's malloc counts on neither. Memory of which somebody does belongs among `kept`.
 *
 * Where processes alike differ, another of them writes what it has to itself then, and each maps
 * from both files what it has alike.
 *
 * firn_process_hibernate and firn_process_rebuild begin with firn_process_share_end;
 * firn_process_merge leaves alone what is shared. */
#define FIRN_PROCESS_SHARE_FILES_MAX 8 /* from which a process maps */

typedef struct firn_process_share_options {
    const firn_process_range *kept; /* mappings that touch one of these are left out */
    size_t kept_count;
    unsigned least_percent; /* of its own pages that must be alike, or nothing is mapped */
    unsigned reserved_too;  /* 0 */
    uint64_t reserved[3];
} firn_process_share_options;

typedef struct firn_process_share_result {
    uint64_t private_bytes; /* of own pages that were looked at, all that may be shared */
    uint64_t shared_bytes;  /* of those: written, or given back because the file has them */
} firn_process_share_result;

/* At most so many mappings has a process that maps: where that would be more, the shortest runs of
 * pages stay its own. */
#define FIRN_PROCESS_SHARE_MAPPINGS_MAX 4096

/* Makes an empty file. In any process. FIRN_UNSUPPORTED, FIRN_NO_MEMORY, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_process_share_create(int *ret_fd, firn_error *ret_error);

/* Writes the calling process's own pages into an empty file that is not sealed; pages of zeros need
 * nothing. options may be NULL. Call firn_process_merge before, so that no page of the template is
 * among them. FIRN_INVALID, FIRN_BUSY, FIRN_LIMIT, FIRN_UNSUPPORTED, FIRN_NO_MEMORY, FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status
firn_process_share_write(firn_process_template *zygote, const firn_process_share_options *options,
                         int fd, firn_process_share_result *ret_result, firn_error *ret_error);

/* Forbids any change to the file from then on. In any process. FIRN_BUSY where somebody still has
 * it mapped to write, FIRN_INVALID where it is no file in memory; FIRN_IO. */
FIRN_API FIRN_NODISCARD firn_status firn_process_share_seal(int fd, firn_error *ret_error);

/* Has the calling process share what of its own it has alike with the file, which it may do again
 * behind changes, and with more files. options may be NULL. Compares all own pages.
 * FIRN_INVALID (not sealed, too), FIRN_NOT_STORE for what is no such file, FIRN_VERSION,
 * FIRN_CORRUPT, FIRN_NOT_FOUND for one against another template, FIRN_BUSY, FIRN_LIMIT,
 * FIRN_UNSUPPORTED, FIRN_NO_MEMORY, FIRN_IO; the process is whole after an error, too. */
FIRN_API FIRN_NODISCARD firn_status
firn_process_share_map(firn_process_template *zygote, const firn_process_share_options *options,
                       int fd, firn_process_share_result *ret_result, firn_error *ret_error);

/* Makes all that is shared the process's own again. Errors as of firn_process_merge; a part may
 * then still be shared. */
FIRN_API FIRN_NODISCARD firn_status firn_process_share_end(firn_process_template *zygote,
                                                           firn_error *ret_error);

/* The husk: the process while its pages are gone. */
typedef struct firn_process_husk {
    void *context;     /* a copy of options.context_bytes bytes */
    const void *image; /* what was packed; NULL after firn_process_husk_drop */
    size_t image_bytes;
    firn_status refused; /* why the image that was given back is none, else FIRN_OK */
    firn_error error;    /* the same in words */
} firn_process_husk;

/* Is called in the husk, on a stack of 128 KiB, all signals blocked. Memory is what the template
 * has: the C library and all others that the zygote had loaded can be used, but nothing that was
 * made or set after the template, neither in memory (even the variable with the template's address
 * is not set; context is for such things) nor (dlopen) in code. What is written goes away.
 * Hands the image out or keeps it, waits, and sets *ret_image and *ret_image_bytes (at first that
 * of husk, with its base) to the image to restore, which may lie anywhere, and returns. The bytes
 * of its base follow those of an image that has one. Is called again with `refused` set where that
 * image is none. Or ends the process (_exit): a frozen one. */
typedef void (*firn_process_husk_fn)(firn_process_husk *husk, const void **ret_image,
                                     size_t *ret_image_bytes);

/* Frees the packed image once it is stored elsewhere. */
FIRN_API void firn_process_husk_drop(firn_process_husk *husk);

#define FIRN_PROCESS_CONTEXT_MAX_BYTES 1024

typedef struct firn_process_hibernate_options {
    firn_process_husk_fn husk;
    const void *context; /* copied for the husk */
    size_t context_bytes;
    int level; /* zstd's, 1 to 19; 0: 1. From 2 on all pages are packed together: smaller, and some
                  megabytes of the window more */
    bool verify; /* unpack the image and compare it before anything is given back */
    /* Another process's image, that of one which did the same: what both have is not packed again.
     * base_read, called on the window's stack with the copy of context, writes its base_bytes to
     * `to`, in the window, and allocates nothing; false: packing fails with FIRN_IO. Left out where
     * it is an image against another template or stands on a base itself, or where the new image
     * would be more than half as large as it. 0: none. Not with level 1. */
    size_t base_bytes;
    bool (*base_read)(void *context, void *to, size_t base_bytes);
    uint64_t reserved[2];
} firn_process_hibernate_options;

typedef struct firn_process_result {
    bool rebuilt;           /* this is a new process: open again what lies in the kernel */
    uint64_t private_bytes; /* of pages in the image */
    uint64_t image_bytes;
    uint64_t pack_ns;    /* to pack, and to give the pages back; 0 when rebuilt */
    uint64_t restore_ns; /* from image to process */
} firn_process_result;

/* Packs the calling process, gives its pages back to the kernel, calls options->husk, and returns
 * FIRN_OK when the process is whole again. On an error it is whole too and has lost nothing:
 * FIRN_BUSY (threads, or in a husk), FIRN_INVALID, FIRN_NO_MEMORY, FIRN_LIMIT (the window is too
 * small), FIRN_UNSUPPORTED, FIRN_CORRUPT (verify), FIRN_IO. Ends the process with FIRN_PROCESS_LOST
 * where memory runs out in the middle of a restore. */
FIRN_API FIRN_NODISCARD firn_status
firn_process_hibernate(firn_process_template *zygote, const firn_process_hibernate_options *options,
                       firn_process_result *ret_result, firn_error *ret_error);

/* In a new child of the zygote: becomes the process of the image, which the bytes of its base
 * follow where it has one, and does not return, but for an error, after which the caller is what it
 * was: as for firn_process_image_look, and FIRN_NOT_FOUND for an image against another template,
 * FIRN_CHANGED when a file that the packed process had mapped is not there or another one,
 * FIRN_UNSUPPORTED for an image that needs a shared mapping of its own, FIRN_BUSY, FIRN_NO_MEMORY,
 * FIRN_LIMIT. Ends the process with FIRN_PROCESS_LOST as above.
 */
FIRN_API FIRN_NODISCARD firn_status firn_process_rebuild(firn_process_template *zygote,
                                                         const void *image, size_t image_bytes,
                                                         firn_error *ret_error);

/* --- images --- */

typedef struct firn_process_image_info {
    uint64_t template_id;
    uint64_t private_bytes; /* of pages in it */
    uint64_t mapping_count;
    uint64_t process; /* id of the packed process */
    bool rebuildable; /* whether firn_process_rebuild takes it */
    uint64_t id;      /* what images that stand on it call it */
    uint64_t base_id; /* of the image that it stands on; 0: none */
} firn_process_image_info;

/* Checks all that can be checked without the template: FIRN_NOT_STORE for what is no image,
 * FIRN_CORRUPT for a damaged one, FIRN_VERSION for a later format's, FIRN_UNSUPPORTED for that of
 * another build or machine type. In any process. */
FIRN_API FIRN_NODISCARD firn_status firn_process_image_look(const void *image, size_t image_bytes,
                                                            firn_process_image_info *ret_info,
                                                            firn_error *ret_error);

FIRN_END

#endif
