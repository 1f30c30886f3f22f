// SPDX-License-Identifier: GPL-2.0-only
/* Ops on memslots. Each round leaves the slot as it was before. */
#include "base/clock.h"
#include "run/worker.h"

static int delete_slot(struct worker *worker, const struct slot *slot)
{
	uint64_t start = clock_ns();
	int code = vm_slot_delete(worker->target->vm, slot);

	if (code)
		return worker_slot_failed(worker, slot, -code, "KVM_SET_USER_MEMORY_REGION: delete");
	return worker_took(worker, STEP_SLOT_DELETE, start);
}

int round_slot_add(struct worker *worker)
{
	struct slot another = worker->row[worker_random(worker, worker->row_count)];
	uint32_t limit = worker->target->vm->kvm->max_slots;
	int code;

	if (!worker->spare_gpa)
		return worker_unavailable(worker, NO_SPARE_GPA);
	if (worker->spare_id >= limit)
		return worker_unavailable(worker, "KVM allows no more than %u slots", limit);
	another.id = worker->spare_id;
	another.base = worker->spare_gpa;
	code = worker_set_slot(worker, &another, another.base, another.kvm_flags, STEP_SLOT_ADD);
	return code ? code : delete_slot(worker, &another);
}

int round_slot_delete(struct worker *worker)
{
	const struct slot *slot = worker_lock_slot(worker);
	int code = delete_slot(worker, slot);

	if (!code)
		code = worker_set_slot(worker, slot, slot->base, slot->kvm_flags, STEP_SLOT_ADD);
	worker_unlock_slot(worker, slot);
	return code;
}

int round_slot_move(struct worker *worker)
{
	const struct slot *slot;
	int code;

	if (!worker->spare_gpa)
		return worker_unavailable(worker, NO_SPARE_GPA);
	slot = worker_lock_slot(worker);
	code = worker_set_slot(worker, slot, worker->spare_gpa, slot->kvm_flags, STEP_SLOT_MOVE);
	if (!code)
		code = worker_set_slot(worker, slot, slot->base, slot->kvm_flags, STEP_SLOT_MOVE);
	worker_unlock_slot(worker, slot);
	return code;
}

/* __kvm_set_memory_region() (6.12): KVM_MEM_READONLY can't change while the slot exists. */
int round_slot_flags(struct worker *worker)
{
	const struct slot *slot;
	int code;

	if (!worker->target->vm->kvm->readonly_slots)
		return worker_unavailable(worker, "KVM_CAP_READONLY_MEM is 0");
	slot = worker_lock_slot(worker);
	code = delete_slot(worker, slot);
	if (!code)
		code = worker_set_slot(worker, slot, slot->base, slot->kvm_flags ^ KVM_MEM_READONLY,
			   STEP_SLOT_ADD);
	if (!code)
		code = delete_slot(worker, slot);
	if (!code)
		code = worker_set_slot(worker, slot, slot->base, slot->kvm_flags, STEP_SLOT_ADD);
	worker_unlock_slot(worker, slot);
	return code;
}
