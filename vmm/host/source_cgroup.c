// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.stat of the cgroup (v2) this process is in: what KVM allocates for its VM is charged
 * there, and any user may read it. The root cgroup is not charged.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.h"
#include "host/cgroup_limits.h"
#include "host/source.h"

#define ANCESTORS 32		/* of a process that are looked at */
#define READINGS 3		/* more of them do not settle what others change all the time */
#define CHARGE_BATCH 64		/* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h: pages per CPU */

static const char *const names[CGROUP_ITEMS] = {
	[CGROUP_VMALLOC] = "vmalloc",
	[CGROUP_KERNEL] = "kernel",
	[CGROUP_SLAB] = "slab",
	[CGROUP_SEC_PAGETABLES] = "sec_pagetables",
	[CGROUP_SLAB_RECLAIMABLE] = "slab_reclaimable",
	[CGROUP_PAGETABLES] = "pagetables",
	[CGROUP_KERNEL_STACK] = "kernel_stack",
	[CGROUP_ZSWAP] = "zswap",
};

/* What memory.current counts, each page in one of them (memory_stats, mm/memcontrol.c). */
static const char *const parts[] = { "anon", "file", "kernel", "sock", "hugetlb" };

const char *cgroup_item_name(enum cgroup_item item)
{
	return names[item];
}

/* "vmalloc 168194048": the items that are there, in any order. */
int cgroup_parse(FILE *file, struct cgroup_memory *memory)
{
	struct cgroup_memory found = *memory;
	bool any = false;
	char line[256];
	int code;

	while (fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, " ");
		const char *text = line + length + 1;
		uint64_t value;

		if (line[length] != ' ' || !source_number(&text, &value) || *text != '\n')
			return -EINVAL;
		any = true;
		line[length] = 0;
		for (int i = 0; i < CGROUP_ITEMS; i++)
			if (!strcmp(names[i], line))
				found.items[i] = (struct figure){ true, value };
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (!strcmp(parts[i], line))
				found.parts += value;
	}
	code = source_end(file);
	if (!code && !any)
		code = -EINVAL;
	if (!code)
		*memory = found;
	return code;
}

bool cgroup_charges_nothing(const struct cgroup_memory *memory)
{
	const struct figure *all = &memory->items[CGROUP_KERNEL], *slab = &memory->items[CGROUP_SLAB];

	return all->known ? !all->value : slab->known && !slab->value;
}

int cgroup_own_folder(char *folder, size_t size, char why[SOURCE_WHY])
{
	struct cgroup_place place;
	int code = cgroup_find("", 0, CGROUP_V2, &place, why);

	if (!code)
		snprintf(folder, size, "%s", place.folder);
	return code;
}

static bool has(const struct sources *sources, const char *folder, const char *name)
{
	char path[2 * SOURCE_PATH];
	struct stat found;

	snprintf(path, sizeof(path), "%s%s/%s", sources->root, folder, name);
	return !stat(path, &found);
}

/* The cgroup's folder, if it has statistics: 0, or -errno and why. */
static int find_charged(const struct sources *sources, char folder[SOURCE_PATH], char why[SOURCE_WHY])
{
	struct cgroup_place place;
	int code = cgroup_find(sources->root, 0, CGROUP_V2, &place, why);

	if (code)
		return code;
	/* CFTYPE_NOT_ON_ROOT, mm/memcontrol.c */
	if (!has(sources, place.folder, "memory.current")) {
		snprintf(why, SOURCE_WHY, has(sources, place.folder, "memory.stat") ?
			 "this process is in the root cgroup, whose kernel memory is not charged" :
			 "this process's cgroup has no memory controller");
		return -ENOENT;
	}
	strcpy(folder, place.folder);
	return 0;
}

void cgroup_open(struct sources *sources)
{
	sources->cgroup_error = -find_charged(sources, sources->cgroup, sources->cgroup_why);
}

/* What the kernel adds up only when it is more: memcg_vmstats_needs_flush(), mm/memcontrol.c. */
static uint64_t batch(void)
{
	return (uint64_t)cpus_configured() * CHARGE_BATCH * 4096;
}

/*
 * A flush that runs while charges come may forget that they are to be added up
 * (mem_cgroup_css_rstat_flush() sets stats_updates to 0): memory.stat then has old figures until much
 * else has changed, or for two seconds. Seen on 7.3 in 1 of 300 runs. memory.current is always up to date,
 * but for what each CPU has charged in advance.
 */
static int read_both(struct sources *sources, struct cgroup_memory *memory, char why[SOURCE_WHY])
{
	uint64_t current, missing;
	char path[SOURCE_PATH + 16];
	FILE *file;
	int code = cgroup_number(sources->root, sources->cgroup, "memory.current", &current);

	if (code)
		return source_errno(why, -code, "memory.current");
	snprintf(path, sizeof(path), "%s/memory.stat", sources->cgroup);
	code = source_open(&file, sources->root, path, why);
	if (code)
		return code;
	*memory = (struct cgroup_memory){ .lag = batch() };
	code = source_close(file, "memory.stat", cgroup_parse(file, memory), why);
	/* Up to 5.17 no item has all of the kernel's memory. */
	if (code || !memory->items[CGROUP_KERNEL].known)
		return code;
	missing = current > memory->parts ? current - memory->parts : memory->parts - current;
	/* As much may be charged in advance. */
	if (missing > 2 * memory->lag)
		memory->lag = missing;
	return 0;
}

