/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every rule about what a version, a build or a setting of the kernel does, and nothing else: each
 * is a function that cites the kernel. Pure. What the rules mean for a layout is in model.h, what
 * has to be read from the host for them is read in run/probe.c.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/answer.h"
#include "host/host.h"
#include "host/host_vms.h"

/* Facts that neither the running kernel nor its release shows. The facts have what takes the most. */
enum kernel_assumed {
	ASSUMED_TDP_MMU = 1,	/* the parameter has its default */
	ASSUMED_TDP_MMU_ON = 2,	/* kernels of this release have either default */
	ASSUMED_TRACKING = 4,
	ASSUMED_VCALLOC = 8,
	ASSUMED_VENDOR = 16,	/* KVM is as in mainline: nothing is known of the vendor */
};

/* What has to be known of a kernel to tell what it does. */
struct kernel_facts {
	unsigned int major, minor;	/* the mainline version whose rules its KVM follows */
	int patch;			/* of the stable series; -1: unknown */
	const char *vendor;		/* "RHEL 9", or NULL */
	enum answer tdp_mmu;		/* kvm.tdp_mmu */
	enum answer tdp;		/* kvm_amd.npt or kvm_intel.ept */
	enum answer external_tracking;	/* CONFIG_KVM_EXTERNAL_WRITE_TRACKING */
	enum answer vcalloc;		/* before 5.18: KVM has __vcalloc() all the same */
	unsigned int assumed;		/* enum kernel_assumed */
};

/* How the rules ask about the running kernel. They ask only what they need: answers cost time. */
struct kernel_evidence {
	void *context;
	enum answer (*has_symbol)(void *context, const char *symbol);
	enum answer (*has_config)(void *context, const char *option);
	/* Does a memslot of 4 MiB in a new VM come with a tracking array from vmalloc? */
	enum answer (*slot_has_tracking)(void *context);
};

/* What the host's release and KVM's module parameters say; the rest stays unknown. */
void kernel_of_host(const struct host *host, struct kernel_facts *facts);
/* The same, and the rest by evidence, else by the vendor's release, else by the version. */
void kernel_running(const struct host *host, const struct kernel_evidence *evidence,
		    struct kernel_facts *facts);
/*
 * A kernel that does not run here: by the vendor's release, else by the version (kernel_vendor.h).
 * Where kernels of this release differ, the facts are what takes the most at the transition. False:
 * the text does not begin with a version.
 */
bool kernel_assumed(const char *release, struct kernel_facts *facts);
/* Somebody knows the parameter. */
void kernel_say_tdp_mmu(struct kernel_facts *facts, bool on);
/* facts->assumed, for people: "TDP MMU on, as Debian builds it; say --tdp-mmu". "": nothing. */
void kernel_assumptions(const struct kernel_facts *facts, char *text, size_t size);

/* False: neither uname() nor /proc tells a release, and no rule of a version holds. */
bool kernel_is_known(const struct kernel_facts *facts);
/* Is its KVM that of mainline major.minor, or newer? */
bool kernel_since(const struct kernel_facts *facts, unsigned int major, unsigned int minor);
/* Is CONFIG_KVM_EXTERNAL_WRITE_TRACKING of any consequence? */
bool kernel_tracking_matters(const struct kernel_facts *facts);

/* Why rmaps come with the memslots, where they do. */
enum eager_cause {
	EAGER_BY_VERSION,	/* the kernel is not lazy at all */
	EAGER_WITHOUT_TDP,	/* two-dimensional paging is off */
	EAGER_WITHOUT_TDP_MMU,
	NOT_EAGER,
};
enum eager_cause kernel_eager_cause(const struct kernel_facts *facts);
/*
 * Up to Linux 6.2 kvm.tdp_mmu can be written while KVM is loaded, and each VM keeps what it was made
 * with: kvm_mmu_init_tdp_mmu(), arch/x86/kvm/mmu/tdp_mmu.c, 5.14. So a VM may be lazy that was made
 * before the TDP MMU was turned off. True: such VMs may be on this host.
 */
bool kernel_has_older_vms(const struct kernel_facts *facts);
/* Rmaps come with the memslots: no VM that is made now is lazy. */
bool kernel_is_eager(const struct kernel_facts *facts);
/* Write tracking comes with the memslots. */
bool kernel_tracks_with_slot(const struct kernel_facts *facts);
/* Write tracking comes with the memslots only because something outside KVM may need it. */
bool kernel_tracks_externally(const struct kernel_facts *facts);
/*
 * An array of more than INT_MAX bytes cannot be had, and so neither its slot, if the array comes
 * with it, nor the first shadow root. Unknown: some kernels of this release refuse it.
 */
enum answer kernel_refuses_large(const struct kernel_facts *facts);
/*
 * With kvm.nx_huge_pages KVM may map by 4K again what it mapped so before (disallowed_hugepage_adjust(), mmu.c): such a kernel goes by
 * whether a page table is there, a newer one by whether that was made for code (nx_huge_page_disallowed). 6.1 was seen to, 6.12 not to.
 */
bool kernel_nx_keeps_small(const struct kernel_facts *facts);
/*
 * With page modification logging a page is in the dirty log after the next exit of the vCPU that wrote it: vmx_flush_pml_buffer(),
 * vmx.c, 6.12. kvm_arch_sync_dirty_log(), x86.c, kicks the vCPUs and does not wait for their exits, while the log is read. L2's
 * pages KVM write-protects instead, and logs them before they are written: kvm_mmu_page_ad_need_write_protect(), mmu_internal.h.
 * KVM for AMD had no such parameter before it had PML.
 */
bool kernel_may_log_late(const struct host *host);
/* Every array has at least one page of its own. */
bool kernel_has_whole_pages(const struct kernel_facts *facts);
/* Bytes of slab that the first shadow root allocates for the VM. */
uint64_t kernel_root_slab(const struct kernel_facts *facts);
/* The versions that share these rules: "5.18-6.8". */
const char *kernel_era(const struct kernel_facts *facts);

/* In which order the first shadow root goes through the memslots. */
enum slot_order {
	ORDER_BY_BASE_DOWN,	/* an array sorted by falling base */
	ORDER_BY_HASH,		/* a hash table of the ids */
};
enum slot_order kernel_slot_order(const struct kernel_facts *facts);

/* What a VM's counter mmu_cache_miss says of its rmaps. */
enum rmap_state kernel_state_by_misses(const struct figure *misses, bool eager);
/* What the arrays of its memslots say: one that is missing means that they wait for a first shadow root. */
enum rmap_state kernel_state_by_memslots(const struct kernel_vm *vm, bool eager);
/* Fills state and teller of each VM from what was read of it. */
void kernel_judge_vms(const struct kernel_facts *facts, struct host_vms *vms);

/* Objects that SLUB may count as in use though they are free, on a host of this many CPUs. */
uint64_t kernel_slab_slack(unsigned int cpus, uint64_t object_size);
/* Bytes of slab objects that memory.stat may count though they are free, on a host of this many CPUs. */
uint64_t kernel_charges_kept(unsigned int cpus);

#endif
