/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs made by hand, as report tests need them, and how to look at their reports. */
#ifndef REPORT_SCENES_H
#define REPORT_SCENES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "base/text.h"
#include "base/value.h"
#include "report/report_render.h"

#define GIB (1ull << 30)
#define MIB (1ull << 20)

/* Everything a run points to, in one place. */
struct scene {
	struct config config;
	struct memslot_cfg memslots[2];
	struct phase_cfg phases[3];
	struct phase_result results[5];
	struct tally_entry areas[5][3];
	struct slot *slots;
	struct run run;
	struct verdict verdict;
};

static inline void set_slot(struct memslot_cfg *cfg, const char *name, uint64_t base, uint64_t size)
{
	*cfg = (struct memslot_cfg){ .base = base, .size = size, .count = 1, .stride = size,
				     .plugged = size, .id = -1, .node = -1 };
	snprintf(cfg->name, sizeof(cfg->name), "%s", name);
}

static inline void set_phase(struct phase_cfg *cfg, const char *name, int what, int expect)
{
	*cfg = (struct phase_cfg){ .what = what, .expect = expect, .nested_paging = true,
				   .stride = 4096 };
	snprintf(cfg->name, sizeof(cfg->name), "%s", name);
}

static inline void set_host(struct host *host)
{
	*host = (struct host){
		.kernel = "6.12.117+deb12-cloud-amd64", .hostname = "lab", .boot_id = "b00t",
		.cpu_vendor = "amd", .cpu_model = "AMD EPYC Processor", .module = "kvm_amd",
		.tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES, .nested = ANSWER_YES,
		.phys_bits = 40, .page_size = 4096,
	};
}

/* One slot per row, a row of `count` for the last; the caller may change cfg before. */
static inline void lay_out(struct scene *scene)
{
	struct layout *layout = &scene->run.layout;

	for (size_t i = 0; i < scene->config.memslot_count; i++)
		layout->count += scene->memslots[i].count;
	scene->slots = calloc(layout->count, sizeof(*scene->slots));
	assert_non_null(scene->slots);
	*layout = (struct layout){ .config = &scene->config, .slots = scene->slots };
	for (uint32_t cfg = 0; cfg < scene->config.memslot_count; cfg++) {
		const struct memslot_cfg *from = &scene->memslots[cfg];

		for (uint32_t i = 0; i < from->count; i++, layout->count++)
			scene->slots[layout->count] = (struct slot){
				.id = (uint32_t)layout->count, .size = from->size,
				.base = from->base + i * from->stride, .cfg = cfg, .index = i,
			};
	}
}

static inline void predict(struct scene *scene, const struct kernel_facts *facts)
{
	struct run *run = &scene->run;

	model_choose(facts, &run->model);
	model_layout(&run->model, &run->layout, &run->at_creation, &run->at_transition);
	model_rmap_heads(&run->layout, run->heads);
}

static inline void set_snapshot(struct scene *scene, size_t phase, bool allocated)
{
	struct snapshot *snapshot = &scene->results[phase].snapshot;
	struct tally_entry *areas = scene->areas[phase];

	for (int source = 0; source < SOURCE_COUNT; source++)
		snapshot->status[source].ok = true;
	areas[0] = (struct tally_entry){ "kvm_arch_prepare_memory_region", 1, 2 };
	areas[1] = (struct tally_entry){ "kvm_arch_prepare_memory_region", 31, 1 };
	areas[2] = (struct tally_entry){ "memslot_rmap_alloc", 31232, 1 };
	snapshot->vmalloc = (struct tally){ .entries = areas, .count = allocated ? 3 : 2 };
	snapshot->meminfo = (struct meminfo){ 7307264 + (allocated ? 168087552 : 0), 900 * MIB,
					      20 * MIB };
	snapshot->rmaps.allocated = allocated;
	if (allocated)
		for (int level = 0; level < 3; level++)
			snapshot->rmaps.heads[level] = scene->run.heads[level];
}

