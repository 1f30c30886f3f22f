// SPDX-License-Identifier: GPL-2.0-only
#include "run/log_sample.h"

#define PAGE 4096

void log_sample_begin(struct log_sample *sample, const uint8_t *memory, unsigned int count,
		      uint64_t stride)
{
	*sample = (struct log_sample){
		.count = count < LOG_SAMPLE_MAX ? count : LOG_SAMPLE_MAX, .stride = stride,
	};
	for (unsigned int i = 0; i < sample->count; i++) {
		sample->at[i] = (const volatile uint64_t *)(memory + i * stride * PAGE);
		sample->was[i] = *sample->at[i];
	}
}

unsigned int log_sample_changed(struct log_sample *sample)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < sample->count; i++) {
		uint64_t is = *sample->at[i];

		sample->changed[i] = is && is != sample->was[i];
		changed += sample->changed[i];
	}
	return changed;
}

unsigned int log_sample_missing(const struct log_sample *sample, const uint8_t *log, uint64_t *page)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < sample->count; i++) {
		uint64_t number = i * sample->stride;

		if (!sample->changed[i] || log[number / 8] >> number % 8 & 1)
			continue;
		if (!missing++)
			*page = number;
	}
	return missing;
}
