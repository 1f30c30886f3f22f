// SPDX-License-Identifier: GPL-2.0-only
#include "config/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A config may have any bytes: none may act on a terminal, or split the line of the error. */
static void print_safe(FILE *out, const char *text, size_t max)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length && i < max; ) {
		bool acts;
		size_t end = i + text_character(text + i, &acts);

		for (; i < end; i++)
			fprintf(out, acts ? "\\x%02x" : "%c", (unsigned char)text[i]);
	}
	if (length > max)
		fputs("...", out);
}

static void print_origin(FILE *out, struct origin at)
{
	print_safe(out, at.file ? at.file : "config", 4096);
	if (at.line)
		fprintf(out, ":%u", at.line);
}

void diag_add(struct diags *diags, struct origin at, const char *section, const char *key,
	      const char *value, const char *rule, ...)
{
	enum { NAME_CLIP = 64, VALUE_CLIP = 80, RULE_MAX = 1024 };
	char text[RULE_MAX];
	struct diag diag = { .at = at, .serial = diags->count };
	size_t size;
	va_list args;
	FILE *out;

	if (diags->count == diags->room) {
		size_t room = diags->room ? 2 * diags->room : 16;
		struct diag *list = realloc(diags->list, room * sizeof(*list));

		if (!list)
			goto lost;
		diags->list = list;
		diags->room = room;
	}
	out = open_memstream(&diag.text, &size);
	if (!out)
		goto lost;
	print_origin(out, at);
	if (section || key) {
		fputs(": ", out);
		print_safe(out, section ? section : "", NAME_CLIP);
		fputs(section && key ? "." : "", out);
		print_safe(out, key ? key : "", NAME_CLIP);
	}
	if (value && *value) {
		fputs(": ", out);
		print_safe(out, value, VALUE_CLIP);
	}
	va_start(args, rule);
	vsnprintf(text, sizeof(text), rule, args);
	va_end(args);
	fputs(": ", out);
	print_safe(out, text, sizeof(text));
	if (fclose(out))
		goto lost;
	diags->list[diags->count++] = diag;
	return;
lost:
	free(diag.text);
	diags->lost = true;
}

static int compare_diags(const void *left, const void *right)
{
	const struct diag *a = left, *b = right;
	/* Errors of the command line, which has no line numbers, come last. */
	int order = !a->at.line - !b->at.line;

	if (!order && a->at.file && b->at.file)
		order = strcmp(a->at.file, b->at.file);
	if (!order)
		order = (a->at.line > b->at.line) - (a->at.line < b->at.line);
	if (!order)
		order = (a->serial > b->serial) - (a->serial < b->serial);
	return order;
}

int diags_report(struct diags *diags, struct errors *errors)
{
	int code = diags->count || diags->lost ? -EINVAL : 0;

	if (diags->count)
		qsort(diags->list, diags->count, sizeof(*diags->list), compare_diags);
	for (size_t i = 0; i < diags->count; i++) {
		errors_add(errors, "%s", diags->list[i].text);
		free(diags->list[i].text);
	}
	errors->lost |= diags->lost;
	free(diags->list);
	*diags = (struct diags){ 0 };
	return code;
}
