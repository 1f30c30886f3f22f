// SPDX-License-Identifier: GPL-2.0-only
#include "report/crash_report.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "host/log_line.h"

#ifndef MINIVMM_VERSION
#define MINIVMM_VERSION "0.1.0-dev"
#endif

int crash_read_log(struct crash_evidence *evidence, FILE *log, const char *path, struct err *err)
{
	struct log_reader reader = { .file = log };
	char line[LOG_LINE];

	errno = 0;
	evidence->watch.log++;
	while (log_line_read(&reader, line)) {
		enum log_origin origin;
		const char *text = log_line_text(line, &origin);

		if (origin != LOG_PROGRAM && *text && !pstore_part(text).part) {
			crash_watch_line(&evidence->watch, text);
			evidence->lines++;
		}
		if (origin != LOG_KERNEL)
			crash_watch_said(&evidence->watch, line);
	}
	return ferror(log) ? err_errno(err, errno ? errno : EIO, "reading %s", path) : 0;
}

/* As in report_build.c: a NULL anywhere makes json_pack() fail, and with it the whole. */

static json_t *frames_json(const struct kernel_crash *crash)
{
	json_t *frames = json_array();

	for (size_t i = 0; frames && i < crash->frame_count && i < CRASH_FRAMES; i++)
		if (json_array_append_new(frames, value_text(crash->frames[i]))) {
			json_decref(frames);
			return NULL;
		}
	return frames;
}

static json_t *crash_json(const struct kernel_crash *crash)
{
	if (!crash->found)
		return json_null();
	return json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:b, s:o}",
			 "first", value_text(crash->first),
			 "died", crash->died,
			 "in_kvm", crash->in_kvm,
			 "at", value_text(crash->rip),
			 "called_by", frames_json(crash),
			 "called_by_count", value_u64(crash->frame_count),
			 "task", value_text(crash->task),
			 "of_minivmm", kernel_crash_is_ours(crash),
			 "known_bug", value_text(kernel_crash_known(crash)));
}

/* "12.3": to a tenth of a second. */
static json_t *seconds_json(const char *text)
{
	char *point;
	uint64_t seconds = strtoull(text, &point, 10);

	return value_known(seconds < UINT32_MAX && *point == '.', seconds * 1000000000 + (uint64_t)(point[1] - '0') * 100000000);
}

/* "op, op": takes the text apart. */
static json_t *split_json(char *text)
{
	json_t *list = json_array();
	char *rest = text, *one;

	while (list && (one = strsep(&rest, ",")) != NULL) {
		one += strspn(one, " ");
		if (*one && json_array_append_new(list, value_text(one))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* " (5 of 6)" at its end is not part of what was done. */
static size_t without_place(const char *text)
{
	const char *place = strrchr(text, '(');

	return place && place > text && place[-1] == ' ' ? (size_t)(place - 1 - text) : strlen(text);
}

/* "12.3 s: run 2 of 3, churn: op, op (5 of 6)", as cmd_progress.c writes it. Neither a phase's name nor an op has a comma. */
static json_t *said_json(const char *said)
{
	const char *phase = strstr(said, " s: ") + strlen(" s: "), *comma = strchr(phase, ',');
	char text[CRASH_SAID], *ops;

	if (!strncmp(phase, "run ", strlen("run ")) && comma)
		phase = comma + 1 + strspn(comma + 1, " ");
	snprintf(text, sizeof(text), "%.*s", (int)without_place(phase), phase);
	ops = text + strcspn(text, ":");
	if (*ops)
		*ops++ = '\0';
	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:n, s:n}",
			 "source", "log",
			 "ended", false,
			 "phase", value_text(text),
			 "ops", split_json(ops),
			 "elapsed_ns", seconds_json(said),
			 "command", "seed");
}

static json_t *number_json(const json_t *line, const char *member)
{
	const json_t *value = value_at(line, member);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer(json_integer_value(value)) : json_null();
}

static json_t *texts_json(const json_t *list)
{
	json_t *texts = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);

		if (!text || !*text || !texts || !json_array_append_new(texts, value_text(text)))
			continue;
		json_decref(texts);
		return NULL;
	}
	return texts;
}

