// SPDX-License-Identifier: GPL-2.0-only
/* Whether memory is in huge pages, as /proc/self/smaps says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/huge_memory.h"

#define MIB (1ull << 20)
#define START 0x7f0000000000ull

static char root[] = "/tmp/minivmm-huge-XXXXXX";

static void path_of(char path[128], const char *name)
{
	snprintf(path, 128, "%s%s", root, name);
}

static int make_root(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	path_of(path, "/proc");
	mkdir(path, 0700);
	path_of(path, "/proc/self");
	return mkdir(path, 0700);
}

static int remove_root(void **state)
{
	static const char *const names[] = { "/proc/self/smaps", "/proc/self", "/proc", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i]);
		remove(path);
	}
	return 0;
}

/* A mapping before the memory, the memory in `count` mappings with these figures, a mapping after it. */
static bool is_whole(const char *const figures[], size_t count, uint64_t each)
{
	char path[128];
	uint64_t at = START;
	FILE *file;

	path_of(path, "/proc/self/smaps");
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%llx-%llx rw-p 00000000 00:00 0 \nAnonHugePages:      4096 kB\n", START - 4 * MIB, START);
	for (size_t i = 0; i < count; i++, at += each)
		fprintf(file, "%llx-%llx rw-p 00000000 00:00 0 \nSize: 4096 kB\n%s\nVmFlags: rd wr hg\n",
			(unsigned long long)at, (unsigned long long)(at + each), figures[i]);
	fprintf(file, "%llx-%llx rw-p 00000000 00:00 0 \nAnonHugePages:      8192 kB\n",
		(unsigned long long)at, (unsigned long long)at + 8 * MIB);
	assert_int_equal(fclose(file), 0);
	return huge_memory_is_whole(root, START, 8 * MIB);
}

static void test_whole(void **state)
{
	(void)state;
	assert_true(is_whole((const char *[]){ "AnonHugePages:      8192 kB" }, 1, 8 * MIB));
	assert_true(is_whole((const char *[]){ "ShmemPmdMapped: 8192 kB" }, 1, 8 * MIB));
	assert_true(is_whole((const char *[]){ "FilePmdMapped: 8192 kB" }, 1, 8 * MIB));
	assert_true(is_whole((const char *[]){ "Private_Hugetlb: 8192 kB" }, 1, 8 * MIB));
	assert_true(is_whole((const char *[]){ "AnonHugePages: 4096 kB", "AnonHugePages: 4096 kB" }, 2, 4 * MIB));
	/* What is beyond the last whole huge page can't be one. */
	is_whole((const char *[]){ "AnonHugePages: 6144 kB" }, 1, 8 * MIB - 4096);
	assert_true(huge_memory_is_whole(root, START, 8 * MIB - 4096));
	is_whole((const char *[]){ "AnonHugePages: 4096 kB" }, 1, 8 * MIB - 4096);
	assert_false(huge_memory_is_whole(root, START, 8 * MIB - 4096));
	is_whole((const char *[]){ "Rss: 4 kB" }, 1, 4096);
	assert_false(huge_memory_is_whole(root, START, 4096));
}

static void test_not_whole_or_not_known(void **state)
{
	char path[128];

	(void)state;
	/* One is split; none is huge; a part is not mapped; the mapping is larger than the memory. */
	assert_false(is_whole((const char *[]){ "AnonHugePages:      6144 kB" }, 1, 8 * MIB));
	assert_false(is_whole((const char *[]){ "Rss: 8192 kB" }, 1, 8 * MIB));
	assert_false(is_whole((const char *[]){ "AnonHugePages: 8192 kB" }, 1, 4 * MIB));
	assert_false(is_whole((const char *[]){ "AnonHugePages: 8192 kB" }, 1, 16 * MIB));
	path_of(path, "/proc/self/smaps");
	remove(path);
	assert_false(huge_memory_is_whole(root, START, 8 * MIB));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_not_whole_or_not_known),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
