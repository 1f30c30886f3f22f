// SPDX-License-Identifier: GPL-2.0-only
#include "model/kernel.h"

#include <stdio.h>
#include <string.h>

bool kernel_is_known(const struct kernel_facts *facts)
{
	return facts->major;
}

bool kernel_since(const struct kernel_facts *facts, unsigned int major, unsigned int minor)
{
	return facts->major > major || (facts->major == major && facts->minor >= minor);
}

/*
 * kvm_memslots_have_rmaps(), arch/x86/kvm/mmu.h: true from the start before 5.14, which had no
 * laziness, and without the TDP MMU, which needs two-dimensional paging.
 */
enum eager_cause kernel_eager_cause(const struct kernel_facts *facts)
{
	if (!kernel_since(facts, 5, 14))
		return EAGER_BY_VERSION;
	if (facts->tdp == ANSWER_NO)
		return EAGER_WITHOUT_TDP;
	return facts->tdp_mmu == ANSWER_NO ? EAGER_WITHOUT_TDP_MMU : NOT_EAGER;
}

bool kernel_is_eager(const struct kernel_facts *facts)
{
	return kernel_eager_cause(facts) != NOT_EAGER;
}

bool kernel_tracking_matters(const struct kernel_facts *facts)
{
	return kernel_since(facts, 5, 16) && !kernel_since(facts, 6, 9);
}

/*
 * kvm_page_track_write_tracking_enabled(), arch/x86/kvm/mmu/page_track.c, 5.16: tracking is as
 * lazy as rmaps, unless CONFIG_KVM_EXTERNAL_WRITE_TRACKING is set. 6.9 enables external tracking
 * on demand (kvm_enable_external_write_tracking()).
 */
bool kernel_tracks_externally(const struct kernel_facts *facts)
{
	return kernel_tracking_matters(facts) && facts->tdp != ANSWER_NO &&
	       facts->external_tracking == ANSWER_YES;
}

/* The same function: only two-dimensional paging makes it lazy, not the TDP MMU. */
bool kernel_tracks_with_slot(const struct kernel_facts *facts)
{
	return !kernel_since(facts, 5, 16) || facts->tdp == ANSWER_NO || kernel_tracks_externally(facts);
}

bool kernel_may_log_late(const struct host *host)
{
	return host->pml == ANSWER_YES || (host->pml == ANSWER_UNKNOWN && strcmp(host->module, "kvm_amd"));
}

/* "KVM: use __vcalloc for very large allocations", 5.18; kernel_vendor.c has its stable releases. */
bool kernel_has_whole_pages(const struct kernel_facts *facts)
{
	return kernel_since(facts, 5, 18) || facts->vcalloc == ANSWER_YES;
}

/* "KVM: x86/mmu: explicitly check nx_hugepage in disallowed_hugepage_adjust()" is in 6.3, if not before. */
bool kernel_nx_keeps_small(const struct kernel_facts *facts)
{
	return !kernel_since(facts, 6, 3);
}

/*
 * kvmalloc_node(), mm/util.c: "mm: don't allow oversized kvmalloc() calls" (7661809d493b) is of 5.15
 * and of 5.10.71. It is what kvcalloc() calls, and __vcalloc() does not.
 */
enum answer kernel_refuses_large(const struct kernel_facts *facts)
{
	bool backported = facts->major == 5 && facts->minor == 10 &&
			  (facts->patch < 0 || facts->patch >= 71);

	if (kernel_since(facts, 5, 18) || (!kernel_since(facts, 5, 15) && !backported))
		return ANSWER_NO;
	if (facts->assumed & ASSUMED_VCALLOC)
		return ANSWER_UNKNOWN;
	return facts->vcalloc == ANSWER_YES ? ANSWER_NO : ANSWER_YES;
}

/* kvm_mmu_alloc_page_hash(), arch/x86/kvm/mmu/mmu.c, 6.17: until then struct kvm has the hash. */
uint64_t kernel_root_slab(const struct kernel_facts *facts)
{
	return kernel_since(facts, 6, 17) && !kernel_is_eager(facts) ? 32ull << 10 : 0;
}

/* kvm_for_each_memslot(), include/linux/kvm_host.h: 5.17 goes through id_hash of the memslots. */
enum slot_order kernel_slot_order(const struct kernel_facts *facts)
{
	return kernel_since(facts, 5, 17) ? ORDER_BY_HASH : ORDER_BY_BASE_DOWN;
}

const char *kernel_era(const struct kernel_facts *facts)
{
	if (!kernel_since(facts, 5, 14))
		return "pre-5.14";
	if (!kernel_since(facts, 5, 16))
		return "5.14-5.15";
	if (!kernel_since(facts, 5, 18))
		return "5.16-5.17";
	if (!kernel_since(facts, 6, 9))
		return "5.18-6.8";
	if (!kernel_since(facts, 6, 17))
		return "6.9-6.16";
	return "6.17+";
}

