// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_machine.h"

#include <linux/kvm.h>
#include <stdio.h>

#define PAGE 4096ull
#define PRIVATE_ID 32764	/* KVM_USER_MEM_SLOTS: KVM's own slots, such as the TSS of VMX */

static const char *name_of(const struct kernel_memslot *slot, bool device)
{
	if (slot->id >= PRIVATE_ID)
		return "kvm";
	return device ? "device" : slot->flags & KVM_MEM_READONLY ? "rom" : "ram";
}

int vm_machine(const struct host_vm *vm, struct machine *machine)
{
	const struct kernel_vm *kernel = vm->kernel;
	int code = 0;

	*machine = (struct machine){ .vcpus = kernel->vcpus };
	snprintf(machine->what, sizeof(machine->what), "VM %lld (%.64s), as it runs",
		 (long long)vm->pid, host_vm_name(vm));
	for (size_t i = 0; !code && i < kernel->count; i++) {
		const struct kernel_memslot *from = &kernel->slots[i];
		const struct mapping *mapping = mapping_at(&vm->memory.mappings, from->hva);
		struct machine_slot slot = {
			.base = from->base_gfn * PAGE, .size = from->npages * PAGE,
			.smm = from->as_id, .readonly = from->flags & KVM_MEM_READONLY,
			.dirty_log = from->flags & KVM_MEM_LOG_DIRTY_PAGES,
			.device = mapping && mapping_is_device(mapping), .offset = from->hva,
		};

		snprintf(slot.name, sizeof(slot.name), "%s%s", slot.smm ? "smm-" : "",
			 name_of(from, slot.device));
		code = machine_add(machine, &slot);
	}
	if (code)
		machine_free(machine);
	else
		machine_join(machine);
	return code;
}
