// SPDX-License-Identifier: GPL-2.0-only
/* Memory that a host can't give is refused with the rule, the value, the limit and a remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host_memory.h"
#include "root_folder.h"

#define G (1ull << 30)
#define HUGE_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define POOL_2M HUGE_2M "free_hugepages"
#define RESERVED_2M HUGE_2M "resv_hugepages"
#define ALL_2M HUGE_2M "nr_hugepages"

static char root[] = "/tmp/minivmm-test-host-memory.XXXXXX";

static void write_file(const char *path, const char *text)
{
	put_file(root, path, text);
}

static int check_vms(struct memslot_cfg memslot, struct phase_cfg phase, uint64_t vms,
		     uint64_t available, struct err *err)
{
	struct config config = {
		.memslots = &memslot, .memslot_count = 1, .phases = &phase, .phase_count = 1,
	};
	struct layout layout = { .config = &config };

	strcpy(memslot.name, "m");
	if (!memslot.count)
		memslot.count = 1;
	if (!memslot.plugged)
		memslot.plugged = memslot.size;
	memslot.node--;		/* so that 0 is: any */
	*err = (struct err){ 0 };
	return host_memory_check(root, &layout, vms, available, err);
}

static int check(struct memslot_cfg memslot, uint64_t available, struct err *err)
{
	return check_vms(memslot, (struct phase_cfg){ 0 }, 1, available, err);
}

#define MEMSLOT(...) ((struct memslot_cfg){ __VA_ARGS__ })

#define THP "/sys/kernel/mm/transparent_hugepage/enabled"
#define M (1ull << 20)

/* 2048 pages, 580K apart, in a slot of 1 GiB. */
static void touched_memory(void **state)
{
	struct memslot_cfg slot = { .size = G };
	struct phase_cfg phase = { .touch = 8 * M, .stride = 580 * 1024 };
	struct err err;

	(void)state;
	write_file(THP, "[always] madvise never\n");
	assert_int_equal(check_vms(slot, phase, 4, 3 * G, &err), -ENOMEM);
	assert_string_equal(err.text, "the memory that 4 VMs may write to takes 4 GiB in huge pages, "
				      "this host has 3 GiB available (MemAvailable)");
	assert_non_null(strstr(err.remedy, "thp = never"));
	assert_int_equal(check_vms(slot, phase, 2, 3 * G, &err), 0);
	slot.thp = THP_NEVER;
	assert_int_equal(check_vms(slot, phase, 4, 40 * M, &err), 0);
	assert_int_equal(check_vms(slot, phase, 8, 40 * M, &err), -ENOMEM);
	slot.thp = THP_DEFAULT;
	write_file(THP, "always [madvise] never\n");
	assert_int_equal(check_vms(slot, phase, 4, 40 * M, &err), 0);
	/* The walk comes round to the same pages again. */
	phase = (struct phase_cfg){ .touch = 1000 * G, .stride = G / 4 };
	assert_int_equal(check_vms(slot, phase, 1, M, &err), 0);
}

/* Where /sys is not mounted, what it would say is not known. */
static void without_sys(void **state)
{
	struct memslot_cfg slot = { .size = G };
	struct phase_cfg phase = { .touch = 8 * M, .stride = 580 * 1024 };
	struct err err;

	(void)state;
	assert_int_equal(check_vms(slot, phase, 4, 3 * G, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "takes 4 GiB in huge pages"));
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_2M), 0, &err), -ENOMEM);
	assert_string_equal(err.text, "memslot.m.backing: whether this host has huge pages of 2M is not "
				      "known: /sys is not mounted");
	assert_string_equal(err.remedy, "mount -t sysfs none /sys");
	/* mbind() refuses a node that is not there. */
	assert_int_equal(check(MEMSLOT(.size = G, .node = 8), 0, &err), 0);
}

static void huge_pages(void **state)
{
	struct err err;

	(void)state;
	write_file(POOL_2M, "511\n");
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_2M), 0, &err), -ENOMEM);
	assert_string_equal(err.text, "memslot.m.backing: the layout takes 512 huge pages of 2M, this "
				      "host has 511 free");
	assert_non_null(strstr(err.remedy, "echo 512 > "));
	write_file(POOL_2M, "512\n");
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_2M), 0, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_2M, .count = 2), 0, &err),
			 -ENOMEM);
	/* Others have reserved one of the free pages, so that one more than are missing is to be added. */
	write_file(RESERVED_2M, "1\n");
	write_file(ALL_2M, "600\n");
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_2M), 0, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "512 huge pages of 2M, this host has 511 free"));
	assert_non_null(strstr(err.remedy, "echo 601 > "));
	write_file(RESERVED_2M, "0\n");
	assert_int_equal(check(MEMSLOT(.size = G, .backing = BACKING_HUGETLB_1G), 0, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "this host has no huge pages of 1G"));
}

