/* SPDX-License-Identifier: GPL-2.0-only */
/* A run of which only its witnesses tell: what the cgroup is charged with, and KVM's counters. */
#ifndef WITNESS_SCENES_H
#define WITNESS_SCENES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "model/kernel.h"
#include "run/measure.h"

/* 64 GiB on a lazy host after a phase, no source readable. */
struct world {
	struct config config;
	struct slot slots[2];
	struct phase_result phase;
	struct run run;
};

static inline void set_world(struct world *w)
{
	static const struct kernel_facts lazy = {
		.major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES,
		.vcalloc = ANSWER_UNKNOWN,
	};

	*w = (struct world){
		.slots = { { .base = 0, .size = 3ull << 30 }, { .base = 4ull << 30, .size = 61ull << 30 } },
	};
	w->run.config = &w->config;
	w->run.layout = (struct layout){ .slots = w->slots, .count = 2 };
	w->run.phases = &w->phase;
	w->run.phase_count = 1;
	w->run.stage = STAGE_RAN;
	w->phase.name = w->phase.what = "boot";
	model_choose(&lazy, &w->run.model);
	measure_predict(&w->run);
}

static inline void set_counter(struct world *w, enum source source, enum kvm_counter counter, uint64_t n)
{
	struct snapshot *snapshot = &w->phase.snapshot;
	struct kvm_counters *kvm = source == SOURCE_KVM_STATS ? &snapshot->kvm_stats :
								&snapshot->kvm_debugfs;

	snapshot->status[source].ok = true;
	kvm->counters[counter] = (struct figure){ true, n };
}

static inline void set_charged(struct world *w, uint64_t before, uint64_t now)
{
	w->run.before.status[SOURCE_CGROUP].ok = w->phase.snapshot.status[SOURCE_CGROUP].ok = true;
	w->run.before.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, before };
	w->phase.snapshot.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, now };
	w->phase.snapshot.cgroup.lag = 64 * 2 * 4096;
	w->run.before.cgroup.alone = w->phase.snapshot.cgroup.alone = true;
}

#endif
