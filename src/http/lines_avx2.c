/* The lines of a head, for machines that have AVX2; on others this is not called. */
#if defined(__x86_64__)
#define FIRN_SCAN_AVX2 1
#define LINES_NAME firn_http_lines_avx2
#include "http/lines.h"
#endif
