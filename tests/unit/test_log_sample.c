// SPDX-License-Identifier: GPL-2.0-only
/* What changed while it was logged must be in the log: on memory and logs made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/log_sample.h"
#include "run/page_sums.h"

#define PAGES 64u
#define PAGES_AT 8192	/* of a file's memory, in the file */

static void write_page(uint8_t *memory, unsigned int page, uint64_t value)
{
	*(uint64_t *)(memory + page * 4096u) = value;
}

static void changes_must_be_logged(void **state)
{
	uint8_t *memory = calloc(PAGES, 4096), log[PAGES / 8] = { 0 };
	struct log_sample sample;
	uint64_t page = 99;

	(void)state;
	assert_non_null(memory);
	for (unsigned int i = 0; i < PAGES; i++)
		write_page(memory, i, i + 1);
	log_sample_begin(&sample, memory, 0, 4, 9);
	assert_int_equal(log_sample_changed(&sample), 0);
	assert_int_equal(log_sample_missing(&sample, log, &page), 0);

	/* Pages 0, 9, 18 and 27 are looked at: one changes, one is taken back, one between them changes. */
	write_page(memory, 18, 1000);
	write_page(memory, 27, 0);
	write_page(memory, 10, 1000);
	assert_int_equal(log_sample_changed(&sample), 1);
	assert_int_equal(log_sample_missing(&sample, log, &page), 1);
	assert_int_equal(page, 18);
	log[18 / 8] = 1 << 18 % 8;
	assert_int_equal(log_sample_missing(&sample, log, &page), 0);

	write_page(memory, 9, 1000);
	write_page(memory, 27, 1000);
	assert_int_equal(log_sample_changed(&sample), 3);
	assert_int_equal(log_sample_missing(&sample, log, &page), 2);
	assert_int_equal(page, 9);
	free(memory);
}

static void no_more_than_there_is_room_for(void **state)
{
	uint8_t *memory = calloc(100, 4096);
	struct log_sample sample;

	(void)state;
	assert_non_null(memory);
	log_sample_begin(&sample, memory, 0, 100, 1);
	assert_int_equal(sample.count, LOG_SAMPLE_MAX);
	log_sample_begin(&sample, memory, 3, 2, 9);
	assert_int_equal(sample.count, 2);
	assert_int_equal(sample.page[0], 3);
	assert_int_equal(sample.page[1], 12);
	log_sample_begin(&sample, memory, 0, 0, 1);
	assert_int_equal(log_sample_changed(&sample), 0);
	free(memory);
}

/* A guest of the user's writes where it likes: the pages that the last log named are compared, whole. */
static void pages_that_were_logged_are_looked_at_whole(void **state)
{
	uint8_t *memory = calloc(PAGES, 4096), log[PAGES / 8] = { 0 };
	struct log_sample sample;
	uint64_t page = 99;

	(void)state;
	assert_non_null(memory);
	log_sample_begin_logged(&sample, memory, log, PAGES, 5);
	assert_int_equal(sample.count, 0);
	log[0] = 1 << 3;
	log[2] = 1 << 1 | 1 << 7;
	log_sample_begin_logged(&sample, memory, log, PAGES, 18);
	assert_int_equal(sample.count, 3);
	assert_int_equal(sample.page[0], 23);
	assert_int_equal(sample.page[1], 3);
	assert_int_equal(sample.page[2], 17);

	memory[3 * 4096 + 4095] = 1;
	memory[23 * 4096 + 2000] = 1;
	assert_int_equal(log_sample_changed(&sample), 2);
	log[0] = log[2] = 0;
	log[23 / 8] = 1 << 23 % 8;
	assert_int_equal(log_sample_missing(&sample, log, &page), 1);
	assert_int_equal(page, 3);
	/* The next log is asked only for what is still missing. */
	log[23 / 8] = 0;
	assert_int_equal(log_sample_missing(&sample, log, &page), 1);
	log[0] = 1 << 3;
	assert_int_equal(log_sample_missing(&sample, log, &page), 0);
	free(memory);
}

/* The pages that differ since the last look, of memory of which a page that was never written is not read. */
static void changed_pages_are_found(bool file)
{
	const size_t size = 1100 * 4096;
	int fd = file ? memfd_create("pages", MFD_CLOEXEC) : -1;
	uint64_t changed[18] = { 0 };
	struct page_sums sums;
	struct stat stat;
	uint8_t *memory;

	if (file)
		assert_int_equal(ftruncate(fd, PAGES_AT + (off_t)size), 0);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd,
		      file ? PAGES_AT : 0);
	assert_true(memory != MAP_FAILED);
	memory[70 * 4096] = 1;
	assert_int_equal(page_sums_open(&sums, memory, 1100, fd, PAGES_AT), 0);
	assert_int_equal(page_sums_look(&sums, NULL, UINT64_MAX, changed), 0);
	assert_int_equal(changed[1], 1ull << 6);
	assert_int_equal(page_sums_look(&sums, NULL, UINT64_MAX, changed), 0);
	assert_int_equal(changed[1], 0);

	memory[1099 * 4096 + 4095] = 1;
	memory[0] = 0;
	memory[70 * 4096] = 0;
	assert_int_equal(page_sums_look(&sums, NULL, UINT64_MAX, changed), 0);
	assert_int_equal(changed[0], 0);
	assert_int_equal(changed[1], 1ull << 6);
	assert_int_equal(changed[17], 1ull << 11);
	/* Only what is not there is left out: its bytes were zeros, too. */
	assert_int_equal(mincore(memory + 1000 * 4096, 4096, (unsigned char *)&changed[2]), 0);
	assert_int_equal(changed[2] & 1, 0);
	/* Three pages were written: the others are still holes. */
	if (file) {
		assert_int_equal(fstat(fd, &stat), 0);
		assert_int_equal(stat.st_blocks, 3 * 8);
	}
	assert_int_equal(page_sums_look(&sums, NULL, 1, changed), -ETIMEDOUT);
	page_sums_close(&sums);
	munmap(memory, size);
	if (file)
		close(fd);
}

static void sums_find_what_has_changed(void **state)
{
	(void)state;
	changed_pages_are_found(false);
	changed_pages_are_found(true);
}

/* Huge pages of a pool: to read one that is not there takes it, and may take the last one. Needs a pool of four. */
static void holes_of_huge_pages_stay_holes(void **state)
{
	const size_t huge = 2 << 20, pages = 4 * huge / 4096;
	uint8_t *memory = mmap(NULL, 4 * huge, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	unsigned char there[4 * (2 << 20) / 4096];
	uint64_t changed[4 * (2 << 20) / 4096 / 64];
	struct page_sums sums;

	(void)state;
	if (memory == MAP_FAILED) {
		print_message("# no 4 huge pages are free: echo 4 >/proc/sys/vm/nr_hugepages\n");
		skip();
		return;
	}
	memory[2 * huge + 5 * 4096] = 1;
	assert_int_equal(page_sums_open(&sums, memory, pages, -1, 0), 0);
	assert_int_equal(page_sums_look(&sums, NULL, UINT64_MAX, changed), 0);
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
		assert_int_equal(changed[i], i == 2 * 512 / 64 ? 1 << 5 : 0);
	assert_int_equal(mincore(memory, 4 * huge, there), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(there[i * 512] & 1, i == 2);
	page_sums_close(&sums);
	munmap(memory, 4 * huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_must_be_logged),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(pages_that_were_logged_are_looked_at_whole),
		cmocka_unit_test(sums_find_what_has_changed),
		cmocka_unit_test(holes_of_huge_pages_stay_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
