// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/hosts.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

#define DIGITS_MOST 18	/* of a number that fits into a long long */

const char *hosts_name(const json_t *member)
{
	const char *name = value_string(member, "hostname");

	if (!name || !strcmp(name, "-"))
		name = value_string(member, "file");
	return name ? name : "-";
}

static const char *name_at(const json_t *members, size_t i)
{
	return hosts_name(json_array_get(members, i));
}

static size_t digits(const char *text)
{
	size_t count = 0;

	while (isdigit((unsigned char)text[count]))
		count++;
	return count;
}

/* Where the number begins in which alone the names differ; 0 if they differ in more, in nothing, or begin with it. */
static size_t number_at(const char *a, const char *b)
{
	size_t at = 0, of_a, of_b;

	while (a[at] && a[at] == b[at])
		at++;
	if (!a[at] && !b[at])
		return 0;
	while (at && isdigit((unsigned char)a[at - 1]))
		at--;
	of_a = digits(a + at);
	of_b = digits(b + at);
	if (!of_a || !of_b || of_a > DIGITS_MOST || of_b > DIGITS_MOST || strcmp(a + at + of_a, b + at + of_b))
		return 0;
	/* node01 and node1 are different hosts. */
	return of_a != of_b && (a[at] == '0' || b[at] == '0') ? 0 : at;
}

/* Is b the next host, or the same one, which may have several reports? */
static bool is_next(const char *a, const char *b, size_t at)
{
	return !strcmp(a, b) ||
	       (number_at(a, b) == at && strtoll(b + at, NULL, 10) - strtoll(a + at, NULL, 10) == 1);
}

/* "[1-40,42]" and what follows it in all names. Returns the first member that is none of them. */
static size_t put_numbers(FILE *out, const json_t *members, size_t i, size_t at, size_t *room)
{
	const char *before = "[", *rest = name_at(members, i) + at;

	rest += digits(rest);
	do {
		size_t last = i;

		while (last + 1 < json_array_size(members) &&
		       is_next(name_at(members, last), name_at(members, last + 1), at))
			last++;
		fprintf(out, "%s%.*s", before, (int)digits(name_at(members, i) + at), name_at(members, i) + at);
		if (last > i)
			fprintf(out, "-%.*s", (int)digits(name_at(members, last) + at), name_at(members, last) + at);
		before = ",";
		i = last + 1;
	} while (--*room && i < json_array_size(members) &&
		 number_at(name_at(members, i - 1), name_at(members, i)) == at);
	fprintf(out, "]%s", rest);
	return i;
}

/* A host may have several reports. Returns the first member of another host. */
static size_t put_host(FILE *out, const json_t *members, size_t i)
{
	const char *name = name_at(members, i);
	size_t first = i;

	while (++i < json_array_size(members) && !strcmp(name, name_at(members, i)))
		;
	fputs(name, out);
	if (i - first > 1)
		fprintf(out, " (%zu reports)", i - first);
	return i;
}

size_t hosts_put(FILE *out, const json_t *members, size_t most)
{
	size_t count = json_array_size(members), i = 0, at;

	while (i < count && most) {
		const char *name = name_at(members, i);

		if (i)
			fputs(", ", out);
		at = i + 1 < count ? number_at(name, name_at(members, i + 1)) : 0;
		if (at) {
			fprintf(out, "%.*s", (int)at, name);
			i = put_numbers(out, members, i, at, &most);
		} else {
			i = put_host(out, members, i);
			most--;
		}
	}
	return count - i;
}
