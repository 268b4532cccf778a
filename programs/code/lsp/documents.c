/* See documents.h. An editor has some tens of documents open, so they are a list. */
#include "code/lsp/documents.h"

#include <string.h>

static char *copy_text(const firn_allocator *allocator, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = firn_allocate(allocator, size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static void release_text(const firn_allocator *allocator, char *text)
{
    if (text != NULL)
        firn_release(allocator, text, strlen(text) + 1);
}

void document_destroy(struct document *document)
{
    if (document == NULL)
        return;
    const firn_allocator *allocator = document->allocator;
    live_fini(&document->live);
    digest_fini(&document->digest);
    rows_fini(&document->rows);
    release_text(allocator, document->uri);
    release_text(allocator, document->path);
    firn_release(allocator, document->text, document->capacity);
    firn_release(allocator, document, sizeof *document);
}

static firn_status fill(struct document *document, const char *uri, const char *path,
                        const char *text, size_t size)
{
    const firn_allocator *allocator = document->allocator;
    if (uri != NULL && (document->uri = copy_text(allocator, uri)) == NULL)
        return FIRN_NO_MEMORY;
    if (path != NULL && (document->path = copy_text(allocator, path)) == NULL)
        return FIRN_NO_MEMORY;
    document->capacity = size + 1;
    document->text = firn_allocate(allocator, document->capacity);
    if (document->text == NULL)
        return FIRN_NO_MEMORY;
    if (size > 0)
        memcpy(document->text, text, size);
    document->size = size;
    return rows_count(&document->rows, document->text, size);
}

firn_status document_create(const char *uri, const char *path, const struct language *language,
                            const char *text, size_t size, const firn_allocator *allocator,
                            struct document **ret_document)
{
    if (size > DOCUMENT_MAX_BYTES)
        return FIRN_LIMIT;
    struct document *document = firn_allocate_zeroed(allocator, 1, sizeof *document);
    if (document == NULL)
        return FIRN_NO_MEMORY;
    document->allocator = document->rows.allocator = document->digest.allocator = allocator;
    document->language = language;
    firn_status status = fill(document, uri, path, text, size);
    if (status != FIRN_OK) {
        document_destroy(document);
        return status;
    }
    if (language != NULL)
        live_init(&document->live, language, allocator);
    *ret_document = document;
    return FIRN_OK;
}

firn_status document_change(struct document *document, uint32_t start, uint32_t end,
                            const char *text, size_t size)
{
    const size_t behind = document->size - end;
    if (size > DOCUMENT_MAX_BYTES - start - behind)
        return FIRN_LIMIT;
    void *block = document->text;
    if (!firn_grow(document->allocator, &block, &document->capacity, start + size + behind + 1, 1))
        return FIRN_NO_MEMORY;
    document->text = block;
    const uint32_t new_end = start + (uint32_t)size;
    if (document->language != NULL)
        live_edit(&document->live, document->text, start, end, text, new_end);
    memmove(document->text + new_end, document->text + end, behind);
    if (size > 0)
        memcpy(document->text + start, text, size);
    document->size = new_end + behind;
    firn_status status =
        rows_change(&document->rows, document->text, document->size, start, end, new_end);
    /* The old lines would be wrong for the new text: without memory for them it has one. */
    if (status != FIRN_OK)
        document->rows.count = 1;
    return status;
}

/* --- the list --- */

void documents_fini(struct documents *documents)
{
    for (size_t i = 0; i < documents->count; i++)
        document_destroy(documents->items[i]);
    firn_release(documents->allocator, documents->items,
                 documents->capacity * sizeof *documents->items);
    *documents = (struct documents){.allocator = documents->allocator};
}

firn_status documents_add(struct documents *documents, struct document *document)
{
    struct document *old = document->uri != NULL ? documents_find(documents, document->uri)
                                                 : documents_at(documents, document->path);
    if (old != NULL)
        documents_remove(documents, old);
    void *block = documents->items;
    firn_status status = documents->count < DOCUMENTS_MAX ? FIRN_OK : FIRN_LIMIT;
    if (status == FIRN_OK && !firn_grow(documents->allocator, &block, &documents->capacity,
                                        documents->count + 1, sizeof *documents->items))
        status = FIRN_NO_MEMORY;
    if (status != FIRN_OK) {
        document_destroy(document);
        return status;
    }
    documents->items = block;
    documents->items[documents->count++] = document;
    document->revision = ++documents->revisions;
    return FIRN_OK;
}

struct document *documents_find(const struct documents *documents, const char *uri)
{
    for (size_t i = 0; i < documents->count; i++)
        if (documents->items[i]->uri != NULL && strcmp(documents->items[i]->uri, uri) == 0)
            return documents->items[i];
    return NULL;
}

struct document *documents_at(const struct documents *documents, const char *path)
{
    for (size_t i = 0; i < documents->count; i++)
        if (documents->items[i]->path != NULL && strcmp(documents->items[i]->path, path) == 0)
            return documents->items[i];
    return NULL;
}

void documents_remove(struct documents *documents, struct document *document)
{
    for (size_t i = 0; i < documents->count; i++) {
        if (documents->items[i] != document)
            continue;
        documents->items[i] = documents->items[--documents->count];
        document_destroy(document);
        return;
    }
}
