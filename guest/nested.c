// SPDX-License-Identifier: GPL-2.0-only
#include "nested.h"

#include "cpu.h"
#include "l2.h"
#include "own_map.h"
#include "memory.h"
#include "report.h"
#include "touch.h"

#define CPUID_EBX_AMD 0x68747541	/* "Auth" */
#define CPUID_EBX_HYGON 0x6f677948	/* "Hygo" */
#define EFER_SVME (1ull << 12)
#define CR4_VMXE (1ull << 13)

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

struct nested_ops nested_detect(void)
{
	struct nested_ops ops = { .vendor = ABI_VENDOR_NONE, .name = "no SVM or VMX" };

	if (!svm_detect(&ops))
		vmx_detect(&ops);
	return ops;
}

static uint64_t *table_at(void *ctx, uint64_t gpa)
{
	(void)ctx;
	return (uint64_t *)gpa;
}

/* Returns the root, and leaves in pool what it did not need; 0: the pool is too small. */
static uint64_t build_map(const struct tree *tree, struct pt_format format, int page_level, struct range *pool)
{
	struct memory memory = memory_start(tree, false);
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

static uint64_t map_root(const struct tree *tree, struct pt_format format, bool small_pages)
{
	typeof(&map.large) set = small_pages ? &map.small : &map.large;

	while (__atomic_test_and_set(&map.lock, __ATOMIC_ACQUIRE))
		cpu_relax();
	if (!map.large.made && !map.small.made)
		map.pool = tree->table_pool;
	if (!set->made) {
		set->root = build_map(tree, format, small_pages ? 1 : tree->page_level, &map.pool);
		set->made = true;
	}
	__atomic_clear(&map.lock, __ATOMIC_RELEASE);
	return set->root;
}

/* Copies the details of an unexpected exit into the report. */
static enum abi_status report_exit(struct cpu *cpu, const struct l2_exit *exit,
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

/* Enters L2 again and again until it calls L1, which must be with `call`. */
static enum abi_status enter_until(struct cpu *cpu, const struct nested_ops *ops,
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
			return report_exit(cpu, &exit, ABI_ENTRY_FAILED, "");
		cpu->report->l2_entries += entry;
	} while (exit.kind == L2_INTERRUPTED ||
		 (exit.kind == L2_MISSED && own_map_give(&cpu->own_map, exit.info[1])));

	if (exit.kind == L2_CALLED && exit.call == call)
		return ABI_OK;
	return report_exit(cpu, &exit, ABI_L2_EXIT,
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

static enum abi_status run_l2(struct cpu *cpu, const struct nested_ops *ops, bool restore)
{
	enum abi_status status;

	cpu->restore = restore;
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTER);
	status = enter_until(cpu, ops, L2_HELLO);
	if (status != ABI_OK)
		return status;
	forget(cpu, ops);
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTERED);
	status = enter_until(cpu, ops, L2_DONE);
	cpu->report->l2_pages += cpu->job.pages;
	return status;
}

/* BREAK_SKIP_VMRUN: reports what a phase would, and does nothing. */
static enum abi_status pretend(struct cpu *cpu, const struct touch *touch)
{
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTER);
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTERED);
	cpu->report->l2_entries += 2;
	cpu->report->l2_pages += touch_share(&cpu->tree, touch, cpu->index);
	return ABI_OK;
}

/* Turns SVM or VMX on, once. */
static enum abi_status enable(struct cpu *cpu, const struct nested_ops *ops, bool nested_paging)
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

/* Prepares everything for the entry into L2. root: of its tables; 0: those of the phase. */
static enum abi_status prepare(struct cpu *cpu, const struct nested_ops *ops,
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
	enum abi_status status = enable(cpu, ops, start.nested_paging);

	if (status != ABI_OK)
		return status;
	start.root = root;
	if (start.nested_paging && !root) {
		start.root = map_root(&cpu->tree, ops->format, phase->small_pages);
		if (!start.root)
			return report_failure(cpu, ABI_BAD_TREE, "/minivmm table-pool: too small");
		start.root = own_root(cpu, ops, phase, start.root);
		if (!start.root)
			return report_failure(cpu, ABI_BAD_TREE, "phase: touch-base: no memory there");
	}
	if (!ops->prepare(cpu, &start, &exit))
		return report_exit(cpu, &exit, ABI_ENTRY_FAILED, "VMCLEAR or VMPTRLD failed");
	return ABI_OK;
}

/*
 * CPUID shows neither SVM nor VMX. Turning it on must then fault, which trap.c reports. CPUs of
 * AMD and Hygon have SVM, all others VMX.
 */
static enum abi_status try_hidden(struct cpu *cpu)
{
	uint32_t vendor = cpuid(0).ebx;

