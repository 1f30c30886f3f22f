// SPDX-License-Identifier: GPL-2.0-only
/* The descriptors that processes lend: one that is no VM's any more is not read, and a process is opened once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/kernel_vms.h"
#include "host/kvm_lent.h"

/* The fakes have the prototypes of what they stand for: one with another signature does not compile. */
__typeof__(readlink) __wrap_readlink, __real_readlink;
__typeof__(opendir) __wrap_opendir, __real_opendir;
__typeof__(syscall) __wrap_syscall;
__typeof__(kvm_reader_open) __wrap_kvm_reader_open;
__typeof__(kvm_lent_open) __wrap_kvm_lent_open;

static const char link_of_vm[] = "anon_inode:kvm-vm";
static int opens, open_code, borrows, lent;
static size_t refused;

static bool is_own(const char *path)
{
	char own[32];

	snprintf(own, sizeof(own), "/proc/%d/fd", getpid());
	return !strncmp(path, own, strlen(own));
}

/* All other processes are gone. */
DIR *__wrap_opendir(const char *path)
{
	if (!strcmp(path, "/proc") || is_own(path))
		return __real_opendir(path);
	errno = ENOENT;
	return NULL;
}

/* Every descriptor of this process looks like a VM's in /proc/PID/fd. */
ssize_t __wrap_readlink(const char *path, char *buffer, size_t size)
{
	if (!is_own(path))
		return __real_readlink(path, buffer, size);
	assert_true(size > strlen(link_of_vm));
	memcpy(buffer, link_of_vm, strlen(link_of_vm));
	return (ssize_t)strlen(link_of_vm);
}

/* What is lent is another file. */
long __wrap_syscall(long number, ...)
{
	if (number == SYS_pidfd_open) {
		opens++;
		errno = open_code;
		return open_code ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	assert_int_equal(number, SYS_pidfd_getfd);
	borrows++;
	lent = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	return lent;
}

/* /proc/kcore can't be read, nor does BPF work. */
int __wrap_kvm_reader_open(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY])
{
	(void)reader;
	assert_string_equal(root, "");
	snprintf(why, SOURCE_WHY, "no kcore");
	return -ENOENT;
}

int __wrap_kvm_lent_open(struct kvm_reader *reader, char why[SOURCE_WHY])
{
	(void)reader;
	snprintf(why, SOURCE_WHY, "no BPF");
	return -EPERM;
}

static int no_vm(const struct kernel_vm *vm, void *data)
{
	(void)vm;
	(void)data;
	fail_msg("there is no VM");
	return 0;
}

static int each(int code, char why[SOURCE_WHY])
{
	const struct kvm_reader reader = { .memory.fd = -1 };

	struct kvm_refusals refusals = { 0 };
	int result;

	opens = 0;
	borrows = 0;
	open_code = code;
	*why = '\0';
	result = kvm_lent_each(&reader, no_vm, NULL, &refusals, why);
	refused = refusals.count;
	assert_true(!refused || kvm_refuser("", &refusals, getpid()) == getpid());
	free(refusals.list);
	return result;
}

static void a_file_in_the_vms_place_is_given_back_unread(void **state)
{
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(each(0, why), 0);
	assert_string_equal(why, "");
	assert_true(borrows > 1);
	assert_int_equal(refused, 0);
	assert_int_equal(fcntl(lent, F_GETFD), -1);
}

static void a_process_is_opened_once(void **state)
{
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(each(0, why), 0);
	assert_int_equal(opens, 1);
}

static void a_process_that_is_gone_is_passed_over(void **state)
{
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(each(ESRCH, why), 0);
	/* Only a process group or a session has the number now. */
	assert_int_equal(each(EINVAL, why), 0);
	assert_int_equal(each(EMFILE, why), -EMFILE);
	assert_non_null(strstr(why, "BPF: a VM's descriptor: "));
}

static void a_refusal_counts_where_no_vm_was_found(void **state)
{
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(each(EPERM, why), -EPERM);
	assert_non_null(strstr(why, "CAP_SYS_PTRACE"));
	/* The process once, however many descriptors it does not lend. */
	assert_int_equal(refused, 1);
}

static void descriptors_are_borrowed_only_on_request(void **state)
{
	struct kernel_vms vms;
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(kernel_vms_read("", false, &vms, why), -ENOENT);
	assert_string_equal(why, "no kcore");
	assert_int_equal(kernel_vms_read("", true, &vms, why), -EPERM);
	assert_string_equal(why, "no kcore; no BPF");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_the_vms_place_is_given_back_unread),
		cmocka_unit_test(a_process_is_opened_once),
		cmocka_unit_test(a_process_that_is_gone_is_passed_over),
		cmocka_unit_test(a_refusal_counts_where_no_vm_was_found),
		cmocka_unit_test(descriptors_are_borrowed_only_on_request),
	};

	return cmocka_run_group_tests_name("kvm_lent", tests, NULL, NULL);
}
