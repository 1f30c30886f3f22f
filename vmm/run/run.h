/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a config: makes the VM, runs the phases, takes a snapshot after each, and destroys the VM.
 */
#ifndef RUN_H
#define RUN_H

#include "run/result.h"

struct kvm;

/*
 * Runs config's phases on kvm, which is NULL when /dev/kvm can't be used (run->err says why). The
 * layout must have been built into run->layout. Returns 0 when there is something to judge, even
 * if it is only that nothing could be run (see stage, err, skipped); -errno with run->err when
 * the config can't be run on this host, and nothing was created.
 */
int run_scenario(const struct config *config, const struct kvm *kvm, struct run *run);
/* A run that a signal ended, in another process: what this host is, and what the layout costs here. */
void run_lost(const struct config *config, const struct kvm *kvm, int signal, struct run *run);
/*
 * A run that does not come to its end, seen by another thread while it lasts: what is known of the host and of the layout,
 * and in which phase it is. The caller knows the config. The result shares memory with the run, and must not be freed.
 */
void run_interrupted(const struct run *run, int signal, struct run *interrupted);
void run_free(struct run *run);

#endif
