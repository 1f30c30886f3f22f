// SPDX-License-Identifier: GPL-2.0-only
/* The evidence that the rules of model/kernel.h ask for. */
#include "run/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/source.h"
#include "model/model.h"

/* How many pages the tracking array of a slot has: 2 bytes for each of its frames. */
#define LEAST_PAGES 3
#define PAGE_COUNTS 31
#define SLOT_BY_PAGE (8ull << 20)	/* a slot's size by a page of them */
#define MOST_UNKNOWN 3

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

/* Adds a slot with so many pages of tracking, and looks at what changed in the host's arrays. */
static enum answer ask_slot(struct sources *sources, int vm, uint64_t pages)
{
	struct kvm_userspace_memory_region region = { .memory_size = pages * SLOT_BY_PAGE };
	struct snapshot before = { 0 }, after = { 0 };
	enum answer answer = ANSWER_UNKNOWN;
	struct tally delta = { 0 };
	char why[SOURCE_WHY];
	/* Never touched; PROT_NONE counts against no limit of the host's. */
	void *memory = mmap(NULL, region.memory_size, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return answer;
	region.userspace_addr = (uintptr_t)memory;
	if (!vmallocinfo_read(sources, &before, why) &&
	    !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) &&
	    !vmallocinfo_read(sources, &after, why) &&
	    !tally_diff(&after.vmalloc, &before.vmalloc, &delta))
		answer = model_slot_is_tracked(&delta, pages);
	tally_free(&delta);
	snapshot_free(&before);
	snapshot_free(&after);
	munmap(memory, region.memory_size);
	return answer;
}

/* In a VM that is thrown away. */
static enum answer ask_vm(const struct probe *probe, uint64_t pages)
{
	enum answer answer = ANSWER_UNKNOWN;
	int vm = ioctl(probe->kvm->fd, KVM_CREATE_VM, 0);

	if (vm < 0)
		return answer;
	answer = ask_slot(probe->sources, vm, pages);
	close(vm);
	return answer;
}

/*
 * Other VMs come and go meanwhile, and other minivmms ask the same. So the slot has a size that
 * hardly any other has, another one each time, and what was seen twice counts. Without KVM there
 * is no answer.
 */
static enum answer slot_has_tracking(void *context)
{
	const struct probe *probe = context;
	unsigned int seen[] = { [ANSWER_NO] = 0, [ANSWER_YES] = 0, [ANSWER_UNKNOWN] = 0 };
	enum answer answer;

	if (!probe->kvm || probe->sources->set != SOURCES_ALL)
		return ANSWER_UNKNOWN;
	do {
		uint64_t number = (uint64_t)getpid() + clock_ns() / 1000;

		answer = ask_vm(probe, LEAST_PAGES + number % PAGE_COUNTS);
	} while (++seen[answer] < (answer == ANSWER_UNKNOWN ? MOST_UNKNOWN : 2));
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
