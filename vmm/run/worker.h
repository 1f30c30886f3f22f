/* SPDX-License-Identifier: GPL-2.0-only */
/* A stress phase while it runs: its VMs, and one thread of a [worker.NAME], as its op sees it. */
#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/ops.h"
#include "run/result.h"
#include "run/stress.h"
#include "vm/payload.h"
#include "vm/vcpu_set.h"
#include "vm/vm.h"

struct worker;

/* A VM under stress. */
struct stress_vm {
	const struct vm *vm;
	unsigned int first, vcpus;	/* its threads in the set */
	pthread_mutex_t *slots;		/* by index into layout->slots: who changes one holds it */
	struct vm own;			/* what vm is, but for the scenario's */
	struct payload payload;
};

/* What the threads of a phase share. */
struct stress {
	const struct run *run;
	struct vcpu_set *set;
	const struct phase_cfg *phase;
	uint32_t phase_index;		/* in the config */
	int page_level;			/* of payloads */
	uint64_t parking;		/* gpa that is still free for slots above all others */
	uint32_t spare_id;		/* the same of slot ids */
	uint64_t timeout_ns;		/* for what the guest does in one round */
	uint64_t deadline;		/* CLOCK_MONOTONIC ns, 0: none */
	bool stop;			/* atomic: rounds end, no new ones begin */
	bool late;			/* the time is up, and not all rounds were done */
	bool stuck;			/* atomic: a worker or its vCPU is, in the kernel: what it uses must stay */
	unsigned int live;		/* atomic: workers that have not ended */
	struct stress_vm *vms;		/* the scenario's, then its likes */
	size_t vm_count;
	struct worker *workers;
	size_t count;
	pthread_mutex_t lock;		/* of result->vms and result->replay */
	struct stress_result *result;
};

struct worker {
	struct stress *stress;
	const struct worker_cfg *cfg;	/* NULL: waits until the time is up */
	struct worker_result *result;
	uint64_t random;		/* state of worker_random() */
	const struct stress_vm *target;	/* of this round */
	const struct slot *row;		/* the slots of cfg->slot, which lie side by side */
	size_t row_count;
	uint64_t parking;		/* gpa above all slots where one of the row fits, 0: none */
	uint32_t spare_id;		/* of a slot that no other has */
	void *buffer;			/* what an op keeps for its next round */
	int fd;				/* the same, -1: none */
	pthread_t thread;
	bool started;
};

/* worker.c */

/* Dressed for thread `thread` of cfg; result is where it notes what it does. */
void worker_init(struct worker *worker, struct stress *stress, const struct worker_cfg *cfg,
		 unsigned int thread, struct worker_result *result);
int worker_start(struct worker *worker);	/* 0 or an errno */
void worker_free(struct worker *worker);
/* A number below `below`, the same in the same round for the same --seed. */
uint64_t worker_random(struct worker *worker, uint64_t below);
/* Notes how long a step took that began at start_ns. -ENOMEM where it can't. */
int worker_took(struct worker *worker, enum stress_step step, uint64_t start_ns);
/* Says what failed, with what errno `code` means if it is not 0. Returns -code, or -EPROTO. */
int worker_failed(struct worker *worker, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* This host can't have the op: no failure, but the worker ends. Returns -ENOTSUP. */
int worker_unavailable(struct worker *worker, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One round of each op: 0, or -errno after worker_failed() or worker_unavailable(). */
typedef int worker_round(struct worker *worker);

/* Why a worker without a parking place can't work. */
#define NO_PARKING "no gpa above the highest slot is left to the guest: fewer threads or smaller slots"

/* round_dirty_log_toggle() and so on, in stress_*.c. */
#define OP_PROTOTYPE(id, ...) worker_round round_##id;
THREAD_OPS(OP_PROTOTYPE)
#undef OP_PROTOTYPE

/* stress_vms.c */

/* The phase's VMs: the scenario's vm, the others made and their vCPUs in the set. 0 or -errno. */
int stress_vms_make(struct stress *stress, const struct vm *vm, struct err *err);
/* Once none of them runs: is each of the others lazy or allocated, as it must be? */
void stress_vms_judge(struct stress *stress);
/* False: a vCPU is stuck in the kernel, and the VMs must stay. */
bool stress_vms_free(struct stress *stress);

#endif
