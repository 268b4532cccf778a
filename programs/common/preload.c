/* Finds a library that is preloaded and sets the environment: see preload.h. No state. */
#include "common/preload.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool preload_place(const char *wanted, char library[PATH_MAX])
{
    static const char *const folders[] = {"", FIRN_LIBRARY_FOLDER "/"};
    char program[PATH_MAX], path[2 * PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        return false;
    program[size] = '\0';
    char *name = strrchr(program, '/') + 1;
    *name = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s%s%s", program, folders[i], wanted);
        if (realpath(path, library) != NULL)
            return true;
    }
    return false;
}

/* The value of LD_PRELOAD with the library before what is there already, but for itself. NULL: no
 * memory. The caller releases *ret_bytes of it. */
static char *preload_list(const char *library, size_t *ret_bytes)
{
    const char *others = getenv("LD_PRELOAD");
    others = others != NULL ? others : "";
    size_t bytes = strlen(library) + strlen(others) + 2;
    char *list = firn_allocate(NULL, bytes), *end;
    if (list == NULL)
        return NULL;
    *ret_bytes = bytes;
    end = stpcpy(list, library);
    while (*others != '\0') {
        size_t size = strcspn(others, ": ");
        if (size > 0 && (size != strlen(library) || memcmp(others, library, size) != 0)) {
            *end++ = ':';
            end = mempcpy(end, others, size);
        }
        others += size + (others[size] != '\0');
    }
    *end = '\0';
    return list;
}

enum exit_status preload_find(const char *name, char library[PATH_MAX])
{
    if (!preload_place(name, library)) {
        report("%s: it is neither beside firn nor installed; install Firn again", name);
        return EXIT_FAILED;
    }
    if (strpbrk(library, ": $") != NULL) {
        report("%s: the loader takes no path with blanks, colons or dollars; move Firn", library);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

enum exit_status preload_set(const char *library)
{
    size_t bytes;
    char *list = preload_list(library, &bytes);
    bool is_set = list != NULL && setenv("LD_PRELOAD", list, 1) == 0;
    firn_release(NULL, list, list != NULL ? bytes : 0);
    if (is_set)
        return EXIT_DONE;
    report("the environment: out of memory; close something else and try again");
    return EXIT_FAILED;
}
