/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls that a vCPU's thread may make: a seccomp filter. The thread handles what the guest does, so it is the
 * first that a hostile guest could take over. A call that is denied fails with EPERM, and ends the run.
 */
#ifndef VCPU_FILTER_H
#define VCPU_FILTER_H

#include <stdbool.h>

#include "base/err.h"

/* From now on denied calls are noted, in every thread. No call has been denied so far, and no filter is missing. */
void vcpu_filter_watch(void);
/*
 * Gives the calling thread its filter, for as long as it lives. The process must have no_new_privs. flushes: the guest has
 * the test device, which flushes a page by making it executable for a moment (pc.c).
 */
void vcpu_filter_install(bool flushes);
/* 0: every thread that asked has its filter; else the errno of the first that the kernel refused. */
int vcpu_filter_missing(void);
/* Has a call been denied? */
bool vcpu_filter_came(void);
/* The first call that was denied. False, without an error: none was. */
bool vcpu_filter_explain(struct err *err);

#endif
