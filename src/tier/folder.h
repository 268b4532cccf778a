/* The names in a store's folder, and the removal of those that no manifest needs. */
#ifndef FIRN_TIER_FOLDER_H
#define FIRN_TIER_FOLDER_H

#include <firn/store.h>

enum {
    FIRN_STORE_NAME_BYTES = 64,   /* room for any name of a store's own, with its NUL */
    FIRN_STORE_PATH_BYTES = 4096, /* room for any path of a file in a store, with its NUL */
};

typedef enum firn_store_name_kind {
    FIRN_STORE_NAME_FOREIGN,   /* none of a store's */
    FIRN_STORE_NAME_MANIFEST,  /* "manifest" */
    FIRN_STORE_NAME_LOCK,      /* "lock" */
    FIRN_STORE_NAME_DATA,      /* "data-GENERATION-FILE.firn" */
    FIRN_STORE_NAME_TEMPORARY, /* "manifest.tmp", "data-….firn.tmp", "scratch-NAME.tmp" */
} firn_store_name_kind;

typedef struct firn_store_name {
    firn_store_name_kind kind;
    uint64_t generation; /* of data files, finished or not; else 0 */
    uint32_t file;
} firn_store_name;

/* Tells what a name in a store's folder is. */
firn_store_name firn_store_name_read(const char *name);

/* Write "FOLDER/NAME" to path, which has size bytes. FIRN_LIMIT when it does not fit. */
FIRN_NODISCARD firn_status firn_store_path(const char *folder, const char *name, char *path,
                                           size_t size);
FIRN_NODISCARD firn_status firn_store_data_path(const char *folder, uint64_t generation,
                                                uint32_t file, const char *suffix, char *path,
                                                size_t size);

/* Writes a finished data file's name. */
void firn_store_data_name(uint64_t generation, uint32_t file,
                          char name[FIRN_STORE_FILE_NAME_BYTES]);

/* Tells that a path in the folder does not fit; returns FIRN_LIMIT. */
firn_status firn_store_path_too_long(const char *folder, firn_error *ret_error);

/* What a folder holds. */
typedef struct firn_store_folder {
    bool has_data;                       /* finished data files */
    uint64_t generation_max;             /* of any data file, finished or not */
    char foreign[FIRN_STORE_NAME_BYTES]; /* a name that is none of a store's, cut; "" when none */
} firn_store_folder;

/* Looks through a folder. FIRN_NOT_STORE when path is no folder. */
FIRN_NODISCARD firn_status firn_store_folder_read(const char *path, firn_store_folder *ret_folder,
                                                  firn_error *ret_error);

/* Which data files a sweep keeps: those of the generations below `below`, and those of `generation`
 * that have a number below file_count. */
typedef struct firn_store_keep {
    uint64_t below;
    uint64_t generation;
    uint32_t file_count;
} firn_store_keep;

/* Removes a store's temporary files and the data files that are not kept. What cannot be removed
 * stays for the next sweep. */
void firn_store_sweep(const char *path, firn_store_keep keep);

/* Counts what a sweep would remove. As firn_store_folder_read. */
FIRN_NODISCARD firn_status firn_store_folder_unused(const char *path, firn_store_keep keep,
                                                    firn_store_unused *ret_unused,
                                                    firn_error *ret_error);

#endif
