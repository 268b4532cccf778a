/* Fills the table of GnuTLS's functions, once. */
#include "http/gnutls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#undef gnutls_free

static struct gnutls_table table;
static bool is_whole;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void)
{
    static const char *const names[] = {
#define NAME(name) "gnutls_" #name,
        FIRN_GNUTLS_FUNCTIONS(NAME)
#undef NAME
            "gnutls_free"};
    void *found[sizeof names / sizeof names[0]];
    _Static_assert(sizeof found == sizeof table, "a pointer for each");
    /* Never closed: it could be in use to the end of the process. */
    void *library = dlopen(FIRN_GNUTLS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    is_whole = library != NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && is_whole; i++) {
        found[i] = dlsym(library, names[i]);
        is_whole = found[i] != NULL;
    }
    if (is_whole)
        memcpy(&table, found, sizeof table);
}

const struct gnutls_table *firn_http_gnutls(void)
{
    pthread_once(&once, fill);
    return is_whole ? &table : NULL;
}
