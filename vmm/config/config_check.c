// SPDX-License-Identifier: GPL-2.0-only
#include "config/config_checker.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"
#include "config/ops.h"
#include "minivmm_abi.h"

#define STRESS_DURATION 10000000000ull	/* phase.NAME.duration = auto */

static const char *name_of(const struct ini_section *section)
{
	const char *dot = strchr(section->name, '.');

	return dot ? dot + 1 : "";
}

/*
 * The overrides of the command line have made a [KIND.NAME] that lacks something: a section of the
 * files with a name near to that was meant. False: there is none.
 */
static bool suggest_section(struct checker *checker, const struct ini_section *section)
{
	struct suggestion meant = SUGGESTION(name_of(section));
	size_t count;
	const struct section *kind = &sections(&count)[section->kind];

	/* Only a section of a file has a header. */
	if (section->header.file)
		return false;
	for (size_t i = 0; i < checker->ini->count; i++)
		if (checker->ini->sections[i]->kind == section->kind &&
		    checker->ini->sections[i]->header.file)
			suggest_try(&meant, name_of(checker->ini->sections[i]));
	if (meant.best)
		diag_add(checker->diags, section->at, section->name, NULL, NULL,
			 "no %s %s; did you mean %s?", kind->name, meant.word, meant.best);
	return meant.best;
}

static void check_required(struct checker *checker, const struct ini_section *section)
{
	size_t count;
	const struct key *list = keys(&count);

	if (section->incomplete || checker->ini->incomplete)
		return;
	for (size_t i = 0; i < count; i++)
		if (list[i].required && (int)list[i].kind == section->kind &&
		    !ini_entry(section, list[i].name)) {
			if (suggest_section(checker, section))
				return;
			diag_add(checker->diags, section->at, section->name, list[i].name, NULL,
				 "is missing");
		}
}

/* The memslot that entry names. If there is none, it is an error, and NULL. */
static const struct memslot_cfg *find_memslot(struct checker *checker,
					      const struct ini_section *section,
					      const struct ini_entry *entry)
{
	const struct config *config = checker->config;
	struct suggestion meant = SUGGESTION(entry->value);
	const struct ini_section *found;
	char name[sizeof("memslot.") + CONFIG_NAME_MAX];

	snprintf(name, sizeof(name), "memslot.%s", entry->value);
	found = ini_section(checker->ini, name);
	if (found && found->kind == KIND_MEMSLOT)
		return &config->memslots[found->index];
	if (checker->ini->incomplete)
		return NULL;
	for (size_t i = 0; i < config->memslot_count; i++)
		suggest_try(&meant, config->memslots[i].name);
	diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
		 "there is no [memslot.%s]%s%s%s", entry->value,
		 meant.best ? "; did you mean " : "", meant.best ? meant.best : "",
		 meant.best ? "?" : "");
	return NULL;
}

static void check_alias(struct checker *checker, const struct ini_section *section,
			const struct memslot_cfg *slot)
{
	const struct ini_entry *entry = set_well(section, "alias");
	const struct ini_entry *offset = set_well(section, "alias-offset");
	const struct memslot_cfg *target = entry ? find_memslot(checker, section, entry) : NULL;
	const struct key *list;
	size_t count;

	if (target == slot)
		complain(checker, section, entry, "a memslot can't be an alias of itself");
	else if (target && target->alias)
		complain(checker, section, entry,
			 "is an alias, too: name the memslot that has the memory");
	if (!slot->alias && offset)
		complain(checker, section, offset, "has no effect without alias");
	if (!entry)
		return;
	list = keys(&count);
	for (size_t i = 0; i < count; i++) {
		const struct ini_entry *useless =
			list[i].backed ? set_well(section, list[i].name) : NULL;

		if (useless)
			complain(checker, section, useless,
				 "has no effect: an alias shows the memory of another memslot");
	}
}

/* An alias can set neither kind nor plugged: check_alias() complains about both. */
static void check_plugged(struct checker *checker, const struct ini_section *section,
			  struct memslot_cfg *slot)
{
	const struct ini_entry *entry = set_well(section, "plugged");

	if (key_is_unset(key_find(KIND_MEMSLOT, "plugged"), slot))
		slot->plugged = slot->size;
	else if (entry && slot->kind == SLOT_DEVICE && !slot->alias)
		complain(checker, section, entry,
			 "has no effect with kind = device: its memory is not the guest's RAM");
}

