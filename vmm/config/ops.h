/* SPDX-License-Identifier: GPL-2.0-only */
/* THE table of what workers can do: config words, `list ops` and the code of each come from it. */
#ifndef OPS_H
#define OPS_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/* id, name, traits, what one round is */
#define WORKER_OPS(X) \
	X(DIRTY_LOG_TOGGLE, "dirty-log-toggle", OP_NEEDS_SLOT, \
	  "switches dirty logging of a slot on and off") \
	X(DIRTY_LOG_GET, "dirty-log-get", OP_NEEDS_SLOT | OP_NEEDS_BITMAP, \
	  "dirty logging on, get the log four times, logging off") \
	X(DIRTY_LOG_CLEAR, "dirty-log-clear", OP_NEEDS_SLOT | OP_NEEDS_BITMAP | OP_NEEDS_MANUAL_LOG, \
	  "dirty logging on, clear a part of the log as if it had been gotten, logging off") \
	X(DIRTY_LOG_CYCLE, "dirty-log-cycle", OP_NEEDS_SLOT | OP_NEEDS_BITMAP | OP_NEEDS_MANUAL_LOG, \
	  "as a migration does: dirty logging on, get the log, clear it, logging off") \
	X(DIRTY_RING, "dirty-ring", OP_NEEDS_SLOT | OP_NEEDS_RING, \
	  "dirty logging on, harvest the rings of all vCPUs, reset them, logging off") \
	X(SLOT_ADD, "slot-add", OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA, \
	  "adds another memslot that shows a slot's memory, above all others, and deletes it") \
	X(SLOT_DELETE, "slot-delete", OP_NEEDS_SLOT | OP_REMOVES_SLOT | OP_LOSES_DATA, \
	  "deletes a slot and adds it again") \
	X(SLOT_MOVE, "slot-move", OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA | OP_REMOVES_SLOT | OP_LOSES_DATA, \
	  "moves a slot above all others and back") \
	X(SLOT_FLAGS, "slot-flags", OP_NEEDS_SLOT | OP_REMOVES_SLOT | OP_LOSES_DATA, \
	  "makes a slot read-only, which takes deleting it, and writable again") \
	X(DISCARD, "discard", OP_NEEDS_SLOT | OP_LOSES_DATA, \
	  "gives up to 1 MiB of what the phase writes in a slot back to the host " \
	  "(MADV_DONTNEED, of files MADV_REMOVE)") \
	X(THP, "thp", OP_NEEDS_SLOT, "makes 2 MiB of a slot a huge page (MADV_COLLAPSE) and splits it") \
	X(MPROTECT, "mprotect", OP_NEEDS_SLOT | OP_WRITE_PROTECTS, \
	  "makes up to 1 MiB of a slot's memory read-only in the VMM, and writable again") \
	X(RECLAIM, "reclaim", 0, "has the own cgroup reclaim 1 MiB (memory.reclaim), which ages pages") \
	X(VM_CREATE_DESTROY, "vm-create-destroy", OP_MAKES_VM, \
	  "makes another VM with the same slots and vCPUs, and destroys it") \
	X(FIRST_L2, "first-l2", OP_MAKES_VM | OP_GUEST_JOB, \
	  "the same, and all its vCPUs enter L2 for the first time at once") \
	X(FIRST_L2_SLOTS, "first-l2-slots", OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA | OP_REMOVES_SLOT | \
	  OP_LOSES_DATA | OP_MAKES_VM | OP_GUEST_JOB, \
	  "the same, while another thread moves a slot of that VM and switches its dirty logging") \
	X(SIGNAL_KICK, "signal-kick", 0, "sends a vCPU's thread a signal") \
	X(DEBUGFS_READ, "debugfs-read", 0, "reads a VM's mmu_rmaps_stat") \
	X(STATS_READ, "stats-read", 0, "reads the counters of a VM and a vCPU (KVM_GET_STATS_FD)") \
	X(L2_TOUCH, "l2-touch", OP_IN_GUEST | OP_GUEST_JOB, \
	  "vCPUs: L2 writes the phase's pages, L1 reads them back") \
	X(NPT_CHURN, "npt-churn", OP_IN_GUEST | OP_GUEST_JOB | OP_NEEDS_NESTED_PAGING, \
	  "vCPUs: the same, while L1 takes L2's NPT/EPT entries away and gives them back") \
	X(ALIAS, "alias", OP_IN_GUEST | OP_GUEST_JOB | OP_NEEDS_NESTED_PAGING, \
	  "vCPUs: 512 of L2's pages are one page of L1's: long rmap chains")

/* What an op needs, and what it does to the rest of the run. */
enum op_trait {
	OP_NEEDS_SLOT = 1,		/* it works on a memslot: worker.NAME.slot is required */
	OP_NEEDS_MANUAL_LOG = 2,	/* KVM_GET_DIRTY_LOG must not clear the log (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) */
	OP_LOSES_DATA = 4,		/* what the guest wrote to the slot may read back as 0 */
	OP_REMOVES_SLOT = 8,		/* the slot is missing for an instant */
	OP_WRITE_PROTECTS = 16,		/* the slot's memory can't be written for an instant */
	OP_MAKES_VM = 32,		/* each thread has a VM of its own, one at a time */
	OP_IN_GUEST = 64,		/* the vCPUs do it instead of the phase's load: it has no threads */
	OP_GUEST_JOB = 128,		/* the payload has a part of its own in it */
	OP_NEEDS_NESTED_PAGING = 256,	/* it changes L2's NPT/EPT tables */
	OP_NEEDS_BITMAP = 512,		/* the slot's dirty log must be a bitmap: not with vm.dirty-ring */
	OP_NEEDS_RING = 1024,		/* dirty pages must be in rings: only with vm.dirty-ring */
	OP_NEEDS_SPARE_GPA = 2048,	/* it puts a slot above all others */
};

enum worker_op {
#define OP_ENUM(id, name, traits, help) OP_##id,
	WORKER_OPS(OP_ENUM)
#undef OP_ENUM
	OP_COUNT
};

struct op_info {
	const char *name, *help;
	unsigned int traits;	/* enum op_trait */
};

const struct op_info *op_info(int op);
/*
 * The traits of all ops of a config's workers together (enum op_trait), with `slot` only of those
 * workers that work on [memslot.SLOT].
 */
unsigned int op_traits_of(const struct config *config, const char *slot);

#endif
