// SPDX-License-Identifier: GPL-2.0-only
#include "nested_run.h"

#include "cpu.h"
#include "memory.h"
#include "report.h"
#include "touch.h"

/*
 * The NPT/EPT tables of L2, the same for all vCPUs: one set by the largest pages, one by 4K pages. The first vCPU that needs a set
 * makes it.
 */
static struct {
	bool lock;
	struct range pool;	/* what is left of it once a set was made */
	struct {
		bool made;	/* root is final, 0: the pool was too small */
		uint64_t root;
	} large, small;
} map;

static uint64_t *table_at(void *ctx, uint64_t gpa)
{
	(void)ctx;
	return (uint64_t *)gpa;
}

uint64_t nested_build_map(const struct tree *tree, struct pt_format format, int page_level, struct range *pool)
{
	struct memory memory = memory_start(tree, MEMORY_ALL);
	struct pt pt = {
		.format = format,
		.page_level = page_level,
		.next = pool->base,
		.end = pool->base + pool->size,
		.table = table_at,
	};

	while (memory_next(&memory))
		if (!pt_map(&pt, memory.base, memory.end - memory.base))
			return 0;
	*pool = (struct range){ pt.next, pt.end - pt.next };
	return pt.root;
}

uint64_t nested_map_root(const struct tree *tree, struct pt_format format, bool small_pages)
{
	typeof(&map.large) set = small_pages ? &map.small : &map.large;

	while (__atomic_test_and_set(&map.lock, __ATOMIC_ACQUIRE))
		cpu_relax();
	if (!map.large.made && !map.small.made)
		map.pool = tree->table_pool;
	if (!set->made) {
		set->root = nested_build_map(tree, format, small_pages ? 1 : tree->page_level, &map.pool);
		set->made = true;
	}
	__atomic_clear(&map.lock, __ATOMIC_RELEASE);
	return set->root;
}

enum abi_status nested_report_exit(struct cpu *cpu, const struct l2_exit *exit,
				   enum abi_status status, const char *message)
{
	struct abi_report *report = cpu->report;

	report->vector = exit->vector;
	report->instruction_error = exit->instruction_error;
	report->error_code = exit->error_code;
	report->rip = exit->rip;
	report->cr2 = exit->cr2;
	report->exit_code = exit->code;
	report->exit_info[0] = exit->info[0];
	report->exit_info[1] = exit->info[1];
	return report_failure(cpu, status, message);
}

void nested_enter(struct cpu *cpu, const struct nested_ops *ops, struct l2_exit *exit)
{
	do {
		*exit = (struct l2_exit){ 0 };
		ops->enter(cpu, exit);
	} while (exit->kind == L2_INTERRUPTED);
}

enum abi_status nested_enter_until(struct cpu *cpu, const struct nested_ops *ops,
				   enum l2_call call)
{
	struct l2_exit exit;

	do {
		/*
		 * Where the VMM puts the vCPU into L2, L1 enters nothing; KVM does not count it
		 * either.
		 */
		bool entry = !cpu->restore;

		exit = (struct l2_exit){ 0 };
		ops->enter(cpu, &exit);
		if (exit.kind == L2_NOT_ENTERED)
			return nested_report_exit(cpu, &exit, ABI_ENTRY_FAILED, "");
		cpu->report->l2_entries += entry;
	} while (exit.kind == L2_INTERRUPTED ||
		 (exit.kind == L2_MISSED && own_map_give(&cpu->own_map, exit.info[1])));

	if (exit.kind == L2_CALLED && exit.call == call)
		return ABI_OK;
	return nested_report_exit(cpu, &exit, ABI_L2_EXIT,
			   exit.kind == L2_CALLED ? "L2 called L1 out of turn" : "");
}

/* With own tables whose entries come and go, L2 starts each time without them. */
static void forget(struct cpu *cpu, const struct nested_ops *ops)
{
	if (!cpu->own_map.churns)
		return;
	own_map_forget(&cpu->own_map);
	ops->flush();
}

enum abi_status nested_run_l2(struct cpu *cpu, const struct nested_ops *ops, bool restore)
{
	enum abi_status status;

	cpu->restore = restore;
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTER);
	status = nested_enter_until(cpu, ops, L2_HELLO);
	if (status != ABI_OK)
		return status;
	forget(cpu, ops);
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTERED);
	status = nested_enter_until(cpu, ops, L2_DONE);
	cpu->report->l2_pages += cpu->job.pages;
	return status;
}

enum abi_status nested_enable(struct cpu *cpu, const struct nested_ops *ops, bool nested_paging)
{
	const char *lacks = ops->lacks(nested_paging, cpu->tree.page_level);

	if (!lacks && !cpu->nested_enabled)
		lacks = ops->enable(cpu);
	if (lacks)
		return report_failure(cpu, ABI_UNSUPPORTED, lacks);
	cpu->nested_enabled = true;
	return ABI_OK;
}

