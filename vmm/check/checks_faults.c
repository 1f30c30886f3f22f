// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what was made to fail. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "check/check.h"
#include "run/measure.h"

/* The phase failed as it had to. Else false, and judged. */
static bool has_failed(const struct run *run, const struct phase_result *phase, struct check *check)
{
	if (phase->done && phase->failed == phase->cfg->fails)
		return true;
	check_fail(check, "phase %s: KVM_RUN should have failed with %s: %s", phase->name,
		   strerrorname_np(phase->cfg->fails), phase->done ? "it did not" : run_why_not(run));
	return false;
}

/* An allocation that failed left what the model predicts. Else false, and judged. */
static bool has_kept(const struct run *run, const struct phase_result *phase, struct check *check)
{
	static const enum array arrays[] = { ARRAY_RMAP, ARRAY_TRACKING };

	if (phase->state == RMAP_UNKNOWN || !phase->measured) {
		check_skip_source(check, &phase->snapshot, phase->measured ? SOURCE_RMAPS_STAT :
				  SOURCE_VMALLOCINFO);
		return false;
	}
	if (phase->state != RMAP_LAZY) {
		check_fail(check, "phase %s: KVM_RUN failed with ENOMEM, yet the rmaps count as %s",
			   phase->name, rmap_state_name(phase->state));
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		uint64_t held = phase->held.bytes[arrays[i]];
		uint64_t predicted = measure_expected(run, phase, arrays[i], false);

		if (held == predicted)
			continue;
		check_fail(check, "phase %s: after the failure %s arrays hold %" PRIu64
			   " bytes, predicted %" PRIu64, phase->name, array_name(arrays[i]), held,
			   predicted);
		return false;
	}
	return true;
}

static void pass(const struct phase_result *last, struct check *check)
{
	char text[UNIT_TEXT];

	if (last->failed == ENOMEM)
		check_pass(check, "phase %s: KVM_RUN failed with ENOMEM, the rmaps stay lazy, %s kept "
			   "as predicted", last->name,
			   format_bytes(text, last->held.bytes[ARRAY_RMAP] +
					      last->held.bytes[ARRAY_TRACKING]));
	else
		check_pass(check, "phase %s: KVM_RUN failed with %s", last->name, strerrorname_np(last->failed));
}

void judge_fails(const struct run *run, struct check *check)
{
	const struct phase_result *last = NULL;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || !phase->cfg->fails)
			continue;
		/* There KVM has no rmaps to allocate in the phase. */
		if (phase->cfg->fails == ENOMEM && skip_if_eager(run, check))
			return;
		if (!has_failed(run, phase, check) || (phase->failed == ENOMEM && !has_kept(run, phase, check)))
			return;
		last = phase;
	}
	if (last)
		pass(last, check);
	else
		check_skip(check, "no such phase was reached: %s", run_why_not(run));
}
