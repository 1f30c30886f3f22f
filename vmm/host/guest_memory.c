// SPDX-License-Identifier: GPL-2.0-only
#include "host/guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/source.h"

#define PAGE 4096ull
#define ENTRIES 4096		/* of pagemap in one read: 32 KiB tell of 16 MiB */
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FILE (1ull << 61)	/* a file's page, or shared memory */
/* A larger mapping is taken for resident as a whole: its pagemap would take long to read. */
#define OWN_MOST (1ull << 30)
#define SPAN_GAP (256ull << 10)	/* to read so much of pagemap, 512 bytes, takes less than another read */

/* "START-END PERMS OFFSET DEVICE INODE[ NAME]\n" */
static bool parse_mapping(const char *line, struct mapping *mapping)
{
	size_t length;
	char *next;

	*mapping = (struct mapping){ .start = strtoull(line, &next, 16) };
	if (next == line || *next++ != '-')
		return false;
	mapping->end = strtoull(next, &next, 16);
	if (*next++ != ' ' || strcspn(next, " \n") != 4 || next[4] != ' ' || mapping->end <= mapping->start)
		return false;
	mapping->writable = next[1] == 'w';
	mapping->is_private = next[3] == 'p';
	next += 5;
	for (int field = 0; field < 3; field++) {
		next += strcspn(next, " \n");
		next += strspn(next, " ");
	}
	length = strcspn(next, "\n");
	if (length >= sizeof(mapping->name))
		length = sizeof(mapping->name) - 1;
	memcpy(mapping->name, next, length);
	return true;
}

static int read_lines(FILE *file, struct mappings *mappings)
{
	size_t room = 0, size = 0;
	char *line = NULL;
	int code = 0;

	while (!code && getline(&line, &size, file) > 0) {
		struct mapping *larger = mappings->list;

		if (mappings->count == room) {
			room = room ? 2 * room : 256;
			larger = reallocarray(mappings->list, room, sizeof(*larger));
		}
		if (!larger) {
			code = -ENOMEM;
			break;
		}
		mappings->list = larger;
		mappings->count += parse_mapping(line, &larger[mappings->count]);
	}
	free(line);
	return code ? code : source_end(file);
}

