// SPDX-License-Identifier: GPL-2.0-only
#include "vm/bus_error.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "vm/backing.h"

#define SIZE_4K 4096ull
#define SIZE_2M (2ull << 20)
#define SIZE_1G (1ull << 30)

/* A signal handler has no argument of its own, so what it notes can only be here. */
static struct {
	bool taken;		/* atomic: by the thread that notes the first loss */
	bool noted;		/* atomic: the members below are there */
	uintptr_t address;
	int code;		/* si_code */
} lost;

static void note(const siginfo_t *info)
{
	if (__atomic_exchange_n(&lost.taken, true, __ATOMIC_ACQ_REL))
		return;
	lost.address = (uintptr_t)info->si_addr;
	lost.code = info->si_code;
	__atomic_store_n(&lost.noted, true, __ATOMIC_RELEASE);
}

/* EINVAL: the page is a larger one, and can't be replaced in part (hugetlb_vm_op_split(), mm/hugetlb.c). */
static bool replace_page(uintptr_t address)
{
	static const uint64_t sizes[] = { SIZE_4K, SIZE_2M, SIZE_1G };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (mmap((void *)(address & -sizes[i]), sizes[i], PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
			return true;
		if (errno != EINVAL)
			break;
	}
	return false;
}

/* Somebody else's SIGBUS, and one that can't be mended, ends the process as it does without a handler. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	int code = errno;

	(void)context;
	if (info->si_code > 0)
		note(info);
	if (info->si_code <= 0 || (info->si_code != BUS_MCEERR_AO && !replace_page((uintptr_t)info->si_addr))) {
		sigaction(number, &standard, NULL);
		raise(number);
	}
	errno = code;
}

void bus_error_watch(void)
{
	const struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
	sigset_t bus;

	__atomic_store_n(&lost.noted, false, __ATOMIC_RELEASE);
	__atomic_store_n(&lost.taken, false, __ATOMIC_RELEASE);
	sigaction(SIGBUS, &action, NULL);
	/* The kernel ends a process that blocks it. Threads inherit the mask. */
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
}

bool bus_error_came(void)
{
	return __atomic_load_n(&lost.noted, __ATOMIC_ACQUIRE);
}

/* Which row of memslots has the address? -1: none. */
static int find_backing(const struct vm *vm, uintptr_t address)
{
	/* A VM that could not be made has none. */
	for (size_t i = 0; vm->backings && i < vm->layout->config->memslot_count; i++) {
		uintptr_t start = (uintptr_t)vm->backings[i].hva;

		if (start && address >= start && address - start < vm->backings[i].size)
			return (int)i;
	}
	return -1;
}

static bool is_file_full(const struct backing *backing)
{
	struct statvfs fs;

	return !fstatvfs(backing->fd, &fs) && !fs.f_bavail;
}

static bool is_past_end(const struct backing *backing, uint64_t offset)
{
	struct stat file;

	return !fstat(backing->fd, &file) && offset >= (uint64_t)file.st_size;
}

/* Why the page at offset is not there. */
static const char *reason(const struct memslot_cfg *cfg, const struct backing *backing, uint64_t offset)
{
	if (lost.code == BUS_MCEERR_AR || lost.code == BUS_MCEERR_AO)
		return "the hardware has found an error in this page";
	switch (cfg->backing) {
	case BACKING_HUGETLB_2M:
	case BACKING_HUGETLB_1G:
		return "no huge page is free";
	case BACKING_FILE:
		if (is_past_end(backing, offset))
			return "the file ends before it";
		return is_file_full(backing) ? "the file system is full" : "the file system could not give the page";
	default:
		return "the host has no page for it";
	}
}

static void advise(const struct memslot_cfg *cfg, const struct backing *backing, uint64_t offset, struct err *err)
{
	if (lost.code == BUS_MCEERR_AR || lost.code == BUS_MCEERR_AO)
		err_remedy(err, "see the kernel log (dmesg): this memory must be replaced");
	else if (cfg->backing == BACKING_HUGETLB_2M || cfg->backing == BACKING_HUGETLB_1G)
		err_remedy(err, "more huge pages (nr_hugepages), a higher limit of the cgroup (hugetlb.*.max), or "
				"populate = yes, which fails before the guest runs");
	else if (cfg->backing == BACKING_FILE && is_past_end(backing, offset))
		err_remedy(err, "let no other program shorten %.150s", cfg->path);
	else if (cfg->backing == BACKING_FILE)
		err_remedy(err, "make room for %.150s; populate = yes fails before the guest runs", cfg->path);
	else
		err_remedy(err, "raise the limit of the cgroup's memory, or choose less touch");
}

bool bus_error_explain(const struct vm *vm, struct err *err)
{
	int row = bus_error_came() ? find_backing(vm, lost.address) : -1;
	const struct memslot_cfg *cfg;
	const struct backing *backing;
	char path[320] = "";
	uint64_t offset, gpa;

	if (row < 0)
		return false;
	cfg = &vm->layout->config->memslots[row];
	backing = &vm->backings[row];
	offset = (lost.address & -SIZE_4K) - (uintptr_t)backing->hva;
	gpa = cfg->base + offset / cfg->size * cfg->stride + offset % cfg->size;
	if (cfg->backing == BACKING_FILE)
		snprintf(path, sizeof(path), ":%.300s", cfg->path);
	err_set(err, EFAULT, "memslot.%s: the memory at gpa %#llx can't be had (SIGBUS): %s (backing = %s%s)", cfg->name,
		(unsigned long long)gpa, reason(cfg, backing, offset),
		cfg->backing == BACKING_FILE ? "file" : slot_backing_name(cfg->backing), path);
	advise(cfg, backing, offset, err);
	return true;
}

/* The offset of the first page that is not there; the size: all are. */
static uint64_t first_missing(const struct memslot_cfg *cfg, const struct backing *backing)
{
	uint64_t page = memslot_page_size(cfg), offset = 0;
	off_t hole;
	unsigned char there;

	/* Pages that are only in the file are no holes: they need no new room. hugetlbfs knows no holes. */
	if (page == SIZE_4K && (hole = lseek(backing->fd, 0, SEEK_HOLE)) >= 0)
		return (uint64_t)hole;
	while (offset < backing->size && !mincore(backing->hva + offset, SIZE_4K, &there) && there & 1)
		offset += page;
	return offset;
}

void bus_error_probe(const struct vm *vm)
{
	const struct layout *layout = vm->layout;

	for (size_t i = 0; vm->backings && i < layout->config->memslot_count && !bus_error_came(); i++) {
		const struct backing *backing = &vm->backings[i];
		volatile uint8_t *memory = backing->hva;
		uint64_t offset;

		if (!backing->size || backing->fd < 0)
			continue;
		offset = first_missing(&layout->config->memslots[i], backing);
		if (offset < backing->size)
			memory[offset] = memory[offset]; /* cppcheck-suppress selfAssignment */
	}
}
