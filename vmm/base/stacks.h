/* SPDX-License-Identifier: GPL-2.0-only */
/* The stacks of threads. */
#ifndef STACKS_H
#define STACKS_H

/* Every thread that is made from then on has a stack of 1 MiB. */
void stacks_limit(void);

#endif
