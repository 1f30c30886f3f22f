// SPDX-License-Identifier: GPL-2.0-only
#include "host/memory_watch.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ull
#define SOFT_DIRTY (1ull << 55)	/* Documentation/admin-guide/mm/pagemap.rst; 0 without CONFIG_MEM_SOFT_DIRTY */

static bool is_dirty(const uint8_t *page)
{
	int fd = page ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
	uint64_t entry = 0;

	if (fd < 0)
		return false;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry & SOFT_DIRTY;
}

void memory_watch_begin(struct memory_watch *watch)
{
	if (!watch->page) {
		watch->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		watch->page = watch->page == MAP_FAILED ? NULL : watch->page;
	}
	if (watch->page)
		*(volatile uint8_t *)watch->page = 1;
	watch->is_dirty = is_dirty(watch->page);
	memory_moves_read("", &watch->moves);
}

const char *memory_watch_moved(struct memory_watch *watch)
{
	const struct memory_watch before = *watch;
	bool cleared = before.is_dirty && !is_dirty(before.page);

	memory_watch_begin(watch);
	return cleared ? "another process cleared this one's soft-dirty bits (clear_refs)" :
			 memory_moves_between(&before.moves, &watch->moves);
}

void memory_watch_end(struct memory_watch *watch)
{
	if (watch->page)
		munmap(watch->page, PAGE);
	*watch = (struct memory_watch){ 0 };
}
