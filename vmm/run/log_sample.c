// SPDX-License-Identifier: GPL-2.0-only
#include "run/log_sample.h"

#include "run/page_sums.h"

#define PAGE 4096

static bool is_logged(const uint8_t *log, uint64_t page)
{
	return log[page / 8] >> page % 8 & 1;
}

/* The guest writes meanwhile: a sum may be of neither the old nor the new page, but not of what did not change. */
static uint64_t look(const struct log_sample *sample, unsigned int i)
{
	return page_sum(sample->memory + sample->page[i] * PAGE, sample->words);
}

static void add(struct log_sample *sample, uint64_t page)
{
	sample->page[sample->count] = page;
	sample->was[sample->count] = look(sample, sample->count);
	sample->count++;
}

void log_sample_begin(struct log_sample *sample, const uint8_t *memory, uint64_t first, uint64_t count,
		      uint64_t stride)
{
	*sample = (struct log_sample){ .memory = memory, .words = 1 };
	for (uint64_t i = 0; i < count && i < LOG_SAMPLE_MAX; i++)
		add(sample, first + i * stride);
}

void log_sample_begin_logged(struct log_sample *sample, const uint8_t *memory, const uint8_t *log,
			     uint64_t pages, uint64_t first)
{
	*sample = (struct log_sample){ .memory = memory, .words = PAGE_WORDS };
	for (uint64_t i = 0; i < pages && sample->count < LOG_SAMPLE_MAX; i++)
		if (is_logged(log, (first + i) % pages))
			add(sample, (first + i) % pages);
}

unsigned int log_sample_changed(struct log_sample *sample)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < sample->count; i++) {
		uint64_t is = look(sample, i);

		sample->changed[i] = is && is != sample->was[i];
		changed += sample->changed[i];
	}
	return changed;
}

unsigned int log_sample_missing(struct log_sample *sample, const uint8_t *log, uint64_t *page)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < sample->count; i++) {
		sample->changed[i] &= !is_logged(log, sample->page[i]);
		if (sample->changed[i] && !missing++)
			*page = sample->page[i];
	}
	return missing;
}
