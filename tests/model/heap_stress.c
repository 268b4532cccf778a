/* The model test of the heap with ten million operations. */
#define OPERATIONS 10000000
#include "heap.c"
