/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of what workers do, the values of worker.NAME.op. To add an op for worker threads,
 * add a row to THREAD_OPS, and its function, int round_ID(struct worker *worker), to the
 * run/stress_SUBJECT.c that fits. The rest follows from the row: the config word, what
 * `minivmm list ops` prints, the function's prototype and its call (run/worker.*), the steps that
 * reports have times of (run/stress.*), and the guest's job (vm/device_tree.c).
 *
 * A row is X(id, name, traits, job, steps, help):
 *   traits  enum op_trait, or 0
 *   job     what the payload does for the op: a phase's `do` (include/minivmm_abi.h), or NULL
 *   steps   STEP(id, name) for each part of a round that worker_took() times, or NO_NEW_STEP. If
 *           several ops have a step, it stands in the row of the first of them.
 *   help    what one round does
 */
#ifndef OPS_H
#define OPS_H

struct config;

/* What the threads of a worker do beside the vCPUs. */
#define THREAD_OPS(X) \
	X(dirty_log_toggle, "dirty-log-toggle", OP_NEEDS_SLOT, NULL, \
	  STEP(DIRTY_LOG_ON, "dirty-log-on") STEP(DIRTY_LOG_OFF, "dirty-log-off"), \
	  "switches dirty logging of a slot on and off") \
	X(dirty_log_get, "dirty-log-get", OP_NEEDS_SLOT | OP_NEEDS_BITMAP | OP_COMPARES_LOG, NULL, \
	  STEP(DIRTY_LOG_GET, "dirty-log-get"), \
	  "dirty logging on, get the log four times, logging off") \
	X(dirty_log_clear, "dirty-log-clear", \
	  OP_NEEDS_SLOT | OP_NEEDS_BITMAP | OP_NEEDS_MANUAL_LOG | OP_COMPARES_LOG, NULL, \
	  STEP(DIRTY_LOG_CLEAR, "dirty-log-clear"), \
	  "dirty logging on, clear a part of the log as if it had been gotten, get it, logging off") \
	X(dirty_log_cycle, "dirty-log-cycle", \
	  OP_NEEDS_SLOT | OP_NEEDS_BITMAP | OP_NEEDS_MANUAL_LOG | OP_COMPARES_LOG, NULL, \
	  NO_NEW_STEP, \
	  "as a migration does: dirty logging on, twice get the log and clear it, logging off") \
	X(dirty_ring, "dirty-ring", OP_NEEDS_SLOT | OP_NEEDS_RING | OP_COMPARES_LOG, NULL, \
	  STEP(DIRTY_RING, "dirty-ring"), \
	  "dirty logging on, harvest the rings of all vCPUs, reset them, logging off") \
	X(slot_add, "slot-add", OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA, NULL, \
	  STEP(SLOT_ADD, "slot-add") STEP(SLOT_DELETE, "slot-delete"), \
	  "adds another memslot that shows a slot's memory, above all others, and deletes it") \
	X(slot_delete, "slot-delete", OP_NEEDS_SLOT | OP_REMOVES_SLOT, NULL, \
	  NO_NEW_STEP, \
	  "deletes a slot and adds it again") \
	X(slot_move, "slot-move", \
	  OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA | OP_REMOVES_SLOT, NULL, \
	  STEP(SLOT_MOVE, "slot-move"), \
	  "moves a slot above all others and back") \
	X(slot_flags, "slot-flags", OP_NEEDS_SLOT | OP_REMOVES_SLOT, NULL, \
	  NO_NEW_STEP, \
	  "makes a slot read-only, which takes deleting it, and writable again") \
	X(discard, "discard", OP_NEEDS_SLOT | OP_LOSES_DATA, NULL, \
	  STEP(DISCARD, "discard"), \
	  "gives up to 1 MiB of what the phase writes in a slot back to the host (MADV_DONTNEED, " \
	  "of files MADV_REMOVE)") \
	X(thp, "thp", OP_NEEDS_SLOT, NULL, \
	  STEP(THP, "thp"), \
	  "makes 2 MiB of a slot a huge page (MADV_COLLAPSE) and splits it") \
	X(mprotect, "mprotect", OP_NEEDS_SLOT | OP_WRITE_PROTECTS, NULL, \
	  STEP(MPROTECT, "mprotect"), \
	  "makes up to 1 MiB of a slot's memory read-only in the VMM, and writable again") \
	X(reclaim, "reclaim", 0, NULL, \
	  STEP(RECLAIM, "reclaim"), \
	  "has the own cgroup reclaim 1 MiB (memory.reclaim), which ages pages") \
	X(vm_create_destroy, "vm-create-destroy", OP_MAKES_VM, NULL, \
	  STEP(VM_CREATE, "vm-create") STEP(VM_DESTROY, "vm-destroy"), \
	  "makes another VM with the same slots and vCPUs, and destroys it") \
	X(first_l2, "first-l2", OP_MAKES_VM | OP_RUNS_L2, "l2", \
	  STEP(FIRST_L2, "first-l2"), \
	  "the same, and all its vCPUs enter L2 for the first time at once") \
	X(first_l2_slots, "first-l2-slots", \
	  OP_NEEDS_SLOT | OP_NEEDS_SPARE_GPA | OP_REMOVES_SLOT | OP_MAKES_VM | OP_RUNS_L2, \
	  "l2", \
	  NO_NEW_STEP, \
	  "the same, while another thread moves a slot of that VM and switches its dirty logging") \
	X(first_l2_log, "first-l2-log", OP_NEEDS_SLOT | OP_MAKES_VM | OP_RUNS_L2, "l2", \
	  NO_NEW_STEP, \
	  "the same, while another thread switches dirty logging of a slot of that VM, in which its " \
	  "vCPUs may run: panics Linux 6.1 to 7.3 (docs/kernel-bugs.md)") \
	X(signal_kick, "signal-kick", 0, NULL, \
	  STEP(SIGNAL_KICK, "signal-kick"), \
	  "sends a vCPU's thread a signal") \
	X(debugfs_read, "debugfs-read", 0, NULL, \
	  STEP(DEBUGFS_READ, "debugfs-read"), \
	  "reads a VM's mmu_rmaps_stat") \
	X(stats_read, "stats-read", 0, NULL, \
	  STEP(STATS_READ, "stats-read"), \
	  "reads the counters of a VM and a vCPU (KVM_GET_STATS_FD)")

