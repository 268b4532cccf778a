/* Media types by the ends of names, as IANA and browsers have them. */
#ifndef SERVE_TYPES_H
#define SERVE_TYPES_H

/* The type of a file of this name; "application/octet-stream" for those not known. Static. */
const char *type_of_name(const char *name);

#endif