int mappings_read(const char *root, pid_t pid, struct mappings *mappings, char why[SOURCE_WHY])
{
	char path[32], buffer[SOURCE_BUFFER];
	FILE *file;
	int code;

	*mappings = (struct mappings){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	code = source_open(&file, root, path, why);
	if (!code) {
		setvbuf(file, buffer, _IOFBF, sizeof(buffer));
		code = source_close(file, path, read_lines(file, mappings), why);
	}
	if (code)
		mappings_free(mappings);
	return code;
}

void mappings_free(struct mappings *mappings)
{
	free(mappings->list);
	*mappings = (struct mappings){ 0 };
}

static int by_place(const void *key, const void *element)
{
	uint64_t address = *(const uint64_t *)key;
	const struct mapping *mapping = element;

	return address < mapping->start ? -1 : address >= mapping->end;
}

const struct mapping *mapping_at(const struct mappings *mappings, uint64_t address)
{
	if (!mappings->count)
		return NULL;
	return bsearch(&address, mappings->list, mappings->count, sizeof(*mappings->list), by_place);
}

bool mapping_is_device(const struct mapping *mapping)
{
	static const char *const memory[] = { "/dev/shm/", "/dev/hugepages", "/dev/zero" };

	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
		if (!strncmp(mapping->name, memory[i], strlen(memory[i])))
			return false;
	return !strncmp(mapping->name, "/dev/", 5) || !strncmp(mapping->name, "/sys/", 5) ||
	       !strncmp(mapping->name, "anon_inode:", 11);
}

/* The process's addresses that are the guest's RAM, by address and without overlap. */
struct range {
	uint64_t start, end;
};
struct ranges {
	struct range *list;
	size_t count;
};

static int by_start(const void *a, const void *b)
{
	const struct range *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

static void join(struct ranges *ranges)
{
	size_t last = 0;

	if (ranges->count)
		qsort(ranges->list, ranges->count, sizeof(*ranges->list), by_start);
	for (size_t i = 1; i < ranges->count; i++) {
		struct range *to = &ranges->list[last];

		if (ranges->list[i].start > to->end)
			ranges->list[++last] = ranges->list[i];
		else if (ranges->list[i].end > to->end)
			to->end = ranges->list[i].end;
	}
	ranges->count = ranges->count ? last + 1 : 0;
}

static int find_ram(const struct mappings *mappings, const struct kernel_memslot *slots,
		    size_t count, struct ranges *ranges)
{
	ranges->list = reallocarray(NULL, count + 1, sizeof(*ranges->list));
	ranges->count = 0;
	if (!ranges->list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct mapping *mapping = mapping_at(mappings, slots[i].hva);

		if (mapping && mapping_is_device(mapping))
			continue;
		ranges->list[ranges->count++] = (struct range){
			slots[i].hva, slots[i].hva + slots[i].npages * PAGE };
	}
	join(ranges);
	return 0;
}

/* Anonymous pages of a range that are there. */
static int count_pages(int pagemap, const struct range *range, uint64_t *bytes)
{
	uint64_t entries[ENTRIES], at = range->start / PAGE, end = range->end / PAGE;

	if (range->end - range->start > OWN_MOST) {
		*bytes += range->end - range->start;
		return 0;
	}
	while (at < end) {
		size_t want = end - at < ENTRIES ? end - at : ENTRIES;
		ssize_t got = pread(pagemap, entries, want * sizeof(entries[0]),
				    (off_t)(at * sizeof(entries[0])));

		if (got < (ssize_t)sizeof(entries[0]))
			return got < 0 ? -errno : 0;
		want = (size_t)got / sizeof(entries[0]);
		for (size_t i = 0; i < want; i++)
			if ((entries[i] & (PAGEMAP_PRESENT | PAGEMAP_FILE)) == PAGEMAP_PRESENT)
				*bytes += PAGE;
		at += want;
	}
	return 0;
}

/* The parts of a span that are not the guest's: the kernel joins neighbours that are alike. */
static int count_span(int pagemap, const struct range *span, const struct ranges *ranges, uint64_t *bytes)
{
	struct range part = { span->start, span->start };
	int code = 0;

	for (size_t i = 0; !code && i < ranges->count && ranges->list[i].start < span->end; i++) {
		const struct range *guest = &ranges->list[i];

		if (guest->end <= part.start)
			continue;
		part.end = guest->start;
		if (part.end > part.start)
			code = count_pages(pagemap, &part, bytes);
		part.start = guest->end;
	}
	part.end = span->end;
	if (!code && part.start < part.end)
		code = count_pages(pagemap, &part, bytes);
	return code;
}

/*
 * What is private and may be written is counted in spans, of which each takes a read. What lies between two
 * mappings of a span is a file's, which does not count, or was written before it became read-only.
 */
static int count_next(int pagemap, const struct mapping *mapping, const struct ranges *ranges,
		      struct range *span, uint64_t *bytes)
{
	int code = 0;

	if (!mapping->writable || !mapping->is_private)
		return 0;
	if (mapping->start - span->end > SPAN_GAP) {
		code = count_span(pagemap, span, ranges, bytes);
		span->start = mapping->start;
	}
	span->end = mapping->end;
	return code;
}

static int count_own(const char *root, pid_t pid, const struct mappings *mappings,
		     const struct ranges *ranges, uint64_t *bytes, char why[SOURCE_WHY])
{
	char path[32], buffer[SOURCE_PATH];
	struct range span = { 0 };
	int pagemap, code = 0;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	pagemap = open(source_path(buffer, root, path), O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return source_errno(why, errno, path);
	for (size_t i = 0; !code && i < mappings->count; i++)
		code = count_next(pagemap, &mappings->list[i], ranges, &span, bytes);
	if (!code)
		code = count_span(pagemap, &span, ranges, bytes);
	close(pagemap);
	return code ? source_errno(why, -code, path) : 0;
}

struct resident {
	uint64_t anonymous, shared, huge;	/* bytes */
};

static int read_status(const char *root, pid_t pid, struct resident *resident, char why[SOURCE_WHY])
{
	const struct {
		const char *name;
		uint64_t *to;
	} rows[] = {
		{ "RssAnon:\t", &resident->anonymous }, { "RssShmem:\t", &resident->shared },
		{ "HugetlbPages:\t", &resident->huge },
	};
	char path[32], line[256], buffer[SOURCE_BUFFER];
	FILE *file;
	int code;

	*resident = (struct resident){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	code = source_open(&file, root, path, why);
	if (code)
		return code;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < 3; i++)
			source_kilobytes(line, rows[i].name, rows[i].to);
	}
	return source_close(file, path, source_end(file), why);
}

static int measure(const char *root, pid_t pid, const struct ranges *ranges,
		   struct guest_memory *memory)
{
	struct resident resident;
	uint64_t own = 0, there;
	int code = read_status(root, pid, &resident, memory->why);

	if (!code)
		code = count_own(root, pid, &memory->mappings, ranges, &own, memory->why);
	if (code)
		return code;
	if (own > resident.anonymous)
		own = resident.anonymous;
	there = resident.anonymous - own + resident.shared + resident.huge;
	memory->own = (struct figure){ true, own };
	memory->resident = (struct figure){ true, there < memory->ram.value ? there :
									     memory->ram.value };
	return 0;
}

void guest_memory_read(const char *root, pid_t pid, const struct kernel_memslot *slots, size_t count,
		       struct guest_memory *memory)
{
	struct ranges ranges;
	int code;

	*memory = (struct guest_memory){ 0 };
	code = mappings_read(root, pid, &memory->mappings, memory->why);
	if (code)
		return;
	code = find_ram(&memory->mappings, slots, count, &ranges);
	if (code)
		source_errno(memory->why, -code, "memory of the guest");
	for (size_t i = 0; !code && i < ranges.count; i++)
		memory->ram.value += ranges.list[i].end - ranges.list[i].start;
	memory->ram.known = !code;
	if (!code)
		measure(root, pid, &ranges, memory);
	free(ranges.list);
}

void guest_memory_free(struct guest_memory *memory)
{
	mappings_free(&memory->mappings);
}
