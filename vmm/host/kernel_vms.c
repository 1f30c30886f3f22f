// SPDX-License-Identifier: GPL-2.0-only
#include "host/kernel_vms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/source.h"

static int keep(const struct kernel_vm *vm, void *data)
{
	struct kernel_vms *vms = data;
	struct kernel_vm *larger = reallocarray(vms->list, vms->count + 1, sizeof(*larger)), *kept;

	if (!larger)
		return -ENOMEM;
	vms->list = larger;
	kept = &larger[vms->count];
	*kept = *vm;
	kept->slots = reallocarray(NULL, vm->count + 1, sizeof(*kept->slots));
	if (!kept->slots)
		return -ENOMEM;
	if (vm->count)
		memcpy(kept->slots, vm->slots, vm->count * sizeof(*kept->slots));
	vms->count++;
	return 0;
}

int kernel_vms_read(const char *root, struct kernel_vms *vms, char why[SOURCE_WHY])
{
	struct kvm_reader reader;
	int code;

	*vms = (struct kernel_vms){ 0 };
	code = kvm_reader_open(&reader, root, why);
	if (code)
		return code;
	code = kvm_reader_each(&reader, keep, vms);
	kvm_reader_close(&reader);
	if (code == -ENOMEM)
		source_errno(why, ENOMEM, "memslots");
	else if (code)
		snprintf(why, SOURCE_WHY, "KVM's list of VMs kept changing while it was read");
	if (code)
		kernel_vms_free(vms);
	return code;
}

void kernel_vms_free(struct kernel_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		free(vms->list[i].slots);
	free(vms->list);
	*vms = (struct kernel_vms){ 0 };
}

const struct kernel_vm *kernel_vms_find(const struct kernel_vms *vms, const char *folder)
{
	for (size_t i = 0; i < vms->count; i++)
		if (!strcmp(vms->list[i].folder, folder))
			return &vms->list[i];
	return NULL;
}
