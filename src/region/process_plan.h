/* What a restore does to mappings: compares those that are there with those of the image, first to
 * see whether it can be, then to carry it out. See process_plan.c. */
#ifndef FIRN_REGION_PROCESS_PLAN_H
#define FIRN_REGION_PROCESS_PLAN_H

#include "region/process_work.h"

typedef struct planning {
    firn_process_work *work;
    const firn_process_image_header *header;
    const firn_process_image_tables *tables;
    firn_process_work_list own;
    int *fds;                      /* a mapping of the image each; -1: none is needed */
    uint64_t brk;                  /* as it was */
    uint64_t gone_start, gone_end; /* what a smaller data segment unmaps */
    bool real;                     /* mappings are changed, not just compared */
    long result;                   /* of the last call on a mapping */
    bool renews;                   /* what is not wanted, and what is of other files, stays */
} planning;

/* Looks whether it can be, opens files, and makes the data segment larger where it must be. False
 * with work's status, and nothing changed. */
bool firn_process_plan_make(planning *plan, firn_process_work *work,
                            const firn_process_image_header *header,
                            const firn_process_image_tables *tables);

/* Changes the mappings. False when a step failed: some are then changed and others not. */
bool firn_process_plan_carry_out(planning *plan);

/* Makes the template's memory what it was, where the process has unmapped it, mapped something else
 * over it, or changed its rights; all else stays. False with work's status. */
bool firn_process_plan_renew(firn_process_work *work);

#endif
