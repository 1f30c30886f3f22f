// SPDX-License-Identifier: GPL-2.0-only
/*
 * A text from anywhere, printed for each medium: what was printed is read back, and must be the same text again, but for the
 * characters that would act on its reader.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/csv.h"
#include "base/text.h"
#include "base/xml.h"
#include "config/diag.h"
#include "fleet/html.h"
#include "fuzz.h"
#include "report/prom.h"
#include "report/report_render.h"

/* By the C library's reading of UTF-8, which text.c does not use. */
static bool acts(const char *sequence)
{
	wchar_t code[2];

	if (mbstowcs(code, sequence, 2) != 1 || code[0] > 0x10ffff || (code[0] >= 0xd800 && code[0] < 0xe000))
		return true;
	return code[0] < 0x20 || (code[0] >= 0x7f && code[0] <= 0x9f) || wcschr(L"\x61c\x200e\x200f\x2028\x2029\x202a"
		"\x202b\x202c\x202d\x202e\x2066\x2067\x2068\x2069", code[0]);
}

/* The text with `instead` for each character that acts, but for those of `keep`. To be freed. */
static char *safe(const char *text, char instead, const char *keep)
{
	char *copy = calloc(1, strlen(text) + 1), *out = copy;

	MUST(copy);
	while (*text) {
		char sequence[512] = { *text };
		size_t length = 1;

		while (*text & 0x80 && (text[length] & 0xc0) == 0x80 && length < sizeof(sequence) - 1) {
			sequence[length] = text[length];
			length++;
		}
		if (acts(sequence) && !strchr(keep, *text)) {
			*out++ = instead;
		} else {
			memcpy(out, sequence, length);
			out += length;
		}
		text += length;
	}
	return copy;
}

static char *printed(void (*print)(FILE *out, const char *text), const char *text)
{
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	MUST(out);
	print(out, text);
	MUST(!fclose(out) && strlen(got) == size);
	return got;
}

static void same(char *got, char *expected)
{
	MUST(!strcmp(got, expected));
	free(got);
	free(expected);
}

/* RFC 4180: a field, quoted or not, in place. */
static void read_csv(char *field)
{
	char *out = field, *in = field + 1;

	if (*field != '"') {
		MUST(!strpbrk(field, ",\"\r\n"));
		return;
	}
	for (; *in != '"' || in[1] == '"'; in++) {
		MUST(*in);
		*out++ = *in;
		in += *in == '"';
	}
	MUST(!in[1]);
	*out = '\0';
}

static void check_csv(const char *text)
{
	char *got = printed(csv_text, text);
	bool formula = *text && strchr("=+-@", *text);

	read_csv(got);
	MUST(!*got || !strchr("=+-@\t\r", *got) || *text == '\r');
	MUST(!formula || *got == '\'');
	if (formula)
		memmove(got, got + 1, strlen(got));
	same(got, safe(text, ' ', "\n\r"));
}

/* Entities, in place. */
static void read_html(char *text)
{
	static const struct { const char *entity; char is; } entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
		{ "&#10;", '\n' }, { "&#9;", '\t' },
	};
	char *out = text;

	/* Our attributes are in double quotes. */
	MUST(!strpbrk(text, "<>\""));
	while (*text) {
		size_t i = 0;

		if (*text != '&') {
			*out++ = *text++;
			continue;
		}
		while (strncmp(text, entities[i].entity, strlen(entities[i].entity)))
			MUST(++i < sizeof(entities) / sizeof(entities[0]));
		text += strlen(entities[i].entity);
		*out++ = entities[i].is;
	}
	*out = '\0';
}

static void check_html(const char *text)
{
	char *got = printed(html_text, text);

	read_html(got);
	same(got, safe(text, '?', "\n\t"));
}

/* XML has no U+FFFE and U+FFFF, which xml_put() replaces as well. */
static void check_xml(const char *text)
{
	char *got;

	if (strstr(text, "\xef\xbf\xbe") || strstr(text, "\xef\xbf\xbf"))
		return;
	got = printed(xml_put, text);
	MUST(!strpbrk(got, "\n\t"));
	read_html(got);
	same(got, safe(text, '?', "\n\t"));
}

/* A label's value, in place: the first quote that is not escaped would end it. */
static void read_prom(char *text)
{
	char *out = text;

	for (; *text; text++) {
		MUST(*text != '"' && *text != '\n');
		if (*text == '\\') {
			text++;
			MUST(*text == '\\' || *text == '"' || *text == 'n');
			*out++ = *text == 'n' ? '\n' : *text;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

static void check_prom(const char *text)
{
	char *got = printed(prom_text, text);

	read_prom(got);
	same(got, safe(text, '?', "\n"));
}

/* One result line for the one check, whose name ends where a directive could begin. */
static void check_ktap(const char *text)
{
	json_t *name = json_string(text), *report;
	char *got = NULL, *line;
	size_t size, results = 0;
	FILE *out;

	if (!name)
		return;
	report = json_pack("{s:s, s:[{s:o, s:s, s:O}]}", "result", "pass", "checks", "name", name, "result", "fail",
			   "reason", name);
	out = open_memstream(&got, &size);
	MUST(report && out);
	MUST(!report_ktap(report, out));
	MUST(!fclose(out));
	for (line = strtok(got, "\n"); line; line = strtok(NULL, "\n")) {
		results += !strncmp(line, "not ok 1 ", 9);
		MUST(!strncmp(line, "not ok 1 ", 9) || *line == '#' || !strncmp(line, "KTAP ", 5) || !strcmp(line, "1..1"));
		MUST(strncmp(line, "not ok 1 ", 9) || !strchr(line, '#'));
	}
	MUST(results == 1);
	free(got);
	json_decref(report);
}

static void check_diag(const char *text)
{
	struct errors errors = { 0 };
	struct diags diags = { 0 };
	FILE *out = fuzz_terminal();

	diag_add(&diags, (struct origin){ text, 1 }, text, text, text, "%s", text);
	diags_report(&diags, &errors);
	for (unsigned int i = 0; i < errors.count; i++) {
		MUST(!strchr(errors.lines[i], '\n'));
		fputs(errors.lines[i], out);
	}
	fclose(out);
	errors_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size < 400 ? size : 400);

	MUST(text && setlocale(LC_CTYPE, "C.UTF-8"));
	same(printed(text_put, text), safe(text, '?', ""));
	check_csv(text);
	check_html(text);
	check_xml(text);
	check_prom(text);
	check_ktap(text);
	check_diag(text);
	free(text);
	return 0;
}
