/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of a run that are made to fail, and what is predicted after them. */
#ifndef RUN_FAULTS_H
#define RUN_FAULTS_H

#include <stdbool.h>

#include "run/result.h"
#include "vm/payload.h"

/* False: on this host a phase that must fail would not. Then run->err has the reason for the skip. */
bool run_can_fail(struct run *run);
/* What a first shadow root that fails now leaves behind. */
void run_kept(const struct run *run, struct footprint *kept);
/* A new prediction, after the layout changed or arrays were kept. */
void run_predict_again(const struct run *run, const struct footprint *kept,
		       struct prediction *again);
/* do = slot-delete: deletes the slots of a row. 0 or -errno with run->err. */
int run_delete_slots(struct run *run, const struct vm *vm, const struct payload *payload,
		     const char *name);
/* do = slot-move: moves each slot of a row above all others, and back. */
int run_move_slots(struct run *run, const struct vm *vm, const struct payload *payload,
		   const char *name);

#endif
