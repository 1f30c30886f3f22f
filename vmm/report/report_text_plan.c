// SPDX-License-Identifier: GPL-2.0-only
/* A plan for people: what the layout costs, when, and the headroom it needs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"

static void put_amount(struct table *table, const json_t *value, const char *path)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", amount_bytes(text, amount_at(value, path)));
}

static const char *model_name(const json_t *cost)
{
	const char *name = value_string(cost, "model.name");

	return name ? name : "?";
}

/* All bytes of an array class, of creation and transition. */
static struct amount whole(const json_t *cost, const char *array)
{
	return amount_add(amount_at(value_at(cost, "creation"), array),
			  amount_at(value_at(cost, "transition"), array));
}

/* The rows of each table: the last cost, which is the worst, and then the others. */
static const json_t *row(const json_t *costs, size_t i)
{
	return json_array_get(costs, i ? i - 1 : json_array_size(costs) - 1);
}

static const char *kernel_name(const json_t *cost)
{
	const char *kernel = value_string(cost, "kernel");

	return kernel ? kernel : "?";
}

/* The distributions that have such kernels. The table is left out where none is known. */
static int put_kernels(const json_t *costs, FILE *out)
{
	static const struct table_column columns[] = { { "kernel", false }, { "found in", false } };
	struct table table = TABLE(columns);
	bool any = false;

	for (size_t i = 0; i < json_array_size(costs); i++)
		any |= value_string(row(costs, i), "distributions") != NULL;
	if (!any)
		return 0;
	for (size_t i = 0; i < json_array_size(costs); i++) {
		const char *where = value_string(row(costs, i), "distributions");

		table_cell(&table, "%s", kernel_name(row(costs, i)));
		table_cell(&table, "%s", where ? where : "");
	}
	fputs("\nKernels, the worst first\n", out);
	return table_print(&table, out);
}

static void put_refusal(struct table *table, const json_t *cost)
{
	const json_t *refused = value_at(cost, "refused");
	const char *slot = value_string(refused, "slot"), *array = value_string(refused, "array");
	const char *at = value_string(refused, "at");

	table_cell(table, "%s", kernel_name(cost));
	table_cell(table, "%s", slot ? slot : "?");
	table_cell(table, "%s", array ? array : "?");
	put_amount(table, refused, "bytes");
	table_cell(table, "%s", at && !strcmp(at, "creation") ? "the slot's creation" :
								"the first nested guest");
	table_cell(table, "%s", json_is_true(value_at(refused, "certain")) ? "all" : "some");
}

/* The kernels that refuse an array, and with it the slot or every nested guest. */
static int put_refusals(const json_t *costs, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false }, { "slot", false }, { "array", false }, { "bytes", true },
		{ "ENOMEM at", false }, { "of these kernels", false },
	};
	struct table table = TABLE(columns);
	const char *remedy = NULL;
	int rc;

	for (size_t i = 0; i < json_array_size(costs); i++) {
		const char *text = value_string(value_at(row(costs, i), "refused"), "remedy");

		if (!text)
			continue;
		put_refusal(&table, row(costs, i));
		remedy = text;
	}
	if (!remedy)
		return 0;
	fputc('\n', out);
	text_paragraph(out, 0, 2, "REFUSED: arrays of more than INT_MAX bytes, which kvcalloc() does not allocate");
	rc = table_print(&table, out);
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 4, remedy);
	return rc;
}

static int put_costs(const json_t *costs, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false }, { "model", false }, { "creation", true }, { "transition", true },
		{ "rmap", true }, { "tracking", true },
	};
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT];

	for (size_t i = 0; i < json_array_size(costs); i++) {
		const json_t *cost = row(costs, i);

		table_cell(&table, "%s", kernel_name(cost));
		table_cell(&table, "%s", model_name(cost));
		put_amount(&table, cost, "creation_bytes");
		put_amount(&table, cost, "transition_bytes");
		table_cell(&table, "%s", amount_bytes(text, whole(cost, array_bytes_key(ARRAY_RMAP))));
		table_cell(&table, "%s", amount_bytes(text, whole(cost, array_bytes_key(ARRAY_TRACKING))));
	}
	fputc('\n', out);
	text_paragraph(out, 0, 0, "KVM's arrays, allocated with the slots (creation) and with the first shadow root "
		       "(transition)");
	return table_print(&table, out);
}

static void put_percent(struct table *table, const json_t *cost)
{
	const json_t *fraction = value_at(cost, "headroom_fraction");

	if (json_is_number(fraction))
		table_cell(table, "%.3f %%", 100 * json_number_value(fraction));
	else
		table_cell(table, "-");
}

static int put_headroom(const json_t *costs, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false }, { "first entry", true }, { "shadow pages", true },
		{ "headroom", true }, { "of the VM", true }, { "memory/512", true },
		{ "TDP tables", true },
	};
	struct table table = TABLE(columns);

	for (size_t i = 0; i < json_array_size(costs); i++) {
		const json_t *cost = row(costs, i);

		table_cell(&table, "%s", kernel_name(cost));
		put_amount(&table, cost, "first_entry_bytes");
		put_amount(&table, cost, "shadow_bytes");
		put_amount(&table, cost, "headroom_bytes");
		put_percent(&table, cost);
		put_amount(&table, cost, "common_reserve_bytes");
		put_amount(&table, cost, "tdp_bytes");
	}
	fputs("\nHeadroom the VM's cgroup needs for its first nested guest\n", out);
	return table_print(&table, out);
}

