/* What the engine asks of the page that it runs in. A hook that is NULL is one that the page lacks:
 * fetches fail, and storage is kept by the engine alone. */
#ifndef TABS_SCRIPT_HOOKS_H
#define TABS_SCRIPT_HOOKS_H

#include <firn/status.h>

typedef struct script_engine script_engine;

/* What a resource is wanted for. */
typedef enum engine_destination {
    ENGINE_DOCUMENT,
    ENGINE_SCRIPT,
    ENGINE_STYLE,
    ENGINE_IMAGE, /* its answer has sizes in place of a body */
    ENGINE_DATA,  /* fetch and XMLHttpRequest */
} engine_destination;

/* Texts end with NUL and are valid during the call. */
typedef struct engine_request {
    engine_destination destination;
    const char *method;
    const char *url;     /* absolute; without a fragment, but where the page goes */
    const char *headers; /* each as "Name: value\r\n" */
    const void *body;
    size_t body_bytes;
} engine_request;

typedef struct engine_response {
    const char *error; /* why nothing came, in one line; else NULL */
    unsigned status;   /* of HTTP; 200 for a file */
    const char *url;   /* where the redirects ended */
    const char *headers;
    const void *body;
    size_t body_bytes;
    unsigned width, height; /* of an image */
} engine_response;

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
    /* Begins to fetch; engine_fetched tells the end, once, unless it was aborted. */
    void (*fetch)(void *context, uint32_t id, const engine_request *request);
    void (*abort)(void *context, uint32_t id);
    /* Waits for the answer, which is valid until the next call of any hook. */
    void (*fetch_now)(void *context, const engine_request *request, engine_response *ret_response);
    /* Leaves the document for another once the script that runs has returned. */
    void (*navigate)(void *context, const engine_request *request, bool replace);
    /* Goes through what the tab showed before: beyond what the document has of its own. */
    void (*traverse)(void *context, int delta);
    /* The document's URL or title became another. */
    void (*moved)(void *context, const char *url, const char *title);
    /* localStorage, and sessionStorage where session: sets a key, removes it when value is NULL,
     * removes all when key is NULL; and tells all that there is, once, when a script first asks. */
    void (*store)(void *context, bool session, const char *key, size_t key_bytes, const char *value,
                  size_t value_bytes);
    void (*stored)(void *context, bool session,
                   void (*visit)(void *visitor, const char *key, size_t key_bytes,
                                 const char *value, size_t value_bytes),
                   void *visitor);
    void *context;
} engine_hooks;

#endif
