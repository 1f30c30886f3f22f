// SPDX-License-Identifier: GPL-2.0-only
/*
 * iniparser 4.1 reads the values. It has no line numbers, merges duplicates and accepts much that
 * users did not mean. So the lines are first checked here, by iniparser's own rules of what a line
 * is; a line that it would misread is an error, and iniparser does not get it.
 */
#include "config/ini_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/ini_values.h"

#define LINE_ROOM 1024	/* iniparser's ASCIILINESZ: a line, its newline and NUL */
#define KEYS_MAX 64	/* of a section; iniparser takes quadratic time */
#define CHUNK_SIZE (16 * 1024) /* so iniparser gets a long file in pieces */

struct scan {
	const char *file;
	struct ini_items *items;
	struct diags *diags;
	const char *section;	/* NULL: before the first one, or in one with an error */
	bool any_section;
	size_t keys;		/* of this section */
	unsigned int line;	/* the last one that was read */
	const char *chunk;	/* start of the text that iniparser has not read yet */
	size_t chunk_item;	/* and the first item in it */
};

static char *strip(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int add_item(struct scan *scan, enum ini_item_kind kind, unsigned int line, const char *name)
{
	struct ini_items *items = scan->items;
	struct ini_item item = { .kind = kind, .line = line, .section = scan->section };

	if (items->count == items->room) {
		size_t room = items->room ? 2 * items->room : 64;
		struct ini_item *list = realloc(items->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		items->list = list;
		items->room = room;
	}
	if (name) {
		item.name = strdup(name);
		if (!item.name)
			return -ENOMEM;
	}
	items->list[items->count++] = item;
	return 0;
}

/* Returns what is wrong with "[...]"; or NULL, and its name in *name. */
static const char *section_complaint(char *line, char **name)
{
	char *close = strchr(line, ']');

	if (!close)
		return "a section header ends with ]";
	if (close[1])
		return "nothing may follow the ] of a section; a comment goes on a line of its own";
	*close = '\0';
	*name = strip(line + 1);
	if (!**name)
		return "a section needs a name";
	if (strchr(*name, ':'))
		return "':' can't be in a name, it is iniparser's separator; write [KIND.NAME]";
	if (strlen(*name) > INI_NAME_MAX)
		return "a section's name is too long";
	return NULL;
}

/* Returns 1: a section, 0: it has an error, or -errno. */
static int take_section(struct scan *scan, char *line, unsigned int number)
{
	char copy[LINE_ROOM], *name = NULL;
	const char *complaint;
	int code;

	strcpy(copy, line);
	complaint = section_complaint(line, &name);
	scan->any_section = true;
	scan->section = NULL;
	scan->keys = 0;
	if (complaint) {
		diag_add(scan->diags, (struct origin){ scan->file, number }, NULL, NULL, copy, "%s",
			 complaint);
		scan->items->incomplete = true;
		return 0;
	}
	code = add_item(scan, INI_SECTION, number, name);
	if (code)
		return code;
	scan->section = scan->items->list[scan->items->count - 1].name;
	return 1;
}

/* iniparser ends a value at the first ; or #, and a quoted one at the next quote, anywhere. */
static const char *value_complaint(const char *value)
{
	const char *end;

	if (*value == '"' || *value == '\'') {
		end = strchr(value + 1, *value);
		if (!end)
			return "the quote is not closed";
		if (memchr(value, '\\', (size_t)(end - value)))
			return "a \\ can't be in quotes: versions of iniparser read it differently";
		end += 1 + strspn(end + 1, " \t");
		if (*end && *end != ';' && *end != '#')
			return "text after the closing quote";
		return NULL;
	}
	end = strpbrk(value, ";#");
	if (end && end > value && !isspace((unsigned char)end[-1]))
		return "; and # begin a comment, even inside a word: put the value in \"quotes\", "
		       "or a space before the comment";
	return NULL;
}

/* Returns what is wrong with "key = value"; or NULL, with both set. */
static const char *key_complaint(struct scan *scan, char *line, char **key, char **value)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return "neither [SECTION] nor KEY = VALUE nor a comment";
	*equals = '\0';
	*key = strip(line);
	*value = strip(equals + 1);
	if (!**key)
		return "no key before the =";
	if (!scan->any_section)
		return strcmp(*key, "include") ? "a key before the first [SECTION]" :
						 "before a [SECTION]: includes go to [minivmm]";
	if (strchr(*key, ':'))
		return "':' can't be in a name, it is iniparser's separator of section and key";
	if (strlen(*key) > INI_NAME_MAX)
		return "a key's name is too long";
	if (scan->keys == KEYS_MAX)
		return "more keys than a section can have";
	return value_complaint(*value);
}

static int take_key(struct scan *scan, char *line, unsigned int number)
{
	struct origin at = { scan->file, number };
	char copy[LINE_ROOM], *key = NULL, *value = NULL;
	const char *complaint;
	int code;

	/* A section with an error has one error only: its keys can't be checked. */
	if (scan->any_section && !scan->section)
		return 0;
	if (scan->keys > KEYS_MAX)
		return 0;
	strcpy(copy, line);
	complaint = key_complaint(scan, line, &key, &value);
	if (complaint) {
		if (key && *key && scan->section)
			diag_add(scan->diags, at, scan->section, key, value, "%s", complaint);
		else
			diag_add(scan->diags, at, NULL, NULL, copy, "%s", complaint);
		scan->keys += scan->keys == KEYS_MAX;
		return scan->section ? add_item(scan, INI_DROPPED, number, NULL) : 0;
	}
	scan->keys++;
	code = add_item(scan, INI_KEY, number, key);
	return code ? code : 1;
}

/* Returns 1: iniparser may see the line, 0: it must not, or -errno. */
static int take_line(struct scan *scan, char *line, unsigned int number)
{
	line = strip(line);
	if (!*line || *line == ';' || *line == '#')
		return 1;
	return *line == '[' ? take_section(scan, line, number) : take_key(scan, line, number);
}

/* What is wrong with the bytes of a line, or NULL. */
static const char *bytes_complaint(const char *text, size_t length)
{
	if (length && text[length - 1] == '\r')
		length--;
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return "a control character";
	return NULL;
}

/*
 * Takes the line at *text, with the lines that a \ at its end joins to it, and moves *text behind
 * them. Returns what is wrong with it, or NULL.
 */
static const char *join_lines(struct scan *scan, char **text, const char *end, char line[LINE_ROOM])
{
	size_t length = 0;

	for (;;) {
		char *start = *text, *newline = memchr(start, '\n', (size_t)(end - start));
		size_t more = newline ? (size_t)(newline - start) : (size_t)(end - start);
		const char *complaint = bytes_complaint(start, more);

		*text = start + more + (newline ? 1 : 0);
		scan->line++;
		if (!complaint && length + more + 1 >= LINE_ROOM)
			complaint = "a line, with those that a \\ joins to it, must be shorter "
				    "than 1023 bytes";
		if (length + more >= LINE_ROOM)
			more = LINE_ROOM - 1 - length;
		memcpy(line + length, start, more);
		line[length + more] = '\0';
		if (complaint)
			return complaint;
		length += more;
		while (length && isspace((unsigned char)line[length - 1]))
			length--;
		line[length] = '\0';
		if (!length || line[length - 1] != '\\')
			return NULL;
		if (strchr(";#", line[strspn(line, " \t")]))
			return "a \\ at its end makes the next line a part of this comment";
		if (*text == end)
			return "a \\ at the end joins the next line, and there is none";
		length--;
	}
}

/* Lets iniparser read the text up to end, and sets the values of its items. */
static int parse_chunk(struct scan *scan, const char *end)
{
	struct ini_items *items = scan->items;
	int code = ini_values(scan->chunk, (size_t)(end - scan->chunk), items, scan->chunk_item);

	scan->chunk = end;
	scan->chunk_item = items->count;
	return code;
}

static int scan_lines(struct scan *scan, char *text, char *end)
{
	char line[LINE_ROOM];

	scan->chunk = text;
	while (text < end) {
		char *start = text;
		unsigned int number = scan->line + 1;
		const char *complaint;
		int code = 0;

		if (*text == '[' && text - scan->chunk > CHUNK_SIZE)
			code = parse_chunk(scan, text);
		if (code)
			return code;
		complaint = join_lines(scan, &text, end, line);
		if (complaint) {
			diag_add(scan->diags, (struct origin){ scan->file, scan->line }, NULL, NULL,
				 strip(line), "%s", complaint);
			code = add_item(scan, INI_DROPPED, number, NULL);
		} else {
			code = take_line(scan, line, number);
		}
		if (code < 0)
			return code;
		if (!code)
			memset(start, '\n', (size_t)(text - start));
	}
	return parse_chunk(scan, end);
}

/* The first line that is no comment is that of a section; or there is none. */
static bool begins_with_section(const char *text, const char *end)
{
	while (text < end) {
		const char *newline;

		while (text < end && isspace((unsigned char)*text))
			text++;
		if (text < end && !strchr(";#", *text))
			return *text == '[';
		newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
		text = newline ? newline + 1 : end;
	}
	return true;
}

int ini_scan(const char *file, bool included, char *text, size_t size, struct ini_items *items,
	     struct diags *diags)
{
	struct scan scan = { .file = file, .items = items, .diags = diags };
	const char *nul = memchr(text, '\0', size), *complaint = NULL;
	struct origin at = { file, 1 };

	for (const char *c = text; nul && c < nul; c++)
		at.line += *c == '\n';
	if (nul)
		complaint = "a NUL byte: this is not an ini file";
	else if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		complaint = "a byte order mark: save the file without it";
	/* Another's secrets must not be read through an include, by whoever may read them. */
	else if (included && !begins_with_section(text, text + size))
		complaint = "no [SECTION] begins this file: it is no config, and its lines are not shown";
	if (!complaint)
		return scan_lines(&scan, text, text + size);
	diag_add(diags, at, NULL, NULL, NULL, "%s", complaint);
	items->incomplete = true;
	return 0;
}

void ini_items_free(struct ini_items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->list[i].name);
		free(items->list[i].value);
	}
	free(items->list);
	*items = (struct ini_items){ 0 };
}
