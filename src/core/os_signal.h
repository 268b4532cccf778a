/* Which signals a thread takes, and who takes SIGSEGV. Async-signal-safe and thread-safe but where
 * it says otherwise. */
#ifndef FIRN_CORE_OS_SIGNAL_H
#define FIRN_CORE_OS_SIGNAL_H

#include <stdbool.h>
#include <signal.h>

typedef struct firn_signals {
    sigset_t blocked;
} firn_signals;

/* Blocks all signals in this thread; returns what was blocked before. */
firn_signals firn_os_signals_block(void);
void firn_os_signals_restore(const firn_signals *before);

/* Whether the fault at this address was mended, so that the access is to be tried again. */
typedef bool (*firn_segv_fn)(void *address);

/* Takes SIGSEGV, once in a process; faults that mend does not know go to the handler that was there
 * before. Callable again, from one thread at a time. False when it cannot be taken. */
bool firn_os_segv_take(firn_segv_fn mend);

#endif
