// SPDX-License-Identifier: GPL-2.0-only
/* A run as JSON. What is not known is null, never 0. */
#include "report/report.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/units.h"
#include "base/value.h"
#include "report/report_parts.h"
#include "report/report_slots.h"
#include "report/snapshot_json.h"
#include "report/trace_json.h"
#include "run/measure.h"

#ifndef MINIVMM_VERSION
#define MINIVMM_VERSION "0.1.0-dev"
#endif

/*
 * json_pack() with a NULL value fails and drops the rest, so that running out of
 * memory anywhere below makes the whole report NULL.
 */

static json_t *answer_json(enum answer answer)
{
	return answer == ANSWER_UNKNOWN ? json_null() : json_boolean(answer == ANSWER_YES);
}

static json_t *state_json(enum rmap_state state)
{
	return state == RMAP_UNKNOWN ? json_null() : value_text(rmap_state_name(state));
}

static json_t *levels_json(const uint64_t levels[3])
{
	return json_pack("[o, o, o]", value_u64(levels[0]), value_u64(levels[1]),
			 value_u64(levels[2]));
}

static bool model_known(const struct run *run)
{
	return run->model.name[0] != '\0';
}

/* Was it taken at all? Then each source either read or said why not. */
static bool snapshot_taken(const struct snapshot *snapshot)
{
	for (int source = 0; source < SOURCE_COUNT; source++)
		if (snapshot->status[source].ok || snapshot->status[source].why[0])
			return true;
	return false;
}

/* The last one while the VM lived; before it, where there was none. */
static const struct snapshot *telling_snapshot(const struct run *run)
{
	for (size_t i = run->phase_count; i-- > 0; )
		if (strcmp(run->phases[i].what, "teardown") &&
		    snapshot_taken(&run->phases[i].snapshot))
			return &run->phases[i].snapshot;
	return &run->before;
}

static json_t *policy_json(enum rmap_state policy)
{
	switch (policy) {
	case RMAP_LAZY:
		return json_string("lazy");
	case RMAP_ALLOCATED:
		return json_string("eager");
	case RMAP_UNKNOWN:
		break;
	}
	return json_null();
}

static json_t *room_json(const struct memory_room *room)
{
	if (!room->known && !*room->unseen)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}",
			 "where", value_text(room->limited ? room->where : NULL),
			 "limit_bytes", value_known(room->limited, room->limit),
			 "room_bytes", value_known(room->limited, room->room),
			 "unseen", value_text(*room->unseen ? room->unseen : NULL));
}

static json_t *host_json(const struct run *run)
{
	const struct host *host = &run->host;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "kernel", value_text(host->kernel),
			 "hostname", value_text(host->hostname),
			 "boot_id", value_text(host->boot_id),
			 "cpu_vendor", value_text(host->cpu_vendor),
			 "cpu_model", value_text(host->cpu_model),
			 "kvm",
				 "module", value_text(host->module),
				 "tdp_mmu", answer_json(host->tdp_mmu),
				 "tdp", answer_json(host->tdp),
				 "nested", answer_json(host->nested),
			 "phys_bits", value_known(host->phys_bits != 0, host->phys_bits),
			 "page_size", value_known(host->page_size != 0, host->page_size),
			 "rmap_policy", policy_json(run->policy),
			 "memory_limit", room_json(&run->room),
			 "other_vms", value_known(run->before.other_vms.known, measure_most_other_vms(run)),
			 "sources", snapshot_sources_json(telling_snapshot(run)));
}

static json_t *model_json(const struct run *run)
{
	const struct model *model = &run->model;

	if (!model_known(run))
		return json_null();
	return json_pack("{s:o, s:o, s:b, s:b}",
			 "name", value_text(model->name),
			 "why", value_text(model->why),
			 "rmap_lazy", model->rmap_lazy,
			 "tracking_lazy", model->tracking_lazy);
}

static json_t *predicted_json(const struct run *run)
{
	if (!model_known(run))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}",
			 "creation", footprint_json(&run->at_creation, true),
			 "transition", footprint_json(&run->at_transition, true),
			 "transition_slab_bytes", value_u64(run->model.transition_slab),
			 "rmap_heads", levels_json(run->heads));
}