/* What the vCPUs do instead of the phase's load. A pass of a vCPU is a round. */
#define VCPU_OPS(X) \
	X(l2_touch, "l2-touch", 0, "l2", \
	  STEP(GUEST_PASS, "guest-pass"), \
	  "vCPUs: L2 writes the phase's pages, L1 reads them back") \
	X(l2_rewrite, "l2-rewrite", 0, "l2-rewrite", \
	  NO_NEW_STEP, \
	  "vCPUs: L2 writes the phase's pages again and again for about a millisecond before it leaves, " \
	  "by whatever its TLB holds") \
	X(npt_churn, "npt-churn", OP_NEEDS_NESTED_PAGING, "npt-churn", \
	  NO_NEW_STEP, \
	  "vCPUs: the same, while L1 takes L2's NPT/EPT entries away and gives them back") \
	X(alias, "alias", OP_NEEDS_NESTED_PAGING, "alias", \
	  NO_NEW_STEP, \
	  "vCPUs: 512 of L2's pages are one page of L1's: long rmap chains")

#define WORKER_OPS(X) THREAD_OPS(X) VCPU_OPS(X)

/* The STEP(id, name) of all rows, for those that define STEP. */
#define NO_NEW_STEP
#define OP_STEPS(id, name, traits, job, steps, help) steps
#define WORKER_STEPS WORKER_OPS(OP_STEPS)

/* What an op needs, and what it does to the rest of the run. */
enum op_trait {
	OP_NEEDS_SLOT = 1,		/* it works on a memslot: worker.NAME.slot is required */
	OP_NEEDS_MANUAL_LOG = 2,	/* with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */
	OP_LOSES_DATA = 4,		/* what the guest wrote to the slot may read back as 0 */
	OP_REMOVES_SLOT = 8,		/* the slot is missing for an instant */
	OP_WRITE_PROTECTS = 16,		/* the slot's memory can't be written for an instant */
	OP_MAKES_VM = 32,		/* each thread has a VM of its own, one at a time */
	OP_IN_GUEST = 64,		/* it has no threads: each row of VCPU_OPS has this */
	OP_NEEDS_NESTED_PAGING = 128,	/* it changes L2's NPT/EPT tables */
	OP_NEEDS_BITMAP = 256,		/* the dirty log is a bitmap: not with vm.dirty-ring */
	OP_NEEDS_RING = 512,		/* dirty pages are in rings: only with vm.dirty-ring */
	OP_NEEDS_SPARE_GPA = 1024,	/* it puts a slot above all others */
	OP_RUNS_L2 = 2048,		/* in the VMs that it makes */
	OP_COMPARES_LOG = 4096,		/* what changes in the phase's pages meanwhile must be in the log */
};

enum worker_op {
#define OP_ENUM(id, ...) OP_##id,
	WORKER_OPS(OP_ENUM)
#undef OP_ENUM
	OP_COUNT
};

struct op_info {
	const char *name, *help;
	const char *job;		/* NULL: none */
	unsigned int traits;		/* enum op_trait */
};

const struct op_info *op_info(int op);
/*
 * The traits of all ops of a config's workers together (enum op_trait), with `slot` only of those
 * workers that work on [memslot.SLOT].
 */
unsigned int op_traits_of(const struct config *config, const char *slot);

#endif
