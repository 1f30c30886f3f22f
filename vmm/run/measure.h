/* SPDX-License-Identifier: GPL-2.0-only */
/* From snapshots to what they mean for this VM. Pure. */
#ifndef MEASURE_H
#define MEASURE_H

#include "run/result.h"

/* Fills state, state_source, measured and held of a phase from its snapshot and the baseline. */
void measure_phase(const struct run *run, struct phase_result *phase);
/* What one source alone says of the rmaps after a phase that was measured. */
enum rmap_state measure_state_by(const struct run *run, const struct phase_result *phase,
				 enum source source);
/* What KVM's counters say of a VM of this run. */
enum rmap_state measure_state_by_counters(const struct run *run, const struct kvm_counters *kvm);
/* The first phase after which the rmaps are there and before which they were not; policy. */
void measure_transition(struct run *run);

#endif
