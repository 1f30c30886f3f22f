// SPDX-License-Identifier: GPL-2.0-only
#include "run/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event-parse.h>
#include <tracefs.h>

#define INSTANCE "minivmm-"	/* + pid */
#define SYSTEM "minivmm_"	/* + pid: a C identifier */
#define PROBES (TRACEFS_DYNEVENT_KPROBE | TRACEFS_DYNEVENT_KRETPROBE)
#define EVENT_BYTES 64		/* of an event in the ring buffer, at most */

/* mmu_first_shadow_root_alloc() is inlined; the first two have (slot, npages) and (slot). */
static const struct probe {
	const char *name, *address, *arguments;
	bool returns;
} probes[TRACE_EVENTS] = {
	[TRACE_LOAD] = { "load", "kvm:kvm_mmu_load", NULL, false },
	[TRACE_LOAD_END] = { "load_end", "kvm:kvm_mmu_load", NULL, true },
	[TRACE_RMAP] = { "rmap", "kvm:memslot_rmap_alloc", "pages=%si:u64", false },
	[TRACE_RMAP_END] = { "rmap_end", "kvm:memslot_rmap_alloc", NULL, true },
	[TRACE_TRACKING] = { "tracking", "kvm:kvm_page_track_write_tracking_alloc", NULL, false },
	[TRACE_TRACKING_END] = { "tracking_end", "kvm:kvm_page_track_write_tracking_alloc", NULL,
				 true },
};

struct tracer {
	struct tracefs_instance *instance;
	struct tracefs_dynevent *events[TRACE_EVENTS];
	char system[32];
	struct trace_reader reader;
};

static bool is_dead(const char *number)
{
	char *end;
	long pid = strtol(number, &end, 10);

	return pid > 0 && !*end && kill((pid_t)pid, 0) && errno == ESRCH;
}

/* What runs that were killed left: their probes first, which keep their instances busy. */
static void remove_stale(void)
{
	struct tracefs_dynevent **events = tracefs_dynevent_get_all(PROBES, NULL);
	/* With a regular expression the library would not free what it has compiled of it. */
	char **instances = tracefs_instances(NULL);

	for (size_t i = 0; events && events[i]; i++) {
		char *system = NULL;

		tracefs_dynevent_info(events[i], &system, NULL, NULL, NULL, NULL);
		if (system && !strncmp(system, SYSTEM, strlen(SYSTEM)) &&
		    is_dead(system + strlen(SYSTEM)))
			tracefs_dynevent_destroy(events[i], true);
		free(system);
	}
	tracefs_dynevent_list_free(events);
	for (size_t i = 0; instances && instances[i]; i++) {
		struct tracefs_instance *stale;

		if (strncmp(instances[i], INSTANCE, strlen(INSTANCE)) || !is_dead(instances[i] + strlen(INSTANCE)))
			continue;
		stale = tracefs_instance_create(instances[i]);
		if (stale)
			tracefs_instance_destroy(stale);
		tracefs_instance_free(stale);
	}
	tracefs_list_free(instances);
}

static void remove_tracer(struct tracer *tracer)
{
	for (int i = 0; i < TRACE_EVENTS; i++) {
		if (!tracer->events[i])
			continue;
		tracefs_dynevent_destroy(tracer->events[i], true);
		tracefs_dynevent_free(tracer->events[i]);
	}
	if (tracer->instance)
		tracefs_instance_destroy(tracer->instance);
	tracefs_instance_free(tracer->instance);
	free(tracer->reader.threads);
	free(tracer);
}

/* A kernel without the function (5.10 has no memslot_rmap_alloc) does without its probe. */
static int add_probe(struct tracer *tracer, int which)
{
	const struct probe *probe = &probes[which];
	struct tracefs_dynevent *event = probe->returns ?
		tracefs_kretprobe_alloc(tracer->system, probe->name, probe->address,
					probe->arguments, 0) :
		tracefs_kprobe_alloc(tracer->system, probe->name, probe->address,
				     probe->arguments);

	if (!event)
		return -ENOMEM;
	if (tracefs_dynevent_create(event)) {
		int code = errno;

		tracefs_dynevent_free(event);
		return code == ENOENT || code == EINVAL ? 0 : -code;
	}
	tracer->events[which] = event;
	return tracefs_event_enable(tracer->instance, tracer->system, probe->name) ? -EIO : 0;
}

