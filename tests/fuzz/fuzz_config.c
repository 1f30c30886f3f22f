// SPDX-License-Identifier: GPL-2.0-only
/*
 * A config: the file "main", its includes, and overrides, the lines of the file "args". What is
 * accepted is laid out and planned, its device tree is one that the payload accepts, and its
 * values, as texts, mean the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/layout.h"
#include "fuzz.h"
#include "fuzz_tree.h"
#include "report/plan_report.h"
#include "report/report_render.h"
#include "vm/device_tree.h"
#include "vm/payload.h"

#define OVERRIDES_MAX 512

struct overrides {
	char *list[OVERRIDES_MAX];
	size_t count;
};

static void add_override(struct overrides *overrides, char *text)
{
	if (overrides->count < OVERRIDES_MAX)
		overrides->list[overrides->count++] = text;
	else
		free(text);
}

static void free_overrides(struct overrides *overrides)
{
	for (size_t i = 0; i < overrides->count; i++)
		free(overrides->list[i]);
}

static void read_overrides(struct overrides *overrides)
{
	size_t size;
	const char *text = files_get("args", &size), *end = text ? text + size : NULL;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		add_override(overrides, strndup(text, length));
		text += length + 1;
	}
}

/* Every error names its place, once, on a line of its own. */
static void check_errors(int code, const struct errors *errors)
{
	MUST(!code == (!errors->count && !errors->lost));
	for (unsigned int i = 0; i < errors->count; i++)
		for (const char *c = errors->lines[i]; *c; c++)
			MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
}

/* What the config says, key by key, as an override would. */
static void write_overrides(const struct config *config, struct overrides *overrides)
{
	for (size_t i = 0; i < config->ini->count; i++) {
		const struct ini_section *section = config->ini->sections[i];
		enum section_kind kind = (enum section_kind)section->kind;

		for (size_t j = 0; kind != KIND_MINIVMM && j < section->count; j++) {
			const struct key *key = key_find(kind, section->entries[j].key);
			char *value = key_format(key, config_object(config, kind, section->index)), *text;

			MUST(*value);
			MUST(asprintf(&text, "%s.%s=%s", section->name, key->name, value) > 0);
			add_override(overrides, text);
			free(value);
		}
	}
}

static void check_echo(const struct config *config)
{
	struct overrides overrides = { 0 };
	struct errors errors = { 0 };
	struct config again;
	json_t *one, *other;

	write_overrides(config, &overrides);
	if (overrides.count < OVERRIDES_MAX) {
		MUST(!config_load("main", overrides.list, overrides.count, &again, &errors));
		one = config_json(config);
		other = config_json(&again);
		MUST(json_equal(one, other));
		json_decref(one);
		json_decref(other);
		config_free(&again);
	}
	free_overrides(&overrides);
}

static void check_tree(const struct layout *layout)
{
	struct payload payload;
	struct err err;
	void *tree;

	/* A kernel of the user's gets none, and its files are not read here. */
	if (layout->config->guest.payload != PAYLOAD_NESTED)
		return;
	if (payload_place(layout, (unsigned int)layout->config->vm.vcpus, 2, &payload, &err))
		return;
	MUST(!device_tree_make(layout, &payload, &tree, &err));
	MUST(tree_run(tree, payload.tree_size, layout->config->phase_count));
	free(tree);
}

static void check_plan(const struct layout *layout)
{
	struct plan_kernel kernels[PLAN_KERNELS];
	struct plan_cost costs[PLAN_KERNELS];
	FILE *out = fuzz_terminal();
	json_t *report;

	plan_kernels(kernels);
	for (size_t i = 0; i < PLAN_KERNELS; i++)
		plan_cost(layout, &kernels[i], &costs[i]);
	plan_worst_last(kernels, costs, PLAN_KERNELS);
	report = plan_report(layout, NULL, kernels, costs, PLAN_KERNELS, &(struct plan_scale){ .vms = 1, .echo = true });
	MUST(report);
	MUST(!report_text_plan(report, out));
	json_decref(report);
	fclose(out);
}

static void use(const struct config *config)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct layout layout;
	int code = layout_build(config, &limits, &layout, &errors);

	check_errors(code, &errors);
	if (!code) {
		check_tree(&layout);
		check_plan(&layout);
		layout_free(&layout);
	}
	errors_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct overrides overrides = { 0 };
	struct errors errors = { 0 };
	struct config config;
	int code;

	files_set(data, size);
	read_overrides(&overrides);
	code = config_load("main", overrides.list, overrides.count, &config, &errors);
	check_errors(code, &errors);
	if (!code) {
		check_echo(&config);
		use(&config);
		config_free(&config);
	}
	errors_free(&errors);
	free_overrides(&overrides);
	files_clear();
	return 0;
}
