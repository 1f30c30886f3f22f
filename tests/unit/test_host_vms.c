// SPDX-License-Identifier: GPL-2.0-only
/* minivmm stat on captured hosts: what is told, by whom, and what stays unknown. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/value.h"
#include "host/host_vms.h"
#include "model/kernel.h"
#include "report/stat.h"
#include "root_folder.h"

static const struct host host = { .kernel = "6.12.0", .hostname = "lab" };

#define HOSTS "tests/fixtures/hosts/"

static const struct kernel_facts lazy = {
	.major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES, .vcalloc = ANSWER_YES,
};
static const struct kernel_facts eager = {
	.major = 6, .minor = 12, .tdp_mmu = ANSWER_NO, .tdp = ANSWER_YES, .vcalloc = ANSWER_YES,
};

static void read_host(const char *root, bool walk, struct host_vms *vms)
{
	const struct host_vms_query query = { .walk = walk };
	char why[SOURCE_WHY];

	if (host_vms_read(root, &query, vms, why))
		fail_msg("%s: %s", root, why);
	assert_int_equal(vms->count, 1);
	kernel_judge_vms(&lazy, vms);
}

static void a_shadow_page_tells_without_a_walk(void **state)
{
	struct host_vms vms;

	(void)state;
	read_host(HOSTS "6.12-cgroup-allocated", false, &vms);
	assert_int_equal(vms.list[0].pid, 320);
	assert_int_equal(vms.list[0].fd, 5);
	assert_int_equal(vms.list[0].state, RMAP_ALLOCATED);
	assert_int_equal(vms.list[0].teller, TELLER_COUNTER);
	assert_false(vms.list[0].walked);
	assert_int_equal(vms.list[0].counters.counters[COUNTER_NESTED_RUN].value, 4);
	host_vms_free(&vms);
}

static void a_walk_tells_the_bytes(void **state)
{
	struct host_vms vms;
	json_t *stat, *vm;
	int64_t bytes;

	(void)state;
	read_host(HOSTS "6.12-cgroup-allocated", true, &vms);
	stat = stat_json(&(struct stat_view){ .host = &host, .vms = &vms, .walked = true });
	assert_non_null(stat);
	vm = json_array_get(json_object_get(stat, "vms"), 0);
	assert_string_equal(value_string(vm, "state_source"), "mmu_rmaps_stat");
	assert_true(value_int(vm, "memslot_bytes", &bytes));
	/* 64 GiB. */
	assert_true(bytes == 16777216ll * 4096);
	assert_true(value_int(vm, "rmap_bytes.all", &bytes));
	assert_int_equal(bytes, (16777216 + 32768 + 64) * 8);
	assert_true(value_int(vm, "mapped_bytes", &bytes));
	assert_int_equal(bytes, 1036 * 4096 + 391 * (2 << 20));
	json_decref(stat);
	host_vms_free(&vms);
}

/* No counters in this capture: nothing is known without a walk, and that is not "lazy". */
static void no_counters_are_unknown(void **state)
{
	struct host_vms vms;

	(void)state;
	read_host(HOSTS "6.12-lazy", false, &vms);
	assert_int_equal(vms.list[0].state, RMAP_UNKNOWN);
	assert_true(strlen(vms.list[0].why) > 0);
	host_vms_free(&vms);
	read_host(HOSTS "6.12-lazy", true, &vms);
	assert_int_equal(vms.list[0].state, RMAP_LAZY);
	assert_int_equal(vms.list[0].teller, TELLER_WALK);
	host_vms_free(&vms);
}

/* Without a counter and without a walk, a host that is never lazy says it. */
static void an_eager_host_tells(void **state)
{
	struct host_vms vms;

	(void)state;
	read_host(HOSTS "6.12-lazy", false, &vms);
	kernel_judge_vms(&eager, &vms);
	assert_int_equal(vms.list[0].state, RMAP_ALLOCATED);
	assert_int_equal(vms.list[0].teller, TELLER_HOST);
	host_vms_free(&vms);
}

