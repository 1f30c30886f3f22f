// SPDX-License-Identifier: GPL-2.0-only
/* From entries and returns of functions to how long they took. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "run/trace.h"

#define FLOOR_CHUNK (64ull << 20)

static struct trace_thread *thread_of(struct trace_reader *reader, int64_t tid)
{
	struct trace_thread *larger;

	for (size_t i = 0; i < reader->thread_count; i++)
		if (reader->threads[i].tid == tid)
			return &reader->threads[i];
	larger = realloc(reader->threads, (reader->thread_count + 1) * sizeof(*larger));
	if (!larger) {
		reader->error = -ENOMEM;
		return NULL;
	}
	reader->threads = larger;
	larger[reader->thread_count] = (struct trace_thread){ .tid = tid };
	return &larger[reader->thread_count++];
}

/* A return without its entry, which the buffer may have lost, counts for nothing. */
static uint64_t close_call(struct trace_calls *calls, uint64_t *start, uint64_t now)
{
	uint64_t ns = *start && now >= *start ? now - *start : 0;

	if (!*start)
		return 0;
	*start = 0;
	calls->count++;
	calls->total_ns += ns;
	if (ns > calls->max_ns)
		calls->max_ns = ns;
	return ns;
}

static void add_slot(struct trace_reader *reader, uint64_t pages, uint64_t ns)
{
	struct trace *trace = reader->trace;
	struct trace_slot *larger;

	/* Room doubles whenever the count is a power of two. */
	if (!(trace->slot_count & (trace->slot_count - 1))) {
		size_t room = trace->slot_count ? 2 * trace->slot_count : 1;

		larger = realloc(trace->slots, room * sizeof(*larger));
		if (!larger) {
			reader->error = -ENOMEM;
			return;
		}
		trace->slots = larger;
	}
	trace->slots[trace->slot_count++] = (struct trace_slot){ pages, ns };
}

void trace_take(struct trace_reader *reader, enum trace_event event, int64_t tid, uint64_t ns,
		uint64_t pages)
{
	struct trace_thread *thread = thread_of(reader, tid);
	struct trace *trace = reader->trace;

	if (!thread)
		return;
	switch (event) {
	case TRACE_LOAD:
		thread->load = ns;
		thread->made = false;
		break;
	case TRACE_LOAD_END:
		if (thread->load && thread->made && !trace->load_ns)
			trace->load_ns = ns - thread->load;
		thread->load = 0;
		break;
	case TRACE_RMAP:
		thread->rmap = ns;
		thread->pages = pages;
		break;
	case TRACE_RMAP_END:
		if (!thread->rmap)
			break;
		thread->made = thread->load != 0;
		add_slot(reader, thread->pages, close_call(&trace->rmap, &thread->rmap, ns));
		break;
	case TRACE_TRACKING:
		thread->tracking = ns;
		break;
	case TRACE_TRACKING_END:
		close_call(&trace->tracking, &thread->tracking, ns);
		break;
	case TRACE_EVENTS:
		break;
	}
}

uint64_t trace_floor(uint64_t bytes)
{
	size_t chunk = bytes < FLOOR_CHUNK ? bytes : FLOOR_CHUNK;
	uint64_t start, done = 0;
	uint8_t *memory;

	if (!bytes)
		return 0;
	memory = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		      -1, 0);
	if (memory == MAP_FAILED)
		return 0;
	memset(memory, 1, chunk);
	start = clock_ns();
	for (; done < bytes; done += chunk) {
		memset(memory, 0, bytes - done < chunk ? bytes - done : chunk);
		/* Or the compiler keeps only the last one. */
		asm volatile("" :: "r"(memory) : "memory");
	}
	start = clock_ns() - start;
	munmap(memory, chunk);
	return start;
}

void trace_free(struct trace *trace)
{
	free(trace->slots);
	trace->slots = NULL;
	trace->slot_count = 0;
}
