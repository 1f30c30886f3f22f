/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a worker's op sees. worker.c runs a worker's thread; stress_slots.c, stress_logs.c, stress_memory.c,
 * stress_own_vm.c and stress_host.c have one function per op, which does one round. Only what such
 * a function needs belongs here; what a report shows of workers is in stress.h.
 */
#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/ops.h"
#include "run/result.h"
#include "run/stress.h"
#include "run/stress_vms.h"
#include "vm/vcpu_set.h"
#include "vm/vm.h"

/* A stress phase while it runs: what its threads share. */
struct stress {
	const struct run *run;
	struct vcpu_set *set;
	const struct phase_cfg *phase;
	uint32_t phase_index;		/* in the config */
	int page_level;			/* of payloads */
	uint64_t spare_gpa;		/* the next that a worker gets; 0: not found yet */
	uint32_t spare_id;		/* the next that a worker gets */
	uint64_t timeout_ns;		/* for what the guest does in one round */
	uint64_t deadline;		/* CLOCK_MONOTONIC ns, 0: none */
	bool stop;			/* atomic: no new round begins */
	bool late;			/* the deadline came before all rounds were done */
	bool stuck;			/* atomic: a worker or its vCPU is stuck in the kernel */
	unsigned int live;		/* atomic: workers that have not ended */
	struct stress_vm *vms;		/* the scenario's own, then the further ones */
	size_t vm_count;
	struct worker *workers;
	size_t count;
	pthread_mutex_t lock;		/* of result->vms, result->replay and ended of a worker */
	pthread_cond_t ended;		/* a worker has */
	struct stress_result *result;
};

/* One thread of a [worker.NAME]. */
struct worker {
	struct stress *stress;
	const struct worker_cfg *cfg;	/* NULL: it only waits for the deadline */
	struct worker_result *result;
	uint64_t random;		/* state of worker_random() */
	const struct stress_vm *target;	/* the VM of this round */
	const struct slot *row;		/* the slots of cfg->slot, neighbours in the layout */
	size_t row_count;
	/* With OP_NEEDS_SPARE_GPA, both for this thread alone: */
	uint64_t spare_gpa;		/* above all slots, as large as one of the row; 0: none */
	uint32_t spare_id;		/* a slot id that the layout does not use */
	void *buffer;			/* what an op keeps for its next round; freed at the end */
	int fd;				/* the same, closed at the end; -1: none */
	pthread_t thread;
	bool started;
	bool ended;			/* its thread has nothing left to do, and can be joined */
};

/* Initialises worker for the given thread of cfg. It notes what it does in result. */
void worker_init(struct worker *worker, struct stress *stress, const struct worker_cfg *cfg,
		 unsigned int thread, struct worker_result *result);
int worker_start(struct worker *worker);	/* 0 or an errno */
/* Joins its thread. False: it has not ended at the deadline (clock_ns()), and goes on. */
bool worker_join(struct worker *worker, uint64_t deadline);
void worker_free(struct worker *worker);

/* A random number below `below`. With the same --seed, a round gets the same numbers. */
uint64_t worker_random(struct worker *worker, uint64_t below);
/* Notes how long a step took that began at start_ns. Returns 0 or -ENOMEM. */
int worker_took(struct worker *worker, enum stress_step step, uint64_t start_ns);
/* Counts a failure and notes the first one's text. code: errno, or 0. Returns -code or -EPROTO. */
int worker_failed(struct worker *worker, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Ends the worker because this host can't do its op, which is no failure. Returns -ENOTSUP. */
int worker_unavailable(struct worker *worker, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Chooses one of the worker's slots; no other worker changes it until worker_unlock_slot(). */
const struct slot *worker_lock_slot(struct worker *worker);
void worker_unlock_slot(struct worker *worker, const struct slot *slot);
/* worker_failed() with "what(memslot.NAME)". */
int worker_slot_failed(struct worker *worker, const struct slot *slot, int code, const char *what);
/* KVM_SET_USER_MEMORY_REGION of the slot, at this base and with these flags, timed as that step. 0 or -errno. */
int worker_set_slot(struct worker *worker, const struct slot *slot, uint64_t base, uint32_t flags,
		    enum stress_step step);

/* The reason for worker_unavailable() without a spare_gpa. */
#define NO_SPARE_GPA \
	"the guest has no free gpa above the highest slot: use fewer threads or smaller slots"

/* One round of an op: 0, or -errno after worker_failed() or worker_unavailable(). */
typedef int worker_round(struct worker *worker);

/* The functions of all ops: round_dirty_log_toggle() and so on. */
#define OP_PROTOTYPE(id, ...) worker_round round_##id;
THREAD_OPS(OP_PROTOTYPE)
#undef OP_PROTOTYPE

#endif