/* How a phase of a guest of the user's ended. */
static json_t *step_json(const struct phase_result *phase)
{
	const struct guest_step *step = &phase->step;

	if (!phase->cfg || !phase->cfg->goes_on)
		return json_null();
	return json_pack("{s:o, s:o, s:o}",
			 "ended_by", value_text(step->ended_by),
			 "exit_status", value_known(step->has_status, step->status),
			 "output", value_text(step->output));
}

static json_t *found_json(const struct phase_result *phase)
{
	const struct found *found = &phase->found;

	if (!phase->cfg || !phase_owns_slot(phase->cfg))
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "pages", value_u64(found->pages),
			 "ways", value_text(found->ways),
			 "wrong", value_text(found->wrong),
			 "huge_before", value_known(found->huge_before > 0, (uint64_t)found->huge_before),
			 "huge_after", value_known(found->huge_known, (uint64_t)found->huge_after));
}

static json_t *phase_json(const struct phase_result *phase)
{
	bool reached = phase->done || phase->duration_ns;
	bool guest_ran = reached && phase->cfg, ours = guest_ran && !phase->cfg->goes_on;
	bool told = phase->state != RMAP_UNKNOWN;
	json_t *object = json_pack(
		"{s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"name", value_text(phase->name),
		"do", value_text(phase->what),
		"done", phase->done,
		"expect", phase->cfg && phase->cfg->expect != EXPECT_NOTHING ?
			value_text(phase_expect_name(phase->cfg->expect)) : json_null(),
		"duration_ns", value_known(reached, phase->duration_ns),
		"l2_entry_ns", value_known(phase->l2_entry_ns != 0, phase->l2_entry_ns),
		"l1_pages", value_known(ours, phase->l1_pages),
		"l2_pages", value_known(ours, phase->l2_pages),
		"l2_entries", value_known(ours || (guest_ran && measure_nested_runs(phase)->known),
					  phase->l2_entries),
		"failed_entries", value_known(ours, phase->failed_entries),
		"rmap_state", state_json(phase->state),
		"state_source", told ? value_text(source_name(phase->state_source)) : json_null(),
		"arrays_source", phase->measured ? value_text(source_name(phase->held_source)) : json_null(),
		"failed", value_text(phase->failed ? strerrorname_np(phase->failed) : NULL),
		"step", step_json(phase),
		"found", found_json(phase),
		"workers", stress_json(phase->stress),
		"vms", stress_vms_json(phase->stress),
		"replay", value_text(phase->stress && phase->stress->replay[0] ? phase->stress->replay :
								       NULL));

	if (!object)
		return NULL;
	if (footprint_set(object, &phase->held, phase->measured) ||
	    json_object_set_new(object, "snapshot", snapshot_json(&phase->snapshot))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *phases_json(const struct run *run)
{
	json_t *phases = json_array();

	for (size_t i = 0; phases && i < run->phase_count; i++) {
		if (json_array_append_new(phases, phase_json(&run->phases[i]))) {
			json_decref(phases);
			return NULL;
		}
	}
	return phases;
}

/* A nested guest's first root, under the name its hardware gives it. */
static const char *trigger_name(const struct run *run, const struct phase_result *phase)
{
	if (!phase || !phase->cfg || !phase_runs_l2(phase->cfg))
		return NULL;
	if (phase->cfg->what == DO_RESTORE)
		return "nested-state";
	switch (run->guest.report.vendor) {
	case ABI_VENDOR_SVM:
		return "npt";
	case ABI_VENDOR_VMX:
		return "ept";
	}
	return NULL;
}

/* What the phase that made the rmaps added to one array. */
static json_t *added_json(const struct run *run, enum array array)
{
	static const struct footprint nothing;
	const struct phase_result *after, *before;

	if (run->transition < 0)
		return json_null();
	after = &run->phases[run->transition];
	before = run->transition > 0 ? after - 1 : NULL;
	if (!after->measured || (before && !before->measured))
		return json_null();
	return json_integer((json_int_t)(after->held.bytes[array] -
					 (before ? &before->held : &nothing)->bytes[array]));
}

/* What the first shadow root adds; a failed one before it may have left some of it. */
static uint64_t transition_bytes(const struct run *run, enum array array)
{
	const struct prediction *other = run->transition < 0 ? NULL :
					 run->phases[run->transition].predicted;

	return other ? other->transition.bytes[array] - other->kept.bytes[array] :
		       run->at_transition.bytes[array];
}

static json_t *both_json(const struct run *run, enum array array)
{
	return json_pack("{s:o, s:o}",
			 "predicted",
			 value_known(model_known(run), transition_bytes(run, array)),
			 "measured", added_json(run, array));
}

static json_t *transition_json(const struct run *run)
{
	const struct phase_result *phase = run->transition < 0 ? NULL :
					   &run->phases[run->transition];

	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}",
			 "observed", phase != NULL,
			 "phase", value_text(phase ? phase->name : NULL),
			 "trigger", value_text(trigger_name(run, phase)),
			 array_bytes_key(ARRAY_RMAP), both_json(run, ARRAY_RMAP),
			 array_bytes_key(ARRAY_TRACKING), both_json(run, ARRAY_TRACKING),
			 "duration_ns", value_known(phase && phase->l2_entry_ns,
						    phase ? phase->l2_entry_ns : 0));
}

