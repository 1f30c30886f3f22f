// SPDX-License-Identifier: GPL-2.0-only
#include "report/prom.h"

#include <inttypes.h>

#include "base/text.h"

void prom_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The format escapes backslash, quote and line feed; no other byte is special to it. */
void prom_text(FILE *out, const char *text)
{
	size_t length;
	bool acts;

	for (; *text; text += length) {
		length = text_character(text, &acts);
		switch (*text) {
		case '\\':
			fputs("\\\\", out);
			break;
		case '"':
			fputs("\\\"", out);
			break;
		case '\n':
			fputs("\\n", out);
			break;
		default:
			if (acts)
				fputc('?', out);
			else
				fwrite(text, 1, length, out);
		}
	}
}

static void put_series(FILE *out, const char *name, const char *const *labels)
{
	const char *before = "{";

	fputs(name, out);
	for (; labels[0]; labels += 2) {
		if (!labels[1])
			continue;
		fprintf(out, "%s%s=\"", before, labels[0]);
		prom_text(out, labels[1]);
		fputc('"', out);
		before = ",";
	}
	fputs(*before == ',' ? "} " : " ", out);
}

void prom_integer(FILE *out, const char *name, const char *const *labels, int64_t value)
{
	put_series(out, name, labels);
	fprintf(out, "%" PRId64 "\n", value);
}

void prom_seconds(FILE *out, const char *name, const char *const *labels, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	put_series(out, name, labels);
	fprintf(out, "%s%" PRIu64 ".%09" PRIu64 "\n", ns < 0 ? "-" : "", size / 1000000000,
		size % 1000000000);
}
