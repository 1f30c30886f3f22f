// SPDX-License-Identifier: GPL-2.0-only
/* What the first nested guest of a VM that runs will take, and whether there is room for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/value.h"
#include "model/plan.h"
#include "model/predict.h"
#include "report/report.h"
#include "report/stat.h"

#define FIXTURES "tests/fixtures/memslots/"
#define M (1ull << 20)
#define G (1ull << 30)

static const struct host host = { .kernel = "6.12.0", .hostname = "lab" };

static void choose_model(const char *release, struct model *model)
{
	struct kernel_facts facts;

	assert_true(kernel_assumed(release, &facts));
	model_choose(&facts, model);
}

/* The three VMs of a captured kernel; VM 0 has no memslots, one never ran a nested guest, one did. */
static void read_vms(const char *root, struct kernel_vms *kernel, struct host_vms *vms)
{
	char why[SOURCE_WHY];

	*vms = (struct host_vms){ 0 };
	if (kernel_vms_read(root, false, kernel, why))
		fail_msg("%s: %s", root, why);
	assert_int_equal(host_vms_join("/nowhere", kernel, vms), 0);
	assert_int_equal(vms->count, 3);
}

static void free_vms(struct kernel_vms *kernel, struct host_vms *vms)
{
	host_vms_free(vms);
	kernel_vms_free(kernel);
}

static size_t with_slots(const struct host_vms *vms, size_t count)
{
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].kernel->count == count)
			return i;
	fail_msg("there is no VM with %zu memslots", count);
	return 0;
}

/* What memory.stat rose by where such a VM ran its first nested guest: tests/e2e/predict.bats. */
static void what_is_missing_is_what_comes(void **state)
{
	static const struct {
		const char *root, *release;
		uint64_t rmap, tracking, slab;
		enum room_verdict verdict;
	} rows[] = {
		{ FIXTURES "5.10", "5.10-cloud-amd64", 0, 0, 0, ROOM_PAID },
		{ FIXTURES "6.1", "6.1-amd64", 10670080, 0, 0, ROOM_UNKNOWN },
		{ FIXTURES "6.12", "6.12-cloud-amd64", 10670080, 2658304, 0, ROOM_UNKNOWN },
		{ FIXTURES "7.3", "7.3", 10670080, 2658304, 32768, ROOM_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct memory_limits none = { 0 };
		struct host_prediction prediction;
		const struct vm_prediction *plain;
		struct kernel_vms kernel;
		struct host_vms vms;
		struct model model;

		choose_model(rows[i].release, &model);
		read_vms(rows[i].root, &kernel, &vms);
		assert_int_equal(predict(&model, &vms, &none, "", &prediction), 0);
		plain = &prediction.vms[with_slots(&vms, 3)];
		assert_true(plain->known);
		assert_int_equal(plain->need.missing.bytes[ARRAY_RMAP], rows[i].rmap);
		assert_int_equal(plain->need.missing.bytes[ARRAY_TRACKING], rows[i].tracking);
		assert_int_equal(plain->need.missing.bytes[ARRAY_LPAGE_INFO], 0);
		assert_int_equal(plain->need.array_bytes, rows[i].rmap + rows[i].tracking);
		assert_int_equal(plain->need.least_bytes, rows[i].rmap + rows[i].tracking + rows[i].slab);
		assert_int_equal(plain->need.first_entry_bytes,
				 rows[i].rmap ? plain->need.least_bytes + PLAN_VCPU_BYTES : 0);
		assert_int_equal(plain->verdict, rows[i].verdict);
		assert_int_equal(prediction.vms[with_slots(&vms, 4)].need.array_bytes, 0);
		assert_int_equal(prediction.vms[with_slots(&vms, 4)].verdict, ROOM_PAID);
		assert_int_equal(prediction.array_bytes, plain->need.array_bytes);
		prediction_free(&prediction);
		free_vms(&kernel, &vms);
	}
}

static void memslots_tell_the_state(void **state)
{
	struct kernel_vms kernel;
	struct host_vms vms;
	struct kernel_facts facts;

	(void)state;
	read_vms(FIXTURES "6.12", &kernel, &vms);
	kernel_assumed("6.12", &facts);
	kernel_judge_vms(&facts, &vms);
	assert_int_equal(vms.list[with_slots(&vms, 3)].state, RMAP_LAZY);
	assert_int_equal(vms.list[with_slots(&vms, 4)].state, RMAP_ALLOCATED);
	assert_int_equal(vms.list[with_slots(&vms, 0)].state, RMAP_LAZY);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(vms.list[i].teller, TELLER_MEMSLOTS);
		assert_true(vms.list[i].pid > 0 && vms.list[i].fd > 0);
	}
	free_vms(&kernel, &vms);
}

