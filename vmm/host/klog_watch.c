// SPDX-License-Identifier: GPL-2.0-only
#include "host/klog_watch.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/kvm_frame.h"
#include "host/source.h"

/*
 * Where the kernel puts these words tells an alarm from talk about one: "Spectre V2 : WARNING:
 * Spectre v2 mitigation leaves...", "IPv6: BUG: Address ... is missing its host route" and
 * "traps: a.out[7] general protection fault" (a user-space program's) are ordinary. So is
 * "minivmm: vmalloc error: size ...": a refused allocation that KVM_RUN reports as ENOMEM. The first
 * row that fits counts.
 */
static const struct pattern {
	const char *text;
	bool anywhere;			/* else at the start of the record */
	enum klog_event event;
} alarms[] = {
	/* These begin like a WARN() and are none: settings of the administrator cause them. */
	{ "WARNING: Unprivileged eBPF", false, KLOG_NOTHING }, /* kernel.unprivileged_bpf_disabled */
	{ "WARNING: Domain '", false, KLOG_NOTHING },	/* TOMOYO's learning mode */
	{ "WARNING: fbcon:", false, KLOG_NOTHING },
	/* CONFIG_DEBUG_LIST, and refcount_warn_saturate(): "use-after-free". */
	{ " at lib/list_debug.c", true, KLOG_CORRUPTION },
	{ " at lib/refcount.c", true, KLOG_CORRUPTION },
	{ "WARNING: lib/list_debug.c", false, KLOG_CORRUPTION },
	{ "WARNING: lib/refcount.c", false, KLOG_CORRUPTION },
	{ "WARNING:", false, KLOG_TRACE },	/* __warn(), lockdep, RCU */
	/* A BUG that corrupts nothing. */
	{ "BUG: workqueue lockup", false, KLOG_STALL },
	{ "BUG: scheduling while atomic", false, KLOG_TRACE },
	{ "BUG: sleeping function called", false, KLOG_TRACE },
	{ "BUG: using ", false, KLOG_TRACE },	/* "... smp_processor_id() in preemptible" */
	{ "BUG: MAX_", false, KLOG_TRACE },	/* "... LOCKDEP_CHAINS too low!" */
	{ "BUG: KCSAN", false, KLOG_TRACE },
	{ "BUG:", false, KLOG_CORRUPTION },	/* page faults, KASAN, KFENCE, Bad page state, ... */
	{ "BUG ", false, KLOG_CORRUPTION }, /* SLUB: "BUG kvm_mmu_page_header (Not tainted): ..." */
	{ "kernel BUG at", false, KLOG_CORRUPTION },
	{ "Oops", false, KLOG_CORRUPTION },
	/* No program lives to read this one, nor, mostly, the next two: they are for a log that was saved. */
	{ "Kernel panic - not syncing", false, KLOG_CORRUPTION },
	{ "stack segment: ", false, KLOG_CORRUPTION },
	{ "Unable to handle kernel ", false, KLOG_CORRUPTION }, /* as arm64 begins */
	{ "general protection fault", false, KLOG_CORRUPTION },
	{ " [#", true, KLOG_CORRUPTION }, /* __die() before 6.10: "invalid opcode: 0000 [#1]" */
	{ "UBSAN:", false, KLOG_TRACE },
	{ "KASAN:", false, KLOG_CORRUPTION },
	{ "soft lockup - CPU", true, KLOG_STALL }, /* "watchdog: BUG: soft lockup - CPU#0 stuck..." */
	{ "detected hard LOCKUP", true, KLOG_STALL },
	{ "INFO: rcu", false, KLOG_STALL },
	{ "rcu: INFO:", false, KLOG_STALL }, /* "... rcu_preempt detected stalls on CPUs/tasks" */
	{ "INFO: task ", false, KLOG_TRACE }, /* khungtaskd: "... blocked for more than 120 seconds." */
	{ "blocked for more than", true, KLOG_TRACE },
	{ "invoked oom-killer", true, KLOG_OOM },
	{ "Out of memory: ", false, KLOG_OOM },
	{ "Memory cgroup out of memory", false, KLOG_OOM },
};

/* Dumps with a stack trace of their own that are no alarms: what follows is not the alarm's. */
static const char *const dumps[] = {
	": vmalloc error: ", ": vmalloc: allocation failure", ": page allocation failure",
	"SLUB: Unable to allocate memory", "sysrq: ",
};

enum klog_event klog_event_of(const char *text)
{
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++)
		if (alarms[i].anywhere ? strstr(text, alarms[i].text) != NULL :
					 text_starts_with(text, alarms[i].text))
			return alarms[i].event;
	return KLOG_NOTHING;
}

/* The text of a record of the kernel. NULL: it is user space's, or no record. */
static const char *kernel_text(const char *record)
{
	uint64_t priority;
	const char *text;

	if (!source_number(&record, &priority) || *record != ',' || priority >> 3)
		return NULL;
	text = strchr(record, ';');
	return text ? text + 1 : NULL;
}

