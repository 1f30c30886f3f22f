/* SPDX-License-Identifier: GPL-2.0-only */
/* What is typed for a guest, from a descriptor to its serial port: a thread, for the guest may read slowly or never. */
#ifndef PC_INPUT_H
#define PC_INPUT_H

#include "vm/pc.h"

/* Reads fd, which stays the caller's, until its end or pc_input_stop(). 0 or -errno. */
int pc_input_start(struct pc *pc, int fd, struct err *err);
void pc_input_stop(struct pc *pc);

#endif
