// SPDX-License-Identifier: GPL-2.0-only
#include "run/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBE_SLOT (4ull << 20)

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

static enum answer config_says(const struct host *host, const char *setting)
{
	static const char *const places[][2] = {
		{ "/boot/config-", "" }, { "/lib/modules/", "/config" },
		{ "/usr/lib/modules/", "/config" },
	};
	enum answer answer = ANSWER_UNKNOWN;
	char path[256];

	for (size_t i = 0; answer == ANSWER_UNKNOWN && i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s%s", places[i][0], host->kernel, places[i][1]);
		answer = grep_config(path, setting);
	}
	return answer;
}

static int64_t tracking_areas(struct sources *sources, bool *known)
{
	struct snapshot snapshot = { 0 };
	int64_t bytes;

	snapshot_take(sources, &snapshot);
	*known = *known && snapshot.status[SOURCE_VMALLOCINFO].ok;
	bytes = tally_bytes(&snapshot.vmalloc, "kvm_page_track_create_memslot");
	snapshot_free(&snapshot);
	return bytes;
}

/* 5.18+: a slot's tracking array is at least one vmalloc page, so a small slot shows it. */
static enum answer throw_away_vm(const struct kvm *kvm, struct sources *sources)
{
	struct kvm_userspace_memory_region region = { .memory_size = PROBE_SLOT };
	enum answer answer = ANSWER_UNKNOWN;
	bool known = true;
	void *memory = mmap(NULL, PROBE_SLOT, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int vm = ioctl(kvm->fd, KVM_CREATE_VM, 0);
	int64_t before = tracking_areas(sources, &known);

	region.userspace_addr = (uintptr_t)memory;
	if (memory != MAP_FAILED && vm >= 0 && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
		int64_t after = tracking_areas(sources, &known);

		if (known)
			answer = after > before ? ANSWER_YES : ANSWER_NO;
	}
	if (vm >= 0)
		close(vm);
	if (memory != MAP_FAILED)
		munmap(memory, PROBE_SLOT);
	return answer;
}

/* Symbols are named to all, if not their addresses. */
static enum answer kernel_has(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	enum answer answer = ANSWER_UNKNOWN;
	char line[512], name[256];

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

static bool between(const struct kernel_facts *facts, unsigned int major, unsigned int from,
		    unsigned int before)
{
	return facts->major == major && facts->minor >= from && facts->minor < before;
}

void probe_kernel(const struct host *host, const struct kvm *kvm, struct sources *sources,
		  struct kernel_facts *facts)
{
	model_host_facts(host, facts);
	/*
	 * "KVM: use __vcalloc for very large allocations" is in 5.18 and, for its Cc: stable, in
	 * late 5.10 and 5.15, which brought __vcalloc() along: it has no other user there.
	 */
	if (facts->major == 5 && facts->minor < 18)
		facts->vcalloc = kernel_has("__vcalloc");
	/*
	 * kvm_amd and kvm_intel say npt or ept; a vendor module that says neither has no such
	 * paging, unless a slot comes without its tracking, which needs it.
	 */
	if (facts->tdp == ANSWER_UNKNOWN && facts->tdp_mmu == ANSWER_NO &&
	    (!kvm || throw_away_vm(kvm, sources) != ANSWER_NO))
		facts->tdp = ANSWER_NO;
	/* Only from 5.16 to 6.8 does the configuration decide (tracking_with_slot() in model.c). */
	if (!between(facts, 5, 16, 100) && !between(facts, 6, 0, 9))
		return;
	facts->external_tracking = config_says(host, "CONFIG_KVM_EXTERNAL_WRITE_TRACKING");
	if (facts->external_tracking == ANSWER_UNKNOWN && kvm &&
	    (between(facts, 5, 18, 100) || facts->major == 6))
		facts->external_tracking = throw_away_vm(kvm, sources);
	/* Debian: on in -amd64 (kvmgt is built), off in -cloud-amd64. */
	if (facts->external_tracking == ANSWER_UNKNOWN)
		facts->external_tracking = strstr(host->kernel, "cloud") ? ANSWER_NO : ANSWER_YES;
}