bool klog_is_alarm(const char *record)
{
	const char *text = kernel_text(record);

	return text && klog_event_of(text) != KLOG_NOTHING;
}

/* "Comm: minivmm Not tainted", "[minivmm:7]", "task minivmm:7", "task:minivmm ", "minivmm/7 is trying". */
static bool names_command(const char *text, const char *command)
{
	size_t length = strlen(command);

	for (const char *at = text; length && (at = strstr(at, command)); at += length) {
		bool begins = at == text || strchr(" [:", at[-1]);
		bool ends = at[length] == ' ' ? at != text && strchr(" :", at[-1]) :
						at[length] && strchr(":/", at[length]) &&
						isdigit((unsigned char)at[length + 1]);

		if (begins && ends)
			return true;
	}
	return false;
}

/* Is the cgroup that one, or one below it? The root has no limit of its own. The names need not end where the texts do. */
static bool is_within(const char *cgroup, size_t cgroup_length, const char *other, size_t length)
{
	return length > 1 && cgroup_length >= length && !strncmp(cgroup, other, length) &&
	       (cgroup_length == length || cgroup[length] == '/');
}

/*
 * "oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/t,task_memcg=/t,task=evt,pid=160,uid=0": a limit that holds for this process
 * took one of its cgroup. Where the host, or a cgroup that others are in as well, ran out and one of those died, any of them
 * may have taken the memory.
 */
static bool is_own_oom(const struct klog_watch *watch, const char *text)
{
	const char *limited = strstr(text, ",oom_memcg="), *victim = strstr(text, ",task_memcg=");
	size_t length = strlen(watch->cgroup);

	if (!limited || !victim)
		return false;
	limited += strlen(",oom_memcg=");
	victim += strlen(",task_memcg=");
	return is_within(watch->cgroup, length, limited, strcspn(limited, ",")) &&
	       is_within(victim, strcspn(victim, ","), watch->cgroup, length);
}

static bool concerns(const struct klog_watch *watch, const char *text)
{
	switch (watch->event) {
	case KLOG_CORRUPTION:
		return true;
	case KLOG_TRACE:
		return kvm_frame_names(text) || (!watch->in_interrupt && names_command(text, watch->command));
	case KLOG_STALL:
		return kvm_frame_names(text) || names_command(text, watch->command);
	case KLOG_OOM:
		return text_starts_with(text, "oom-kill:") && is_own_oom(watch, text);
	default:
		return false;
	}
}

static void begin(struct klog_watch *watch, enum klog_event event, const char *text)
{
	watch->event = event;
	watch->in_trace = watch->in_interrupt = watch->by_command = false;
	snprintf(watch->text, sizeof(watch->text), "%s", text);
	if (!watch->alarms++)
		memcpy(watch->first, watch->text, sizeof(watch->first));
}

static bool is_dump(const char *text)
{
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++)
		if (strstr(text, dumps[i]))
			return true;
	return false;
}

static void count(struct klog_watch *watch)
{
	if (!watch->concerning++)
		memcpy(watch->first_concerning, watch->text, sizeof(watch->first_concerning));
}

/* What it was counted for is whom the interrupt, or the NMI, found, and vCPUs are whom it finds most. */
static void begin_interrupt(struct klog_watch *watch)
{
	watch->in_interrupt = true;
	if (watch->by_command && !--watch->concerning)
		watch->first_concerning[0] = '\0';
	watch->by_command = false;
}

/* Each frame of a trace begins with a blank; with the trace the alarm ends, unless there may be more. */
static void follow_trace(struct klog_watch *watch, const char *text)
{
	if (text_starts_with(text, "Call Trace:")) {
		watch->in_trace = true;
	} else if (watch->in_trace && watch->event == KLOG_TRACE && (!strcmp(text, " <IRQ>") || !strcmp(text, " <NMI>"))) {
		begin_interrupt(watch);
	} else if (watch->in_interrupt && (!strcmp(text, " </IRQ>") || !strcmp(text, " </NMI>"))) {
		watch->event = KLOG_NOTHING;
	} else if (watch->in_trace && text[0] != ' ') {
		watch->in_trace = false;
		if (watch->event == KLOG_TRACE)
			watch->event = KLOG_NOTHING;
	}
}

void klog_watch_record(struct klog_watch *watch, const char *record)
{
	const char *text = kernel_text(record);
	enum klog_event event = text ? klog_event_of(text) : KLOG_NOTHING;
	bool concerning;

	if (!text)
		return;
	if (event != KLOG_NOTHING)
		begin(watch, event, text);
	else if (is_dump(text))
		watch->event = KLOG_NOTHING;
	/* The record that ends a trace may still tell whose it was: the RIP of a nested exception. */
	concerning = concerns(watch, text);
	if (event == KLOG_NOTHING)
		follow_trace(watch, text);
	if (!concerning)
		return;
	if (!watch->by_command)
		count(watch);
	/* The trace may yet say that it was an interrupt's. */
	watch->by_command = watch->event == KLOG_TRACE && !kvm_frame_names(text);
	if (!watch->by_command)
		watch->event = KLOG_NOTHING;
}
