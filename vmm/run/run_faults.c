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

bool run_can_fail(struct run *run)
{
	const struct config *config = run->config;
	char text[UNIT_TEXT];
	struct footprint kept;
	bool must = false;

	for (size_t i = 0; i < config->phase_count; i++)
		must |= config->phases[i].fails == FAILS_ENOMEM;
	if (!must || config->selftest.break_what == BREAK_NO_FAULT)
		return true;
	if (!run->model.rmap_lazy)
		err_set(&run->err, ENOTSUP, "rmaps come with the slots here (%s): no phase can fail "
			"for want of them", run->model.name);
	else if (!predict_kept(run, &kept))
		err_set(&run->err, ENOTSUP, "this host has room for the rmaps of every slot: "
			"nothing would fail");
	else
		return true;
	if (run->model.rmap_lazy)
		err_remedy(&run->err, "a memslot larger than 512 times this host's RAM: more than %s, "
			   "on a kernel with lazy write tracking",
			   format_bytes(text, faults_possible_size(ram_bytes())));
	else
		err_remedy(&run->err, "Linux 5.14 or newer with kvm.tdp_mmu=1");
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

int run_delete_slots(struct run *run, const struct vm *vm, const struct payload *payload,
		     const char *name)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		struct slot *slot = &run->layout.slots[i];
		char full[CONFIG_NAME_MAX + 16];
		int code;

		if (slot->gone || strcmp(run->config->memslots[slot->cfg].name, name))
			continue;
		if (payload->base + payload->size > slot->base &&
		    payload->base < slot->base + slot->size)
			return err_set(&run->err, EINVAL, "memslot.%s: the payload runs there: it "
				       "can't be deleted", name);
		code = vm_slot_delete(vm, slot);
		if (code)
			return err_errno(&run->err, -code, "KVM_SET_USER_MEMORY_REGION(memslot.%s: "
					 "slot=%#x size=0)", slot_name(&run->layout, slot, full),
					 slot->id);
		slot->gone = true;
	}
	return 0;
}
