// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz_tree.h"

#include "cpu.h"
#include "memory.h"
#include "report.h"
#include "touch.h"

/* guest/report.c writes to ports, too. */
enum abi_status report_failure(struct cpu *cpu, enum abi_status status, const char *message)
{
	(void)cpu;
	(void)message;
	return status;
}

/* vCPU 0's block is where the tree says that it is. */
static uint64_t own_block(const void *fdt)
{
	int node = fdt_path_offset(fdt, ABI_PATH_MINIVMM), length;
	const fdt64_t *cell = node < 0 ? NULL : fdt_getprop(fdt, node, "vcpu-blocks", &length);

	return cell && length == sizeof(*cell) ? fdt64_ld(cell) : 0;
}

/* A phase that stress asks for is none of the tree's, nor is one without vCPUs: it may be missing. */
static void run_phase(struct cpu *cpu, uint32_t index)
{
	struct phase phase;

	if (tree_phase(cpu, index, &phase) != ABI_OK)
		return;
	if (phase.touch.pages && touch_possible(&cpu->tree))
		touch_share(&cpu->tree, &phase.touch, cpu->index);
}

bool tree_run(const void *tree, size_t size, size_t phases)
{
	struct cpu cpu = { 0 };

	/* The VMM leaves as much room as the tree takes. */
	if (size < sizeof(struct fdt_header) || fdt_check_header(tree) || fdt_totalsize(tree) > size)
		return false;
	tree_break(tree);
	cpu.block = own_block(tree);
	if (tree_read(&cpu, tree) != ABI_OK)
		return false;
	for (size_t i = 0; i < phases; i++)
		run_phase(&cpu, (uint32_t)i);
	return true;
}
