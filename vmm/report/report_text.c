// SPDX-License-Identifier: GPL-2.0-only
/* The report for people: the verdict first, then its evidence. */
#include <string.h>

#include "base/amount.h"
#include "base/text.h"
#include "base/value.h"
#include "report/report_parts.h"
#include "report/report_render.h"

#define LABEL 11	/* width of a label with the blanks after it */
#define NAME_LEAST 8	/* width of a column of names */
#define NAME_MOST 40

static void put_label(FILE *out, const char *label, const char *text)
{
	fprintf(out, "  %-*s", LABEL, label);
	text_wrap(out, text_prose(out), LABEL + 2, LABEL + 2, text);
}

/* "PASS", or "?" for an unknown result. */
const char *report_result_word(const char *result)
{
	static const char *const words[][2] = {
		{ "pass", "PASS" }, { "fail", "FAIL" }, { "skip", "SKIP" }, { "error", "ERROR" },
	};

	for (size_t i = 0; result && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(result, words[i][0]))
			return words[i][1];
	return "?";
}

static void put_headline(const json_t *report, FILE *out)
{
	const char *result = value_string(report, "result"), *remedy = report_remedy(report);
	const char *verdict = report_result_word(result);
	size_t indent = strlen(verdict) + 2;
	char headline[1024];

	report_headline(report, headline, sizeof(headline));
	text_verdict(out, verdict);
	fputs(": ", out);
	text_wrap(out, text_prose(out), indent, indent, headline);
	if (remedy && result && (!strcmp(result, "skip") || !strcmp(result, "error"))) {
		fprintf(out, "%*s-> ", (int)indent - 3, "");
		text_wrap(out, text_prose(out), indent, indent, remedy);
	}
}

static void put_tool(const json_t *report, FILE *out)
{
	const char *version = value_string(report, "tool.version");
	const char *started = value_string(report, "started");
	const char *seed_text = value_string(report, "seed");
	char time[AMOUNT_TEXT], seed[AMOUNT_TEXT], line[256];

	amount_exact(seed, amount_at(report, "seed"));
	snprintf(line, sizeof(line), "minivmm %s, started %s, took %s, seed %s",
		 version ? version : "?", started ? started : "-",
		 amount_time(time, amount_at(report, "duration_ns")), seed_text ? seed_text : seed);
	text_wrap(out, text_prose(out), 0, 0, line);
}

static const char *on_off(const json_t *report, const char *path)
{
	const json_t *value = value_at(report, path);

	if (!json_is_boolean(value))
		return "unknown";
	return json_is_true(value) ? "on" : "off";
}

/* The name of the `tdp` parameter in kvm_amd or kvm_intel. */
static const char *tdp_name(const json_t *report)
{
	const char *vendor = value_string(report, "host.cpu_vendor");

	if (vendor && !strcmp(vendor, "amd"))
		return "npt";
	if (vendor && !strcmp(vendor, "intel"))
		return "ept";
	return "tdp";
}

static void put_kvm(const json_t *report, FILE *out)
{
	const char *module = value_string(report, "host.kvm.module");
	char line[128];

	snprintf(line, sizeof(line), "%s%stdp_mmu %s, %s %s, nested %s",
		 module ? module : "", module ? ": " : "", on_off(report, "host.kvm.tdp_mmu"),
		 tdp_name(report), on_off(report, "host.kvm.tdp"),
		 on_off(report, "host.kvm.nested"));
	put_label(out, "KVM", line);
}

static const char *policy_text(const char *policy)
{
	if (policy && !strcmp(policy, "lazy"))
		return "lazy: allocated with a VM's first shadow root";
	if (policy && !strcmp(policy, "eager"))
		return "eager: allocated with each slot";
	return "not known whether lazy or eager";
}

static void put_model(const json_t *report, FILE *out)
{
	const char *name = value_string(report, "model.name");
	const char *why = value_string(report, "model.why");
	char line[512];

	if (!name)
		return;
	snprintf(line, sizeof(line), "%s%s%s", name, why ? ": " : "", why ? why : "");
	put_label(out, "model", line);
}

static void put_host(const json_t *report, FILE *out)
{
	const char *kernel = value_string(report, "host.kernel");
	const char *hostname = value_string(report, "host.hostname");
	const char *cpu = value_string(report, "host.cpu_model");
	const char *vendor = value_string(report, "host.cpu_vendor");
	const char *unseen = value_string(report, "host.memory_limit.unseen");
	char line[256];

	fputs("\nHost\n", out);
	snprintf(line, sizeof(line), "%s%s%s", kernel ? kernel : "-", hostname ? " on " : "",
		 hostname ? hostname : "");
	put_label(out, "kernel", line);
	snprintf(line, sizeof(line), "%s%s%s%s", cpu ? cpu : "-", vendor ? " (" : "",
		 vendor ? vendor : "", vendor ? ")" : "");
	put_label(out, "CPU", line);
	put_kvm(report, out);
	put_label(out, "rmaps", policy_text(value_string(report, "host.rmap_policy")));
	put_model(report, out);
	if (unseen)
		put_label(out, "memory", unseen);
}

