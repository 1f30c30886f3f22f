// SPDX-License-Identifier: GPL-2.0-only
#include "vm/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/kvm_gmem.h"

/* What is populated between two looks at the signals: a fraction of a second. */
#define POPULATE_PART (64ull << 20)
#define SIZE_2M (2ull << 20)
#define SIZE_1G (1ull << 30)

/*
 * Shared from the start and mapped here, it is memory like any other, except that the VM owns it.
 */
static int guest_memfd(const struct memslot_cfg *cfg, uint64_t size, int vm, int *fd,
		       struct err *err)
{
	struct gmem_create create = { .size = size, .flags = GMEM_FLAGS };

	*fd = ioctl(vm, GMEM_CREATE, &create);
	return *fd >= 0 ? 0 : err_errno(err, errno, "memslot.%s: KVM_CREATE_GUEST_MEMFD("
					"size=%#llx flags=%#llx)", cfg->name,
					(unsigned long long)create.size,
					(unsigned long long)create.flags);
}

static int open_memfd(const struct memslot_cfg *cfg, uint64_t size, int *fd, struct err *err)
{
	unsigned int flags = MFD_CLOEXEC;

	if (cfg->backing == BACKING_HUGETLB_2M)
		flags |= MFD_HUGETLB | MFD_HUGE_2MB;
	if (cfg->backing == BACKING_HUGETLB_1G)
		flags |= MFD_HUGETLB | MFD_HUGE_1GB;
	*fd = memfd_create(cfg->name, flags);
	if (*fd < 0)
		return err_errno(err, errno, "memslot.%s: memfd_create(%s)", cfg->name,
				 slot_backing_name(cfg->backing));
	return ftruncate(*fd, (off_t)size) ? err_errno(err, errno, "memslot.%s: ftruncate(memfd, %#llx)",
						       cfg->name, (unsigned long long)size) : 0;
}

/* Memory that a driver shows as a device of its own, such as a part of an NVDIMM. */
static bool is_dax(const struct stat *file)
{
	char link[64], subsystem[256];
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/subsystem", major(file->st_rdev), minor(file->st_rdev));
	length = readlink(link, subsystem, sizeof(subsystem) - 1);
	if (length < 0)
		return false;
	subsystem[length] = '\0';
	return !strcmp(subsystem + length - (length < 4 ? length : 4), "/dax");
}

/* O_PATH looks at a file without opening it: to open a device for writing may do harm, and a FIFO blocks. */
static int open_file(const struct memslot_cfg *cfg, int *fd, struct err *err)
{
	int look = open(cfg->path, O_PATH | O_CLOEXEC), code;
	struct stat file;
	char again[32];

	if (look < 0 || fstat(look, &file)) {
		code = err_errno(err, errno, "memslot.%s: open(%s)", cfg->name, cfg->path);
	} else if (!S_ISREG(file.st_mode) && !(S_ISCHR(file.st_mode) && is_dax(&file))) {
		code = err_set(err, EINVAL, "memslot.%s.backing: file:%s is neither a file nor a DAX device",
			       cfg->name, cfg->path);
	} else {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", look);
		*fd = open(again, O_RDWR | O_CLOEXEC);
		code = *fd >= 0 ? 0 : err_errno(err, errno, "memslot.%s: open(%s)", cfg->name, cfg->path);
	}
	if (look >= 0)
		close(look);
	return code;
}

/* Opens what the memory comes from; -1: anonymous. On failure the caller closes *fd. */
static int memory_fd(const struct memslot_cfg *cfg, uint64_t size, int vm, int *fd, struct err *err)
{
	*fd = -1;
	switch (cfg->backing) {
	case BACKING_ANON:
		return 0;
	case BACKING_GUEST_MEMFD:
		return guest_memfd(cfg, size, vm, fd, err);
	case BACKING_FILE:
		return open_file(cfg, fd, err);
	default:
		return open_memfd(cfg, size, fd, err);
	}
}

/*
 * Kernels before 5.14 have no MADV_POPULATE_WRITE: there, each page is written with what it
 * holds.
 */
