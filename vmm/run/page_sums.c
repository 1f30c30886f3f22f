// SPDX-License-Identifier: GPL-2.0-only
#include "run/page_sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define PAGE 4096
#define ENTRIES 512u			/* of pagemap in one read */
#define FACTOR 0x9e3779b97f4a7c15ull	/* odd: then a word that differs alone makes another sum */

uint64_t page_sum(const volatile void *page, unsigned int words)
{
	const volatile uint64_t *word = page;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < words; i++)
		sum = sum * FACTOR + word[i];
	return sum;
}

int page_sums_open(struct page_sums *sums, const uint8_t *memory, uint64_t pages, int fd, uint64_t offset)
{
	*sums = (struct page_sums){ .memory = memory, .pages = pages, .pagemap = -1, .fd = fd, .offset = offset };
	sums->sums = calloc(pages, sizeof(*sums->sums));
	if (!sums->sums)
		return -ENOMEM;
	if (fd < 0)
		sums->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return 0;
}

void page_sums_close(struct page_sums *sums)
{
	free(sums->sums);
	if (sums->pagemap >= 0)
		close(sums->pagemap);
	*sums = (struct page_sums){ .pagemap = -1 };
}

/* By its entry in pagemap: it is present or swapped (Documentation/admin-guide/mm/pagemap.rst). */
static int has_content(uint64_t entry)
{
	return entry >> 62 != 0;
}

/* Fills in pagemap's entries of the pages from `first` on. */
static void read_pagemap(const struct page_sums *sums, uint64_t first, uint64_t count, uint64_t entries[ENTRIES])
{
	uint64_t at = ((uintptr_t)sums->memory / PAGE + first) * sizeof(entries[0]);

	if (sums->pagemap >= 0 && pread(sums->pagemap, entries, count * sizeof(entries[0]), (off_t)at) ==
	    (ssize_t)(count * sizeof(entries[0])))
		return;
	for (uint64_t i = 0; i < count; i++)
		entries[i] = UINT64_MAX;
}

/* Marks the pages from `first` on that are no holes of the file, as pagemap would. */
static void read_holes(const struct page_sums *sums, uint64_t first, uint64_t count, uint64_t entries[ENTRIES])
{
	off_t begin = (off_t)(sums->offset + first * PAGE), end = begin + (off_t)(count * PAGE), hole = begin, data = 0;

	for (uint64_t i = 0; i < count; i++)
		entries[i] = 0;
	while (hole >= 0 && hole < end && (data = lseek(sums->fd, hole, SEEK_DATA)) >= 0 && data < end) {
		hole = lseek(sums->fd, data, SEEK_HOLE);
		for (uint64_t i = (uint64_t)(data - begin) / PAGE; i < count && (hole < 0 || begin + (off_t)(i * PAGE) < hole); i++)
			entries[i] = UINT64_MAX;
	}
	/* ENXIO: there is nothing but a hole. */
	if (data < 0 && errno != ENXIO)
		for (uint64_t i = 0; i < count; i++)
			entries[i] = UINT64_MAX;
}

static void look_at(struct page_sums *sums, uint64_t page, uint64_t is, uint64_t *changed)
{
	uint64_t bit = 1ull << page % 64;

	changed[page / 64] &= ~bit;
	if (is != sums->sums[page])
		changed[page / 64] |= bit;
	sums->sums[page] = is;
}

int page_sums_look(struct page_sums *sums, const struct signals *signals, uint64_t deadline_ns, uint64_t *changed)
{
	uint64_t entries[ENTRIES];

	for (uint64_t first = 0; first < sums->pages; first += ENTRIES) {
		uint64_t left = sums->pages - first, count = left < ENTRIES ? left : ENTRIES;

		if (signals_came(signals))
			return -EINTR;
		if (clock_ns() > deadline_ns)
			return -ETIMEDOUT;
		if (sums->fd < 0)
			read_pagemap(sums, first, count, entries);
		else
			read_holes(sums, first, count, entries);
		for (uint64_t i = 0; i < count; i++)
			look_at(sums, first + i, has_content(entries[i]) ? page_sum(sums->memory + (first + i) * PAGE, PAGE_WORDS) : 0,
				changed);
	}
	return 0;
}
