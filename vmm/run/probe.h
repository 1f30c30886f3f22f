/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rules of model/kernel.h have to know of the running kernel: evidence is gathered here,
 * and nothing is decided.
 */
#ifndef PROBE_H
#define PROBE_H

#include "host/host.h"
#include "host/snapshot.h"
#include "model/kernel.h"
#include "vm/kvm.h"

/*
 * From the host's parameters, the kernel's configuration and symbols, and VMs with one small slot,
 * which are thrown away. kvm may be NULL.
 */
void probe_kernel(const struct host *host, const struct kvm *kvm, struct sources *sources,
		  struct kernel_facts *facts);

#endif
