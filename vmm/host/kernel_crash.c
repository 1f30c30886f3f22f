// SPDX-License-Identifier: GPL-2.0-only
#include "host/kernel_crash.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/klog_watch.h"
#include "host/kvm_frame.h"

/* __die(): "%s: %04lx [#%d]". A log that has programs' lines as well may have " [#" elsewhere. */
static bool counts_oopses(const char *text)
{
	const char *mark = strstr(text, " [#"), *code = mark;

	while (code && code > text && isxdigit((unsigned char)code[-1]))
		code--;
	return mark && mark - code >= 4 && code - text >= 2 && code[-1] == ' ' && code[-2] == ':';
}

/* Does a report of a crash begin, and of which kind? klog_watch.c has THE table of what the kernel says. */
static bool is_report(const char *text, bool *died)
{
	enum klog_event event = klog_event_of(text);

	*died = event == KLOG_CORRUPTION;
	/* After a warning the kernel goes on, unless it panics: that is a line of its own. A lockup of a workqueue ends nothing. */
	if (text_starts_with(text, "WARNING: ") || text_starts_with(text, "BUG: workqueue lockup"))
		return false;
	if (event == KLOG_CORRUPTION && strstr(text, " [#"))
		return text_starts_with(text, "Oops: ") || counts_oopses(text);
	return event == KLOG_CORRUPTION || event == KLOG_STALL;
}

