// SPDX-License-Identifier: GPL-2.0-only
/* Captured /proc files give the arrays KVM holds; broken ones give an error and no figures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host/snapshot.h"
#include "host/source.h"

#define HOSTS "tests/fixtures/hosts/"
#define PREPARE "kvm_arch_prepare_memory_region"
#define RMAP "memslot_rmap_alloc"
#define CREATE "kvm_page_track_create_memslot"
#define LAZY_TRACKING "kvm_page_track_write_tracking_alloc"

static char *slurp(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	*length = fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	return text;
}

static FILE *text_file(const char *text, size_t length)
{
	/* fmemopen() takes no empty buffers everywhere. */
	FILE *file = length ? fmemopen((void *)(uintptr_t)text, length, "r") :
			      fopen("/dev/null", "r");

	assert_non_null(file);
	return file;
}

static int parse_vmallocinfo(const char *text, size_t length, struct tally *tally)
{
	FILE *file = text_file(text, length);
	struct tally wrapped = { 0 };
	int code = vmallocinfo_parse(file, tally, &wrapped);

	tally_free(&wrapped);
	fclose(file);
	return code;
}

static int parse_meminfo(const char *text, size_t length, struct meminfo *meminfo)
{
	FILE *file = text_file(text, length);
	int code = meminfo_parse(file, meminfo);

	fclose(file);
	return code;
}

/*
 * What the slots of 3 GiB and 61 GiB hold, by exact sums of pages: rmaps 1536 + 3 + 1 and
 * 31232 + 61 + 1, with page-pointer arrays of 3 and 61; tracking 384 and 7808 with 16;
 * lpage_info 2 + 1 and 31 + 1; struct kvm as large as each kernel has it.
 */
#define RMAP_PAGES (1536 + 3 + 1 + 31232 + 61 + 1 + 3 + 61)
#define TRACKING_PAGES (384 + 7808 + 16)
#define LPAGE_PAGES (2 + 1 + 31 + 1)

static const struct {
	const char *host;
	uint64_t prepare, rmap, create, lazy_tracking, all;
} captured[] = {
	{ "5.10-before", 0, 0, 0, 0, 0 },
	{ "5.10-eager", RMAP_PAGES + LPAGE_PAGES, 0, TRACKING_PAGES, 0,
	  RMAP_PAGES + LPAGE_PAGES + TRACKING_PAGES + 46 },
	{ "6.1-lazy", LPAGE_PAGES, 0, 0, 0, LPAGE_PAGES + 10 },
	{ "6.1-allocated", LPAGE_PAGES, RMAP_PAGES, 0, TRACKING_PAGES,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES + 10 },
	{ "6.1-eager", LPAGE_PAGES, RMAP_PAGES, 0, 0, LPAGE_PAGES + RMAP_PAGES + 10 },
	{ "6.1-amd64-lazy", LPAGE_PAGES, 0, TRACKING_PAGES, 0, LPAGE_PAGES + TRACKING_PAGES + 10 },
	{ "6.1-amd64-allocated", LPAGE_PAGES, RMAP_PAGES, TRACKING_PAGES, 0,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES + 10 },
	{ "6.12-before", 0, 0, 0, 0, 0 },
	{ "6.12-lazy", LPAGE_PAGES, 0, 0, 0, LPAGE_PAGES + 2 },
	{ "6.12-allocated", LPAGE_PAGES, RMAP_PAGES, 0, TRACKING_PAGES,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES + 2 },
	/* The slots made after the transition pay at once, under the function of creation. */
	{ "6.12-hotplug",
	  LPAGE_PAGES + 6, RMAP_PAGES + 512 + 2 + 3 + 3, 128 + 1 + 1, TRACKING_PAGES,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES + 2 + 6 + 520 + 130 },
	{ "6.12-eager", LPAGE_PAGES, RMAP_PAGES, 0, 0, LPAGE_PAGES + RMAP_PAGES + 2 },
	/* Write tracking stays lazy where rmaps are not. */
	{ "6.12-eager-nested", LPAGE_PAGES, RMAP_PAGES, 0, TRACKING_PAGES,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES + 2 },
	{ "7.3-lazy", LPAGE_PAGES, 0, 0, 0, LPAGE_PAGES },
	{ "7.3-allocated", LPAGE_PAGES, RMAP_PAGES, 0, TRACKING_PAGES,
	  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES },
	{ "7.3-eager", LPAGE_PAGES, RMAP_PAGES, 0, 0, LPAGE_PAGES + RMAP_PAGES },
};

