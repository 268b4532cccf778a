/* The documents that the client has open: their texts as they stand in the editor. Confined to one
 * thread. */
#ifndef CODE_LSP_DOCUMENTS_H
#define CODE_LSP_DOCUMENTS_H

#include "code/lsp/digest.h"
#include "code/lsp/live.h"
#include "code/lsp/place.h"

#define DOCUMENTS_MAX 4096u
#define DOCUMENT_MAX_BYTES ((size_t)64 << 20) /* a text that changes make longer is refused */

/* A text in memory. All may be read. */
struct document {
    char *
        uri; /* as the client spells it; NULL: a file that is not open but differs from the index */
    char *path;                      /* absolute; NULL where the address is no file's */
    const struct language *language; /* NULL: none that is known */
    char *text;
    size_t size;
    size_t capacity;
    struct rows rows;
    struct live live;
    uint64_t revision; /* another for every content of every document */
    struct digest digest;
    const firn_allocator *allocator;
};

struct documents {
    struct document **items;
    size_t count;
    size_t capacity;
    uint64_t revisions; /* given out */
    const firn_allocator *allocator;
};

/* Makes a document of copies; path may be NULL. FIRN_NO_MEMORY, FIRN_LIMIT. */
FIRN_NODISCARD firn_status document_create(const char *uri, const char *path,
                                           const struct language *language, const char *text,
                                           size_t size, const firn_allocator *allocator,
                                           struct document **ret_document);
void document_destroy(struct document *document);

/* Puts text in the place of the bytes from start to end. FIRN_NO_MEMORY and FIRN_LIMIT leave the
 * document as it was. */
FIRN_NODISCARD firn_status document_change(struct document *document, uint32_t start, uint32_t end,
                                           const char *text, size_t size);

void documents_fini(struct documents *documents);
/* Takes a document over, in the place of one with its address. FIRN_LIMIT above DOCUMENTS_MAX,
 * FIRN_NO_MEMORY: it is then destroyed. */
FIRN_NODISCARD firn_status documents_add(struct documents *documents, struct document *document);
/* By the address as the client spelled it, or by an absolute path; NULL when there is none. */
struct document *documents_find(const struct documents *documents, const char *uri);
struct document *documents_at(const struct documents *documents, const char *path);
void documents_remove(struct documents *documents, struct document *document);

#endif
