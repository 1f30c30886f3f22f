// SPDX-License-Identifier: GPL-2.0-only
/* A set of vCPUs without KVM: how it kicks them, whom it names, and whom it forgives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/privilege.h"
#include "vm/vcpu_filter.h"
#include "vm/vcpu_set.h"

/* The fakes have the prototypes of what they stand for: one with another signature does not compile. */
__typeof__(vcpu_create) __wrap_vcpu_create;
__typeof__(vcpu_run) __wrap_vcpu_run;
__typeof__(vcpu_destroy) __wrap_vcpu_destroy;
__typeof__(ppoll) __real_ppoll, __wrap_ppoll;
__typeof__(clock_gettime) __real_clock_gettime, __wrap_clock_gettime;

static struct kvm_run page;
static bool kick_is_blocked, others_run, all_run, calls_denied, exits_by_itself;

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

	/* Until it is kicked. The real one counts each return of KVM_RUN. */
	while (others_run && (vcpu->index || all_run) && !__atomic_load_n(&page.immediate_exit, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&exits_by_itself, __ATOMIC_ACQUIRE))
			__atomic_fetch_add(&vcpu->exits, 1, __ATOMIC_RELEASE);
		sched_yield();
	}
	if (others_run && (vcpu->index || all_run) && !__atomic_load_n(vcpu->pause, __ATOMIC_ACQUIRE))
		return VCPU_TROUBLE;
	if (calls_denied)
		syscall(SYS_getppid);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	kick_is_blocked = sigismember(&mask, SIGUSR1);
	return VCPU_WAITS;
}

void __wrap_vcpu_destroy(struct vcpu *vcpu)
{
	(void)vcpu;
}

static void make_set(struct vcpu_set *set, unsigned int vcpus)
{
	struct err err;

	assert_int_equal(vcpu_set_open(set, NULL, &err), 0);
	assert_int_equal(vcpu_set_join(set, NULL, NULL, vcpus, &err), 0);
}

/* What the clock is fast by: as much as waits were told to take, and as the process was stopped in the first of them. */
static uint64_t jumped, stopped_ns;
static bool wakes;			/* a wait ends as a vCPU stops, not as its time is up */
static unsigned int waits_left;		/* in which the vCPUs go on; 0: all waits are real */

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	int code = __real_clock_gettime(id, now);
	uint64_t ns = (uint64_t)now->tv_sec * 1000000000 + (uint64_t)now->tv_nsec + jumped;

	*now = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	return code;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	/* The end of a vCPU that was kicked is waited for. */
	if (!waits_left || __atomic_load_n(&page.immediate_exit, __ATOMIC_ACQUIRE))
		return __real_ppoll(fds, count, timeout, mask);
	waits_left--;
	if (!waits_left)
		others_run = false;
	jumped += (uint64_t)timeout->tv_sec * 1000000000 + (uint64_t)timeout->tv_nsec + stopped_ns;
	stopped_ns = 0;
	/* Another vCPU stops. */
	fds[0].revents = wakes ? POLLIN : 0;
	return wakes;
}

/* A vCPU that needs so many waits has a second. */
static int run_for_a_second(unsigned int waits, uint64_t stopped)
{
	struct vcpu_set set;
	int result;

	make_set(&set, 1);
	others_run = all_run = true;
	waits_left = waits;
	stopped_ns = stopped;
	result = vcpu_set_run(&set, 1000000000);
	waits_left = 0;
	others_run = all_run = false;
	assert_true(vcpu_set_close(&set));
	page.immediate_exit = 0;
	return result;
}

/* Ctrl-Z, a cgroup that is frozen, a host that is a VM and was paused: the guest had no such time. */
static void test_while_the_process_is_stopped_no_time_is_up(void **state)
{
	(void)state;
	assert_int_equal(run_for_a_second(3, 0), 0);
	assert_int_equal(run_for_a_second(1000, 0), -ETIMEDOUT);
	assert_int_equal(run_for_a_second(3, 60000000000), 0);
	assert_int_equal(run_for_a_second(1000, 60000000000), -ETIMEDOUT);
	/* Also where the first thing after it is that another vCPU stops. */
	wakes = true;
	assert_int_equal(run_for_a_second(2, 60000000000), 0);
	wakes = false;
}

