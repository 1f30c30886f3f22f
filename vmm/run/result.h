/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run has seen, from before its first ioctl to its last snapshot: data that measure fills,
 * the checks judge and the report shows.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "config/config.h"
#include "config/layout.h"
#include "host/host.h"
#include "host/rmap_state.h"
#include "host/snapshot.h"
#include "model/model.h"
#include "run/stress.h"
#include "run/trace.h"
#include "vm/outcome.h"

struct signals;

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

#endif
