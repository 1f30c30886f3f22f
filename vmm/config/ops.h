/* SPDX-License-Identifier: GPL-2.0-only */
/* THE table of what workers can do: config words, `list ops` and the code of each come from it. */
#ifndef OPS_H
#define OPS_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/* id, name, its nature, what one round is */
#define WORKER_OPS(X)                                                                          \
	X(DIRTY_LOG_TOGGLE, "dirty-log-toggle", OP_SLOT,                                      \
	  "switches dirty logging of a slot on and off")                                      \
	X(DIRTY_LOG_GET, "dirty-log-get", OP_SLOT | OP_BITMAP,                                      \
	  "dirty logging on, get the log four times, logging off")                            \
	X(DIRTY_LOG_CLEAR, "dirty-log-clear", OP_SLOT | OP_BITMAP | OP_MANUAL_LOG,            \
	  "dirty logging on, clear a part of the log as if it had been gotten, logging off")   \
	X(DIRTY_LOG_CYCLE, "dirty-log-cycle", OP_SLOT | OP_BITMAP | OP_MANUAL_LOG,            \
	  "as a migration does: dirty logging on, get the log, clear it, logging off")        \
	X(DIRTY_RING, "dirty-ring", OP_SLOT | OP_RING,                                        \
	  "dirty logging on, harvest the rings of all vCPUs, reset them, logging off")        \
	X(SLOT_ADD, "slot-add", OP_SLOT | OP_PARKS,                                           \
	  "adds another memslot that shows a slot's memory, above all others, and deletes it") \
	X(SLOT_DELETE, "slot-delete", OP_SLOT | OP_TAKES_SLOT | OP_LOSES_DATA,                \
	  "deletes a slot and adds it again")                                                 \
	X(SLOT_MOVE, "slot-move", OP_SLOT | OP_PARKS | OP_TAKES_SLOT | OP_LOSES_DATA,         \
	  "moves a slot above all others and back")                                           \
	X(SLOT_FLAGS, "slot-flags", OP_SLOT | OP_TAKES_SLOT | OP_LOSES_DATA,                  \
	  "makes a slot read-only, which takes deleting it, and writable again")              \
	X(DISCARD, "discard", OP_SLOT | OP_LOSES_DATA,                                        \
	  "gives up to 1 MiB of what the phase writes in a slot back to the host "            \
	  "(MADV_DONTNEED, of files MADV_REMOVE)")                                             \
	X(THP, "thp", OP_SLOT, "makes 2 MiB of a slot a huge page (MADV_COLLAPSE) and splits it") \
	X(MPROTECT, "mprotect", OP_SLOT | OP_REVOKES,                                         \
	  "makes up to 1 MiB of a slot's memory read-only in the VMM, and writable again")    \
	X(RECLAIM, "reclaim", 0, "has the own cgroup reclaim 1 MiB (memory.reclaim), which ages pages") \
	X(VM_CREATE_DESTROY, "vm-create-destroy", OP_MAKES_VM,                                \
	  "makes another VM with the same slots and vCPUs, and destroys it")                  \
	X(FIRST_L2, "first-l2", OP_MAKES_VM | OP_GUEST_JOB,                                   \
	  "the same, and all its vCPUs enter L2 for the first time at once")                  \
	X(FIRST_L2_SLOTS, "first-l2-slots", OP_SLOT | OP_PARKS | OP_TAKES_SLOT | OP_LOSES_DATA |  \
	  OP_MAKES_VM | OP_GUEST_JOB, "the same, while another thread moves a slot of that VM and switches its dirty logging") \
	X(SIGNAL_KICK, "signal-kick", 0, "sends a vCPU's thread a signal")                    \
	X(DEBUGFS_READ, "debugfs-read", 0, "reads a VM's mmu_rmaps_stat")                     \
	X(STATS_READ, "stats-read", 0, "reads the counters of a VM and a vCPU (KVM_GET_STATS_FD)") \
	X(L2_TOUCH, "l2-touch", OP_IN_GUEST | OP_GUEST_JOB,                                   \
	  "vCPUs: L2 writes the phase's pages, L1 reads them back")                           \
	X(NPT_CHURN, "npt-churn", OP_IN_GUEST | OP_GUEST_JOB | OP_NESTED_PAGING,              \
	  "vCPUs: the same, while L1 takes L2's NPT/EPT entries away and gives them back")    \
	X(ALIAS, "alias", OP_IN_GUEST | OP_GUEST_JOB | OP_NESTED_PAGING,                      \
	  "vCPUs: 512 of L2's pages are one page of L1's: long rmap chains")

/* What an op needs, or what it does to the rest of the run. */
enum op_nature {
	OP_SLOT = 1,		/* works on a memslot */
	OP_MANUAL_LOG = 2,	/* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: get does not clear */
	OP_LOSES_DATA = 4,	/* what the guest wrote to the slot may read back as 0 */
	OP_TAKES_SLOT = 8,	/* the slot is not there for an instant */
	OP_REVOKES = 16,	/* its memory can't be written for an instant */
	OP_MAKES_VM = 32,	/* each thread has a VM of its own, one at a time */
	OP_IN_GUEST = 64,	/* what vCPUs do instead of the phase's load, not a thread's op */
	OP_GUEST_JOB = 128,	/* the payload has a part of its own in it */
	OP_NESTED_PAGING = 256,	/* makes no sense without NPT/EPT */
	OP_BITMAP = 512,	/* a slot's log is a bitmap: not with vm.dirty-ring */
	OP_RING = 1024,		/* takes vm.dirty-ring */
	OP_PARKS = 2048,	/* puts a slot above all others */
};

enum worker_op {
#define OP_ENUM(id, name, nature, help) OP_##id,
	WORKER_OPS(OP_ENUM)
#undef OP_ENUM
	OP_COUNT
};

struct op_info {
	const char *name, *help;
	unsigned int nature;	/* enum op_nature */
};

const struct op_info *op_info(int op);
/* The natures of all ops that a config's workers do; of those on one [memslot.NAME] with slot. */
unsigned int ops_of(const struct config *config, const char *slot);

#endif
