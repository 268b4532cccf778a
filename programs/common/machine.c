/* See machine.h. */
#include "common/machine.h"

#include "common/readable.h"

#include <firn/system.h>

#include <stdio.h>
#include <string.h>

char *machine_describe(char text[MACHINE_BYTES])
{
    char line[256], model[128] = "unknown processor", memory[READABLE_BYTES];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(model, sizeof model, "%.100s", strchr(line, ':') + 2);
            model[strcspn(model, "\n")] = '\0';
            break;
        }
    if (file != NULL)
        fclose(file);
    snprintf(text, MACHINE_BYTES, "%s, %u processors, %s", model, firn_processor_count(),
             readable_bytes(firn_memory_limit_bytes(), memory));
    return text;
}
