// SPDX-License-Identifier: GPL-2.0-only
#include "run/phase_pages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "minivmm_abi.h"

static const struct slot *find_slot(const struct layout *layout, const char *name)
{
	const struct slot *slot = layout->slots;

	/* config_check() has found it; of a row, the first slot is the lowest. */
	while (strcmp(layout->config->memslots[slot->cfg].name, name))
		slot++;
	return slot;
}

void phase_pages_init(struct phase_pages *pages, struct live_run *live, uint32_t index,
		      struct phase_result *phase)
{
	*pages = (struct phase_pages){
		.live = live, .phase = phase, .index = index,
		.slot = find_slot(&live->run->layout, phase->cfg->slot),
		.count = phase->cfg->touch / ABI_PAGE_SIZE, .stride = phase->cfg->stride,
	};
	pages->memory = vm_slot_memory(&live->vm, pages->slot);
	if (phase_pages_have_rmaps(pages))
		memory_watch_begin(&live->memory_watch);
	slot_name(&live->run->layout, pages->slot, pages->name);
}

uint64_t phase_pages_span(const struct phase_pages *pages)
{
	return (pages->count - 1) * pages->stride + ABI_PAGE_SIZE;
}

uint64_t phase_page_gpa(const struct phase_pages *pages, uint64_t i)
{
	return pages->slot->base + i * pages->stride;
}

#define PREFETCHED 8ull

uint64_t phase_pages_beside(const struct phase_pages *pages)
{
	uint64_t first = pages->slot->base / ABI_PAGE_SIZE, end = first + pages->slot->size / ABI_PAGE_SIZE;
	uint64_t all = 0, next = first;

	for (uint64_t i = 0; i < pages->count; i++) {
		uint64_t from = phase_page_gpa(pages, i) / ABI_PAGE_SIZE / PREFETCHED * PREFETCHED, to = from + PREFETCHED;

		from = from > next ? from : next;
		to = to < end ? to : end;
		if (from >= to)
			continue;
		all += to - from;
		next = to;
	}
	return all - pages->count;
}

struct abi_report *phase_pages_report(const struct phase_pages *pages, unsigned int vcpu)
{
	const struct live_run *live = pages->live;

	return (struct abi_report *)vm_page(&live->vm, nested_block(&live->payload, vcpu));
}

const char *phase_pages_writer(const struct phase_pages *pages)
{
	return pages->phase->cfg->load == LOAD_L2 ? "L2" : "L1";
}

static volatile uint64_t *page_at(const struct phase_pages *pages, uint64_t i)
{
	return (volatile uint64_t *)(pages->memory + i * pages->stride);
}

static uint64_t value_of(const struct phase_pages *pages, uint64_t i, uint64_t pass)
{
	return abi_page_value(pages->phase->cfg->pattern, phase_page_gpa(pages, i), pass);
}

void phase_pages_mark(const struct phase_pages *pages)
{
	for (uint64_t i = 0; i < pages->count; i++)
		*page_at(pages, i) = value_of(pages, i, ABI_PASS_VMM);
	if (pages->live->run->config->selftest.break_what == BREAK_STALE_PAGE && pages->begun)
		*page_at(pages, pages->count - 1) = value_of(pages, pages->count - 1, 1);
}

int phase_pages_pass(struct phase_pages *pages)
{
	struct live_run *live = pages->live;
	const struct vcpu *culprit;
	int result;

	pages->phase->repeats += pages->begun;
	pages->begun = true;
	vcpu_set_tell_all(&live->set, pages->index);
	result = vcpu_set_run(&live->set, phase_timeout(live, pages->phase->cfg));
	culprit = result == -EIO ? vcpu_set_culprit(&live->set) : NULL;
	if (culprit && culprit->status == ABI_BAD_MEMORY)
		phase_found_wrong(pages->phase, "%s%smemslot.%s: %.400s", pages->when ? pages->when : "",
				  pages->when ? ": " : "", pages->name, culprit->text);
	return result;
}

