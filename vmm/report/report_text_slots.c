// SPDX-License-Identifier: GPL-2.0-only
/* The slots of a report; a row of equal slots is one line: "dimm[0..499]". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "model/implicit_slots.h"
#include "report/array_amount.h"
#include "report/report_render.h"
#include "report/report_slots.h"

/* Slots that follow each other and differ only in index, id and base. */
struct row {
	const char *name;	/* of the first slot */
	size_t stem;		/* length of the name before "[" */
	bool indexed;
	unsigned long first, last;
	const char *space;
	struct amount base;	/* of the first slot */
	struct amount size;	/* of each slot */
	struct amount total, rmap, tracking, other;	/* of all slots */
	size_t count;
	bool implicit;		/* made by KVM itself */
};

/* "dimm[12]" is slot number 12 of the row "dimm". */
static void read_name(struct row *row)
{
	const char *bracket = strrchr(row->name, '[');
	char *end;

	row->stem = strlen(row->name);
	if (!bracket || bracket[1] < '0' || bracket[1] > '9')
		return;
	row->first = strtoul(bracket + 1, &end, 10);
	if (strcmp(end, "]"))
		return;
	row->last = row->first;
	row->stem = (size_t)(bracket - row->name);
	row->indexed = true;
}

/* In a report that was not loaded from a file one element stands for a whole row. */
static void unfold(const json_t *slot, struct row *row)
{
	int64_t count = slots_in_row(slot);

	if (!row->indexed)
		return;
	row->count = (size_t)count;
	row->last = row->first + (unsigned long)count - 1;
	row->total = amount_times(row->total, count);
	row->rmap = amount_times(row->rmap, count);
	row->tracking = amount_times(row->tracking, count);
	row->other = amount_times(row->other, count);
}

static void read_slot(const json_t *slot, struct row *row)
{
	const json_t *predicted = value_at(slot, "predicted");

	*row = (struct row){
		.name = value_string(slot, "name"),
		.space = value_string(slot, "space"),
		.base = amount_at(slot, "base"),
		.size = amount_at(slot, "size"),
		.rmap = amount_array(predicted, ARRAY_RMAP),
		.tracking = amount_array(predicted, ARRAY_TRACKING),
		.other = amount_other_arrays(predicted),
		.count = 1,
	};
	if (!row->name)
		row->name = "?";
	row->total = row->size;
	row->implicit = !strncmp(row->name, IMPLICIT_PREFIX, strlen(IMPLICIT_PREFIX));
	read_name(row);
	unfold(slot, row);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool continues(const struct row *row, const struct row *slot)
{
	return row->indexed && slot->indexed && slot->first == row->last + 1 &&
	       row->stem == slot->stem && !strncmp(row->name, slot->name, row->stem) &&
	       same_text(row->space, slot->space) && amount_equal(row->size, slot->size);
}

static void add_sums(struct row *row, const struct row *slot)
{
	row->total = amount_add(row->total, slot->total);
	row->rmap = amount_add(row->rmap, slot->rmap);
	row->tracking = amount_add(row->tracking, slot->tracking);
	row->other = amount_add(row->other, slot->other);
	row->count += slot->count;
}

static void put_sums(struct table *table, const struct row *row, bool predicted)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", predicted ? amount_bytes(text, row->rmap) : "");
	table_cell(table, "%s", predicted ? amount_bytes(text, row->tracking) : "");
	table_cell(table, "%s", predicted ? amount_bytes(text, row->other) : "");
}

static void put_row(struct table *table, const struct row *row, bool predicted)
{
	bool smm = row->space && strcmp(row->space, "normal");
	char text[AMOUNT_TEXT];

	if (row->count > 1)
		table_cell(table, "%.*s[%lu..%lu]", (int)row->stem, row->name, row->first,
			   row->last);
	else
		table_cell(table, "%s", row->name);
	table_cell(table, "%s", smm ? row->space : "");
	table_cell(table, "%zu", row->count);
	if (row->base.known)
		table_cell(table, "0x%" PRIx64, (uint64_t)row->base.value);
	else
		table_cell(table, "-");
	table_cell(table, "%s", amount_bytes(text, row->size));
	put_sums(table, row, predicted);
}

