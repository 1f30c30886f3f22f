// SPDX-License-Identifier: GPL-2.0-only
/* Ops that change nothing in a VM: they read its figures, or interrupt a vCPU. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/worker.h"

int round_signal_kick(struct worker *worker)
{
	const struct stress_vm *vm = worker->target;
	uint64_t start = clock_ns();

	vcpu_set_nudge(worker->stress->set,
		   vm->first + (unsigned int)worker_random(worker, vm->vcpus));
	return worker_took(worker, STEP_SIGNAL_KICK, start);
}

int round_debugfs_read(struct worker *worker)
{
	const struct vm *vm = worker->target->vm;
	char why[SOURCE_WHY];
	uint64_t start = clock_ns();
	struct rmaps_stat stat;
	int code;

	code = rmaps_stat_own("", vm->creator, vm->fd, &stat, why);
	if (code == -EINVAL)
		return worker_failed(worker, 0, "%.180s", why);
	if (code)
		return worker_unavailable(worker, "%s", why);
	return worker_took(worker, STEP_DEBUGFS_READ, start);
}

int round_stats_read(struct worker *worker)
{
	const struct stress_vm *vm = worker->target;
	unsigned int index = vm->first + (unsigned int)worker_random(worker, vm->vcpus);
	struct kvm_counters counters = { 0 };
	uint64_t start = clock_ns();
	int code = kvm_stats_of(vm->vm->fd, &counters);

	if (!code)
		code = kvm_stats_of(worker->stress->set->threads[index]->vcpu.fd, &counters);
	if (code == -ENOTTY || code == -EINVAL)
		return worker_unavailable(worker, "KVM_GET_STATS_FD needs Linux 5.14");
	if (code)
		return worker_failed(worker, -code, "KVM_GET_STATS_FD");
	return worker_took(worker, STEP_STATS_READ, start);
}
