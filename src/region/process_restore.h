/* From an image to the process, in the husk or in a new child; see process_restore.c. */
#ifndef FIRN_REGION_PROCESS_RESTORE_H
#define FIRN_REGION_PROCESS_RESTORE_H

#include "region/process_work.h"

/* Becomes the process of work->image and does not return; or returns, with work->status, before
 * anything of the present process is changed, on the window's stack. rebuilt: this is not the
 * process that was packed. */
void firn_process_restore(firn_process_work *work, bool rebuilt);

#endif
