// SPDX-License-Identifier: GPL-2.0-only
#include "vm/boot_linux.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "minivmm_pt.h"
#include "vm/acpi.h"
#include "vm/boot_load.h"

#define PVH_MAGIC 0x336ec578u		/* XEN_HVM_START_MAGIC_VALUE */
#define LOADER_UNKNOWN 0xffu		/* type_of_loader */
#define PAGE 4096ull

/* include/xen/interface/hvm/start_info.h */
struct pvh_start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, args, rsdp, map;
	uint32_t map_entries, reserved;
};
struct pvh_module {
	uint64_t gpa, size, args, reserved;
};
struct pvh_map_entry {
	uint64_t gpa, size;
	uint32_t type, reserved;
};

_Static_assert(sizeof(struct pvh_map_entry) * RAM_RANGES_MAX <= PAGE, "the map has a page");
_Static_assert(RAM_RANGES_MAX <= E820_MAX_ENTRIES_ZEROPAGE, "the zero page has room");

static uint64_t kernel_end(const struct boot_image *image, uint64_t shift)
{
	uint64_t end = 0;

	for (size_t i = 0; i < image->count; i++) {
		uint64_t after = image->segments[i].gpa + shift + image->segments[i].size;

		end = after > end ? after : end;
	}
	return end;
}

static uint64_t kernel_base(const struct boot_image *image)
{
	uint64_t base = UINT64_MAX;

	for (size_t i = 0; i < image->count; i++)
		base = image->segments[i].gpa < base ? image->segments[i].gpa : base;
	return base;
}

static int no_room(struct err *err, const char *what, uint64_t size, uint64_t end)
{
	char need[UNIT_TEXT], have[UNIT_TEXT];

	err_set(err, EINVAL, "%s needs %s of memory, and what begins at 1 MiB ends at %s", what,
		format_bytes(need, size), format_bytes(have, end));
	err_remedy(err, "a larger low memslot");
	return -EINVAL;
}

/* Where the kernel prefers to be or, if it is too high for this VM and can be moved, lower. */
static int place_kernel(const struct boot_image *image, uint64_t low_end, struct boot_plan *plan,
			struct err *err)
{
	uint64_t base = kernel_base(image), lowest = image->alignment;

	plan->shift = 0;
	if (base < PC_HIGH)
		return err_set(err, EINVAL, "guest.kernel: it wants to be at %#llx, below 1 MiB",
			       (unsigned long long)base);
	if (kernel_end(image, 0) > low_end && lowest && lowest < base) {
		while (lowest < PC_HIGH)
			lowest += image->alignment;
		plan->shift = lowest - base;
	}
	if (kernel_end(image, plan->shift) > low_end)
		return no_room(err, "guest.kernel", kernel_end(image, plan->shift), low_end);
	plan->entry = image->entry;
	if (image->protocol == BOOT_LINUX_64)
		plan->entry += base + plan->shift;
	return 0;
}

int boot_plan(const struct boot_image *image, const struct ram_map *map, uint64_t initrd_size,
	      struct boot_plan *plan, struct err *err)
{
	/* Low memory ends below 4 GiB: all of it can be reached with 32 bits. */
	uint64_t end = map->low_end;
	int code = place_kernel(image, map->low_end, plan, err);

	if (code)
		return code;
	if (image->protocol == BOOT_LINUX_64 && end > image->setup.initrd_addr_max)
		end = image->setup.initrd_addr_max;
	if (initrd_size > end || (end - initrd_size) / PAGE * PAGE < kernel_end(image, plan->shift))
		return no_room(err, "guest.initrd", initrd_size, end);
	plan->initrd = (end - initrd_size) / PAGE * PAGE;
	plan->initrd_size = initrd_size;
	return 0;
}

/*
 * A cpio archive begins at a multiple of 4. 4 zeros at least come before it, by which a part that is packed by
 * LZ4 ends: unlz4() (lib/decompress_unlz4.c).
 */
static uint64_t first_part(const struct boot_file *initrd)
{
	return initrd ? ((initrd->size + 3) & ~3ull) + 4 : 0;
}

uint64_t boot_initrd_size(const struct boot_file *initrd, const struct boot_extra *extra)
{
	return extra ? first_part(initrd) + extra->size : initrd ? initrd->size : 0;
}

static int load_initrd(const struct vm *vm, const struct boot_linux *boot,
		       const struct boot_plan *plan)
{
	uint64_t first = first_part(boot->initrd), size = boot->initrd ? boot->initrd->size : 0;
	int code = boot->initrd ? boot_load_file(vm, boot->initrd, 0, plan->initrd, size) : 0;

	if (!code && boot->extra)
		code = boot_clear(vm, plan->initrd + size, first - size);
	if (!code && boot->extra)
		code = vm_write(vm, plan->initrd + first, boot->extra->data, boot->extra->size);
	return code;
}

