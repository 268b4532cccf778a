/* The flag is global because a signal handler has nothing else to reach it by. */
#include "code/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool came;

static void take_note(int signal_number)
{
    (void)signal_number;
    atomic_store(&came, true);
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = take_note, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void interrupt_ask(void)
{
    atomic_store(&came, true);
}

bool interrupt_came(void)
{
    return atomic_load_explicit(&came, memory_order_relaxed);
}
