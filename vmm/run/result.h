/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run has seen, from before its first ioctl to its last snapshot. This is data only: the run
 * and its measuring fill it, the checks judge it, the report shows it.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "config/config.h"
#include "config/layout.h"
#include "host/cgroup_limits.h"
#include "host/damon.h"
#include "host/host.h"
#include "host/rmap_state.h"
#include "host/snapshot.h"
#include "minivmm_abi.h"
#include "model/model.h"
#include "run/stress.h"
#include "run/trace.h"
#include "vm/outcome.h"

struct signals;
struct vcpu_set;

/* What the model predicts for one phase, when the run's prediction is no longer right for it. */
struct prediction {
	struct footprint creation, transition;
	struct footprint kept;		/* left behind by a first shadow root that failed */
	uint64_t heads[3];
};

/* What the kernel's DAMON saw of pages that a guest wrote (do = age). */
struct aging {
	bool known;
	char why[SOURCE_WHY];		/* why not, or "" */
	uint64_t samples;		/* that DAMON took while it watched the guest run */
	uint64_t sweeps, flushes;	/* over all pages by the slowest vCPU, and of TLBs, meanwhile */
	struct damon_seen running, stopped; /* the vCPUs */
};

/* What a phase that judges memory or logs has found: do = dirty-log, discard, alias-counts, age. */
struct found {
	uint64_t pages;			/* compared, all steps */
	char ways[96];			/* of do = discard: the ways taken */
	char wrong[512];		/* the first that was not as it must be, or "" */
	/* What KVM's rmaps lost when L2's pages were taken back (do = discard): 4K, 2M, 1G. */
	bool unmapped_known;
	int64_t unmapped[3];
	int64_t beside;			/* pages that KVM may have mapped beside those written: phase_pages_beside() */
	/* Rmap heads of 4K lost then, by their mappings as mmu_rmaps_stat has them (do = alias-counts). */
	bool aliases_known;
	int64_t aliases[RMAPS_COLUMNS];
	/* 2M mappings of L2's pages, 513 for one of 1G, before they were logged, and after (do = dirty-log). */
	bool huge_known;		/* and there were some */
	int64_t huge_before, huge_after;
	char unmapped_why[SOURCE_WHY];	/* why neither is known, or "" */
	const char *moved;		/* what the host did with pages during all wrong counts, so that they say nothing; or NULL */
	struct aging aging;
};

/* How a phase of a guest of the user's ended. */
struct guest_step {
	const char *ended_by;		/* "mark", "console", "command", "exit", "time", "workers"; NULL: by none of them */
	bool has_status;
	uint32_t status;		/* of the command or of the guest */
	char output[2048];		/* the end of what the command printed, safe to be shown */
};

struct phase_result {
	const struct phase_cfg *cfg;	/* NULL: create and teardown, which every run has */
	const char *name, *what;	/* what: "create", "boot", "l2", ..., "teardown" */
	bool done;			/* false: it did not come to its end */
	bool unseen;			/* a signal ended it, and it has no snapshot */
	uint64_t began_ns, duration_ns;	/* clock_ns(); how long it took, snapshot not included */
	uint64_t l2_entry_ns;		/* the first time in L2, until L1 is back; 0: none */
	uint64_t l1_pages, l2_pages, l2_entries; /* of this phase, all vCPUs */
	uint64_t failed_entries;	/* of do = failed-entry */
	uint64_t table_writes, table_writes_seen; /* of do = tables: by L2, and noticed by KVM */
	uint64_t l1_table_writes, l1_table_writes_seen; /* by L1 */
	uint64_t leaf_changes, leaf_changes_seen; /* of do = tables with nested-pages = 4K, by both */
	struct unseen_leaf {		/* the change that was not seen */
		enum abi_leaf_change how;
		bool by_l2;
		uint64_t gpa;		/* of L2's page, the first where all were moved */
	} unseen_leaf;
	enum rmap_state state;
	enum source state_source;	/* which source said so */
	bool wrapped;			/* vmallocinfo names vmalloc's wrappers instead of KVM */
	bool measured;			/* is held known? */
	bool mixed;			/* the host's arrays may be those of other VMs, too */
	enum source held_source;	/* which source showed held */
	struct footprint held;		/* KVM's arrays above the baseline */
	uint64_t repeats;		/* how often the guest did it again */
	struct found found;
	int failed;			/* errno of a KVM_RUN that failed as cfg->fails says, 0 */
	const struct prediction *predicted; /* again, or NULL: the run's holds */
	struct prediction again;
	struct snapshot snapshot;	/* at the end of the phase */
	struct stress_result *stress;	/* of do = stress, else NULL */
	struct guest_step step;		/* of a guest of the user's */
};

