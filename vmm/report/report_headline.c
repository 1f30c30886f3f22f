// SPDX-License-Identifier: GPL-2.0-only
/* The report in one sentence. */
#include <string.h>

#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"

static bool has_result(const json_t *check, const char *result)
{
	const char *have = value_string(check, "result");

	return have && !strcmp(have, result);
}

void report_count(const json_t *report, struct report_counts *counts)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t i;

	*counts = (struct report_counts){ .checks = json_array_size(checks) };
	json_array_foreach(checks, i, check) {
		counts->pass += has_result(check, "pass");
		counts->fail += has_result(check, "fail");
		counts->skip += has_result(check, "skip");
	}
}

static const json_t *first_skipped(const json_t *report)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check)
		if (has_result(check, "skip"))
			return check;
	return NULL;
}

/* "2 of 11 checks: rmap.exact, tracking.exact" */
static void say_failed(const json_t *report, char *text, size_t size)
{
	const json_t *checks = value_at(report, "checks"), *check;
	struct report_counts counts;
	const char *separator = ": ";
	size_t i, at;

	report_count(report, &counts);
	at = (size_t)snprintf(text, size, "%zu of %zu checks", counts.fail, counts.checks);
	json_array_foreach(checks, i, check) {
		const char *name = value_string(check, "name");

		if (!has_result(check, "fail") || at >= size)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%s", separator,
				       name ? name : "unnamed");
		separator = ", ";
	}
}

static void say_observed(const json_t *transition, char *text, size_t size)
{
	struct amount predicted = amount_transition(transition, "predicted");
	struct amount measured = amount_transition(transition, "measured");
	struct amount duration = amount_at(transition, "duration_ns");
	const char *phase = value_string(transition, "phase");
	char bytes[AMOUNT_TEXT], time[AMOUNT_TEXT];

	amount_time(time, duration);
	if (!phase)
		phase = "?";
	if (measured.known)
		snprintf(text, size, "rmaps lazy until phase %s, then %s%s%s%s", phase,
			 amount_bytes(bytes, measured), duration.known ? " in " : "",
			 duration.known ? time : "",
			 amount_equal(measured, predicted) ? ", as predicted" : "");
	else
		snprintf(text, size, "rmaps lazy until phase %s; predicted %s, not measured",
			 phase, amount_bytes(bytes, predicted));
}

const char *report_last_state(const json_t *report)
{
	const json_t *phases = value_at(report, "phases");

	for (size_t i = json_array_size(phases); i-- > 0; ) {
		const char *state = value_string(json_array_get(phases, i), "rmap_state");

		if (state)
			return state;
	}
	return NULL;
}

static void say_passed(const json_t *report, char *text, size_t size)
{
	const json_t *transition = value_at(report, "transition");
	const char *policy = value_string(report, "host.rmap_policy");
	const char *state = report_last_state(report);

	if (policy && !strcmp(policy, "eager"))
		snprintf(text, size, "rmaps are allocated with the slots (eager): no transition");
	else if (value_is_true(transition, "observed"))
		say_observed(transition, text, size);
	else if (state && !strcmp(state, "lazy"))
		snprintf(text, size, "rmaps stayed lazy, no phase made a shadow root");
	else
		snprintf(text, size, "the guest ran; whether rmaps were allocated is not known");
}

/* A pass also says how many checks could not be judged. */
static void say_skipped(const json_t *report, char *text, size_t size)
{
	struct report_counts counts;
	size_t at = strlen(text);

	report_count(report, &counts);
	if (counts.skip)
		snprintf(text + at, size - at, "; %zu of %zu checks could not be judged",
			 counts.skip, counts.checks);
}

static void say_not_judged(const json_t *report, const char *otherwise, char *text, size_t size)
{
	const char *reason = value_string(report, "error.text");

	if (!reason)
		reason = value_string(report, "guest.text");
	if (!reason)
		reason = value_string(first_skipped(report), "reason");
	snprintf(text, size, "%s", reason ? reason : otherwise);
}

void report_headline(const json_t *report, char *text, size_t size)
{
	const char *result = value_string(report, "result");
	const char *signal = value_string(report, "signal");

	if (signal) {
		snprintf(text, size, "ended early by %s", signal);
	} else if (result && !strcmp(result, "pass")) {
		say_passed(report, text, size);
		say_skipped(report, text, size);
	} else if (result && !strcmp(result, "fail")) {
		say_failed(report, text, size);
	} else if (result && !strcmp(result, "skip")) {
		say_not_judged(report, "nothing could be judged", text, size);
	} else {
		say_not_judged(report, "the run did not end normally", text, size);
	}
}

bool report_broke(const json_t *report)
{
	const char *result = value_string(report, "result");

	return value_string(report, "signal") || !json_array_size(value_at(report, "checks")) ||
	       !result || !strcmp(result, "error");
}

const char *report_remedy(const json_t *report)
{
	const char *remedy = value_string(report, "error.remedy");

	/* say_not_judged(): where something else is the reason, no check's remedy helps. */
	if (remedy || value_string(report, "signal") || value_string(report, "error.text") ||
	    value_string(report, "guest.text"))
		return remedy;
	return value_string(first_skipped(report), "remedy");
}

json_t *report_reason(const json_t *report)
{
	const char *result = value_string(report, "result");
	char reason[512];

	if (!result || !strcmp(result, "pass"))
		return json_null();
	report_headline(report, reason, sizeof(reason));
	return value_text(reason);
}
