/* The names in a store's folder, and the removal of those that no manifest needs. */
#ifndef FIRN_TIER_FOLDER_H
#define FIRN_TIER_FOLDER_H

#include "tier/state.h"

enum {
    FIRN_STORE_NAME_BYTES = 64,   /* room for any name of a store's own, with its NUL */
    FIRN_STORE_PATH_BYTES = 4096, /* room for any path of a file in a store, with its NUL */
};

#define FIRN_STORE_MANIFEST "manifest"
#define FIRN_STORE_MANIFEST_COPY "manifest-copy"

typedef enum firn_store_name_kind {
    FIRN_STORE_NAME_FOREIGN,   /* none of a store's */
    FIRN_STORE_NAME_MANIFEST,  /* "manifest", "manifest-copy" */
    FIRN_STORE_NAME_LOG,       /* "log-GENERATION" */
    FIRN_STORE_NAME_LOCK,      /* "lock" */
    FIRN_STORE_NAME_SOCKET,    /* "socket": where a program serves the store; not looked at */
    FIRN_STORE_NAME_DATA,      /* "data-FILE.firn" */
    FIRN_STORE_NAME_DATA_V1,   /* "data-GENERATION-FILE.firn" of the first version */
    FIRN_STORE_NAME_TEMPORARY, /* "manifest.tmp", "manifest-copy.tmp", "scratch-NAME.tmp";
                                  "data-….firn.tmp" of the first version */
} firn_store_name_kind;

typedef struct firn_store_name {
    firn_store_name_kind kind;
    uint64_t generation; /* of logs and of the first version's data files; else 0 */
    uint32_t file;
} firn_store_name;

/* Tells what a name in a store's folder is. */
firn_store_name firn_store_name_read(const char *name);

/* Write "FOLDER/NAME" to path, which has FIRN_STORE_PATH_BYTES. FIRN_LIMIT, with an error, when it
 * does not fit. */
FIRN_NODISCARD firn_status firn_store_path(const char *folder, const char *name, char *path,
                                           firn_error *ret_error);
FIRN_NODISCARD firn_status firn_store_log_path(const char *folder, uint64_t generation, char *path,
                                               firn_error *ret_error);
FIRN_NODISCARD firn_status firn_store_data_path(const char *folder, const firn_store_form *form,
                                                uint32_t file, char *path, firn_error *ret_error);

/* Writes a data file's name. */
void firn_store_data_name(const firn_store_form *form, uint32_t file,
                          char name[FIRN_STORE_FILE_NAME_BYTES]);

/* What a folder holds. */
typedef struct firn_store_folder {
    bool has_manifest;                   /* one copy of it, or both */
    bool has_data;                       /* data files */
    uint64_t generation_max;             /* of any name */
    uint32_t file_next;                  /* above the number of any data file */
    char foreign[FIRN_STORE_NAME_BYTES]; /* a name that is none of a store's, cut; "" when none */
} firn_store_folder;

/* Looks through a folder. FIRN_NOT_STORE when path is no folder. */
FIRN_NODISCARD firn_status firn_store_folder_read(const char *path, firn_store_folder *ret_folder,
                                                  firn_error *ret_error);

/* What a sweep keeps: the data files of a state (NULL: all, and all logs), the log of a generation,
 * and the temporary files where that is wanted. */
typedef struct firn_store_keep {
    const firn_state *state;
    uint64_t log_generation;
    bool keep_temporary;
} firn_store_keep;

/* Removes a store's temporary files, and the data files and logs that are not kept. What cannot be
 * removed stays for the next sweep. */
void firn_store_sweep(const char *path, firn_store_keep keep);

/* Counts what a sweep would remove. As firn_store_folder_read. */
FIRN_NODISCARD firn_status firn_store_folder_unused(const char *path, firn_store_keep keep,
                                                    firn_store_unused *ret_unused,
                                                    firn_error *ret_error);

#endif
