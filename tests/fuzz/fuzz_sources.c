// SPDX-License-Identifier: GPL-2.0-only
/* One parser each, by the first character of the input: what the kernel and users write. */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "fuzz.h"
#include "host/slab_names.h"
#include "host/source.h"
#include "model/plan.h"
#include "report/crash_report.h"
#include "run/trace.h"

static FILE *text_file(const char *text, size_t size)
{
	/* fmemopen() knows no empty files. */
	FILE *file = size ? fmemopen((void *)(uintptr_t)text, size, "r") :
			    fdopen(fuzz_file("", 0), "r");

	MUST(file);
	return file;
}

static void vmallocinfo(const char *text, size_t size)
{
	FILE *file = text_file(text, size);
	struct tally tally = { 0 }, wrapped = { 0 };

	if (vmallocinfo_parse(file, &tally, &wrapped))
		MUST(!tally.entries && !tally.count && !wrapped.entries && !wrapped.count);
	else
		tally_bytes(&tally, NULL);
	tally_free(&tally);
	tally_free(&wrapped);
	fclose(file);
}

static void meminfo(const char *text, size_t size)
{
	FILE *file = text_file(text, size);
	struct meminfo meminfo = { .slab = 7 };

	if (meminfo_parse(file, &meminfo))
		MUST(meminfo.slab == 7);
	fclose(file);
}

static void rmaps_stat(const char *text, size_t size)
{
	FILE *file = text_file(text, size);
	struct rmaps_stat stat = { .heads = { 7 } };

	if (rmaps_stat_parse(file, &stat))
		MUST(stat.heads[0] == 7);
	else
		for (int i = 0; i < 3; i++)
			MUST(stat.mapped[i] <= stat.heads[i]);
	fclose(file);
}

static void cgroup(const char *text, size_t size)
{
	FILE *file = text_file(text, size);
	struct cgroup_memory memory = { .lag = 7 };

	cgroup_parse(file, &memory);
	MUST(memory.lag == 7);
	fclose(file);
}

static void slabinfo(const char *text, size_t size)
{
	FILE *file = text_file(text, size);
	struct slab_figures slabs[SLAB_CACHES] = { 0 };
	struct slab_names *names;
	int code;

	MUST(!slab_names_read(&names, "/nowhere"));
	code = slabinfo_parse(file, names, slabs);
	for (int cache = 0; cache < SLAB_CACHES; cache++)
		MUST(!code || !slabs[cache].known);
	slab_names_free(names);
	fclose(file);
}

static void kvm_stats(const char *data, size_t size)
{
	/* malloc'ed, so that AddressSanitizer sees a read beyond its end. */
	void *copy = malloc(size ? size : 1);
	struct kvm_counters counters = { 0 };

	MUST(copy);
	memcpy(copy, data, size);
	kvm_stats_parse(copy, size, &counters);
	free(copy);
}

static void klog(const char *text, size_t size)
{
	struct sources sources = { .klog = fuzz_file(text, size) };
	struct snapshot snapshot = { 0 };
	char why[SOURCE_WHY];

	if (!klog_read(&sources, &snapshot, why) && snapshot.klog.alarms)
		MUST(strlen(snapshot.klog.first) < sizeof(snapshot.klog.first) &&
		     snapshot.klog.concerning <= snapshot.klog.alarms);
	sources_close(&sources);
}

/* The log of a kernel that crashed, and once more what a run had written: any text has a verdict. */
static void crash(const char *text, size_t size)
{
	static const char *const logs[] = { "LOG" };
	struct crash_evidence *evidence = calloc(1, sizeof(*evidence));
	FILE *log = text_file(text, size), *run = text_file(text, size), *out = fuzz_terminal();
	struct err err;
	json_t *report;

	MUST(evidence);
	MUST(!crash_read_log(evidence, log, "LOG", &err));
	MUST(!journal_read_end(run, "RUN.jsonl", &evidence->end, &err));
	report = crash_report(evidence, logs, 1);
	MUST(report);
	MUST(!crash_text(report, out));
	json_decref(report);
	journal_end_free(&evidence->end);
	free(evidence);
	fclose(log);
	fclose(run);
	fclose(out);
}

/* What is accepted means the same when it is written as minivmm writes it. */
static void units(const char *text, size_t size)
{
	struct plan_kernel kernel;
	uint64_t value, again;
	char buffer[UNIT_TEXT];
	bool yes;

	MUST(strlen(text) <= size);
	if (parse_u64(text, &value))
		MUST(snprintf(buffer, sizeof(buffer), "%llu", (unsigned long long)value) > 0 &&
		     parse_u64(buffer, &again) && again == value);
	if (parse_size(text, &value)) {
		MUST(parse_size(format_size_key(buffer, value), &again) && again == value);
		format_bytes(buffer, value);
	}
	if (parse_duration(text, &value))
		format_ns(buffer, value);
	parse_rate(text, &value);
	parse_bool(text, &yes);
	plan_kernel_parse(text, &kernel);
}

/* 20 bytes an event: which, thread, time, pages. */
static void trace(const char *data, size_t size)
{
	struct trace trace = { 0 };
	struct trace_reader reader = { .trace = &trace };

	for (; size >= 20 && !reader.error; data += 20, size -= 20) {
		uint64_t ns, pages;
		uint16_t tid;

		memcpy(&tid, data + 2, sizeof(tid));
		memcpy(&ns, data + 4, sizeof(ns));
		memcpy(&pages, data + 12, sizeof(pages));
		trace_take(&reader, (enum trace_event)((unsigned char)*data % TRACE_EVENTS), tid, ns,
			   pages);
	}
	MUST(trace.slot_count == trace.rmap.count);
	free(reader.threads);
	trace_free(&trace);
}

static const struct {
	char selector;
	void (*parse)(const char *data, size_t size);
} parsers[] = {
	{ 'v', vmallocinfo }, { 'm', meminfo }, { 'r', rmaps_stat }, { 'c', cgroup },
	{ 's', slabinfo }, { 'k', kvm_stats }, { 'l', klog }, { 'u', units }, { 't', trace },
	{ 'o', crash },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	MUST(copy);
	memcpy(copy, data + 1, size - 1);
	copy[size - 1] = '\0';
	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++)
		if (parsers[i].selector == data[0])
			parsers[i].parse(copy, size - 1);
	free(copy);
	return 0;
}
