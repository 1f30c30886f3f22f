/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps host memory for a row of memslots: anonymous, memfd, hugetlb, guest_memfd, a file. */
#ifndef BACKING_H
#define BACKING_H

#include "base/err.h"
#include "config/config.h"
#include "vm/signals.h"
#include "vm/vm.h"

/*
 * Maps memory for every slot of the row. vm is the VM's file descriptor, to which a guest_memfd
 * belongs. Swap is never reserved, and no page is touched.
 */
int backing_map(struct backing *backing, const struct memslot_cfg *cfg, int vm, struct err *err);
/*
 * Has the kernel give all pages. -EINTR: a signal came, which is not taken; -ETIMEDOUT: it is past
 * the deadline (clock_ns()).
 */
int backing_populate(const struct backing *backing, const struct memslot_cfg *cfg,
		     const struct signals *signals, uint64_t deadline_ns, struct err *err);
/*
 * Maps a part of the memory anew, at the same address, as munmap() and mmap() do: of anonymous memory
 * that loses what is in it.
 */
int backing_map_again(const struct backing *backing, const struct memslot_cfg *cfg, uint8_t *memory,
		      uint64_t size, struct err *err);
void backing_unmap(struct backing *backing);

#endif
