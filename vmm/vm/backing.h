/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps host memory for a row of memslots: anonymous, memfd, hugetlb, guest_memfd, a file. */
#ifndef BACKING_H
#define BACKING_H

#include "base/err.h"
#include "config/config.h"
#include "vm/vm.h"

/*
 * Maps memory for every slot of the row. vm is the VM's file descriptor, to which a guest_memfd
 * belongs. Swap is never reserved, and no page is touched unless the row says populate.
 */
int backing_map(struct backing *backing, const struct memslot_cfg *cfg, int vm, struct err *err);
void backing_unmap(struct backing *backing);

#endif