	if (vendor == CPUID_EBX_AMD || vendor == CPUID_EBX_HYGON)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	else
		write_cr4(read_cr4() | CR4_VMXE);
	return report_failure(cpu, ABI_UNSUPPORTED,
			      "CPUID shows neither SVM nor VMX, yet one can be turned on");
}

/* do = "failed-entry": L2 must not run. If it ran, the entry is counted, and the VMM judges it. */
static enum abi_status fail_entry(struct cpu *cpu, const struct nested_ops *ops)
{
	struct l2_exit exit = { 0 };

	ops->enter(cpu, &exit);
	if (exit.kind == L2_NOT_ENTERED)
		cpu->report->failed_entries++;
	else
		cpu->report->l2_entries++;
	return ABI_OK;
}

/*
 * The page behind all of L2's aliases must hold what L2 wrote last, and L2 must have read that
 * there.
 */
static enum abi_status check_aliased(struct cpu *cpu)
{
	uint64_t gpa = cpu_page(cpu, CPU_PAGE_ALIASED);
	uint64_t want = abi_page_value(cpu->job.touch.pattern, ABI_ALIAS_PAGES - 1,
				       cpu->job.touch.pass);
	uint64_t got = *(volatile uint64_t *)gpa;

	if (got == want && cpu->job.seen == want)
		return ABI_OK;
	cpu->report->rip = gpa;
	cpu->report->exit_info[0] = want;
	cpu->report->exit_info[1] = got == want ? cpu->job.seen : got;
	return report_failure(cpu, ABI_BAD_MEMORY, "a page with many aliases does not hold what was written last");
}

