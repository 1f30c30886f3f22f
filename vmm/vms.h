/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every VM on this host, whatever made it, as KVM's debugfs shows it. By default only what costs
 * the VMs nothing; walking reads mmu_rmaps_stat, for which KVM takes a VM's mmu_lock for
 * write and looks at every one of its rmaps (kvm_mmu_rmaps_stat_show()).
 */
#ifndef VMS_H
#define VMS_H

#include <jansson.h>
#include <stdio.h>

#include "host.h"
#include "run.h"
#include "snapshot.h"

/* How a VM's rmap state is known. */
enum vm_teller {
	TELLER_NONE,
	TELLER_WALK,		/* mmu_rmaps_stat itself */
	TELLER_HOST,		/* no laziness on this host */
	TELLER_COUNTER,		/* mmu_cache_miss: a shadow page, or none */
};

struct host_vm {
	char folder[32];	/* "PID-FD" */
	int64_t pid, fd;	/* of the thread that made it, and its descriptor there */
	char command[64];	/* "" where that thread is gone or can't be seen */
	struct figure age_ns;
	bool counted;
	struct kvm_counters counters;
	enum rmap_state state;
	enum vm_teller teller;
	bool walked;		/* rmaps is known */
	struct rmaps_stat rmaps;
	char why[SOURCE_WHY];	/* why something is not known, or "" */
};

struct host_vms {
	struct host host;
	struct host_vm *list;	/* by pid, fd */
	size_t count;
	bool walk;
};

/*
 * pid 0: all. 0, or -errno with the reason in why: then nothing can be seen here. A VM that ends
 * meanwhile is left out.
 */
int vms_read(const char *root, int64_t pid, bool walk, struct host_vms *vms, char why[SOURCE_WHY]);
void vms_free(struct host_vms *vms);

const char *vm_teller_name(enum vm_teller teller);

/* NULL: no memory. */
json_t *vms_json(const struct host_vms *vms);
/* Renderings of that. 0 or -ENOMEM; errors of the stream stay in the stream. */
int vms_text(const json_t *stat, FILE *out);
int vms_prom(const json_t *stat, FILE *out);

#endif
