// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/headroom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/csv.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"

#define PAGE 4096ull
#define SHADOW_TABLE (2ull << 20)	/* what one shadow page of level 1 maps */
#define DOUBLINGS 12

/* The limits between which the answer lies. */
struct range {
	uint64_t low, high;
};

/* A limit that survives, above the first guess if need be. 0 or -errno. */
static int find_high(struct range *range, headroom_try *try, void *data)
{
	int survived = try(range->high, data);

	for (int i = 0; !survived && i < DOUBLINGS; i++) {
		uint64_t distance = range->high - range->low;

		range->low = range->high;
		range->high += 2 * distance;
		survived = try(range->high, data);
	}
	return survived > 0 ? 0 : survived ? survived : -ERANGE;
}

/* Tries one limit in the range, and narrows it. As a headroom_try. */
static int narrow(struct range *range, uint64_t limit, headroom_try *try, void *data)
{
	int survived = try(limit, data);

	if (survived >= 0)
		*(survived ? &range->high : &range->low) = limit;
	return survived;
}

int headroom_search(uint64_t low, uint64_t high, uint64_t step, headroom_try *try, void *data,
		    uint64_t *smallest)
{
	struct range range = { low, high };
	int code = find_high(&range, try, data);

	if (code)
		return code;
	/* The guess is a good one: close to it first. */
	code = 1;
	for (uint64_t down = 4 * step; code > 0 && range.high - range.low > down; down *= 2)
		code = narrow(&range, range.high - down, try, data);
	while (code >= 0 && range.high - range.low > step)
		code = narrow(&range, range.low + (range.high - range.low) / 2 / PAGE * PAGE, try,
			      data);
	*smallest = range.high;
	return code < 0 ? code : 0;
}

/* One of level 1 for each 2 MiB with a page in it, those of the levels above, each with its page of gfns. */
uint64_t headroom_shadow(const struct phase_cfg *nested, uint64_t vcpus, const struct plan_cost *cost)
{
	/* One more: what L2 runs. */
	uint64_t pages = nested->touch / PAGE + 1, tables = 1, bytes, span;

	if (nested->goes_on || __builtin_mul_overflow(pages, nested->stride, &span))
		return cost->shadow_bytes;
	for (uint64_t size = SHADOW_TABLE; size <= SHADOW_TABLE << 18; size <<= 9)
		tables += pages < span / size + 1 ? pages : span / size + 1;
	bytes = 2 * tables * PAGE * (nested->own_tables ? vcpus : 1);
	return bytes < cost->shadow_bytes ? bytes : cost->shadow_bytes;
}

int headroom_scenario(const struct config *config, size_t nested, struct config *scenario)
{
	const struct phase_cfg *last = &config->phases[nested];
	struct phase_cfg *phase;

	*scenario = *config;
	scenario->phases = calloc(nested + 2, sizeof(*scenario->phases));
	scenario->memslots = calloc(config->memslot_count, sizeof(*scenario->memslots));
	if (!scenario->phases || !scenario->memslots) {
		headroom_scenario_free(scenario);
		return -ENOMEM;
	}
	memcpy(scenario->phases, config->phases, nested * sizeof(*phase));
	memcpy(scenario->memslots, config->memslots,
	       config->memslot_count * sizeof(*scenario->memslots));
	for (size_t i = 0; i < config->memslot_count; i++)
		scenario->memslots[i].populate |= last->goes_on;
	phase = &scenario->phases[nested];
	if (last->touch && !last->goes_on)
		*phase++ = (struct phase_cfg){
			.name = "written-before", .at = last->at, .what = DO_TOUCH, .touch = last->touch,
			.stride = last->stride, .pattern = last->pattern, .slot = last->slot, .status = -1,
		};
	*phase++ = *last;
	scenario->phase_count = (size_t)(phase - scenario->phases);
	return 0;
}

void headroom_scenario_free(struct config *scenario)
{
	free(scenario->phases);
	free(scenario->memslots);
}

static uint64_t measured(const struct headroom *headroom)
{
	return headroom->nested > headroom->booted ? headroom->nested - headroom->booted : 0;
}

static uint64_t planned(const struct headroom *headroom)
{
	return headroom->cost->first_entry_bytes + headroom->shadow_bytes;
}

bool headroom_exceeds_plan(const struct headroom *headroom)
{
	uint64_t more = measured(headroom) - planned(headroom);

	return measured(headroom) > planned(headroom) && more > 1ull << 20 &&
	       more > planned(headroom) / 50;
}

