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

/* Reads or writes all aliases of the counted pages, and returns how many. It stops at one that is stale. */
static uint64_t go_through_aliases(struct l2_job *job, bool write)
{
	uint64_t alias = job->aliases, gpa = job->touch.base, pages = 0;

	for (uint64_t page = 0; page < ABI_COUNTED_PAGES; page++, gpa += ABI_PAGE_SIZE) {
		for (uint64_t i = 0; i <= page; i++, pages++, alias += ABI_PAGE_SIZE) {
			volatile uint64_t *at = (volatile uint64_t *)alias;
			uint64_t want = abi_page_value(job->touch.pattern, gpa, ABI_PASS_VMM), got;

			if (write) {
				*at = abi_page_value(job->touch.pattern, gpa, job->touch.pass);
				continue;
			}
			got = *at;
			if (got == want)
				continue;
			job->stale = true;
			job->error = (struct touch_error){ .gpa = gpa, .want = want, .got = got };
			return pages;
		}
	}
	return pages;
}

static void write_counted(struct l2_job *job)
{
	go_through_aliases(job, false);
	if (!job->stale)
		job->pages = go_through_aliases(job, true);
}

static void write_pages(struct l2_job *job)
{
	job->stale = !touch_check_first(job->tree, &job->touch, job->index, &job->error);
	if (!job->stale)
		job->pages = touch_repeat(job->tree, &job->touch, job->index, job->report);
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
	if (job->counted)
		write_counted(job);
	else if (job->aliases)
		job->pages = write_aliases(job);
	else if (job->touch.pages)
		write_pages(job);
	call_l1(job, L2_DONE);
	for (;;)
		asm volatile("hlt" ::: "memory");
}