static void test_vcpus_pass_an_exit(void **state)
{
	struct vcpu_set set;

	(void)state;
	make_set(&set, 3);
	/* All wait. */
	assert_true(vcpu_set_pass_exit(&set, 0, 3));
	others_run = all_run = true;
	vcpu_set_start(&set);
	assert_false(vcpu_set_pass_exit(&set, 1, 2));
	__atomic_store_n(&exits_by_itself, true, __ATOMIC_RELEASE);
	assert_true(vcpu_set_pass_exit(&set, 0, 3));
	vcpu_set_stop(&set);
	others_run = all_run = exits_by_itself = false;
	assert_true(vcpu_set_close(&set));
	page.immediate_exit = 0;
}

static void test_blocked_signal_still_kicks(void **state)
{
	struct vcpu_set set;
	sigset_t kick, old;

	(void)state;
	sigemptyset(&kick);
	sigaddset(&kick, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &kick, &old), 0);
	make_set(&set, 1);
	kick_is_blocked = true;
	assert_int_equal(vcpu_set_run(&set, 10000000000), 0);
	assert_true(vcpu_set_close(&set));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_false(kick_is_blocked);
}

/* Whoever started the program may have blocked SIGSYS, too. */
static void test_each_thread_has_a_filter_of_system_calls(void **state)
{
	struct vcpu_set set;
	sigset_t sys, old;
	struct err err;

	(void)state;
	sigemptyset(&sys);
	sigaddset(&sys, SIGSYS);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &sys, &old), 0);
	privilege_no_new();
	vcpu_filter_watch();
	make_set(&set, 2);
	assert_int_equal(vcpu_set_run(&set, 10000000000), 0);
	assert_false(vcpu_filter_came());
	calls_denied = true;
	assert_int_equal(vcpu_set_run(&set, 10000000000), 0);
	calls_denied = false;
	assert_true(vcpu_set_close(&set));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_true(vcpu_filter_explain(&err));
	assert_non_null(strstr(err.text, "getppid"));
	vcpu_filter_watch();
}

/* One waits, and the others are paused without an error: they go on with the next start. */
static void test_the_first_that_waits_pauses_the_others(void **state)
{
	struct vcpu_set set;

	(void)state;
	make_set(&set, 3);
	others_run = true;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(vcpu_set_run_first(&set, UINT64_MAX, false), 0);
		assert_false(page.immediate_exit);
		assert_false(set.pause);
		assert_null(vcpu_set_culprit(&set));
	}
	/* A kick that is no pause is a trouble, as ever. */
	assert_int_equal(vcpu_set_run(&set, 1000000), -ETIMEDOUT);
	others_run = false;
	assert_true(vcpu_set_close(&set));
	page.immediate_exit = 0;
}

/* Somebody else ends what the vCPUs go on for. */
static void *end_repeat(void *set)
{
	vcpu_set_repeat(set, false);
	return NULL;
}

static void test_the_end_of_the_repeat_pauses_all(void **state)
{
	struct vcpu_set set;
	pthread_t other;

	(void)state;
	make_set(&set, 2);
	others_run = all_run = true;
	vcpu_set_repeat(&set, true);
	/* No other end is waited for. */
	assert_int_equal(vcpu_set_run_first(&set, 1, true), -ETIMEDOUT);
	assert_int_equal(pthread_create(&other, NULL, end_repeat, &set), 0);
	assert_int_equal(vcpu_set_run_first(&set, UINT64_MAX, true), 0);
	pthread_join(other, NULL);
	assert_null(vcpu_set_culprit(&set));
	others_run = all_run = false;
	assert_true(vcpu_set_close(&set));
}

/* Four vCPUs that have stopped; a test says with what. */
struct four {
	struct vcpu_set set;
	struct vcpu_thread threads[4], *list[4];
	struct kvm_run pages[4];
};

static void set_four(struct four *four)
{
	struct err err;

	*four = (struct four){ 0 };
	assert_int_equal(vcpu_set_open(&four->set, NULL, &err), 0);
	for (unsigned int i = 0; i < 4; i++) {
		four->threads[i].stop = VCPU_WAITS;
		four->threads[i].vcpu.index = i;
		four->threads[i].vcpu.run = &four->pages[i];
		four->list[i] = &four->threads[i];
	}
	four->set.threads = four->list;
	four->set.count = 4;
}

static void release(struct four *four)
{
	four->set.threads = NULL;
	four->set.count = 0;
	assert_true(vcpu_set_close(&four->set));
}

static void stop(struct four *four, unsigned int index, enum guest_trouble trouble, int error)
{
	four->threads[index].stop = VCPU_TROUBLE;
	four->threads[index].vcpu.trouble = trouble;
	four->threads[index].vcpu.error = error;
	four->pages[index].immediate_exit = trouble == GUEST_TIMEOUT;
}