static void assert_pages(const struct tally *tally, const char *function, uint64_t pages)
{
	assert_int_equal(tally_bytes(tally, function), pages * 4096);
}

static void captures_give_kvm_arrays(void **state)
{
	char root[256];

	(void)state;
	for (size_t i = 0; i < sizeof(captured) / sizeof(captured[0]); i++) {
		struct sources sources;
		struct snapshot snapshot;

		print_message("%s\n", captured[i].host);
		snprintf(root, sizeof(root), HOSTS "%s", captured[i].host);
		sources_open(&sources, root, SOURCES_ALL);
		snapshot_take(&sources, &snapshot);
		assert_true(snapshot.status[SOURCE_VMALLOCINFO].ok);
		assert_pages(&snapshot.vmalloc, PREPARE, captured[i].prepare);
		assert_pages(&snapshot.vmalloc, RMAP, captured[i].rmap);
		assert_pages(&snapshot.vmalloc, CREATE, captured[i].create);
		assert_pages(&snapshot.vmalloc, LAZY_TRACKING, captured[i].lazy_tracking);
		assert_pages(&snapshot.vmalloc, NULL, captured[i].all);
		snapshot_free(&snapshot);
		sources_close(&sources);
	}
}

/* Kernels with frame pointers: only struct kvm has its caller's name, arrays have a wrapper's. */
static void areas_of_vmallocs_wrappers_are_counted_apart(void **state)
{
	static const struct {
		const char *path;
		uint64_t pages;
	} hosts[] = {
		{ HOSTS "6.12-fp-before/proc/vmallocinfo", 0 },
		{ HOSTS "6.12-fp-lazy/proc/vmallocinfo", LPAGE_PAGES },
		{ HOSTS "6.12-fp-allocated/proc/vmallocinfo",
		  LPAGE_PAGES + RMAP_PAGES + TRACKING_PAGES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct tally tally = { 0 }, wrapped = { 0 };
		FILE *file = fopen(hosts[i].path, "r");

		assert_non_null(file);
		assert_int_equal(vmallocinfo_parse(file, &tally, &wrapped), 0);
		assert_pages(&tally, NULL, i ? 2 : 0);
		/* Eight pages are swap's. */
		assert_pages(&wrapped, "__vmalloc_array_noprof", 8 + hosts[i].pages);
		assert_pages(&wrapped, NULL, 8 + hosts[i].pages);
		fclose(file);
		tally_free(&tally);
		tally_free(&wrapped);
	}
}

static void dirty_bitmap_has_another_function_in_5_10(void **state)
{
	static const struct {
		const char *path, *function;
	} hosts[] = {
		{ HOSTS "5.10-dirty-log/proc/vmallocinfo", "__kvm_set_memory_region" },
		{ HOSTS "6.12-dirty-log/proc/vmallocinfo", "kvm_set_memslot" },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct tally tally = { 0 }, wrapped = { 0 };
		FILE *file = fopen(hosts[i].path, "r");

		assert_non_null(file);
		assert_int_equal(vmallocinfo_parse(file, &tally, &wrapped), 0);
		/* Two bits per page of 61 GiB, and a page-pointer array. */
		assert_pages(&tally, hosts[i].function, 976 + 2);
		assert_int_equal(wrapped.count, 0);
		fclose(file);
		tally_free(&tally);
	}
}

/* By hand: what the captured hosts don't show. */
static const struct {
	const char *line;
	const char *function;		/* NULL: not KVM's */
	uint64_t pages;
} lines[] = {
	{ "0x0000000000000000-0x0000000000000000 33558528 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=8192 vmalloc vpages N0=8192\n",
	  RMAP, 8192 },
	{ "0x(____ptrval____)-0x(____ptrval____)    8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=1 vmalloc N0=1\n",
	  RMAP, 1 },
	{ "(____ptrval____)-(____ptrval____)    8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=1 vmalloc N0=1\n",
	  RMAP, 1 },
	{ "0x1-0x2    8192 memslot_rmap_alloc.isra.0+0x8e/0xe0 [kvm] pages=1 vmalloc N0=1\n", RMAP, 1 },
	{ "0x1-0x2    8192 memslot_rmap_alloc.constprop.0.isra.0+0x8e/0xe0 [kvm] pages=1 vmalloc\n",
	  RMAP, 1 },
	{ "0x1-0x2    8192 memslot_rmap_alloc.part.0+0x8e/0xe0 pages=1 vmalloc N0=1\n", RMAP, 1 },
	{ "0x1-0x2    8192 kvm_set_memslot+0x8e/0xe0 pages=1 vmalloc N0=1\n", "kvm_set_memslot", 1 },
	{ "0x1-0x2   12288 svm_vcpu_create+0x1/0x2 [kvm_amd] pages=2 vmalloc N0=1 N1=1\n",
	  "svm_vcpu_create", 2 },
	{ "0x1-0x2   12288 vmx_init+0x1/0x2 [kvm_intel] pages=2 vmalloc N0=2\n", "vmx_init", 2 },
	/* Another module's function of the same name; KVM in a guest; names that only begin alike. */
	{ "0x1-0x2    8192 kvm_set_memslot+0x1/0x2 [other] pages=1 vmalloc N0=1\n", NULL, 0 },
	{ "0x1-0x2    8192 intel_vgpu_open+0x1/0x2 [kvmgt] pages=1 vmalloc N0=1\n", NULL, 0 },
	{ "0x1-0x2    8192 kvm_setup_vsyscall_timeinfo+0x1/0x2 pages=1 vmalloc N0=1\n", NULL, 0 },
	{ "0x1-0x2    8192 kvm_set_memslot_not+0x1/0x2 pages=1 vmalloc N0=1\n", NULL, 0 },
	/* No pages of their own, no caller, freed already. */
	{ "0x1-0x2    8192 kvm_vcpu_map+0x1/0x2 [kvm] phys=0x000000007ffe1000 ioremap\n", NULL, 0 },
	{ "0x1-0x2    8192 sev_pin_memory+0x1/0x2 [kvm_amd] vmap\n", NULL, 0 },
	{ "0x1-0x2   12288 unpurged vm_area\n", NULL, 0 },
	{ "0x1-0x2   12288 vm_map_ram\n", NULL, 0 },
	{ "0x1-0x2   12288\n", NULL, 0 },
};

static void lines_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *line = lines[i].line;
		struct tally tally = { 0 };

		print_message("%s", line);
		assert_int_equal(parse_vmallocinfo(line, strlen(line), &tally), 0);
		assert_int_equal(tally.count, lines[i].function ? 1 : 0);
		if (lines[i].function) {
			assert_string_equal(tally.entries[0].function, lines[i].function);
			assert_int_equal(tally.entries[0].pages, lines[i].pages);
			assert_int_equal(tally.entries[0].count, 1);
		}
		tally_free(&tally);
	}
}

