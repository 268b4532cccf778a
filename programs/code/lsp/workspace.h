/* What a session looks things up in: the index of a folder, the documents that are open over it,
 * and the files that have changed on disk since it was made. Confined to one thread.
 *
 * A path is absolute; one of the index is its folder's and what the catalog has. A file is read
 * from the first of these that has it: the open document, the disk where it is not as the index saw
 * it, the index. */
#ifndef CODE_LSP_WORKSPACE_H
#define CODE_LSP_WORKSPACE_H

#include <firn/file.h>

#include "code/lsp/documents.h"
#include "code/opened.h"

#define TOUCHED_MAX 1024u /* files that differ from the index; more of them are not looked into */

/* What nodes of texts in memory are made with, for one language. */
struct tongue {
    firn_family *family;
    struct extractor *extractor;
    firn_builder *builder;
};

/* A file that is not as the index has it, or not in it. */
struct touched {
    char *path;
    firn_file_info info; /* of the content that the digest is of */
    struct digest digest;
};

struct workspace {
    const firn_allocator *allocator;
    char *root;         /* the client's folder, absolute; NULL when it named none */
    char *store;        /* NULL when there is neither a root nor an option */
    size_t cache_bytes; /* of the store */
    enum encoding encoding;
    struct opened opened;
    bool is_open;    /* opened is */
    bool has_damage; /* a part of it is damaged, and was read from the disk */
    struct documents documents;
    struct touched *touched;
    size_t touched_count;
    size_t touched_capacity;
    bool has_overflown; /* more files than TOUCHED_MAX differ */
    uint64_t touches;   /* goes up with every file that is found to differ from the index */
    struct tongue *tongues;
    struct extract_scratch scratch;
    bool (*stop)(void *context); /* whether the request at hand was cancelled; may be NULL */
    void *stop_context;
};

void workspace_init(struct workspace *workspace, const firn_allocator *allocator);
void workspace_fini(struct workspace *workspace);

/* Sets a folder or the store by a copy. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status workspace_set(const struct workspace *workspace, char **text,
                                         const char *value);

/* Opens the store, or opens it anew. After a failure there is no index until the next try. */
FIRN_NODISCARD firn_status workspace_open(struct workspace *workspace, firn_error *ret_error);
void workspace_close(struct workspace *workspace);

/* What the index calls a path; NULL when it is not below the indexed folder. */
const char *workspace_relative(const struct workspace *workspace, const char *path);

/* The path that an address names, by which the index has the file: where the indexed folder was
 * reached by a link, the path behind it. A block of *ret_size bytes. Fails as uri_path. */
FIRN_NODISCARD firn_status workspace_path(const struct workspace *workspace, const char *uri,
                                          char **ret_path, size_t *ret_size);

/* Notes that a file may have changed on disk, been made or removed. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status workspace_touch(struct workspace *workspace, const char *path);
/* Whether what the index has of a file may be told: the file is not open, and as it was indexed. A
 * file that turns out to have changed is noted. */
FIRN_NODISCARD firn_status workspace_is_fresh(struct workspace *workspace, const char *path,
                                              const struct file_record *record, bool *ret_fresh);
struct touched *workspace_touched_at(const struct workspace *workspace, const char *path);

/* What a language's nodes are made with. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status workspace_tongue(struct workspace *workspace,
                                            const struct language *language,
                                            struct tongue **ret_tongue);

/* Whether the request at hand should be given up. */
bool workspace_stopped(const struct workspace *workspace);

/* Joins a folder and a name into a block of *ret_size bytes. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status path_join(const firn_allocator *allocator, const char *folder,
                                     const char *name, char **ret_path, size_t *ret_size);

#endif
