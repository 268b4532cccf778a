/* The same ten thousand times, and rebuilt a thousand times. */
#define WAKES 10000
#define REBUILDS 1000
#include "process.c"
