// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into the sanitized program: it starts LeakSanitizer's check at exit only where a block of
 * the heap is left. The check takes longer than most commands do, because it scans the sanitizer's
 * own tables, too; where every block was freed it has nothing to find.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <time.h>

#include "base/stacks.h"

/* <sanitizer/allocator_interface.h>, lsan_interface.h and asan_interface.h, which come with clang. */
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
					      void (*freed)(const volatile void *));
void __lsan_do_leak_check(void);
const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void);

/* libtracefs 1.8 (Debian 13) keeps a page for each CPU that it has read: tracefs_cpu_flush_buf(), tracefs-record.c. */
const char *__lsan_default_suppressions(void)
{
	return "leak:tracefs_cpu_flush_buf\n";
}

static long live;	/* blocks, the libraries' too */
static bool counted;

/* For a program that is linked with this; ASAN_OPTIONS overrides it. */
const char *__asan_default_options(void)
{
	return "leak_check_at_exit=0";
}

static void block_allocated(const volatile void *block, size_t size)
{
	(void)block;
	(void)size;
	__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
}

static void block_freed(const volatile void *block)
{
	if (block)
		__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
}

static void *nothing(void *argument)
{
	return argument;
}

/*
 * glibc reads the time zone once and keeps it, and keeps a thread's stack with what belongs to it for the next thread that
 * wants one of that size (nptl/allocatestack.c): both are done before the counting.
 */
__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	tzset();
	stacks_limit();
	if (!pthread_create(&thread, NULL, nothing, NULL))
		pthread_join(thread, NULL);
	counted = __sanitizer_install_malloc_and_free_hooks(block_allocated, block_freed) > 0;
}

/* glibc never frees the buffers of its standard streams. */
static long stdio_buffers(void)
{
	return (__fbufsize(stdin) > 1) + (__fbufsize(stdout) > 1);
}

/* The lowest priority: after the program's other destructors. */
__attribute__((destructor(101))) static void end(void)
{
	if (!counted || __atomic_load_n(&live, __ATOMIC_RELAXED) != stdio_buffers())
		__lsan_do_leak_check();
}
