/* SPDX-License-Identifier: GPL-2.0-only */
/* A scenario from the first ioctl to the last snapshot, and all that was seen on the way. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config.h"
#include "err.h"
#include "host.h"
#include "layout.h"
#include "minivmm_abi.h"
#include "model.h"
#include "snapshot.h"
#include "trace.h"
#include "stress.h"

enum rmap_state { RMAP_UNKNOWN, RMAP_LAZY, RMAP_ALLOCATED };

/* Why the guest did not get to the end of a phase. */
enum guest_trouble {
	GUEST_FINE,
	GUEST_REPORTED,		/* the payload said so: exception, failed VM entry, ... */
	GUEST_EXIT,		/* a KVM exit nobody expects: shutdown, internal error, ... */
	GUEST_IOCTL,		/* KVM_RUN failed */
	GUEST_TIMEOUT,
	GUEST_ABI,		/* another ABI version */
};

struct guest_outcome {
	enum guest_trouble trouble;
	unsigned int vcpu;	/* the first one in trouble */
	int error;		/* errno of GUEST_IOCTL */
	char text[512];		/* decoded by name, for people */
	char registers[1024];	/* of that vCPU, lines; "" when there is no trouble */
	char console[256];	/* what vCPU 0's payload said */
	struct abi_report report; /* sums of the counters over vCPUs; the rest of the one in trouble */
};

/* What the kernel holds by the model, where the run's own prediction does not hold any more. */
struct prediction {
	struct footprint creation, transition;
	struct footprint kept;		/* left by a first shadow root that failed */
	uint64_t heads[3];
};

struct phase_result {
	const struct phase_cfg *cfg;	/* NULL: the implicit create and teardown */
	const char *name, *what;	/* what: "create", "boot", "l2", ..., "teardown" */
	bool done;			/* false: not reached, or the guest got into trouble in it */
	uint64_t duration_ns;
	uint64_t l2_entry_ns;		/* the phase's first VM entry until it is back in L1, 0: none */
	uint64_t l1_pages, l2_pages, l2_entries; /* of this phase, all vCPUs */
	uint64_t failed_entries;	/* where they must */
	enum rmap_state state;
	enum source state_source;	/* who said so */
	bool measured;			/* held is known */
	struct footprint held;		/* KVM's arrays above the baseline */
	int failed;			/* errno of KVM_RUN, which cfg->fails asked for; 0 */
	struct prediction *predicted;	/* NULL: the run's */
	struct snapshot snapshot;	/* at the end of the phase */
	struct stress_result *stress;	/* of do = stress, else NULL */
};

/* How far the run came: what the checks can judge. */
enum run_stage {
	STAGE_NOTHING,		/* /dev/kvm could not be used */
	STAGE_KVM,		/* opened, API and capabilities fine */
	STAGE_NESTED,		/* and it can run nested guests */
	STAGE_CREATED,		/* VM, slots, vCPUs and payload are there */
	STAGE_RAN,		/* every phase was done */
};

struct run {
	const struct config *config;
	struct layout layout;
	struct host host;
	struct model model;
	struct footprint at_creation, at_transition; /* predicted */
	uint64_t heads[3];		/* predicted rmap heads by level */
	enum rmap_state policy;		/* LAZY, or ALLOCATED: this host is eager; by observation */
	struct timespec started;	/* CLOCK_REALTIME */
	uint64_t duration_ns;
	uint64_t create_ioctl_ns;	/* of phase create: in the ioctls that made VM and slots */
	enum run_stage stage;
	bool nesting;			/* KVM can run nested guests */
	bool skipped;			/* err is a reason why nothing can be judged here */
	struct err err;			/* why stage is not STAGE_RAN, unless guest tells */
	struct snapshot before;		/* before the VM existed */
	struct phase_result *phases;	/* create, the config's, teardown */
	size_t phase_count;
	int transition;			/* index of the phase that made the rmaps, -1: none */
	struct guest_outcome guest;
	const struct stress_result *stressing; /* what workers do meanwhile, NULL; atomic, too */
	const char *doing;		/* name of the phase that runs; atomic, for those who watch */
	struct trace trace;		/* inside the transition, if config->trace asks for it */
	const struct signals *signals;	/* those that may end it, or NULL */
	int signal;			/* the one that ended it early, 0 */
	bool stuck;			/* a thread is, in the kernel: what it uses must stay, see session.h */
};

struct kvm;
struct signals;

/*
 * Runs config's scenario on kvm, NULL when /dev/kvm can't be used (run->err says why). The
 * layout must have been built into run->layout. Returns 0 when there is something to
 * judge, even if it is that nothing could be run (see stage, err, skipped); -errno with
 * run->err when this host refuses the config before anything was created.
 */
int run_scenario(const struct config *config, const struct kvm *kvm, struct run *run);
void run_free(struct run *run);

const char *rmap_state_name(enum rmap_state state);	/* "lazy", "allocated", "unknown" */

#endif
