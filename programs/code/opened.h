/* A store of `firn code`, opened for reading: what all commands but index begin with. May be shared
 * between threads, as may the files that it finds; only opened_refresh wants it for itself.
 *
 * An index has layers, oldest first: an update adds one with the files that changed and hides their
 * former versions in those below. Files are numbered over all layers; a hidden one has a number and
 * is found by nobody. */
#ifndef CODE_OPENED_H
#define CODE_OPENED_H

#include <pthread.h>

#include <firn/tree.h>

#include "code/extract.h"
#include "code/index/changes.h"
#include "code/index/dictionary.h"
#include "code/index/meta.h"
#include "code/kind.h"

/* A language of the store, loaded when it is first asked for. */
struct opened_language {
    const struct language *language; /* NULL when this program does not know it */
    firn_family *family;
    struct extractor *extractor; /* NULL when the language is not known */
};

/* A layer, with its place in meta.layers. */
struct opened_layer {
    struct dictionary catalog;
    struct changes changes;
    uint32_t first; /* the number of its first file */
};

struct opened {
    const firn_allocator *allocator;
    firn_store *store;
    firn_arena arena;
    char *path; /* of the store, as it was named */
    struct meta meta;
    struct opened_layer *layers;       /* meta.layer_count */
    uint32_t number_end;               /* above the numbers of all files */
    bool is_borrowed;                  /* the store is another's */
    bool is_stale;                     /* a refresh failed halfway */
    struct opened_language *languages; /* private: see opened_language_get */
    pthread_mutex_t mutex;
};

/* Opens the store in folder path; cache_bytes as firn_store_options has it. On failure ret_error
 * names file, cause and way out, and there is nothing to close. */
FIRN_NODISCARD firn_status opened_init(struct opened *opened, const char *path,
                                       const firn_allocator *allocator, size_t cache_bytes,
                                       firn_error *ret_error);
/* The same on a store that is open and outlives it. */
FIRN_NODISCARD firn_status opened_init_on(struct opened *opened, firn_store *store,
                                          const char *path, const firn_allocator *allocator,
                                          firn_error *ret_error);
void opened_fini(struct opened *opened);

/* Goes on to what was committed since; cheap when nothing was. Nobody may use what is opened
 * meanwhile, nor hold a look-up, a listing or a loaded file; numbers of files mean others
 * afterwards. *ret_changed (may be NULL) tells whether there was anything. On failure nothing of
 * the store can be relied on until a later call succeeds; it can be closed. FIRN_CHANGED when
 * another store stands in its place, which must be opened anew; else as opened_init. */
FIRN_NODISCARD firn_status opened_refresh(struct opened *opened, bool *ret_changed,
                                          firn_error *ret_error);

/* Loads a language by its number in the store. */
FIRN_NODISCARD firn_status opened_language_get(struct opened *opened, uint32_t number,
                                               const struct opened_language **ret_language,
                                               firn_error *ret_error);

/* A file of the store. */
struct opened_file {
    char *path; /* as the index lists it */
    uint64_t number;
    struct file_record record;
};

/* Finds a file by its path in the index (FIRN_NOT_FOUND), or by its number, below number_end
 * (FIRN_NOT_FOUND when it is hidden, FIRN_CORRUPT when there is no such number). opened_file_fini
 * gives it back. */
FIRN_NODISCARD firn_status opened_find(struct opened *opened, const char *path,
                                       struct opened_file *ret_file, firn_error *ret_error);
FIRN_NODISCARD firn_status opened_at(struct opened *opened, uint64_t number,
                                     struct opened_file *ret_file, firn_error *ret_error);
void opened_file_fini(struct opened *opened, struct opened_file *file);

/* All files, in the order of their paths: see listing.h. */

/* Makes a file of the entry of a layer's catalog that a cursor is on. */
FIRN_NODISCARD firn_status opened_entry(struct opened *opened, uint32_t layer,
                                        const struct dictionary_cursor *cursor,
                                        struct opened_file *ret_file, firn_error *ret_error);
bool opened_is_hidden(const struct opened *opened, uint64_t number);

/* Bytes of the store: pinned, put together, or made of a former version by edits. */
struct content {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;
    firn_segment segment; /* private, and what follows */
    bool is_pinned;
    uint8_t *block;
};

/* Gets the size bytes at a place, after its edits; content_release in any case. FIRN_CORRUPT,
 * FIRN_NO_MEMORY, FIRN_IO. */
FIRN_NODISCARD firn_status content_get(struct opened *opened, const struct place *place,
                                       uint64_t size, struct content *content,
                                       firn_error *ret_error);
void content_release(struct opened *opened, struct content *content);

/* A file's source and tree, ready to be walked. */
struct loaded {
    const struct opened_language *language;
    struct content source;
    struct content tree_bytes;
    const char *text; /* the source; never NULL */
    size_t text_size;
    firn_tree tree;
    firn_nodes nodes; /* empty until loaded_decode */
};

/* Loads a file; loaded_release in any case. */
FIRN_NODISCARD firn_status loaded_get(struct opened *opened, const struct opened_file *file,
                                      struct loaded *loaded, firn_error *ret_error);
FIRN_NODISCARD firn_status loaded_decode(struct loaded *loaded, const struct opened_file *file,
                                         firn_error *ret_error);
/* Gives all back but the memory of the nodes, which the next loaded_get takes over. */
void loaded_close(struct opened *opened, struct loaded *loaded);
void loaded_release(struct opened *opened, struct loaded *loaded);

#endif
