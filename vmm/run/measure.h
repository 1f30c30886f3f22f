/* SPDX-License-Identifier: GPL-2.0-only */
/* From snapshots to what they mean for this VM. Pure. */
#ifndef MEASURE_H
#define MEASURE_H

#include "run/result.h"

/* Sets what run->model predicts of run->layout, before a slot is gone. */
void measure_predict(struct run *run);
/* Fills state, state_source, measured and held of a phase from its snapshot and the baseline. */
void measure_phase(const struct run *run, struct phase_result *phase);
/*
 * What is predicted of one of the arrays after a phase, when the first shadow root has been there or
 * not. This differs from run->at_creation and at_transition after a slot is gone or a fault.
 */
uint64_t measure_expected(const struct run *run, const struct phase_result *phase,
			  enum array array, bool shadow_root);
/*
 * The phase's arrays hold exactly what is predicted of a VM with or without a shadow root; after
 * the teardown the host's arrays are back to the baseline. False: another witness is needed.
 */
bool measure_explained(const struct run *run, const struct phase_result *phase);
/*
 * Other VMs may have changed the host's figures: some were on this host when the run began, or came
 * or went between two snapshots, or neither is known.
 */
bool measure_other_vms(const struct run *run);
/* There were arrays when the run began, so that whose they are is worth asking. */
bool measure_arrays_before(const struct run *run);
/*
 * Bytes of arrays that no VM had when the run began: of a VM that was being destroyed, or leaked. Negative: the VMs had
 * more than was there a moment before, as another VM got slots meanwhile. False: what the VMs had is unknown.
 */
bool measure_ownerless(const struct run *run, int64_t *bytes);
/*
 * After the source memslots was asked in a phase: the other VMs are those of the begin, none lived for
 * a moment in between, they have as many bytes of arrays as they had, and arrays that no VM had are not what has changed.
 * What the host's arrays have changed by is then this VM's alone.
 */
bool measure_others_kept_still(const struct run *run, const struct phase_result *phase);
/* The most with vCPUs that a snapshot saw. */
uint64_t measure_most_other_vms(const struct run *run);
/* What one source alone says of the rmaps after a phase that was measured. */
enum rmap_state measure_state_by(const struct run *run, const struct phase_result *phase,
				 enum source source);
/* What KVM's counters say of a VM of this run. */
enum rmap_state measure_state_by_counters(const struct run *run, const struct kvm_counters *kvm);
/* KVM's own count of the VM's entries into nested guests, up to the end of the phase. */
const struct figure *measure_nested_runs(const struct phase_result *phase);
/* The first phase after which the rmaps are there and before which they were not; policy. */
void measure_transition(struct run *run);

#endif
