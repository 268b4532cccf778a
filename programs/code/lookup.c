/* A look-up is a binary search in the top table, one segment, a binary search in it, and then the
 * name's entries, which follow each other. */
#include "code/lookup.h"

static firn_status explain(firn_status status, firn_error *ret_error)
{
    return status == FIRN_CORRUPT
               ? firn_error_set(ret_error, status, 0,
                                "the index of names in the store is damaged: index the folder "
                                "again")
               : status;
}

/* Enters the entry under the cursor if it is the name's. */
static firn_status enter_entry(struct lookup *lookup)
{
    const struct table_cursor *entry = &lookup->cursor.entry;
    if (key_compare(entry->key, entry->key_size, lookup->name, lookup->name_size) != 0)
        return FIRN_END_OF_DATA;
    postings_init(&lookup->postings, entry->payload, entry->payload_size);
    return FIRN_OK;
}

firn_status lookup_begin(struct lookup *lookup, struct opened *opened, const char *name,
                         firn_error *ret_error)
{
    lookup->opened = opened;
    lookup->name = name;
    lookup->name_size = strlen(name);
    firn_status status =
        dictionary_open(&lookup->names, opened->store, opened->meta.names_segment, ret_error);
    if (status == FIRN_OK)
        status =
            dictionary_seek(&lookup->names, name, lookup->name_size, &lookup->cursor, ret_error);
    if (status == FIRN_OK)
        status = enter_entry(lookup);
    return status == FIRN_END_OF_DATA ? FIRN_OK : status;
}

firn_status lookup_next(struct lookup *lookup, firn_error *ret_error)
{
    firn_status status = postings_next(&lookup->postings);
    if (status != FIRN_END_OF_DATA || lookup->cursor.dictionary == NULL)
        return explain(status, ret_error);
    if (lookup->postings.in == NULL) /* the look-up found nothing */
        return FIRN_END_OF_DATA;
    status = dictionary_next(&lookup->cursor, ret_error);
    if (status == FIRN_OK)
        status = enter_entry(lookup);
    return status == FIRN_OK ? explain(postings_next(&lookup->postings), ret_error) : status;
}

firn_status lookup_definition(struct lookup *lookup, struct definition *ret_definition,
                              firn_error *ret_error)
{
    return explain(postings_definition(&lookup->postings, ret_definition), ret_error);
}

void lookup_end(struct lookup *lookup)
{
    dictionary_cursor_close(&lookup->cursor);
    dictionary_close(&lookup->names);
}