static void files(void **state)
{
	char path[128];
	struct err err;

	(void)state;
	write_file("/memory", "12345");
	snprintf(path, sizeof(path), "%s/memory", root);
	assert_int_equal(check(MEMSLOT(.size = 4096, .backing = BACKING_FILE, .path = path), 0, &err),
			 -ENOSPC);
	assert_non_null(strstr(err.text, "holds 5, the memslot takes 4K"));
	assert_non_null(strstr(err.remedy, "truncate -s 4K "));
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(check(MEMSLOT(.size = 4096, .backing = BACKING_FILE, .path = path), 0, &err), 0);
	strcat(path, "-not");
	assert_int_equal(check(MEMSLOT(.size = 4096, .backing = BACKING_FILE, .path = path), 0, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "No such file"));
}

static void nodes(void **state)
{
	struct err err;

	(void)state;
	write_file("/sys/devices/system/node/node0/cpulist", "0\n");
	assert_int_equal(check(MEMSLOT(.size = 4096, .node = 1), 0, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = 4096, .node = 4), 0, &err), -ENODEV);
	assert_non_null(strstr(err.text, "memslot.m.node: 3: this host has no such NUMA node"));
}

static void memory_and_address_space(void **state)
{
	struct rlimit limit, low;
	struct err err;

	(void)state;
	assert_int_equal(check(MEMSLOT(.size = 2 * G, .populate = true), 2 * G, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = 2 * G, .populate = true), G, &err), -ENOMEM);
	assert_string_equal(err.text, "populate = yes takes 2 GiB, this host has 1 GiB available "
				      "(MemAvailable)");
	assert_int_equal(check(MEMSLOT(.size = 2 * G), G, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = 1024 * G, .count = 129), 0, &err), -ENOMEM);
	assert_string_equal(err.text, "the memslots take 129 TiB of address space, a process has 128 TiB");
	assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
	low = limit;
	low.rlim_cur = 40960 * G;	/* the sanitizers take 20 TiB themselves */
	assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
	assert_int_equal(check(MEMSLOT(.size = 1024 * G, .count = 41), 0, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "(RLIMIT_AS)"));
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void the_size_of_files(void **state)
{
	struct rlimit limit, low;
	struct err err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	low = limit;
	low.rlim_cur = G;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(check(MEMSLOT(.size = G / 2, .count = 2, .backing = BACKING_MEMFD), 0, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = G / 2, .count = 3, .backing = BACKING_MEMFD), 0, &err), -EFBIG);
	assert_string_equal(err.text, "memslot.m: a memfd of 1.5 GiB, a process may make files of 1 GiB here (RLIMIT_FSIZE)");
	assert_string_equal(err.remedy, "ulimit -f unlimited");
	/* The limit comes before the question whether the pool has so many pages. */
	assert_int_equal(check(MEMSLOT(.size = 2 * G, .backing = BACKING_HUGETLB_2M), 0, &err), -EFBIG);
	assert_int_equal(check(MEMSLOT(.size = 2 * G), 0, &err), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* An alias has no memory of its own. */
static void aliases(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(check(MEMSLOT(.size = 1024 * G, .count = 1000, .alias = (char *)"x"), 0, &err),
			 0);
}

/* A device and what is not plugged are not touched; what is not plugged is not populated, either. */
static void only_the_guests_ram_is_used(void **state)
{
	struct phase_cfg all = { .touch = 8 * G, .stride = 4096 };
	struct err err;

	(void)state;
	assert_int_equal(check(MEMSLOT(.size = 8 * G, .plugged = G, .populate = true), G, &err), 0);
	assert_int_equal(check(MEMSLOT(.size = 8 * G, .plugged = G + 4096, .populate = true), G, &err),
			 -ENOMEM);
	assert_int_equal(check_vms(MEMSLOT(.size = 8 * G, .plugged = G), all, 1, G, &err), 0);
	assert_int_equal(check_vms(MEMSLOT(.size = 8 * G), all, 1, G, &err), -ENOMEM);
	assert_int_equal(check_vms(MEMSLOT(.size = 8 * G, .kind = SLOT_DEVICE), all, 1, G, &err), 0);
	write_file(POOL_2M, "512\n");
	assert_int_equal(check(MEMSLOT(.size = 8 * G, .plugged = G, .backing = BACKING_HUGETLB_2M), G,
			       &err), 0);
}

static int set(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int unset(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: the others make /sys. */
		cmocka_unit_test(without_sys),
		cmocka_unit_test(touched_memory),
		cmocka_unit_test(huge_pages),
		cmocka_unit_test(files),
		cmocka_unit_test(nodes),
		cmocka_unit_test(memory_and_address_space),
		cmocka_unit_test(the_size_of_files),
		cmocka_unit_test(aliases),
		cmocka_unit_test(only_the_guests_ram_is_used),
	};

	return cmocka_run_group_tests_name("host memory", tests, set, unset);
}
