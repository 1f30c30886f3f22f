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

static int read_kcore(const char *root, struct kernel_vms *vms, char why[SOURCE_WHY])
{
	struct kvm_reader reader;
	int code = kvm_reader_open(&reader, root, why);

	if (code)
		return code;
	code = kvm_reader_each(&reader, keep, vms);
	kvm_reader_close(&reader);
	if (code == -ENOMEM)
		source_errno(why, ENOMEM, "memslots");
	else if (code)
		snprintf(why, SOURCE_WHY, "KVM's list of VMs kept changing while it was read");
	return code;
}

static int read_lent(struct kernel_vms *vms, char why[SOURCE_WHY])
{
	struct kvm_reader reader;
	int code = kvm_lent_open(&reader, why);

	if (code)
		return code;
	vms->by_bpf = true;
	code = kvm_lent_each(&reader, keep, vms, &vms->refusals, why);
	kvm_reader_close(&reader);
	if (code == -ENOMEM)
		source_errno(why, ENOMEM, "memslots");
	return code;
}

/* What is missing for both is said once. */
static void add_reason(char why[SOURCE_WHY], const char *more)
{
	size_t length = strlen(why);

	if (strcmp(why, more))
		snprintf(why + length, SOURCE_WHY - length, "; %s", more);
}

int kernel_vms_read(const char *root, bool borrow, struct kernel_vms *vms, char why[SOURCE_WHY])
{
	char more[SOURCE_WHY];
	int code;

	*vms = (struct kernel_vms){ 0 };
	code = read_kcore(root, vms, why);
	if (code && code != -ENOMEM && borrow && !*root) {
		kernel_vms_free(vms);
		code = read_lent(vms, more);
		if (code)
			add_reason(why, more);
		else
			*why = '\0';
	}
	if (code)
		kernel_vms_free(vms);
	return code;
}

void kernel_vms_free(struct kernel_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		free(vms->list[i].slots);
	free(vms->list);
	free(vms->refusals.list);
	*vms = (struct kernel_vms){ 0 };
}

const struct kernel_vm *kernel_vms_find(const struct kernel_vms *vms, const char *folder)
{
	for (size_t i = 0; i < vms->count; i++)
		if (!strcmp(vms->list[i].folder, folder))
			return &vms->list[i];
	return NULL;
}
