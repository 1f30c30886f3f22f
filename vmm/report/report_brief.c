// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report in one line of at most 80 characters. It leaves out what differs between hosts or runs
 * (names, pids, times), so that `sort | uniq -c` counts the equal lines of many hosts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"

#define MORE " .."	/* instead of the names that do not fit */

struct line {
	char text[81];
	size_t length;
};

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->length, room, format, args);
	va_end(args);
	line->length += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

/* What does not fit loses whole words. */
static void put_words(struct line *line, const char *text)
{
	size_t room = sizeof(line->text) - 1 - line->length, length = strlen(text);

	if (length > room && room > strlen(MORE)) {
		for (length = room - strlen(MORE); length && text[length] != ' '; length--)
			;
		put(line, "%.*s" MORE, (int)length, text);
	} else {
		put(line, "%s", text);
	}
}

static void put_failed(struct line *line, const json_t *report)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check) {
		const char *name = value_string(check, "name");
		const char *result = value_string(check, "result");

		if (!name || !result || strcmp(result, "fail"))
			continue;
		/* A name is shown whole or not at all. */
		if (line->length + strlen(name) + strlen(" " MORE) >= sizeof(line->text) - 1) {
			put(line, MORE);
			return;
		}
		put(line, " %s", name);
	}
}

static void put_passed(struct line *line, const json_t *report)
{
	struct amount bytes = amount_transition(value_at(report, "transition"), "measured");
	const char *policy = value_string(report, "host.rmap_policy");
	struct report_counts counts;

	report_count(report, &counts);
	put(line, " %s", policy ? policy : "unknown");
	if (bytes.known)
		put(line, " bytes=%lld", (long long)bytes.value);
	put(line, " pass=%zu skip=%zu", counts.pass, counts.skip);
}

static void put_skipped(struct line *line, const json_t *report)
{
	const char *remedy = report_remedy(report);
	char headline[256];

	report_headline(report, headline, sizeof(headline));
	put(line, " ");
	put_words(line, remedy ? remedy : headline);
}

int report_brief(const json_t *report, FILE *out)
{
	const char *result = value_string(report, "result");
	const char *vendor = value_string(report, "host.cpu_vendor");
	const char *kernel = value_string(report, "host.kernel");
	struct line line = { 0 };

	if (!result)
		result = "error";
	for (const char *letter = result; *letter; letter++)
		put(&line, "%c", *letter >= 'a' && *letter <= 'z' ? *letter - 'a' + 'A' : *letter);
	put(&line, " %s %s:", kernel ? kernel : "-", vendor ? vendor : "-");
	if (!strcmp(result, "pass"))
		put_passed(&line, report);
	else if (!strcmp(result, "fail"))
		put_failed(&line, report);
	else
		put_skipped(&line, report);
	/* text_put() keeps this one line, even if a file's kernel name has line feeds. */
	text_put(out, line.text);
	fputc('\n', out);
	return 0;
}
