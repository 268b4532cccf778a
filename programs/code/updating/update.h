/* An update in progress: what its steps share. updating.c takes it through them: diff.c finds what
 * is to be read, the workers of indexing.c read it, layer.c makes the new layer, publish.c writes
 * what stands above the layers and commits.
 *
 * U1: a file is live when its fate is to be kept, or when it was read and was the same.
 * U2: of a path at most one file is live in all layers, the new one included. */
#ifndef CODE_UPDATING_UPDATE_H
#define CODE_UPDATING_UPDATE_H

#include "code/indexing.h"
#include "code/updating/diff.h"
#include "code/updating/segments.h"

/* A language's family as it was resumed: it is written again when it has grown. */
struct update_family {
    unsigned productions;
    unsigned edges;
};

struct update {
    const firn_allocator *allocator;
    struct job job;
    struct opened opened;
    bool is_opened;
    bool repairs;
    struct exclude exclude; /* as the store has it, when none was given */
    struct damage damage;
    struct diff diff;
    struct segments segments;
    struct update_family *families; /* by job.languages */
    firn_codec *codec;
    uint64_t live_nodes;         /* of the files that stay */
    uint64_t *live;              /* by layer: its live files */
    uint32_t first_absorbed;     /* the layers from here on become part of the new one */
    struct opened_file *members; /* the live files of these layers, by path */
    size_t member_count;
    size_t member_capacity;
    uint32_t **numbers;     /* by layer: what its files' numbers become in the new one */
    uint32_t *file_numbers; /* the same of the scan's files */
    struct meta meta;       /* the next */
    struct meta_language *languages;
    bool *is_family_new; /* by languages: its place is the update's own */
    struct meta_layer *layers;
    struct meta_layer layer; /* the new one */
    bool has_layer;
};

/* Whether a file of a layer is live (U1); *ret_now (may be NULL) is then the file that was read, or
 * NULL. */
bool update_is_live(const struct update *update, uint32_t layer, uint32_t file,
                    const struct job_file **ret_now);

/* Sums up the live files and counts what they need; then layer_make may be called. */
FIRN_NODISCARD firn_status layer_survey(struct update *update, firn_error *ret_error);
/* Chooses which layers are absorbed and writes the new one, if there is to be one. */
FIRN_NODISCARD firn_status layer_make(struct update *update, firn_error *ret_error);
void layer_fini(struct update *update);

/* Writes all that stands above the layers, removes what is not needed any more, and commits. */
FIRN_NODISCARD firn_status publish(struct update *update, firn_error *ret_error);

#endif