/* Only this process and the threads it is going to make; room for every call. */
static int set_up(struct tracer *tracer, size_t slots)
{
	size_t kilobytes = 256 + slots * 4 * EVENT_BYTES / 1024;
	char text[32];
	int code = 0;

	tracefs_option_enable(tracer->instance, TRACEFS_OPTION_EVENT_FORK);
	snprintf(text, sizeof(text), "%d", getpid());
	if (tracefs_instance_file_write(tracer->instance, "set_event_pid", text) < 0)
		return -EIO;
	snprintf(text, sizeof(text), "%zu", kilobytes);
	if (tracefs_instance_file_write(tracer->instance, "buffer_size_kb", text) < 0)
		return -ENOMEM;
	for (int i = 0; i < TRACE_EVENTS && !code; i++)
		code = add_probe(tracer, i);
	if (!code && !tracer->events[TRACE_LOAD])
		code = -ENOENT;
	return code;
}

static struct tracer *refuse(struct trace *trace, const char *what, int code)
{
	snprintf(trace->why, sizeof(trace->why), "%s: %s", what, strerror(code));
	return NULL;
}

/* register_trace_kprobe() knows of it (security/lockdown); what it returns says nothing. */
static bool is_locked_down(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[64] = "";
	bool locked = file && fgets(line, sizeof(line), file) && strstr(line, "[confidentiality]");

	if (file)
		fclose(file);
	return locked;
}

struct tracer *trace_start(size_t slots, struct trace *trace)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	char name[32];
	int code;

	trace->asked = true;
	if (!tracer)
		return refuse(trace, "tracing", ENOMEM);
	if (!tracefs_tracing_dir()) {
		free(tracer);
		return refuse(trace, "tracefs: run as root, with it mounted", ENOENT);
	}
	remove_stale();
	snprintf(tracer->system, sizeof(tracer->system), SYSTEM "%d", getpid());
	snprintf(name, sizeof(name), INSTANCE "%d", getpid());
	tracer->instance = tracefs_instance_create(name);
	code = tracer->instance ? set_up(tracer, slots) : -errno;
	if (code) {
		remove_tracer(tracer);
		return refuse(trace, is_locked_down() ?
			      "the kernel is locked down, which keeps kprobes from root, too" :
			      "tracefs: run as root; kprobes on kvm", -code);
	}
	return tracer;
}

static int take_event(struct tep_event *event, struct tep_record *record, int cpu, void *context)
{
	struct trace_reader *reader = context;
	unsigned long long pages = 0;

	(void)cpu;
	for (int i = 0; i < TRACE_EVENTS; i++) {
		if (strcmp(event->name, probes[i].name))
			continue;
		if (i == TRACE_RMAP)
			tep_get_field_val(NULL, event, "pages", record, &pages, 0);
		trace_take(reader, (enum trace_event)i, tep_data_pid(event->tep, record),
			   record->ts, pages);
	}
	return reader->error;
}

void trace_finish(struct tracer *tracer, struct trace *trace)
{
	const char *const systems[] = { tracer->system, NULL };
	struct tep_handle *tep = tracefs_local_events_system(NULL, systems);
	int code = tep ? 0 : -errno;

	tracer->reader.trace = trace;
	if (tep)
		code = tracefs_iterate_raw_events(tep, tracer->instance, NULL, 0, take_event,
						  &tracer->reader);
	if (!code)
		code = tracer->reader.error;
	tep_free(tep);
	remove_tracer(tracer);
	trace->ok = !code;
	if (code)
		refuse(trace, "reading the trace", code < 0 ? -code : EIO);
}
