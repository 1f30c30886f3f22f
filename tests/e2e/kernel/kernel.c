// SPDX-License-Identifier: GPL-2.0-only
/*
 * A multiboot kernel that tests what payload = multiboot gives it. Its first argument names the test; it ends by the
 * exit port: 0 passed, 1 failed, 38 skipped.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io.h"
#include "nested.h"

struct info {
	uint32_t flags, lower_kib, upper_kib, boot_device, args, modules, module_list, symbols[4], map_bytes, map;
};

struct map_entry {
	uint32_t size;
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

extern uint32_t found_eax, found_ebx, found_cr0, found_cr4, found_eflags, found_cs, found_ds;
extern volatile uint32_t ap_count;
extern char ap_start[];

static bool failed;

static void end(uint32_t status)
{
	out32(0xf4, status);
	for (;;)
		asm volatile("cli; hlt");
}

static void expect(bool good, const char *what)
{
	print(good ? "PASS: " : "FAIL: ");
	print(what);
	print("\n");
	failed |= !good;
}

static bool same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		continue;
	return *a == *b;
}

static const struct info *info(void)
{
	return (const struct info *)(uintptr_t)found_ebx;
}

static const char *args(void)
{
	return (const char *)(uintptr_t)info()->args;
}

/* The value of the environment's NAME, or 0. It is a line of the first module. */
static uint32_t environment(const char *name)
{
	const uint32_t *module = (const uint32_t *)(uintptr_t)info()->module_list;
	const char *at = (const char *)(uintptr_t)module[0], *end_of_all = (const char *)(uintptr_t)module[1];

	while (at < end_of_all) {
		const char *letter = name;
		uint32_t value = 0;

		for (; *letter && *at == *letter; at++)
			letter++;
		if (!*letter && *at == '=') {
			for (at++; *at >= '0' && *at <= '9'; at++)
				value = value * 10 + (uint32_t)(*at - '0');
			return value;
		}
		while (at < end_of_all && *at++ != '\n')
			continue;
	}
	return 0;
}

static void test_entry(void)
{
	expect(found_eax == 0x2badb002, "EAX has the magic");
	expect((found_cr0 & 0x80000001) == 1, "protected mode, no paging");
	expect(!(found_cr4 & 0x20), "no PAE");
	expect(!(found_eflags & 0x20200), "no interrupts, no virtual 8086 mode");
	expect(found_cs && found_ds && found_cs != found_ds, "segments");
	expect((info()->flags & 77) == 77, "memory, arguments, a module, a map");
	expect(same(args(), "kernel.flat entry 'a b'"), "arguments");
	expect(info()->modules == 1, "one module");
	expect(environment("NR_CPUS") == 1 && environment("MEMSIZE") == 1088, "CPUs and memory in the environment");
	expect(environment("ANSWER") == 42 && !environment("NOTHING"), "the user's environment");
}

static void test_memory(void)
{
	const char *at = (const char *)(uintptr_t)info()->map, *map_end = at + info()->map_bytes;
	uint64_t low = 0, high = 0;

	while (at < map_end) {
		const struct map_entry *entry = (const struct map_entry *)at;

		low += entry->type == 1 && entry->base < 1ull << 32 ? entry->length : 0;
		high += entry->type == 1 && entry->base >= 1ull << 32 ? entry->length : 0;
		at += entry->size + 4;
	}
	expect(info()->lower_kib == 639 && info()->upper_kib == 63 * 1024, "lower and upper memory");
	expect(low == 63 * 1048576 + 639 * 1024 && high == 1ull << 30, "the map's RAM");
	*(volatile uint32_t *)0x3fffff0 = 7;
	expect(*(volatile uint32_t *)0x3fffff0 == 7, "the end of the low memory");
}

#define APIC 0xfee00000

static void apic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)(APIC + reg) = value;
}

static void ipi(uint32_t what)
{
	apic_write(0x310, 0);
	apic_write(0x300, what);
}

/* INIT and SIPI to all but this one. */
static void test_smp(void)
{
	uint32_t cpus = environment("NR_CPUS"), eax = 1, ebx, ecx, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	expect((ebx >> 16 & 0xff) == cpus, "CPUID's number of CPUs");
	ipi(0xc4500);
	ipi(0xc4600 | (uint32_t)(uintptr_t)ap_start >> 12);
	while (ap_count < cpus - 1)
		asm volatile("pause");
	expect(cpus == 3, "every CPU runs");
}