/*
 * kvm_mmu_alloc_shadow_page(), arch/x86/kvm/mmu/mmu.c, counts every shadow page as a miss, and the
 * first one is a root, before which mmu_first_shadow_root_alloc() made the rmaps. No miss means no
 * rmaps, unless they came with the memslots.
 */
enum rmap_state kernel_state_by_misses(const struct figure *misses, bool eager)
{
	if (!misses->known)
		return RMAP_UNKNOWN;
	if (misses->value)
		return RMAP_ALLOCATED;
	return eager ? RMAP_UNKNOWN : RMAP_LAZY;
}

/* A VM without memslots has no rmaps, and on a kernel that is not eager nothing would come with one. */
enum rmap_state kernel_state_by_memslots(const struct kernel_vm *vm, bool eager)
{
	if (!vm->settled)
		return RMAP_UNKNOWN;
	for (size_t i = 0; i < vm->count; i++)
		if (!vm->slots[i].arrays.rmap[0])
			return RMAP_LAZY;
	return vm->count || eager ? RMAP_ALLOCATED : RMAP_LAZY;
}

bool kernel_has_older_vms(const struct kernel_facts *facts)
{
	return kernel_eager_cause(facts) == EAGER_WITHOUT_TDP_MMU && !kernel_since(facts, 6, 3);
}

static bool maps_pages(const struct kvm_counters *kvm)
{
	for (enum kvm_counter size = COUNTER_PAGES_4K; size <= COUNTER_PAGES_1G; size++)
		if (kvm->counters[size].known && kvm->counters[size].value)
			return true;
	return false;
}

/* Pages that no shadow page maps are the TDP MMU's, whatever kvm.tdp_mmu says today; before 5.14 that is eager, too. */
static enum rmap_state by_counters(const struct kernel_facts *facts, const struct kvm_counters *kvm)
{
	const struct figure *misses = &kvm->counters[COUNTER_MMU_CACHE_MISS];
	bool by_parameter = kernel_is_eager(facts) && !(kernel_is_known(facts) && maps_pages(kvm));

	return kernel_state_by_misses(misses, by_parameter);
}

/* Does this host make rmaps with each memslot, whatever a VM shows? A kernel that is not known may. */
static bool always_eager(const struct kernel_facts *facts)
{
	if (!kernel_is_known(facts))
		return facts->tdp == ANSWER_NO;
	return kernel_is_eager(facts) && !kernel_has_older_vms(facts);
}

static void judge_vm(const struct kernel_facts *facts, struct host_vm *vm)
{
	bool settled = vm->kernel && vm->kernel->settled, eager = kernel_is_eager(facts);
	enum rmap_state counted = vm->counted ? by_counters(facts, &vm->counters) : RMAP_UNKNOWN;

	if (vm->walked) {
		vm->state = vm->rmaps.allocated ? RMAP_ALLOCATED : RMAP_LAZY;
		vm->teller = TELLER_WALK;
	} else if (always_eager(facts)) {
		vm->state = RMAP_ALLOCATED;
		vm->teller = TELLER_HOST;
	} else if (settled && vm->kernel->count) {
		vm->state = kernel_state_by_memslots(vm->kernel, eager);
		vm->teller = TELLER_MEMSLOTS;
	} else if (counted != RMAP_UNKNOWN) {
		vm->state = counted;
		vm->teller = TELLER_COUNTER;
	} else if (!kernel_is_known(facts)) {
		if (!*vm->why)
			snprintf(vm->why, sizeof(vm->why), "no shadow page is counted, and which kernel this is "
				 "can't be told: before 5.14 rmaps come with the memslots");
	} else if (settled) {
		vm->state = kernel_state_by_memslots(vm->kernel, eager);
		vm->teller = TELLER_MEMSLOTS;
	} else if (eager) {
		vm->state = RMAP_ALLOCATED;
		vm->teller = TELLER_HOST;
	}
}

void kernel_judge_vms(const struct kernel_facts *facts, struct host_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		judge_vm(facts, &vms->list[i]);
}

/*
 * mm/slub.c, set_cpu_partial(), calculate_order(): each CPU has a slab that is being filled and up
 * to 30 partial ones, of at most 32 KiB each.
 */
uint64_t kernel_slab_slack(unsigned int cpus, uint64_t object_size)
{
	return 31ull * cpus * (object_size ? 32768 / object_size + 1 : 1);
}

/*
 * mm/memcontrol.c, 6.12: each CPU has up to a page charged in advance (refill_obj_stock()), and changes of up to a page that are
 * not counted yet (mod_objcg_state()).
 */
uint64_t kernel_charges_kept(unsigned int cpus)
{
	return 2 * 4096ull * cpus;
}
