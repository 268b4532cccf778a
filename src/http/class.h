/* What a byte may be part of. The table is constant. */
#ifndef FIRN_HTTP_CLASS_H
#define FIRN_HTTP_CLASS_H

#include <stdint.h>

#define FIRN_HTTP_CLASS_TOKEN 1u  /* RFC 9110, 5.6.2: tchar */
#define FIRN_HTTP_CLASS_TEXT 2u   /* of a field's value: no control but a tab */
#define FIRN_HTTP_CLASS_TARGET 4u /* of a request's target: visible ASCII but '#' */
#define FIRN_HTTP_CLASS_HOST 8u   /* of a host's name: unreserved characters and '%' */

extern const uint8_t firn_http_class[256];

#endif
