// SPDX-License-Identifier: GPL-2.0-only
/* What ops on memslots share: one of the worker's slots, which nobody else changes meanwhile. */
#include "base/clock.h"
#include "run/worker.h"

static struct slot_turns *turns_of(const struct worker *worker, const struct slot *slot)
{
	return &worker->target->slots[slot - worker->stress->run->layout.slots];
}

const struct slot *worker_lock_slot(struct worker *worker)
{
	const struct slot *slot = &worker->row[worker_random(worker, worker->row_count)];
	struct slot_turns *turns = turns_of(worker, slot);
	uint32_t turn;

	pthread_mutex_lock(&turns->lock);
	turn = turns->given++;
	while (turns->now != turn)
		pthread_cond_wait(&turns->next, &turns->lock);
	pthread_mutex_unlock(&turns->lock);
	return slot;
}

void worker_unlock_slot(struct worker *worker, const struct slot *slot)
{
	struct slot_turns *turns = turns_of(worker, slot);

	pthread_mutex_lock(&turns->lock);
	turns->now++;
	pthread_cond_broadcast(&turns->next);
	pthread_mutex_unlock(&turns->lock);
}

int worker_slot_failed(struct worker *worker, const struct slot *slot, int code, const char *what)
{
	char name[CONFIG_NAME_MAX + 16];

	return worker_failed(worker, code, "%s(memslot.%s)", what,
			     slot_name(&worker->stress->run->layout, slot, name));
}

int worker_set_slot(struct worker *worker, const struct slot *slot, uint64_t base, uint32_t flags,
		    enum stress_step step)
{
	uint64_t start = clock_ns();
	int code = vm_slot_set(worker->target->vm, slot, base, flags);

	if (code)
		return worker_failed(worker, -code, "KVM_SET_USER_MEMORY_REGION(%s: slot=%#x "
				     "flags=%#x gpa=%#llx)", stress_step_name(step), slot->id, flags,
				     (unsigned long long)base);
	return worker_took(worker, step, start);
}