/* Puts each line of a text, without wrapping it; a line that is too wide is cut. */
static void put_lines(FILE *out, const char *label, const char *lines)
{
	while (lines && *(lines += strspn(lines, "\n"))) {
		size_t length = strcspn(lines, "\n");
		char line[TEXT_WIDTH - LABEL - 1];

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		fprintf(out, "  %-*s", LABEL, label);
		text_put(out, line);
		fputc('\n', out);
		lines += length;
		label = "";
	}
}

static void put_guest(const json_t *report, FILE *out)
{
	const char *trouble = value_string(report, "guest.trouble");
	const char *text = value_string(report, "guest.text");
	char number[AMOUNT_TEXT], label[64];

	if (!trouble)
		return;
	fputs("\nGuest, which failed\n", out);
	amount_exact(number, amount_at(report, "guest.vcpu"));
	snprintf(label, sizeof(label), "vCPU %s", number);
	put_label(out, label, text ? text : trouble);
	put_lines(out, "registers", value_string(report, "guest.registers"));
	put_lines(out, "console", value_string(report, "guest.console"));
}

/* Nothing if the vCPUs' threads had their filter, as they should. */
static void put_seccomp(const json_t *report, FILE *out)
{
	const char *seccomp = value_string(report, "guest.seccomp");

	if (!seccomp || !strcmp(seccomp, "ok"))
		return;
	fputs("\nThe vCPUs' threads, which had no filter of system calls\n", out);
	put_label(out, "seccomp", seccomp);
}

/* Nothing if the headline shows the error already. */
static void put_error(const json_t *report, FILE *out)
{
	const char *text = value_string(report, "error.text");
	const char *remedy = value_string(report, "error.remedy");
	const char *result = value_string(report, "result");
	bool shown = !result || !strcmp(result, "skip") || !strcmp(result, "error");

	if (!text || (shown && !value_string(report, "signal")))
		return;
	fputs("\nError\n  ", out);
	text_wrap(out, text_prose(out), 2, 2, text);
	if (remedy) {
		fputs("  -> ", out);
		text_wrap(out, text_prose(out), 5, 5, remedy);
	}
}

/* Puts name, and blanks up to the next column: `width` columns and a gap. */
static void put_name(FILE *out, const char *name, size_t width)
{
	size_t have = text_fit(out, name ? name : "?", width);

	fprintf(out, "%*s", (int)(width - have) + 2, "");
}

static size_t name_width(size_t widest, const char *name)
{
	size_t width = name ? text_width(name) : 0;

	if (width > NAME_MOST)
		width = NAME_MOST;
	return width > widest ? width : widest;
}

/* One that was not asked for is not missed: the word "unavailable" would say so. */
static const char *status_text(const char *status)
{
	static const char unavailable[] = "unavailable: ";
	size_t length = sizeof(unavailable) - 1;

	if (status && !strncmp(status, unavailable, length) &&
	    !strncmp(status + length, "not asked for", strlen("not asked for")))
		return status + length;
	return status ? status : "?";
}

static void put_sources(const json_t *report, FILE *out)
{
	const json_t *sources = value_at(report, "host.sources"), *status;
	size_t width = NAME_LEAST;
	const char *name;

	if (!json_object_size(sources))
		return;
	json_object_foreach((json_t *)sources, name, status)
		width = name_width(width, name);
	fputs("\nSources\n", out);
	json_object_foreach((json_t *)sources, name, status) {
		fputs("  ", out);
		put_name(out, name, width);
		text_wrap(out, text_prose(out), width + 4, width + 4,
			  status_text(json_string_value(status)));
	}
}

/* Has the check before, which was just shown, the same reason and remedy? */
static bool same_remedy(const json_t *check, const json_t *before)
{
	return before && json_equal(value_at(check, "remedy"), value_at(before, "remedy")) &&
	       json_equal(value_at(check, "reason"), value_at(before, "reason"));
}

/* Puts text on one line if it fits there. */
static void put_reason(FILE *out, size_t at, const char *text)
{
	size_t width = at + text_width(text) <= text_columns(out) ? text_columns(out) : text_prose(out);

	text_wrap(out, width, at, at, text);
}

static const char *replay_in(const char *remedy)
{
	return remedy ? strstr(remedy, REPLAY_LINE) : NULL;
}

static void put_arrow(FILE *out, size_t at)
{
	fprintf(out, "%*s-> ", (int)at - 3, "");
}

