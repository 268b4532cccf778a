/* Waiting for a word in memory to change, by the kernel's futex: whoever changes it wakes those who
 * wait, and no mutex is taken for it. Thread-safe: there is no state. */
#ifndef FIRN_CORE_OS_WORD_H
#define FIRN_CORE_OS_WORD_H

#include <stdatomic.h>
#include <stdint.h>

/* Waits while the word has this value, up to a moment of firn_clock_ns, UINT64_MAX being none. 0 or
 * ETIMEDOUT; may return early, so that the word is to be read again. */
int firn_os_word_wait(atomic_uint *word, unsigned value, uint64_t deadline_ns);

/* Wakes one who waits there. The word is only named and not touched, so that whoever waited may
 * have gone on and given its memory back. */
void firn_os_word_wake(atomic_uint *word);

#endif
