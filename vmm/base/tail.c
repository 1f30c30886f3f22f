// SPDX-License-Identifier: GPL-2.0-only
#include "base/tail.h"

#include <stdio.h>
#include <string.h>

static void make_room(struct tail *tail)
{
	size_t half = sizeof(tail->text) / 2;

	if (tail->length < sizeof(tail->text))
		return;
	tail->length -= half;
	memmove(tail->text, tail->text + half, tail->length);
	tail->cut = true;
}

void tail_add(struct tail *tail, char byte)
{
	bool plain = (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\t';

	if (byte == '\r')
		return;
	make_room(tail);
	tail->text[tail->length++] = plain ? byte : '?';
}

bool tail_ends_with(const struct tail *tail, const char *text)
{
	size_t length = strlen(text);

	return length && length <= tail->length &&
	       !memcmp(tail->text + tail->length - length, text, length);
}

void tail_copy(const struct tail *tail, char *to, size_t size)
{
	size_t length = tail->length < size ? tail->length : size - 1;
	const char *from = tail->text + tail->length - length;
	bool within = tail->cut || length < tail->length;
	const char *line = within && length ? memchr(from, '\n', length - 1) : NULL;

	if (line) {
		length -= (size_t)(line + 1 - from);
		from = line + 1;
	}
	memcpy(to, from, length);
	to[length] = '\0';
}
