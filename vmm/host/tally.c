// SPDX-License-Identifier: GPL-2.0-only
#include "host/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096
#define ROOM_FIRST 64
#define NAME_LENGTH (sizeof(((struct tally_entry *)0)->function) - 1)
/*
 * The arrays of equal slots come in turns, a handful per slot: a short look back
 * merges nearly all of them without a sort.
 */
#define LOOK_BACK 8

static struct tally_entry *find_recent(const struct tally *tally, const char *function,
				       uint64_t pages)
{
	size_t stop = tally->count > LOOK_BACK ? tally->count - LOOK_BACK : 0;

	for (size_t i = tally->count; i-- > stop; ) {
		struct tally_entry *entry = &tally->entries[i];

		if (entry->pages == pages && !strncmp(entry->function, function, NAME_LENGTH))
			return entry;
	}
	return NULL;
}

/* Merging may be enough; room grows only with the number of distinct entries. */
static int make_room(struct tally *tally)
{
	size_t room = tally->room ? tally->room * 2 : ROOM_FIRST;
	struct tally_entry *entries;

	tally_sort(tally);
	if (tally->count < tally->room / 2)
		return 0;
	entries = reallocarray(tally->entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	tally->entries = entries;
	tally->room = room;
	return 0;
}

int tally_add(struct tally *tally, const char *function, uint64_t pages, int64_t count)
{
	struct tally_entry *entry = find_recent(tally, function, pages);
	int code;

	if (entry) {
		entry->count += count;
		return 0;
	}
	if (tally->count == tally->room) {
		code = make_room(tally);
		if (code)
			return code;
	}
	entry = &tally->entries[tally->count++];
	*entry = (struct tally_entry){ .pages = pages, .count = count };
	strncpy(entry->function, function, NAME_LENGTH);
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct tally_entry *a = left, *b = right;
	int order = strcmp(a->function, b->function);

	return order ? order : (a->pages > b->pages) - (a->pages < b->pages);
}

void tally_sort(struct tally *tally)
{
	size_t kept = 0;

	if (!tally->count)
		return;
	qsort(tally->entries, tally->count, sizeof(*tally->entries), compare);
	for (size_t i = 0; i < tally->count; ) {
		struct tally_entry sum = tally->entries[i++];

		while (i < tally->count && !compare(&sum, &tally->entries[i]))
			sum.count += tally->entries[i++].count;
		if (sum.count)
			tally->entries[kept++] = sum;
	}
	tally->count = kept;
}

int tally_diff(const struct tally *after, const struct tally *before, struct tally *out)
{
	size_t room = after->count + before->count;
	size_t i;

	*out = (struct tally){ 0 };
	if (!room)
		return 0;
	out->entries = calloc(room, sizeof(*out->entries));
	if (!out->entries)
		return -ENOMEM;
	out->room = room;
	for (i = 0; i < after->count; i++)
		out->entries[out->count++] = after->entries[i];
	for (i = 0; i < before->count; i++) {
		out->entries[out->count] = before->entries[i];
		out->entries[out->count++].count *= -1;
	}
	tally_sort(out);
	return 0;
}

/* No host holds 2^63 bytes: such a sum comes of a broken input and stays at the limit. */
static int64_t saturating_sum(int64_t sum, const struct tally_entry *entry)
{
	int64_t limit = entry->count < 0 ? INT64_MIN : INT64_MAX;
	int64_t bytes;

	if (__builtin_mul_overflow(entry->pages, PAGE, &bytes) ||
	    __builtin_mul_overflow(bytes, entry->count, &bytes) ||
	    __builtin_add_overflow(sum, bytes, &bytes))
		return limit;
	return bytes;
}

int64_t tally_bytes(const struct tally *tally, const char *function)
{
	int64_t sum = 0;

	for (size_t i = 0; i < tally->count; i++)
		if (!function || !strcmp(tally->entries[i].function, function))
			sum = saturating_sum(sum, &tally->entries[i]);
	return sum;
}

void tally_free(struct tally *tally)
{
	free(tally->entries);
	*tally = (struct tally){ 0 };
}