/* How far the run came, and so what the checks can judge. */
enum run_stage {
	STAGE_NOTHING,		/* /dev/kvm could not be used */
	STAGE_KVM,		/* it was opened, and has the API and the capabilities */
	STAGE_NESTED,		/* it can run nested guests, too */
	STAGE_CREATED,		/* VM, slots, vCPUs and payload were made */
	STAGE_RAN,		/* every phase was done */
};

/* In memory that another process sees, too: what it can say should this one be killed. */
struct run_told {
	char phase[64];			/* that runs now */
};

struct run {
	const struct config *config;
	struct layout layout;
	struct host host;
	struct model model;
	struct footprint at_creation, at_transition; /* predicted */
	struct footprint charged_at_transition; /* what of it is charged to a cgroup; while no slot has gone */
	uint64_t heads[3];		/* predicted rmap heads by level */
	enum rmap_state policy;		/* as observed: LAZY; ALLOCATED: this host is eager */
	struct timespec started;	/* CLOCK_REALTIME */
	uint64_t duration_ns;
	uint64_t create_ioctl_ns;	/* of phase create: in the ioctls that make VM and slots */
	enum run_stage stage;
	bool nesting;			/* KVM can run nested guests */
	struct err no_nesting;		/* why it can't, from STAGE_KVM on */
	bool skipped;			/* err says why nothing can be judged here */
	struct err err;			/* why stage is not STAGE_RAN, unless guest says it */
	struct memory_room room;	/* that this process's cgroups leave it, at the begin */
	struct snapshot before;		/* before the VM existed */
	struct phase_result *phases;	/* create, the config's, teardown */
	size_t phase_count;		/* atomic, for another thread: these have begun */
	int transition;			/* index of the phase that made the rmaps, -1: none */
	struct guest_outcome guest;
	const struct stress_result *stressing; /* atomic: of the phase that runs now, or NULL */
	struct vcpu_set *vcpus;		/* atomic: those of the VM, while there are any, for another thread to look at */
	const char *doing;		/* atomic: name of the phase that runs now */
	struct run_told *told;		/* NULL: nobody watches */
	struct phase_watch *watch;	/* NULL: nobody writes the phases down */
	int typed;			/* a descriptor, from which comes what is typed for the guest; 0: nothing is */
	struct trace trace;		/* of the transition, if config->trace asks for it */
	const struct signals *signals;	/* the signals that may end the run, or NULL */
	int signal;			/* the one that ended it early, 0: none */
	bool stuck;			/* a thread is stuck in the kernel: see session.h */
};

/*
 * What DAMON saw against what the guest did. A host that is too busy to run the guest, or that looks at its pages, must not
 * decide: what is neither nearly all nor nearly nothing says nothing.
 */
enum aging_is { AGING_UNCLEAR, AGING_RIGHT, AGING_UNSEEN, AGING_STAYS };
enum aging_is found_aging(const struct aging *aging);
/* How much of what DAMON looked at it saw an access to. */
unsigned int found_percent(const struct damon_seen *seen);
/* Do the rmaps that a phase with do = discard took back fit the pages that it had written? */
bool found_mapped_exactly(const struct model *model, const struct phase_result *phase);
/* What do = alias-counts makes the columns of mmu_rmaps_stat lose, by the highest bit or by the lowest. */
enum columns { COLUMNS_WRONG, COLUMNS_HIGHEST, COLUMNS_LOWEST };
/* more: the mappings that each page has beside those by its aliases. */
void found_columns_expected(unsigned int more, int64_t highest[RMAPS_COLUMNS], int64_t lowest[RMAPS_COLUMNS]);
enum columns found_columns(const struct model *model, const int64_t lost[RMAPS_COLUMNS]);

#endif
