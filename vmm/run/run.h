/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a config's scenario: makes the VM, runs its phases, takes the snapshots. */
#ifndef RUN_H
#define RUN_H

#include "run/result.h"

struct kvm;

/*
 * Runs config's scenario on kvm; NULL when /dev/kvm can't be used (run->err says why). The
 * layout must have been built into run->layout. Returns 0 when there is something to judge, even
 * if it is only that nothing could be run (see stage, err, skipped); -errno with run->err when
 * this host refuses the config before anything was created.
 */
int run_scenario(const struct config *config, const struct kvm *kvm, struct run *run);
void run_free(struct run *run);

#endif
