/* The same, leaving out nothing. */
#define SAMPLES_ALL 1
#include "cache_memory.c"
