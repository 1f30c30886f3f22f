// SPDX-License-Identifier: GPL-2.0-only
#include "model/implicit_slots.h"

#include <string.h>

#define PAGE 4096
#define APIC_ACCESS_GPA 0xfee00000ull

/* __x86_set_memory_region(), arch/x86/kvm/x86.c, makes the slot in every address space. */
static void add(struct layout *layout, unsigned int spaces, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < spaces && layout->implicit_count < LAYOUT_IMPLICIT_MAX; i++)
		layout->implicit[layout->implicit_count++] =
			(struct slot){ .base = base, .size = size };
}

/*
 * arch/x86/kvm/vmx/vmx.c: vmx_vcpu_create() (before 6.1 vmx_create_vcpu()) makes a page for accesses to
 * the local APIC where flexpriority is on, and an identity map for real mode under EPT where the CPU has
 * no unrestricted guest; there, vmx_set_tss_addr() makes three pages, too. On AMD only AVIC has a page, and
 * a PIT as ours, which reinjects ticks, inhibits AVIC before the first vCPU is made
 * (APICV_INHIBIT_REASON_PIT_REINJ).
 */
void implicit_slots_add(const struct host *host, unsigned int spaces, struct layout *layout)
{
	bool intel = !strcmp(host->module, "kvm_intel");

	if (intel && host->flexpriority == ANSWER_YES)
		add(layout, spaces, APIC_ACCESS_GPA, PAGE);
	if (!intel || host->unrestricted_guest != ANSWER_NO)
		return;
	add(layout, spaces, IMPLICIT_TSS_GPA, 3 * PAGE);
	if (host->tdp == ANSWER_YES)
		add(layout, spaces, IMPLICIT_IDENTITY_MAP_GPA, PAGE);
}
