// SPDX-License-Identifier: GPL-2.0-only
#include "run/run_faults.h"

#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/units.h"
#include "model/faults.h"

/* What vmalloc compares with: totalram_pages(). */
static uint64_t ram_bytes(void)
{
	return (uint64_t)get_phys_pages() * 4096;
}

static bool predict_kept(const struct run *run, struct footprint *kept)
{
	return faults_kept(&run->model, &run->layout, ram_bytes(), kept);
}

static bool must_fail(const struct config *config, int error)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].fails == error)
			return true;
	return false;
}

/* Can an allocation of rmaps fail? */
static bool can_lack_memory(struct run *run)
{
	char text[UNIT_TEXT];
	struct footprint kept;

	if (!run->model.rmap_lazy) {
		err_set(&run->err, ENOTSUP, "rmaps come with the slots here (%s): no phase can fail "
			"for want of them", run->model.name);
		err_remedy(&run->err, "Linux 5.14 or newer with kvm.tdp_mmu=1");
		return false;
	}
	if (predict_kept(run, &kept))
		return true;
	err_set(&run->err, ENOTSUP, "this host has room for the rmaps of every slot: nothing would fail");
	err_remedy(&run->err, "a memslot larger than 512 times this host's RAM: more than %s, "
		   "on a kernel with lazy write tracking",
		   format_bytes(text, faults_possible_size(ram_bytes())));
	return false;
}

/* Do only shadow pages count against the limit? The TDP MMU's pages do not, as seen on 6.1, 6.12 and newest. */
static bool can_lack_shadow_pages(struct run *run)
{
	if (run->host.tdp_mmu == ANSWER_YES && run->host.tdp != ANSWER_NO)
		return true;
	err_set(&run->err, ENOTSUP, "fails = enospc: kvm.tdp_mmu is not on here, so that L1's own pages count against "
		"mmu-pages, and L1 may not get on at all");
	err_remedy(&run->err, "Linux 5.14 or newer with kvm.tdp_mmu=1");
	return false;
}

bool run_can_fail(struct run *run)
{
	const struct config *config = run->config;

	if (config->selftest.break_what == BREAK_NO_FAULT)
		return true;
	if ((!must_fail(config, ENOMEM) || can_lack_memory(run)) &&
	    (!must_fail(config, ENOSPC) || can_lack_shadow_pages(run)))
		return true;
	run->skipped = true;
	return false;
}

void run_kept(const struct run *run, struct footprint *kept)
{
	predict_kept(run, kept);
	if (run->config->selftest.break_what == BREAK_WRONG_KEPT)
		*kept = (struct footprint){ 0 };
}

void run_predict_again(const struct run *run, const struct footprint *kept, struct prediction *again)
{
	model_layout(&run->model, &run->layout, &again->creation, &again->transition);
	model_rmap_heads(&run->layout, again->heads);
	again->kept = *kept;
}

/* Has the payload, which must stay where it is, no part of the slot? */
static int check_free(struct run *run, const struct payload *payload, const struct slot *slot,
		      const char *what)
{
	if (payload->base + payload->size <= slot->base || payload->base >= slot->base + slot->size)
		return 0;
	return err_set(&run->err, EINVAL, "memslot.%s: the payload runs there: it can't be %s",
		       run->config->memslots[slot->cfg].name, what);
}

static bool is_of(const struct run *run, const struct slot *slot, const char *name)
{
	return !slot->gone && !strcmp(run->config->memslots[slot->cfg].name, name);
}

static int slot_failed(struct run *run, const struct slot *slot, int code, const char *how)
{
	char full[CONFIG_NAME_MAX + 16];

	return err_errno(&run->err, -code, "KVM_SET_USER_MEMORY_REGION(memslot.%s: slot=%#x %s)",
			 slot_name(&run->layout, slot, full), slot->id, how);
}

int run_delete_slots(struct run *run, const struct vm *vm, const struct payload *payload,
		     const char *name)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		struct slot *slot = &run->layout.slots[i];
		int code;

		if (!is_of(run, slot, name))
			continue;
		if (check_free(run, payload, slot, "deleted"))
			return -EINVAL;
		code = vm_slot_delete(vm, slot);
		if (code)
			return slot_failed(run, slot, code, "size=0");
		slot->gone = true;
	}
	return 0;
}

static int move_slot(struct run *run, const struct vm *vm, const struct slot *slot)
{
	uint64_t spare;
	int code;

	if (!vm_spare_gpa(vm, slot->size, &spare))
		return err_set(&run->err, ENOTSUP, "memslot.%s: the guest has no free gpa above the "
			       "highest memslot to move it to", run->config->memslots[slot->cfg].name);
	code = vm_slot_set(vm, slot, spare, slot->kvm_flags);
	if (code)
		return slot_failed(run, slot, code, "moved above all others");
	code = vm_slot_set(vm, slot, slot->base, slot->kvm_flags);
	return code ? slot_failed(run, slot, code, "moved back") : 0;
}

int run_move_slots(struct run *run, const struct vm *vm, const struct payload *payload,
		   const char *name)
{
	int code = 0;

	for (size_t i = 0; !code && i < run->layout.count; i++) {
		const struct slot *slot = &run->layout.slots[i];

		if (!is_of(run, slot, name))
			continue;
		code = check_free(run, payload, slot, "moved");
		if (!code)
			code = move_slot(run, vm, slot);
	}
	return code;
}
