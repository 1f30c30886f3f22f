// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of a VM's folder in debugfs, a file each: for any VM of the host. That of a
 * vCPU counter has the sum over the VM's vCPUs (virt/kvm/kvm_main.c, kvm_get_stat_per_vcpu).
 */
#include <errno.h>
#include <string.h>

#include "host/source.h"

/* Of one of the counters: each came with a version of its own, and lockdown keeps only the writable ones. */
static bool may_lack(int code)
{
	return code == -ENOENT || code == -ENOTTY || code == -EPERM;
}

static int read_counter(FILE *file, struct figure *figure)
{
	char line[32];
	const char *text = line;

	if (!fgets(line, sizeof(line), file) || !source_number(&text, &figure->value) ||
	    *text != '\n')
		return ferror(file) ? source_end(file) : -EINVAL;
	figure->known = true;
	return 0;
}

int kvm_debugfs_of(const char *root, const char *vm, struct kvm_counters *counters,
		   char why[SOURCE_WHY])
{
	struct kvm_counters found = { 0 };
	char reason[SOURCE_WHY] = "";
	bool any = false;
	int code = 0;

	*why = '\0';
	for (int i = 0; i < COUNTERS; i++) {
		const char *name = kvm_counter_name((enum kvm_counter)i);
		FILE *file;

		code = debugfs_open(&file, root, vm, name, "5.10 to 5.15", reason);
		if (!code)
			code = source_close(file, name, read_counter(file, &found.counters[i]),
					    reason);
		any |= !code;
		/* Report the reason of the first that is missing. */
		if (code && (!*why || !may_lack(code)))
			memcpy(why, reason, sizeof(reason));
		if (code && !may_lack(code))
			return code;
	}
	if (!any)
		return code;
	*counters = found;
	return 0;
}

int kvm_debugfs_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	char vm[DEBUGFS_VM];
	int code = debugfs_own_vm(sources->root, sources->vm_pid, sources->vm_fd, vm, why);

	return code ? code : kvm_debugfs_of(sources->root, vm, &snapshot->kvm_debugfs, why);
}

json_t *kvm_debugfs_json(const struct snapshot *snapshot)
{
	return kvm_counters_json(&snapshot->kvm_debugfs);
}