static void numbers_fit_64_bits(void **state)
{
	static const char *const none[] = { "", "x", "-1", " 1", "18446744073709551616", "184467440737095516150" };
	const char *text = "18446744073709551615 kB";
	uint64_t number = 5;

	(void)state;
	assert_true(source_number(&text, &number));
	assert_int_equal(number, UINT64_MAX);
	assert_string_equal(text, " kB");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		text = none[i];
		number = 5;
		assert_false(source_number(&text, &number));
		assert_ptr_equal(text, none[i]);
		assert_int_equal(number, 5);
	}
}

static const char *const broken_vmallocinfo[] = {
	"",
	"\n",
	"nonsense\n",
	"0x1-0x2\n",
	"0x1-0x2 many memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=1 vmalloc\n",
	"0x1-0x2 8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=1 vmalloc N0=1",
	"0x1-0x2 8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages= vmalloc\n",
	"0x1-0x2 8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=-1 vmalloc\n",
	/* More pages than the area has, numbers beyond 64 bits. */
	"0x1-0x2 8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=3 vmalloc\n",
	"0x1-0x2 8192 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=18446744073709551617 vmalloc\n",
	"0x1-0x2 99999999999999999999 memslot_rmap_alloc+0x8e/0xe0 [kvm] pages=1 vmalloc\n",
};