/* What the cgroup is charged for on the worst kernel, ready for memory.max. */
static int put_sum(const json_t *costs, FILE *out)
{
	static const struct {
		const char *member, *what;
	} rows[] = {
		{ "guest_bytes", "the guest's RAM" },
		{ "vmm_bytes", "the VMM itself; measured with --pid, else unknown and not counted" },
		{ "creation_bytes", "KVM's arrays that come with the slots" },
		{ "tdp_bytes", "the VM's page tables, with every page mapped as 4K" },
		{ "first_entry_bytes", "the first nested guest's first entry" },
		{ "shadow_bytes", "shadow pages of a nested guest that maps all of the VM" },
		{ "memory_max_bytes", "sum" },
	};
	static const struct table_column columns[] = { { "bytes", true }, { "for", false } };
	const json_t *sum = value_at(row(costs, 0), "sum");
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT], one[AMOUNT_TEXT];
	struct amount vms = amount_at(sum, "vms");
	int rc;

	if (!sum)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		table_cell(&table, "%s", amount_bytes(text, amount_at(sum, rows[i].member)));
		table_cell(&table, "%s", rows[i].what);
	}
	fputc('\n', out);
	text_paragraph(out, 0, 0, "memory.max of the VM's cgroup on %s: %s bytes", kernel_name(row(costs, 0)),
		       amount_exact(one, amount_at(sum, "memory_max_bytes")));
	rc = table_print(&table, out);
	if (!rc && vms.known && vms.value > 1)
		fprintf(out, "  %s such VMs: %s\n", amount_exact(one, vms),
			amount_bytes(text, amount_at(sum, "all_bytes")));
	return rc;
}

static void put_notes(FILE *out)
{
	static const char *const notes[] = {
		"creation, transition: pages and vmalloc'ed page-pointer arrays, as in "
		"/proc/vmallocinfo, without slab.",
		"first entry: what the first entry into L2 allocates: the transition's arrays (without "
		"their page-pointer arrays, which are charged to no cgroup), slab, and 256 KiB of caches "
		"and nested state per vCPU. All of it is allocated within one KVM_RUN: the VMM is killed "
		"if its cgroup has no room.",
		"shadow pages: 8 KiB for each 2 MiB that L2 maps, if it maps all of the VM in 4K pages. "
		"KVM allocates them as L2 does so.",
		"memory/512: what orchestrators commonly reserve. The VM's own page tables (TDP tables, "
		"with every page mapped as 4K) use it up without any nested guest.",
	};

	fputc('\n', out);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		fputs("  ", out);
		text_wrap(out, text_prose(out), 2, 4, notes[i]);
	}
}

/* ", the worst of these 11 kernels" */
static void put_choice(const json_t *costs, FILE *line)
{
	if (json_array_size(costs) > 1)
		fprintf(line, ", the worst of these %zu kernels", json_array_size(costs));
}

/* What is planned, what the planner has to know of it, and all that is assumed. */
static void put_headline(const json_t *report, const json_t *costs, FILE *line)
{
	const json_t *cost = row(costs, 0), *refused = value_at(cost, "refused");
	const char *why = value_string(refused, "why"), *slot = value_string(refused, "slot");
	const char *assumed = value_string(cost, "assumptions");
	const char *remark = value_string(cost, "remark");
	bool certain = json_is_true(value_at(refused, "certain"));
	char memory[AMOUNT_TEXT], headroom[AMOUNT_TEXT];

	fprintf(line, "a VM of %s on %s", amount_bytes(memory, amount_at(report, "memory_bytes")),
		kernel_name(cost));
	put_choice(costs, line);
	if (why)
		fprintf(line, "; %s: memslot.%s: %s", certain ? "REFUSED" : "perhaps REFUSED",
			slot ? slot : "?", why);
	if (!certain)
		fprintf(line, "; its cgroup needs %s more before its first nested guest",
			amount_bytes(headroom, amount_at(cost, "headroom_bytes")));
	if (remark)
		fprintf(line, "; %s", remark);
	if (assumed)
		fprintf(line, "; assumed: %s", assumed);
}

int report_text_plan(const json_t *report, FILE *out)
{
	static int (*const tables[])(const json_t *costs, FILE *out) = {
		put_kernels, put_refusals, put_costs, put_headroom, put_sum,
	};
	const json_t *costs = value_at(report, "plan");
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	int rc = 0;

	if (!line)
		return -ENOMEM;
	put_headline(report, costs, line);
	if (fclose(line))
		rc = -errno;
	if (rc) {
		free(text);
		return rc;
	}
	fputs("PLAN: ", out);
	text_wrap(out, text_prose(out), 6, 6, text);
	free(text);
	rc = report_text_slots(report, out);
	for (size_t i = 0; !rc && i < sizeof(tables) / sizeof(tables[0]); i++)
		rc = tables[i](costs, out);
	put_notes(out);
	return rc;
}