static int populate_part(volatile uint8_t *memory, uint64_t size, uint64_t page)
{
	if (!madvise((void *)memory, size, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	for (uint64_t offset = 0; offset < size; offset += page)
		memory[offset] = memory[offset]; /* cppcheck-suppress selfAssignment */
	return 0;
}

/* Populates from `done` to `end`. */
static int populate(const struct backing *backing, const struct memslot_cfg *cfg, uint64_t done,
		    uint64_t end, const struct signals *signals, uint64_t deadline_ns,
		    struct err *err)
{
	uint64_t page = memslot_page_size(cfg), part = page > POPULATE_PART ? page : POPULATE_PART;

	for (; done < end; done += part) {
		uint64_t left = end - done;
		int code = signals_came(signals) ? -EINTR :
			   clock_ns() > deadline_ns ? -ETIMEDOUT :
			   populate_part(backing->hva + done, left < part ? left : part, page);

		if (code)
			return err_errno(err, -code, "memslot.%s: populating its memory "
					 "(%llu of %llu bytes)", cfg->name, (unsigned long long)done,
					 (unsigned long long)backing->size);
	}
	return 0;
}

int backing_populate(const struct backing *backing, const struct memslot_cfg *cfg,
		     const struct signals *signals, uint64_t deadline_ns, struct err *err)
{
	int code = 0;

	/* Each slot of a row as far as it is plugged. */
	for (uint64_t base = 0; !code && base < backing->size; base += cfg->size)
		code = populate(backing, cfg, base, base + cfg->plugged, signals, deadline_ns, err);
	return code;
}

/*
 * A kernel without transparent huge pages (CONFIG_TRANSPARENT_HUGEPAGE, which PREEMPT_RT does not allow) knows no such advice: all
 * memory is in small pages, as where an administrator wants none.
 */
static int advise_thp(const struct memslot_cfg *cfg, uint8_t *memory, uint64_t size, struct err *err)
{
	bool always = cfg->thp == THP_ALWAYS;
	int code;

	if (cfg->thp == THP_DEFAULT || !madvise(memory, size, always ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		return 0;
	code = errno;
	if (code == EINVAL && access("/sys/kernel/mm/transparent_hugepage", F_OK))
		return 0;
	return err_errno(err, code, "memslot.%s: madvise(%s)", cfg->name, always ? "MADV_HUGEPAGE" : "MADV_NOHUGEPAGE");
}

/* Gives a part of the backing what its memslot asks for, before any of its pages is there. */
static int advise(const struct memslot_cfg *cfg, uint8_t *memory, uint64_t size, struct err *err)
{
	int code = advise_thp(cfg, memory, size, err);

	if (code)
		return code;
	if (cfg->node >= 0) {
		unsigned long mask[16] = { 0 };

		if (cfg->node >= (int64_t)(sizeof(mask) * 8))
			return err_set(err, EINVAL, "memslot.%s: node %lld: there is no such node",
				       cfg->name, (long long)cfg->node);
		mask[cfg->node / 64] = 1ul << (cfg->node % 64);
		if (syscall(SYS_mbind, memory, size, MPOL_BIND, mask,
			    sizeof(mask) * 8, 0))
			return err_errno(err, errno, "memslot.%s: mbind(node %lld)", cfg->name,
					 (long long)cfg->node);
	}
	return 0;
}

#define SMALLER "a smaller slot, or lift the limit: ulimit -v; with sysctl vm.overcommit_memory=2 memory counts that is never touched"

/*
 * KVM maps a large page only where hva and gpa have the same low bits
 * (kvm_alloc_memslot_metadata()), so the mapping gets the low bits of base.
 */
static int reserve(struct backing *backing, const struct memslot_cfg *cfg, struct err *err)
{
	uint64_t align = memslot_page_size(cfg) == SIZE_1G || backing->size >= SIZE_1G ? SIZE_1G : SIZE_2M;
	uintptr_t start;

	backing->reserved_size = backing->size + align;
	backing->reserved = mmap(NULL, backing->reserved_size, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (backing->reserved == MAP_FAILED) {
		int code = errno;

		backing->reserved = NULL;
		err_errno(err, code, "memslot.%s: mmap(%#llx bytes of address space)", cfg->name,
			  (unsigned long long)backing->reserved_size);
		err_remedy(err, "%s", SMALLER);
		return -code;
	}
	start = (uintptr_t)backing->reserved;
	backing->hva = (uint8_t *)(start + ((cfg->base - start) & (align - 1)));
	return 0;
}

/*
 * Unmaps what was reserved only to choose an address. Otherwise each slot would have three areas,
 * and many slots would reach vm.max_map_count. A process that may not unmap memory must not get further: its VM could
 * not end, because the mapping of a vCPU's page keeps the VM (kvm_vcpu_mmap(), virt/kvm/kvm_main.c).
 */
static int trim(struct backing *backing, const struct memslot_cfg *cfg, struct err *err)
{
	uint8_t *start = backing->reserved, *end = start + backing->reserved_size;
	uint8_t *used_end = backing->hva + backing->size;
	int code = 0;

	if (backing->hva > start && munmap(start, (size_t)(backing->hva - start)))
		code = errno;
	if (end > used_end && munmap(used_end, (size_t)(end - used_end)))
		code = errno;
	backing->reserved = backing->hva;
	backing->reserved_size = backing->size;
	return code ? err_errno(err, code, "memslot.%s: munmap", cfg->name) : 0;
}

/* Maps size bytes of the backing at memory, which lies in what is reserved for it. */
static int map_at(const struct backing *backing, const struct memslot_cfg *cfg, uint8_t *memory,
		  uint64_t size, struct err *err)
{
	int flags = MAP_FIXED | MAP_NORESERVE |
		    (backing->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
	int code;

	if (mmap(memory, size, PROT_READ | PROT_WRITE, flags, backing->fd,
		 backing->fd < 0 ? 0 : memory - backing->hva) != MAP_FAILED)
		return 0;
	code = errno;
	err_errno(err, code, "memslot.%s: mmap(%s, %#llx)", cfg->name, slot_backing_name(cfg->backing),
		  (unsigned long long)size);
	if (code == ENOMEM)
		err_remedy(err, "%s", SMALLER);
	return -code;
}

int backing_map(struct backing *backing, const struct memslot_cfg *cfg, int vm, struct err *err)
{
	int code;

	*backing = (struct backing){ .fd = -1, .size = cfg->size * cfg->count };
	code = memory_fd(cfg, backing->size, vm, &backing->fd, err);
	if (!code)
		code = reserve(backing, cfg, err);
	if (code)
		goto fail;
	code = map_at(backing, cfg, backing->hva, backing->size, err);
	if (!code)
		code = trim(backing, cfg, err);
	if (!code)
		code = advise(cfg, backing->hva, backing->size, err);
	if (!code)
		return 0;
fail:
	backing_unmap(backing);
	return code;
}

int backing_map_again(const struct backing *backing, const struct memslot_cfg *cfg, uint8_t *memory,
		      uint64_t size, struct err *err)
{
	int code = map_at(backing, cfg, memory, size, err);

	return code ? code : advise(cfg, memory, size, err);
}

void backing_unmap(struct backing *backing)
{
	if (backing->reserved)
		munmap(backing->reserved, backing->reserved_size);
	if (backing->fd >= 0)
		close(backing->fd);
	*backing = (struct backing){ .fd = -1 };
}
