// SPDX-License-Identifier: GPL-2.0-only
/* The evidence that the rules of model/kernel.h ask for. */
#include "run/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/model.h"

#define PROBE_SLOT (4ull << 20)

struct probe {
	const struct host *host;
	const struct kvm *kvm;
	struct sources *sources;
};

static enum answer grep_config(const char *path, const char *setting)
{
	enum answer answer = ANSWER_NO;
	size_t length = strlen(setting);
	char line[512];
	FILE *file = fopen(path, "re");

	if (!file)
		return ANSWER_UNKNOWN;
	while (answer == ANSWER_NO && fgets(line, sizeof(line), file))
		if (!strncmp(line, setting, length) && line[length] == '=')
			answer = ANSWER_YES;
	fclose(file);
	return answer;
}

static enum answer has_config(void *context, const char *option)
{
	static const char *const places[][2] = {
		{ "/boot/config-", "" }, { "/lib/modules/", "/config" },
		{ "/usr/lib/modules/", "/config" },
	};
	const struct probe *probe = context;
	enum answer answer = ANSWER_UNKNOWN;
	char path[256];

	for (size_t i = 0; answer == ANSWER_UNKNOWN && i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s%s", places[i][0], probe->host->kernel,
			 places[i][1]);
		answer = grep_config(path, option);
	}
	return answer;
}

/* Where KVM is not named, or its arrays are slab, a slot shows nothing of them. */
static enum answer new_tracking(const struct snapshot *before, const struct snapshot *after)
{
	enum answer answer = ANSWER_UNKNOWN;
	struct tally delta = { 0 };

	if (!before->status[SOURCE_VMALLOCINFO].ok || !after->status[SOURCE_VMALLOCINFO].ok ||
	    tally_diff(&after->vmalloc, &before->vmalloc, &delta))
		return answer;
	if (tally_bytes(&delta, "kvm_page_track_create_memslot") > 0)
		answer = ANSWER_YES;
	else if (model_names_arrays(&delta))
		answer = ANSWER_NO;
	tally_free(&delta);
	return answer;
}

/* Makes a VM that is thrown away. Without KVM there is no answer. */
static enum answer slot_has_tracking(void *context)
{
	struct kvm_userspace_memory_region region = { .memory_size = PROBE_SLOT };
	struct snapshot before = { 0 }, after = { 0 };
	const struct probe *probe = context;
	enum answer answer = ANSWER_UNKNOWN;
	void *memory;
	int vm;

	if (!probe->kvm)
		return ANSWER_UNKNOWN;
	memory = mmap(NULL, PROBE_SLOT, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	vm = ioctl(probe->kvm->fd, KVM_CREATE_VM, 0);
	snapshot_take(probe->sources, &before);
	region.userspace_addr = (uintptr_t)memory;
	if (memory != MAP_FAILED && vm >= 0 && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
		snapshot_take(probe->sources, &after);
		answer = new_tracking(&before, &after);
	}
	snapshot_free(&before);
	snapshot_free(&after);
	if (vm >= 0)
		close(vm);
	if (memory != MAP_FAILED)
		munmap(memory, PROBE_SLOT);
	return answer;
}

/* Anybody may read the names in kallsyms, if not the addresses. */
static enum answer has_symbol(void *context, const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	enum answer answer = ANSWER_UNKNOWN;
	char line[512], name[256];

	(void)context;
	if (!file)
		return answer;
	while (answer != ANSWER_YES && fgets(line, sizeof(line), file)) {
		answer = ANSWER_NO;
		if (sscanf(line, "%*s %*s %255s", name) == 1 && !strcmp(name, symbol))
			answer = ANSWER_YES;
	}
	fclose(file);
	return answer;
}

void probe_kernel(const struct host *host, const struct kvm *kvm, struct sources *sources,
		  struct kernel_facts *facts)
{
	struct probe probe = { .host = host, .kvm = kvm, .sources = sources };
	const struct kernel_evidence evidence = {
		.context = &probe, .has_symbol = has_symbol, .has_config = has_config,
		.slot_has_tracking = slot_has_tracking,
	};

	kernel_running(host, &evidence, facts);
}
