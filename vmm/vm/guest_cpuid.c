// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guest_cpuid.h"

#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR (1u << 31)
#define LEAF1_EDX_HTT (1u << 28)	/* the package has more than one logical CPU */
#define CACHE_CORES_SHIFT 26		/* of leaf 4 EAX: cores of the package, less one */
#define CACHE_CORES_MAX 63u
#define CACHE_TYPE 0x1fu

/* KVM leaves the hypervisor bit out; without it Linux does not look for kvmclock. */
static void set_features(struct kvm_cpuid_entry2 *leaf, const struct cpuid_of *of)
{
	leaf->ebx = (leaf->ebx & 0xff00) | of->index << 24 | of->count << 16;
	leaf->ecx |= LEAF1_ECX_HYPERVISOR | (of->tsc_deadline ? LEAF1_ECX_TSC_DEADLINE : 0);
	leaf->edx |= of->count > 1 ? LEAF1_EDX_HTT : 0;
}

/* Intel: one package, whose cores all are this VM's. */
static void set_cache(struct kvm_cpuid_entry2 *leaf, const struct cpuid_of *of)
{
	unsigned int others = of->count - 1 < CACHE_CORES_MAX ? of->count - 1 : CACHE_CORES_MAX;

	if (leaf->eax & CACHE_TYPE)
		leaf->eax = (leaf->eax & 0x3fff) | others << CACHE_CORES_SHIFT;
}

/* Before Linux 6.2 KVM gives the host's topology: without levels, kernels take leaf 1's. */
static void clear_topology(struct kvm_cpuid_entry2 *leaf, const struct cpuid_of *of)
{
	leaf->eax = leaf->ebx = 0;
	leaf->ecx &= 0xff;
	leaf->edx = of->index;
}

static void set_leaf(struct kvm_cpuid_entry2 *leaf, const struct cpuid_of *of)
{
	switch (leaf->function) {
	case 1:
		set_features(leaf, of);
		break;
	case 4:
		set_cache(leaf, of);
		break;
	case 0xb:
	case 0x1f:
		clear_topology(leaf, of);
		break;
	case 0x80000008:	/* AMD: cores of the package, less one */
		leaf->ecx = of->count - 1;
		break;
	case 0x8000001e:	/* AMD: APIC id, core id, node */
		leaf->eax = leaf->ebx = of->index;
		leaf->ecx = 0;
		break;
	}
}

void guest_cpuid(struct kvm_cpuid2 *cpuid, const struct cpuid_of *of)
{
	for (unsigned int i = 0; i < cpuid->nent; i++)
		set_leaf(&cpuid->entries[i], of);
}