static bool has_aliases(const struct phase *phase)
{
	return phase->what == DO_ALIAS || phase->what == DO_ALIAS_COUNTS;
}

/* The gpa at which this vCPU's aliases begin. */
static uint64_t alias_base(const struct cpu *cpu, const struct touch *touch)
{
	const struct range *payload = &cpu->tree.payload;
	uint64_t base = touch->base, page = pt_level_size(2);

	if (base < payload->base + payload->size)
		base = payload->base + payload->size;
	return ((base + page - 1) & -page) + cpu->index * page;
}

/*
 * Its tables with counted aliases are there from the pass before, and stay untouched: where L1 writes to what KVM shadows again
 * and again, KVM forgets all that it has mapped by it (detect_write_flooding(), 6.12), even if the values are the same.
 */
static bool has_own_map(const struct cpu *cpu, const struct phase *phase, uint64_t shared, uint64_t gpa)
{
	const struct own_map *own = &cpu->own_map;

	return phase->what == DO_ALIAS_COUNTS && own->counted && own->target == phase->touch.base &&
	       own->shared_root == shared && own->gpa == gpa;
}

/* The root of the tables for L2: the shared ones, or its own. 0: no memory is mapped there. */
static uint64_t own_root(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
			 uint64_t shared)
{
	uint64_t gpa = phase->touch.base;

	cpu->own_map.churns = false;
	if (!phase->own_tables && phase->what != DO_NPT_CHURN && !has_aliases(phase))
		return shared;
	if (has_aliases(phase))
		gpa = alias_base(cpu, &phase->touch);
	if (has_own_map(cpu, phase, shared, gpa))
		return cpu_page(cpu, CPU_PAGE_OWN_MAP);
	if (!own_map_make(&cpu->own_map, ops->format, cpu_page(cpu, CPU_PAGE_OWN_MAP), shared, gpa))
		return 0;
	if (phase->what == DO_ALIAS)
		own_map_alias(&cpu->own_map, gpa, cpu_page(cpu, CPU_PAGE_ALIASED));
	else if (phase->what == DO_ALIAS_COUNTS)
		own_map_alias_counts(&cpu->own_map, gpa, phase->touch.base);
	else if (phase->what == DO_NPT_CHURN)
		own_map_forget(&cpu->own_map);
	ops->flush();
	return cpu_page(cpu, CPU_PAGE_OWN_MAP);
}

enum abi_status nested_prepare(struct cpu *cpu, const struct nested_ops *ops,
			       const struct phase *phase, uint64_t root)
{
	struct l2_start start = {
		.rip = (uint64_t)l2_main,
		/* The alignment that a called function finds. */
		.rsp = cpu_page(cpu, CPU_PAGE_L2_STACK_END) - 8,
		.nested_paging = phase->nested_paging || cpu->tree.broken == BREAK_CONTROL_NPT,
		.bad = phase->what == DO_FAILED_ENTRY ? cpu->tree.broken != BREAK_CONTROL_NPT :
			cpu->tree.broken == BREAK_BAD_ENTRY,
	};
	struct l2_exit exit = { 0 };
	enum abi_status status = nested_enable(cpu, ops, start.nested_paging);

	if (status != ABI_OK)
		return status;
	start.root = root;
	if (start.nested_paging && !root) {
		start.root = nested_map_root(&cpu->tree, ops->format, phase->small_pages);
		if (!start.root)
			return report_failure(cpu, ABI_BAD_TREE, "/minivmm table-pool: too small");
		start.root = own_root(cpu, ops, phase, start.root);
		if (!start.root)
			return report_failure(cpu, ABI_BAD_TREE, "phase: touch-base: no memory there");
	}
	if (!ops->prepare(cpu, &start, &exit))
		return nested_report_exit(cpu, &exit, ABI_ENTRY_FAILED, "VMCLEAR or VMPTRLD failed");
	return ABI_OK;
}

void nested_set_job(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
		    const struct tree *tree)
{
	cpu->job = (struct l2_job){
		.vendor = ops->vendor,
		.ud2 = cpu->tree.broken == BREAK_L2_UD2,
		.tree = tree,
		.touch = phase->touch,
		.index = cpu->index,
		.report = cpu->report,
		.aliases = has_aliases(phase) ? alias_base(cpu, &phase->touch) : 0,
		.counted = phase->what == DO_ALIAS_COUNTS,
	};
	cpu->l2 = (struct l2_registers){ .rdi = (uint64_t)&cpu->job };
}

enum abi_status nested_run_alone(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
				 struct tree *alone)
{
	enum abi_status status;

	*alone = cpu->tree;
	alone->vcpus = 1;
	status = nested_prepare(cpu, ops, phase, 0);
	if (status != ABI_OK)
		return status;
	nested_set_job(cpu, ops, phase, alone);
	return nested_run_l2(cpu, ops, false);
}
