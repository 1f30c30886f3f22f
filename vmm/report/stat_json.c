// SPDX-License-Identifier: GPL-2.0-only
/* The VMs of a host as JSON, schema minivmm.stat/1. An unknown figure is null, never 0. */
#include "base/value.h"
#include "report/stat.h"

#define RMAP_HEAD_BYTES 8	/* struct kvm_rmap_head */

static json_t *counter(const struct host_vm *vm, enum kvm_counter which)
{
	const struct figure *figure = &vm->counters.counters[which];

	return value_known(vm->counted && figure->known, figure->value);
}

/* What is mapped for the guest now. Its memslots may be larger, but debugfs does not show them. */
static json_t *mapped(const struct host_vm *vm)
{
	const struct figure *pages = vm->counters.counters;

	return value_known(vm->counted && pages[COUNTER_PAGES_4K].known &&
				   pages[COUNTER_PAGES_2M].known && pages[COUNTER_PAGES_1G].known,
			   (pages[COUNTER_PAGES_4K].value << 12) +
				   (pages[COUNTER_PAGES_2M].value << 21) +
				   (pages[COUNTER_PAGES_1G].value << 30));
}

static json_t *state(const struct host_vm *vm)
{
	return vm->state == RMAP_UNKNOWN ? json_null() : value_text(rmap_state_name(vm->state));
}

/* A lazy VM has no rmaps; for any other VM the bytes are known only from a walk. */
static json_t *rmap_bytes(const struct host_vm *vm)
{
	const uint64_t *heads = vm->rmaps.heads;
	bool known = vm->walked || vm->state == RMAP_LAZY;

	return json_pack("{s:o, s:o, s:o, s:o}",
			 "4k", value_known(known, heads[0] * RMAP_HEAD_BYTES),
			 "2m", value_known(known, heads[1] * RMAP_HEAD_BYTES),
			 "1g", value_known(known, heads[2] * RMAP_HEAD_BYTES),
			 "all", value_known(known, (heads[0] + heads[1] + heads[2]) *
					    RMAP_HEAD_BYTES));
}

static json_t *vm_json(const struct host_vm *vm)
{
	const char *teller = vm_teller_name(vm->teller);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "pid", value_u64((uint64_t)vm->pid),
			 "fd", value_u64((uint64_t)vm->fd),
			 "command", value_text(vm->command),
			 "age_ns", value_known(vm->age_ns.known, vm->age_ns.value),
			 "rmap_state", state(vm),
			 "state_source", value_text(teller),
			 "rmap_bytes", rmap_bytes(vm),
			 "memslot_bytes", value_known(vm->walked && vm->rmaps.allocated,
						      vm->rmaps.heads[0] << 12),
			 "mapped_bytes", mapped(vm),
			 "nested_run", counter(vm, COUNTER_NESTED_RUN),
			 "mmu_cache_miss", counter(vm, COUNTER_MMU_CACHE_MISS),
			 "why", value_text(vm->why));
}

json_t *stat_json(const struct host *host, const struct host_vms *vms, bool walked)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < vms->count; i++) {
		if (json_array_append_new(list, vm_json(&vms->list[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:s, s:{s:o, s:o}, s:b, s:o}",
			 "schema", "minivmm.stat/1",
			 "host",
				 "kernel", value_text(host->kernel),
				 "hostname", value_text(host->hostname),
			 "walked", walked,
			 "vms", list);
}
