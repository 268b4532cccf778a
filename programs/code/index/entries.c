/* Entries of the dictionary of names, on the way into a run (gather.c) or into the dictionary
 * (merge.c). The bounds on a payload keep every block that holds entries far below what a segment
 * of the store may hold, however often a name occurs. */
#include "code/index/entries.h"

void entries_init(struct entries *entries, const firn_allocator *allocator, entry_emit_fn emit,
                  void *context)
{
    entries->postings = (struct postings_writer){.bytes = {.allocator = allocator}};
    entries->emit = emit;
    entries->context = context;
    entries->name_size = 0;
}

void entries_fini(struct entries *entries)
{
    bytes_fini(&entries->postings.bytes);
}

firn_status entries_begin(struct entries *entries, const void *name, size_t name_size)
{
    if (name_size > NAME_MAX_BYTES)
        return FIRN_INVALID;
    memcpy(entries->name, name, name_size);
    entries->name_size = name_size;
    postings_begin(&entries->postings);
    return FIRN_OK;
}

firn_status entries_end(struct entries *entries, firn_error *ret_error)
{
    const struct bytes *payload = &entries->postings.bytes;
    if (payload->size == 0)
        return FIRN_OK;
    firn_status status = entries->emit(entries->context, entries->name, entries->name_size,
                                       payload->data, payload->size, ret_error);
    postings_begin(&entries->postings);
    return status;
}

static firn_status put_piece(struct entries *entries, uint32_t file,
                             const struct definition *definitions, size_t count,
                             firn_error *ret_error)
{
    firn_status status = FIRN_OK;
    if (entries->postings.bytes.size >= PAYLOAD_CUT_BYTES || file < entries->postings.next_file)
        status = entries_end(entries, ret_error);
    if (status != FIRN_OK)
        return status;
    status = postings_put(&entries->postings, file, definitions, count);
    return status == FIRN_OK ? FIRN_OK
                             : firn_error_set(ret_error, status, 0, "cannot add to a name: %s",
                                              firn_status_text(status));
}

firn_status entries_put(struct entries *entries, uint32_t file,
                        const struct definition *definitions, size_t count, firn_error *ret_error)
{
    firn_status status;
    do {
        size_t piece = count < POSTING_CUT_DEFINITIONS ? count : POSTING_CUT_DEFINITIONS;
        status = put_piece(entries, file, definitions, piece, ret_error);
        definitions += piece;
        count -= piece;
    } while (status == FIRN_OK && count > 0);
    return status;
}
