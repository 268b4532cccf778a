/* Figures for people. No state, no memory but the caller's buffer. */
#include "common/readable.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Three significant digits of a value below 1,000. */
static char *scaled(double value, const char *unit, char buffer[READABLE_BYTES])
{
    const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(buffer, READABLE_BYTES, "%.*f %s", digits, value, unit);
    return buffer;
}

char *readable_bytes(uint64_t bytes, char buffer[READABLE_BYTES])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        snprintf(buffer, READABLE_BYTES, "%u B", (unsigned)bytes);
        return buffer;
    }
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    return scaled(value, units[unit], buffer);
}

char *readable_seconds(double seconds, char buffer[READABLE_BYTES])
{
    if (!(seconds < 1e12)) /* also for what is no number */
        seconds = 1e12;
    if (seconds < 999.5e-9)
        return scaled(seconds * 1e9, "ns", buffer);
    if (seconds < 999.5e-6)
        return scaled(seconds * 1e6, "µs", buffer);
    if (seconds < 999.5e-3)
        return scaled(seconds * 1e3, "ms", buffer);
    if (seconds < 99.95)
        return scaled(seconds, "s", buffer);
    const uint64_t whole = (uint64_t)(seconds + 0.5);
    snprintf(buffer, READABLE_BYTES, "%llu min %02u s", (unsigned long long)(whole / 60),
             (unsigned)(whole % 60));
    return buffer;
}

char *readable_number(uint64_t number, char buffer[READABLE_BYTES])
{
    char digits[READABLE_BYTES];
    const int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *out = buffer;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer;
}
