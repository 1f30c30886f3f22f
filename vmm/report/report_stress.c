// SPDX-License-Identifier: GPL-2.0-only
/* What workers did in each phase, and how the transition changed each step's times, as JSON. */
#include <stdlib.h>

#include "base/value.h"
#include "config/ops.h"
#include "report/report_parts.h"
#include "run/result.h"
#include "run/stress.h"

/*
 * Whether a stress phase ran before any L2 phase, after one without NPT/EPT, after one with; or, after a phase of that
 * kind with L1 as load, had L2: the two are compared.
 */
enum role { ROLE_BEFORE, ROLE_CONTROL, ROLE_AFTER, ROLE_NESTED, ROLE_COUNT };

static const char *const role_names[ROLE_COUNT] = { "before", "control", "after", "nested" };

static json_t *summary_json(const struct latency *latency)
{
	struct latency_summary s;

	if (!latency || !latency->count)
		return json_null();
	latency_summarize(latency, &s);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
			 "n", value_u64(s.n), "min_ns", value_u64(s.min_ns), "mean_ns", value_u64(s.mean_ns),
			 "median_ns", value_u64(s.median_ns), "p99_ns", value_u64(s.p99_ns),
			 "max_ns", value_u64(s.max_ns));
}

static json_t *steps_json(const struct worker_result *worker)
{
	json_t *steps = json_object();

	for (int step = 0; steps && step < STEP_COUNT; step++)
		if (worker->steps[step])
			json_object_set_new(steps, stress_step_name((enum stress_step)step),
					    summary_json(worker->steps[step]));
	return steps;
}

static json_t *worker_json(const struct worker_result *worker)
{
	const struct worker_cfg *cfg = worker->cfg;

	return json_pack("{s:o, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "worker", value_text(cfg ? cfg->name : NULL),
			 "op", cfg ? op_info(cfg->op)->name : "guest",
			 "vm", worker->guest ? json_integer(worker->vm) : json_null(),
			 worker->guest ? "vcpu" : "thread", (int)worker->index,
			 "unavailable", value_text(worker->unavailable),
			 "rounds", value_u64(worker->rounds),
			 "failures", value_u64(worker->failures),
			 "failure", value_text(worker->failure),
			 "logged", value_u64(worker->logged),
			 "steps", steps_json(worker));
}

json_t *stress_vms_json(const struct stress_result *stress)
{
	const struct vm_tally *vms;

	if (!stress)
		return json_null();
	vms = &stress->vms;
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "made", value_u64(vms->made),
			 "transitions", value_u64(vms->transitions),
			 "untold", value_u64(vms->untold),
			 "wrong", value_u64(vms->wrong), "first", value_text(vms->first));
}

json_t *stress_json(const struct stress_result *stress)
{
	json_t *workers;

	if (!stress)
		return json_null();
	workers = json_array();
	for (size_t i = 0; workers && i < stress->count; i++) {
		if (json_array_append_new(workers, worker_json(&stress->workers[i]))) {
			json_decref(workers);
			return NULL;
		}
	}
	return workers;
}

static enum role next_role(enum role role, const struct phase_result *phase)
{
	if (!phase->cfg || !phase_runs_l2(phase->cfg) || !phase->l2_entries)
		return role;
	if (phase->cfg->nested_paging)
		return ROLE_AFTER;
	return role == ROLE_BEFORE ? ROLE_CONTROL : role;
}

/* Merges a step's times of all stress phases, by role. */
static void collect(const struct run *run, enum stress_step step, struct latency *roles)
{
	enum role role = ROLE_BEFORE;
	bool l1_after = false;

	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];
		const struct stress_result *stress = phase->stress;
		bool l2 = stress && phase->cfg->load == LOAD_L2;

		role = next_role(role, phase);
		for (size_t j = 0; stress && j < stress->count; j++)
			if (stress->workers[j].steps[step])
				latency_merge(&roles[l2 && l1_after ? ROLE_NESTED : role],
					      stress->workers[j].steps[step]);
		l1_after = l1_after || (stress && !l2 && role == ROLE_AFTER);
	}
}

static json_t *ratio_json(const struct latency *above, const struct latency *below)
{
	struct latency_summary a, b;

	latency_summarize(above, &a);
	latency_summarize(below, &b);
	return a.n && b.median_ns ? json_real((double)a.median_ns / (double)b.median_ns) :
				    json_null();
}

static bool was_done(const struct run *run, enum stress_step step)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct stress_result *stress = run->phases[i].stress;

		for (size_t j = 0; stress && j < stress->count; j++)
			if (stress->workers[j].steps[step])
				return true;
	}
	return false;
}

/* The roles are on the heap: each is a struct latency of 30 KiB. */
static json_t *step_json(const struct run *run, enum stress_step step)
{
	struct latency *roles = calloc(ROLE_COUNT, sizeof(*roles));
	json_t *object;
	int failed;

	if (!roles)
		return NULL;
	collect(run, step, roles);
	object = json_pack("{s:s, s:o, s:o}", "op", stress_step_name(step),
			   "ratio", ratio_json(&roles[ROLE_AFTER], &roles[ROLE_BEFORE]),
			   "control_ratio", ratio_json(&roles[ROLE_CONTROL], &roles[ROLE_BEFORE]));
	failed = !object;
	for (int role = 0; role < ROLE_COUNT && !failed; role++)
		failed = json_object_set_new(object, role_names[role], summary_json(&roles[role]));
	free(roles);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

json_t *contention_json(const struct run *run)
{
	json_t *steps = json_array();

	for (int step = 0; steps && step < STEP_COUNT; step++) {
		if (!was_done(run, (enum stress_step)step))
			continue;
		/* json_array_append_new() also fails when step_json() returned NULL. */
		if (json_array_append_new(steps, step_json(run, (enum stress_step)step))) {
			json_decref(steps);
			steps = NULL;
		}
	}
	return steps;
}