static void check_memslot(struct checker *checker, const struct ini_section *section)
{
	struct memslot_cfg *slot = &checker->config->memslots[section->index];
	const struct ini_entry *stride = set_well(section, "stride");

	if (!slot->stride)
		slot->stride = slot->size;
	else if (stride && slot->stride < slot->size)
		complain(checker, section, stride,
			 "is less than size: the slots of the row would overlap");
	check_plugged(checker, section, slot);
	check_alias(checker, section, slot);
}

/* A key that has no effect with the phase's `do` is a mistake. fits: the payload can do it, and its keys are checked, too. */
static void check_use(struct checker *checker, const struct ini_section *section, int what, bool fits)
{
	size_t count;
	const struct key *list = keys(&count);

	for (size_t i = 0; i < count; i++) {
		const struct ini_entry *entry = set_well(section, list[i].name);

		if (!entry || list[i].kind != KIND_PHASE)
			continue;
		if (list[i].with_do && !(list[i].with_do & 1u << what))
			diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
				 "has no effect with do = %s", phase_do_name(what));
		else if (fits)
			check_payload_key(checker, section, &list[i]);
	}
}

/* Ops that change L2's NPT/EPT entries need a phase whose L2 has some. */
static void check_nested_paging(struct checker *checker, const struct ini_section *section)
{
	const struct config *config = checker->config;
	const struct phase_cfg *phase = &config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "nested-paging");

	if (phase->what == DO_STRESS && !phase->nested_paging && entry &&
	    op_traits_of(config, NULL) & OP_NEEDS_NESTED_PAGING)
		complain(checker, section, entry,
			 "must be on: the ops of workers change L2's NPT/EPT tables");
}

/* The phase before this one that deletes the memslot, or NULL. */
static const struct phase_cfg *deleted_before(const struct config *config,
					      const struct phase_cfg *phase, const char *slot)
{
	for (const struct phase_cfg *other = config->phases; other < phase; other++)
		if (other->what == DO_SLOT_DELETE && other->slot && !strcmp(other->slot, slot))
			return other;
	return NULL;
}

/* vCPUs do the ops of VCPU_OPS instead of the phase's load, and L2 runs in all of these. */
static void check_load(struct checker *checker, const struct ini_section *section)
{
	struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "load");

	if (phase_counts_aliases(phase))
		phase->load = LOAD_L2;
	if (phase->what != DO_STRESS || !(op_traits_of(checker->config, NULL) & OP_IN_GUEST))
		return;
	if (entry)
		complain(checker, section, entry,
			 "has no effect: the ops of workers decide what the vCPUs do");
	phase->load = LOAD_L2;
}

/* How the workers of a stress phase have KVM log pages anew. */
static void check_stress_protect(struct checker *checker, const struct ini_section *section)
{
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "protect");
	bool clears = op_traits_of(checker->config, NULL) & OP_NEEDS_MANUAL_LOG;

	if (!entry || phase->what != DO_STRESS)
		return;
	if (!clears)
		complain(checker, section, entry, "has no effect: no worker clears the log");
	else if (phase->protect == PROTECT_BY_GET)
		complain(checker, section, entry, "must be manual or initially-set: a worker clears the log");
}

/* A guest of the user's writes what it likes. */
static uint64_t default_touch(const struct phase_cfg *phase)
{
	if (phase->goes_on)
		return 0;
	if (phase_counts_aliases(phase))
		return ABI_COUNTED_PAGES * ABI_PAGE_SIZE;
	if (phase_owns_slot(phase))
		return 1ull << 20;
	return phase->what == DO_TOUCH || phase->what == DO_STRESS ? 64ull << 20 : 0;
}

/* DAMON leaves out the pages that a CPU has not brought to the kernel's lists yet, some tens (damon_get_folio()). */
#define AGE_LEAST (1u << 20)

/* The pages that the built-in payload writes lie in the first slot of the row, and are written by nobody else. */
static void check_owned_pages(struct checker *checker, const struct ini_section *section,
			      const struct ini_entry *entry, const struct memslot_cfg *slot)
{
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	uint64_t last = phase->touch / 4096 - 1, end;

	if (!phase->touch)
		diag_add(checker->diags, section->at, section->name, "touch", NULL,
			 "is 0: no page would be written");
	else if (phase->aliases && slot->kind == SLOT_RAM && slot->plugged < phase->touch)
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "has no room for the %u pages of aliases = yes", ABI_COUNTED_PAGES);
	else if (slot->kind == SLOT_RAM && (__builtin_mul_overflow(last, phase->stride, &end) ||
					    end >= slot->plugged || slot->plugged - end < 4096))
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "has no room for touch = %llu bytes with stride = %llu",
			 (unsigned long long)phase->touch, (unsigned long long)phase->stride);
}

