/* What program this is. Thread-safe. */
#ifndef FIRN_CORE_PROGRAM_H
#define FIRN_CORE_PROGRAM_H

#include <stdint.h>

/* A number out of the program's GNU build id; 0 when it has none. */
uint64_t firn_program_build(void);

/* The kind of machine: processor and page size. Never 0. */
uint64_t firn_machine_kind(void);

#endif
