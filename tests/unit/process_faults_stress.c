/* The same without leaving out any call. */
#define EVERY 1
#include "process_faults.c"
