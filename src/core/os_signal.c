/* Signals: blocking all, and the handler of SIGSEGV that gives what is not its own to the handler
 * before it, as if that had been called by the kernel. Called by region/.
 *
 * Threads: the chain is written once, before the handler stands. Memory: none.
 */
#include "core/os_signal.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <ucontext.h>

static struct {
    struct sigaction before;
    firn_segv_fn mend;
} chain;

firn_signals firn_os_signals_block(void)
{
    firn_signals before;
    sigset_t all;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before.blocked);
    return before;
}

void firn_os_signals_restore(const firn_signals *before)
{
    (void)pthread_sigmask(SIG_SETMASK, &before->blocked, NULL);
}

/* Ends as the kernel would: with the default action, at the access that faulted. */
static void give_up(int signal, const siginfo_t *info)
{
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    (void)sigaction(signal, &fallback, NULL);
    if (info->si_code <= 0) /* sent by somebody, so no access will fault again */
        (void)raise(signal);
}

static void pass_on(int signal, siginfo_t *info, void *context)
{
    const struct sigaction *before = &chain.before;
    if (!(before->sa_flags & SA_SIGINFO) && before->sa_handler == SIG_DFL) {
        give_up(signal, info);
        return;
    }
    if (!(before->sa_flags & SA_SIGINFO) && before->sa_handler == SIG_IGN) {
        if (info->si_code > 0) /* the kernel does not let one ignore that */
            give_up(signal, info);
        return;
    }
    const ucontext_t *interrupted = context; /* it may never return, so with its own mask */
    sigset_t mask = interrupted->uc_sigmask;
    for (int i = 1; i < SIGRTMAX; i++) {
        if (sigismember(&before->sa_mask, i) == 1)
            (void)sigaddset(&mask, i);
    }
    if (!(before->sa_flags & SA_NODEFER))
        (void)sigaddset(&mask, signal);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(signal, info, context);
    else
        before->sa_handler(signal);
}

static void on_segv(int signal, siginfo_t *info, void *context)
{
    int error = errno;
    bool mended = info->si_code > 0 && chain.mend(info->si_addr); /* not sent by somebody */
    errno = error;
    if (!mended)
        pass_on(signal, info, context);
}

bool firn_os_segv_take(firn_segv_fn mend)
{
    if (chain.mend != NULL)
        return true;
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    if (sigaction(SIGSEGV, NULL, &chain.before) != 0)
        return false;
    chain.mend = mend;
    if (sigaction(SIGSEGV, &action, NULL) == 0)
        return true;
    chain.mend = NULL;
    return false;
}