/* kvm.tdp_mmu is off now, and could be written until Linux 6.2: what a VM was made with shows in its counters. */
static void a_vm_may_be_older_than_the_parameter(void **state)
{
	static const struct {
		unsigned int minor;
		uint64_t misses, pages;
		enum rmap_state state;
		enum vm_teller teller;
	} rows[] = {
		{ 1, 0, 5, RMAP_LAZY, TELLER_COUNTER },
		{ 1, 3, 5, RMAP_ALLOCATED, TELLER_COUNTER },
		{ 1, 0, 0, RMAP_ALLOCATED, TELLER_HOST },	/* it has not run: nothing contradicts */
		{ 2, 0, 5, RMAP_LAZY, TELLER_COUNTER },
		{ 3, 0, 5, RMAP_ALLOCATED, TELLER_HOST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kernel_facts off = {
			.major = 6, .minor = rows[i].minor, .tdp_mmu = ANSWER_NO, .tdp = ANSWER_YES,
		};
		struct host_vm vm = { .counted = true, .counters = { .counters = {
			[COUNTER_MMU_CACHE_MISS] = { true, rows[i].misses },
			[COUNTER_PAGES_2M] = { true, rows[i].pages },
		} } };
		struct host_vms vms = { .list = &vm, .count = 1 };

		kernel_judge_vms(&off, &vms);
		if (vm.state != rows[i].state || vm.teller != rows[i].teller)
			fail_msg("row %zu: %s, %s", i, rmap_state_name(vm.state),
				 vm_teller_name(vm.teller));
	}
}

/* What a VM shows needs no version, and what only the version would show is unknown. */
static void without_a_version_a_vm_still_shows(void **state)
{
	static const struct {
		enum answer tdp;
		uint64_t misses, pages;
		bool settled;
		size_t slots;
		bool rmap;
		enum rmap_state state;
		enum vm_teller teller;
	} rows[] = {
		{ ANSWER_YES, 3, 5, false, 0, false, RMAP_ALLOCATED, TELLER_COUNTER },
		{ ANSWER_YES, 0, 5, false, 0, false, RMAP_UNKNOWN, TELLER_NONE },	/* may be before 5.14 */
		{ ANSWER_UNKNOWN, 0, 0, false, 0, false, RMAP_UNKNOWN, TELLER_NONE },
		{ ANSWER_NO, 0, 0, false, 0, false, RMAP_ALLOCATED, TELLER_HOST },
		{ ANSWER_YES, 0, 5, true, 1, false, RMAP_LAZY, TELLER_MEMSLOTS },
		{ ANSWER_YES, 0, 5, true, 1, true, RMAP_ALLOCATED, TELLER_MEMSLOTS },
		{ ANSWER_YES, 0, 0, true, 0, false, RMAP_UNKNOWN, TELLER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kernel_facts facts = { .tdp_mmu = ANSWER_YES, .tdp = rows[i].tdp };
		struct kernel_memslot slot = { .arrays = { .rmap = { rows[i].rmap } } };
		const struct kernel_vm kernel = { .settled = true, .slots = &slot, .count = rows[i].slots };
		struct host_vm vm = { .counted = true, .kernel = rows[i].settled ? &kernel : NULL, .counters = {
			.counters = {
				[COUNTER_MMU_CACHE_MISS] = { true, rows[i].misses },
				[COUNTER_PAGES_2M] = { true, rows[i].pages },
			}
		} };
		struct host_vms vms = { .list = &vm, .count = 1 };

		kernel_judge_vms(&facts, &vms);
		if (vm.state != rows[i].state || vm.teller != rows[i].teller)
			fail_msg("row %zu: %s, %s", i, rmap_state_name(vm.state), vm_teller_name(vm.teller));
		assert_int_equal(vm.state == RMAP_UNKNOWN, strstr(vm.why, "which kernel this is") != NULL);
	}
}

static void nothing_to_be_seen_says_why(void **state)
{
	const struct host_vms_query query = { .pid = 7 };
	struct host_vms vms;
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(host_vms_read("/nowhere", &query, &vms, why), -ENOENT);
	assert_non_null(strstr(why, "debugfs is not mounted"));
	assert_int_equal(host_vms_read(HOSTS "6.12-cgroup-allocated", &query, &vms, why), 0);
	assert_int_equal(vms.count, 0);
	host_vms_free(&vms);
}

/* Any name can be a process's: it must not break out of its label, nor move a terminal's cursor. */
static void names_stay_where_they_are(void **state)
{
	struct host_vm vm = { .pid = 1, .fd = 2, .command = "a\"b\\c\n\033[2J",
			      .state = RMAP_LAZY, .teller = TELLER_COUNTER, .walked = true,
			      .age_ns = { .known = true, .value = 3000000000 } };
	struct host_vms vms = { .list = &vm, .count = 1 };
	json_t *stat = stat_json(&(struct stat_view){ .host = &host, .vms = &vms, .walked = true });
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(stat);
	assert_int_equal(stat_prom(stat, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "command=\"a\\\"b\\\\c\\n?[2J\"} 0\n"));
	/* Only the rmaps have a level, and each of theirs is named. */
	assert_non_null(strstr(text, ",level=\"4k\"} 0\n"));
	assert_non_null(strstr(text, ",level=\"2m\"} 0\n"));
	assert_non_null(strstr(text, ",level=\"1g\"} 0\n"));
	assert_non_null(strstr(text, "minivmm_vm_age_seconds{"));
	assert_null(strstr(strstr(text, "minivmm_vm_age_seconds{"), "level"));
	free(text);
	out = open_memstream(&text, &size);
	assert_int_equal(stat_text(stat, out), 0);
	fclose(out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "1 VM: 1 lazy, 0 allocated, 0 unknown"));
	free(text);
	json_decref(stat);
}

static void others_are_counted_and_their_coming_and_going_seen(void **state)
{
	char root[] = "/tmp/minivmm-unit.XXXXXX", command[64];
	struct other_vms alone, idle, running;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_false(host_vms_others(root).known);
	make_folder(root, "/proc/self/task/100");
	make_folder(root, "/sys/kernel/debug/kvm/100-5/vcpu0");
	alone = host_vms_others(root);
	assert_true(alone.known);
	assert_int_equal(alone.running, 0);
	make_folder(root, "/sys/kernel/debug/kvm/200-5");
	idle = host_vms_others(root);
	assert_int_equal(idle.running, 0);
	assert_true(idle.set != alone.set);
	make_folder(root, "/sys/kernel/debug/kvm/200-5/vcpu0");
	running = host_vms_others(root);
	assert_int_equal(running.running, 1);
	assert_true(running.set == idle.set);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

/* Thread 301 of process 300 made a VM that debugfs shows and that the process does not lend to BPF. */
static void a_vm_is_refused_by_the_process_of_its_thread(void **state)
{
	const char *root = *state;
	pid_t refusing[] = { 77, 300 };
	struct kernel_vm lent = { .folder = "200-5", .pid = 200, .tgid = 200, .settled = true };
	struct kernel_vms kernel = { .list = &lent, .count = 1, .by_bpf = true,
				     .refusals = { refusing, 2 } };
	const struct host_vms_query all = { 0 };
	char why[SOURCE_WHY] = "";
	struct host_vms vms;

	make_folder(root, "/proc/77/task/77");
	make_folder(root, "/proc/200/task/200");
	make_folder(root, "/proc/300/task/300");
	make_folder(root, "/proc/300/task/301");
	make_folder(root, "/sys/kernel/debug/kvm/200-5");
	make_folder(root, "/sys/kernel/debug/kvm/301-9");
	make_folder(root, "/sys/kernel/debug/kvm/400-9");
	assert_int_equal(host_vms_read(root, &all, &vms, why), 0);
	assert_int_equal(host_vms_join(root, &kernel, &vms), 0);
	assert_int_equal(vms.count, 3);
	assert_ptr_equal(vms.list[0].kernel, &lent);
	assert_false(vms.list[0].refused);
	assert_true(vms.list[1].refused);
	assert_false(vms.list[2].refused);
	host_vms_free(&vms);
}

/* That a process has no VM in the list does not mean that it has none. */
static void a_process_that_refuses_may_have_a_vm(void **state)
{
	const char *root = *state;
	pid_t refusing[] = { 300, 77 };
	struct kvm_refusals refusals = { refusing, 1 };
	char why[SOURCE_WHY] = "";
	struct host_vms vms = { 0 };

	make_folder(root, "/proc/300/task/301");
	/* debugfs shows all VMs. */
	assert_false(host_vms_may_lack(root, &vms, &refusals, 200, why));
	assert_true(host_vms_may_lack(root, &vms, &refusals, 301, why));
	assert_non_null(strstr(why, "process 300 does not lend its descriptors to BPF: CAP_SYS"));
	/* It does not, so that also a process that is gone by now may have lent nothing. */
	host_vms_note_refusals(&(struct kvm_refusals){ 0 }, &vms);
	assert_false(host_vms_may_lack(root, &vms, &refusals, 200, why));
	host_vms_note_refusals(&refusals, &vms);
	assert_true(host_vms_may_lack(root, &vms, &refusals, 200, why));
	assert_non_null(strstr(why, "BPF: 1 process, which may have a VM, lends no descriptor: "));
	refusals.count = 2;
	host_vms_note_refusals(&refusals, &vms);
	assert_non_null(strstr(vms.incomplete_why, "2 processes, which may have VMs, lend no descriptors"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shadow_page_tells_without_a_walk),
		cmocka_unit_test(a_walk_tells_the_bytes),
		cmocka_unit_test(no_counters_are_unknown),
		cmocka_unit_test(an_eager_host_tells),
		cmocka_unit_test(without_a_version_a_vm_still_shows),
		cmocka_unit_test(a_vm_may_be_older_than_the_parameter),
		cmocka_unit_test(nothing_to_be_seen_says_why),
		cmocka_unit_test(names_stay_where_they_are),
		cmocka_unit_test(others_are_counted_and_their_coming_and_going_seen),
		cmocka_unit_test_setup_teardown(a_vm_is_refused_by_the_process_of_its_thread,
						make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_process_that_refuses_may_have_a_vm,
						make_root, remove_root),
	};

	return cmocka_run_group_tests_name("host_vms", tests, NULL, NULL);
}
