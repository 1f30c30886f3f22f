/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE table of checks, in the order of a report. To add one: a row here, and its function judge_X()
 * in the checks_*.c of its subject. Prototypes, `minivmm list checks` and every report follow.
 */
#ifndef CHECKS_H
#define CHECKS_H

/*
 * X(name, function without "judge_", applies, asks)
 * applies: which runs have the check, a function of verdict.c; NULL: all.
 */
#define CHECKS(X)                                                                                  \
	X("host.kvm", kvm, NULL, "/dev/kvm can be used")                                           \
	X("host.nested", nested, NULL, "KVM runs nested guests")                                   \
	X("host.tdp-mmu", tdp_mmu, NULL, "the TDP MMU is on, without which nothing is lazy")       \
	X("host.policy", policy, NULL, "rmaps are lazy or eager, as expect.policy says")           \
	X("guest.clean", guest, NULL, "the payload ran without a fault or a hang")                 \
	X("lazy.before", lazy_before, NULL,                                                        \
	  "no rmaps before a nested guest runs under nested paging")                               \
	X("control.no-npt", control, NULL,                                                         \
	  "a nested guest without NPT/EPT does not allocate them")                                 \
	X("control.enable", enable, has_enable,                                                    \
	  "SVM or VMX turned on, and no more, does not either")                                    \
	X("control.failed-entry", failed_entry, has_failed_entry,                                  \
	  "nor does a VM entry that fails")                                                        \
	X("transition.observed", transition, NULL, "the first one with NPT/EPT does")              \
	X("phase.expect", phases, NULL, "each phase's rmaps are as its `expect` says")             \
	X("rmap.exact", rmap_exact, NULL, "rmap bytes are those predicted")                        \
	X("tracking.exact", tracking_exact, NULL, "write-tracking bytes are those predicted")      \
	X("arrays.exact", arrays_exact, NULL,                                                      \
	  "lpage_info and dirty bitmap bytes are those predicted")                                 \
	X("charged.exact", charged, is_charged,                                                    \
	  "the own cgroup is charged what the transition allocates, as predicted (runs in a "      \
	  "cgroup that is charged: not the root's)")                                               \
	X("l2.ran", l2, NULL, "every L2 phase entered L2 and wrote all its pages")                 \
	X("sources.agree", sources, NULL, "sources agree")                                         \
	X("phase.fails", fails, has_faults,                                                        \
	  "what must fail did, and left what is predicted (runs with `fails`)")                    \
	X("stress.clean", stress, has_stress,                                                      \
	  "no op of a worker failed or got stuck (runs with do = stress)")                         \
	X("vms.transition", vms, has_stress,                                                       \
	  "further VMs are lazy until their first nested guest, then have the rmaps "              \
	  "predicted (runs with do = stress)")                                                     \
	X("memory.intact", memory, has_stress,                                                     \
	  "what L1 and L2 wrote reads back (runs with do = stress)")                               \
	X("dirty.complete", dirty, has_dirty_log,                                                  \
	  "the dirty log or ring has every page that L1 or L2 wrote, and no other "                \
	  "(runs with do = dirty-log)")                                                            \
	X("discard.fresh", discard, has_discard,                                                   \
	  "memory that was taken back is not reached by L1 or L2 (runs with do = discard)")        \
	X("mapped.exact", mapped, has_l2_discard,                                                  \
	  "KVM's rmap counts have the pages that L2 wrote until they are taken back "              \
	  "(runs with do = discard, load = l2)")                                                   \
	X("aging.seen", aging, has_l2_aging,                                                       \
	  "the kernel learns which pages L2 accesses (runs with do = age, load = l2)")             \
	X("tables.shadowed", tables, has_tables,                                                   \
	  "KVM sees what L1 and L2 write to pages that L1 has made nested tables "                 \
	  "(runs with do = tables)")                                                               \
	X("teardown.clean", teardown, NULL, "kernel memory is back to where it was")               \
	X("charged.clean", given_back, is_charged,                                                 \
	  "once the VM is gone, the own cgroup is charged no more of the kernel's memory than "    \
	  "before (runs in a cgroup that is charged)")                                             \
	X("slab.clean", slab, has_stress,                                                          \
	  "KVM's slab objects are given back (runs with do = stress)")                             \
	X("process.clean", process, NULL, "no descriptor and no vCPU's page of a VM is left")      \
	X("klog.clean", klog, NULL, "no BUG, WARNING, Oops of KVM or this run in the kernel log")  \
	X("nested.off", nested_off, is_second_run,                                                 \
	  "smoke: a VM whose CPUID hides SVM and VMX can't turn them on")

#endif