/* The pages from `first` on, every `step`-th: those of one vCPU, or all of them. */
static void compare(struct phase_pages *pages, uint64_t first, uint64_t step, uint64_t pass,
		    const char *when)
{
	for (uint64_t i = first; i < pages->count; i += step) {
		uint64_t want = value_of(pages, i, pass), got = *page_at(pages, i);

		if (got == want)
			continue;
		phase_found_wrong(pages->phase, "%s: memslot.%s, gpa %#llx: the VMM reads %#llx, "
				  "%s wrote %#llx", when, pages->name,
				  (unsigned long long)phase_page_gpa(pages, i), (unsigned long long)got,
				  pass == ABI_PASS_VMM ? "it" : phase_pages_writer(pages),
				  (unsigned long long)want);
		return;
	}
}

/* Each vCPU counts its passes, and page k is that of vCPU k mod vcpus (minivmm_abi.h). */
void phase_pages_compare(struct phase_pages *pages, const char *when)
{
	const struct vcpu_set *set = &pages->live->set;

	pages->phase->found.pages += pages->count;
	for (unsigned int i = 0; i < set->count; i++) {
		struct abi_report report;

		vcpu_report(&set->threads[i]->vcpu, &report);
		compare(pages, i, set->count, report.pass, when);
	}
}

void phase_pages_compare_marks(struct phase_pages *pages, const char *when)
{
	pages->phase->found.pages += pages->count;
	compare(pages, 0, 1, ABI_PASS_VMM, when);
}

void phase_pages_compare_first(struct phase_pages *pages, const char *when)
{
	struct abi_report report;

	vcpu_report(&pages->live->set.threads[0]->vcpu, &report);
	pages->phase->found.pages += pages->count;
	compare(pages, 0, 1, report.pass, when);
}

bool phase_pages_have_rmaps(const struct phase_pages *pages)
{
	const struct phase_cfg *cfg = pages->phase->cfg;

	return cfg->load == LOAD_L2 && cfg->nested_paging;
}

bool phase_pages_rmaps(const struct phase_pages *pages, struct rmaps_stat *stat)
{
	const struct vm *vm = &pages->live->vm;

	return !rmaps_stat_own("", vm->creator, vm->fd, stat, pages->phase->found.unmapped_why);
}

#define MOST_COUNTS 10
#define ENOUGH_ALIKE 3

/* How many wrong counts in a row said the same, this one included. */
static unsigned int alike(struct phase_pages *pages, const int64_t *counted, size_t size)
{
	pages->alike = pages->alike && !memcmp(pages->counted, counted, size) ? pages->alike + 1 : 1;
	memcpy(pages->counted, counted, size);
	return pages->alike;
}

bool phase_pages_count_again(struct phase_pages *pages, bool wrong, const int64_t *counted, unsigned int numbers)
{
	struct found *found = &pages->phase->found;
	const char *moved = wrong ? memory_watch_moved(&pages->live->memory_watch) : NULL;

	if (!wrong || (!moved && alike(pages, counted, numbers * sizeof(*counted)) == ENOUGH_ALIKE)) {
		found->moved = NULL;
		return false;
	}
	if (moved)
		found->moved = moved;
	return ++pages->counts < MOST_COUNTS;
}

void phase_found_wrong(struct phase_result *phase, const char *format, ...)
{
	va_list args;

	if (phase->found.wrong[0])
		return;
	va_start(args, format);
	vsnprintf(phase->found.wrong, sizeof(phase->found.wrong), format, args);
	va_end(args);
}

/* The slot's own memory. In a shared mapping, MADV_DONTNEED loses no data: MADV_REMOVE punches a hole in the file. */
int phase_pages_take_back(const struct phase_pages *pages, uint64_t size)
{
	const struct live_run *live = pages->live;
	bool file = live->vm.backings[live->run->layout.memory_of[pages->slot->cfg]].fd >= 0;

	if (!madvise(pages->memory, size, file ? MADV_REMOVE : MADV_DONTNEED))
		return 0;
	return err_errno(&live->run->err, errno, "memslot.%s: madvise(%s)", pages->name,
			 file ? "MADV_REMOVE" : "MADV_DONTNEED");
}
