/* The parts of an index above its files, put into the store: what an indexing and an update both
 * end with. */
#ifndef CODE_PUT_H
#define CODE_PUT_H

#include "code/index/dictionary.h"
#include "code/job.h"

/* Adds the entries of a dictionary. */
typedef firn_status (*put_entries_fn)(void *context, struct dictionary_writer *writer,
                                      firn_error *ret_error);

/* Writes a dictionary of paths of the given kind; *ret_segment is its top table's. */
FIRN_NODISCARD firn_status put_dictionary(struct job *job, enum segment_kind kind,
                                          put_entries_fn add, void *context, uint32_t *ret_segment,
                                          firn_error *ret_error);

/* Writes the dictionary of the scan's skipped paths, which must be sorted. */
FIRN_NODISCARD firn_status put_skipped(struct job *job, uint32_t *ret_segment,
                                       firn_error *ret_error);

/* Writes a language's family and fills in what the meta segment says of it, but for totals. The
 * place's further segments come from the job's allocator. */
FIRN_NODISCARD firn_status put_family(struct job *job, firn_codec *codec,
                                      const struct job_language *language,
                                      struct meta_language *meta, firn_error *ret_error);

/* Writes the meta segment, with the patterns that the job leaves out. */
FIRN_NODISCARD firn_status put_meta(struct job *job, firn_codec *codec, struct meta *meta,
                                    uint32_t *ret_segment, firn_error *ret_error);

/* Commits, unless a signal came. */
FIRN_NODISCARD firn_status put_commit(struct job *job, uint32_t meta_segment,
                                      firn_error *ret_error);

/* Adds a file to totals. */
void totals_add(struct totals *totals, const struct file_record *record);

#endif