/* Changes so many pages that the kernel adds up again; few at a time, as the cgroup's limit may be near. */
static void change_pages(void)
{
	const size_t size = CHARGE_BATCH * 4096;

	for (uint64_t left = batch() + size; left; left -= size) {
		void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (pages == MAP_FAILED)
			return;
		munmap(pages, size);
	}
}

static bool is_same(const struct figure *was, const struct figure *is, enum cgroup_item item)
{
	return was[item].known == is[item].known && was[item].value == is[item].value;
}

/* Until what the kernel adds up is the same as the time before. */
static int read_settled(struct sources *sources, struct cgroup_memory *memory, char why[SOURCE_WHY])
{
	const struct figure *now = memory->items;
	struct figure before[CGROUP_ITEMS];
	int code = read_both(sources, memory, why);

	for (int i = 0; !code && !memory->settled && i < READINGS; i++) {
		memcpy(before, now, sizeof(before));
		change_pages();
		code = read_both(sources, memory, why);
		memory->settled = now[CGROUP_VMALLOC].known && memory->lag == batch() &&
				  is_same(before, now, CGROUP_VMALLOC) && is_same(before, now, CGROUP_SEC_PAGETABLES);
	}
	return code;
}

/* What /proc/PID/stat has: PID (COMMAND) STATE PPID ..., and as the 20th the number of threads. The command may hold anything. */
struct process {
	uint64_t parent, threads;	/* 0: none, or not known */
	bool recovers;			/* its name is that of KVM's threads that recover huge pages */
};

#define KTHREADD 2	/* the parent of the kernel's threads */

#define FIELD_PARENT 4
#define FIELD_THREADS 20

static struct process read_process(const char *root, uint64_t pid)
{
	struct process process = { 0 };
	char path[2 * SOURCE_PATH], line[512] = "";
	const char *text;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/%llu/stat", root, (unsigned long long)pid);
	file = fopen(path, "re");
	if (!file)
		return process;
	text = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	process.recovers = strstr(line, "(kvm-nx-lpage-re") != NULL;
	for (int field = 3; text && (text = strchr(text, ' ')); field++) {
		text++;
		if (field == FIELD_PARENT && !source_number(&text, &process.parent))
			process.parent = 0;
		if (field == FIELD_THREADS && !source_number(&text, &process.threads))
			process.threads = 0;
	}
	return process;
}

/* One that is this program, too. */
static bool is_same_program(const char *root, uint64_t pid)
{
	char path[2 * SOURCE_PATH], own[SOURCE_PATH] = "", other[SOURCE_PATH] = "";

	if (readlink(source_path(path, root, "/proc/self/exe"), own, sizeof(own) - 1) <= 0)
		return false;
	snprintf(path, sizeof(path), "%s/proc/%llu/exe", root, (unsigned long long)pid);
	return readlink(path, other, sizeof(other) - 1) > 0 && !strcmp(own, other);
}

/* One that this process comes from. */
static bool is_ancestor(const char *root, uint64_t pid)
{
	uint64_t one = (uint64_t)getpid();

	for (int i = 0; one && one != pid && i < ANCESTORS; i++)
		one = read_process(root, one).parent;
	return one && one == pid;
}

/*
 * This process, or one that it comes from and that does nothing but wait: who has several threads goes on with others, but for
 * a minivmm, which has one for its signals. Or a kernel thread that each VM has (kvm_vm_create_worker_thread(), kvm_main.c, 5.4 to
 * 6.12): whose VM is another one's, that one is there itself.
 */
static bool is_waiting(const char *root, uint64_t pid)
{
	struct process process;

	if (pid == (uint64_t)getpid())
		return true;
	process = read_process(root, pid);
	if (process.parent == KTHREADD && process.recovers)
		return true;
	return is_ancestor(root, pid) && (process.threads == 1 || is_same_program(root, pid));
}

/* Only this process and those that wait for its end: the shell that it was started from. */
static bool is_alone(const struct sources *sources)
{
	char path[2 * SOURCE_PATH], line[64];
	bool alone;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", sources->root, sources->cgroup);
	/* What is charged to those is charged to this one, too. */
	alone = !cgroup_has_children(path);
	snprintf(path, sizeof(path), "%s%s/cgroup.procs", sources->root, sources->cgroup);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (alone && fgets(line, sizeof(line), file)) {
		const char *text = line;
		uint64_t pid;

		alone = source_number(&text, &pid) && is_waiting(sources->root, pid);
	}
	alone = alone && feof(file);
	fclose(file);
	return alone;
}

int cgroup_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	struct cgroup_memory memory;
	int code;

	if (sources->cgroup_error) {
		memcpy(why, sources->cgroup_why, SOURCE_WHY);
		return -sources->cgroup_error;
	}
	code = read_settled(sources, &memory, why);
	if (code)
		return code;
	memory.alone = is_alone(sources);
	snapshot->cgroup = memory;
	return 0;
}

json_t *cgroup_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int i = 0; object && i < CGROUP_ITEMS; i++) {
		if (source_set_figure(object, names[i], "_bytes", &snapshot->cgroup.items[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
