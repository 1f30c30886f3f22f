// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ops that log dirty pages, by a bitmap or by rings. While the vCPUs write on, what changes of the phase's pages must be in the log
 * that is gotten next. Each round leaves the slot as it was before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/clock.h"
#include "minivmm_abi.h"
#include "model/kernel.h"
#include "run/log_sample.h"
#include "run/worker.h"

#define GETS 4			/* in a round of dirty-log-get */
#define CYCLES 2		/* in a round of dirty-log-cycle */
#define SAMPLE_NS 5000000	/* how long a get waits for a page to change */
#define RINGS_NS 1000000000	/* how long a page that changed may take to get into a ring */
#define LATE_GETS 3		/* of the log, for pages that KVM itself writes */

static int set_log(struct worker *worker, const struct slot *slot, bool on)
{
	uint32_t flags = slot->kvm_flags & ~(uint32_t)KVM_MEM_LOG_DIRTY_PAGES;

	return worker_set_slot(worker, slot, slot->base, on ? flags | KVM_MEM_LOG_DIRTY_PAGES : flags,
			on ? STEP_DIRTY_LOG_ON : STEP_DIRTY_LOG_OFF);
}

/* A slot with `flags = dirty-log` in the config keeps dirty logging on between rounds. */
static bool logs_always(const struct slot *slot)
{
	return slot->kvm_flags & KVM_MEM_LOG_DIRTY_PAGES;
}

int round_dirty_log_toggle(struct worker *worker)
{
	const struct slot *slot = worker_lock_slot(worker);
	bool first = !logs_always(slot);
	int code = set_log(worker, slot, first);

	if (!code)
		code = set_log(worker, slot, !first);
	worker_unlock_slot(worker, slot);
	return code;
}

/* All slots of a row have the same size, so one buffer is enough for any of them. */
static uint64_t bitmap_bytes(const struct slot *slot)
{
	return (slot->size / 4096 + 63) / 64 * 8;
}

static int get_log(struct worker *worker, const struct slot *slot)
{
	struct kvm_dirty_log log = { .slot = slot->id, .dirty_bitmap = worker->buffer };
	uint64_t start = clock_ns();

	if (ioctl(worker->target->vm->fd, KVM_GET_DIRTY_LOG, &log))
		return worker_slot_failed(worker, slot, errno, "KVM_GET_DIRTY_LOG");
	return worker_took(worker, STEP_DIRTY_LOG_GET, start);
}

/* How much of the guest's RAM in the slot the VMM does not write to meanwhile, from its base on: it says there what is lost. */
static uint64_t ram_before_losses(const struct worker *worker, const struct slot *slot)
{
	uint64_t table = worker->target->losses, ram = slot_ram(&worker->stress->run->layout, slot);

	if (!table || table >= slot->base + ram || table + sizeof(struct abi_losses) <= slot->base)
		return ram;
	return table > slot->base ? table - slot->base : 0;
}

/*
 * How many pages of the slot may be looked at while the guest writes: those of the phase, if its walk
 * begins there. None where something else than this VM's vCPUs may write: another VM to a file, the VMM
 * for a vCPU while the slot is missing.
 */
static uint64_t pages_to_sample(const struct worker *worker, const struct slot *slot)
{
	const struct phase_cfg *phase = worker->stress->phase;
	const struct layout *layout = &worker->stress->run->layout;
	const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];
	uint64_t count = phase->touch / 4096, fits = ram_before_losses(worker, slot) / phase->stride;

	if (!phase->slot || strcmp(phase->slot, cfg->name) || slot->index ||
	    cfg->backing == BACKING_FILE || layout_traits(layout, slot->cfg) & OP_REMOVES_SLOT)
		return 0;
	return count < fits ? count : fits;
}

/* Another VM may write there. */
static bool is_shared_file(const struct worker *worker, const struct slot *slot)
{
	return worker->stress->run->config->memslots[slot->cfg].backing == BACKING_FILE;
}

static void begin_sample(struct worker *worker, const struct slot *slot, struct log_sample *sample)
{
	const uint8_t *memory = vm_slot_memory(worker->target->vm, slot);
	uint64_t pages = slot->size / 4096, stride = worker->stress->phase->stride / 4096, count, step;

	if (worker->stress->phase->goes_on && !is_shared_file(worker, slot)) {
		log_sample_begin_logged(sample, memory, worker->buffer, pages, worker_random(worker, pages));
		return;
	}
	/* All along the vCPUs' walks, so that one comes by soon. */
	count = pages_to_sample(worker, slot);
	step = count > LOG_SAMPLE_MAX ? count / LOG_SAMPLE_MAX : 1;
	log_sample_begin(sample, memory, worker_random(worker, step) * stride, count, step * stride);
}