/* Two lazy VMs of known memory under limits that a test chooses: its own cgroup, a shared one, the host. */
struct scene {
	struct model model;
	struct kernel_memslot slot;
	struct kernel_vm kernel[2];
	struct host_vm list[2];
	struct host_vms vms;
	struct memory_limit limit[4];
	struct memory_limits limits;
	struct host_prediction prediction;
};

/* 1 GiB is there but for absent bytes: arrays of 2113536 + 524288, shadow pages of 2 * 514 + 1. */
#define ARRAYS_1G (514 * 4096 + 128 * 4096ull)
#define SHADOW_1G ((2 * 514 + 1) * 4096ull)
#define ALL_1G (ARRAYS_1G + PLAN_VCPU_BYTES + SHADOW_1G)

static void make_scene(struct scene *scene, uint64_t absent)
{
	prediction_free(&scene->prediction);
	*scene = (struct scene){ .slot = { .npages = G / 4096, .hva = 0x1000 } };
	choose_model("6.12", &scene->model);
	for (size_t i = 0; i < 2; i++) {
		scene->kernel[i] = (struct kernel_vm){ .pid = 10 + (int)i, .tgid = 10 + (int)i, .vcpus = 1,
						       .settled = true, .slots = &scene->slot, .count = 1 };
		scene->list[i] = (struct host_vm){
			.pid = 10 + (int)i, .fd = 5, .kernel = &scene->kernel[i],
			.memory = { .ram = { true, G }, .resident = { true, G - absent } },
			.limits = { .known = true, .count = 3, .index = { 0, 1, 2 + i } },
		};
		strcpy(scene->list[i].name.text, i ? "db" : "web");
	}
	scene->vms = (struct host_vms){ .list = scene->list, .count = 2 };
	strcpy(scene->limit[0].where, "MemAvailable");
	strcpy(scene->limit[1].where, "memory.max of /sys/fs/cgroup/all");
	strcpy(scene->limit[2].where, "memory.max of /sys/fs/cgroup/all/web");
	strcpy(scene->limit[3].where, "memory.max of /sys/fs/cgroup/all/db");
	for (size_t i = 0; i < 4; i++)
		scene->limit[i].room = 100 * G;
	scene->limits = (struct memory_limits){ .list = scene->limit, .count = 4,
						.available = { true, 100 * G } };
}

static enum room_verdict judge(struct scene *scene, size_t vm)
{
	prediction_free(&scene->prediction);
	assert_int_equal(predict(&scene->model, &scene->vms, &scene->limits, "", &scene->prediction), 0);
	return scene->prediction.vms[vm].verdict;
}

static void the_verdict_is_asymmetric(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	make_scene(&scene, 8 * M);
	assert_int_equal(judge(&scene, 0), ROOM_ENOUGH);
	assert_int_equal(scene.prediction.vms[0].need.array_bytes, ARRAYS_1G);
	assert_int_equal(scene.prediction.vms[0].need.shadow_bytes, SHADOW_1G);
	assert_int_equal(scene.prediction.vms[0].need.absent_bytes, 8 * M);
	scene.limit[2].room = 8 * M + ALL_1G;
	assert_int_equal(judge(&scene, 0), ROOM_ENOUGH);
	assert_ptr_equal(scene.prediction.vms[0].limit, &scene.limit[2]);
	scene.limit[2].room = 8 * M + ALL_1G - 1;
	assert_int_equal(judge(&scene, 0), ROOM_TIGHT);
	assert_int_equal(judge(&scene, 1), ROOM_ENOUGH);
	scene.limit[2].room = ARRAYS_1G;
	assert_int_equal(judge(&scene, 0), ROOM_TIGHT);
	scene.limit[2].room = ARRAYS_1G - 1;
	assert_int_equal(judge(&scene, 0), ROOM_WOULD_BE_KILLED);
	/* What can be swapped out makes room, but not for sure. */
	scene.limit[2].swap = 1;
	assert_int_equal(judge(&scene, 0), ROOM_TIGHT);
	prediction_free(&scene.prediction);
}

