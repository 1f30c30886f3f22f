// SPDX-License-Identifier: GPL-2.0-only
/* Ops on the memory behind memslots, of which KVM hears through its MMU notifier. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/worker.h"
#include "vm/backing.h"
#include "vm/losses.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25	/* 6.1 */
#endif

#define CHUNK (1ull << 20)	/* bytes that a round discards or write-protects */
#define HUGE_PAGE (2ull << 20)

/* A part of the memory that the phase writes in one of the worker's slots. */
struct part {
	const struct slot *slot;
	uint8_t *memory;
	uint64_t length;
	bool file;		/* it is a shared mapping of a memfd or a file */
};

static uint64_t page_size(const struct worker *worker, const struct slot *slot)
{
	const struct layout *layout = &worker->stress->run->layout;

	/* An alias has the pages of the memslot that it shows. */
	return memslot_page_size(&layout->config->memslots[layout->memory_of[slot->cfg]]);
}

/* Chooses a part of `want` bytes, or of one page where pages are larger; the last one in the slot may be shorter. */
static struct part choose_part(struct worker *worker, uint64_t want)
{
	const struct slot *slot = &worker->row[worker_random(worker, worker->row_count)];
	const struct vm *vm = worker->target->vm;
	uint64_t touch = worker->stress->phase->touch, page = page_size(worker, slot);
	uint64_t chunk = want > page ? want : page;
	uint64_t window = touch && touch < slot->size ? (touch + page - 1) / page * page : slot->size;
	uint64_t offset = worker_random(worker, (window + chunk - 1) / chunk) * chunk;

	return (struct part){
		.slot = slot,
		.memory = vm_slot_memory(vm, slot) + offset,
		.length = window - offset < chunk ? window - offset : chunk,
		.file = vm->backings[vm->layout->memory_of[slot->cfg]].fd >= 0,
	};
}

/* In a shared mapping, MADV_DONTNEED loses no data: the file keeps it. The payload is told which pages are lost. 0 or errno. */
static int discard(const struct worker *worker, const struct part *part)
{
	const struct stress_vm *target = worker->target;
	const struct losses_part lost = { part->slot, part->memory, part->length };
	bool told = worker->stress->run->config->selftest.break_what != BREAK_UNTOLD_LOSS;
	int code;

	losses_begin(target->vm, told ? target->losses : 0, &lost);
	code = madvise(part->memory, part->length, part->file ? MADV_REMOVE : MADV_DONTNEED) ? errno : 0;
	losses_end(target->vm, told ? target->losses : 0, &lost);
	return code;
}

int round_discard(struct worker *worker)
{
	struct part part = choose_part(worker, CHUNK);
	uint64_t start = clock_ns();
	int code = discard(worker, &part);

	if (code)
		return worker_failed(worker, code, "madvise(memslot.%s: %s)", worker->cfg->slot,
				     part.file ? "MADV_REMOVE" : "MADV_DONTNEED");
	return worker_took(worker, STEP_DISCARD, start);
}

/* MADV_COLLAPSE found nothing to collapse, or no huge page for it: the memory stays as it is. */
static bool is_no_failure(int code)
{
	return code == EINVAL || code == EAGAIN || code == EBUSY || code == ENOMEM;
}

/* A change of the protection of a part of a huge page splits it. */
static int split(uint8_t *page)
{
	if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		return -1;
	return mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

/* By SELinux, or by systemd's MemoryDenyWriteExecute=; or the process has as many areas of memory as it may have. */
static bool is_refusal(int code)
{
	return code == EACCES || code == EPERM || code == ENOMEM;
}

int round_thp(struct worker *worker)
{
	struct part part = choose_part(worker, HUGE_PAGE);
	uint64_t start = clock_ns();
	int code;

	if (page_size(worker, part.slot) > 4096)
		return worker_unavailable(worker, "memslot.%s has pages of hugetlbfs, which are not collapsed or split",
					  worker->cfg->slot);
	if (madvise(part.memory, part.length, MADV_HUGEPAGE))
		return worker_unavailable(worker, "madvise(MADV_HUGEPAGE): %s", strerror(errno));
	if (madvise(part.memory, part.length, MADV_COLLAPSE) && !is_no_failure(errno))
		return worker_failed(worker, errno, "madvise(memslot.%s: MADV_COLLAPSE)", worker->cfg->slot);
	code = part.length > 4096 && split(part.memory) ? errno : 0;
	madvise(part.memory, part.length, MADV_NOHUGEPAGE);
	if (code)
		return is_refusal(code) ?
			worker_unavailable(worker, "mprotect(PROT_EXEC), which splits a huge page: %s", strerror(code)) :
			worker_failed(worker, code, "mprotect(memslot.%s)", worker->cfg->slot);
	return worker_took(worker, STEP_THP, start);
}

int round_mprotect(struct worker *worker)
{
	struct part part = choose_part(worker, CHUNK);
	uint64_t start = clock_ns();
	int unasked = worker->target->vm->unasked;

	if (unasked)
		return worker_unavailable(worker, "a write that KVM leaves to the VMM needs process_vm_writev(): %s",
					  strerror(unasked));
	if (mprotect(part.memory, part.length, PROT_READ) ||
	    mprotect(part.memory, part.length, PROT_READ | PROT_WRITE))
		return worker_failed(worker, errno, "mprotect(memslot.%s)", worker->cfg->slot);
	return worker_took(worker, STEP_MPROTECT, start);
}

static int open_reclaim(struct worker *worker)
{
	char folder[512], path[544], why[SOURCE_WHY];

	if (cgroup_own_folder(folder, sizeof(folder), why))
		return worker_unavailable(worker, "%s", why);
	snprintf(path, sizeof(path), "%s/memory.reclaim", folder);
	worker->fd = open(path, O_WRONLY | O_CLOEXEC);
	if (worker->fd < 0)
		return worker_unavailable(worker, "%.100s: %s", path,
					  errno == ENOENT ? "needs Linux 5.19 and a cgroup other "
							    "than the root" : strerror(errno));
	return 0;
}

int round_reclaim(struct worker *worker)
{
	static const char amount[] = "1M";
	uint64_t start;
	int code = worker->fd < 0 ? open_reclaim(worker) : 0;

	if (code)
		return code;
	start = clock_ns();
	/* EAGAIN: it aged all pages but reclaimed less than 1 MiB, which is usual without swap. */
	if (write(worker->fd, amount, sizeof(amount) - 1) < 0 && errno != EAGAIN && errno != EINTR)
		return worker_failed(worker, errno, "write(memory.reclaim)");
	return worker_took(worker, STEP_RECLAIM, start);
}
