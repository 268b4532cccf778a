/* Numbers that a stranger cannot guess, for the seeds of hash tables. Thread-safe. */
#ifndef FIRN_CORE_ENTROPY_H
#define FIRN_CORE_ENTROPY_H

#include <stdint.h>

uint64_t firn_entropy(void);

#endif
