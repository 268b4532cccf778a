/* The return addresses of the callers of the library. Safe in any thread and handler. */
#ifndef TRACK_STACK_H
#define TRACK_STACK_H

#include "tune/trace.h"

/* Learns where this library lies, whose frames are left out. */
void track_stack_begin(void);

/* Fills in the frames of the program, the innermost first, and returns how many there are. thread
 * remembers the bounds of its stack. */
uint32_t track_stack_walk(struct trace_thread *thread, uint64_t frames[TRACE_FRAMES_MAX]);

/* Forgets what is known about code, after some was unloaded. */
void track_stack_forget(void);

#endif
