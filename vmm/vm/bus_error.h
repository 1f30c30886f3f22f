/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory that the host can't give: a file that became shorter, a full file system, an empty pool of huge pages, a
 * page with a hardware error. An access by this process then raises SIGBUS, and KVM_RUN returns EFAULT. The handler puts
 * an empty page in the place of the lost one, so that the run lives on to say what was lost.
 */
#ifndef BUS_ERROR_H
#define BUS_ERROR_H

#include <stdbool.h>

#include "base/err.h"
#include "vm/vm.h"

/* From now on SIGBUS is handled, in every thread, and no memory has been lost so far. */
void bus_error_watch(void);
/* Has memory been lost? */
bool bus_error_came(void);
/* The memslot, gpa and reason of the first page that was lost. False, without an error: it is none of this VM's. */
bool bus_error_explain(const struct vm *vm, struct err *err);
/*
 * After KVM_RUN has failed with EFAULT, which names no page: accesses the first page of each memslot that is not there
 * yet, as KVM did.
 */
void bus_error_probe(const struct vm *vm);

#endif
