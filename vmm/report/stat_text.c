// SPDX-License-Identifier: GPL-2.0-only
/* `minivmm stat` for people and for Prometheus. */
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/prom.h"
#include "report/stat.h"

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

/* A walk shows other columns than the cheap view, so that each fits a terminal. */
static void put_vm(struct table *table, const json_t *vm, bool walked)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", amount_exact(text, amount_at(vm, "pid")));
	table_cell(table, "%s", amount_exact(text, amount_at(vm, "fd")));
	table_cell(table, "%s", or_dash(value_string(vm, "command")));
	table_cell(table, "%s", walked ? "" : amount_time(text, amount_at(vm, "age_ns")));
	table_cell(table, "%s", or_dash(value_string(vm, "rmap_state")));
	table_cell(table, "%s", walked ? "" : or_dash(value_string(vm, "state_source")));
	table_cell(table, "%s", amount_bytes(text, amount_at(vm, "rmap_bytes.all")));
	table_cell(table, "%s", walked ? amount_bytes(text, amount_at(vm, "rmap_bytes.4k")) : "");
	table_cell(table, "%s", walked ? amount_bytes(text, amount_at(vm, "rmap_bytes.2m")) : "");
	table_cell(table, "%s", walked ? amount_bytes(text, amount_at(vm, "rmap_bytes.1g")) : "");
	table_cell(table, "%s", walked ? amount_bytes(text, amount_at(vm, "memslot_bytes")) : "");
	table_cell(table, "%s", walked ? "" : amount_bytes(text, amount_at(vm, "mapped_bytes")));
	table_cell(table, "%s", amount_exact(text, amount_at(vm, "nested_run")));
}

static size_t count_state(const json_t *vms, const char *state)
{
	const json_t *vm;
	size_t i, count = 0;

	json_array_foreach(vms, i, vm) {
		const char *is = value_string(vm, "rmap_state");

		count += is && !strcmp(is, state);
	}
	return count;
}

/* Prints a reason once for neighbours that have the same: usually all VMs have. */
static void put_why(const json_t *vms, FILE *out)
{
	size_t i, width = text_columns(out);
	const char *last = NULL;
	const json_t *vm;

	if (width > TEXT_PROSE)
		width = TEXT_PROSE;
	json_array_foreach(vms, i, vm) {
		const char *why = value_string(vm, "why");

		if (!why || (last && !strcmp(why, last)))
			continue;
		fputs("some figures are unknown: ", out);
		text_wrap(out, width, 26, 2, why);
		last = why;
	}
}

static int put_table(const json_t *stat, FILE *out)
{
	static const struct table_column columns[] = {
		{ "pid", true }, { "fd", true }, { "command", false }, { "age", true },
		{ "rmaps", false }, { "source", false }, { "rmap bytes", true }, { "4K", true },
		{ "2M", true }, { "1G", true }, { "memslots", true }, { "mapped", true },
		{ "L2 runs", true },
	};
	const json_t *vms = value_at(stat, "vms"), *vm;
	bool walked = value_is_true(stat, "walked");
	struct table table = TABLE(columns);
	size_t i;

	json_array_foreach(vms, i, vm)
		put_vm(&table, vm, walked);
	return json_array_size(vms) ? table_print(&table, out) : 0;
}

int stat_text(const json_t *stat, FILE *out)
{
	const json_t *vms = value_at(stat, "vms");
	bool walked = value_is_true(stat, "walked"), predicted = value_is_true(stat, "predicted");
	size_t count = json_array_size(vms), allocated = count_state(vms, "allocated");
	int rc = predicted ? stat_predict_text(stat, out) : put_table(stat, out);

	fprintf(out, "%zu VM%s: %zu lazy, %zu allocated, %zu unknown%s\n", count,
		count == 1 ? "" : "s", count_state(vms, "lazy"), allocated,
		count - count_state(vms, "lazy") - allocated,
		allocated && !walked && !predicted ?
			"; --walk reads their bytes, and stalls them" : "");
	put_why(vms, out);
	if (predicted)
		stat_predict_sum(stat, out);
	else if (count_state(vms, "lazy"))
		fputs("--predict says what the first nested guest of each lazy VM will take, and "
		      "whether it fits\n", out);
	return rc;
}

