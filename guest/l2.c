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

/* Reads the counted pages by all their aliases, up to one that is stale. */
static void read_counted(struct l2_job *job)
{
	uint64_t alias = job->aliases, gpa = job->touch.base;

	for (uint64_t page = 0; page < ABI_COUNTED_PAGES; page++, gpa += ABI_PAGE_SIZE) {
		for (uint64_t i = 0; i <= page; i++, alias += ABI_PAGE_SIZE) {
			uint64_t want = abi_page_value(job->touch.pattern, gpa, ABI_PASS_VMM);
			uint64_t got = *(volatile uint64_t *)alias;

			if (got == want)
				continue;
			job->stale = true;
			job->error = (struct touch_error){ .gpa = gpa, .want = want, .got = got };
			return;
		}
	}
}

/* Writes the counted pages by all their aliases, or each by one, and returns how often it wrote. */
static uint64_t write_counted(const struct l2_job *job)
{
	uint64_t alias = job->aliases, gpa = job->touch.base, only = job->report->alias, pages = 0;

	for (uint64_t page = 0; page < ABI_COUNTED_PAGES; page++, gpa += ABI_PAGE_SIZE) {
		uint64_t by = only < page + 1 ? only : page + 1;

		for (uint64_t i = 1; i <= page + 1; i++, alias += ABI_PAGE_SIZE) {
			if (by && i != by)
				continue;
			*(volatile uint64_t *)alias = abi_page_value(job->touch.pattern, gpa, job->touch.pass);
			pages++;
		}
	}
	return pages;
}

static void go_through_counted(struct l2_job *job)
{
	read_counted(job);
	if (!job->stale)
		job->pages = write_counted(job);
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
	while (job->leaf) {
		leaf_serve(job->leaf);
		call_l1(job, L2_DONE);
	}
	/*
	 * Each page of code that L2 runs costs a fault: without pages to write, it calls no
	 * touch_write().
	 */
	if (job->beside)
		*(volatile uint64_t *)job->beside = job->beside;
	if (job->clear)
		*(volatile uint64_t *)job->clear = 0;
	if (job->counted)
		go_through_counted(job);
	else if (job->aliases)
		job->pages = write_aliases(job);
	else if (job->touch.pages)
		write_pages(job);
	call_l1(job, L2_DONE);
	for (;;)
		asm volatile("hlt" ::: "memory");
}
