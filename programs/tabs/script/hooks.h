/* What the engine asks of the page that it runs in. */
#ifndef TABS_SCRIPT_HOOKS_H
#define TABS_SCRIPT_HOOKS_H

#include <stddef.h>

typedef struct script_engine script_engine;

/* Texts are valid during the call. */
typedef struct engine_hooks {
    /* A line of the console; level is "log", "warn", "error", "info" or "debug". */
    void (*print)(void *context, const char *level, const char *text, size_t size);
    /* Wakes the engine by engine_run_timers when ms have passed, instead of what was asked last; a
     * negative number: never. */
    void (*wake_in)(void *context, double ms);
    /* Milliseconds since the page began, and of the wall's clock. */
    double (*now)(void *context);
    double (*time)(void *context);
    /* Fills data with random bytes. */
    void (*random)(void *context, void *data, size_t size);
    void *context;
} engine_hooks;

#endif