static void set_job(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
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

/* Enters L2, whose root has lost its first entry, which maps all that it runs: it must miss its code, and seen is counted then. */
static enum abi_status enter_without(struct cpu *cpu, const struct nested_ops *ops, uint64_t *seen)
{
	struct l2_exit exit;

	do {
		exit = (struct l2_exit){ 0 };
		ops->enter(cpu, &exit);
	} while (exit.kind == L2_INTERRUPTED);
	*seen += exit.kind == L2_MISSED;
	if (exit.kind == L2_MISSED || (exit.kind == L2_CALLED && exit.call == L2_DONE))
		return ABI_OK;
	return report_exit(cpu, &exit, ABI_L2_EXIT, "after an entry of its tables' root was cleared");
}

/*
 * L1 has written the page by its own mapping, of which KVM must take the right to write (kvm_tdp_mmu_write_protect_gfn(), 6.12).
 */
static enum abi_status clear_as_l1(struct cpu *cpu, const struct nested_ops *ops, uint64_t root)
{
	volatile uint64_t *entry = (volatile uint64_t *)root;
	uint64_t held = *entry;
	enum abi_status status;

	*entry = 0;
	ops->flush();
	cpu->report->l1_table_writes++;
	status = enter_without(cpu, ops, &cpu->report->l1_table_writes_seen);
	*entry = held;
	ops->flush();
	return status;
}

/* beside: a page that L2 writes before it writes to the root, or 0. */
static enum abi_status clear_as_l2(struct cpu *cpu, const struct nested_ops *ops, uint64_t root, uint64_t beside)
{
	cpu->job.beside = beside;
	cpu->job.clear = cpu->tree.broken == BREAK_NO_TABLE_WRITE ? 0 : root;
	cpu->report->table_writes++;
	return enter_without(cpu, ops, &cpu->report->table_writes_seen);
}

/* L1, and then L2, clear the first entry of the root. */
static enum abi_status clear_root(struct cpu *cpu, const struct nested_ops *ops, uint64_t root, uint64_t beside)
{
	enum abi_status status = enter_until(cpu, ops, L2_HELLO);

	/* enter_until() has shown that L2 runs under these tables: KVM shadows them. */
	if (status == ABI_OK)
		status = clear_as_l1(cpu, ops, root);
	/* L2 that has run on has come to its end. */
	if (status != ABI_OK || cpu->report->l1_table_writes_seen < cpu->report->l1_table_writes)
		return status;
	return clear_as_l2(cpu, ops, root, beside);
}

/* L2 runs on this vCPU alone, which writes all pages. alone: L1's tree for that, which L2's job points to. */
static enum abi_status run_alone(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
				 struct tree *alone)
{
	enum abi_status status;

	*alone = cpu->tree;
	alone->vcpus = 1;
	status = prepare(cpu, ops, phase, 0);
	if (status != ABI_OK)
		return status;
	set_job(cpu, ops, phase, alone);
	return run_l2(cpu, ops, false);
}

/* A root that has the tables of another one below it. */
static uint64_t copy_root(uint64_t to, uint64_t from)
{
	for (uint64_t i = 0; i < ABI_PAGE_SIZE; i += sizeof(uint64_t))
		*(volatile uint64_t *)(to + i) = *(const uint64_t *)(from + i);
	return to;
}

/*
 * do = "tables". L1's old tables and its new ones map the same large pages, so KVM has the same tables of
 * its own for what lies in these, with a mapping of each page that L2 has written. Once L1 uses such a
 * page as a table, KVM must find that mapping by its rmap and write-protect it
 * (kvm_mmu_slot_gfn_write_protect(), 6.12).
 *
 * The last of one or two pages is the root alone. L2 then writes the other before it writes to the root: KVM may no longer
 * map both by one huge page (kvm_mmu_gfn_disallow_lpage(), 6.12). It looks at the first page of what it maps only whether that
 * may be written (make_spte(), 6.12), so the root is not the first.
 */
static enum abi_status write_tables(struct cpu *cpu, const struct nested_ops *ops,
				    const struct phase *phase)
{
	struct range pages = { phase->touch.base, phase->touch.pages * ABI_PAGE_SIZE };
	uint64_t root = abi_tables_root(pages.base, phase->touch.pages), beside = root == pages.base ? 0 : pages.base;
	struct tree alone;
	enum abi_status status;

	if (cpu->index)
		return ABI_OK;
	status = run_alone(cpu, ops, phase, &alone);
	if (status != ABI_OK)
		return status;
	for (uint64_t gpa = pages.base; gpa < pages.base + pages.size; gpa += sizeof(uint64_t))
		*(volatile uint64_t *)gpa = 0;
	/* With the old tables below the root, even a large page that KVM has mapped is one of the new tables' as well. */
	if (phase->touch.pages <= 2)
		root = copy_root(root, map_root(&cpu->tree, ops->format, false));
	else
		root = build_map(&cpu->tree, ops->format, cpu->tree.page_level, &pages);
	if (!root)
		return report_failure(cpu, ABI_BAD_TREE, "phase: touch: too small for L2's tables");
	ops->flush();
	status = prepare(cpu, ops, phase, root);
	if (status != ABI_OK)
		return status;
	set_job(cpu, ops, phase, &alone);
	cpu->job.touch.pages = 0;
	return clear_root(cpu, ops, root, beside);
}

static enum abi_status enter_l2(struct cpu *cpu, const struct nested_ops *ops,
				const struct phase *phase)
{
	enum abi_status status = prepare(cpu, ops, phase, 0);

	if (status != ABI_OK)
		return status;
	set_job(cpu, ops, phase, &cpu->tree);
	if (phase->what == DO_FAILED_ENTRY)
		return fail_entry(cpu, ops);
	status = run_l2(cpu, ops, phase->what == DO_RESTORE);
	if (status != ABI_OK)
		return status;
	if (cpu->job.stale)
		return report_page(cpu, &cpu->job.error, "read by L2 before it wrote");
	return cpu->job.aliases ? check_aliased(cpu) : report_touched(cpu, &cpu->job.touch);
}

/* do = "alias-counts": the other vCPUs have nothing to do. */
static enum abi_status count_aliases(struct cpu *cpu, const struct nested_ops *ops,
				     const struct phase *phase)
{
	struct tree alone;
	struct touch_error error;
	enum abi_status status;

	if (cpu->index)
		return ABI_OK;
	status = run_alone(cpu, ops, phase, &alone);
	if (status != ABI_OK)
		return status;
	if (cpu->job.stale)
		return report_page(cpu, &cpu->job.error, "read by L2 at one of its aliases before it wrote");
	if (touch_check(&alone, &cpu->job.touch, 0, &error))
		return ABI_OK;
	return report_page(cpu, &error, "read back by L1 after L2 wrote at its aliases");
}

enum abi_status nested_phase(struct cpu *cpu, const struct phase *phase)
{
	const struct nested_ops ops = nested_detect();

	cpu->report->vendor = ops.vendor;
	if (ops.vendor == ABI_VENDOR_NONE)
		return try_hidden(cpu);
	if (phase->what == DO_ENABLE && cpu->tree.broken != BREAK_CONTROL_NPT)
		return enable(cpu, &ops, false);
	if (cpu->tree.broken == BREAK_SKIP_VMRUN)
		return pretend(cpu, &phase->touch);
	while (cpu->tree.broken == BREAK_HANG)
		cpu_relax();
	if (phase->what == DO_TABLES)
		return write_tables(cpu, &ops, phase);
	return phase->what == DO_ALIAS_COUNTS ? count_aliases(cpu, &ops, phase) : enter_l2(cpu, &ops, phase);
}
