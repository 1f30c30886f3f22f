// SPDX-License-Identifier: GPL-2.0-only
/* The report for Prometheus, ready for node_exporter's textfile collector. */
#include <string.h>
#include <time.h>

#include "base/value.h"
#include "report/array_amount.h"
#include "report/prom.h"
#include "report/report_render.h"

/* Every series says of which config it is: the reports of several may stand in one folder. */
#define CONFIG_OF(report) "config", value_string(report, "config_name")

static void put_info(const json_t *report, FILE *out)
{
	prom_family(out, "minivmm_info", "gauge", "What ran where; always 1.");
	prom_integer(out, "minivmm_info", PROM_LABELS(
		CONFIG_OF(report),
		"version", value_string(report, "tool.version"),
		"hostname", value_string(report, "host.hostname"),
		"kernel", value_string(report, "host.kernel"),
		"cpu_vendor", value_string(report, "host.cpu_vendor"),
		"cpu_model", value_string(report, "host.cpu_model"),
		"rmap_policy", value_string(report, "host.rmap_policy"),
		"model", value_string(report, "model.name")), 1);
}

static void put_start(const json_t *report, FILE *out)
{
	const char *name = "minivmm_start_time_seconds";
	const char *started = value_string(report, "started"), *end;
	struct tm utc = { 0 };

	end = started ? strptime(started, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;
	if (!end || *end)
		return;
	prom_family(out, name, "gauge", "When the run began.");
	prom_integer(out, name, PROM_LABELS(CONFIG_OF(report)), timegm(&utc));
}

/* One sample without labels, if the report has the figure. */
static void put_figure(const json_t *report, const char *path, const char *name, bool is_time,
		       const char *help, FILE *out)
{
	struct amount amount = amount_at(report, path);

	if (!amount.known)
		return;
	prom_family(out, name, "gauge", help);
	if (is_time)
		prom_seconds(out, name, PROM_LABELS(CONFIG_OF(report)), amount.value);
	else
		prom_integer(out, name, PROM_LABELS(CONFIG_OF(report)), amount.value);
}

static void put_result(const json_t *report, FILE *out)
{
	static const char *const results[] = { "pass", "fail", "skip", "error" };
	const char *result = value_string(report, "result");

	prom_family(out, "minivmm_result", "gauge", "The run's result: 1 for the one it is.");
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		prom_integer(out, "minivmm_result", PROM_LABELS(
			CONFIG_OF(report), "result", results[i]),
			result && !strcmp(result, results[i]));
	put_figure(report, "exit_status", "minivmm_exit_status", false, "The run's exit status.", out);
	put_figure(report, "duration_ns", "minivmm_duration_seconds", true, "The run took so long.",
		   out);
}

/* A file may repeat a check, but Prometheus accepts each series only once. */
static bool seen_before(const json_t *checks, size_t i)
{
	const json_t *name = value_at(json_array_get(checks, i), "name");

	for (size_t k = 0; k < i; k++)
		if (json_equal(name, value_at(json_array_get(checks, k), "name")))
			return true;
	return false;
}

static void put_checks(const json_t *report, FILE *out)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t i;

	if (!json_array_size(checks))
		return;
	prom_family(out, "minivmm_check", "gauge", "1 passed, 0 failed, -1 could not be judged.");
	json_array_foreach(checks, i, check) {
		const char *name = value_string(check, "name");
		const char *result = value_string(check, "result");

		if (!name || !result || seen_before(checks, i))
			continue;
		prom_integer(out, "minivmm_check", PROM_LABELS(CONFIG_OF(report), "check", name),
			     !strcmp(result, "pass") ? 1 : !strcmp(result, "fail") ? 0 : -1);
	}
}

static void put_parameters(const json_t *report, FILE *out)
{
	const json_t *parameters = value_at(report, "host.kvm"), *value;
	const char *name;

	if (!json_object_size(parameters))
		return;
	prom_family(out, "minivmm_kvm_parameter", "gauge", "KVM's module parameters: 1 is on.");
	json_object_foreach((json_t *)parameters, name, value)
		if (json_is_boolean(value))
			prom_integer(out, "minivmm_kvm_parameter", PROM_LABELS(
				CONFIG_OF(report), "parameter", name), json_is_true(value));
}

static void put_sources(const json_t *report, FILE *out)
{
	const json_t *sources = value_at(report, "host.sources"), *value;
	const char *name;

	if (!json_object_size(sources))
		return;
	prom_family(out, "minivmm_source_ok", "gauge", "1 where a source of figures could be read.");
	json_object_foreach((json_t *)sources, name, value) {
		const char *status = json_string_value(value);

		prom_integer(out, "minivmm_source_ok", PROM_LABELS(CONFIG_OF(report), "source", name),
			     status && !strcmp(status, "ok"));
	}
}

