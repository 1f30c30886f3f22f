// SPDX-License-Identifier: GPL-2.0-only
#include "model/implicit_slots.h"

#include <string.h>

#define PAGE 4096
#define APIC_ACCESS_GPA 0xfee00000ull

/* arch/x86/include/asm/kvm_host.h: TSS_PRIVATE_MEMSLOT and so on are KVM_USER_MEM_SLOTS + 0, 1 and 2. */
static const struct implicit {
	const char *name;
	uint32_t number;
	uint64_t base, size;
} tss = { IMPLICIT_PREFIX "tss", 0, IMPLICIT_TSS_GPA, 3 * PAGE },
  apic_access = { IMPLICIT_PREFIX "apic-access", 1, APIC_ACCESS_GPA, PAGE },
  identity_map = { IMPLICIT_PREFIX "identity-map", 2, IMPLICIT_IDENTITY_MAP_GPA, PAGE };

/* __x86_set_memory_region(), arch/x86/kvm/x86.c, makes the slot in every address space. */
static void add(struct layout *layout, unsigned int spaces, uint32_t max_slots, const struct implicit *one)
{
	for (uint32_t i = 0; i < spaces && layout->implicit_count < LAYOUT_IMPLICIT_MAX; i++) {
		layout->implicit_names[layout->implicit_count] = one->name;
		layout->implicit[layout->implicit_count++] = (struct slot){
			.id = (max_slots + one->number) | i << 16, .base = one->base, .size = one->size,
		};
	}
}

/* Where nothing else is known of a host: the parameters that kvm_intel has by default. */
static const struct host assumed = {
	.module = "kvm_intel", .tdp = ANSWER_YES, .flexpriority = ANSWER_YES, .unrestricted_guest = ANSWER_YES,
};

/*
 * arch/x86/kvm/vmx/vmx.c: vmx_vcpu_create() (before 6.1 vmx_create_vcpu()) makes a page for accesses to
 * the local APIC where flexpriority is on, and an identity map for real mode under EPT where the CPU has
 * no unrestricted guest, of whatever VM; there, vmx_set_tss_addr() makes three pages, too. On AMD only AVIC has a page, and
 * a PIT as ours, which reinjects ticks, inhibits AVIC before the first vCPU is made
 * (APICV_INHIBIT_REASON_PIT_REINJ).
 */
void implicit_slots_add(const struct host *host, unsigned int spaces, uint32_t max_slots, struct layout *layout)
{
	/* Its VM has none of KVM's interrupt controllers, and is not told of a TSS. */
	bool payload = layout->config->guest.payload == PAYLOAD_NESTED;

	/* Without /sys, or before a module is loaded, the CPU decides which it will be. */
	if (!host->module[0] && !host_has_svm_cpu(host))
		host = &assumed;
	if (strcmp(host->module, "kvm_intel"))
		return;
	if (!payload && host->flexpriority == ANSWER_YES)
		add(layout, spaces, max_slots, &apic_access);
	if (host->unrestricted_guest != ANSWER_NO)
		return;
	if (!payload)
		add(layout, spaces, max_slots, &tss);
	if (host->tdp == ANSWER_YES)
		add(layout, spaces, max_slots, &identity_map);
}

void implicit_slots_assume(uint32_t max_slots, struct layout *layout)
{
	implicit_slots_add(&assumed, 2, max_slots, layout);
}