static inline struct phase_result *set_result(struct scene *scene, size_t i, const char *name,
				       const char *what, bool allocated)
{
	struct run *run = &scene->run;
	struct phase_result *result = &run->phases[i];

	*result = (struct phase_result){
		.name = name, .what = what, .done = true, .duration_ns = 1300000 * (i + 1),
		.state = allocated ? RMAP_ALLOCATED : RMAP_LAZY, .state_source = SOURCE_RMAPS_STAT,
		.measured = true, .held = run->at_creation,
	};
	for (int array = 0; allocated && array < ARRAY_COUNT; array++)
		result->held.bytes[array] += run->at_transition.bytes[array];
	set_snapshot(scene, i, allocated);
	run->phase_count = i + 1;
	return result;
}

static inline void add_check(struct scene *scene, const char *name, enum result result,
			     const char *reason, const char *remedy)
{
	struct check *check = &scene->verdict.checks[scene->verdict.count++];

	check->name = name;
	check->result = result;
	snprintf(check->reason, sizeof(check->reason), "%s", reason);
	snprintf(check->remedy, sizeof(check->remedy), "%s", remedy);
}

/* 64 GiB, as 3 and 61, on a lazy host; nothing ran yet. */
static inline void set_scene(struct scene *scene)
{
	*scene = (struct scene){
		.config = { .vm = { .vcpus = 1, .timeout = 60000000000 },
			    .memslots = scene->memslots, .memslot_count = 2,
			    .phases = scene->phases, .phase_count = 3, .seed = 42 },
		.run = { .config = &scene->config, .transition = -1, .duration_ns = 412000000,
			 .started = { .tv_sec = 1767225600 } },
	};
	set_slot(&scene->memslots[0], "low", 0, 3 * GIB);
	set_slot(&scene->memslots[1], "high", 4 * GIB, 61 * GIB);
	set_phase(&scene->phases[0], "boot", DO_BOOT, EXPECT_LAZY);
	set_phase(&scene->phases[1], "control", DO_L2, EXPECT_LAZY);
	set_phase(&scene->phases[2], "transition", DO_L2, EXPECT_ALLOCATED);
	scene->phases[1].nested_paging = false;
	set_host(&scene->run.host);
}

static inline void run_phases(struct scene *scene, bool eager)
{
	struct run *run = &scene->run;
	struct phase_result *result;

	run->phases = scene->results;
	run->policy = eager ? RMAP_ALLOCATED : RMAP_LAZY;
	run->guest.report.vendor = ABI_VENDOR_SVM;
	set_result(scene, 0, "create", "create", eager);
	set_result(scene, 1, "boot", "boot", eager)->cfg = &scene->phases[0];
	result = set_result(scene, 2, "control", "l2", eager);
	result->cfg = &scene->phases[1];
	result->l2_entries = 1;
	result->l2_entry_ns = 400000;
	result = set_result(scene, 3, "transition", "l2", true);
	result->cfg = &scene->phases[2];
	result->l2_entries = 3;
	result->l2_pages = 16384;
	result->l2_entry_ns = 62400000;
	result = set_result(scene, 4, "teardown", "teardown", false);
	result->state = RMAP_UNKNOWN;
	result->held = (struct footprint){ 0 };
	run->stage = STAGE_RAN;
	run->guest.report.l2_entries = 4;
	run->guest.report.l2_pages = 16384;
}

static inline void pass_checks(struct scene *scene)
{
	add_check(scene, "host.kvm", RESULT_PASS, "/dev/kvm, API 12, 32764 slots", "");
	add_check(scene, "host.nested", RESULT_PASS, "SVM, nested state of 4224 bytes", "");
	add_check(scene, "host.tdp-mmu", RESULT_PASS, "kvm.tdp_mmu=Y", "");
	add_check(scene, "lazy.before", RESULT_PASS, "no rmaps after create and boot", "");
	add_check(scene, "control.no-npt", RESULT_PASS, "L2 ran, rmaps stayed lazy", "");
	add_check(scene, "transition.observed", RESULT_PASS, "in phase transition", "");
	add_check(scene, "rmap.exact", RESULT_PASS, "134750208 bytes, as predicted", "");
	add_check(scene, "tracking.exact", RESULT_PASS, "33554432 bytes, as predicted", "");
	add_check(scene, "l2.ran", RESULT_PASS, "4 entries, 16384 pages written", "");
	add_check(scene, "teardown.clean", RESULT_PASS, "kernel memory is back where it was", "");
	add_check(scene, "klog.clean", RESULT_PASS, "no alarm in the kernel log", "");
}