static void broken_vmallocinfo_is_refused(void **state)
{
	struct tally tally = { 0 };
	char *endless = malloc(100000);

	(void)state;
	for (size_t i = 0; i < sizeof(broken_vmallocinfo) / sizeof(broken_vmallocinfo[0]); i++)
		assert_int_equal(parse_vmallocinfo(broken_vmallocinfo[i],
						   strlen(broken_vmallocinfo[i]), &tally), -EINVAL);
	assert_non_null(endless);
	memset(endless, '0', 100000);
	endless[1] = 'x';
	endless[99999] = '\n';
	assert_int_equal(parse_vmallocinfo(endless, 100000, &tally), -EINVAL);
	free(endless);
	assert_int_equal(tally.count, 0);
	assert_null(tally.entries);
}

/* 32764 slots with 6 arrays each: one entry for each kind of array. */
static void many_lines_make_few_entries(void **state)
{
	static const char slot[] =
		"0x00000000b8e5d2c4-0x0000000007bd3f44    8192 memslot_rmap_alloc+0x64/0xc0 [kvm] pages=1 vmalloc N0=1\n"
		"0x00000000b8e5d2c4-0x0000000007bd3f44    8192 memslot_rmap_alloc+0x64/0xc0 [kvm] pages=1 vmalloc N0=1\n"
		"0x00000000b8e5d2c4-0x0000000007bd3f44   12288 memslot_rmap_alloc+0x64/0xc0 [kvm] pages=2 vmalloc N0=2\n"
		"0x00000000b8e5d2c4-0x0000000007bd3f44    8192 kvm_arch_prepare_memory_region+0xfd/0x300 [kvm] pages=1 vmalloc N0=1\n"
		"0x00000000b8e5d2c4-0x0000000007bd3f44    8192 kvm_arch_prepare_memory_region+0xfd/0x300 [kvm] pages=1 vmalloc N0=1\n"
		"0x00000000b8e5d2c4-0x0000000007bd3f44    8192 kvm_page_track_write_tracking_alloc+0x34/0x60 [kvm] pages=1 vmalloc N0=1\n";
	FILE *file = tmpfile();
	struct tally tally = { 0 }, wrapped = { 0 };

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 32764; i++)
		fputs(slot, file);
	rewind(file);
	assert_int_equal(vmallocinfo_parse(file, &tally, &wrapped), 0);
	fclose(file);
	assert_int_equal(tally.count, 4);
	assert_true(tally.room <= 64);
	assert_pages(&tally, RMAP, 4 * 32764);
	assert_pages(&tally, NULL, 7 * 32764);
	tally_free(&tally);
}

static void captured_meminfo(void **state)
{
	struct meminfo meminfo;
	FILE *file = fopen(HOSTS "6.12-allocated/proc/meminfo", "r");

	(void)state;
	assert_non_null(file);
	assert_int_equal(meminfo_parse(file, &meminfo), 0);
	fclose(file);
	assert_int_equal(meminfo.vmalloc_used, 171336ull << 10);
	assert_true(meminfo.mem_available > 1ull << 30);
	assert_true(meminfo.slab > 1ull << 20);
}

