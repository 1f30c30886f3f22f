// SPDX-License-Identifier: GPL-2.0-only
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/units.h"

#define PARAGRAPH_MOST 1024	/* bytes: a sentence and names */

#define COLUMNS_LEAST 60
#define COLUMNS_MOST 200

/*
 * stdio gives a terminal a line buffer, or none (stderr), and all else a full one with the first write. So the kernel need
 * not be asked for each of the hundred paragraphs that go to a file.
 */
static bool may_be_terminal(FILE *out)
{
	return __flbf(out) || __fbufsize(out) <= 1;
}

/* What a terminal, or COLUMNS, has room for; `otherwise` where neither says. */
static size_t columns_or(FILE *out, size_t otherwise)
{
	const char *said = getenv("COLUMNS");
	uint64_t columns = otherwise;
	struct winsize size;
	int code = errno;	/* that of a write which failed, and which is reported at the end */

	if (may_be_terminal(out) && !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	else if (!said || !parse_u64(said, &columns))
		columns = otherwise;
	errno = code;
	return columns < COLUMNS_LEAST ? COLUMNS_LEAST :
	       columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
}

size_t text_columns(FILE *out)
{
	return columns_or(out, TEXT_WIDTH);
}

size_t text_prose(FILE *out)
{
	return columns_or(out, TEXT_PROSE);
}

/* NO_COLOR and CLICOLOR_FORCE are what many programs heed; --color sets them. */
static bool takes_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");
	int code = errno;
	bool takes;

	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	takes = term && strcmp(term, "dumb") && may_be_terminal(out) && isatty(fileno(out));
	errno = code;
	return takes;
}

static const char *colour_of(const char *word)
{
	static const struct {
		const char *word, *colour;
	} colours[] = {
		{ "PASS", "\033[1;32m" }, { "SAME", "\033[1;32m" }, { "FAIL", "\033[1;31m" },
		{ "ERROR", "\033[1;31m" }, { "WORSE", "\033[1;31m" }, { "WORSE OR DIFFERENT", "\033[1;31m" },
		{ "DIFFERENT", "\033[1;31m" }, { "SKIP", "\033[1;33m" },
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (!strcmp(word, colours[i].word))
			return colours[i].colour;
	return "\033[1m";
}

void text_verdict(FILE *out, const char *word)
{
	bool coloured = takes_colour(out);

	if (coloured)
		fputs(colour_of(word), out);
	text_put(out, word);
	if (coloured)
		fputs("\033[0m", out);
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Length of the character at text: of a UTF-8 sequence, which may be cut off, or of continuation bytes that continue
 * nothing.
 */
static size_t character(const char *text)
{
	size_t length = 1;

	while ((unsigned char)text[0] >= 0x80 && is_continuation((unsigned char)text[length]))
		length++;
	return length;
}

bool text_starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text += character(text))
		width++;
	return width;
}

/* The code point of a UTF-8 sequence, or UINT32_MAX. */
static uint32_t decode(const unsigned char *text, size_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = length == 1 ? text[0] : length <= 4 ? text[0] & (0x7fu >> length) : UINT32_MAX;
	/* The lead byte says the length in ones, followed by a zero. */
	bool leads = length == 1 ? text[0] < 0x80 :
		     length <= 4 && (text[0] & (0xff80u >> length) & 0xff) == ((0xff00u >> length) & 0xff);

	if (!leads)
		return UINT32_MAX;
	for (size_t i = 1; i < length; i++)
		code = code << 6 | (text[i] & 0x3f);
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return UINT32_MAX;
	return code;
}

size_t text_character(const char *text, bool *acts)
{
	size_t length = character(text);
	uint32_t code = decode((const unsigned char *)text, length);

	*acts = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
		code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069) || code == UINT32_MAX;
	return length;
}

/* Puts that many characters of text. Returns the rest of it. */
static const char *put_some(FILE *out, const char *text, size_t characters)
{
	for (; *text && characters; characters--) {
		bool acts;
		size_t length = text_character(text, &acts);

		if (acts)
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
		text += length;
	}
	return text;
}

void text_put(FILE *out, const char *text)
{
	put_some(out, text, strlen(text));
}

/* How many of the first `most` characters are whole words; most where its words are too long for that. */
static size_t whole_words(const char *text, size_t most)
{
	size_t words = 0;

	for (size_t i = 0; *text && i <= most; i++, text += character(text))
		if (*text == ' ')
			words = i;
	return words * 2 > most ? words : most;
}

static const char *skip(const char *text, size_t characters)
{
	for (; characters; characters--)
		text += character(text);
	return text;
}

/* Where the last `most` characters of text begin with a word; or where they begin. */
static const char *last_words(const char *text, size_t most)
{
	const char *rest = skip(text, text_width(text) - most), *blank;

	if (text_width(rest) < text_width(text) && skip(text, text_width(text) - most - 1)[0] == ' ')
		return rest;
	blank = strchr(rest, ' ');
	return blank && text_width(blank) * 2 > most ? blank + 1 : rest;
}

size_t text_fit(FILE *out, const char *text, size_t width)
{
	size_t have = text_width(text), head;
	const char *rest;

	if (have <= width) {
		text_put(out, text);
		return have;
	}
	head = whole_words(text, width / 2 - 1);
	rest = last_words(text, width - head - 2);
	put_some(out, text, head);
	fputs("..", out);
	text_put(out, rest);
	return head + 2 + text_width(rest);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t word_width(const char *text)
{
	size_t width = 0;

	for (; *text && !is_blank(*text); text += character(text))
		width++;
	return width;
}

static size_t new_line(FILE *out, size_t indent)
{
	fprintf(out, "\n%*s", (int)indent, "");
	return indent;
}

void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text)
{
	bool first = true;

	for (;;) {
		size_t word, fits;

		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		word = word_width(text);
		if (!first && at + 1 + word > width) {
			at = new_line(out, indent);
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		first = false;
		/* A word that is longer than a line is split. */
		while (word > (fits = width > at ? width - at : 1)) {
			text = put_some(out, text, fits);
			word -= fits;
			at = new_line(out, indent);
		}
		text = put_some(out, text, word);
		at += word;
	}
	fputc('\n', out);
}

void text_paragraph(FILE *out, size_t at, size_t indent, const char *format, ...)
{
	char text[PARAGRAPH_MOST];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(out, "%*s", (int)at, "");
	text_wrap(out, text_columns(out), at, indent, text);
}

/* FNV-1a, by Fowler, Noll and Vo, public domain. */
uint64_t text_hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}
