// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's and the host's names, and KVM's module parameters: what is not exactly yes or no is unknown, and a module is known by its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "host/host.h"
#include "root_folder.h"

static char root[32];

static int set(void **state)
{
	(void)state;
	strcpy(root, "/tmp/minivmm-test-XXXXXX");
	return !mkdtemp(root);
}

static int unset(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void put(const char *path, const char *text)
{
	put_file(root, path, text);
}

static void put_parameter(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%.*s/parameters/%s", (int)(strchr(name, '.') - name),
		 name, strchr(name, '.') + 1);
	put(path, text);
}

static void without_sys_all_is_unknown(void **state)
{
	struct host host;

	(void)state;
	host_read(root, &host);
	assert_int_equal(host.tdp_mmu, ANSWER_UNKNOWN);
	assert_int_equal(host.tdp, ANSWER_UNKNOWN);
	assert_int_equal(host.nested, ANSWER_UNKNOWN);
	assert_string_equal(host.module, "");
}

static void a_parameter_is_yes_or_no_or_unknown(void **state)
{
	static const struct {
		const char *text;
		enum answer answer;
	} values[] = {
		{ "Y\n", ANSWER_YES }, { "1\n", ANSWER_YES }, { "1", ANSWER_YES },
		{ "N\n", ANSWER_NO }, { "0\n", ANSWER_NO }, { "never\n", ANSWER_NO },
		{ "", ANSWER_UNKNOWN }, { "\n", ANSWER_UNKNOWN }, { "-1\n", ANSWER_UNKNOWN },
		{ "10\n", ANSWER_UNKNOWN }, { "0x1\n", ANSWER_UNKNOWN }, { "Yes\n", ANSWER_UNKNOWN },
		{ "None\n", ANSWER_UNKNOWN }, { "Nonsense that is longer than a line\n", ANSWER_UNKNOWN },
		{ " Y\n", ANSWER_UNKNOWN }, { "Y \n", ANSWER_UNKNOWN }, { "\xff\n", ANSWER_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct host host;

		put_parameter("kvm.tdp_mmu", values[i].text);
		put_parameter("kvm.nx_huge_pages", values[i].text);
		put_parameter("kvm_amd.npt", values[i].text);
		put_parameter("kvm_amd.nested", "1\n");
		put_parameter("kvm_amd.pml", values[i].text);
		host_read(root, &host);
		if (host.tdp_mmu != values[i].answer || host.tdp != values[i].answer)
			fail_msg("\"%s\": %d, %d", values[i].text, host.tdp_mmu, host.tdp);
		assert_int_equal(host.nx_huge_pages, values[i].answer);
		assert_int_equal(host.pml, values[i].answer);
		assert_string_equal(host.module, "kvm_amd");
		assert_int_equal(host.nested, ANSWER_YES);
	}
}

/* Built into the kernel both modules show their parameters, on any CPU. */
static void the_cpu_says_whose_module_counts(void **state)
{
	static const struct {
		const char *vendor, *module;
		enum answer tdp;
	} cpus[] = {
		{ "AuthenticAMD", "kvm_amd", ANSWER_NO }, { "HygonGenuine", "kvm_amd", ANSWER_NO },
		{ "GenuineIntel", "kvm_intel", ANSWER_YES }, { "CentaurHauls", "kvm_intel", ANSWER_YES },
	};

	(void)state;
	put_parameter("kvm_amd.npt", "N\n");
	put_parameter("kvm_amd.nested", "0\n");
	put_parameter("kvm_intel.ept", "Y\n");
	put_parameter("kvm_intel.nested", "Y\n");
	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		char text[64];
		struct host host;

		snprintf(text, sizeof(text), "processor\t: 0\nvendor_id\t: %s\n", cpus[i].vendor);
		put("/proc/cpuinfo", text);
		host_read(root, &host);
		assert_string_equal(host.module, cpus[i].module);
		assert_int_equal(host.tdp, cpus[i].tdp);
		assert_int_equal(host.nested, cpus[i].tdp);
	}
}

/* As where a filter denies it. */
static bool deny_uname;

__typeof__(uname) __real_uname, __wrap_uname;
int __wrap_uname(struct utsname *name)
{
	if (!deny_uname)
		return __real_uname(name);
	errno = EPERM;
	return -1;
}

static void without_uname_proc_names_kernel_and_host(void **state)
{
	struct utsname name;
	struct host host;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(uname(&name), 0);
	host_read(root, &host);
	assert_string_equal(host.kernel, name.release);
	assert_int_equal(host_need_kernel(&host, &err), 0);
	deny_uname = true;
	put("/proc/sys/kernel/osrelease", "6.12.1-other\n");
	put("/proc/sys/kernel/hostname", "here\n");
	host_read(root, &host);
	deny_uname = false;
	assert_string_equal(host.kernel, "6.12.1-other");
	assert_string_equal(host.hostname, "here");
}

static void without_proc_either_the_kernel_is_not_known(void **state)
{
	struct err err = { 0 };
	struct host host;

	(void)state;
	deny_uname = true;
	host_read(root, &host);
	deny_uname = false;
	assert_string_equal(host.kernel, "");
	assert_int_equal(host_need_kernel(&host, &err), -ENOSYS);
	assert_non_null(strstr(err.text, "neither uname()"));
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, set, unset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(without_sys_all_is_unknown),
		WITH_ROOT(a_parameter_is_yes_or_no_or_unknown),
		WITH_ROOT(the_cpu_says_whose_module_counts),
		WITH_ROOT(without_uname_proc_names_kernel_and_host),
		WITH_ROOT(without_proc_either_the_kernel_is_not_known),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