static const struct kernel_facts lazy_kernel = {
	.major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES, .vcalloc = ANSWER_YES,
};
static const struct kernel_facts eager_kernel = {
	.major = 5, .minor = 10, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES, .vcalloc = ANSWER_NO,
};

static inline void lazy_success(struct scene *scene)
{
	set_scene(scene);
	lay_out(scene);
	predict(scene, &lazy_kernel);
	run_phases(scene, false);
	scene->run.transition = 3;
	pass_checks(scene);
}

static inline void eager_host(struct scene *scene)
{
	set_scene(scene);
	lay_out(scene);
	predict(scene, &eager_kernel);
	run_phases(scene, true);
	pass_checks(scene);
	scene->verdict.checks[3] = (struct check){
		.name = "lazy.before", .result = RESULT_FAIL,
		.reason = "rmaps are there after create: 134750208 bytes",
		.remedy = "Linux 5.14 or newer with kvm.tdp_mmu=1, or [expect] policy = eager",
	};
	scene->verdict.checks[5] = (struct check){
		.name = "transition.observed", .result = RESULT_SKIP,
		.reason = "eager host: nothing is left to allocate",
	};
	scene->verdict.result = RESULT_FAIL;
	scene->verdict.exit_status = 1;
	snprintf(scene->run.host.kernel, sizeof(scene->run.host.kernel), "5.10.0-35-cloud-amd64");
}

static inline void guest_trouble(struct scene *scene)
{
	struct guest_outcome *guest = &scene->run.guest;

	lazy_success(scene);
	scene->run.transition = -1;
	scene->run.phase_count = 4;
	scene->results[3] = (struct phase_result){
		.cfg = &scene->phases[2], .name = "transition", .what = "l2",
		.duration_ns = 2000000, .state = RMAP_LAZY, .state_source = SOURCE_RMAPS_STAT,
		.measured = true, .held = scene->run.at_creation,
	};
	set_snapshot(scene, 3, false);
	scene->run.stage = STAGE_CREATED;
	guest->trouble = GUEST_REPORTED;
	guest->vcpu = 1;
	guest->report.status = ABI_ENTRY_FAILED;
	guest->report.exit_code = UINT64_MAX;
	memset(guest->report.message, 'm', sizeof(guest->report.message));
	snprintf(guest->text, sizeof(guest->text),
		 "phase transition: VMRUN failed: VMEXIT_INVALID, EXITINFO1 0x0, EXITINFO2 0x0");
	snprintf(guest->registers, sizeof(guest->registers),
		 "rip 0000000000103f2e  rsp 0000000000125000\n"
		 "cr0 0000000080000011  cr3 0000000000104000\n");
	scene->verdict.checks[8] = (struct check){
		.name = "l2.ran", .result = RESULT_FAIL,
		.reason = "phase transition: VMRUN failed: VMEXIT_INVALID",
		.remedy = "see the registers; a nested guest of any hypervisor would fail like this",
	};
	for (size_t i = 5; i < 8; i++) {
		struct check *check = &scene->verdict.checks[i];

		check->result = RESULT_SKIP;
		snprintf(check->reason, sizeof(check->reason),
			 "the guest got into trouble before it");
	}
	scene->verdict.result = RESULT_FAIL;
	scene->verdict.exit_status = 1;
}