/* The command is not wrapped, so that it can be copied. It is that of the whole run: the check before may have shown it. */
static void put_remedy(FILE *out, size_t at, const char *remedy, const char *before)
{
	const char *replay = replay_in(remedy), *shown = replay_in(before);
	size_t length = replay ? (size_t)(replay - remedy) : strlen(remedy);
	char prose[256];

	if (length) {
		snprintf(prose, sizeof(prose), "%.*s", (int)strcspn(remedy, "\n"), remedy);
		put_arrow(out, at);
		put_reason(out, at, prose);
	}
	if (!replay || (shown && !strcmp(shown, replay)))
		return;
	put_arrow(out, at);
	fprintf(out, "%.*s%*s", (int)strlen(REPLAY_LINE), REPLAY_LINE, (int)at, "");
	text_put(out, replay + strlen(REPLAY_LINE));
	fputc('\n', out);
}

static void put_word(FILE *out, const char *result)
{
	char verdict[5];

	snprintf(verdict, sizeof(verdict), "%.4s", report_result_word(result));
	fputs("  ", out);
	text_verdict(out, verdict);
	fprintf(out, "%*s", (int)(6 - strlen(verdict)), "");
}

/* "SKIP  name  reason"; then, unless names is NULL, which checks that concerns; then the remedy. */
static void put_check(const json_t *check, const char *name, const char *names, const json_t *before, size_t width,
		      FILE *out)
{
	const char *result = value_string(check, "result");
	const char *reason = value_string(check, "reason");
	const char *remedy = value_string(check, "remedy");
	size_t at = 2 + 4 + 2 + width + 2;

	put_word(out, result);
	put_name(out, name, width);
	put_reason(out, at, reason ? reason : "-");
	if (names) {
		fprintf(out, "%*s", (int)at, "");
		text_wrap(out, text_prose(out), at, at, names);
	}
	if (remedy && result && strcmp(result, "pass") && !same_remedy(check, before))
		put_remedy(out, at, remedy, before ? value_string(before, "remedy") : NULL);
}

static bool is_skipped(const json_t *check)
{
	const char *result = value_string(check, "result");

	return result && !strcmp(result, "skip");
}

static bool is_alike(const json_t *checks, size_t a, size_t b)
{
	const json_t *one = json_array_get(checks, a), *other = json_array_get(checks, b);

	return is_skipped(one) && is_skipped(other) && same_remedy(one, other);
}

/* How many of the checks below `end` were skipped for the same reason as that at `like`. */
static size_t count_alike(const json_t *checks, size_t like, size_t end)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i++)
		count += is_alike(checks, i, like);
	return count;
}

static void list_alike(const json_t *checks, size_t like, char *names, size_t size)
{
	size_t length = 0;

	for (size_t i = like; i < json_array_size(checks) && length < size; i++) {
		const char *name = value_string(json_array_get(checks, i), "name");

		if (is_alike(checks, i, like))
			length += (size_t)snprintf(names + length, size - length, "%s%s", length ? ", " : "",
						   name ? name : "?");
	}
}

/* A reason for which three checks or more were skipped is said once, with the first of them. */
static void put_alike(const json_t *checks, size_t i, const json_t *before, size_t width, FILE *out)
{
	const json_t *check = json_array_get(checks, i);
	size_t alike = count_alike(checks, i, json_array_size(checks));
	char number[32], names[2048];

	if (alike < 3) {
		put_check(check, value_string(check, "name"), NULL, before, width, out);
	} else if (!count_alike(checks, i, i)) {
		snprintf(number, sizeof(number), "%zu checks", alike);
		list_alike(checks, i, names, sizeof(names));
		put_check(check, number, names, before, width, out);
	}
}

static void put_checks(const json_t *report, FILE *out)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t width = NAME_LEAST, i;

	if (!json_array_size(checks))
		return;
	json_array_foreach(checks, i, check)
		width = name_width(width, value_string(check, "name"));
	fputs("\nChecks\n", out);
	json_array_foreach(checks, i, check)
		put_alike(checks, i, i ? json_array_get(checks, i - 1) : NULL, width, out);
}

static void put_result(const json_t *report, FILE *out)
{
	struct report_counts counts;
	char status[AMOUNT_TEXT];

	report_count(report, &counts);
	fputc('\n', out);
	text_verdict(out, report_result_word(value_string(report, "result")));
	fprintf(out, ": %zu passed, %zu failed, %zu skipped; exit status %s\n", counts.pass, counts.fail, counts.skip,
		amount_exact(status, amount_at(report, "exit_status")));
}

int report_text(const json_t *report, FILE *out)
{
	int rc;

	put_headline(report, out);
	put_tool(report, out);
	put_host(report, out);
	rc = report_text_slots(report, out);
	if (!rc)
		rc = report_text_phases(report, out);
	if (!rc)
		rc = report_text_memory(report, out);
	if (!rc)
		rc = report_text_transition(report, out);
	if (!rc)
		rc = report_text_trace(report, out);
	if (!rc)
		rc = report_text_contention(report, out);
	if (!rc)
		rc = report_text_runs(report, out);
	if (rc)
		return rc;
	put_guest(report, out);
	put_seccomp(report, out);
	put_error(report, out);
	put_sources(report, out);
	put_checks(report, out);
	put_result(report, out);
	return 0;
}
