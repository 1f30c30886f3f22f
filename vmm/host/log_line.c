// SPDX-License-Identifier: GPL-2.0-only
#include "host/log_line.h"

#include <ctype.h>
#include <string.h>

static bool next_byte(struct log_reader *reader, char *byte)
{
	if (reader->at == reader->length) {
		reader->length = fread(reader->buffer, 1, sizeof(reader->buffer), reader->file);
		reader->at = 0;
		if (!reader->length)
			return false;
	}
	*byte = reader->buffer[reader->at++];
	return true;
}

/* A line may be of any length, and have any bytes. */
bool log_line_read(struct log_reader *reader, char line[LOG_LINE])
{
	size_t length = 0;
	bool any = false;
	char byte;

	while (next_byte(reader, &byte)) {
		any = true;
		if (byte == '\n')
			break;
		if (byte && byte != '\r' && length < LOG_LINE - 1)
			line[length++] = byte;
	}
	line[length] = '\0';
	return any;
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " ");
}

/* "<4>": pstore has the syslog's level before each record. */
static const char *skip_level(const char *at)
{
	size_t digits = *at == '<' ? strspn(at + 1, "0123456789") : 0;

	return digits && at[1 + digits] == '>' ? at + digits + 2 : at;
}

/*
 * "[   53.229133] ", "[Fri Nov 27 10:00:00 2026] ", "[  T597] ": a time, and with CONFIG_PRINTK_CALLER the thread or
 * CPU. A blank more belongs to the text.
 */
static const char *skip_brackets(const char *at)
{
	const char *end;

	while (*at == '[' && (end = strchr(at, ']')) != NULL)
		at = end[1] == ' ' ? end + 2 : end + 1;
	return at;
}

/* "2026-11-27T10:00:00,123456+00:00 ", of dmesg --time-format iso. Behind a syslog's come a host and a name. */
static const char *skip_iso_time(const char *at)
{
	size_t length = strcspn(at, " ");

	return length > 18 && isdigit((unsigned char)*at) && at[10] == 'T' && at[length] ? at + length + 1 : at;
}

/* "kernel:", and of a program "NAME[PID]:". dmesg -x: "kern  :alert : ". */
static bool says_origin(const char *word, size_t length, const char *line, enum log_origin *origin)
{
	if ((length == 7 && !strncmp(word, "kernel:", 7)) || (length == 1 && !strncmp(line, "kern ", 5)))
		*origin = LOG_KERNEL;
	else if (length > 2 && word[length - 2] == ']')
		*origin = LOG_PROGRAM;
	else
		return false;
	return true;
}

/* What follows the first word that ends in a colon, if that word says whose line it is: it is not the text's own. */
static const char *skip_name(const char *line, enum log_origin *origin)
{
	const char *word = line;

	for (;;) {
		size_t length = strcspn(word, " ");
		bool ends = length && word[length - 1] == ':';

		if (ends && word != line && says_origin(word, length, line, origin))
			return word[length] ? word + length + 1 : word + length;
		/* ":alert" and ":alert:" of dmesg -x are no name. */
		if ((ends && length > 1 && *word != ':') || !word[length])
			return NULL;
		word = skip_blanks(word + length);
	}
}

const char *log_line_text(const char *line, enum log_origin *origin)
{
	const char *text = skip_brackets(skip_level(line)), *named = skip_name(text, origin);

	if (named)
		return *origin == LOG_KERNEL ? skip_brackets(named) : named;
	*origin = LOG_EITHER;
	return skip_iso_time(text);
}

struct pstore_part pstore_part(const char *line)
{
	struct pstore_part part = { 0 };
	char end;

	/* pstore_dump(): "%s#%d Part%u\n", of kmsg_dump_reason_str(). */
	return sscanf(line, "%*11[A-Za-z ]#%u Part%u%c", &part.dump, &part.part, &end) == 2 ? part :
											(struct pstore_part){ 0 };
}