static bool has_alias(const struct config *config, const struct memslot_cfg *slot)
{
	for (size_t i = 0; i < config->memslot_count; i++) {
		const char *alias = config->memslots[i].alias;

		if (alias && !strcmp(alias, slot->name))
			return true;
	}
	return false;
}

/*
 * A dirty log and a discard need to know which pages are written by an alias, and that their memory is gone in each memslot that
 * shows it. What the other phases need is known of memory of its own alone.
 */
static bool may_own_alias(const struct phase_cfg *phase)
{
	return !phase->goes_on && !phase->aliases && (phase->what == DO_DIRTY_LOG || phase->what == DO_DISCARD);
}

static void check_owned_memory(struct checker *checker, const struct ini_section *section, const struct memslot_cfg *slot)
{
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct memslot_cfg *memory = memslot_memory(checker->config, slot);
	const struct ini_entry *entry = set_well(section, "slot");

	if ((slot->alias && !may_own_alias(phase)) || memory->backing == BACKING_GUEST_MEMFD)
		complain(checker, section, entry, "must have memory of its own in the VMM: no alias, no guest-memfd");
	if (slot->alias && memory->kind == SLOT_DEVICE)
		complain(checker, section, entry, "shows a device, where no phase writes");
	/* A pool's memory is taken back by its own pages, and taken anew at their boundaries. */
	if (phase->what == DO_DISCARD && slot->alias && slot->alias_offset % memslot_page_size(memory))
		complain(checker, section, entry, "begins within a huge page of hugetlbfs, which is taken back whole: see alias-offset");
	/* What other VMs write there is neither the passes' nor in this VM's log. */
	if (memory->backing == BACKING_FILE && (phase->what != DO_DIRTY_LOG || phase->goes_on || phase->aliases))
		complain(checker, section, entry, "is a file, which other VMs may write: take a memfd");
}

static void check_owned(struct checker *checker, const struct ini_section *section,
			const struct memslot_cfg *slot)
{
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "slot"), *how = set_well(section, "how");

	if (slot->flags & SLOT_READONLY)
		complain(checker, section, entry, "is read-only: nothing can be written there");
	check_owned_memory(checker, section, slot);
	if (phase_counts_aliases(phase) && slot->base % (2 << 20))
		complain(checker, section, entry, "must begin at a multiple of 2M, where L2's aliases are");
	/* KVM logs what is written through the alias in the alias's slot. */
	if (phase->goes_on && has_alias(checker->config, slot))
		complain(checker, section, entry, "is shown by an alias, through which the guest may write what this slot's log does not name");
	if (!phase->goes_on)
		check_owned_pages(checker, section, entry, slot);
	if (phase->protect != PROTECT_BY_GET && checker->config->vm.dirty_ring)
		complain(checker, section, set_well(section, "protect"),
			 "needs a dirty bitmap, which vm.dirty-ring replaces");
	if (how && !phase->how)
		complain(checker, section, how, "must name at least one way");
	if (phase->what == DO_AGE && phase->touch && phase->touch < AGE_LEAST)
		complain(checker, section, set_well(section, "touch"), "is too little for what DAMON looks at: 1M is the least");
}

_Static_assert(ABI_LEAF_PAGES * ABI_PAGE_SIZE == 32 << 10, "check_nested_pages() says 32K");

static void check_nested_pages(struct checker *checker, const struct ini_section *section)
{
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "nested-pages");

	if (entry && phase->nested_pages == NESTED_4K &&
	    !(phase->nested_paging && phase_needs_nesting(checker->config, phase)))
		complain(checker, section, entry, "has no effect: no L2 runs under NPT/EPT in this phase");
	else if (entry && phase->nested_pages == NESTED_4K && phase->what == DO_TABLES &&
		 phase->touch / ABI_PAGE_SIZE < ABI_LEAF_PAGES)
		complain(checker, section, entry, "needs a touch of 32K at least with do = tables");
}

/* The pages are those of do = alias-counts, and the log is taken up anew by getting it. */
static void check_aliases(struct checker *checker, const struct ini_section *section)
{
	static const char *const fixed[] = { "touch", "stride", "protect", "load" };
	const struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *entry = set_well(section, "aliases");

	if (!entry || !phase->aliases || phase->what != DO_DIRTY_LOG)
		return;
	if (!phase->nested_paging)
		complain(checker, section, entry, "needs nested-paging = yes: the aliases are in L2's NPT/EPT tables");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (set_well(section, fixed[i]))
			complain(checker, section, set_well(section, fixed[i]), "has no effect with aliases");
}

