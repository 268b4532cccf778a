/* The variables that this process was started with. Thread-safe as long as nobody changes them. */
#ifndef FIRN_CORE_ENVIRONMENT_H
#define FIRN_CORE_ENVIRONMENT_H

#include <stddef.h>

/* Copies the value of a variable and a NUL, cut to what size bytes hold; "" when it is not set. */
void firn_environment_get(const char *name, char *ret_value, size_t size);

#endif