static const char *const broken_meminfo[] = {
	"",
	"VmallocUsed: 1 kB\nMemAvailable: 2 kB\n",
	"VmallocUsed: 1 kB\nMemAvailable: 2 kB\nSlab: 3 MB\n",
	"VmallocUsed: 1 kB\nMemAvailable: 2 kB\nSlab: kB\n",
	"VmallocUsed: 1 kB\nMemAvailable: 2 kB\nSlab: 3",
	"VmallocUsed: 1 kB\nMemAvailable: -2 kB\nSlab: 3 kB\n",
	"VmallocUsed: 18446744073709551615 kB\nMemAvailable: 2 kB\nSlab: 3 kB\n",
};

static void broken_meminfo_is_refused(void **state)
{
	struct meminfo meminfo = { .slab = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(broken_meminfo) / sizeof(broken_meminfo[0]); i++)
		assert_int_equal(parse_meminfo(broken_meminfo[i], strlen(broken_meminfo[i]),
					       &meminfo), -EINVAL);
	assert_int_equal(meminfo.slab, 7);
	assert_int_equal(meminfo.vmalloc_used, 0);
}

/* Cut anywhere, a file is refused, or cut between lines and read as far as it goes. */
static void truncated_files(void **state)
{
	struct tally tally = { 0 };
	struct meminfo meminfo;
	size_t length;
	char *text = slurp(HOSTS "6.12-allocated/proc/vmallocinfo", &length);

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		int code = parse_vmallocinfo(text, cut, &tally);

		assert_int_equal(code, cut && text[cut - 1] == '\n' ? 0 : -EINVAL);
		tally_free(&tally);
	}
	free(text);
	text = slurp(HOSTS "7.3-lazy/proc/meminfo", &length);
	for (size_t cut = 0; cut < length; cut++)
		parse_meminfo(text, cut, &meminfo);
	free(text);
}