static const char *trouble_name(enum guest_trouble trouble)
{
	switch (trouble) {
	case GUEST_FINE:
		break;
	case GUEST_REPORTED:
		return "reported";
	case GUEST_EXIT:
		return "exit";
	case GUEST_IOCTL:
		return "ioctl";
	case GUEST_TIMEOUT:
		return "timeout";
	case GUEST_ABI:
		return "abi";
	case GUEST_SKIPPED:
		return "skipped";
	}
	return NULL;
}

static const char *vendor_name(uint32_t vendor)
{
	switch (vendor) {
	case ABI_VENDOR_SVM:
		return "svm";
	case ABI_VENDOR_VMX:
		return "vmx";
	}
	return NULL;
}

/* The payload's own words on what went wrong; of use only when something did. */
static json_t *payload_report_json(const struct guest_outcome *guest)
{
	const struct abi_report *report = &guest->report;
	char message[sizeof(report->message) + 1];

	if (guest->trouble != GUEST_REPORTED)
		return json_null();
	snprintf(message, sizeof(message), "%.*s", (int)sizeof(report->message), report->message);
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:[o, o], s:I, s:o}",
			 "status", (json_int_t)report->status,
			 "vector", (json_int_t)report->vector,
			 "error_code", value_hex(report->error_code),
			 "rip", value_hex(report->rip),
			 "cr2", value_hex(report->cr2),
			 "exit_code", value_hex(report->exit_code),
			 "exit_info", value_hex(report->exit_info[0]),
				      value_hex(report->exit_info[1]),
			 "instruction_error", (json_int_t)report->instruction_error,
			 "message", value_text(message));
}

/* "ok", or in the words of a source that is not there, why not. */
static json_t *seccomp_json(const struct run *run)
{
	int code = run->guest.unfiltered;

	if (run->stage < STAGE_CREATED)
		return json_null();
	return code ? json_sprintf("unavailable: %s", strerror(code)) : json_string("ok");
}

static json_t *guest_json(const struct run *run)
{
	const struct guest_outcome *guest = &run->guest;
	bool made = run->stage >= STAGE_CREATED;
	bool trouble = guest->trouble != GUEST_FINE;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "vendor", value_text(vendor_name(guest->report.vendor)),
			 "trouble", value_text(trouble_name(guest->trouble)),
			 "vcpu", value_known(trouble, guest->vcpu),
			 "errno", value_known(guest->trouble == GUEST_IOCTL,
					      (uint64_t)guest->error),
			 "text", value_text(guest->text),
			 "registers", value_text(guest->registers),
			 "console", value_text(guest->console),
			 "seccomp", seccomp_json(run),
			 "report", payload_report_json(guest),
			 "l1_pages", value_known(made, guest->report.l1_pages),
			 "l2_pages", value_known(made, guest->report.l2_pages),
			 "l2_entries", value_known(made, guest->report.l2_entries));
}

