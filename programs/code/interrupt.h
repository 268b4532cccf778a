/* SIGINT and SIGTERM as a flag that long work asks for. A second signal ends the process at once,
 * which a store survives. */
#ifndef CODE_INTERRUPT_H
#define CODE_INTERRUPT_H

#include <stdbool.h>

/* Sets the handlers. Called once, before threads are made. */
void interrupt_catch(void);

/* Whether a signal has come. Safe in any thread. */
bool interrupt_came(void);

/* Sets the flag as a signal would. */
void interrupt_ask(void);

#endif
