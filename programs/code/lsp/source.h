/* A file as the requests look at it, wherever it comes from: text, lines, nodes, names. Each is
 * made when it is asked for. Confined to one thread. */
#ifndef CODE_LSP_SOURCE_H
#define CODE_LSP_SOURCE_H

#include "code/lsp/workspace.h"

#define SOURCE_FILE_MAX_BYTES DOCUMENT_MAX_BYTES

/* Zeroed it may be closed. All but what is marked may be read. */
struct source {
    struct workspace *workspace;
    char *path;                /* absolute; NULL where an open document is no file */
    struct document *document; /* NULL: of the index */
    const struct language *language;
    const firn_family *family; /* from source_nodes on, and extractor */
    const struct extractor *extractor;
    const char *text;
    size_t size;
    const struct rows *rows;    /* after source_rows */
    firn_nodes nodes;           /* after source_nodes */
    struct extract_name *names; /* after source_names, in preorder */
    size_t name_count;
    uint32_t *parents; /* after source_parents: of each node; UINT32_MAX for the root */

    struct document *own; /* private from here: a document that was read from disk */
    void *data;           /* the text of source_of_text */
    firn_file_info info;  /* what the disk had then */
    struct opened_file file;
    struct loaded loaded;
    struct rows own_rows;
    size_t name_capacity;
    size_t parent_capacity;
    bool has_rows, has_nodes, has_names, has_parents;
    uint64_t revision; /* of the document, for sources.h */
    uint64_t used;
    bool is_pinned;
};

/* Open a source: of a document, of the file at a path as it is on disk, of a file of the index
 * (which is taken over, also after a failure). The source is zeroed or closed. FIRN_NOT_FOUND,
 * FIRN_UNSUPPORTED for a language that is not known, FIRN_LIMIT, FIRN_CORRUPT, FIRN_NO_MEMORY,
 * FIRN_IO. */
FIRN_NODISCARD firn_status source_of_document(struct source *source, struct workspace *workspace,
                                              struct document *document, firn_error *ret_error);
FIRN_NODISCARD firn_status source_of_disk(struct source *source, struct workspace *workspace,
                                          const char *path, firn_error *ret_error);
FIRN_NODISCARD firn_status source_of_index(struct source *source, struct workspace *workspace,
                                           struct opened_file *file, firn_error *ret_error);

/* The same of a file of the index which is on disk as it was indexed, for its text and rows alone,
 * from the disk: that spares unpacking the segments which the store has it in. FIRN_CHANGED when it
 * is not so any more. */
FIRN_NODISCARD firn_status source_of_text(struct source *source, struct workspace *workspace,
                                          const char *path, const struct file_record *record,
                                          firn_error *ret_error);

/* Make the parts; what one needs comes with it. FIRN_CHANGED when the request was cancelled. */
FIRN_NODISCARD firn_status source_rows(struct source *source, firn_error *ret_error);
FIRN_NODISCARD firn_status source_nodes(struct source *source, firn_error *ret_error);
FIRN_NODISCARD firn_status source_names(struct source *source, firn_error *ret_error);
FIRN_NODISCARD firn_status source_parents(struct source *source, firn_error *ret_error);
/* source_names of one spelling alone, with the caller's memory for the extracting: the source is
 * then of no use to who asks for other names. */
FIRN_NODISCARD firn_status source_spelled(struct source *source, const char *name, size_t size,
                                          struct extract_scratch *scratch, firn_error *ret_error);

/* Gives back all but the memory of nodes, names and parents, which the next one takes over. */
void source_close(struct source *source);
void source_release(struct source *source);
/* What nodes, names and parents take. */
size_t source_bytes(const struct source *source);

/* The name at an offset, or ending there; NULL when there is none. After source_names. */
const struct extract_name *source_name_at(const struct source *source, uint32_t offset);
/* Whether a language's name is among words with a blank before and behind each. */
bool language_among(const struct language *language, const char *words);
/* Spots in the encoding of the workspace. After source_rows. */
struct spot source_spot(const struct source *source, uint32_t offset);
uint32_t source_offset(const struct source *source, struct spot spot);
/* A node's label as its grammar calls it. */
const char *source_label(const struct source *source, uint32_t node);
firn_field source_field(const struct source *source, uint32_t node);

#endif
