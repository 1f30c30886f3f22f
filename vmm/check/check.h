/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files checks_*.c share: how a check states its result, and the questions about a run
 * that more than one check asks. A question of one check alone stays in its file.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "check/checks.h"
#include "check/verdict.h"

void check_say(struct check *check, enum result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define check_pass(check, ...) check_say(check, RESULT_PASS, __VA_ARGS__)
#define check_fail(check, ...) check_say(check, RESULT_FAIL, __VA_ARGS__)
#define check_skip(check, ...) check_say(check, RESULT_SKIP, __VA_ARGS__)
void check_remedy(struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Skip, because the check needs a source that was not read: with the source's reason and remedy. */
void check_skip_source(struct check *check, const struct snapshot *snapshot, enum source source);
/* The remedy of a check that needs a lazy host. */
void check_lazy_remedy(const struct run *run, struct check *check);

/* Do L2's pages have rmaps in this phase, and are they taken back by madvise()? */
bool phase_counts_rmaps(const struct phase_cfg *cfg);
/* Does DAMON watch what L2 accesses? */
bool phase_ages_l2(const struct phase_cfg *cfg);
bool phase_is_l2(const struct phase_result *phase, bool nested_paging);
/* Index in run->phases of the config's first phase of this kind, reached or not; -1: none. */
int run_first_of(const struct run *run, enum phase_do what);
/* Index of the first L2 phase with or without nested paging; -1: none was begun. */
int run_first_l2(const struct run *run, bool nested_paging);
bool run_has_l2(const struct run *run, bool nested_paging);
/* The VM existed at the end of this phase, and was looked at: it is not the teardown, and no signal ended it. */
bool run_vm_lived(const struct run *run, size_t index);
/* Where run_next_worker() is: in which phase its last result was, and which one comes next there. */
struct worker_place {
	size_t phase, next;
};
/* What each thread and vCPU of all stress phases did, one after the other; *at begins as { 0 }. NULL: there is no other. */
const struct worker_result *run_next_worker(const struct run *run, struct worker_place *at);
const struct phase_result *run_teardown(const struct run *run);
const char *run_why_not(const struct run *run);
/* Skips the check and returns true, if no VM was made. */
bool run_not_created(const struct run *run, struct check *check);
/* Why this host allocates rmaps with the memslots. */
void run_eager_reason(const struct run *run, char *text, size_t size);
/* Skips the check and returns true, if rmaps are eager. */
bool skip_if_eager(const struct run *run, struct check *check);


/*
 * Every judge_X() of checks.h: leaves pass, fail or skip with its reason in check. That of
 * nested.off judges a second run, which is NULL where none was made.
 */
typedef void judge(const struct run *run, struct check *check);
#define CHECK_PROTOTYPE(name, function, applies, asks) judge judge_##function;
CHECKS(CHECK_PROTOTYPE)
#undef CHECK_PROTOTYPE

/* The phase is mixed: whose the arrays are that its figures have too many of can't be told. */
/* otherwise: why this VM's arrays can't be told from others' though the memslots of all VMs could be read. */
void skip_for_other_vms(const struct run *run, const struct phase_result *phase, const char *otherwise,
			struct check *check);
/* True and skipped, where other processes were in this one's cgroup: what is charged to it may be theirs. */
bool skip_if_charged_to_others(const struct snapshot *was, const struct snapshot *is, struct check *check);
/* True and skipped, where other VMs may have been on this host: slab objects are those of all. */
bool skip_slab_for_other_vms(const struct run *run, struct check *check);

#endif
