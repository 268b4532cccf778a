/* The lines of a head, for any machine. */
#define FIRN_SCAN_AVX2 0
#define LINES_NAME firn_http_lines_plain
#include "http/lines.h"