static void vms_under_one_limit_count_together(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	make_scene(&scene, 0);
	scene.limit[1].room = 2 * ALL_1G - 1;
	assert_int_equal(judge(&scene, 0), ROOM_TIGHT);
	assert_int_equal(judge(&scene, 1), ROOM_TIGHT);
	assert_int_equal(scene.prediction.limits[1].lazy, 2);
	assert_int_equal(scene.prediction.limits[1].array_bytes, 2 * ARRAYS_1G);
	scene.limit[1].room = 2 * ALL_1G;
	assert_int_equal(judge(&scene, 0), ROOM_ENOUGH);
	/* Neither alone would be killed, but both together would. */
	scene.limit[1].room = 2 * ARRAYS_1G - 1;
	assert_int_equal(judge(&scene, 0), ROOM_TIGHT);
	assert_int_equal(scene.prediction.limits[1].verdict, ROOM_WOULD_BE_KILLED);
	assert_int_equal(scene.prediction.limits[2].verdict, ROOM_ENOUGH);
	/* The host's own memory is the outermost limit. */
	scene.limit[0].room = ARRAYS_1G - 1;
	assert_int_equal(judge(&scene, 1), ROOM_WOULD_BE_KILLED);
	assert_ptr_equal(scene.prediction.vms[1].limit, &scene.limit[0]);
	prediction_free(&scene.prediction);
}

static void what_is_not_known_is_no_room(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	make_scene(&scene, 0);
	scene.list[1].memory.resident.known = false;
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_true(strlen(scene.prediction.vms[0].why) > 0);
	scene.limit[3].room = 0;
	assert_int_equal(judge(&scene, 1), ROOM_WOULD_BE_KILLED);
	make_scene(&scene, 0);
	scene.list[0].limits.known = false;
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_null(scene.prediction.vms[0].limit);
	make_scene(&scene, 0);
	scene.kernel[0].settled = false;
	scene.kernel[0].why = "its memslots kept changing";
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_non_null(strstr(scene.prediction.vms[0].why, "kept changing"));
	assert_int_equal(judge(&scene, 1), ROOM_UNKNOWN);
	make_scene(&scene, 0);
	scene.list[0].kernel = NULL;
	prediction_free(&scene.prediction);
	assert_int_equal(predict(&scene.model, &scene.vms, &scene.limits, "no BTF", &scene.prediction), 0);
	assert_string_equal(scene.prediction.vms[0].why, "no BTF");
	/* On an eager host nothing has to be read. */
	choose_model("5.10", &scene.model);
	assert_int_equal(judge(&scene, 0), ROOM_PAID);
	make_scene(&scene, 0);
	scene.kernel[0].count = 0;
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_string_equal(scene.prediction.vms[0].why, "it has no memslots yet");
	prediction_free(&scene.prediction);
}

static json_t *show(struct scene *scene)
{
	const struct stat_view view = {
		.host = &host, .vms = &scene->vms, .prediction = &scene->prediction,
		.limits = &scene->limits, .why = "", .slots = true,
	};
	json_t *stat = stat_json(&view);

	assert_non_null(stat);
	return stat;
}

static void the_worst_comes_first_and_all_is_told(void **state)
{
	struct scene scene = { 0 };
	json_t *stat, *vm;
	int64_t number;

	(void)state;
	make_scene(&scene, 0);
	scene.limit[3].room = 1000;
	judge(&scene, 0);
	stat = show(&scene);
	vm = json_array_get(json_object_get(stat, "vms"), 0);
	assert_string_equal(value_string(vm, "name"), "db");
	assert_string_equal(value_string(vm, "verdict"), "would-be-killed");
	assert_string_equal(value_string(vm, "limited_by"), "memory.max of /sys/fs/cgroup/all/db");
	assert_true(value_int(vm, "room_bytes", &number) && number == 1000);
	assert_true(value_int(vm, "first_l2_bytes", &number) && number == ARRAYS_1G);
	assert_true(value_int(vm, "missing.rmap_bytes", &number) && number == 516 * 4096 - 8192);
	assert_int_equal(json_array_size(json_object_get(vm, "slots")), 1);
	assert_true(value_int(stat, "first_l2_bytes", &number) && number == 2 * ARRAYS_1G);
	assert_int_equal(json_array_size(json_object_get(stat, "limits")), 4);
	json_decref(stat);
	/* A VM that nobody asked for still counts. */
	scene.list[1].hidden = true;
	stat = show(&scene);
	assert_int_equal(json_array_size(json_object_get(stat, "vms")), 1);
	assert_true(value_int(stat, "first_l2_bytes", &number) && number == 2 * ARRAYS_1G);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

static char *render(report_renderer *renderer, const json_t *stat)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(renderer(stat, out), 0);
	fclose(out);
	return text;
}

