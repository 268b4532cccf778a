/* The store that a server answers from, as it is after the last commit: each commit brings a new
 * *edition*, and answers under way keep theirs. May be shared between threads. */
#ifndef CODE_SERVE_SERVED_H
#define CODE_SERVE_SERVED_H

#include "code/opened.h"
#include "code/view.h"

struct served_options {
    const char *path; /* of the store; must outlive all */
    size_t ram_bytes; /* for decoded segments, and decoded files, which get a third */
    bool is_resident; /* all but the sources is decoded at once and stays */
};

struct edition {
    struct opened opened;
    struct views *views; /* of this edition's files */
    uint64_t generation; /* of the store's commit */
    unsigned users;      /* private, and what follows */
    firn_segment *pinned;
    size_t pinned_count;
    size_t pinned_capacity;
};

struct served;

/* Opens the store and watches its folder. Fails as opened_init does; FIRN_IO when the folder cannot
 * be watched. */
FIRN_NODISCARD firn_status served_create(const struct served_options *options,
                                         struct served **ret_served, firn_error *ret_error);
/* No edition may be in use any more. */
void served_destroy(struct served *served);

/* Takes the edition of the last commit, which is opened first if it is new: what was committed
 * before the call is seen. served_give it back. Fails as opened_init does; the next call then tries
 * again. */
FIRN_NODISCARD firn_status served_take(struct served *served, struct edition **ret_edition,
                                       firn_error *ret_error);
void served_give(struct served *served, struct edition *edition);

/* Becomes readable when served_take would look at the store again. */
int served_descriptor(const struct served *served);

#endif
