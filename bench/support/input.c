/* See input.h. */
#include "support/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool input_lay_out(const char *script, const char *path)
{
    char command[9000];
    if (access(path, R_OK) == 0)
        return true;
    if (access(script, X_OK) != 0)
        return false;
    fprintf(stderr, "laying out %s\n", path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\" && '%s' '%s' >&2", path, script,
             path);
    return system(command) == 0 && access(path, R_OK) == 0;
}