/* Any byte may become any other: no crash, no read out of bounds. */
static void garbled_files(void **state)
{
	static const char *const paths[] = { HOSTS "6.12-hotplug/proc/vmallocinfo",
					     HOSTS "6.12-hotplug/proc/meminfo" };
	unsigned int seed = 1;
	char *files[2];
	size_t lengths[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		files[i] = slurp(paths[i], &lengths[i]);
	for (int turn = 0; turn < 4000; turn++) {
		struct tally tally = { 0 };
		struct meminfo meminfo;
		size_t length = lengths[turn % 2];
		char *text = malloc(length);

		assert_non_null(text);
		memcpy(text, files[turn % 2], length);
		for (int i = 0; i < 10; i++)
			text[(unsigned int)rand_r(&seed) % length] = (char)rand_r(&seed);
		if (turn % 2)
			parse_meminfo(text, length, &meminfo);
		else if (!parse_vmallocinfo(text, length, &tally))
			tally_bytes(&tally, NULL);
		tally_free(&tally);
		free(text);
	}
	free(files[0]);
	free(files[1]);
}

static ssize_t give_some_then_fail(void *cookie, char *buffer, size_t size)
{
	static const char line[] = "0x1-0x2 8192 kvm_set_memslot+0x1/0x2 [kvm] pages=1 vmalloc\n";
	int *calls = cookie;

	if ((*calls)++) {
		errno = EIO;
		return -1;
	}
	assert_true(size >= sizeof(line));
	memcpy(buffer, line, sizeof(line) - 1);
	return sizeof(line) - 1;
}

static void reads_that_fail_midway_leave_the_figures_alone(void **state)
{
	const cookie_io_functions_t functions = { .read = give_some_then_fail };
	int calls = 0;
	struct tally tally = { 0 }, wrapped = { 0 };
	struct meminfo meminfo = { .slab = 7 };
	FILE *file = fopencookie(&calls, "r", functions);

	(void)state;
	assert_non_null(file);
	assert_int_equal(vmallocinfo_parse(file, &tally, &wrapped), -EIO);
	assert_null(tally.entries);
	assert_null(wrapped.entries);
	clearerr(file);
	assert_int_equal(meminfo_parse(file, &meminfo), -EIO);
	assert_int_equal(meminfo.slab, 7);
	fclose(file);
}

static void assert_unavailable(const struct snapshot *snapshot, enum source source, const char *why)
{
	assert_false(snapshot->status[source].ok);
	assert_string_equal(snapshot->status[source].why, why);
}

static void every_missing_source_says_why(void **state)
{
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	sources_open(&sources, "/nowhere", SOURCES_ALL);
	snapshot_take(&sources, &snapshot);
	assert_unavailable(&snapshot, SOURCE_VMALLOCINFO,
			   "/proc/vmallocinfo: No such file or directory");
	assert_unavailable(&snapshot, SOURCE_MEMINFO, "/proc/meminfo: No such file or directory");
	assert_unavailable(&snapshot, SOURCE_RMAPS_STAT, "no VM yet");
	assert_unavailable(&snapshot, SOURCE_KLOG, "/dev/kmsg: No such file or directory");
	snapshot_free(&snapshot);
	sources_close(&sources);
	sources_close(&sources);
}

/* What the sources of this set say of a VM. */
static void look(enum source_set set, struct sources *sources, struct snapshot *snapshot)
{
	sources_open(sources, HOSTS "6.12-allocated", set);
	sources->vm_pid = 152;
	sources->vm_fd = 5;
	snapshot_take(sources, snapshot);
}

static void log_reads_the_kernel_log_alone(void **state)
{
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	look(SOURCES_LOG, &sources, &snapshot);
	for (int source = 0; source < SOURCE_COUNT; source++)
		if (source != SOURCE_KLOG)
			assert_unavailable(&snapshot, source, "not asked for (report.sources = log)");
	assert_unavailable(&snapshot, SOURCE_KLOG, "/dev/kmsg: No such file or directory");
	snapshot_free(&snapshot);
	sources_close(&sources);
}

static void cheap_leaves_out_the_dear_ones(void **state)
{
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	look(SOURCES_CHEAP, &sources, &snapshot);
	assert_unavailable(&snapshot, SOURCE_VMALLOCINFO,
			   "not asked for (report.sources = cheap)");
	assert_unavailable(&snapshot, SOURCE_RMAPS_STAT,
			   "not asked for (report.sources = cheap)");
	assert_string_equal(snapshot_remedy(&snapshot, SOURCE_RMAPS_STAT), "report.sources = all");
	assert_true(snapshot.status[SOURCE_MEMINFO].ok);
	assert_string_equal(snapshot.status[SOURCE_MEMINFO].why, "");
	assert_int_equal(snapshot.vmalloc.count, 0);
	snapshot_free(&snapshot);
	sources_close(&sources);
}

static void every_source_has_a_name_and_a_remedy(void **state)
{
	static const char *const names[SOURCE_COUNT] = {
		"vmallocinfo", "meminfo", "rmaps_stat", "klog", "cgroup", "kvm_stats",
		"kvm_debugfs", "slabinfo", "process", "memslots",
	};

	(void)state;
	for (int source = 0; source < SOURCE_COUNT; source++) {
		assert_string_equal(source_name(source), names[source]);
		assert_true(strlen(source_remedy(source)) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_fit_64_bits),
		cmocka_unit_test(captures_give_kvm_arrays),
		cmocka_unit_test(areas_of_vmallocs_wrappers_are_counted_apart),
		cmocka_unit_test(dirty_bitmap_has_another_function_in_5_10),
		cmocka_unit_test(lines_by_hand),
		cmocka_unit_test(broken_vmallocinfo_is_refused),
		cmocka_unit_test(many_lines_make_few_entries),
		cmocka_unit_test(captured_meminfo),
		cmocka_unit_test(broken_meminfo_is_refused),
		cmocka_unit_test(truncated_files),
		cmocka_unit_test(garbled_files),
		cmocka_unit_test(reads_that_fail_midway_leave_the_figures_alone),
		cmocka_unit_test(every_missing_source_says_why),
		cmocka_unit_test(cheap_leaves_out_the_dear_ones),
		cmocka_unit_test(log_reads_the_kernel_log_alone),
		cmocka_unit_test(every_source_has_a_name_and_a_remedy),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
