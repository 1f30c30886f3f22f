// SPDX-License-Identifier: GPL-2.0-only
/* What the transition cost, and what an operator has to do about it. */
#include <inttypes.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"
#include "report/report_slots.h"

/* "exact", or the difference of the measured bytes. */
static void put_difference(struct table *table, struct amount predicted, struct amount measured)
{
	struct amount off = amount_subtract(measured, predicted);

	if (!off.known)
		table_cell(table, "%s", predicted.known ? "not measured" : "");
	else if (!off.value)
		table_cell(table, "exact");
	else
		table_cell(table, "%+" PRId64, off.value);
}

static void put_array(struct table *table, const char *name, struct amount predicted,
		      struct amount measured)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", name);
	table_cell(table, "%s", amount_exact(text, predicted));
	table_cell(table, "%s", amount_exact(text, measured));
	put_difference(table, predicted, measured);
	table_cell(table, "%s", amount_bytes(text, measured.known ? measured : predicted));
}

static void put_share(const json_t *report, struct amount total, FILE *out)
{
	struct amount guest = report_memory(report);
	char text[AMOUNT_TEXT];
	double percent;

	if (!guest.known || guest.value <= 0 || !total.known || total.value <= 0)
		return;
	percent = 100.0 * (double)total.value / (double)guest.value;
	fprintf(out, "  %.*f%% of the guest's %s\n", percent < 10 ? 3 : 0, percent,
		amount_bytes(text, guest));
}

void report_advice(const json_t *report, char text[REPORT_ADVICE])
{
	struct amount creation = amount_arrays(value_at(report, "predicted.creation"));
	struct amount total = amount_transition(value_at(report, "transition"), "predicted");
	struct amount slab = amount_at(report, "predicted.transition_slab_bytes");
	struct amount headroom = slab.known ? amount_add(total, slab) : total;
	char bytes[AMOUNT_TEXT], exact[AMOUNT_TEXT], hash[AMOUNT_TEXT];

	text[0] = '\0';
	if (!headroom.known)
		return;
	if (!total.value)
		snprintf(text, REPORT_ADVICE,
			 "Nothing has to stay free for later: this kernel allocates all of it, %s, "
			 "with the slots.", amount_bytes(bytes, creation));
	else
		snprintf(text, REPORT_ADVICE,
			 "Leave at least %s (%s bytes%s%s) free in this VM's cgroup: KVM allocates "
			 "that, once, when the guest first starts a nested guest, and the VM is "
			 "killed if the cgroup has less. L2's shadow pages need more: `minivmm "
			 "plan` shows the whole headroom.", amount_bytes(bytes, headroom),
			 amount_exact(exact, headroom),
			 slab.value ? ", slab included: " : "",
			 slab.value ? amount_bytes(hash, slab) : "");
}

static void put_advice(const json_t *report, FILE *out)
{
	char text[REPORT_ADVICE];

	report_advice(report, text);
	if (!text[0])
		return;
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 2, text);
}

static const char *trigger_text(const char *trigger)
{
	static const char *const texts[][2] = {
		{ "npt", "by the first L2 with NPT" }, { "ept", "by the first L2 with EPT" },
		{ "nested-state", "by restored nested state" },
	};

	for (size_t i = 0; trigger && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(trigger, texts[i][0]))
			return texts[i][1];
	return "by an unknown trigger";
}

static void put_transition_title(const json_t *report, const json_t *transition, FILE *out)
{
	const char *policy = value_string(report, "host.rmap_policy");
	const char *phase = value_string(transition, "phase");
	struct amount duration = amount_at(transition, "duration_ns");
	char time[AMOUNT_TEXT], line[256];

	if (value_is_true(transition, "observed"))
		snprintf(line, sizeof(line), "Transition: phase %s, %s%s%s",
			 phase ? phase : "-",
			 trigger_text(value_string(transition, "trigger")),
			 duration.known ? ", whose entry took " : "",
			 duration.known ? amount_time(time, duration) : "");
	else if (policy && !strcmp(policy, "eager"))
		snprintf(line, sizeof(line), "Transition: none, the rmaps are allocated with the slots");
	else if (!report_last_state(report))
		snprintf(line, sizeof(line), "Transition: unknown, no source shows the state");
	else
		snprintf(line, sizeof(line), "Transition: not observed");
	fputc('\n', out);
	text_wrap(out, text_prose(out), 0, 2, line);
}

/* Predicted and measured bytes; only predicted ones if no transition was observed. */
static int put_arrays(const json_t *transition, FILE *out)
{
	static const struct table_column columns[] = {
		{ "bytes of", false }, { "predicted", true }, { "measured", true },
		{ "difference", true }, { "", true },
	};
	static const enum array arrays[] = { ARRAY_RMAP, ARRAY_TRACKING };
	struct table table = TABLE(columns);

	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		put_array(&table, array_name(arrays[i]),
			  amount_transition_array(transition, arrays[i], "predicted"),
			  amount_transition_array(transition, arrays[i], "measured"));
	put_array(&table, "total", amount_transition(transition, "predicted"),
		  amount_transition(transition, "measured"));
	return table_print(&table, out);
}

int report_text_transition(const json_t *report, FILE *out)
{
	const json_t *transition = value_at(report, "transition");
	struct amount total = amount_transition(transition, "predicted");
	bool observed = value_is_true(transition, "observed");
	int rc = 0;

	if (!observed && !total.known)
		return 0;
	put_transition_title(report, transition, out);
	if (observed || total.value)
		rc = put_arrays(transition, out);
	put_share(report, total, out);
	put_advice(report, out);
	return rc;
}