static int write_boot_params(const struct vm *vm, const struct boot_image *image,
			     const struct ram_map *map, const struct boot_plan *plan)
{
	struct boot_params params = { .hdr = image->setup };

	params.hdr.type_of_loader = LOADER_UNKNOWN;
	params.hdr.loadflags |= LOADED_HIGH;
	params.hdr.cmd_line_ptr = PC_ARGS;
	params.hdr.ramdisk_image = plan->initrd_size ? (uint32_t)plan->initrd : 0;
	params.hdr.ramdisk_size = (uint32_t)plan->initrd_size;
	params.acpi_rsdp_addr = PC_ACPI;
	params.e820_entries = (uint8_t)map->count;
	for (size_t i = 0; i < map->count; i++)
		params.e820_table[i] = (struct boot_e820_entry){
			map->ranges[i].base, map->ranges[i].size, map->ranges[i].type };
	return vm_write(vm, PC_BOOT_PARAMS, &params, sizeof(params));
}

static int write_start_info(const struct vm *vm, const struct ram_map *map,
			    const struct boot_plan *plan)
{
	struct {
		struct pvh_start_info info;
		struct pvh_module module;
	} start = {
		.info = {
			.magic = PVH_MAGIC, .version = 1, .modules = plan->initrd_size != 0,
			.module_list = PC_START_INFO + sizeof(start.info), .args = PC_ARGS,
			.rsdp = PC_ACPI, .map = PC_START_MAP, .map_entries = (uint32_t)map->count,
		},
		.module = { .gpa = plan->initrd, .size = plan->initrd_size },
	};
	struct pvh_map_entry entries[RAM_RANGES_MAX] = { 0 };
	int code;

	for (size_t i = 0; i < map->count; i++)
		entries[i] = (struct pvh_map_entry){ map->ranges[i].base, map->ranges[i].size,
						     map->ranges[i].type, 0 };
	code = vm_write(vm, PC_START_MAP, entries, map->count * sizeof(entries[0]));
	return code ? code : vm_write(vm, PC_START_INFO, &start, sizeof(start));
}

static uint64_t *guest_table(void *ctx, uint64_t gpa)
{
	return (uint64_t *)vm_page(ctx, gpa);
}

/* 4 GiB mapped to themselves by pages of 2M, and the segments that 64-bit kernels expect. */
static int write_tables(const struct vm *vm)
{
	const uint64_t gdt[4] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };
	struct pt pt = {
		.format = PT_FORMAT_X86, .page_level = 2, .next = PC_PAGE_TABLES, .end = PC_ARGS,
		.table = guest_table, .ctx = (void *)vm,
	};

	if (!pt_map(&pt, 0, 4ull << 30) || pt.root != PC_PAGE_TABLES)
		return -ENOSPC;
	return vm_write(vm, PC_GDT, gdt, sizeof(gdt));
}

static int write_acpi(const struct vm *vm)
{
	uint8_t tables[ACPI_SIZE];

	acpi_tables(tables, PC_ACPI, (unsigned int)vm->layout->config->vm.vcpus);
	return vm_write(vm, PC_ACPI, tables, sizeof(tables));
}

int boot_linux_load(const struct vm *vm, const struct boot_linux *boot,
		    const struct boot_image *image, const struct ram_map *map,
		    const struct boot_plan *plan, struct err *err)
{
	size_t args = strlen(boot->args) + 1;
	int code = boot_load_image(vm, boot->kernel, image, plan->shift);

	if (code)
		return err_errno(err, -code, "reading guest.kernel into the guest");
	code = load_initrd(vm, boot, plan);
	if (code)
		return err_errno(err, -code, "reading guest.initrd into the guest");
	if (args > PC_ARGS_SIZE || (image->protocol == BOOT_LINUX_64 && args > image->setup.cmdline_size))
		return err_set(err, EINVAL, "guest.args: the kernel's command line has %zu characters, more "
			       "than this kernel takes", args - 1);
	code = vm_write(vm, PC_ARGS, boot->args, args);
	if (!code)
		code = image->protocol == BOOT_PVH ? write_start_info(vm, map, plan) :
						     write_boot_params(vm, image, map, plan);
	if (!code)
		code = write_tables(vm);
	if (!code)
		code = write_acpi(vm);
	return code ? err_errno(err, -code, "writing what the guest's kernel is told") : 0;
}
