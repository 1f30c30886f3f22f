/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the transition: kprobes on what it calls, in a tracing instance of this process's own
 * (minivmm-PID). Those of runs that were killed are removed when the next one begins.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls of one function. */
struct trace_calls {
	uint64_t count, total_ns, max_ns;
};

struct trace_slot {
	uint64_t pages, rmap_ns;
};

#define TRACE_WHY 160
struct trace {
	bool asked, ok;
	char why[TRACE_WHY];		/* why not ok */
	/* kvm_mmu_load(), the call in which rmaps were made; 0: in none */
	uint64_t load_ns;
	struct trace_calls rmap;	/* memslot_rmap_alloc(), a call per slot */
	struct trace_calls tracking;	/* kvm_page_track_write_tracking_alloc(), likewise */
	struct trace_slot *slots;	/* by call */
	size_t slot_count;
	uint64_t floor_ns;		/* memset() of as many bytes of warm memory, on this host */
};

struct tracer;
/* slots: how many calls to make room for. NULL: trace->why says why not. */
struct tracer *trace_start(size_t slots, struct trace *trace);
/* Takes what was recorded and removes every trace of the tracer. */
void trace_finish(struct tracer *tracer, struct trace *trace);
/* How long a memset() of bytes takes. */
uint64_t trace_floor(uint64_t bytes);
void trace_free(struct trace *trace);

/* Pure: one event after the other, by time, of any thread. For trace_finish() and its tests. */
enum trace_event {
	TRACE_LOAD, TRACE_LOAD_END, TRACE_RMAP, TRACE_RMAP_END, TRACE_TRACKING, TRACE_TRACKING_END,
	TRACE_EVENTS
};
struct trace_thread {
	int64_t tid;
	uint64_t load, rmap, tracking, pages;	/* when it went in, 0: it is not in it */
	bool made;				/* rmaps since load */
};
struct trace_reader {
	struct trace *trace;
	struct trace_thread *threads;
	size_t thread_count;
	int error;
};
void trace_take(struct trace_reader *reader, enum trace_event event, int64_t tid, uint64_t ns,
		uint64_t pages);

#endif
