// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/summary.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"
#include "report/report_slots.h"

const char *fact_name(enum fact fact)
{
	static const char *const names[FACT_COUNT] = {
		[FACT_RESULT] = "result", [FACT_REASON] = "reason", [FACT_KERNEL] = "kernel",
		[FACT_VENDOR] = "cpu_vendor", [FACT_CPU] = "cpu_model",
		[FACT_TDP_MMU] = "tdp_mmu", [FACT_TDP] = "tdp", [FACT_NESTED] = "nested",
		[FACT_POLICY] = "rmap_policy", [FACT_VM] = "vm",
	};

	return names[fact];
}

static char *copy(const json_t *report, const char *path)
{
	const json_t *value = value_at(report, path);
	const char *text = value_string(report, path);

	if (json_is_boolean(value))
		text = json_is_true(value) ? "on" : "off";
	return strdup(text ? text : "-");
}

/* The names of the checks that failed. */
static char *failed_checks(const json_t *report)
{
	const json_t *checks = value_at(report, "checks"), *check;
	char *text = NULL;
	const char *before = "";
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	json_array_foreach(checks, i, check) {
		const char *name = value_string(check, "name");
		const char *result = value_string(check, "result");

		if (!result || strcmp(result, "fail"))
			continue;
		fprintf(out, "%s%s", before, name ? name : "unnamed");
		before = ", ";
	}
	return fclose(out) ? NULL : text;
}

/* A pass has none: its headline has figures that differ from host to host. */
static char *reason(const json_t *report)
{
	const char *result = value_string(report, "result");
	char headline[512];

	if (result && !strcmp(result, "fail"))
		return failed_checks(report);
	if (!result || !strcmp(result, "pass"))
		return strdup("-");
	report_headline(report, headline, sizeof(headline));
	return strdup(headline);
}

char *summary_vm(const json_t *report)
{
	const json_t *slots = value_at(report, "slots");
	char bytes[AMOUNT_TEXT], *text;

	if (!json_array_size(slots))
		return strdup("-");
	if (asprintf(&text, "%s in %zu slot%s", amount_bytes(bytes, report_memory(report)),
		     json_array_size(slots),
		     json_array_size(slots) == 1 ? "" : "s") < 0)
		return NULL;
	return text;
}

/* The last phase before the teardown. */
static const json_t *last_alive(const json_t *phases)
{
	for (size_t i = json_array_size(phases); i-- > 0; ) {
		const json_t *phase = json_array_get(phases, i);
		const char *what = value_string(phase, "do");

		if (!what || strcmp(what, "teardown"))
			return phase;
	}
	return NULL;
}

static void read_figures(const json_t *report, struct summary *summary)
{
	const json_t *phases = value_at(report, "phases"), *first = json_array_get(phases, 0);
	const json_t *transition = value_at(report, "transition");

	summary->creation_predicted = amount_arrays(value_at(report, "predicted.creation"));
	summary->transition_predicted = amount_arrays(value_at(report, "predicted.transition"));
	summary->creation = amount_arrays(first);
	summary->duration = amount_at(transition, "duration_ns");
	if (value_is_true(transition, "observed"))
		summary->transition = amount_transition(transition, "measured");
	else if (!strcmp(summary->facts[FACT_POLICY], "eager"))	/* expected to be 0 */
		summary->transition = amount_subtract(amount_arrays(last_alive(phases)),
						      summary->creation);
}

int summary_read(const json_t *report, const char *file, struct summary *summary)
{
	*summary = (struct summary){
		.file = strdup(file),
		.hostname = copy(report, "host.hostname"),
		.facts = {
			[FACT_RESULT] = copy(report, "result"),
			[FACT_REASON] = reason(report),
			[FACT_KERNEL] = copy(report, "host.kernel"),
			[FACT_VENDOR] = copy(report, "host.cpu_vendor"),
			[FACT_CPU] = copy(report, "host.cpu_model"),
			[FACT_TDP_MMU] = copy(report, "host.kvm.tdp_mmu"),
			[FACT_TDP] = copy(report, "host.kvm.tdp"),
			[FACT_NESTED] = copy(report, "host.kvm.nested"),
			[FACT_POLICY] = copy(report, "host.rmap_policy"),
			[FACT_VM] = summary_vm(report),
		},
	};
	for (int fact = 0; fact < FACT_COUNT; fact++)
		if (!summary->facts[fact])
			return -ENOMEM;
	if (!summary->file || !summary->hostname)
		return -ENOMEM;
	read_figures(report, summary);
	return 0;
}

void summary_free(struct summary *summary)
{
	free(summary->file);
	free(summary->hostname);
	for (int fact = 0; fact < FACT_COUNT; fact++)
		free(summary->facts[fact]);
	*summary = (struct summary){ 0 };
}

json_t *summary_fact(const struct summary *summary, enum fact fact)
{
	const char *text = summary->facts[fact];

	return strcmp(text, "-") ? value_text(text) : json_null();
}

static bool differ(struct amount a, struct amount b)
{
	return a.known && b.known && a.value != b.value;
}

enum exactness summary_exact(const struct summary *summary)
{
	if (differ(summary->creation, summary->creation_predicted) ||
	    differ(summary->transition, summary->transition_predicted))
		return EXACT_NO;
	return amount_equal(summary->creation, summary->creation_predicted) &&
	       amount_equal(summary->transition, summary->transition_predicted) ?
	       EXACT_YES : EXACT_UNKNOWN;
}
