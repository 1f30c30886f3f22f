// SPDX-License-Identifier: GPL-2.0-only
/* A set of vCPUs without KVM: how it kicks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "vm/vcpu_set.h"

/* The fakes have the prototypes of what they stand for: one with another signature does not compile. */
__typeof__(vcpu_create) __wrap_vcpu_create;
__typeof__(vcpu_run) __wrap_vcpu_run;
__typeof__(vcpu_destroy) __wrap_vcpu_destroy;

static struct kvm_run page;
static bool kick_is_blocked;

int __wrap_vcpu_create(struct vcpu *vcpu, const struct vm *vm, const struct payload *payload,
		       unsigned int index, struct err *err)
{
	(void)err;
	*vcpu = (struct vcpu){ .vm = vm, .payload = payload, .index = index, .run = &page };
	return 0;
}

/* KVM_RUN returns with EINTR only for a signal that its thread does not block. */
enum vcpu_stop __wrap_vcpu_run(struct vcpu *vcpu)
{
	sigset_t mask;

	(void)vcpu;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	kick_is_blocked = sigismember(&mask, SIGUSR1);
	return VCPU_WAITS;
}

void __wrap_vcpu_destroy(struct vcpu *vcpu)
{
	(void)vcpu;
}

static void test_blocked_signal_still_kicks(void **state)
{
	struct vcpu_set set;
	sigset_t kick, old;
	struct err err;

	(void)state;
	sigemptyset(&kick);
	sigaddset(&kick, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &kick, &old), 0);
	assert_int_equal(vcpu_set_open(&set, NULL, &err), 0);
	assert_int_equal(vcpu_set_join(&set, NULL, NULL, 1, &err), 0);
	kick_is_blocked = true;
	assert_int_equal(vcpu_set_run(&set, 10000000000), 0);
	assert_true(vcpu_set_close(&set));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_false(kick_is_blocked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocked_signal_still_kicks),
	};

	return cmocka_run_group_tests_name("vcpu_set", tests, NULL, NULL);
}