static void check_phase(struct checker *checker, const struct ini_section *section)
{
	struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct key *touch = key_find(KIND_PHASE, "touch");
	const struct ini_entry *entry = set_well(section, "slot");
	const struct memslot_cfg *slot = entry ? find_memslot(checker, section, entry) : NULL;
	const struct phase_cfg *gone = slot ? deleted_before(checker->config, phase, slot->name) : NULL;

	if (slot && slot->space != SPACE_NORMAL)
		complain(checker, section, entry, "is in space smm, where no phase writes");
	if (slot && slot->kind == SLOT_DEVICE && phase_runs_guest(phase))
		complain(checker, section, entry, "is a device, where no phase writes");
	if (gone)
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "is gone: [phase.%s] has deleted it", gone->name);
	/* kvm_set_memory_region(), 6.8: such a slot can only be made and deleted. */
	if (slot && phase->what == DO_SLOT_MOVE && slot->backing == BACKING_GUEST_MEMFD)
		complain(checker, section, entry, "is guest-memfd memory, whose slots KVM does not move");
	phase->goes_on = checker->config->guest.payload != PAYLOAD_NESTED;
	if (key_is_unset(touch, phase))
		phase->touch = default_touch(phase);
	if ((!phase_runs_guest(phase) || phase_owns_slot(phase)) && set_well(section, "do") &&
	    !ini_entry(section, "slot"))
		diag_add(checker->diags, section->at, section->name, "slot", NULL,
			 "is missing: do = %s needs a memslot to %s", phase_do_name(phase->what),
			 phase->what == DO_SLOT_DELETE ? "delete" :
			 phase->what == DO_SLOT_MOVE ? "move" : "work on");
	if (slot && phase_owns_slot(phase))
		check_owned(checker, section, slot);
	if (set_well(section, "do"))
		check_use(checker, section, phase->what, check_run_phase(checker, section));
	if (phase->what == DO_STRESS && !phase->duration && !phase->iterations && phase->until == UNTIL_AUTO)
		phase->duration = STRESS_DURATION;
	check_nested_paging(checker, section);
	check_load(checker, section);
	check_stress_protect(checker, section);
	check_aliases(checker, section);
	check_nested_pages(checker, section);
}

/* A slot for L1's nested tables is memory of its own, where nobody else writes. */
static void check_guest(struct checker *checker, const struct ini_section *section)
{
	const struct config *config = checker->config;
	const struct ini_entry *entry = set_well(section, "tables");
	const struct memslot_cfg *slot = entry ? find_memslot(checker, section, entry) : NULL;

	check_payload_keys(checker, section);
	if (!slot)
		return;
	if (slot->space != SPACE_NORMAL || slot->kind == SLOT_DEVICE || slot->alias ||
	    slot->flags & SLOT_READONLY)
		complain(checker, section, entry, "must be writable RAM of space normal, and no alias");
	for (size_t i = 0; i < config->phase_count; i++)
		if (phase_runs_guest(&config->phases[i]) && config->phases[i].slot &&
		    !strcmp(config->phases[i].slot, slot->name))
			diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
				 "is where [phase.%s] writes", config->phases[i].name);
}

/* Keys that have no effect with the worker's op. */
static void check_useless(struct checker *checker, const struct ini_section *section,
			  const struct op_info *op)
{
	static const struct {
		const char *key;
		unsigned int only, never;	/* enum op_trait */
	} rules[] = {
		{ "slot", OP_NEEDS_SLOT, 0 }, { "rate", 0, OP_IN_GUEST }, { "threads", 0, OP_IN_GUEST },
		{ "first-round", 0, OP_IN_GUEST },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct ini_entry *entry = set_well(section, rules[i].key);

		if (entry && ((rules[i].only && !(op->traits & rules[i].only)) ||
			      op->traits & rules[i].never))
			diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
				 "has no effect with op = %s", op->name);
	}
}

/* Dirty pages are logged either in bitmaps or in rings. */
static void check_log(struct checker *checker, const struct ini_section *section,
		      const struct op_info *op)
{
	const struct ini_entry *entry = set_well(section, "op");
	bool ring = checker->config->vm.dirty_ring;

	if (ring && op->traits & OP_NEEDS_BITMAP)
		complain(checker, section, entry,
			 "needs a dirty bitmap, which vm.dirty-ring replaces");
	if (!ring && op->traits & OP_NEEDS_RING)
		complain(checker, section, entry, "needs a dirty ring: set vm.dirty-ring");
}

