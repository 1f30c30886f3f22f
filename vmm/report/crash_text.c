// SPDX-License-Identifier: GPL-2.0-only
/* A crash for people: the verdict, what the kernel said, and what minivmm did then. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/amount.h"
#include "base/text.h"
#include "base/value.h"
#include "report/crash_report.h"
#include "report/report_render.h"

#define FRAMES_SHOWN 8

static void put_headline(const json_t *report, FILE *out)
{
	const char *verdict = report_result_word(value_string(report, "result")), *reason = value_string(report, "reason");
	const char *phase = value_string(report, "run.phase");
	bool in_kvm = value_is_true(report, "crash.in_kvm");
	size_t indent = strlen(verdict) + 2;
	char line[512];

	snprintf(line, sizeof(line), "%s%s%.200s", reason ? reason : "?", in_kvm && phase ? ", in phase " : "",
		 in_kvm && phase ? phase : "");
	text_verdict(out, verdict);
	fputs(": ", out);
	text_wrap(out, text_prose(out), indent, indent, line);
}

/* The kernel's own words are not wrapped: they are to be found again. */
static void put_line(const char *label, const char *text, FILE *out)
{
	if (!text)
		return;
	fprintf(out, "  %s", label);
	text_put(out, text);
	fputc('\n', out);
}

static void put_crash(const json_t *crash, FILE *out)
{
	const json_t *frames = value_at(crash, "called_by"), *frame;
	size_t i, shown = json_array_size(frames);
	int64_t count;

	put_line("", value_string(crash, "first"), out);
	put_line("at ", value_string(crash, "at"), out);
	if (shown > FRAMES_SHOWN)
		shown = FRAMES_SHOWN;
	for (i = 0; i < shown && (frame = json_array_get(frames, i)); i++)
		put_line("called by ", json_string_value(frame), out);
	if (value_int(crash, "called_by_count", &count) && count > (int64_t)shown)
		fprintf(out, "  and by %" PRId64 " more of KVM's functions\n", count - (int64_t)shown);
	put_line("", value_string(crash, "task"), out);
}

static void put_paragraph(const char *text, FILE *out)
{
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 4, text);
}

static void put_ops(const json_t *ops, FILE *out)
{
	char line[1024] = "ops:";
	size_t at = strlen(line), i;
	const json_t *op;

	json_array_foreach(ops, i, op) {
		const char *name = json_string_value(op);

		if (name && at < sizeof(line))
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s %s", i ? "," : "", name);
	}
	if (i)
		put_paragraph(line, out);
}

/* What is not known of the run is said, too. */
static void put_run(const json_t *report, FILE *out)
{
	const char *command = value_string(report, "run.command"), *file = value_string(report, "run_file");
	const char *phase = value_string(report, "run.phase");
	char time[AMOUNT_TEXT], line[512] = "";

	put_ops(value_at(report, "run.ops"), out);
	if (value_is_true(report, "run.ended"))
		snprintf(line, sizeof(line), "the run in %.400s had ended before", file ? file : "?");
	else if (phase)
		snprintf(line, sizeof(line), "the last of minivmm: phase %.200s, %s after its run had begun", phase,
			 amount_time(time, amount_at(report, "run.elapsed_ns")));
	else if (value_is_true(report, "crash.of_minivmm"))
		snprintf(line, sizeof(line), "it was a thread of minivmm's; its phase is not in the log (--progress plain, or -o "
			 "FILE.jsonl)");
	else if (value_at(report, "crash.first"))
		snprintf(line, sizeof(line), "the log has no run of minivmm");
	if (*line)
		put_paragraph(line, out);
	put_line("run: ", command, out);
}

static void put_advice(const json_t *report, FILE *out)
{
	const char *remedy = value_string(report, "remedy"), *known = value_string(report, "crash.known_bug");
	char line[256];

	if (known) {
		snprintf(line, sizeof(line), "stock kernels have a bug that crashes like this, but this may be another one: %.100s", known);
		put_line("", line, out);
	}
	if (remedy) {
		fputs("  -> ", out);
		text_wrap(out, text_prose(out), 5, 5, remedy);
	}
}

int crash_text(const json_t *report, FILE *out)
{
	put_headline(report, out);
	put_crash(value_at(report, "crash"), out);
	put_run(report, out);
	put_advice(report, out);
	return 0;
}
