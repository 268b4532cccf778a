/* What measuring pictures shares. */
#ifndef TABS_RESOURCES_MEASURE_H
#define TABS_RESOURCES_MEASURE_H

#include "tabs/resources/pictures.h"

/* An unsigned number of up to four bytes. */
uint32_t measure_number(const uint8_t *at, size_t bytes, bool big);

/* The size in CSS pixels that a browser gives an SVG. FIRN_UNSUPPORTED for what is no SVG,
 * FIRN_CORRUPT for a root that is cut off. */
firn_status measure_svg(const char *text, size_t size, double *ret_width, double *ret_height);

#endif
