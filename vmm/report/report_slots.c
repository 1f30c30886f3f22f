// SPDX-License-Identifier: GPL-2.0-only
#include "report/report_slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

int footprint_set(json_t *object, const struct footprint *footprint, bool known)
{
	for (int array = 0; array < ARRAY_COUNT; array++) {
		const char *key = array_bytes_key((enum array)array);

		if (json_object_set_new(object, key, value_known(known, footprint->bytes[array])))
			return -ENOMEM;
	}
	return 0;
}

json_t *footprint_json(const struct footprint *footprint, bool known)
{
	json_t *object = json_object();

	if (object && footprint_set(object, footprint, known)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Slots from the index-th on whose index, id and base count up, all else equal: how many. */
static size_t row_length(const struct layout *layout, const struct model *model, size_t index,
			 struct footprint *all)
{
	const struct slot *first = &layout->slots[index];
	size_t end = index + 1;

	*all = (struct footprint){ 0 };
	if (model)
		model_slot(model, first, all);
	for (; end < layout->count && layout->slots[end].cfg == first->cfg; end++) {
		struct footprint other = { 0 };

		if (model)
			model_slot(model, &layout->slots[end], &other);
		if (memcmp(all, &other, sizeof(other)) ||
		    layout->slots[end].id != first->id + (end - index))
			break;
	}
	return end - index;
}

static json_t *slot_json(const char *name, const struct slot *slot, const struct footprint *all, bool known)
{
	return json_pack("{s:o, s:I, s:s, s:o, s:o, s:o}",
			 "name", value_text(name),
			 "id", (json_int_t)(slot->id & 0xffff),
			 "space", slot->id >> 16 ? "smm" : "normal",
			 "base", value_u64(slot->base),
			 "size", value_u64(slot->size),
			 "predicted", footprint_json(all, known));
}

static json_t *row_json(const struct layout *layout, const struct slot *slot, size_t count,
			const struct footprint *all, bool known)
{
	const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];
	char name[CONFIG_NAME_MAX + 16];
	json_t *row = slot_json(slot_name(layout, slot, name), slot, all, known);

	if (row && count > 1 &&
	    json_object_set_new(row, SLOTS_REPEAT,
				json_pack("{s:I, s:o}", "count", (json_int_t)count,
					  "stride", value_u64(cfg->stride)))) {
		json_decref(row);
		return NULL;
	}
	return row;
}

static int append_rows(json_t *slots, const struct layout *layout, const struct model *model)
{
	size_t count;
	int code = 0;

	for (size_t i = 0; !code && i < layout->count; i += count) {
		struct footprint all;

		count = row_length(layout, model, i, &all);
		code = json_array_append_new(slots, row_json(layout, &layout->slots[i], count, &all, model != NULL));
	}
	return code;
}

static int append_implicit(json_t *slots, const struct layout *layout, const struct model *model)
{
	int code = 0;

	for (size_t i = 0; !code && i < layout->implicit_count; i++) {
		const struct slot *slot = &layout->implicit[i];
		struct footprint all = { 0 };

		if (model)
			model_slot(model, slot, &all);
		code = json_array_append_new(slots, slot_json(layout->implicit_names[i], slot, &all, model != NULL));
	}
	return code;
}

json_t *report_slots_json(const struct layout *layout, const struct model *model)
{
	json_t *slots = json_array();

	if (slots && !append_rows(slots, layout, model) && !append_implicit(slots, layout, model))
		return slots;
	json_decref(slots);
	return NULL;
}

int64_t slots_in_row(const json_t *slot)
{
	int64_t count;

	return value_int(slot, SLOTS_REPEAT ".count", &count) && count > 1 ? count : 1;
}

struct amount report_memory(const json_t *report)
{
	const json_t *slots = value_at(report, "slots"), *slot;
	struct amount memory = amount_at(report, "memory_bytes"), sum = AMOUNT_ZERO;
	size_t i;

	/* Slots of SMM's address space mostly show the same memory again. */
	json_array_foreach(slots, i, slot) {
		const char *space = value_string(slot, "space");

		if (!space || !strcmp(space, "normal"))
			sum = amount_add(sum, amount_times(amount_at(slot, "size"),
							   slots_in_row(slot)));
	}
	return memory.known ? memory : sum;
}

/* The members of a row that its slots have in common, as the end of an object; to be freed. */
static char *common_members(const json_t *row)
{
	json_t *rest = json_copy((json_t *)row);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (rest && out) {
		json_object_del(rest, "name");
		json_object_del(rest, "id");
		json_object_del(rest, "base");
		json_object_del(rest, SLOTS_REPEAT);
		value_write(rest, out, 0, "");
	}
	json_decref(rest);
	if (!out || !fclose(out))
		return text;
	free(text);
	return NULL;
}

/* KVM has fewer slots (KVM_MEM_SLOTS_NUM). A report from elsewhere may say any number, which would fill a disk. */
#define ROW_MOST 65536

/* A name of a config needs no escapes in JSON; one of a loaded report may. */
static bool is_plain(const char *name)
{
	while (*name >= ' ' && *name < 0x7f && *name != '"' && *name != '\\')
		name++;
	return !*name;
}

static void write_row(const json_t *row, FILE *out)
{
	const char *name = value_string(row, "name"), *bracket = name ? strrchr(name, '[') : NULL;
	int64_t count, stride, id, base;
	char *common;

	if (!bracket || !is_plain(name) || !value_int(row, SLOTS_REPEAT ".count", &count) || count > ROW_MOST ||
	    !value_int(row, SLOTS_REPEAT ".stride", &stride) || !value_int(row, "id", &id) ||
	    !value_int(row, "base", &base)) {
		value_write(row, out, 0, "");
		return;
	}
	common = common_members(row);
	for (int64_t i = 0, index = atoll(bracket + 1); common && i < count; i++)
		fprintf(out, "%s{\"name\": \"%.*s[%lld]\", \"id\": %lld, \"base\": %lld, %s",
			i ? ",\n    " : "", (int)(bracket - name), name, (long long)(index + i),
			(long long)(id + i), (long long)(base + i * stride), common + 1);
	free(common);
}

void report_slots_write(const json_t *slots, FILE *out)
{
	const json_t *row;
	size_t i;

	fputs("[", out);
	json_array_foreach(slots, i, row) {
		fputs(i ? ",\n    " : "\n    ", out);
		write_row(row, out);
	}
	fputs(json_array_size(slots) ? "\n  ]" : "]", out);
}