static inline void no_kvm(struct scene *scene)
{
	static const char *const names[] = {
		"host.kvm", "host.nested", "host.tdp-mmu", "lazy.before", "control.no-npt",
		"transition.observed", "rmap.exact", "tracking.exact", "l2.ran", "teardown.clean",
		"klog.clean",
	};

	set_scene(scene);
	lay_out(scene);
	scene->run.host.module[0] = '\0';
	scene->run.host.tdp_mmu = scene->run.host.tdp = scene->run.host.nested = ANSWER_UNKNOWN;
	scene->run.skipped = true;
	err_errno(&scene->run.err, EACCES, "opening /dev/kvm");
	err_remedy(&scene->run.err, "add yourself to the group kvm: sudo usermod -aG kvm $USER");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_check(scene, names[i], RESULT_SKIP, "opening /dev/kvm: Permission denied",
			  i ? "" : "add yourself to the group kvm: sudo usermod -aG kvm $USER");
	scene->verdict.result = RESULT_SKIP;
	scene->verdict.exit_status = 4;
}

/* An ordinary user: nothing but meminfo, if that. */
static inline void no_sources(struct scene *scene)
{
	lazy_success(scene);
	scene->run.transition = -1;
	for (size_t i = 0; i < scene->run.phase_count; i++) {
		struct phase_result *result = &scene->results[i];

		result->state = RMAP_UNKNOWN;
		result->measured = false;
		for (int source = 0; source < SOURCE_COUNT; source++) {
			result->snapshot.status[source].ok = false;
			snprintf(result->snapshot.status[source].why, SOURCE_WHY,
				 "Permission denied");
		}
	}
	for (size_t i = 3; i < 8; i++) {
		scene->verdict.checks[i].result = RESULT_SKIP;
		snprintf(scene->verdict.checks[i].reason, sizeof(scene->verdict.checks[i].reason),
			 "no source told whether rmaps are allocated");
		snprintf(scene->verdict.checks[i].remedy, sizeof(scene->verdict.checks[i].remedy),
			 "run as root");
	}
}

/* 32764 slots of a page, the most KVM takes. */
static inline void many_slots(struct scene *scene)
{
	set_scene(scene);
	set_slot(&scene->memslots[0], "low", 0, 16 * MIB);
	set_slot(&scene->memslots[1], "dimm", 4 * GIB, 4096);
	scene->memslots[1].count = 32763;
	scene->memslots[1].stride = 8192;
	lay_out(scene);
	predict(scene, &lazy_kernel);
	run_phases(scene, false);
	scene->run.transition = 3;
	pass_checks(scene);
}

/* For the schemas' test: each report as a file in the folder REPORTS, where there is one. */
static inline void keep_report(const json_t *report)
{
	static int kept;
	const char *folder = getenv("REPORTS");
	char path[512];
	struct err err;

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/unit-%d.json", folder, ++kept);
	assert_int_equal(report_save(report, path, &err), 0);
}

static inline json_t *build(struct scene *scene)
{
	json_t *report = report_build(&scene->run, &scene->verdict);

	assert_non_null(report);
	keep_report(report);
	return report;
}

static inline void destroy(struct scene *scene, json_t *report)
{
	json_decref(report);
	free(scene->slots);
}

static inline char *render(const json_t *report, report_renderer *renderer)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_render(report, renderer, out), 0);
	fclose(out);
	return text;
}

static inline void assert_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

/* What a test makes of a scene. It is freed though the test fails. */
struct scene_test {
	struct scene scene;
	json_t *report;
	char *text;
};

static inline int scene_begin(void **state)
{
	*state = calloc(1, sizeof(struct scene_test));
	return *state ? 0 : -1;
}

static inline int scene_end(void **state)
{
	struct scene_test *test = *state;

	free(test->text);
	destroy(&test->scene, test->report);
	free(test);
	return 0;
}

#define scene_test(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

/* The report of the scene as it is now. The one before is gone. */
static inline json_t *scene_report(struct scene_test *test)
{
	json_decref(test->report);
	return test->report = build(&test->scene);
}

/* The scene's report, rendered. The text before is gone. */
static inline char *scene_text(struct scene_test *test, report_renderer *renderer)
{
	free(test->text);
	return test->text = render(scene_report(test), renderer);
}

#endif
