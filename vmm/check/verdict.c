// SPDX-License-Identifier: GPL-2.0-only
/* From the table of checks to a verdict: which checks a run has, and what they add up to. */
#include "check/verdict.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "config/ops.h"

/* Which runs have a check: functions for the rows of checks.h. */

static bool has_enable(const struct run *run)
{
	return run_first_of(run, DO_ENABLE) >= 0;
}

static bool has_failed_entry(const struct run *run)
{
	return run_first_of(run, DO_FAILED_ENTRY) >= 0;
}

static bool has_stress(const struct run *run)
{
	return run_first_of(run, DO_STRESS) >= 0;
}

static bool has_dirty_log(const struct run *run)
{
	return run_first_of(run, DO_DIRTY_LOG) >= 0 ||
	       (has_stress(run) && op_traits_of(run->config, NULL) & OP_COMPARES_LOG);
}

static bool has_phase(const struct run *run, bool (*is_so)(const struct phase_cfg *cfg))
{
	for (size_t i = 0; i < run->config->phase_count; i++)
		if (is_so(&run->config->phases[i]))
			return true;
	return false;
}

static bool has_l2_aging(const struct run *run)
{
	return has_phase(run, phase_ages_l2);
}

static bool has_discard(const struct run *run)
{
	return run_first_of(run, DO_DISCARD) >= 0 || run_first_of(run, DO_ALIAS_COUNTS) >= 0;
}

static bool has_l2_discard(const struct run *run)
{
	return has_phase(run, phase_counts_rmaps);
}

/* The root's cgroup is not, and before 5.17 memory.stat does not say. */
static bool is_charged(const struct run *run)
{
	return run->before.status[SOURCE_CGROUP].ok && run->before.cgroup.items[CGROUP_VMALLOC].known;
}

static bool has_tables(const struct run *run)
{
	return run_first_of(run, DO_TABLES) >= 0;
}

static bool has_faults(const struct run *run)
{
	for (size_t i = 0; i < run->config->phase_count; i++)
		if (run->config->phases[i].fails)
			return true;
	return false;
}

/* No run has this check of its own: smoke makes a second run for it, verdict_add_nested_off(). */
static bool is_second_run(const struct run *run)
{
	(void)run;
	return false;
}

#define ROW(name, function, applies, asks) { { name, asks }, judge_##function, applies },
static const struct row {
	struct check_info info;
	judge *judge;
	bool (*applies)(const struct run *run);
} table[] = { CHECKS(ROW) };

#define ROWS (sizeof(table) / sizeof(table[0]))
_Static_assert(ROWS <= CHECK_MAX, "struct verdict has room for every check");

size_t verdict_check_count(void)
{
	return ROWS;
}

const struct check_info *verdict_check_info(size_t index)
{
	return &table[index].info;
}

static bool is_about_host(const struct check *check)
{
	return !strncmp(check->name, "host.", 5);
}

static void judge_row(const struct row *row, const struct run *run, struct verdict *verdict)
{
	struct check *check = &verdict->checks[verdict->count++];

	check->name = row->info.name;
	row->judge(run, check);
	if (check->result == RESULT_FAIL && !is_about_host(check))
		check->command = run->config->command;
}

static void conclude(const struct run *run, struct verdict *verdict)
{
	bool failed = false, judged = false;

	for (size_t i = 0; i < verdict->count; i++) {
		failed |= verdict->checks[i].result == RESULT_FAIL;
		judged |= verdict->checks[i].result == RESULT_PASS &&
			  !is_about_host(&verdict->checks[i]);
	}
	if (run->signal) {
		verdict->result = failed ? RESULT_FAIL : RESULT_ERROR;
		verdict->exit_status = 128 + run->signal;
	} else if (run->guest.trouble == GUEST_ABI || (run->err.text[0] && !run->skipped)) {
		verdict->result = RESULT_ERROR;
		verdict->exit_status = 3;
	} else if (failed) {
		verdict->result = RESULT_FAIL;
		verdict->exit_status = 1;
	} else if (run->skipped || !judged || run->guest.trouble == GUEST_SKIPPED) {
		verdict->result = RESULT_SKIP;
		verdict->exit_status = 4;
	} else {
		verdict->result = RESULT_PASS;
		verdict->exit_status = 0;
	}
}

void verdict_judge(const struct run *run, struct verdict *verdict)
{
	*verdict = (struct verdict){ 0 };
	for (size_t i = 0; i < ROWS; i++)
		if (!table[i].applies || table[i].applies(run))
			judge_row(&table[i], run, verdict);
	conclude(run, verdict);
}

static bool is_in(const char *name, const char *list)
{
	size_t length = strlen(name);

	for (; list; list = strchr(list, ','), list += list != NULL)
		if (!strncmp(list, name, length) && (list[length] == ',' || !list[length]))
			return true;
	return false;
}

static struct check *find_check(struct verdict *verdict, const char *name)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (!strcmp(verdict->checks[i].name, name))
			return &verdict->checks[i];
	return NULL;
}

/* A check that this run does not have is not judged either. */
static void require(struct verdict *verdict, const char *name)
{
	struct check *check = find_check(verdict, name);
	char why[sizeof(check->reason)];

	if (!check) {
		check = &verdict->checks[verdict->count++];
		check->name = name;
		check_fail(check, "required, but no part of this run has this check");
		check_remedy(check, "minivmm list checks -v says what it asks; configs/guard.ini has most");
	} else if (check->result == RESULT_SKIP) {
		snprintf(why, sizeof(why), "%s", check->reason);
		check_fail(check, "required, but not judged: %.340s", why);
	}
}

void verdict_require(const struct run *run, const char *names, struct verdict *verdict)
{
	for (size_t i = 0; names && i < ROWS; i++)
		if (is_in(table[i].info.name, names))
			require(verdict, table[i].info.name);
	if (names)
		conclude(run, verdict);
}

/* Without a second run it may be unknown whether this host's VMs can be nested. */
static void explain_unknown(const struct run *run, struct check *check)
{
	if (run->stage < STAGE_KVM || run->signal) {
		check_skip(check, "unknown: %s", run_why_not(run));
		check_remedy(check, "%s", run->err.remedy);
	}
}

void verdict_add_nested_off(const struct run *run, const struct run *hidden,
			    struct verdict *verdict)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].judge == judge_nested_off)
			judge_row(&table[i], hidden, verdict);
	if (!hidden)
		explain_unknown(run, &verdict->checks[verdict->count - 1]);
	conclude(run, verdict);
}

const char *result_name(enum result result)
{
	static const char *const names[] = { "pass", "fail", "skip", "error" };

	return names[result];
}
