/* A language's tables of names (languages/rules.h) compiled against the labels and fields of a
 * family, for extract.h. Constant once made, so it may be shared between threads. */
#ifndef CODE_EXTRACTOR_H
#define CODE_EXTRACTOR_H

#include <firn/tree.h>
#include "code/language.h"

struct extractor;

/* family must outlive the extractor and hold the names of language. FIRN_NO_MEMORY. */
FIRN_NODISCARD firn_status extractor_create(const struct language *language,
                                            const firn_family *family,
                                            const firn_allocator *allocator,
                                            struct extractor **ret_extractor);
void extractor_destroy(struct extractor *extractor);

#endif