/* How many pages of the sample are not in what was gotten into the worker's buffer. */
static unsigned int count_missing(struct worker *worker, const struct slot *slot, struct log_sample *sample, uint64_t *page)
{
	if (worker->stress->run->config->selftest.break_what == BREAK_LOG_MISSES)
		memset(worker->buffer, 0, bitmap_bytes(slot));
	return log_sample_missing(sample, worker->buffer, page);
}

/*
 * What KVM itself writes for a guest, as to its kvmclock, it logs only then (kvm_setup_guest_pvclock(), 6.12): of a guest
 * that has such pages, the next log may have one. No other page gets into a log late.
 */
static int get_late(struct worker *worker, const struct slot *slot, struct log_sample *sample,
		    unsigned int *missing, uint64_t *page)
{
	int code = 0;

	for (int i = 0; !code && *missing && worker->stress->phase->goes_on && i < LATE_GETS; i++) {
		const struct timespec moment = { .tv_nsec = SAMPLE_NS };

		nanosleep(&moment, NULL);
		code = get_log(worker, slot);
		if (!code)
			*missing = count_missing(worker, slot, sample, page);
	}
	return code;
}

/* With PML KVM learns of what L1 wrote when the vCPU exits. False: one did not, and nobody can tell what KVM knows. */
static bool let_kvm_know(const struct worker *worker)
{
	const struct stress *stress = worker->stress;

	return stress->phase->load == LOAD_L2 || !kernel_may_log_late(&stress->run->host) ||
	       vcpu_set_pass_exit(stress->set, worker->target->first, worker->target->vcpus);
}

static unsigned int wait_change(struct log_sample *sample)
{
	uint64_t deadline = clock_ns() + SAMPLE_NS;
	unsigned int changed;

	do {
		changed = log_sample_changed(sample);
	} while (sample->count && !changed && clock_ns() < deadline);
	return changed;
}

/* `changed` pages must be in the log, and `missing` of them, from `page` on, are not. `source` is where that was had from. */
static int judge_sample(struct worker *worker, const struct slot *slot, const char *source, unsigned int changed,
			unsigned int missing, uint64_t page)
{
	worker->result->logged += changed - missing;
	if (!missing)
		return 0;
	worker->result->unlogged |= !worker->result->failures;
	return worker_failed(worker, 0, "%s(memslot.%s): of %u pages that changed while they were logged, %u are missing; "
			     "first: gpa %#llx", source, worker->cfg->slot, changed, missing,
			     (unsigned long long)(slot->base + page * 4096));
}

/*
 * What the VMM wrote for a vCPU no log has. It writes only where workers take the slot away or make its memory read-only, and
 * for a guest of the user's.
 */
static bool vmm_wrote(const struct worker *worker, const struct slot *slot, uint64_t accesses_before)
{
	const struct stress *stress = worker->stress;

	return (stress->phase->goes_on ||
		layout_traits(&stress->run->layout, slot->cfg) & (OP_REMOVES_SLOT | OP_WRITE_PROTECTS)) &&
	       vcpu_set_accesses(stress->set) != accesses_before;
}

/* Gets the log after it has waited a moment for the guest to change a page: that must be in it. */
static int get_sampled(struct worker *worker, const struct slot *slot)
{
	uint64_t page = 0;
	struct log_sample sample;
	uint64_t accesses = vcpu_set_accesses(worker->stress->set);
	unsigned int missing, changed;
	bool known;
	int code;

	begin_sample(worker, slot, &sample);
	changed = wait_change(&sample);
	known = !changed || let_kvm_know(worker);
	code = get_log(worker, slot);
	if (code || !known)
		return code;
	missing = count_missing(worker, slot, &sample, &page);
	code = get_late(worker, slot, &sample, &missing, &page);
	if (code || vmm_wrote(worker, slot, accesses))
		return code;
	return judge_sample(worker, slot, "KVM_GET_DIRTY_LOG", changed, missing, page);
}

static int get_logs(struct worker *worker, const struct slot *slot)
{
	int code = 0;

	for (int i = 0; !code && i < GETS; i++)
		code = get_sampled(worker, slot);
	return code;
}

static int clear_pages(struct worker *worker, const struct slot *slot, uint64_t first,
		       uint64_t pages)
{
	struct kvm_clear_dirty_log clear = {
		.slot = slot->id, .first_page = first, .num_pages = (uint32_t)pages,
		.dirty_bitmap = worker->buffer,
	};
	uint64_t start = clock_ns();

	if (ioctl(worker->target->vm->fd, KVM_CLEAR_DIRTY_LOG, &clear))
		return worker_slot_failed(worker, slot, errno, "KVM_CLEAR_DIRTY_LOG");
	return worker_took(worker, STEP_DIRTY_LOG_CLEAR, start);
}

static int clear_log(struct worker *worker, const struct slot *slot)
{
	return clear_pages(worker, slot, 0, slot->size / 4096);
}

