// SPDX-License-Identifier: GPL-2.0-only
#include "vm/device_tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/ops.h"
#include "minivmm_abi.h"
#include "vm/payload.h"

/*
 * libfdt's sequential-write calls. The first error is kept, so that the calls below read like the
 * source of the tree.
 */
struct writer {
	void *tree;
	int error;
};

static void check(struct writer *w, int error)
{
	if (!w->error)
		w->error = error;
}

static void node(struct writer *w, const char *name)
{
	check(w, fdt_begin_node(w->tree, name));
}

static void end_node(struct writer *w)
{
	check(w, fdt_end_node(w->tree));
}

static void u32(struct writer *w, const char *name, uint32_t value)
{
	check(w, fdt_property_u32(w->tree, name, value));
}

static void u64(struct writer *w, const char *name, uint64_t value)
{
	check(w, fdt_property_u64(w->tree, name, value));
}

static void string(struct writer *w, const char *name, const char *value)
{
	check(w, fdt_property_string(w->tree, name, value));
}

static void flag(struct writer *w, const char *name)
{
	check(w, fdt_property(w->tree, name, NULL, 0));
}

static void range(struct writer *w, const char *name, uint64_t base, uint64_t size)
{
	fdt64_t cells[2] = { cpu_to_fdt64(base), cpu_to_fdt64(size) };

	check(w, fdt_property(w->tree, name, cells, sizeof(cells)));
}

/*
 * How many slots of one row follow each other in gpa order, from the index-th by base on: slots of
 * other rows may lie between those of a row.
 */
static size_t run_length(const struct layout *layout, size_t index)
{
	uint32_t cfg = layout->slots[layout->by_base[index]].cfg;
	size_t end = index + 1;

	while (end < layout->normal_count && layout->slots[layout->by_base[end]].cfg == cfg)
		end++;
	return end - index;
}

size_t device_tree_bound(const struct layout *layout)
{
	size_t runs = 0;

	for (size_t i = 0; i < layout->normal_count; i += run_length(layout, i))
		runs++;
	return 8192 + layout->normal_count * 2 * sizeof(fdt64_t) +
	       (runs + layout->config->phase_count * (1 + layout->config->worker_count)) * 256;
}

/*
 * One memory node for the run of slots that begins with the index-th by base, if the guest has RAM
 * there: it writes to nothing else.
 */
static void memory_node(struct writer *w, const struct layout *layout, size_t index)
{
	size_t count = run_length(layout, index);
	const struct slot *first = &layout->slots[layout->by_base[index]];
	const struct memslot_cfg *cfg = &layout->config->memslots[first->cfg];
	void *reg = NULL;
	char name[40];

	if (!slot_ram(layout, first))
		return;
	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)first->base);
	node(w, name);
	string(w, "device_type", "memory");
	string(w, "minivmm,slot", cfg->name);
	if (cfg->flags & SLOT_READONLY)
		flag(w, "minivmm,read-only");
	if (cfg->alias)
		flag(w, "minivmm,alias");
	if (memslot_holds_tables(layout->config, cfg))
		flag(w, "minivmm,tables");
	/* A file may be the memory of several VMs at once. */
	if (cfg->backing == BACKING_FILE)
		flag(w, "minivmm,same");
	if (layout_traits(layout, first->cfg) & OP_LOSES_DATA)
		flag(w, "minivmm,lossy");
	check(w, fdt_property_placeholder(w->tree, "reg", (int)(count * 16), &reg));
	for (size_t i = 0; reg && i < count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[index + i]];
		fdt64_t cells[2] = { cpu_to_fdt64(slot->base), cpu_to_fdt64(slot_ram(layout, slot)) };

		memcpy((char *)reg + i * sizeof(cells), cells, sizeof(cells));
	}
	end_node(w);
}

