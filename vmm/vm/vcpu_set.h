/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of vCPUs, each on a thread of its own, of one VM or of several that run side by side.
 * Between phases all of them wait. A phase lets them run until each waits again or is in trouble,
 * or until the time is up.
 */
#ifndef VCPU_SET_H
#define VCPU_SET_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "vm/signals.h"
#include "vm/vcpu.h"

struct vcpu_thread {
	struct vcpu vcpu;
	struct vcpu_set *set;
	pthread_t handle;
	uint64_t seen;			/* the last generation it ran */
	bool started, running, quit;	/* running, quit: guarded by set->lock */
	enum vcpu_stop stop;		/* valid while not running */
};

struct vcpu_set {
	struct vcpu_thread **threads;
	unsigned int count;
	pthread_mutex_t lock;
	pthread_cond_t go;		/* main -> vCPUs: generation changed, or quit */
	uint64_t generation;
	bool repeat;			/* atomic: see vcpu_set_repeat() */
	bool pause;			/* atomic: kicked vCPUs wait, and go on with the next start */
	int done_fd;			/* eventfd, vCPU threads -> main: one of them stopped */
	const struct signals *signals;	/* the signals that end a wait; NULL: none does */
};

/* Initialises an empty set of vCPUs. signals may be NULL. */
int vcpu_set_open(struct vcpu_set *set, const struct signals *signals, struct err *err);
/*
 * Makes the vCPUs of a VM and adds them at the end of the set: all of them, or on failure none.
 * No vCPU of the set may be running.
 */
int vcpu_set_join(struct vcpu_set *set, const struct vm *vm, const struct payload *payload,
		  unsigned int vcpus, struct err *err);
/*
 * Destroys the vCPUs from index first on. False, and nothing is destroyed: a vCPU is stuck in the
 * kernel, and what it uses must stay until the process ends.
 */
bool vcpu_set_leave(struct vcpu_set *set, unsigned int first);
/* Destroys all vCPUs and the set. False: the same as above. */
bool vcpu_set_close(struct vcpu_set *set);

/* Chooses the phase that one vCPU, or each of them, runs with the next vcpu_set_start(). */
void vcpu_set_tell(struct vcpu_set *set, unsigned int index, uint32_t next);
void vcpu_set_tell_all(struct vcpu_set *set, uint32_t next);
/* Lets all vCPUs run until they wait for another phase. The first time they boot first. */
void vcpu_set_start(struct vcpu_set *set);
/*
 * Returns 0 when all vCPUs wait for another phase; otherwise the number of the signal that came,
 * -ETIMEDOUT at the deadline (clock_ns()), or -EIO when a vCPU is in trouble, and some vCPUs may
 * still run. While the process is stopped or frozen the time stands still, for this and the other waits: the deadline is put off.
 */
int vcpu_set_wait(struct vcpu_set *set, uint64_t *deadline);
/*
 * Kicks the vCPUs that still run out of the guest; one that is stuck in the kernel is left
 * behind.
 */
void vcpu_set_stop(struct vcpu_set *set);
/* vcpu_set_start(), vcpu_set_wait() and, if that did not return 0, vcpu_set_stop(). */
int vcpu_set_run(struct vcpu_set *set, uint64_t timeout_ns);
/*
 * Lets all vCPUs run until one of them waits or, with while_repeat, vcpu_set_repeat() is off; then, and at
 * the deadline (clock_ns()), the others are paused where they stand. Returns 0 or -ETIMEDOUT when all are,
 * and may go on with the next start; otherwise as vcpu_set_run().
 */
int vcpu_set_run_first(struct vcpu_set *set, uint64_t deadline, bool while_repeat);
/* While on, a vCPU that has come to the end of its phase begins it again. From any thread. */
void vcpu_set_repeat(struct vcpu_set *set, bool on);
/* What each vCPU tolerates from now on: enum vcpu_patience. They may run meanwhile, and look at it after each exit. */
void vcpu_set_patience(struct vcpu_set *set, unsigned int patience);
/* How many accesses of all vCPUs the VMM has done for KVM, or begun to do. They may run meanwhile. */
uint64_t vcpu_set_accesses(const struct vcpu_set *set);
/* dirty_ring_note() and dirty_ring_harvest() of `count` vCPUs from `first` on: those of one VM. */
void vcpu_set_note_rings(const struct vcpu_set *set, unsigned int first, unsigned int count, struct dirty_pages *pages);
void vcpu_set_take_rings(const struct vcpu_set *set, unsigned int first, unsigned int count);
/* Makes a vCPU leave the guest for an instant, if it is there. From any thread, while vCPUs run. */
void vcpu_set_nudge(struct vcpu_set *set, unsigned int index);
/*
 * Has `count` vCPUs from `first` on leave the guest once, while they run; one that waits has left it. False: one did not within a
 * second.
 */
bool vcpu_set_pass_exit(struct vcpu_set *set, unsigned int first, unsigned int count);
/*
 * After -EIO: every vCPU whose KVM_RUN failed with errno `error`, or that was merely kicked, may go
 * on where it stands, with the next vcpu_set_start(). False: none failed so, another trouble is left,
 * or a vCPU is stuck.
 */
bool vcpu_set_forgive(struct vcpu_set *set, int error);
/*
 * The vCPU that explains why vcpu_set_run() failed: the first one with a trouble of its own, else
 * the first that had to be kicked. NULL: none does, or the one that is stuck has to.
 */
const struct vcpu *vcpu_set_culprit(struct vcpu_set *set);
/* Says what each vCPU does. From any thread. */
void vcpu_set_dump(struct vcpu_set *set, FILE *out);
/*
 * After vcpu_set_stop(): the first vCPU that is stuck in the kernel, or NULL. Its thread still runs:
 * only its index and its vm may be read.
 */
const struct vcpu *vcpu_set_stuck(struct vcpu_set *set);

#endif