static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	prom_text(out, value ? value : "");
	fputc('"', out);
}

static void put_vm_labels(FILE *out, const json_t *vm)
{
	char pid[AMOUNT_TEXT], fd[AMOUNT_TEXT];

	fprintf(out, "pid=\"%s\",fd=\"%s\",", amount_exact(pid, amount_at(vm, "pid")),
		amount_exact(fd, amount_at(vm, "fd")));
}

struct metric {
	const char *name, *help, *type, *path;
	const char *level;	/* label, or NULL */
	double scale;
};

static void put_sample(FILE *out, const struct metric *metric, const json_t *vm)
{
	struct amount amount = amount_at(vm, metric->path);

	if (!amount.known)
		return;
	fprintf(out, "%s{", metric->name);
	put_vm_labels(out, vm);
	put_label(out, "command", value_string(vm, "command"));
	if (metric->level)
		fprintf(out, ",level=\"%s\"", metric->level);
	if (metric->scale < 1)
		fprintf(out, "} %.3f\n", (double)amount.value * metric->scale);
	else
		fprintf(out, "} %lld\n", (long long)amount.value);
}

static void put_states(FILE *out, const json_t *vms)
{
	const json_t *vm;
	size_t i;

	fputs("# HELP minivmm_vm_rmaps_allocated 1: the VM has rmaps, 0: it is lazy.\n"
	      "# TYPE minivmm_vm_rmaps_allocated gauge\n", out);
	json_array_foreach(vms, i, vm) {
		const char *state = value_string(vm, "rmap_state");

		if (!state)
			continue;
		fputs("minivmm_vm_rmaps_allocated{", out);
		put_vm_labels(out, vm);
		put_label(out, "command", value_string(vm, "command"));
		fprintf(out, "} %d\n", !strcmp(state, "allocated"));
	}
}

int stat_prom(const json_t *stat, FILE *out)
{
	static const struct metric metrics[] = {
		{ "minivmm_vm_rmap_bytes", "Bytes of rmap heads by page level.", "gauge",
		  "rmap_bytes.4k", "4k", 1 },
		{ "minivmm_vm_rmap_bytes", NULL, NULL, "rmap_bytes.2m", "2m", 1 },
		{ "minivmm_vm_rmap_bytes", NULL, NULL, "rmap_bytes.1g", "1g", 1 },
		{ "minivmm_vm_memslot_bytes", "Bytes of memslots, known for walked VMs only.", "gauge",
		  "memslot_bytes", NULL, 1 },
		{ "minivmm_vm_mapped_bytes", "Bytes mapped for the guest.", "gauge",
		  "mapped_bytes", NULL, 1 },
		{ "minivmm_vm_nested_runs_total", "VM entries of nested guests.", "counter",
		  "nested_run", NULL, 1 },
		{ "minivmm_vm_age_seconds", "Time since the VM was created.", "gauge", "age_ns",
		  NULL, 1e-9 },
	};
	const json_t *vms = value_at(stat, "vms"), *vm;
	size_t i;

	put_states(out, vms);
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		if (metrics[m].help)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[m].name,
				metrics[m].help, metrics[m].name, metrics[m].type);
		json_array_foreach(vms, i, vm)
			put_sample(out, &metrics[m], vm);
	}
	fprintf(out, "# HELP minivmm_vms VMs on this host.\n# TYPE minivmm_vms gauge\n"
		     "minivmm_vms %zu\n", json_array_size(vms));
	if (value_is_true(stat, "predicted"))
		stat_predict_prom(stat, out);
	return 0;
}