static void put_total(struct table *table, const struct row *total, bool predicted)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "total");
	table_cell(table, "%s", "");
	table_cell(table, "%zu", total->count);
	table_cell(table, "%s", "");
	table_cell(table, "%s", amount_bytes(text, total->total));
	put_sums(table, total, predicted);
}

static bool any_predicted(const json_t *slots)
{
	const json_t *slot;
	size_t i;

	json_array_foreach(slots, i, slot)
		if (amount_array(value_at(slot, "predicted"), ARRAY_RMAP).known)
			return true;
	return false;
}

/* Returns the size of all slots but KVM's own, and whether there are any of these. */
static struct amount put_slots(struct table *table, const json_t *slots, bool predicted, bool *implicit)
{
	struct row total = { .total = AMOUNT_ZERO, .rmap = AMOUNT_ZERO, .tracking = AMOUNT_ZERO,
			     .other = AMOUNT_ZERO };
	struct amount configured = AMOUNT_ZERO;
	struct row row = { 0 }, slot;
	const json_t *value;
	size_t i;

	json_array_foreach(slots, i, value) {
		read_slot(value, &slot);
		add_sums(&total, &slot);
		*implicit |= slot.implicit;
		if (!slot.implicit)
			configured = amount_add(configured, slot.total);
		if (row.count && continues(&row, &slot)) {
			add_sums(&row, &slot);
			row.last = slot.last;
			continue;
		}
		if (row.count)
			put_row(table, &row, predicted);
		row = slot;
	}
	put_row(table, &row, predicted);
	if (total.count > row.count)
		put_total(table, &total, predicted);
	return configured;
}

/* How much of the slots is the VM's memory, if it is not all of them. */
static void put_memory(struct amount memory, struct amount slots, FILE *out)
{
	char part[AMOUNT_TEXT], whole[AMOUNT_TEXT], text[160];

	if (!memory.known || !slots.known || memory.value == slots.value)
		return;
	snprintf(text, sizeof(text), "The guest's RAM is %s of these %s: an alias, a device and what is "
		 "not plugged add none.", amount_bytes(part, memory), amount_bytes(whole, slots));
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 2, text);
}

/* When the kernel allocates the memory. */
static void put_split(const json_t *report, FILE *out)
{
	struct amount creation = amount_arrays(value_at(report, "predicted.creation"));
	struct amount transition = amount_arrays(value_at(report, "predicted.transition"));
	char one[AMOUNT_TEXT], other[AMOUNT_TEXT];

	if (creation.known && transition.known)
		text_paragraph(out, 2, 2, "%s of it are allocated with the slots, %s with the first shadow root",
			       amount_bytes(one, creation), amount_bytes(other, transition));
}

int report_text_slots(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "slot", false }, { "space", false }, { "count", true }, { "base", true },
		{ "size", true }, { "rmap", true }, { "tracking", true }, { "other", true },
	};
	const json_t *slots = value_at(report, "slots");
	struct table table = TABLE(columns);
	bool predicted = any_predicted(slots), implicit = false;
	struct amount size;
	int rc;

	if (!json_array_size(slots))
		return 0;
	size = put_slots(&table, slots, predicted, &implicit);
	fputc('\n', out);
	text_wrap(out, text_columns(out), 0, 0, predicted ? "Slots, and the kernel memory predicted for them "
							    "(other: lpage_info, dirty bitmap)" : "Slots");
	rc = table_print(&table, out);
	put_split(report, out);
	if (implicit)
		text_paragraph(out, 2, 2, "KVM makes those named " IMPLICIT_PREFIX " by itself%s",
			       value_string(report, "host.cpu_vendor") ? "" : ", on Intel; on AMD there are none");
	put_memory(amount_at(report, "memory_bytes"), size, out);
	return rc;
}
