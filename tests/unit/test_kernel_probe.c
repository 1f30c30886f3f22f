// SPDX-License-Identifier: GPL-2.0-only
/* The BPF programs that read the running kernel's memory, on the machine that runs this test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/kernel_memory.h"
#include "host/kernel_types.h"
#include "host/source.h"

/* A container or an old kernel may refuse it, with a reason: then there is nothing to read here. */
static void open_or_skip(struct kernel_memory *memory)
{
	char why[SOURCE_WHY] = "";

	if (!kernel_memory_open_probe(memory, why))
		return;
	assert_non_null(strstr(why, "BPF: "));
	print_message("%s\n", why);
	skip();
}

/* Where this thread's tgid lies: 0 where the kernel does not tell, and the test is skipped. */
static uint64_t tgid_address(struct kernel_memory *memory)
{
	struct kernel_types types;
	char why[SOURCE_WHY] = "";
	uint64_t task;

	open_or_skip(memory);
	task = kernel_probe_task(&memory->probe);
	assert_true(kernel_pointer(task));
	kernel_types_read("", &types, why);
	if (!types.members[MEMBER_TASK_TGID].known || debugfs_in_pid_namespace("")) {
		kernel_memory_close(memory);
		skip();
	}
	return task + types.members[MEMBER_TASK_TGID].offset;
}

static void test_it_reads_what_the_kernel_has_of_this_thread(void **state)
{
	struct kernel_memory memory;
	uint64_t at = tgid_address(&memory);
	int32_t tgid = 0;

	(void)state;
	assert_int_equal(kernel_memory_read(&memory, at, &tgid, sizeof(tgid)), 0);
	assert_int_equal(tgid, getpid());
	kernel_memory_close(&memory);
}

/* A program copies 4096 bytes at most: here the number begins in one piece and ends in the next. */
static void test_pieces_make_a_whole(void **state)
{
	unsigned char memory_around[4094 + 4096];
	struct kernel_memory memory;
	uint64_t at = tgid_address(&memory);
	int32_t tgid = 0;

	(void)state;
	assert_int_equal(kernel_memory_read(&memory, at - 4094, memory_around,
					    sizeof(memory_around)), 0);
	memcpy(&tgid, memory_around + 4094, sizeof(tgid));
	assert_int_equal(tgid, getpid());
	kernel_memory_close(&memory);
}

static void test_no_memory_is_an_error(void **state)
{
	struct kernel_memory memory;
	char byte = 'x';

	(void)state;
	open_or_skip(&memory);
	assert_int_equal(kernel_memory_read(&memory, 8, &byte, 1), -EFAULT);
	assert_int_equal(kernel_memory_read(&memory, 0xffdeadbeef000000, &byte, 1), -EFAULT);
	assert_int_equal(byte, 'x');
	kernel_memory_close(&memory);
}

/* An ordinary user is told what is missing, and nothing stays open. */
static void test_a_refusal_has_its_reason(void **state)
{
	struct kernel_memory memory;
	char why[SOURCE_WHY] = "";
	int status;
	pid_t child;

	(void)state;
	if (!kernel_types_library())
		skip();
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int next = dup(0);

		close(next);
		if (geteuid() == 0 && setuid(65534))
			_exit(1);
		if (!kernel_memory_open_probe(&memory, why))
			_exit(2);
		/* The container may refuse the system call itself to everybody. */
		if (!strstr(why, "BPF: CAP_BPF or CAP_PERFMON is missing") &&
		    !strstr(why, "BPF: this kernel has none"))
			_exit(3);
		_exit(dup(0) == next ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_reads_what_the_kernel_has_of_this_thread),
		cmocka_unit_test(test_pieces_make_a_whole),
		cmocka_unit_test(test_no_memory_is_an_error),
		cmocka_unit_test(test_a_refusal_has_its_reason),
	};

	return cmocka_run_group_tests_name("kernel_probe", tests, NULL, NULL);
}
