/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which records of the kernel log are alarms (BUG, WARNING, Oops, ...), and which of those concern KVM
 * or this process. A memory corruption or an Oops concerns every run. Another alarm does if the
 * records that follow it show a function of KVM, this program, unless an interrupt came while it ran, or, for an OOM kill, this
 * cgroup. Pure.
 */
#ifndef KLOG_WATCH_H
#define KLOG_WATCH_H

#include <stdbool.h>

#define KLOG_TEXT 160

enum klog_event {
	KLOG_NOTHING,		/* no alarm, or one that is decided */
	KLOG_CORRUPTION,	/* concerns every run */
	KLOG_TRACE,		/* a stack trace follows, and says whom it concerns */
	KLOG_STALL,		/* several do, of several CPUs */
	KLOG_OOM,		/* a dump follows, and then the cgroup */
};

struct klog_watch {
	char command[16];	/* TASK_COMM_LEN: this process's name; "": not known */
	char cgroup[256];	/* its path in the hierarchy of the memory controller; "": not known */
	unsigned int alarms, concerning;
	char first[KLOG_TEXT], first_concerning[KLOG_TEXT];
	/* The alarm whose records are being read. */
	enum klog_event event;
	bool in_trace;		/* in its "Call Trace:" */
	bool in_interrupt;	/* in the part of an interrupt, "<IRQ>" or "<NMI>" to its end: that of whom it found follows */
	bool by_command;	/* it was counted, as the task it came in is this program's */
	char text[KLOG_TEXT];
};

/* A record of /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT", without its newline. */
void klog_watch_record(struct klog_watch *watch, const char *record);
/* What the text of a kernel's record begins, its time and caller left out. */
enum klog_event klog_event_of(const char *text);
/* Is the record an alarm of the kernel, whomever it concerns? */
bool klog_is_alarm(const char *record);

#endif
