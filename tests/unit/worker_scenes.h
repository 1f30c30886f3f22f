/* SPDX-License-Identifier: GPL-2.0-only */
/* A worker with one slot of one VM, for a round of its op without KVM. */
#ifndef WORKER_SCENES_H
#define WORKER_SCENES_H

#include <stdlib.h>

#include "run/worker.h"

/* What the worker points to. A test changes what its op asks for. */
struct worker_scene {
	struct kvm kvm;
	struct memslot_cfg memslot;
	struct slot slot;
	struct slot_turns turns;
	struct config config;
	struct run run;
	struct vm vm;
	struct stress_vm target;
	struct stress_result told;
	struct worker_cfg op;
	struct worker_result result;
	struct stress stress;
	struct worker worker;
};

static inline void set_worker_scene(struct worker_scene *scene)
{
	*scene = (struct worker_scene){
		.memslot = { .name = "data", .count = 1 }, .slot = { .base = 1ull << 32, .size = 1 << 20 },
		.turns = { .lock = PTHREAD_MUTEX_INITIALIZER, .next = PTHREAD_COND_INITIALIZER },
		.config = { .memslots = &scene->memslot, .memslot_count = 1 },
		.run = { .config = &scene->config, .layout = { .config = &scene->config, .slots = &scene->slot, .count = 1 } },
		.vm = { .kvm = &scene->kvm, .layout = &scene->run.layout },
		.target = { .vm = &scene->vm, .slots = &scene->turns },
		.op = { .name = "w", .op = OP_slot_move, .threads = 1 }, .result = { .cfg = &scene->op },
		.stress = { .run = &scene->run, .result = &scene->told, .vms = &scene->target, .vm_count = 1,
			    .lock = PTHREAD_MUTEX_INITIALIZER },
		.worker = { .stress = &scene->stress, .cfg = &scene->op, .result = &scene->result, .target = &scene->target,
			    .row = &scene->slot, .row_count = 1 },
	};
}

/* Frees what its rounds have left. Returns how many kinds of steps took time. */
static inline unsigned int free_worker_scene(struct worker_scene *scene)
{
	unsigned int steps = 0;

	for (int step = 0; step < STEP_COUNT; step++) {
		steps += scene->result.steps[step] != NULL;
		free(scene->result.steps[step]);
	}
	free(scene->worker.buffer);
	return steps;
}

#endif
