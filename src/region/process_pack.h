/* From a process to its image, and from a process to a husk; see process_pack.c. */
#ifndef FIRN_REGION_PROCESS_PACK_H
#define FIRN_REGION_PROCESS_PACK_H

#include "region/process_work.h"

/* Packs the process as it will be when the context of work->caller is set. On success work->image
 * and work->image_bytes are it. Runs on the window's stack, as do all of these. */
bool firn_process_pack(firn_process_work *work);

/* Gives the pages back that are in the image, and with them all page tables that go. */
bool firn_process_release(firn_process_work *work);

#endif
