// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/runs_outcome.h"

#include <string.h>

#include "cmd/cmd.h"

bool runs_outcome_add(struct runs_outcome *outcome, const json_t *report, json_t *row)
{
	const char *result = json_string_value(json_object_get(report, "result"));

	outcome->passed |= result && !strcmp(result, "pass");
	outcome->failed |= result && !strcmp(result, "fail");
	outcome->broke |= result && !strcmp(result, "error");
	if (!outcome->host)
		outcome->host = json_incref(json_object_get(report, "host"));
	if (row && !json_array_append_new(outcome->rows, row))
		return true;
	outcome->broke = true;
	return false;
}

int runs_outcome_status(const struct runs_outcome *outcome)
{
	if (outcome->signal)
		return 128 + outcome->signal;
	if (outcome->broke)
		return EXIT_ENVIRONMENT;
	return outcome->failed ? EXIT_FAIL : outcome->passed ? EXIT_PASS : EXIT_SKIP;
}
