// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of four kernels (tests/fixtures/memslots) with some words of it replaced: by an address of its own, by one of
 * the input's values, or with a bit flipped. The reader may find fewer VMs, or none: what it calls settled must be memslots.
 * Its BTF and symbols stay right: they are the kernel's own text, and no memory that changes while it is read.
 *
 * An input is the kernel's number, then 13 bytes for each word: how, where (from the core file's begin), what.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "host/kvm_memslots.h"
#include "host/vmap_areas.h"

#define FIXTURES "tests/fixtures/memslots/"
#define KERNELS 4
#define WORDS_MOST 64
#define VMS 3		/* each fixture's, where nothing is replaced */

struct change {
	uint8_t how;
	uint32_t where;
	uint64_t what;
} __attribute__((packed));

struct kernel {
	const char *name;
	char root[64];
	char *files;		/* as files_set() takes them */
	size_t size, core;	/* of it all; where the core file begins */
};

/* The reader waits between its tries for a kernel that changes; this one does not. */
int usleep(useconds_t us)
{
	(void)us;
	return 0;
}

static void append(struct kernel *kernel, const char *name)
{
	char path[128], mark[160];
	FILE *file;
	long size;
	int length;

	snprintf(path, sizeof(path), "%s/proc/%s", kernel->root, name);
	length = snprintf(mark, sizeof(mark), "=== %s\n", path);
	file = fopen(path, "r");
	MUST(file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0);
	rewind(file);
	kernel->files = realloc(kernel->files, kernel->size + (size_t)length + (size_t)size);
	MUST(kernel->files);
	memcpy(kernel->files + kernel->size, mark, (size_t)length);
	kernel->core = kernel->size + (size_t)length;
	MUST(fread(kernel->files + kernel->core, (size_t)size, 1, file) == 1);
	kernel->size = kernel->core + (size_t)size;
	fclose(file);
}

/* Run from the top of the tree, or from a folder of the fuzzer's, build/fuzz-work/NAME. */
static const struct kernel *kernel_of(uint8_t number)
{
	static struct kernel kernels[KERNELS] = {
		{ .name = "5.10" }, { .name = "6.1" }, { .name = "6.12" }, { .name = "7.3" },
	};
	struct kernel *kernel = &kernels[number % KERNELS];

	if (!kernel->files) {
		snprintf(kernel->root, sizeof(kernel->root), "%s" FIXTURES "%s",
			 access(FIXTURES, F_OK) ? "../../../" : "", kernel->name);
		append(kernel, "kallsyms");
		append(kernel, "kcore");
	}
	return kernel;
}

static void apply(char *core, size_t size, const struct change *change)
{
	char *at = core + change->where % (size - sizeof(uint64_t));
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	if (change->how % 3 == 0)
		word ^= 1ull << (change->what % 64);
	else if (change->how % 3 == 1)
		memcpy(&word, core + change->what % (size - sizeof(word)), sizeof(word));
	else
		word = change->what;
	memcpy(at, &word, sizeof(word));
}

static void check_slots(const struct kernel_vm *vm)
{
	for (size_t i = 0; i < vm->count; i++) {
		const struct kernel_memslot *slot = &vm->slots[i], *before = i ? slot - 1 : NULL;

		MUST(slot->npages && !(slot->npages >> 40) && !(slot->base_gfn >> 40));
		if (before && before->as_id == slot->as_id)
			MUST(before->base_gfn + before->npages <= slot->base_gfn);
		else if (before)
			MUST(before->as_id < slot->as_id);
	}
}

struct seen {
	struct vmap_areas areas;
	unsigned int vms, settled;
};

static int look(const struct kernel_vm *vm, void *data)
{
	struct seen *seen = data;

	seen->vms++;
	seen->settled += vm->settled;
	MUST(vm->settled || (vm->why && !vm->count));
	MUST(memchr(vm->folder, '\0', sizeof(vm->folder)));
	check_slots(vm);
	for (size_t i = 0; i < vm->count; i++)
		vmap_area_bytes(&seen->areas, vm->slots[i].arrays.rmap[0]);
	return 0;
}

static void read_kernel(const char *root, bool changed)
{
	struct seen seen = { 0 };
	char why[SOURCE_WHY] = "";
	struct kvm_reader reader;

	if (kvm_reader_open(&reader, root, why)) {
		MUST(changed && why[0]);
		return;
	}
	if (vmap_areas_read(&reader.memory, &reader.types, &reader.vmap, &seen.areas, why))
		MUST(changed && why[0]);
	MUST(!kvm_reader_each(&reader, look, &seen) || changed);
	MUST(changed || (seen.vms == VMS && seen.settled == VMS));
	vmap_areas_free(&seen.areas);
	kvm_reader_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kernel *kernel = kernel_of(size ? data[0] : 0);
	size_t count = size ? (size - 1) / sizeof(struct change) : 0;
	char *files = malloc(kernel->size);

	MUST(files);
	memcpy(files, kernel->files, kernel->size);
	for (size_t i = 0; i < count && i < WORDS_MOST; i++) {
		struct change change;

		memcpy(&change, data + 1 + i * sizeof(change), sizeof(change));
		apply(files + kernel->core, kernel->size - kernel->core, &change);
	}
	files_set((const uint8_t *)files, kernel->size);
	read_kernel(kernel->root, count);
	files_clear();
	free(files);
	return 0;
}
