// SPDX-License-Identifier: GPL-2.0-only
/* Workers' ops on memslots and the memory behind them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "clock.h"
#include "ops.h"
#include "worker.h"

#define CHUNK (1ull << 20)	/* given back at once */

/* One of the worker's slots, which nobody else changes until release(). */
static const struct slot *seize(struct worker *worker)
{
	const struct slot *slot = &worker->row[worker_random(worker, worker->row_count)];
	const struct layout *layout = &worker->stress->run->layout;

	pthread_mutex_lock(&worker->stress->slots[slot - layout->slots]);
	return slot;
}

static void release(struct worker *worker, const struct slot *slot)
{
	pthread_mutex_unlock(&worker->stress->slots[slot - worker->stress->run->layout.slots]);
}

static int slot_failed(struct worker *worker, const struct slot *slot, int code, const char *what)
{
	char name[CONFIG_NAME_MAX + 16];

	return worker_failed(worker, code, "%s(memslot.%s)", what,
			     slot_name(&worker->stress->run->layout, slot, name));
}

static int set_log(struct worker *worker, const struct slot *slot, bool on)
{
	uint32_t flags = slot->kvm_flags & ~(uint32_t)KVM_MEM_LOG_DIRTY_PAGES;
	uint64_t start = clock_ns();
	int code = vm_slot_set(worker->stress->vm, slot, slot->base,
			       on ? flags | KVM_MEM_LOG_DIRTY_PAGES : flags);

	if (code)
		return slot_failed(worker, slot, -code,
				   on ? "KVM_SET_USER_MEMORY_REGION: dirty logging on" :
				   "KVM_SET_USER_MEMORY_REGION: dirty logging off");
	return worker_took(worker, on ? STEP_DIRTY_LOG_ON : STEP_DIRTY_LOG_OFF, start);
}

/* A slot whose flags say dirty-log is left so. */
static bool logs_at_rest(const struct slot *slot)
{
	return slot->kvm_flags & KVM_MEM_LOG_DIRTY_PAGES;
}

static int toggle(struct worker *worker)
{
	const struct slot *slot = seize(worker);
	bool first = !logs_at_rest(slot);
	int code = set_log(worker, slot, first);

	if (!code)
		code = set_log(worker, slot, !first);
	release(worker, slot);
	return code;
}

/* Of a row all slots are as large. */
static int make_bitmap(struct worker *worker)
{
	uint64_t pages = worker->row->size / 4096;

	if (!worker->bitmap)
		worker->bitmap = calloc(1, (pages + 63) / 64 * 8);
	return worker->bitmap ? 0 : worker_failed(worker, ENOMEM, "no memory for the dirty log");
}

static int get_log(struct worker *worker, const struct slot *slot)
{
	struct kvm_dirty_log log = { .slot = slot->id, .dirty_bitmap = worker->bitmap };
	uint64_t start = clock_ns();

	if (ioctl(worker->stress->vm->fd, KVM_GET_DIRTY_LOG, &log))
		return slot_failed(worker, slot, errno, "KVM_GET_DIRTY_LOG");
	return worker_took(worker, STEP_DIRTY_LOG_GET, start);
}

static int clear_log(struct worker *worker, const struct slot *slot)
{
	struct kvm_clear_dirty_log clear = {
		.slot = slot->id, .num_pages = (uint32_t)(slot->size / 4096),
		.dirty_bitmap = worker->bitmap,
	};
	uint64_t start = clock_ns();

	if (ioctl(worker->stress->vm->fd, KVM_CLEAR_DIRTY_LOG, &clear))
		return slot_failed(worker, slot, errno, "KVM_CLEAR_DIRTY_LOG");
	return worker_took(worker, STEP_DIRTY_LOG_CLEAR, start);
}

static int cycle(struct worker *worker)
{
	int code = make_bitmap(worker);
	const struct slot *slot;

	if (code)
		return code;
	slot = seize(worker);
	code = set_log(worker, slot, true);
	if (!code)
		code = get_log(worker, slot);
	if (!code)
		code = clear_log(worker, slot);
	if (!code && !logs_at_rest(slot))
		code = set_log(worker, slot, false);
	release(worker, slot);
	return code;
}

static int discard(struct worker *worker)
{
	const struct slot *slot = &worker->row[worker_random(worker, worker->row_count)];
	uint64_t touch = worker->stress->phase->touch;
	uint64_t window = touch && touch < slot->size ? touch : slot->size;
	uint64_t offset = worker_random(worker, (window + CHUNK - 1) / CHUNK) * CHUNK;
	uint64_t length = window - offset < CHUNK ? window - offset : CHUNK;
	uint64_t start = clock_ns();

	if (madvise(vm_slot_memory(worker->stress->vm, slot) + offset, length, MADV_DONTNEED))
		return slot_failed(worker, slot, errno, "madvise(MADV_DONTNEED)");
	return worker_took(worker, STEP_DISCARD, start);
}

int worker_round(struct worker *worker)
{
	switch ((enum worker_op)worker->cfg->op) {
	case OP_DIRTY_LOG_TOGGLE:
		return toggle(worker);
	case OP_DIRTY_LOG_CYCLE:
		return cycle(worker);
	case OP_DISCARD:
		return discard(worker);
	case OP_COUNT:
		break;
	}
	return -EINVAL;
}
