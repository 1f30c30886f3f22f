// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's thread makes the system calls that it needs, and no others: those fail, and are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "vm/bus_error.h"
#include "vm/vcpu_filter.h"

#define PAGE 4096

/* Does it on a thread that has the filter. */
static void on_vcpu_thread(void *(*what)(void *), void *argument)
{
	pthread_t thread;

	privilege_no_new();
	vcpu_filter_watch();
	assert_int_equal(pthread_create(&thread, NULL, what, argument), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(vcpu_filter_missing(), 0);
}

/* A call, with arguments, and the errno with which it failed. */
struct call {
	long number, a, b, c;
	int error;
	bool flushes;		/* of the thread's filter */
};

static void *make_call(void *argument)
{
	struct call *call = argument;

	vcpu_filter_install(call->flushes);
	call->error = syscall(call->number, call->a, call->b, call->c, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0 ? errno : 0;
	return NULL;
}

static void a_denied_call_is_named(void **state)
{
	struct call call = { SYS_socket, 1, 1, 0, 0, false }, later = { SYS_getppid, 0, 0, 0, 0, false };
	struct err err = { 0 };

	(void)state;
	on_vcpu_thread(make_call, &call);
	assert_int_equal(call.error, EPERM);
	assert_true(vcpu_filter_came());
	assert_true(vcpu_filter_explain(&err));
	assert_non_null(strstr(err.text, "system call 41 (socket)"));
	assert_string_not_equal(err.remedy, "");
	/* Another run begins with none. */
	on_vcpu_thread(make_call, &later);
	assert_true(vcpu_filter_explain(&err));
	assert_non_null(strstr(err.text, "system call 110 (getppid)"));
	vcpu_filter_watch();
	assert_false(vcpu_filter_came());
	assert_false(vcpu_filter_explain(&err));
}

static void only_what_a_vcpu_asks_of_kvm(void **state)
{
	static const unsigned long allowed[] = { KVM_RUN, KVM_SET_REGS, KVM_GET_NESTED_STATE, KVM_SET_NESTED_STATE };
	struct call create = { SYS_ioctl, -1, KVM_CREATE_VM, 0, 0, false };

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		struct call call = { SYS_ioctl, -1, (long)allowed[i], 0, 0, false };

		on_vcpu_thread(make_call, &call);
		assert_int_equal(call.error, EBADF);
		assert_false(vcpu_filter_came());
	}
	on_vcpu_thread(make_call, &create);
	assert_int_equal(create.error, EPERM);
	assert_true(vcpu_filter_came());
}

static void no_memory_can_be_executed(void **state)
{
	struct call data = { SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, 0, false };
	struct call code = { SYS_mmap, 0, PAGE, PROT_READ | PROT_EXEC, 0, false };
	struct call change = { SYS_mprotect, 0, 0, PROT_EXEC, 0, false };

	(void)state;
	on_vcpu_thread(make_call, &data);
	assert_false(vcpu_filter_came());
	on_vcpu_thread(make_call, &code);
	assert_int_equal(code.error, EPERM);
	on_vcpu_thread(make_call, &change);
	assert_int_equal(change.error, EPERM);
}

/* The test device has its vCPU flush a page (vm/pc.c); new memory can't be executed all the same. */
static void a_test_kernel_flushes_pages(void **state)
{
	struct call code = { SYS_mmap, 0, PAGE, PROT_READ | PROT_EXEC, 0, true };
	struct call change = { SYS_mprotect, 0, 0, PROT_EXEC, 0, true };

	(void)state;
	on_vcpu_thread(make_call, &change);
	assert_int_equal(change.error, 0);
	on_vcpu_thread(make_call, &code);
	assert_int_equal(code.error, EPERM);
}

static void signals_reach_only_this_process(void **state)
{
	pid_t child = fork();
	struct call own = { SYS_tgkill, getpid(), getpid(), 0, 0, false }, other = { SYS_tgkill, child, child, 0, 0, false };

	(void)state;
	if (!child)
		for (;;)
			pause();
	assert_true(child > 0);
	on_vcpu_thread(make_call, &own);
	assert_int_equal(own.error, 0);
	assert_false(vcpu_filter_came());
	on_vcpu_thread(make_call, &other);
	assert_int_equal(other.error, EPERM);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* A call of x32 is another one, though it does the same (asm/unistd.h, __X32_SYSCALL_BIT). */
static void no_call_of_another_abi(void **state)
{
	struct call native = { SYS_getpid, 0, 0, 0, 0, false }, x32 = { 0x40000000 | SYS_getpid, 0, 0, 0, 0, false };
	struct err err = { 0 };

	(void)state;
	on_vcpu_thread(make_call, &native);
	assert_int_equal(native.error, 0);
	on_vcpu_thread(make_call, &x32);
	assert_int_equal(x32.error, EPERM);
	assert_true(vcpu_filter_explain(&err));
	assert_non_null(strstr(err.text, "(unknown)"));
}

static void ignore(int number)
{
	(void)number;
}

/* What a vCPU's thread does besides running its guest. */
struct work {
	int pipe[2], started;
	bool kicked;
	char *lost;
};

static void *work(void *argument)
{
	struct work *work = argument;
	char text[64];

	vcpu_filter_install(false);
	for (size_t size = 16; size < 64 << 20; size *= 4)
		free(realloc(malloc(size), 2 * size));
	snprintf(text, sizeof(text), "%llu %s\n", (unsigned long long)clock_ns(), strerror(ENOSPC));
	if (write(work->pipe[1], text, strlen(text)) < 0)
		return argument;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, text);
	sched_yield();
	/* It is kicked while it waits, and SIGBUS is mended (vm/bus_error.c). */
	__atomic_store_n(&work->started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&work->kicked, __ATOMIC_ACQUIRE))
		sched_yield();
	*work->lost = 1;
	return NULL;
}

static void *kick_it(void *argument)
{
	struct work *work_to_do = argument;
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, work, argument))
		return argument;
	while (!__atomic_load_n(&work_to_do->started, __ATOMIC_ACQUIRE))
		sched_yield();
	pthread_kill(thread, SIGUSR1);
	__atomic_store_n(&work_to_do->kicked, true, __ATOMIC_RELEASE);
	pthread_join(thread, &result);
	return result;
}

static void a_vcpus_own_work_is_allowed(void **state)
{
	struct sigaction action = { .sa_handler = ignore };
	char name[] = "/tmp/filter-XXXXXX";
	struct work to_do = { 0 };
	int fd = mkstemp(name);

	(void)state;
	unlink(name);
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(pipe(to_do.pipe), 0);
	to_do.lost = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(to_do.lost, MAP_FAILED);
	bus_error_watch();
	privilege_no_new();
	vcpu_filter_watch();
	assert_null(kick_it(&to_do));
	assert_int_equal(vcpu_filter_missing(), 0);
	assert_true(bus_error_came());
	if (vcpu_filter_came()) {
		struct err err = { 0 };

		vcpu_filter_explain(&err);
		fail_msg("%s", err.text);
	}
	munmap(to_do.lost, PAGE);
	close(fd);
	close(to_do.pipe[0]);
	close(to_do.pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denied_call_is_named),
		cmocka_unit_test(only_what_a_vcpu_asks_of_kvm),
		cmocka_unit_test(no_memory_can_be_executed),
		cmocka_unit_test(a_test_kernel_flushes_pages),
		cmocka_unit_test(signals_reach_only_this_process),
		cmocka_unit_test(no_call_of_another_abi),
		cmocka_unit_test(a_vcpus_own_work_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