static size_t widest(const char *text)
{
	size_t most = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > most)
			most = strcspn(text, "\n");
	return most;
}

/* One VM's process refuses to lend its descriptor to BPF: its row says so, and the sums say what they leave out. */
static void a_vm_that_refuses_is_left_out_of_the_sums(void **state)
{
	struct scene scene = { 0 };
	json_t *stat, *limit;
	int64_t number;
	char *text;

	(void)state;
	make_scene(&scene, 0);
	scene.list[0].kernel = NULL;
	scene.list[0].refused = true;
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_non_null(strstr(scene.prediction.vms[0].why, "does not lend the VM's descriptor to BPF: CAP_SYS_PTRACE"));
	stat = show(&scene);
	assert_true(json_is_null(value_at(stat, "first_l2_bytes")));
	assert_true(value_int(stat, "known_first_l2_bytes", &number) && number == ARRAYS_1G);
	assert_true(value_int(stat, "unknown_vms", &number) && number == 1);
	limit = json_array_get(json_object_get(stat, "limits"), 1);
	assert_true(value_int(limit, "unknown_vms", &number) && number == 1);
	assert_true(value_int(limit, "known_first_l2_bytes", &number) && number == ARRAYS_1G);
	text = render(stat_text, stat);
	assert_non_null(strstr(text, "\nVM 10 is unknown: its process does not lend"));
	assert_non_null(strstr(text, "\nfirst nested guests of all VMs: at least 2.5 MiB, 1 unknown\n"));
	assert_non_null(strstr(text, "/all: at least 2.5 MiB of 100 GiB room, for 1 lazy of 2 VMs, 1"));
	free(text);
	json_object_set_new(stat, "unknown_vms", json_integer(123456));
	json_object_set_new(stat, "known_first_l2_bytes", json_integer(1023 * M));
	setenv("COLUMNS", "60", 1);
	text = render(stat_text, stat);
	assert_true(widest(text) <= 60);
	unsetenv("COLUMNS");
	free(text);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

/* Where debugfs shows no VMs, any process that refuses may have one. The memslots were read all the same. */
static void a_vm_that_may_be_hidden_is_said(void **state)
{
	struct scene scene = { 0 };
	json_t *stat;
	char *text;

	(void)state;
	make_scene(&scene, 0);
	host_vms_note_refusals(&(struct kvm_refusals){ .count = 2 }, &scene.vms);
	scene.kernel[1].settled = false;
	assert_int_equal(judge(&scene, 0), ROOM_UNKNOWN);
	assert_non_null(strstr(scene.prediction.vms[1].why, "kept changing"));
	stat = show(&scene);
	assert_true(json_is_null(value_at(stat, "first_l2_bytes")));
	assert_true(json_is_null(value_at(stat, "why")));
	assert_non_null(strstr(value_string(stat, "incomplete_why"), "2 processes, which may have VMs, lend no"));
	text = render(stat_text, stat);
	assert_null(strstr(text, "the memslots are unavailable"));
	assert_non_null(strstr(text, "\nother VMs may exist: BPF: 2 processes, which may have VMs,\n"));
	free(text);
	text = render(stat_prom, stat);
	assert_non_null(strstr(text, "\nminivmm_incomplete 1\n"));
	assert_non_null(strstr(text, "\nminivmm_unknown_vms 1\n"));
	assert_non_null(strstr(text, "\nminivmm_limit_unknown_vms{limit=\"MemAvailable\"} 1\n"));
	assert_null(strstr(text, "\nminivmm_first_l2_bytes "));
	free(text);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

/* On a host that leaves no array out, a VM that is not in the list misses none. */
static void on_an_eager_host_a_hidden_vm_needs_nothing(void **state)
{
	struct scene scene = { 0 };
	json_t *stat, *limit;
	int64_t number;

	(void)state;
	make_scene(&scene, 0);
	choose_model("5.10", &scene.model);
	scene.list[0].kernel = scene.list[1].kernel = NULL;
	host_vms_note_refusals(&(struct kvm_refusals){ .count = 1 }, &scene.vms);
	assert_int_equal(judge(&scene, 0), ROOM_PAID);
	assert_int_equal(scene.prediction.limits[0].verdict, ROOM_PAID);
	stat = show(&scene);
	assert_true(value_int(stat, "first_l2_bytes", &number) && number == 0);
	limit = json_array_get(json_object_get(stat, "limits"), 0);
	assert_true(value_int(limit, "first_l2_bytes", &number) && number == 0);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

static void text_fits_its_terminal(void **state)
{
	static const struct {
		const char *columns;
		size_t most;
	} rows[] = { { "10", 60 }, { "60", 60 }, { "80", 80 }, { "100", 100 }, { "140", 140 },
		     { "900", 200 }, { "wide", 100 } };
	struct scene scene = { 0 };
	json_t *stat;

	(void)state;
	make_scene(&scene, 0);
	scene.list[0].pid = 4194303;
	strcpy(scene.list[0].name.text, "a-name-of-a-machine-that-is-longer-than-what-anybody-reads");
	scene.limit[3].room = 1000;
	scene.slot.flags = 3;
	strcpy(scene.list[0].why, "this kernel has no counters of nested guests, and that takes some words");
	judge(&scene, 0);
	stat = show(&scene);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text;

		setenv("COLUMNS", rows[i].columns, 1);
		text = render(stat_text, stat);
		if (widest(text) > rows[i].most)
			fail_msg("COLUMNS=%s: %zu columns:\n%s", rows[i].columns, widest(text), text);
		assert_non_null(strstr(text, "would be killed"));
		assert_non_null(strstr(text, "4194303"));
		assert_true(!strstr(text, "limited by") == (rows[i].most < 110));
		assert_non_null(strstr(text, "MemAvailable: 5.0 MiB of 100 GiB room"));
		free(text);
	}
	unsetenv("COLUMNS");
	json_decref(stat);
	prediction_free(&scene.prediction);
}

static void prometheus_gets_the_same(void **state)
{
	struct scene scene = { 0 };
	json_t *stat;
	char *text;

	(void)state;
	make_scene(&scene, 0);
	judge(&scene, 0);
	stat = show(&scene);
	text = render(stat_prom, stat);
	assert_non_null(strstr(text, "\nminivmm_vm_first_l2_bytes{pid=\"10\",fd=\"5\",name=\"web\"} 2629632\n"));
	assert_non_null(strstr(text, "\nminivmm_vm_verdict{pid=\"11\",fd=\"5\",name=\"db\","
				     "verdict=\"has-room\"} 1\n"));
	assert_non_null(strstr(text, "\nminivmm_limit_room_bytes{limit=\"MemAvailable\"} 107374182400\n"));
	assert_non_null(strstr(text, "\nminivmm_first_l2_bytes 5259264\n"));
	assert_non_null(strstr(text, "\nminivmm_known_first_l2_bytes 5259264\n"));
	assert_non_null(strstr(text, "\nminivmm_unknown_vms 0\n"));
	assert_non_null(strstr(text, "\nminivmm_incomplete 0\n"));
	assert_non_null(strstr(text, "\nminivmm_vm_limited_by{pid=\"10\",fd=\"5\",name=\"web\",limit=\"MemAvailable\"} 1\n"));
	assert_non_null(strstr(text, "\nminivmm_limit_verdict{limit=\"MemAvailable\",verdict=\"has-room\"} 1\n"));
	free(text);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

/* Each number of an object of the JSON has a sample of its own name and value. */
static void assert_sampled(const char *text, const char *prefix, const char *labels, json_t *object)
{
	char line[256];
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!json_is_integer(value) || !strcmp(key, "pid") || !strcmp(key, "fd") ||
		    !strcmp(key, "process"))
			continue;
		snprintf(line, sizeof(line), "\nminivmm_%s_%s{%s} %lld\n", prefix, key, labels,
			 (long long)json_integer_value(value));
		if (!strstr(text, line))
			fail_msg("there is no%sin:\n%s", line, text);
	}
}

static void prometheus_gets_each_number(void **state)
{
	struct scene scene = { 0 };
	json_t *stat, *vm, *limit;
	char *text;

	(void)state;
	make_scene(&scene, 0);
	scene.limit[1].limit = (struct figure){ true, 200 * G };
	judge(&scene, 0);
	stat = show(&scene);
	text = render(stat_prom, stat);
	vm = json_array_get(json_object_get(stat, "vms"), 0);
	assert_string_equal(value_string(vm, "name"), "web");
	assert_sampled(text, "vm", "pid=\"10\",fd=\"5\",name=\"web\"", vm);
	assert_sampled(text, "vm_missing", "pid=\"10\",fd=\"5\",name=\"web\"", json_object_get(vm, "missing"));
	limit = json_array_get(json_object_get(stat, "limits"), 1);
	assert_non_null(strstr(text, "\nminivmm_limit_bytes{limit=\"memory.max of /sys/fs/cgroup/all\"} 214748364800\n"));
	json_object_del(limit, "limit_bytes");
	assert_sampled(text, "limit", "limit=\"memory.max of /sys/fs/cgroup/all\"", limit);
	free(text);
	json_decref(stat);
	prediction_free(&scene.prediction);
}

/* The limits of a captured host: each once, the hard ones only, the host's first. */
static void limits_are_listed_once(void **state)
{
	char command[1024], root[] = "/tmp/minivmm-unit.XXXXXX";
	struct memory_limits limits;
	struct vm_limits one, other, gone;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(command, sizeof(command), "cd '%s' && mkdir -p proc/self proc/7 proc/8 sys/fs/cgroup/a/b && "
		 "printf 'MemAvailable:   1024 kB\\nSwapFree:  8 kB\\n' >proc/meminfo && "
		 "echo 0::/ >proc/self/cgroup && echo 0::/a/b >proc/7/cgroup && echo 0::/a >proc/8/cgroup && "
		 "echo '30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw' >proc/self/mountinfo && "
		 "echo 1 >sys/fs/cgroup/cgroup.procs && "
		 "cd sys/fs/cgroup/a && for i in . b; do echo 4096 >$i/memory.current; "
		 "echo 12288 >$i/memory.max; echo 8192 >$i/memory.high; echo anon 1 >$i/memory.stat; done", root);
	assert_int_equal(system(command), 0);
	memory_limits_open(root, &limits);
	memory_limits_of(root, 7, &limits, &one);
	/* A cgroup that several VMs share is read once for all of them. */
	snprintf(command, sizeof(command), "rm '%s/sys/fs/cgroup/a/memory.stat'", root);
	assert_int_equal(system(command), 0);
	memory_limits_of(root, 8, &limits, &other);
	memory_limits_of(root, 9, &limits, &gone);
	assert_true(one.known && other.known && !gone.known);
	assert_int_equal(limits.count, 3);
	assert_string_equal(limits.list[0].where, "MemAvailable");
	assert_true(limits.list[0].room == M && !limits.list[0].limit.known);
	assert_string_equal(limits.list[one.index[1]].where, "memory.max of /sys/fs/cgroup/a/b");
	assert_int_equal(limits.list[one.index[1]].room, 8192);
	assert_int_equal(limits.list[one.index[1]].swap, 8192);
	assert_int_equal(one.count, 3);
	assert_int_equal(other.count, 2);
	assert_int_equal(other.index[1], one.index[2]);
	assert_string_equal(one.cgroup, "/a/b");
	assert_string_equal(gone.cgroup, "");
	memory_limits_free(&limits);
	/* From a cgroup namespace the limits above its root are not seen. */
	snprintf(command, sizeof(command), "cd '%s/sys/fs/cgroup' && echo populated 1 >cgroup.events && "
		 "echo anon 1 >a/memory.stat", root);
	assert_int_equal(system(command), 0);
	memory_limits_open(root, &limits);
	memory_limits_of(root, 7, &limits, &one);
	assert_false(one.known);
	assert_non_null(strstr(one.why, "limits above /sys/fs/cgroup are not seen"));
	memory_limits_free(&limits);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_what_comes),
		cmocka_unit_test(memslots_tell_the_state),
		cmocka_unit_test(the_verdict_is_asymmetric),
		cmocka_unit_test(vms_under_one_limit_count_together),
		cmocka_unit_test(what_is_not_known_is_no_room),
		cmocka_unit_test(the_worst_comes_first_and_all_is_told),
		cmocka_unit_test(a_vm_that_refuses_is_left_out_of_the_sums),
		cmocka_unit_test(a_vm_that_may_be_hidden_is_said),
		cmocka_unit_test(on_an_eager_host_a_hidden_vm_needs_nothing),
		cmocka_unit_test(text_fits_its_terminal),
		cmocka_unit_test(prometheus_gets_the_same),
		cmocka_unit_test(prometheus_gets_each_number),
		cmocka_unit_test(limits_are_listed_once),
	};

	return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
