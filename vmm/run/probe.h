/* SPDX-License-Identifier: GPL-2.0-only */
/* What has to be known of the running kernel to choose its model (model.h). */
#ifndef PROBE_H
#define PROBE_H

#include "host/host.h"
#include "host/snapshot.h"
#include "model/model.h"
#include "vm/kvm.h"

/*
 * From the host's parameters, its kernel configuration and, where both leave open when
 * write tracking is allocated, a throw-away VM with one small slot. kvm may be NULL.
 */
void probe_kernel(const struct host *host, const struct kvm *kvm, struct sources *sources,
		  struct kernel_facts *facts);

#endif