/* "Kernel panic - not syncing: softlockup: hung tasks": the kernel died of the stall that it has reported before. */
static bool is_of_stall(const char *text)
{
	static const char *const words[] = { "lockup", "LOCKUP", "RCU Stall", "hung" };

	if (!text_starts_with(text, "Kernel panic"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static void keep(char to[CRASH_TEXT], const char *text)
{
	snprintf(to, CRASH_TEXT, "%.*s", CRASH_TEXT - 1, text);
}

/* "BUG: KASAN: use-after-free in FUNCTION+0x1/0x2", or the file and line of a BUG(). */
static bool first_names_kvm(const char *text)
{
	const char *in = strstr(text, " in ");

	return kvm_frame_names(text) || (text_starts_with(text, "BUG: K") && in && kvm_frame_names(in + strlen(" in ")));
}

static void begin(struct crash_watch *watch, const char *text, bool died)
{
	crash_watch_end(watch);
	watch->now = (struct kernel_crash){
		.found = true, .died = died, .in_kvm = first_names_kvm(text), .log = watch->log,
	};
	keep(watch->now.first, text);
	memcpy(watch->now.said, watch->said, sizeof(watch->said));
}

/* A journal may have lost the rest of a report that pstore has whole. */
static bool is_more_of(const struct kernel_crash *crash, const struct kernel_crash *than)
{
	return crash->log != than->log && crash->in_kvm && !than->rip[0] && !strcmp(crash->first, than->first);
}

/* The first that died counts, else the first stall in KVM, else the first stall. */
static bool counts_more(const struct kernel_crash *crash, const struct kernel_crash *than)
{
	if (!than->found || crash->died != than->died)
		return !than->found || crash->died;
	return is_more_of(crash, than) || (!crash->died && crash->in_kvm && !than->in_kvm);
}

void crash_watch_end(struct crash_watch *watch)
{
	if (watch->now.found && counts_more(&watch->now, &watch->crash))
		watch->crash = watch->now;
	else if (watch->now.found)
		watch->later_in_kvm |= watch->now.in_kvm;
	watch->now.found = watch->in_trace = watch->interrupted = false;
}

/* A frame of a trace, without the blanks before it. */
static void take_frame(struct crash_watch *watch, const char *frame)
{
	struct kernel_crash *now = &watch->now;

	if (!strstr(frame, "+0x") || !kvm_frame_names(frame) || watch->interrupted)
		return;
	now->in_kvm = true;
	if (now->frame_count < CRASH_FRAMES)
		keep(now->frames[now->frame_count], frame);
	now->frame_count++;
}

/*
 * What an interrupt (</IRQ>, <SOFTIRQ>, </NMI>) came upon is not what called the function that crashed in it. Of a stall it
 * is: there the interrupt is the watchdog's.
 */
static void take_trace(struct crash_watch *watch, const char *text)
{
	if (text_starts_with(text, "Call Trace:")) {
		watch->in_trace = true;
		watch->interrupted = false;
	} else if (text_starts_with(text, "</TASK>") || text_starts_with(text, "RIP: 0033:")) {
		watch->in_trace = false;
	} else if (text_starts_with(text, "</IRQ>") || text_starts_with(text, "</NMI>")) {
		watch->interrupted = watch->now.died;
	} else if (watch->in_trace) {
		take_frame(watch, text);
	}
}

static void take(struct crash_watch *watch, const char *text)
{
	static const char rip[] = "RIP: 0010:";
	struct kernel_crash *now = &watch->now;

	text += strspn(text, " ");
	if (text_starts_with(text, "CPU: ") && !now->task[0])
		keep(now->task, text);
	if (text_starts_with(text, rip) && !now->rip[0]) {
		keep(now->rip, text + strlen(rip));
		now->in_kvm |= kvm_frame_names(now->rip);
	}
	take_trace(watch, text);
	if (text_starts_with(text, "---[ end "))
		crash_watch_end(watch);
}

/*
 * "Oops: 0002 [#1]" and "Kernel panic" go on with the report that "BUG: unable to handle page fault" has begun. What stalls
 * while the kernel dies is no report of its own.
 */
static bool goes_on(const struct crash_watch *watch, const char *text, bool died)
{
	bool begins = text_starts_with(text, "BUG") || text_starts_with(text, "kernel BUG at");

	return watch->now.found && watch->now.died && !(died && begins);
}

void crash_watch_line(struct crash_watch *watch, const char *text)
{
	struct kernel_crash *stall = watch->now.found ? &watch->now : &watch->crash;
	bool died;

	if (is_of_stall(text) && stall->found && !stall->died) {
		stall->died = true;
	} else if (is_report(text, &died)) {
		if (!goes_on(watch, text, died))
			begin(watch, text, died);
	} else if (watch->now.found) {
		/* Of KASAN's report this line is the last. */
		if (klog_event_of(text) != KLOG_NOTHING || text_starts_with(text, "=========="))
			crash_watch_end(watch);
		else
			take(watch, text);
	}
}

/* "12.3 s: churn: ...": how each line of minivmm's progress begins. */
static bool is_progress(const char *text)
{
	size_t seconds = strspn(text, "0123456789."), digits = strspn(text, "0123456789");

	return digits && seconds == digits + 2 && text[digits] == '.' && text_starts_with(text + seconds, " s: ");
}

void crash_watch_said(struct crash_watch *watch, const char *line)
{
	static const char name[] = "minivmm: ";

	for (const char *at = line; (at = strstr(at, name)) != NULL;) {
		at += strlen(name);
		if (!is_progress(at))
			continue;
		snprintf(watch->said, sizeof(watch->said), "%.*s", CRASH_SAID - 1, at);
		watch->said_log = watch->log;
	}
}

const char *crash_watch_last_said(const struct crash_watch *watch)
{
	const struct kernel_crash *crash = &watch->crash;

	/* What it said in another log may have been before; in this one it was after. */
	return crash->said[0] || (crash->found && watch->said_log == crash->log) ? crash->said : watch->said;
}

const char *kernel_crash_known(const struct kernel_crash *crash)
{
	static const char *const functions[] = { "kvm_gfn_is_write_tracked+", "kvm_slot_page_track_is_active+" };

	for (size_t i = 0; strstr(crash->first, "NULL pointer dereference") && i < 2; i++)
		if (text_starts_with(crash->rip, functions[i]))
			return "docs/kernel-bugs.md";
	return NULL;
}

bool kernel_crash_is_ours(const struct kernel_crash *crash)
{
	return strstr(crash->task, " Comm: minivmm ");
}
