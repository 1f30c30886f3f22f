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
			      .state = RMAP_LAZY, .teller = TELLER_COUNTER };
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
	free(text);
	out = open_memstream(&text, &size);
	assert_int_equal(stat_text(stat, out), 0);
	fclose(out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "1 VM: 1 lazy, 0 allocated, 0 unknown"));
	free(text);
	json_decref(stat);
}

/* Makes a folder with its parents below a root. */
static void make_folder(const char *root, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p '%s%s'", root, path);
	assert_int_equal(system(command), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shadow_page_tells_without_a_walk),
		cmocka_unit_test(a_walk_tells_the_bytes),
		cmocka_unit_test(no_counters_are_unknown),
		cmocka_unit_test(an_eager_host_tells),
		cmocka_unit_test(nothing_to_be_seen_says_why),
		cmocka_unit_test(names_stay_where_they_are),
		cmocka_unit_test(others_are_counted_and_their_coming_and_going_seen),
	};

	return cmocka_run_group_tests_name("host_vms", tests, NULL, NULL);
}
