/* How to get from a frame to its caller's, as .eh_frame tells it for an address of code.
 * Thread-safe and safe in handlers of signals; takes no lock, allocates nothing. */
#ifndef TRACK_RULES_H
#define TRACK_RULES_H

#include <stdint.h>

enum rule_kind {
    RULE_END,      /* the outermost frame, or one that cannot be left */
    RULE_STACK,    /* the frame's address is the stack pointer + offset */
    RULE_BASE,     /* the base pointer + offset */
    RULE_INDIRECT, /* what lies at the base pointer + offset */
    RULE_SIGNAL,   /* the frame that the kernel made for a handler */
};

enum rule_saved {
    SAVED_SAME,  /* the caller's base pointer is still in the register */
    SAVED_FRAME, /* at the frame's address + saved_offset */
    SAVED_BASE,  /* at the base pointer + saved_offset */
};

/* In 64 bits, so that a cache can hold it. */
struct rule {
    int32_t offset;
    int16_t saved_offset;
    uint8_t kind, saved;
};
_Static_assert(sizeof(struct rule) == 8, "a word");

struct rule track_rule_find(uintptr_t address);

#endif