/* The slot must be there in every stress phase, as the worker runs in all of them. */
static void check_worker_slot(struct checker *checker, const struct ini_section *section)
{
	const struct config *config = checker->config;
	const struct ini_entry *entry = set_well(section, "slot");

	for (size_t i = 0; entry && i < config->phase_count; i++) {
		const struct phase_cfg *gone = deleted_before(config, &config->phases[i], entry->value);

		if (config->phases[i].what != DO_STRESS || !gone)
			continue;
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "is gone when [phase.%s] begins: [phase.%s] has deleted it",
			 config->phases[i].name, gone->name);
		return;
	}
}

static void check_worker(struct checker *checker, const struct ini_section *section)
{
	const struct worker_cfg *worker = &checker->config->workers[section->index];
	const struct op_info *op = op_info(worker->op);
	const struct ini_entry *entry = set_well(section, "slot");
	const struct memslot_cfg *slot = entry ? find_memslot(checker, section, entry) : NULL;

	if (!set_well(section, "op"))
		return;
	check_useless(checker, section, op);
	check_log(checker, section, op);
	if (op->traits & OP_NEEDS_SLOT && !ini_entry(section, "slot"))
		diag_add(checker->diags, section->at, section->name, "slot", NULL,
			 "is missing: op = %s works on a memslot", op->name);
	if (slot && slot->space != SPACE_NORMAL)
		complain(checker, section, entry, "is in space smm, where no worker works");
	if (slot && memslot_holds_tables(checker->config, slot) &&
	    op->traits & (OP_REMOVES_SLOT | OP_LOSES_DATA | OP_WRITE_PROTECTS))
		complain(checker, section, entry, "holds L1's nested tables, which L2 needs all the time");
	check_real_guest_worker(checker, section, slot);
	check_worker_slot(checker, section);
}

/* Workers need a stress phase. */
static void check_workers_used(struct checker *checker)
{
	const struct config *config = checker->config;
	char name[sizeof("worker.") + CONFIG_NAME_MAX];

	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].what == DO_STRESS)
			return;
	if (!config->worker_count)
		return;
	snprintf(name, sizeof(name), "worker.%s", config->workers[0].name);
	diag_add(checker->diags, config->workers[0].at, name, NULL, NULL,
		 "no phase with do = stress runs it");
}

static void check_ring(struct checker *checker)
{
	const struct ini_section *section = ini_section(checker->ini, "vm");
	const struct ini_entry *entry = section ? set_well(section, "dirty-ring") : NULL;
	uint64_t size = checker->config->vm.dirty_ring;

	if (entry && size & (size - 1))
		complain(checker, section, entry, "must be a power of two");
}

static void check_whole(struct checker *checker)
{
	const struct config *config = checker->config;
	struct origin top = { checker->ini->files[0].name, 1 };
	size_t normal = 0;

	for (size_t i = 0; i < config->memslot_count; i++)
		normal += config->memslots[i].space == SPACE_NORMAL;
	if (!normal)
		diag_add(checker->diags, top, "memslot", NULL, NULL,
			 "there is no [memslot.NAME]%s: a VM needs memory",
			 config->memslot_count ? " in space normal" : "");
	if (!config->phase_count && checker->runs)
		diag_add(checker->diags, top, "phase", NULL, NULL,
			 "there is no [phase.NAME]: nothing would run");
	if (config->phase_count || checker->runs)
		check_workers_used(checker);
	check_ring(checker);
	check_payload(checker);
}

void config_check(struct config *config, const struct ini *ini, bool runs, struct diags *diags)
{
	struct checker checker = { config, ini, diags, runs };

	for (size_t i = 0; i < ini->count; i++) {
		const struct ini_section *section = ini->sections[i];

		if (section->kind < 0)
			continue;
		check_required(&checker, section);
		if (section->kind == KIND_GUEST)
			check_guest(&checker, section);
		else if (section->kind == KIND_MEMSLOT)
			check_memslot(&checker, section);
		else if (section->kind == KIND_PHASE)
			check_phase(&checker, section);
		else if (section->kind == KIND_WORKER)
			check_worker(&checker, section);
	}
	if (!ini->incomplete)
		check_whole(&checker);
}
