// SPDX-License-Identifier: GPL-2.0-only
#include "host/kvm_frame.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

static bool starts_with_one(const char *text, const char *const *starts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_starts_with(text, starts[i]))
			return true;
	return false;
}

/*
 * arch/x86/kernel/kvm.c and kvmclock.c: a kernel that is itself a guest of KVM has these functions,
 * whether it has VMs or not.
 */
static bool is_of_a_guest(const char *function)
{
	static const char *const names[] = {
		"kvm_async_pf_task", "kvm_clock", "kvm_crash", "kvm_flush_tlb", "kvm_guest",
		"kvm_io_delay", "kvm_kick_cpu", "kvm_sched_clock", "kvm_send_ipi", "kvm_smp_send",
		"kvm_steal", "kvm_wait",
	};

	return starts_with_one(function, names, sizeof(names) / sizeof(names[0]));
}

/* "kvm_mmu_load+0x1/0x2", of a KVM that is built in: a module's function has the module's name behind it. */
static bool is_builtin(const char *text)
{
	static const char *const names[] = {
		"kvm_", "svm_", "vmx_", "nested_svm_", "nested_vmx_", "nested_ept_", "tdp_mmu_",
	};
	const char *function = !strncmp(text, "RIP: ", 5) ? strrchr(text, ':') + 1 : text;

	function += strspn(function, " ");
	function += strncmp(function, "__", 2) ? 0 : 2;
	return starts_with_one(function, names, sizeof(names) / sizeof(names[0])) && strstr(function, "+0x") &&
	       !strchr(function, '[') && !is_of_a_guest(function);
}

bool kvm_frame_names(const char *text)
{
	static const char *const words[] = {
		" [kvm]", " [kvm_amd]", " [kvm_intel]",
		/* With CONFIG_STACKTRACE_BUILD_ID: " [kvm 5b0d...]". */
		" [kvm ", " [kvm_amd ", " [kvm_intel ", "arch/x86/kvm/", "virt/kvm/", "&kvm->",
	};

	/* What the unwinder is not sure of may be left from an earlier call. */
	if (!strncmp(text + strspn(text, " "), "? ", 2))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]))
			return true;
	return is_builtin(text);
}
