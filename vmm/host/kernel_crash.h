/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report that a kernel made of its own crash, found in a saved log: was it in KVM, or in what KVM called? Pure.
 * A kernel that has crashed once is not sound any more: the first report counts. A stall (a soft lockup, an RCU stall) is one,
 * too, unless the kernel went on and died of something else later.
 */
#ifndef KERNEL_CRASH_H
#define KERNEL_CRASH_H

#include <stdbool.h>
#include <stddef.h>

#define CRASH_TEXT 256
#define CRASH_FRAMES 32
#define CRASH_SAID 768

struct kernel_crash {
	bool found;
	bool died;			/* false: a stall */
	bool in_kvm;			/* KVM is where it was, or called that */
	char first[CRASH_TEXT];		/* the report's first line */
	char rip[CRASH_TEXT];		/* "pte_list_count+0x9/0x30 [kvm]"; "": not said */
	char task[CRASH_TEXT];		/* "CPU: 0 UID: 0 PID: 175 Comm: minivmm Tainted: G ..."; "": not said */
	char frames[CRASH_FRAMES][CRASH_TEXT]; /* KVM's functions in the call trace that the unwinder is sure of */
	size_t frame_count;		/* of all; there may be more than frames[] has */
	unsigned int log;		/* crash_watch.log when it began */
	char said[CRASH_SAID];		/* the last that minivmm had said by then, in any log; "": nothing */
};

struct crash_watch {
	struct kernel_crash crash;	/* the one that counts so far */
	bool later_in_kvm;		/* another one, which does not count, was in KVM */
	struct kernel_crash now;	/* whose report is being read, if found */
	unsigned int log;		/* the number of the log that is read; the caller's, who begins with 1 */
	unsigned int said_log;		/* in which log said was; 0: in none */
	char said[CRASH_SAID];		/* the last line of minivmm's progress, without its "minivmm: " */
	bool in_trace;			/* in its "Call Trace:" */
	bool interrupted;		/* what is left of its trace did not call what crashed: an interrupt came between */
};

/* A line of the kernel's, behind its time. */
void crash_watch_line(struct crash_watch *watch, const char *text);
/* A line of a program's, whatever is before it: minivmm --progress plain names its phases. */
void crash_watch_said(struct crash_watch *watch, const char *line);
/* All logs have ended. */
void crash_watch_end(struct crash_watch *watch);
/* What minivmm had said last when the kernel crashed, if that is known. Else "". */
const char *crash_watch_last_said(const struct crash_watch *watch);

/* A page that describes a bug of stock kernels which crashes like this, or NULL. */
const char *kernel_crash_known(const struct kernel_crash *crash);
/* Was it a thread of minivmm? */
bool kernel_crash_is_ours(const struct kernel_crash *crash);

#endif