static void test_culprit_is_the_first(void **state)
{
	struct four four;

	(void)state;
	set_four(&four);
	assert_null(vcpu_set_culprit(&four.set));
	for (unsigned int i = 1; i < 4; i++)
		stop(&four, i, GUEST_TIMEOUT, 0);
	assert_ptr_equal(vcpu_set_culprit(&four.set), &four.threads[1].vcpu);
	/* The others were kicked because of it. */
	stop(&four, 2, GUEST_EXIT, 0);
	stop(&four, 3, GUEST_REPORTED, 0);
	assert_ptr_equal(vcpu_set_culprit(&four.set), &four.threads[2].vcpu);
	release(&four);
}

/* A vCPU that came back when it was kicked is not the one that hangs. */
static void test_stuck_vcpu_is_the_culprit(void **state)
{
	struct four four;

	(void)state;
	set_four(&four);
	assert_null(vcpu_set_stuck(&four.set));
	stop(&four, 0, GUEST_TIMEOUT, 0);
	four.threads[2].running = four.threads[3].running = true;
	assert_null(vcpu_set_culprit(&four.set));
	assert_ptr_equal(vcpu_set_stuck(&four.set), &four.threads[2].vcpu);
	stop(&four, 1, GUEST_EXIT, 0);
	assert_ptr_equal(vcpu_set_culprit(&four.set), &four.threads[1].vcpu);
	release(&four);
}

static void test_expected_error_is_forgiven(void **state)
{
	struct four four;

	(void)state;
	set_four(&four);
	assert_false(vcpu_set_forgive(&four.set, ENOMEM));
	stop(&four, 1, GUEST_IOCTL, ENOMEM);
	stop(&four, 2, GUEST_IOCTL, ENOMEM);
	stop(&four, 3, GUEST_TIMEOUT, 0);
	/* It came to its end when it was kicked: it must not stop for that the next time. */
	four.pages[0].immediate_exit = 1;
	assert_true(vcpu_set_forgive(&four.set, ENOMEM));
	assert_null(vcpu_set_culprit(&four.set));
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(four.threads[i].stop, VCPU_WAITS);
		assert_int_equal(four.pages[i].immediate_exit, 0);
	}
	release(&four);
}

static void test_other_troubles_are_not_forgiven(void **state)
{
	struct four four;

	(void)state;
	set_four(&four);
	stop(&four, 0, GUEST_IOCTL, ENOMEM);
	stop(&four, 1, GUEST_TIMEOUT, 0);
	stop(&four, 2, GUEST_REPORTED, 0);
	stop(&four, 3, GUEST_IOCTL, EFAULT);
	assert_false(vcpu_set_forgive(&four.set, ENOMEM));
	assert_ptr_equal(vcpu_set_culprit(&four.set), &four.threads[2].vcpu);
	assert_int_equal(four.threads[2].stop, VCPU_TROUBLE);
	assert_int_equal(four.threads[3].vcpu.trouble, GUEST_IOCTL);
	release(&four);
}

/* Only the thread itself may change the vCPU of a thread that runs. */
static void test_a_stuck_vcpu_is_not_forgiven(void **state)
{
	struct four four;

	(void)state;
	set_four(&four);
	stop(&four, 0, GUEST_IOCTL, ENOMEM);
	four.threads[1].running = true;
	four.pages[1].immediate_exit = 1;
	assert_false(vcpu_set_forgive(&four.set, ENOMEM));
	assert_int_equal(four.pages[1].immediate_exit, 1);
	assert_ptr_equal(vcpu_set_stuck(&four.set), &four.threads[1].vcpu);
	assert_null(vcpu_set_culprit(&four.set));
	release(&four);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocked_signal_still_kicks),
		cmocka_unit_test(test_while_the_process_is_stopped_no_time_is_up),
		cmocka_unit_test(test_vcpus_pass_an_exit),
		cmocka_unit_test(test_each_thread_has_a_filter_of_system_calls),
		cmocka_unit_test(test_the_first_that_waits_pauses_the_others),
		cmocka_unit_test(test_the_end_of_the_repeat_pauses_all),
		cmocka_unit_test(test_culprit_is_the_first),
		cmocka_unit_test(test_stuck_vcpu_is_the_culprit),
		cmocka_unit_test(test_expected_error_is_forgiven),
		cmocka_unit_test(test_other_troubles_are_not_forgiven),
		cmocka_unit_test(test_a_stuck_vcpu_is_not_forgiven),
	};

	return cmocka_run_group_tests_name("vcpu_set", tests, NULL, NULL);
}
