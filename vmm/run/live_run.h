/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What exists only while a run lasts: the VM, its vCPUs, the open sources. What stays after it is
 * struct run. Only for run.c and the phases' files.
 */
#ifndef LIVE_RUN_H
#define LIVE_RUN_H

#include "host/memory_watch.h"
#include "host/snapshot.h"
#include "run/result.h"
#include "vm/payload.h"
#include "vm/vcpu_set.h"

struct live_run {
	const struct kvm *kvm;
	struct run *run;
	struct sources sources;
	struct vm vm;
	struct payload payload;
	struct vcpu_set set;
	struct abi_report so_far;	/* counters up to the last phase, all vCPUs */
	uint64_t kvm_entries;		/* into L2, as KVM counts them, where the guest does not */
	bool altered;			/* the run's prediction no longer holds: predict again */
	struct footprint kept;		/* left behind by a first shadow root that failed */
	struct memory_watch memory_watch; /* while rmaps are counted */
	bool ended_late;		/* somebody else's close() ends the VM, and frees its arrays */
};

/* Appends the result of a phase that begins now; cfg: NULL for the phases that no config has. */
struct phase_result *phase_begin(struct run *run, const struct phase_cfg *cfg, const char *name);
/* Takes the snapshot at the end of a phase, and measures. */
void phase_end(struct live_run *live, struct phase_result *phase);
/* ns for what the guest does in a phase. */
uint64_t phase_timeout(const struct live_run *live, const struct phase_cfg *cfg);
/*
 * Could the host not give memory of a VM (vm/bus_error.h)? Then run->err says which and why. culprit: the vCPU that failed,
 * or NULL.
 */
bool run_lost_memory(struct live_run *live, const struct vcpu *culprit);
/* What do = run does; as vcpu_set_run(), or -EPROTO with run->guest: it did not end as it must. */
int phase_guest(struct live_run *live, uint32_t index, struct phase_result *phase);
/*
 * The same in parts, for phases in which more happens. phase_guest_begin() comes before the guest goes on in the config's
 * phase `index`; phase_guest_end() after vcpu_set_run_first(), which returned result.
 */
void phase_guest_begin(struct live_run *live, uint32_t index);
/* ns that the guest may take: timeout_ns, if the phase waits for something else than time. */
uint64_t phase_guest_time(const struct phase_cfg *cfg, uint64_t timeout_ns);
int phase_guest_end(struct live_run *live, struct phase_result *phase, int result);
/* Runs the config's phase `index`. False: it is the last one that can run. */
bool phase_run(struct live_run *live, uint32_t index);

#endif