static json_t *remedy_json(const struct check *check)
{
	if (!check->command)
		return value_text(check->remedy);
	/* A line of its own, which a shell may get as it is. */
	return json_sprintf("%s%s" REPLAY_LINE "%s%s%s", check->remedy, *check->remedy ? "\n" : "", check->command,
			    check->replay ? " " : "", check->replay ? check->replay : "");
}

static json_t *checks_json(const struct verdict *verdict)
{
	json_t *checks = json_array();

	for (size_t i = 0; checks && i < verdict->count; i++) {
		const struct check *check = &verdict->checks[i];
		json_t *value = json_pack("{s:o, s:s, s:o, s:o}",
					  "name", value_text(check->name),
					  "result", result_name(check->result),
					  "reason", value_text(check->reason),
					  "remedy", remedy_json(check));

		if (json_array_append_new(checks, value)) {
			json_decref(checks);
			return NULL;
		}
	}
	return checks;
}

static json_t *error_json(const struct err *err)
{
	if (!err->text[0])
		return json_null();
	return json_pack("{s:o, s:o}", "text", value_text(err->text),
			 "remedy", value_text(err->remedy));
}

static json_t *started_json(const struct timespec *started)
{
	char text[UNIT_TEXT];

	return value_text(started->tv_sec ? format_time(text, started->tv_sec) : NULL);
}

static json_t *signal_json(int signal)
{
	const char *name = signal ? sigabbrev_np(signal) : NULL;

	return name ? json_sprintf("SIG%s", name) : json_null();
}

/* What minivmm itself took: its memory at most, and of creation what was not the kernel's time. */
static json_t *self_json(const struct run *run)
{
	bool made = run->stage >= STAGE_CREATED && run->phase_count;
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	return json_pack("{s:o, s:o, s:o}",
			 "max_rss_bytes", value_known(usage.ru_maxrss > 0,
						      (uint64_t)usage.ru_maxrss * 1024),
			 "create_ns", value_known(made, made ? run->phases[0].duration_ns : 0),
			 "create_ioctl_ns", value_known(made, run->create_ioctl_ns));
}

/* A config that can't be echoed is no reason to lose the report. */
static json_t *echo_json(const struct config *config)
{
	json_t *echo = config ? config_json(config) : NULL;

	return echo ? echo : json_null();
}

json_t *report_build(const struct run *run, const struct verdict *verdict)
{
	return json_pack("{s:s, s:{s:s}, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:o, s:o, s:o, s:o, s:o, s:o, s:n, s:o, s:s, s:i}",
			 "schema", REPORT_SCHEMA,
			 "tool", "version", MINIVMM_VERSION,
			 "started", started_json(&run->started),
			 "duration_ns", value_u64(run->duration_ns),
			 "seed", value_known(run->config, run->config ? run->config->seed : 0),
			 "config_name", value_text(run->config ? run->config->name : NULL),
			 "config", echo_json(run->config),
			 "host", host_json(run),
			 "model", model_json(run),
			 "predicted", predicted_json(run),
			 "memory_bytes", value_known(run->layout.config, run->layout.config ?
						     layout_memory(&run->layout) : 0),
			 "slots", report_slots_json(&run->layout, model_known(run) ? &run->model : NULL),
			 "baseline", snapshot_json(&run->before),
			 "phases", phases_json(run),
			 "transition", transition_json(run),
			 "trace", trace_json(&run->trace),
			 "contention", contention_json(run),
			 "guest", guest_json(run),
			 "checks", checks_json(verdict),
			 "error", error_json(&run->err),
			 "signal", signal_json(run->signal),
			 "runs",
			 "self", self_json(run),
			 "result", result_name(verdict->result),
			 "exit_status", verdict->exit_status);
}
