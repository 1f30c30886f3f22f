// SPDX-License-Identifier: GPL-2.0-only
/* The stack of a thread has no room for a huge page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/stacks.h"

#define HUGE_PAGE (2ul << 20)

static void *measure(void *size)
{
	pthread_attr_t attributes;

	if (!pthread_getattr_np(pthread_self(), &attributes)) {
		pthread_attr_getstacksize(&attributes, size);
		pthread_attr_destroy(&attributes);
	}
	return NULL;
}

/* That of a thread which is made as minivmm makes its own. */
static size_t stack_size(void)
{
	size_t size = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, measure, &size), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return size;
}

static void a_stack_has_no_room_for_a_huge_page(void **state)
{
	(void)state;
	stacks_limit();
	assert_in_range(stack_size(), 1, HUGE_PAGE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_has_no_room_for_a_huge_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
