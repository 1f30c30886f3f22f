/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is looked at before the VM is made: reasons why this host can't run the config, or must
 * not.
 */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include <stdbool.h>

#include "run/result.h"

struct kvm;

/*
 * run->host, before, model and the predictions are filled in. False: the run ends here, skipped,
 * with the reason in run->err. True: run->stage and run->nesting say what KVM can do.
 */
bool preflight(struct run *run, const struct kvm *kvm);

#endif
