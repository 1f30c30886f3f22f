// SPDX-License-Identifier: GPL-2.0-only
/* A plan for people: what the layout costs, when, and the headroom it needs. */
#include <stdio.h>

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

static int put_costs(const json_t *costs, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false }, { "model", false }, { "creation", true }, { "transition", true },
		{ "rmap", true }, { "tracking", true },
	};
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT];
	const json_t *cost;
	size_t i;

	json_array_foreach(costs, i, cost) {
		const char *kernel = value_string(cost, "kernel");

		table_cell(&table, "%s", kernel ? kernel : "?");
		table_cell(&table, "%s", model_name(cost));
		put_amount(&table, cost, "creation_bytes");
		put_amount(&table, cost, "transition_bytes");
		table_cell(&table, "%s", amount_bytes(text, whole(cost, array_bytes_key(ARRAY_RMAP))));
		table_cell(&table, "%s", amount_bytes(text, whole(cost, array_bytes_key(ARRAY_TRACKING))));
	}
	fputs("\nKVM's arrays, allocated with the slots (creation) and with the first shadow root "
	      "(transition)\n", out);
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
	const json_t *cost;
	size_t i;

	json_array_foreach(costs, i, cost) {
		const char *kernel = value_string(cost, "kernel");

		table_cell(&table, "%s", kernel ? kernel : "?");
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
		text_wrap(out, TEXT_PROSE, 2, 4, notes[i]);
	}
}

int report_text_plan(const json_t *report, FILE *out)
{
	const json_t *costs = value_at(report, "plan"), *last;
	char memory[AMOUNT_TEXT], headroom[AMOUNT_TEXT], line[512];
	const char *kernel;
	int rc;

	last = json_array_get(costs, json_array_size(costs) - 1);
	kernel = value_string(last, "kernel");
	amount_bytes(memory, amount_at(report, "memory_bytes"));
	amount_bytes(headroom, amount_at(last, "headroom_bytes"));
	snprintf(line, sizeof(line), "a VM of %s on %s; its cgroup needs %s more before its first "
		 "nested guest", memory, kernel ? kernel : "?", headroom);
	fputs("PLAN: ", out);
	text_wrap(out, TEXT_PROSE, 6, 6, line);
	rc = report_text_slots(report, out);
	if (!rc)
		rc = put_costs(costs, out);
	if (!rc)
		rc = put_headroom(costs, out);
	put_notes(out);
	return rc;
}