static json_t *trials_json(const struct headroom *headroom)
{
	json_t *trials = json_array();

	for (size_t i = 0; trials && i < headroom->count; i++) {
		const struct headroom_trial *trial = &headroom->trials[i];
		json_t *object = json_pack(
			"{s:s, s:o, s:b, s:o, s:o}",
			"what", trial->what == HEADROOM_BOOTED ? "booted" : "nested",
			"limit_bytes", value_known(trial->limit != UINT64_MAX, trial->limit),
			"survived", trial->survived,
			"peak_bytes", value_known(trial->peak.known, trial->peak.value),
			"oom_kills", value_u64(trial->kills));

		if (json_array_append_new(trials, object)) {
			json_decref(trials);
			return NULL;
		}
	}
	return trials;
}

json_t *headroom_json(const struct headroom *headroom, const struct host *host)
{
	const struct plan_cost *cost = headroom->cost;

	return json_pack("{s:s, s:{s:s}, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:{s:o, s:o, s:o}, "
			 "s:{s:o, s:o, s:o}, s:o}",
			 "schema", "minivmm.headroom/1",
			 "tool", "version", MINIVMM_VERSION,
			 "host", "kernel", value_text(host->kernel),
			 "hostname", value_text(host->hostname),
			 "model", "name", value_text(cost->model.name),
			 "why", value_text(cost->model.why),
			 "memory_bytes", value_u64(cost->memory),
			 "planned", "first_entry_bytes", value_u64(cost->first_entry_bytes),
			 "shadow_bytes", value_u64(headroom->shadow_bytes),
			 "headroom_bytes", value_u64(planned(headroom)),
			 "measured", "booted_bytes", value_u64(headroom->booted),
			 "limit_bytes", value_u64(headroom->nested),
			 "headroom_bytes", value_u64(measured(headroom)),
			 "trials", trials_json(headroom));
}

static void put_row(struct table *table, const char *what, struct amount amount, const char *note)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", what);
	table_cell(table, "%s", amount_bytes(text, amount));
	table_cell(table, "%s", amount_exact(text, amount));
	table_cell(table, "%s", note);
}

static int put_table(const json_t *headroom, FILE *out)
{
	static const struct table_column columns[] = {
		{ "", false }, { "", true }, { "bytes", true }, { "", false },
	};
	struct amount planned = amount_at(headroom, "planned.headroom_bytes");
	struct amount measured = amount_at(headroom, "measured.headroom_bytes");
	struct table table = TABLE(columns);

	put_row(&table, "booted VM", amount_at(headroom, "measured.booted_bytes"), "measured: least memory.max");
	put_row(&table, "with a nested guest", amount_at(headroom, "measured.limit_bytes"),
		"measured: least memory.max");
	put_row(&table, "headroom", measured, "measured: their difference");
	put_row(&table, "first entry", amount_at(headroom, "planned.first_entry_bytes"), "planned");
	put_row(&table, "shadow pages", amount_at(headroom, "planned.shadow_bytes"), "planned for what it touches");
	put_row(&table, "headroom", planned, "planned: their sum");
	put_row(&table, "difference", amount_subtract(measured, planned), "measured less planned");
	return table_print(&table, out);
}

int headroom_text(const json_t *headroom, FILE *out)
{
	const char *kernel = value_string(headroom, "host.kernel");
	size_t runs = json_array_size(value_at(headroom, "trials"));
	char one[AMOUNT_TEXT], other[AMOUNT_TEXT];
	int rc;

	text_paragraph(out, 0, 2, "HEADROOM: the first nested guest took %s more than the booted VM, planned %s; "
		       "kernel %s", amount_bytes(one, amount_at(headroom, "measured.headroom_bytes")),
		       amount_bytes(other, amount_at(headroom, "planned.headroom_bytes")), kernel ? kernel : "-");
	fputc('\n', out);
	rc = put_table(headroom, out);
	fprintf(out, "\n%zu run%s, each in a cgroup of its own\n", runs, runs == 1 ? "" : "s");
	return rc;
}

int headroom_csv(const json_t *headroom, FILE *out)
{
	static const char *const columns[] = {
		"what", "limit_bytes", "survived", "peak_bytes", "oom_kills",
	};

	csv_table(out, value_at(headroom, "trials"), columns, sizeof(columns) / sizeof(columns[0]));
	return 0;
}
