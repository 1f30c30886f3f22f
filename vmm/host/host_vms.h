/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every VM on this host, whatever program made it, as KVM's debugfs shows it: only reading. By
 * default nothing is read that slows a VM down. Walking reads mmu_rmaps_stat, for which KVM takes a
 * VM's mmu_lock for write and looks at every one of its rmaps (kvm_mmu_rmaps_stat_show()).
 */
#ifndef HOST_VMS_H
#define HOST_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/guest_memory.h"
#include "host/kernel_vms.h"
#include "host/memory_limits.h"
#include "host/rmap_state.h"
#include "host/snapshot.h"
#include "host/vm_name.h"

/* How a VM's rmap state is known. */
enum vm_teller {
	TELLER_NONE,
	TELLER_WALK,		/* mmu_rmaps_stat itself */
	TELLER_HOST,		/* no laziness on this host */
	TELLER_COUNTER,		/* mmu_cache_miss: a shadow page, or none */
	TELLER_MEMSLOTS,	/* the arrays of its memslots, in the kernel's memory */
};

struct host_vm {
	char folder[32];	/* "PID-FD", or "" where only the kernel's memory shows the VM */
	int64_t pid, fd;	/* of the thread that made it, and its descriptor there; fd -1: unknown */
	char command[64];	/* "" where that thread is gone or can't be seen */
	struct figure age_ns;
	bool counted;
	struct kvm_counters counters;
	enum rmap_state state;	/* these two: by kernel_judge_vms(), unknown before */
	enum vm_teller teller;
	bool walked;		/* rmaps is known */
	struct rmaps_stat rmaps;
	char why[SOURCE_WHY];	/* why something is not known, or "" */
	bool refused;		/* host_vms_join(): its process does not lend the VM's descriptor */
	bool hidden;		/* nobody asked for this one: it counts, but is not shown */
	const struct kernel_vm *kernel;	/* host_vms_join(); NULL: not read */
	/* By host_vms_survey(). */
	struct vm_name name;
	struct guest_memory memory;
	struct vm_limits limits;
};

/* What to look for. */
struct host_vms_query {
	int64_t pid;		/* of the thread that made the VM; 0: every VM */
	bool walk;		/* read mmu_rmaps_stat, which stalls the VM */
};

struct host_vms {
	struct host_vm *list;	/* by pid, fd */
	size_t count;
	char incomplete_why[SOURCE_WHY]; /* why there may be VMs that are not in the list, or "" */
};

/*
 * 0, or -errno with the reason in why: then nothing can be seen here. A VM that ends meanwhile is
 * left out.
 */
int host_vms_read(const char *root, const struct host_vms_query *query, struct host_vms *vms,
		  char why[SOURCE_WHY]);
void host_vms_free(struct host_vms *vms);

/*
 * Adds what the kernel's memory shows, which must live as long: memslots, and VMs that debugfs does
 * not show. 0 or -ENOMEM.
 */
int host_vms_join(const char *root, const struct kernel_vms *kernel, struct host_vms *vms);
/* For a host where only BPF shows VMs: a process that refuses may have one that is not listed. */
void host_vms_note_refusals(const struct kvm_refusals *refusals, struct host_vms *vms);
/* May this process, or the one of this thread, have a VM that is not in the list? why says why. */
bool host_vms_may_lack(const char *root, const struct host_vms *vms,
		       const struct kvm_refusals *refusals, int64_t pid, char why[SOURCE_WHY]);
/* The process whose memory the VM's is, and whose cgroup pays. */
pid_t host_vm_process(const struct host_vm *vm);
/* Its own, where it has one, else its command's. */
const char *host_vm_name(const struct host_vm *vm);
/* Reads the process of each VM: its name, its memory and its limits. */
void host_vms_survey(const char *root, struct host_vms *vms, struct memory_limits *limits);

/*
 * Unknown without debugfs, or in a pid namespace, where KVM's folders have other names for the
 * threads.
 */
struct other_vms host_vms_others(const char *root);

const char *vm_teller_name(enum vm_teller teller);

#endif
