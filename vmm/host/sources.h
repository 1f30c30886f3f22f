/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE table of sources, in the order in which a snapshot reads and a report shows them. To add one:
 * a row here, its figures in struct snapshot, and source_NAME.c with NAME_read() and NAME_json().
 */
#ifndef SOURCES_H
#define SOURCES_H

/*
 * X(SOURCE_..., name, expensive, open, remedy)
 * expensive: cheap snapshots leave it out; open: what sources_open() calls for it, or NULL;
 * remedy: how to make it readable.
 */
#define SOURCES(X)                                                                                 \
	/* /proc/vmallocinfo: KVM's arrays by function; root */                                    \
	X(VMALLOCINFO, vmallocinfo, true, NULL, "run as root")                                     \
	/* /proc/meminfo: VmallocUsed, MemAvailable, Slab */                                       \
	X(MEMINFO, meminfo, false, NULL, "mount /proc: mount -t proc none /proc")                  \
	/* debugfs mmu_rmaps_stat of this VM: lazy or allocated; root, 5.15+ */                    \
	X(RMAPS_STAT, rmaps_stat, true, NULL,                                                      \
	  "run as root with debugfs mounted: mount -t debugfs none /sys/kernel/debug")             \
	/* /dev/kmsg: BUG, WARNING, Oops; root or dmesg_restrict=0 */                              \
	X(KLOG, klog, false, klog_open,                                                            \
	  "run as root, or as root allow it to all: sysctl kernel.dmesg_restrict=0")               \
	/* memory.stat of this process's cgroup (v2): anybody */                                   \
	X(CGROUP, cgroup, false, cgroup_open,                                                      \
	  "run in a cgroup of its own: systemd-run --user --scope minivmm ...")                    \
	/* KVM_GET_STATS_FD of this VM and its vCPUs: anybody, 5.14+ */                            \
	X(KVM_STATS, kvm_stats, false, NULL, "boot Linux 5.14 or newer")                           \
	/* the same counters in debugfs: root */                                                   \
	X(KVM_DEBUGFS, kvm_debugfs, false, NULL,                                                   \
	  "run as root with debugfs mounted: mount -t debugfs none /sys/kernel/debug")             \
	/* /proc/slabinfo: KVM's caches, of all VMs; root */                                       \
	X(SLABINFO, slabinfo, true, NULL, "run as root")                                           \
	/* /proc/self: what this process has open */                                               \
	X(PROCESS, process, true, NULL, "mount /proc: mount -t proc none /proc")                   \
	/* the arrays of this VM's memslots in /proc/kcore, asked for where others can't tell; root */ \
	X(MEMSLOTS, memslots, true, NULL,                                                          \
	  "run as root on a kernel with /proc/kcore, BTF and kallsyms")

#endif