/* Clears 64 pages, whether they are dirty or not; what changes after that must be in the log, there and elsewhere. */
static int clear_some(struct worker *worker, const struct slot *slot)
{
	uint64_t pages = slot->size / 4096, first;
	int code;

	memset(worker->buffer, 0xff, bitmap_bytes(slot));
	first = worker_random(worker, (pages + 63) / 64) * 64;
	code = clear_pages(worker, slot, first, pages - first < 64 ? pages - first : 64);
	return code ? code : get_sampled(worker, slot);
}

static int get_and_clear(struct worker *worker, const struct slot *slot)
{
	int code = 0;

	for (int i = 0; !code && i < CYCLES; i++) {
		code = get_sampled(worker, slot);
		if (!code)
			code = clear_log(worker, slot);
	}
	return code;
}

/* Room for the log of any slot of its row. */
static int make_buffer(struct worker *worker)
{
	if (!worker->buffer)
		worker->buffer = calloc(1, bitmap_bytes(worker->row));
	return worker->buffer ? 0 : worker_failed(worker, ENOMEM, "no memory for the dirty log");
}

/* Does `what` to one of the worker's slots with dirty logging on. */
static int while_logging(struct worker *worker,
			 int (*what)(struct worker *worker, const struct slot *slot))
{
	const struct slot *slot;
	int code = make_buffer(worker), off = 0;

	if (code)
		return code;
	slot = worker_lock_slot(worker);
	code = set_log(worker, slot, true);
	if (!code)
		code = what(worker, slot);
	if (!logs_always(slot))
		off = set_log(worker, slot, false);
	worker_unlock_slot(worker, slot);
	return code ? code : off;
}

int round_dirty_log_get(struct worker *worker)
{
	return while_logging(worker, get_logs);
}

int round_dirty_log_clear(struct worker *worker)
{
	return while_logging(worker, clear_some);
}

int round_dirty_log_cycle(struct worker *worker)
{
	return while_logging(worker, get_and_clear);
}

static void take_rings(const struct worker *worker)
{
	vcpu_set_take_rings(worker->stress->set, worker->target->first, worker->target->vcpus);
}

static int harvest(struct worker *worker)
{
	uint64_t start = clock_ns();
	int code;

	take_rings(worker);
	code = dirty_rings_reset(worker->target->vm->fd);
	return code ? worker_failed(worker, -code, "KVM_RESET_DIRTY_RINGS") :
		      worker_took(worker, STEP_DIRTY_RING, start);
}

static void note_rings(const struct worker *worker, struct dirty_pages *pages)
{
	vcpu_set_note_rings(worker->stress->set, worker->target->first, worker->target->vcpus, pages);
}

/*
 * What changes must be in what the rings have named since, whoever harvested them: a vCPU's own thread does so when its
 * ring is full. Pages that were harvested before the first look KVM tracks again, as the rings are reset.
 * With PML the pages of a vCPU get there at its next exit, be it by the host's timer: vmx_flush_pml_buffer() (6.12).
 */
static int sample_rings(struct worker *worker, const struct slot *slot, struct dirty_pages *pages)
{
	uint64_t deadline, page = 0, accesses = vcpu_set_accesses(worker->stress->set);
	unsigned int changed, missing;
	struct log_sample sample;
	int code;

	take_rings(worker);
	note_rings(worker, pages);
	dirty_rings_reset(worker->target->vm->fd);
	begin_sample(worker, slot, &sample);
	changed = wait_change(&sample);
	deadline = clock_ns() + RINGS_NS;
	do {
		take_rings(worker);
		missing = count_missing(worker, slot, &sample, &page);
	} while (missing && clock_ns() < deadline);
	note_rings(worker, NULL);
	/* Resets them once more: that fails as it did above. */
	code = harvest(worker);
	return code || vmm_wrote(worker, slot, accesses) ? code :
	       judge_sample(worker, slot, "dirty rings", changed, missing, page);
}

/* A ring notes its pages in one place: that of the first thread that harvests it. */
static bool is_first_with_rings(const struct worker *worker)
{
	const struct stress *stress = worker->stress;

	for (size_t i = 0; i < stress->count; i++)
		if (stress->workers[i].cfg && stress->workers[i].cfg->op == OP_dirty_ring)
			return worker == &stress->workers[i];
	return false;
}

static int log_by_rings(struct worker *worker, const struct slot *slot)
{
	struct dirty_pages pages = { .slot = slot->id, .count = slot->size / 4096, .bitmap = worker->buffer };

	memset(worker->buffer, 0, bitmap_bytes(slot));
	return is_first_with_rings(worker) ? sample_rings(worker, slot, &pages) : harvest(worker);
}

int round_dirty_ring(struct worker *worker)
{
	return while_logging(worker, log_by_rings);
}