static void minivmm_node(struct writer *w, const struct config *config,
			 const struct payload *payload)
{
	int break_what = config->selftest.break_what;

	node(w, "minivmm");
	u32(w, "abi", ABI_VERSION);
	u32(w, "port-base", ABI_PORT_BASE_DEFAULT);
	u32(w, "vcpus", payload->vcpus);
	range(w, "payload", payload->base, payload->size);
	u64(w, "vcpu-blocks", payload->vcpu_blocks);
	range(w, "table-pool", payload->pool, payload->pool_end - payload->pool);
	if (payload->losses)
		range(w, "losses", payload->losses, sizeof(struct abi_losses));
	u32(w, "page-level", (uint32_t)payload->page_level);
	if (break_what >= BREAK_SKIP_VMRUN && break_what <= BREAK_NO_TABLE_WRITE)
		string(w, "break", selftest_break_name(break_what));
	end_node(w);
}

/* What has a `load` the payload does as L2 or touch, and the VMM has it repeat that. */
static const char *payload_do(const struct phase_cfg *phase)
{
	if (phase_counts_aliases(phase))
		return phase_do_name(DO_ALIAS_COUNTS);
	if (!(key_find(KIND_PHASE, "load")->with_do & 1u << phase->what))
		return phase_do_name(phase->what);
	return phase_do_name(phase->load == LOAD_L2 ? DO_L2 : DO_TOUCH);
}

uint32_t device_tree_job(const struct config *config, size_t phase, size_t worker)
{
	return (uint32_t)(phase + config->phase_count * (1 + worker));
}

static void phase_node(struct writer *w, const struct config *config, size_t phase_index,
		       uint32_t index, const char *what)
{
	const struct phase_cfg *phase = &config->phases[phase_index];
	const struct memslot_cfg *own = phase_own_memslot(config, phase);
	char name[24];

	snprintf(name, sizeof(name), "phase@%x", index);
	node(w, name);
	u32(w, "reg", index);
	string(w, "do", what);
	if (phase->nested_paging)
		flag(w, "nested-paging");
	if (phase->nested_pages == NESTED_4K)
		flag(w, "small-pages");
	if (phase->own_tables)
		flag(w, "own-tables");
	u64(w, "touch", phase->touch);
	u64(w, "stride", phase->stride);
	u64(w, "pattern", phase->pattern);
	u64(w, "touch-base", memslot_base(config, phase->slot));
	if (own && own->alias)
		flag(w, "touch-aliases");
	if (phase->what == DO_AGE || phase->live)
		flag(w, "rewrite");
	else if (phase->what == DO_DISCARD || phase_counts_aliases(phase))
		flag(w, "read-first");
	end_node(w);
}

/* The nodes of a phase, and of the jobs that the payload does in it for workers. */
static void phase_nodes(struct writer *w, const struct config *config, size_t index)
{
	const struct phase_cfg *phase = &config->phases[index];

	if (phase_runs_guest(phase))
		phase_node(w, config, index, (uint32_t)index, payload_do(phase));
	for (size_t i = 0; phase->what == DO_STRESS && i < config->worker_count; i++) {
		const char *job = op_info(config->workers[i].op)->job;

		if (job)
			phase_node(w, config, index, device_tree_job(config, index, i), job);
	}
}

static void write_tree(struct writer *w, const struct layout *layout,
		       const struct payload *payload)
{
	const struct config *config = layout->config;

	check(w, fdt_finish_reservemap(w->tree));
	node(w, "");
	u32(w, "#address-cells", 2);
	u32(w, "#size-cells", 2);
	for (size_t i = 0; i < layout->normal_count; i += run_length(layout, i))
		memory_node(w, layout, i);
	minivmm_node(w, config, payload);
	node(w, "scenario");
	u32(w, "#address-cells", 1);
	u32(w, "#size-cells", 0);
	for (size_t i = 0; i < config->phase_count; i++)
		phase_nodes(w, config, i);
	end_node(w);
	end_node(w);
	check(w, fdt_finish(w->tree));
}

int device_tree_make(const struct layout *layout, const struct payload *payload, void **tree,
		     struct err *err)
{
	struct writer w = { .tree = calloc(1, payload->tree_size) };

	if (!w.tree)
		return err_set(err, ENOMEM, "no memory for the device tree");
	w.error = fdt_create(w.tree, (int)payload->tree_size);
	write_tree(&w, layout, payload);
	if (w.error) {
		free(w.tree);
		return err_set(err, EINVAL, "libfdt: the device tree: %s", fdt_strerror(w.error));
	}
	*tree = w.tree;
	return 0;
}