/* The index distinguishes phases of the same name: a config may call one "create" as well. */
static void put_of_phases(const json_t *report, const char *path, const char *metric, bool is_time,
			  const char *help, FILE *out)
{
	const json_t *phases = value_at(report, "phases"), *phase;
	size_t i;

	prom_family(out, metric, "gauge", help);
	json_array_foreach(phases, i, phase) {
		struct amount amount = amount_at(phase, path);
		char index[24];

		snprintf(index, sizeof(index), "%zu", i);
		if (amount.known && is_time)
			prom_seconds(out, metric, PROM_LABELS(
				CONFIG_OF(report), "index", index,
				"phase", value_string(phase, "name")), amount.value);
		else if (amount.known)
			prom_integer(out, metric, PROM_LABELS(
				CONFIG_OF(report), "index", index,
				"phase", value_string(phase, "name")), amount.value);
	}
}

static void put_phase_bytes(const json_t *report, FILE *out)
{
	const json_t *phases = value_at(report, "phases"), *phase;
	size_t i;

	prom_family(out, "minivmm_phase_bytes", "gauge",
		    "Kernel memory of the VM's arrays after the phase.");
	json_array_foreach(phases, i, phase) {
		for (int k = 0; k < ARRAY_COUNT; k++) {
			struct amount amount = amount_array(phase, (enum array)k);
			char index[24];

			snprintf(index, sizeof(index), "%zu", i);
			if (amount.known)
				prom_integer(out, "minivmm_phase_bytes", PROM_LABELS(
					CONFIG_OF(report),
					"index", index, "phase", value_string(phase, "name"),
					"array", array_name((enum array)k)), amount.value);
		}
	}
}

static void put_phases(const json_t *report, FILE *out)
{
	if (!json_array_size(value_at(report, "phases")))
		return;
	put_phase_bytes(report, out);
	put_of_phases(report, "duration_ns", "minivmm_phase_duration_seconds", true,
		      "The phase took so long.", out);
	put_of_phases(report, "l2_entries", "minivmm_phase_l2_entries", false,
		      "Times the phase entered the nested guest.", out);
	put_of_phases(report, "l2_pages", "minivmm_phase_l2_pages", false,
		      "Pages the nested guest wrote in the phase.", out);
}

static void put_predicted(const json_t *report, FILE *out)
{
	static const char *const moments[] = { "creation", "transition" };
	const json_t *predicted = value_at(report, "predicted");

	if (!json_is_object(predicted))
		return;
	prom_family(out, "minivmm_predicted_bytes", "gauge",
		    "Kernel memory the model predicts to be allocated at that moment.");
	for (size_t i = 0; i < 2; i++) {
		for (int k = 0; k < ARRAY_COUNT; k++) {
			const char *array = array_name((enum array)k);
			struct amount amount;

			amount = amount_array(value_at(predicted, moments[i]), (enum array)k);
			if (amount.known)
				prom_integer(out, "minivmm_predicted_bytes", PROM_LABELS(
					CONFIG_OF(report),
					"at", moments[i], "array", array), amount.value);
		}
	}
}

static void put_transition(const json_t *report, FILE *out)
{
	const json_t *observed = value_at(report, "transition.observed");

	if (!json_is_boolean(observed))
		return;
	prom_family(out, "minivmm_transition_observed", "gauge", "1 if lazy rmaps became allocated.");
	prom_integer(out, "minivmm_transition_observed", PROM_LABELS(
		CONFIG_OF(report),
		"phase", value_string(report, "transition.phase"),
		"trigger", value_string(report, "transition.trigger")), json_is_true(observed));
	put_figure(report, "transition.rmap_bytes.measured", "minivmm_transition_rmap_bytes", false,
		   "Bytes of rmaps the transition allocated, measured.", out);
	put_figure(report, "transition.tracking_bytes.measured", "minivmm_transition_tracking_bytes",
		   false, "Bytes of write tracking the transition allocated, measured.", out);
	put_figure(report, "transition.duration_ns", "minivmm_transition_duration_seconds", true,
		   "The entry into the nested guest that allocated took so long.", out);
}

int report_prom(const json_t *report, FILE *out)
{
	put_info(report, out);
	put_start(report, out);
	put_result(report, out);
	put_checks(report, out);
	put_parameters(report, out);
	put_sources(report, out);
	put_predicted(report, out);
	put_phases(report, out);
	put_transition(report, out);
	return 0;
}