static void test_devices(void)
{
	volatile uint64_t *memory = (volatile uint64_t *)0xff000000;
	static uint32_t page[2048] __attribute__((aligned(4096)));
	static const char text[4] = "abc\n";

	out32(0xe0, 0x12345678);
	out8(0xe1, 0xff);
	expect(in32(0xe0) == 0x1234ff78, "the latch");
	memory[0] = 0x1122334455667788;
	memory[8191] = 42;
	expect(memory[0] == 0x1122334455667788 && memory[8191] == 42, "64 KiB of MMIO");
	expect(memory[8192] == UINT64_MAX, "nothing behind it");
	page[0] = 5;
	out32(0xe4, (uint32_t)(uintptr_t)page);
	page[1] = 6;
	expect(page[0] == 5 && page[1] == 6, "a flushed page");
	out8(0x20, 0x0a);	/* the PIC's requests are to be read */
	expect(!(in8(0x20) & 0x20), "IRQ 5 is low");
	out8(0x2005, 1);
	expect(in8(0x20) & 0x20, "IRQ 5 is high");
	out8(0x2005, 0);
	asm volatile("rep outsb" : : "S"(text), "c"(4), "d"(0x3f8) : "memory");
}

/* What waits for an SMI returns; then a handler of our own runs, as SMM shows the same memory. */
static void test_smi(void)
{
	static const uint8_t handler[] = { 0xfe, 0x06, 0x00, 0x70, 0x0f, 0xaa };	/* incb 0x7000; rsm */
	volatile uint8_t *at = (volatile uint8_t *)0x38000, *count = (volatile uint8_t *)0x7000;

	expect(at[0] == 0x0f && at[1] == 0xaa, "an RSM waits");
	apic_write(0xf0, 0x1ff);
	ipi(0x200);
	expect(true, "back from SMM");
	for (size_t i = 0; i < sizeof(handler); i++)
		at[i] = handler[i];
	ipi(0x200);
	expect(*count == 1, "the handler ran");
}

/* CPUID's leaf, register ECX. */
static uint32_t features(uint32_t leaf)
{
	uint32_t eax = leaf, ebx, ecx, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	return ecx;
}

/* A nested guest that increments l2_ran and calls its hypervisor; bad: an entry that the CPU must refuse. */
static void test_nested(bool bad)
{
	bool ended;

	if (features(0x80000001) & 1 << 2) {
		ended = svm_run(bad);
	} else if (features(1) & 1 << 5) {
		ended = vmx_run(bad);
	} else {
		print("SKIP: no SVM or VMX\n");
		end(38);
		return;
	}
	expect(ended, bad ? "the entry is refused" : "L2 ended with its call");
	expect(l2_ran == !bad, bad ? "L2 did not run" : "L2 ran");
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "entry", test_entry }, { "memory", test_memory }, { "smp", test_smp }, { "devices", test_devices },
	{ "smi", test_smi },
};

/* Does the first argument have this name? Kernels' names have no space. */
static bool is_named(const char *name)
{
	const char *at = args();

	while (*at && *at++ != ' ')
		continue;
	for (; *name && *at == *name; at++)
		name++;
	return !*name && (!*at || *at == ' ');
}

/*
 * Writes a word of each of 64 pages, again and again. It makes exits: Bochs does not interrupt a
 * guest without them.
 */
static void write_on(void)
{
	print("writing\n");
	for (;; in8(0x3fd))
		for (uintptr_t page = 0; page < 64; page++)
			++*(volatile uint64_t *)(0x2000000 + page * 4096);
}

/* Prints as much as it can, more than a console takes. */
static void flood(void)
{
	static char text[4096];
	const char *from;
	uint32_t count;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'a';
	for (;;) {
		from = text;
		count = sizeof(text);
		asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x3f8) : "memory");
	}
}

void kernel(void)
{
	bool found = false;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (is_named(tests[i].name)) {
			found = true;
			tests[i].run();
		}
	if (is_named("nested") || is_named("bad-entry"))
		test_nested(is_named("bad-entry"));
	else if (is_named("reset"))
		out8(0x64, 0xfe);
	else if (is_named("hang"))
		print("waiting\n");
	else if (is_named("write"))
		write_on();
	else if (is_named("flood"))
		flood();
	else if (is_named("triple"))
		asm volatile("lidt %0; int3" : : "m"((char[10]){ 0 }));
	else if (is_named("exit"))
		end(environment("STATUS"));
	else if (!found)
		end(63);
	if (is_named("hang"))
		for (;;)
			asm volatile("cli; hlt");
	end(failed ? 1 : 0);
}
