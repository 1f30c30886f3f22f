// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/machine_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "config/machine.h"
#include "host/vm_machine.h"

#define QEMU "qemu:"
#define FIRECRACKER "firecracker:"

bool machine_size_parse(const char *text, uint64_t *size)
{
	return parse_size(text, size) && *size >= MACHINE_LEAST && *size <= 64ull << 40 &&
	       !(*size % 4096);
}

bool machine_source_is(const char *path)
{
	return path && (!strncmp(path, QEMU, strlen(QEMU)) ||
			!strncmp(path, FIRECRACKER, strlen(FIRECRACKER)));
}

void machine_source_name(struct machine_source *source)
{
	if (source->file)
		snprintf(source->name, sizeof(source->name), "%.250s", source->file);
	else if (source->pid)
		snprintf(source->name, sizeof(source->name), "pid:%llu",
			 (unsigned long long)source->pid);
	else
		snprintf(source->name, sizeof(source->name), "%s:%llu",
			 source->machine ? source->machine : "q35", (unsigned long long)source->size);
}

static int read_file(const char *source, struct machine *machine, struct err *err)
{
	bool qemu = !strncmp(source, QEMU, strlen(QEMU));
	const char *path = source + strlen(qemu ? QEMU : FIRECRACKER);
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int code;

	if (!file)
		return err_errno(err, errno, "%s", path);
	code = qemu ? machine_of_qemu(file, path, machine, err) :
		      machine_of_firecracker(file, path, machine, err);
	if (file != stdin)
		fclose(file);
	return code;
}

static bool is_of(const struct host_vm *vm, uint64_t pid)
{
	return (uint64_t)vm->pid == pid || (uint64_t)host_vm_process(vm) == pid;
}

/* The one VM of a process. NULL: err says why there is not exactly one. */
static struct host_vm *choose(struct host_vms *vms, const struct kvm_refusals *refusals,
			      uint64_t pid, struct err *err)
{
	struct host_vm *found = NULL;
	char why[SOURCE_WHY];
	size_t count = 0;

	for (size_t i = 0; i < vms->count; i++) {
		if (!is_of(&vms->list[i], pid))
			continue;
		found = &vms->list[i];
		count++;
	}
	if (count == 1 && found->kernel->settled)
		return found;
	if (!count && host_vms_may_lack("", vms, refusals, (int64_t)pid, why))
		err_set(err, ENODATA, "%s", why);
	else if (!count)
		err_set(err, ENODATA, "process %llu has no VM", (unsigned long long)pid);
	else if (count > 1)
		err_set(err, ENODATA, "process %llu has %zu VMs: this plans one",
			(unsigned long long)pid, count);
	else
		err_set(err, ENODATA, "the memslots of process %llu: %s", (unsigned long long)pid,
			found->kernel->why ? found->kernel->why : "they kept changing");
	return NULL;
}

static int read_process(uint64_t pid, struct machine *machine, struct figure *vmm, struct err *err)
{
	struct memory_limits limits = { 0 };
	struct host_vms vms = { 0 };
	struct kernel_vms kernel;
	char why[SOURCE_WHY];
	struct host_vm *vm;
	int code = kernel_vms_read("", true, &kernel, why);

	if (code) {
		err_set(err, ENODATA, "%s", why);
		err_remedy(err, "run as root, on a host that lets its kernel's memory be read");
		return -ENODATA;
	}
	code = host_vms_join("", &kernel, &vms);
	if (!code) {
		vm = choose(&vms, &kernel.refusals, pid, err);
		code = vm ? 0 : -ENODATA;
	}
	if (!code) {
		host_vms_survey("", &vms, &limits);
		*vmm = vm->memory.own;
		code = vm_machine(vm, machine);
	}
	memory_limits_free(&limits);
	host_vms_free(&vms);
	kernel_vms_free(&kernel);
	return code;
}

static int write_text(const struct machine *machine, bool runs, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int code = out ? machine_write(machine, runs, out) : -ENOMEM;

	if (out && fclose(out))
		code = -errno;
	if (code) {
		free(*text);
		*text = NULL;
	}
	return code;
}

int machine_source_text(const struct machine_source *source, bool runs, char **text,
			struct figure *vmm, struct err *err)
{
	struct machine machine = { 0 };
	int code;

	if (source->file)
		code = read_file(source->file, &machine, err);
	else if (source->pid)
		code = read_process(source->pid, &machine, vmm, err);
	else
		code = machine_of_size(source->machine ? source->machine : "q35", source->size,
				       &machine);
	if (code == -ENOMEM)
		err_errno(err, ENOMEM, "%s", source->name);
	if (!code) {
		code = write_text(&machine, runs, text);
		if (code)
			err_errno(err, -code, "the config of %s", source->name);
	}
	machine_free(&machine);
	return code;
}