/* Somebody may have written into that file: each member has its type, or is null. */
static json_t *run_file_json(const struct journal_end *end)
{
	const json_t *last = end->ended ? NULL : end->last, *began = end->began;

	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}",
			 "source", "run-file",
			 "ended", end->ended,
			 "phase", value_text(value_string(last, "phase")),
			 "ops", texts_json(last ? value_at(began, "ops") : NULL),
			 "elapsed_ns", number_json(last, "elapsed_ns"),
			 "command", value_text(value_string(began, "command")),
			 "seed", number_json(began, "seed"));
}

static json_t *run_json(const struct crash_evidence *evidence)
{
	const char *said = crash_watch_last_said(&evidence->watch);

	if (evidence->end.last || evidence->end.ended)
		return run_file_json(&evidence->end);
	return *said ? said_json(said) : json_null();
}

static const struct crash_verdict {
	const char *result;
	int exit_status;
	const char *reason, *remedy;
} crashed = {
	"fail", 1, "the kernel crashed in KVM",
	"report it to KVM's maintainers, with the log; the same run, on a host that you may lose, tells whether it comes back",
}, stuck = {
	"fail", 1, "the kernel was stuck in KVM, for longer than its watchdog allows",
	"run again while nothing else runs: a host that is a VM itself, or short of CPU time, is late by itself; if it comes back, "
	"report it to KVM's maintainers, with the log",
}, crashed_elsewhere = {
	"skip", 4, "the kernel crashed, but not in KVM: that is no verdict of minivmm's", "mend that first, then run again",
}, crashed_elsewhere_first = {
	"skip", 4, "the kernel crashed in KVM, too, but elsewhere before: what was broken then may have been why",
	"read both reports in the log; mend the first, then run again",
}, stuck_elsewhere = {
	"skip", 4, "the kernel was stuck, but not in KVM: that is no verdict of minivmm's", "mend that first, then run again",
}, no_log = {
	"skip", 4, "the log has no line of a kernel",
	"read it as root, from a journal that outlives a boot (Storage=persistent in journald.conf), from /var/lib/systemd/pstore or "
	"/sys/fs/pstore, or from a serial console",
}, no_report = {
	"skip", 4, "the run did not come to its end, and the log has no crash of the kernel",
	"what a kernel says last seldom reaches its journal: look into /var/lib/systemd/pstore, /sys/fs/pstore, or at a serial console",
}, no_crash = {
	"pass", 0, "the log has no crash of the kernel", NULL,
};

static const struct crash_verdict *judge(const struct crash_evidence *evidence)
{
	const struct kernel_crash *crash = &evidence->watch.crash;

	if (crash->found && crash->in_kvm)
		return crash->died ? &crashed : &stuck;
	if (crash->found && evidence->watch.later_in_kvm)
		return &crashed_elsewhere_first;
	if (crash->found)
		return crash->died ? &crashed_elsewhere : &stuck_elsewhere;
	if (!evidence->lines)
		return &no_log;
	return evidence->end.last && !evidence->end.ended ? &no_report : &no_crash;
}

static json_t *names_json(const char *const *logs, size_t count)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < count; i++)
		if (json_array_append_new(names, value_text(logs[i]))) {
			json_decref(names);
			return NULL;
		}
	return names;
}

json_t *crash_report(struct crash_evidence *evidence, const char *const *logs, size_t count)
{
	const struct crash_verdict *verdict;

	crash_watch_end(&evidence->watch);
	verdict = judge(evidence);
	return json_pack("{s:s, s:{s:s}, s:o, s:o, s:s, s:i, s:s, s:o, s:o, s:o}",
			 "schema", CRASH_SCHEMA,
			 "tool", "version", MINIVMM_VERSION,
			 "logs", names_json(logs, count),
			 "run_file", value_text(evidence->run_file),
			 "result", verdict->result,
			 "exit_status", verdict->exit_status,
			 "reason", verdict->reason,
			 "remedy", value_text(verdict->remedy),
			 "crash", crash_json(&evidence->watch.crash),
			 "run", run_json(evidence));
}
