// SPDX-License-Identifier: GPL-2.0-only
#include "l2.h"

static void call_l1(const struct l2_job *job, enum l2_call call)
{
	if (job->vendor == ABI_VENDOR_SVM)
		asm volatile("vmmcall" :: "a"(call) : "memory");
	else
		asm volatile("vmcall" :: "a"(call) : "memory");
}

/*
 * Writes the one page by each of its aliases; the first alias must then show what the last one
 * wrote.
 */
static uint64_t write_aliases(struct l2_job *job)
{
	uint64_t i;

	for (i = 0; i < ABI_ALIAS_PAGES; i++)
		*(volatile uint64_t *)(job->aliases + i * ABI_PAGE_SIZE) =
			abi_page_value(job->touch.pattern, i, job->touch.pass);
	job->seen = *(volatile uint64_t *)job->aliases;
	return i;
}

static void write_pages(struct l2_job *job)
{
	job->stale = !touch_check_first(job->tree, &job->touch, job->index, &job->error);
	if (!job->stale)
		job->pages = touch_write(job->tree, &job->touch, job->index);
}

void l2_main(struct l2_job *job)
{
	call_l1(job, L2_HELLO);
	if (job->ud2)
		asm volatile("ud2");
	/*
	 * Each page of code that L2 runs costs a fault: without pages to write, it calls no
	 * touch_write().
	 */
	if (job->clear)
		*(volatile uint64_t *)job->clear = 0;
	if (job->aliases)
		job->pages = write_aliases(job);
	else if (job->touch.pages)
		write_pages(job);
	call_l1(job, L2_DONE);
	for (;;)
		asm volatile("hlt" ::: "memory");
}
